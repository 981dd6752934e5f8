/* The child that reads a repository: what of its answers is believed, what it may open, and that
 * neither keeps what a repository may rightly be made of from being read. */
#include "history_help.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../../core/base/wire.h"
#include "../../core/prim/landlock.h"

/* --- answers --- */

static const tl_val *lie; /* what the child says */
static size_t extra;      /* bytes behind it */

/* In the child: says it through each pipe that it did not inherit from the test's own start. */
static int lying_work(tl_call *call)
{
  tl_buf frame = TL_BUF(1 << 16);
  tl_err e;
  (void)call;
  bool made = tl_wire_put(&frame, lie, &e) == 0;
  for (size_t i = 0; i < extra; i++) {
    made = made && tl_buf_byte(&frame, 'x') == 0;
  }
  for (int fd = 3; made && fd < 64; fd++) {
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) {
      (void)!write(fd, frame.data, frame.len);
    }
  }
  _exit(0);
}

static int told(const char *json, char **words)
{
  tl_val v;
  tl_err e;
  tl_call call = {0};
  assert_int_equal(tl_json_read(&v, json, strlen(json), &e), 0);
  lie = &v;
  int rc = tl_git_apart(&call, lying_work);
  tl_free(&v);
  tl_free(&call.out);
  *words = tl_strdup(call.err.msg);
  return rc;
}

static void a_lying_child_is_not_believed(void **state)
{
  static const char *const lies[] = {"null",
                                     "true",
                                     "7",
                                     "\"x\"",
                                     "{}",
                                     "{\"0\":0,\"1\":1}",
                                     "[]",
                                     "[0]",
                                     "[0,1,2]",
                                     "[\"0\",1]",
                                     "[null,1]",
                                     "[0.5,1]",
                                     "[1,1]",
                                     "[-1]",
                                     "[-1,null]",
                                     "[-1,[]]",
                                     "[-1,7]",
                                     "[-9999,\"x\"]",
                                     "[-4294967296,\"x\"]",
                                     "[-4294967297,\"x\"]",
                                     "[9223372036854775807,\"x\"]"};
  char *words;
  (void)state;
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    int rc = told(lies[i], &words);
    if (rc != TL_EIO || !strstr(words, "ended in the middle")) {
      fail_msg("%s: %s '%s'", lies[i], tl_code_name(rc), words);
    }
    free(words);
  }
  assert_int_equal(told("[0,7]", &words), 0);
  free(words);
  extra = 3;
  assert_int_equal(told("[0,7]", &words), TL_EIO);
  extra = 0;
  free(words);
  assert_int_equal(told("[-2,\"as it was said\"]", &words), -2);
  assert_string_equal(words, "as it was said");
  free(words);
}

static int sleep_work(tl_call *call)
{
  (void)call;
  (void)sleep(100);
  return 0;
}

static int busy_work(tl_call *call)
{
  for (int i = 0; i < 50; i++) { /* half a second, in turns */
    for (volatile int n = 0; n < 1000000; n++) {}
    (void)usleep(10000);
  }
  call->out = tl_int(7);
  return 0;
}

/* It is blocked in a call that no time limit on the processor ends. */
static void a_child_that_stands_still_is_given_up(void **state)
{
  (void)state;
  unsigned usual = tl_git_look_ms;
  tl_git_look_ms = 20;
  tl_call call = {0};
  assert_int_equal(tl_git_apart(&call, sleep_work), TL_ETIMEOUT);
  assert_int_equal(tl_git_apart(&call, busy_work), 0);
  sh("git init -q -b main still; cd still; echo x >f; git add f; git commit -qm x;"
     " mkfifo pipe .gitignore; cp .git/config plain; git config include.path ../pipe");
  fails(prim_git_head, "still", TL_ETIMEOUT, "pipe");
  sh("cd still; mv plain .git/config");
  fails(prim_git_status, "still", TL_ETIMEOUT, "pipe");
  tl_git_look_ms = usual;
}

