/* What a program may reach beside its scratch folder: see proc.h; for people docs/2-use/TOOLS.md.
 *
 * An installation is what stands around a program: its file, and where that lies in a folder called
 * bin, sbin or libexec, the folders of that name, lib… and share beside it. A virtual environment
 * and what its pyvenv.cfg calls home count, so do the parent of a folder called shims, and tlab's
 * own folders. The same goes for the interpreter of a script. Nothing that has a home folder or the
 * lab in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/private.h"
#include "fs.h"
#include "landlock.h"
#include "proc.h"

enum { PROGRAM = TL_LANDLOCK_READ | TL_LANDLOCK_EXECUTE, NESTED = 4, LINE = 512 };

/* Where every user's programs lie; stores of systems that have them elsewhere, too. */
static const char *const system_folders[] = {
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"};
/* What libraries and interpreters read at their start, or to know the machine's size. */
static const char *const system_files[] = {"/etc/alternatives",
                                           "/etc/fonts",
                                           "/etc/ld.so.cache",
                                           "/etc/ld.so.conf",
                                           "/etc/ld.so.conf.d",
                                           "/etc/localtime",
                                           "/etc/perl",
                                           "/etc/R",
                                           "/etc/ssl/openssl.cnf",
                                           "/var/cache/fontconfig",
                                           "/proc/cpuinfo",
                                           "/proc/meminfo",
                                           "/proc/stat",
                                           "/proc/filesystems",
                                           "/proc/sys/vm/overcommit_memory",
                                           "/sys/devices/system/cpu"};
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                      "/dev/urandom"};

typedef struct grant {
  tl_proc_access *access;
  char lab[PATH_MAX]; /* absolute; empty without one */
  char home[PATH_MAX];
} grant;

static bool allow(const grant *g, const char *path, unsigned what)
{
  int fd = open(path, O_PATH | O_CLOEXEC);
  bool ok = fd >= 0 && tl_landlock_allow(g->access->ruleset, fd, what);
  if (fd >= 0) {
    (void)close(fd);
  }
  return ok;
}

static bool in_system(const char *path)
{
  for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++) {
    if (tl_fs_lies_in(path, system_folders[i])) {
      return true;
    }
  }
  return false;
}

/* Would the folder give away the lab, somebody's home, or all homes? Ours is where HOME says; what
 * lies right in /home (hier(7)) is somebody else's. The list of users is not asked for theirs: it
 * may lie on a server. */
static bool too_much(const grant *g, const char *folder)
{
  return tl_fs_lies_in("/root", folder) || tl_fs_lies_in("/home", folder) ||
         (*g->home && tl_fs_lies_in(g->home, folder)) ||
         (*g->lab && tl_fs_lies_in(g->lab, folder)) ||
         (strncmp(folder, "/home/", 6) == 0 && !strchr(folder + 6, '/'));
}

static void install(const grant *g, const char *path)
{
  char real[PATH_MAX];
  if (realpath(path, real) && !too_much(g, real) && allow(g, real, PROGRAM)) {
    g->access->installed++;
  }
}

static void install_below(const grant *g, const char *folder, const char *name)
{
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_MAX) {
    install(g, path);
  }
}

/* A hidden folder, such as ~/.local, has more in its share than programs. */
static void install_prefix(const grant *g, const char *prefix)
{
  static const char *const parts[] = {"bin", "sbin", "libexec", "lib", "lib32", "lib64"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    install_below(g, prefix, parts[i]);
  }
  const char *last = strrchr(prefix, '/');
  if (last && last[1] != '.') {
    install_below(g, prefix, "share");
  }
}

/* Cuts the last part off; false when none is left. */
static bool cut(char *path)
{
  char *slash = strrchr(path, '/');
  if (!slash || slash == path) {
    return false;
  }
  *slash = '\0';
  return true;
}

