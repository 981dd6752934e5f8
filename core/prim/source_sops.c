/* Encrypted files of secrets, opened by the real programs: sops 3.7 or later, age 1.0 or later.
 *
 * They run as programs of recipes do (no network, no file but their scratch folder and the system), and
 * may not write at all. The file, which is encrypted, is laid into the scratch folder; the age key comes
 * by standard input, from memory; what they say stays in memory. None of it is on a command line, and
 * no word of theirs is told: an error of a YAML reader quotes what it stumbled over.
 *
 * Sources: sops's README and cmd/sops/codes (exit codes), age(1), and what sops 3.11.0 and age 1.1.1 say. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/dotenv.h"
#include "../base/json.h"
#include "proc.h"
#include "source.h"

enum { TIMEOUT_MS = 20000, VERSION_MS = 5000, SAID_MAX = 1 << 20 };

#define STILL_WORKS \
  "; a value in secrets/.env.lab or in the environment comes first, and needs none of it"

/* --- the age key ------------------------------------------------------------------------------- */

/* Where sops looks for it by itself: its documentation, "Encrypting using age". */
static bool key_path(char path[PATH_MAX])
{
  static const char rest[] = "sops/age/keys.txt";
  const char *file = getenv("SOPS_AGE_KEY_FILE"), *config = getenv("XDG_CONFIG_HOME");
  const char *home = getenv("HOME");
  int n = -1;
  if (file && *file) n = snprintf(path, PATH_MAX, "%s", file);
  else if (config && *config == '/') n = snprintf(path, PATH_MAX, "%s/%s", config, rest);
  else if (home && *home == '/') n = snprintf(path, PATH_MAX, "%s/.config/%s", home, rest);
  return n > 0 && n < PATH_MAX;
}

static int read_key_file(tl_val *key, tl_err *e)
{
  char path[PATH_MAX];
  if (!key_path(path))
    return tl_fail(e, TL_ENOT_FOUND, "no age key: neither HOME nor SOPS_AGE_KEY_FILE is set");
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0) return tl_source_read_private(fd, path, key, e);
  if (errno != ENOENT) return tl_fail_errno(e, errno, "cannot read the age key %s", path);
  return tl_fail(
      e, TL_ENOT_FOUND,
      "no age key in %s; type: (umask 077; mkdir -p \"$(dirname '%s')\" && age-keygen -o "
      "'%s'), or set SOPS_AGE_KEY_FILE",
      path, path, path);
}

/* SOPS_AGE_KEY stays where it is: the next encrypted file needs it, too. */
static int read_key(tl_val *key, tl_err *e)
{
  const char *given = getenv("SOPS_AGE_KEY");
  if (!given || !*given) return read_key_file(key, e);
  *key = tl_str(given);
  return TL_OK;
}

/* --- the programs ------------------------------------------------------------------------------ */

static bool ends_with(const char *s, const char *end)
{
  size_t n = strlen(s), k = strlen(end);
  return n > k && strcmp(s + n - k, end) == 0;
}

/* As sops calls the form of a file; NULL: it is age's. */
static const char *form_of(const char *path)
{
  if (ends_with(path, ".age")) return NULL;
  if (ends_with(path, ".json")) return "json";
  return ends_with(path, ".env") ? "dotenv" : "yaml";
}

static tl_val words(const char *const *list)
{
  tl_val argv = tl_list();
  for (; *list; list++) (void)tl_push(&argv, tl_str(*list));
  return argv;
}