/* --- what it has of its parent --- */

static int look_work(tl_call *call)
{
  int64_t others = 0;
  int place = call->places->dirfd, death = 0;
  for (int fd = 3; fd < 1024; fd++) {
    others += fd != place && fcntl(fd, F_GETFD) >= 0;
  }
  (void)prctl(PR_GET_PDEATHSIG, &death);
  call->out = tl_list();
  tl_push(&call->out, tl_int(others));
  tl_push(&call->out, tl_bool(fcntl(place, F_GETFD) >= 0));
  tl_push(&call->out, tl_int(death));
  return 0;
}

/* Its answer's way and the folder that was named; a lock would be held for as long as it reads. */
static void a_child_has_no_more_than_it_needs(void **state)
{
  (void)state;
  int low = open("/dev/null", O_RDONLY), high = fcntl(low, F_DUPFD, 500);
  int more[] = {dup(low), dup(low), fcntl(low, F_DUPFD, 300), fcntl(low, F_DUPFD, 900)};
  (void)close(more[0]); /* the pipe has numbers between others */
  assert_true(low >= 3 && high >= 500 && more[3] >= 900);
  const int places[] = {low, high, AT_FDCWD, -1, STDIN_FILENO};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    tl_place place = {.dirfd = places[i]};
    tl_call call = {.places = &place};
    assert_int_equal(tl_git_apart(&call, look_work), 0);
    assert_int_equal(tl_at(&call.out, 0)->u.i, 1);
    assert_int_equal(tl_at(&call.out, 1)->u.b, places[i] >= 0);
    assert_int_equal(tl_at(&call.out, 2)->u.i, SIGKILL);
    tl_free(&call.out);
  }
  for (size_t i = 1; i < sizeof more / sizeof *more; i++) {
    (void)close(more[i]);
  }
  (void)close(high);
  (void)close(low);
}

/* --- what it may open --- */

static const char *const probed[] = {
    "/etc/passwd",      "/",      "outside/file", "outside",
    "held/.git/config", "held/f", "held",         "held/.git/objects"};

static bool may_open(const char *path, int flags)
{
  char full[256];
  (void)snprintf(full, sizeof full, "%s/%s", base, path);
  int fd = open(*path == '/' ? path : full, flags | O_CLOEXEC, 0600);
  if (fd >= 0) {
    (void)close(fd);
  }
  return fd >= 0;
}

/* Opens the repository as all do, and then tries what nobody should. */
static int probe_work(tl_call *call)
{
  git_repository *repo = NULL;
  int rc = tl_git_open(call, &repo);
  if (rc < 0) {
    return rc;
  }
  call->out = tl_list();
  for (size_t i = 0; i < sizeof probed / sizeof *probed; i++) {
    tl_push(&call->out, tl_bool(may_open(probed[i], O_RDONLY)));
  }
  tl_push(&call->out, tl_bool(may_open("held/new", O_WRONLY | O_CREAT)));
  tl_push(&call->out, tl_bool(socket(AF_INET, SOCK_STREAM, 0) >= 0));
  tl_push(&call->out, tl_bool(socket(AF_UNIX, SOCK_DGRAM, 0) >= 0));
  siginfo_t info = {.si_code = SI_QUEUE};
  pid_t parent = getppid();
  tl_push(&call->out, tl_bool(kill(parent, 0) == 0));
  tl_push(&call->out, tl_bool(syscall(SYS_rt_sigqueueinfo, parent, 0, &info) == 0));
  tl_push(&call->out, tl_bool(syscall(SYS_rt_tgsigqueueinfo, parent, parent, 0, &info) == 0));
  tl_push(&call->out, tl_bool(syscall(SYS_pidfd_open, parent, 0) >= 0));
  tl_git.git_repository_free(repo);
  return 0;
}

static int prim_probe(tl_call *call)
{
  return tl_git_apart(call, probe_work);
}