static const char *last_part(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* The value of `home = …`: the folder of the interpreter that the environment was made with. */
static bool base_of_environment(const char *config, char home[PATH_MAX])
{
  char line[PATH_MAX];
  char value[PATH_MAX];
  FILE *f = fopen(config, "re");
  bool found = false;
  while (f && !found && fgets(line, sizeof line, f)) {
    found = sscanf(line, " home = %4095[^\r\n]", value) == 1 && realpath(value, home);
  }
  if (f) {
    (void)fclose(f);
  }
  return found;
}

static bool is_bin(const char *name)
{
  return strcmp(name, "bin") == 0 || strcmp(name, "sbin") == 0 || strcmp(name, "libexec") == 0;
}

/* What stands around the program at this absolute path. */
static void install_around(const grant *g, const char *path)
{
  char folder[PATH_MAX];
  char config[PATH_MAX];
  char home[PATH_MAX];
  (void)snprintf(folder, sizeof folder, "%s", path);
  if (!cut(folder)) {
    return;
  }
  bool shims = strcmp(last_part(folder), "shims") == 0;
  bool bin = is_bin(last_part(folder));
  if ((!bin && !shims) || !cut(folder)) {
    return;
  }
  if (shims) {
    install(g, folder);
    return;
  }
  install_prefix(g, folder);
  if (snprintf(config, sizeof config, "%s/pyvenv.cfg", folder) < PATH_MAX &&
      allow(g, config, TL_LANDLOCK_READ) && base_of_environment(config, home) &&
      is_bin(last_part(home)) && cut(home)) {
    install_prefix(g, home);
  }
}

static bool in_environment(const char *path)
{
  char folder[PATH_MAX];
  char config[PATH_MAX];
  (void)snprintf(folder, sizeof folder, "%s", path);
  for (int up = 0; up < 2; up++) {
    if (!cut(folder)) {
      return false;
    }
  }
  return snprintf(config, sizeof config, "%s/pyvenv.cfg", folder) < PATH_MAX &&
         access(config, R_OK) == 0;
}

/* By its path, as found and as it really is; in the system all is allowed already. Of the way that led
 * there only a virtual environment counts. */
static void install_file(const grant *g, const char *path)
{
  char real[PATH_MAX];
  if (!in_system(path) && in_environment(path)) {
    install_around(g, path);
  }
  if (realpath(path, real) && !in_system(real)) {
    if (allow(g, real, PROGRAM)) {
      g->access->installed++;
    }
    install_around(g, real);
  }
}

/* The interpreter that the first line of a script names; with env the program that env looks for.
 * False: it is no script. */
static bool interpreter_of(const char *script, char path[PATH_MAX])
{
  char line[LINE] = "";
  char *rest = NULL;
  int fd = open(script, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  ssize_t n = fd < 0 ? -1 : tl_fs_read_all(fd, line, sizeof line - 1);
  if (fd >= 0) {
    (void)close(fd);
  }
  if (n < 3 || memcmp(line, "#!", 2) != 0) {
    return false;
  }
  line[strcspn(line, "\r\n")] = '\0';
  char *word = strtok_r(line + 2, " \t", &rest);
  if (!word || word[0] != '/') {
    return false;
  }
  if (strcmp(last_part(word), "env") == 0) {
    do {
      word = strtok_r(NULL, " \t", &rest);
    } while (word && (word[0] == '-' || strchr(word, '=')));
    return word && tl_proc_on_path(word, path);
  }
  return snprintf(path, PATH_MAX, "%s", word) < PATH_MAX;
}

static void install_program(const grant *g, const char *path)
{
  char at[PATH_MAX];
  char next[PATH_MAX];
  (void)snprintf(at, sizeof at, "%s", path);
  install_file(g, at);
  for (int i = 0; i < NESTED && interpreter_of(at, next); i++) {
    (void)snprintf(at, sizeof at, "%s", next);
    install_file(g, at);
  }
}

/* tlab's own programs may be more than a file. */
static void install_own(const grant *g, const char *path)
{
  char own[PATH_MAX];
  for (unsigned i = 0; i < TL_PROC_OWN; i++) {
    if (tl_proc_own_folder(i, own) && tl_fs_lies_in(path, own)) {
      install(g, own);
    }
  }
}

static void allow_system(const grant *g)
{
  for (int minor = 6; minor < 20; minor++) { /* Debian's Python has a folder for each version */
    char path[32];
    (void)snprintf(path, sizeof path, "/etc/python3.%d", minor);
    (void)allow(g, path, TL_LANDLOCK_READ);
  }
  for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++) {
    (void)allow(g, system_folders[i], PROGRAM);
  }
  for (size_t i = 0; i < sizeof system_files / sizeof *system_files; i++) {
    (void)allow(g, system_files[i], TL_LANDLOCK_READ);
  }
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    (void)allow(g, devices[i], TL_LANDLOCK_DEVICE);
  }
}