/* Takes `key`. The file has a name of its own in the scratch folder, so none of the lab's is a word. */
static tl_val command_for(const char *form, const char *cipher, size_t len, tl_val key)
{
  const char *const sops[] = {"sops", "--config",      "/dev/null", "--decrypt",     "--input-type",
                              form,   "--output-type", "json",      "secret.cipher", NULL};
  const char *const age[] = {"age", "--decrypt", "-i", "-", "secret.cipher", NULL};
  tl_val command = tl_map(), env = tl_map(), files = tl_map();
  (void)tl_put(&env, "SOPS_AGE_KEY_FILE", tl_str("/dev/stdin"));
  (void)tl_put(&files, "secret.cipher", tl_strn(cipher, len));
  (void)tl_put(&command, "argv", words(form ? sops : age));
  (void)tl_put(&command, "env", env);
  (void)tl_put(&command, "files", files);
  (void)tl_put(&command, "stdin", key);
  (void)tl_put(&command, "timeout_ms", tl_int(TIMEOUT_MS));
  (void)tl_put(&command, "max_bytes", tl_int(SAID_MAX));
  return command;
}

/* The version that a program says of itself: "sops 3.11.0", "v1.1.1". False: it says none. */
static bool version_of(const char *name, char text[32], tl_val *path, tl_err *e)
{
  const char *const sops[] = {"sops", "--version", NULL};
  const char *const age[] = {"age", "--version", NULL};
  tl_val command = tl_map(), env = tl_map();
  tl_proc_once o;
  (void)tl_put(&env, "SOPS_DISABLE_VERSION_CHECK", tl_str("1"));
  (void)tl_put(&command, "argv", words(strcmp(name, "age") == 0 ? age : sops));
  (void)tl_put(&command, "env", env);
  (void)tl_put(&command, "timeout_ms", tl_int(VERSION_MS));
  (void)tl_put(&command, "max_bytes", tl_int(4096));
  bool ok = tl_proc_once_run(&o, &command, e) == TL_OK;
  const char *said = ok ? o.out.u.s.data : "";
  size_t skip = strcspn(said, "0123456789"), n = strspn(said + skip, "0123456789.");
  if (ok && path) *path = tl_str(tl_get_str(&o.program, "path", ""));
  if (ok && (n == 0 || n > 31)) (void)tl_fail(e, TL_EUNSUPPORTED, "%s says no version", name);
  (void)snprintf(text, 32, "%.*s", n < 32 ? (int)n : 0, said + skip);
  tl_proc_once_free(&o);
  tl_free(&command);
  return *text != '\0';
}

static bool is_old(const char *name, const char *version)
{
  char *rest;
  long major = strtol(version, &rest, 10);
  long minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
  return strcmp(name, "age") == 0 ? major < 1 : major < 3 || (major == 3 && minor < 7);
}

/* --- what went wrong ---------------------------------------------------------------------------- */

static int missing(const char *shown, const char *name, tl_err *e)
{
  return tl_fail(e, TL_EUNSUPPORTED,
                 "%s cannot be opened: %s is not installed; type: %s" STILL_WORKS, shown, name,
                 strcmp(name, "age") == 0
                     ? "sudo apt-get install age"
                     : "go install github.com/getsops/sops/v3/cmd/sops@latest");
}

/* Looked through in this order. */
static const struct complaint {
  int exit;          /* sops's own, 0: by its words */
  const char *words; /* NULL: by the exit code alone */
  const char *told;
} complaints[] = {
    {0, "unknown identity type", "cannot be opened: what was found as the age key is none"},
    {0, "malformed secret key", "cannot be opened: what was found as the age key is none"},
    {25, NULL, "was changed after it was encrypted: a value does not fit its seal"},
    {51, NULL, "was changed after it was encrypted: its MAC does not fit"},
    {52, NULL, "was changed after it was encrypted: it has no MAC"},
    {128, NULL,
     "is not encrypted to your age key; its owner types: sops updatekeys FILE, with your "
     "public key (age-keygen -y FILE) in .sops.yaml"},
    {0, "metadata not found", "is not encrypted; type: sops encrypt --in-place FILE"},
    {0, "no identity matched",
     "is not encrypted to your age key; its owner encrypts it once more, "
     "with your public key (age-keygen -y FILE) as a recipient"},
    {0, "unexpected intro", "is not encrypted by age; type: age -r age1… -o FILE.age FILE"},
    {0, "passphrase", "is encrypted to a passphrase: a key file is needed, since nobody is asked"},
};