static void a_reader_opens_its_repository_and_nothing_else(void **state)
{
  (void)state;
  sh("mkdir outside; echo secret >outside/file; git init -q -b main held; cd held; echo x >f;"
     "git add f; git commit -qm x");
  if (tl_landlock_abi() == 0) {
    skip();
  }
  for (int trusted = 0; trusted < 2; trusted++) {
    char folder[64];
    (void)snprintf(folder, sizeof folder, "%s/held",
                   base); /* the command line's are no scratch's */
    result r = ask(prim_probe, trusted ? folder : "held", NULL, trusted);
    assert_int_equal(r.rc, 0);
    for (size_t i = 0; i < tl_len(&r.out); i++) {
      if (tl_at(&r.out, i)->u.b != (i >= 4 && i < 8)) {
        fail_msg("probe %zu, %d", i, trusted);
      }
    }
    tl_free(&r.out);
  }
}

/* In a process beside: 0 once a child of `parent` other than itself has a filter of system calls. */
static int see_filter(pid_t parent)
{
  char path[64], text[4096];
  (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
  for (int i = 0; i < 5000; i++) {
    FILE *children = fopen(path, "r");
    for (int pid = 0; children && fscanf(children, "%d", &pid) == 1;) {
      (void)snprintf(text, sizeof text, "/proc/%d/status", pid);
      FILE *f = pid == (int)getpid() ? NULL : fopen(text, "r");
      size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
      text[n] = '\0';
      if (f && fclose(f) == 0 && strstr(text, "\nSeccomp:\t2")) {
        return 0;
      }
    }
    if (children) {
      (void)fclose(children);
    }
    (void)usleep(1000);
  }
  return 1;
}

/* Two texts are compared by a child that opens nothing. */
static void texts_are_compared_behind_a_filter(void **state)
{
  enum { LINES = 40000 };
  char *texts[2];
  (void)state;
  for (unsigned k = 0; k < 2; k++) { /* lines of two kinds in no order: slow to compare */
    unsigned x = 17 + k;
    texts[k] = tl_zalloc(2 * LINES + 1);
    for (size_t i = 0; i < LINES; i++) {
      x = x * 1103515245u + 12345u;
      memcpy(texts[k] + 2 * i, x >> 16 & 1 ? "a\n" : "b\n", 2);
    }
  }
  pid_t parent = getpid(), watcher = fork();
  if (watcher == 0) {
    _exit(see_filter(parent));
  }
  tl_val args[3] = {tl_str(texts[0]), tl_str(texts[1]), tl_nil()};
  tl_call call = {.args = args};
  assert_int_equal(prim_text_diff(&call), 0);
  int status = -1;
  assert_int_equal(waitpid(watcher, &status, 0), watcher);
#if defined __x86_64__ || defined __aarch64__
  assert_int_equal(status, 0);
#endif
  tl_free(&call.out);
  for (unsigned k = 0; k < 2; k++) {
    tl_free(&args[k]);
    free(texts[k]);
  }
}

/* --- what a repository may be made of --- */

static result ask_at(tl_prim *prim, const char *dir)
{
  char folder[128];
  (void)snprintf(folder, sizeof folder, "%s/%s", base, dir);
  result r = ask(prim, folder, NULL, true);
  if (r.rc != 0) {
    fail_msg("%s: %s", dir, r.err.msg);
  }
  return r;
}

/* The state of the repository around a folder, as git says it. */
static void assert_state(const char *dir, const char *status)
{
  char script[512];
  result r = ask_at(prim_git_state, dir);
  (void)snprintf(script, sizeof script, "git -C %s rev-parse HEAD", dir);
  assert_text(tl_get(&r.out, "head"), "commit", script);
  tl_free(&r.out);
  r = ask_at(prim_git_status, dir);
  tl_buf text = TL_BUF(4096);
  for (size_t i = 0; i < tl_len(&r.out); i++) {
    assert_int_equal(tl_buf_fmt(&text, "%s %s\n", tl_get_str(tl_at(&r.out, i), "path", "?"),
                                tl_get_str(tl_at(&r.out, i), "state", "?")),
                     0);
  }
  assert_int_equal(tl_buf_byte(&text, '\0'), 0);
  assert_string_equal(text.data, status);
  tl_buf_free(&text);
  tl_free(&r.out);
}

static void what_git_makes_is_read_as_before(void **state)
{
  (void)state;
  sh("git init -q -b main whole; cd whole; mkdir d; echo x >d/f; echo x >g; git add .; git commit "
     "-qm x;"
     "git worktree add -q ../tree -b side; echo y >>../tree/g;"
     "cd ..; git clone -q --shared whole shared; echo z >shared/d/f;"
     "git -c protocol.file.allow=always clone -q whole super;"
     "git -C super -c protocol.file.allow=always submodule --quiet add $PWD/whole sub;"
     "git -C super commit -qm sub; echo w >super/sub/g;"
     "git -C super worktree add -q ../supertree -b st; echo v >supertree/g");
  assert_state("whole", "");
  assert_state("whole/d", "");
  assert_state("whole/.git", "");
  assert_state("tree", "g modified\n");
  assert_state("shared", "d/f modified\n");
  assert_state("super", "sub modified\n");
  assert_state("super/sub", "g modified\n");
  char *expected =
      sh_out("git -C supertree status --porcelain | sed 's/^ M \\(.*\\)/\\1 modified/'");
  assert_string_equal(expected, "g modified");
  free(expected);
  assert_state("supertree", "g modified\n");
}

/* Folders of a repository that are links, as git-new-workdir makes them. */
static void links_and_what_the_configuration_names_are_read(void **state)
{
  (void)state;
  sh("mkdir -p linkdir/.git/logs; cd linkdir/.git; for i in config refs logs/refs objects info "
     "hooks;"
     " do ln -s $OLDPWD/whole/.git/$i $i; done; cp $OLDPWD/whole/.git/HEAD "
     "$OLDPWD/whole/.git/index .;"
     "cd ..; mkdir d; echo x >d/f; echo q >g; cd ..; for i in refs/heads logs/refs; do"
     " n=$(dirname $i)-link; cp -r whole $n; rm -rf $n/.git/$i; ln -s $PWD/whole/.git/$i "
     "$n/.git/$i;"
     " done");
  assert_state("linkdir", "g modified\n");
  fails(prim_git_head, "refs-link", TL_ENOT_PERMITTED, "whole/.git/refs/heads");
  fails(prim_git_head, "logs-link", TL_ENOT_PERMITTED, "whole/.git/logs/refs");
  assert_state("refs-link", "");
  sh("git init -q -b main named; cd named; echo x >f; git add .; git commit -qm x; mkdir ../conf;"
     "printf '[include]\\n\\tpath = more\\n' >../conf/one; echo 'seen' >../conf/ignore;"
     "printf '[core]\\n\\texcludesfile = %s\\n' $OLDPWD/conf/ignore >../conf/more;"
     "git config include.path ../../conf/one;"
     "git config 'includeIf.gitdir:/nowhere/.path' /etc/hostname; echo y >seen; echo y >new");
  assert_state("named", "new untracked\n");
  /* what a recipe names may lead there only where it is permitted */
  fails(prim_git_head, "named", TL_ENOT_PERMITTED, "conf/one");
  sh("cd named; git config --unset include.path");
  fails(prim_git_head, "named", TL_ENOT_PERMITTED, "/etc/hostname");
  sh("cd named; git config --unset 'includeIf.gitdir:/nowhere/.path';"
     " printf '[core]\\n\\tautocrlf = false\\n' >own; git config include.path ../own");
  result r = ok(prim_git_head, "named");
  tl_free(&r.out);
}

static void a_socket_in_a_repository_harms_nobody(void **state)
{
  (void)state;
  sh("git init -q -b main talks; cd talks; git commit -q --allow-empty -m x; python3 -c 'import "
     "socket; socket.socket(socket.AF_UNIX).bind(\".git/fsmonitor--daemon.ipc\")'");
  result r = ok(prim_git_head, "talks");
  tl_free(&r.out);
}

static void local_dates_of_revisions_stay_local(void **state)
{
  (void)state;
  sh("git init -q -b main dated; cd dated; export TZ=UTC;"
     "GIT_COMMITTER_DATE='2026-01-01 10:30:00 +0000' git commit -q --allow-empty -m a;"
     "GIT_COMMITTER_DATE='2026-01-01 11:30:00 +0000' git commit -q --allow-empty -m b");
  set("TZ", ":Asia/Tokyo"); /* nine hours on: 20:00 there is 11:00 */
  result r = gives(prim_git_resolve, "dated", "[\"main@{2026-01-01 20:00:00}\",\"@\"]");
  assert_text(&r.out, "commit", "git -C dated rev-parse main~1");
  tl_free(&r.out);
  assert_int_equal(unsetenv("TZ"), 0);
}

/* libgit2 would read the first of them for ever. */
static void a_damaged_loose_object_of_an_alternate_is_an_error(void **state)
{
  (void)state;
  sh("git init -q -b main lends; cd lends; seq 9999 >f; git add f; git commit -qm x; cd ..;"
     "git clone -q --shared lends borrows; git clone -q --shared borrows again; cd lends;"
     "o=.git/objects/$(git rev-parse HEAD:f | sed 's,^..,&/,'); chmod +w $o; truncate -s 3000 $o;"
     "echo y >../borrows/f; echo y >../again/f");
  unsigned usual = tl_git_cpu_seconds;
  tl_git_cpu_seconds = 1;
  static const char *const all[] = {"borrows", "again"};
  for (size_t i = 0; i < 2; i++) {
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s/%s", base, all[i]);
    result r = ask(prim_git_patch, folder, NULL, true);
    assert_int_equal(r.rc, TL_EIO);
    assert_non_null(strstr(r.err.msg, "cut off or damaged"));
  }
  tl_git_cpu_seconds = usual;
}

/* Whether a path was touched cannot be said where a folder on the way to it is missing. */
static void a_missing_folder_is_not_taken_for_no_file(void **state)
{
  (void)state;
  sh("git init -q -b main lost; cd lost; mkdir -p a/b; echo x >a/b/f; git add .; git commit -qm x;"
     "rm -f .git/objects/$(git rev-parse HEAD:a/b | sed 's,^..,&/,')");
  refuses(prim_git_log, "lost", "[{\"path\":[\"a/b/f\"]},\"@\"]", TL_EIO, "git fsck");
  refuses(prim_git_blob, "lost", "[\"HEAD\",\"a/b/f\",\"@\"]", TL_EIO, "git fsck");
  refuses(prim_git_blob, "lost", "[\"HEAD\",\"a/c/f\",\"@\"]", TL_ENOT_FOUND, "no file");
  refuses(prim_git_blob, "lost", "[\"HEAD\",\"a//b\",\"@\"]", TL_ENOT_FOUND, "no file");
  result r = gives(prim_git_log, "lost", "[{\"path\":[\"a/b\"]},\"@\"]");
  assert_int_equal(tl_len(&r.out), 1);
  tl_free(&r.out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lying_child_is_not_believed),
      cmocka_unit_test(a_child_that_stands_still_is_given_up),
      cmocka_unit_test(a_child_has_no_more_than_it_needs),
      cmocka_unit_test(a_reader_opens_its_repository_and_nothing_else),
      cmocka_unit_test(texts_are_compared_behind_a_filter),
      cmocka_unit_test(what_git_makes_is_read_as_before),
      cmocka_unit_test(links_and_what_the_configuration_names_are_read),
      cmocka_unit_test(a_socket_in_a_repository_harms_nobody),
      cmocka_unit_test(local_dates_of_revisions_stay_local),
      cmocka_unit_test(a_damaged_loose_object_of_an_alternate_is_an_error),
      cmocka_unit_test(a_missing_folder_is_not_taken_for_no_file),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