/* --- what the command gives it to read --- */

static int no_keys(void *ud, int dirfd, const char *name, const char *path, const struct stat *st,
                   tl_err *e)
{
  (void)dirfd;
  (void)name;
  (void)st;
  return tl_private_path(path, true)
             ? tl_fail(e, TL_EREFUSED,
                       "%s has key material or a repository in it: %s; name what is to be read",
                       (const char *)ud, path)
             : 0;
}

static int look_through(const tl_place *place, tl_err *e)
{
  int fd = tl_fs_open_folder(place, e);
  if (fd < 0) {
    return fd;
  }
  char shown[PATH_MAX];
  (void)snprintf(shown, sizeof shown, "%s", place->shown);
  int rc = tl_fs_walk(fd, place->shown, no_keys, shown, e);
  (void)close(fd);
  return rc;
}

static int give(const grant *g, const tl_proc_scratch *scratch, const tl_place *place, tl_err *e)
{
  char path[PATH_MAX];
  struct stat st;
  int fd = tl_fs_look(place, false, &st, e);
  int rc = fd < 0 ? fd : 0;
  if (rc == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
    rc = tl_fail(e, TL_EREFUSED, "%s is a %s: a program is given files and folders", place->shown,
                 tl_fs_type(st.st_mode));
  }
  if (rc == 0 && S_ISDIR(st.st_mode)) {
    rc = look_through(place, e);
  }
  if (rc == 0 && !tl_fs_path_of(fd, path)) {
    rc = tl_fail_errno(e, errno, "cannot tell where %s lies", place->shown);
  }
  if (rc == 0) {
    rc = tl_proc_scratch_link(scratch, last_part(path), path, e);
  }
  if (rc == 0) {
    g->access->given++;
    (void)(g->access->ruleset >= 0 && tl_landlock_allow(g->access->ruleset, fd, TL_LANDLOCK_READ));
  }
  if (fd >= 0) {
    (void)close(fd);
  }
  return rc;
}

/* --- all together --- */

int tl_proc_access_make(const tl_proc_program *program, const tl_proc_scratch *scratch,
                        const tl_place *lab, const tl_place *read, unsigned n,
                        tl_proc_access *access, tl_err *e)
{
  grant g = {.access = access};
  const char *home = getenv("HOME");
  *access = (tl_proc_access){.ruleset = tl_landlock_ruleset()};
  if (!home || home[0] != '/' || !realpath(home, g.home)) {
    g.home[0] = '\0';
  }
  if (lab && lab->dirfd >= 0) {
    (void)tl_fs_path_of(lab->dirfd, g.lab);
  }
  if (access->ruleset >= 0) {
    (void)tl_landlock_allow(access->ruleset, scratch->fd, TL_LANDLOCK_OWN);
    allow_system(&g);
    install_own(&g, program->path);
    install_program(&g, program->path);
  }
  int rc = 0;
  for (unsigned i = 0; i < n && rc == 0; i++) {
    rc = give(&g, scratch, &read[i], e);
  }
  return rc;
}

void tl_proc_access_drop(tl_proc_access *access)
{
  if (access->ruleset >= 0) {
    (void)close(access->ruleset);
  }
  *access = (tl_proc_access){.ruleset = -1};
}