/* Whether it said these words, however sops broke its lines: " | " begins each. */
static bool says(const char *text, const char *words)
{
  for (; *text; text++) {
    const char *t = text, *w = words;
    while (*w && (*t == *w || (*w == ' ' && strchr(" \n|", *t) && *t))) {
      if (*w == ' ') t += strspn(t, " \n|");
      else t++;
      w++;
    }
    if (!*w) return true;
  }
  return false;
}

/* Its exit code and the words that are known, never its text. */
static int explain(const char *shown, const tl_proc_once *o, tl_err *e)
{
  const char *name = tl_get_str(&o->program, "name", "?");
  char version[32];
  for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
    const struct complaint *c = &complaints[i];
    if (c->exit ? o->exit == c->exit && strcmp(name, "sops") == 0 : says(o->err.u.s.data, c->words))
      return tl_fail(e, TL_EINVALID, "%s %s", shown, c->told);
  }
  if (version_of(name, version, NULL, NULL) && is_old(name, version))
    return tl_fail(e, TL_EUNSUPPORTED,
                   "%s cannot be opened: %s %s is too old, %s or later is needed", shown, name,
                   version, strcmp(name, "age") == 0 ? "1.0" : "3.7");
  return tl_fail(e, TL_EINVALID, "%s cannot be opened: %s ended with %d; see for yourself: %s %s",
                 shown, name, o->exit, strcmp(name, "age") == 0 ? "age -d -i KEYS" : "sops decrypt",
                 shown);
}

/* --- opening ----------------------------------------------------------------------------------- */

static int read_values(const char *shown, bool is_age, const tl_val *said, tl_val *map, tl_err *e)
{
  if (is_age) return tl_dotenv_read(said->u.s.data, said->u.s.len, shown, map, e);
  int rc = tl_json_read(map, said->u.s.data, said->u.s.len, NULL);
  if (rc == TL_OK && map->type == TL_MAP) return TL_OK;
  tl_wipe(map);
  return tl_fail(e, TL_EINVALID, "%s: expected names with a text each at its top level", shown);
}

int tl_source_open_encrypted(const char *shown, const char *cipher, size_t len, tl_val *map,
                             tl_val *program, tl_err *e)
{
  const char *form = form_of(shown), *name = form ? "sops" : "age";
  tl_val key = tl_nil();
  tl_proc_once o;
  int rc = read_key(&key, e);
  if (rc < 0) return rc;
  tl_val command = command_for(form, cipher, len, key);
  rc = tl_proc_once_run(&o, &command, e);
  if (rc == TL_ENOT_FOUND && o.program.type == TL_NIL) rc = missing(shown, name, e);
  else if (rc == TL_OK && o.exit != 0) rc = explain(shown, &o, e);
  else if (rc == TL_OK) rc = read_values(shown, !form, &o.out, map, e);
  if (o.program.type == TL_MAP) *program = tl_copy(&o.program);
  tl_proc_once_free(&o);
  tl_wipe(&command);
  return rc;
}

/* --- for the doctor ------------------------------------------------------------------------------ */

tl_val tl_source_tools(void)
{
  static const char *const names[] = {"sops", "age"};
  tl_val found = tl_map(), *tools = tl_put(&found, "tools", tl_list());
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char version[32];
    tl_val path = tl_nil();
    tl_err e = {0};
    tl_val *tool = tl_push(tools, tl_map());
    bool ok = version_of(names[i], version, &path, &e);
    (void)tl_put(tool, "name", tl_str(names[i]));
    if (path.type == TL_STR) (void)tl_put(tool, "path", path);
    if (ok) (void)tl_put(tool, "version", tl_str(version));
    if (ok && is_old(names[i], version)) (void)tl_put(tool, "old", tl_bool(true));
    if (!ok) (void)tl_put(tool, "error", tl_str(e.msg));
  }
  tl_val key = tl_nil();
  tl_err e = {0};
  if (read_key(&key, &e) < 0) (void)tl_put(&found, "key", tl_str(e.msg));
  tl_wipe(&key);
  return found;
}
