/* git.fetch by itself: URLs and names of mirrors, and sources on this machine. Servers and their
 * faults are tests/e2e/test_fetch.py's. */
#include "git_help.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "../../core/prim/git_mirror.h"
#include "../../core/prim/loop.h"

/* --- URLs and names --- */

static void named(const char *url, const char *slug, const char *kept)
{
  tl_git_source s;
  tl_err e = {0};
  if (tl_git_source_read(&s, url, strlen(url), &e) != 0) {
    fail_msg("%s: %s", url, e.msg);
  }
  size_t n = strlen(slug);
  if (strncmp(s.name, slug, n) != 0 || strlen(s.name) != n + strlen("-01234567.git")) {
    fail_msg("%s: %s instead of %s", url, s.name, slug);
  }
  assert_string_equal(s.url, kept);
  tl_git_source_free(&s);
}

static void mirrors_are_named_by_the_end_of_the_url(void **state)
{
  (void)state;
  named("https://github.com/curl/curl", "curl-curl", "https://github.com/curl/curl");
  named("HTTPS://GitHub.COM/Curl/curl.git/", "Curl-curl", "https://github.com/Curl/curl.git");
  named("http://127.0.0.1:8080/x.git", "x", "http://127.0.0.1:8080/x.git");
  named("https://h/a/b/c/d", "c-d", "https://h/a/b/c/d");
  named("https://h/../..//.hidden", "hidden", "https://h/../..//.hidden");
  named("https://h/~who/%2e%2e/-x", "2e-2e-x", "https://h/~who/%2e%2e/-x");
  named("https://h/", "repository", "https://h");
  named("https://h", "repository", "https://h");
  named("https://h/\xc3\xa4/\xe2\x80\xae", "repository", "https://h/\xc3\xa4/\xe2\x80\xae");
  named("file:///srv/a%20b.git", "srv-a-20b", "file:///srv/a%20b.git");
}

static void other_urls_have_other_names(void **state)
{
  static const char *const urls[] = {"https://h/a/b",     "https://h/a/b.git", "http://h/a/b",
                                     "https://h:444/a/b", "https://g/a/b",     "https://h/x/a/b"};
  tl_git_source s[6];
  tl_err e = {0};
  (void)state;
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(tl_git_source_read(&s[i], urls[i], strlen(urls[i]), &e), 0);
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(s[i].name, s[k].name);
    }
  }
  char *path = tl_git_mirror_path(&s[0]);
  assert_string_equal(tl_git_mirror_named(path), s[0].name);
  assert_null(tl_git_mirror_named("lab:.tlab/cache/gitx"));
  assert_null(tl_git_mirror_named(path + 4));
  free(path);
  for (size_t i = 0; i < 6; i++) {
    tl_git_source_free(&s[i]);
  }
}

static void long_names_are_cut(void **state)
{
  char url[1900] = "https://h/a/";
  tl_git_source s;
  tl_err e = {0};
  (void)state;
  memset(url + 12, 'b', sizeof url - 13);
  url[sizeof url - 1] = '\0';
  assert_int_equal(tl_git_source_read(&s, url, strlen(url), &e), 0);
  assert_true(strlen(s.name) <= 64);
  tl_git_source_free(&s);
}

static void refused(const char *url, size_t len, int code, const char *words)
{
  tl_git_source s;
  tl_err e = {0};
  int rc = tl_git_source_read(&s, url, len, &e);
  if (rc != code || !strstr(e.msg, words)) {
    fail_msg("%s: got %s '%s', wanted %s '…%s…'", url, tl_code_name(rc), e.msg, tl_code_name(code),
             words);
  }
  if (strstr(e.msg, "pa55word")) {
    fail_msg("a password in a message: %s", e.msg);
  }
  tl_git_source_free(&s);
}

static void other_urls_are_refused_in_plain_words(void **state)
{
  static char large[3000];
  (void)state;
  refused("git://h/x", 9, TL_EREFUSED, "use https://");
  refused("ssh://git@h/x", 13, TL_EREFUSED, "ssh is not spoken");
  refused("git+ssh://h/x", 13, TL_EREFUSED, "ssh is not spoken");
  refused("git@h:a/b.git", 13, TL_EREFUSED, "ssh is not spoken");
  refused("h:a", 3, TL_EREFUSED, "ssh is not spoken");
  refused("ftp://h/x", 9, TL_EREFUSED, "use https, http or file");
  refused("ext::sh -c x", 12, TL_EREFUSED, "blank");
  refused("ext::touch", 10, TL_EREFUSED, "ssh is not spoken");
  refused("/srv/x", 6, TL_EARGUMENT, "is a path");
  refused("../x", 4, TL_EARGUMENT, "is a path");
  refused("./a:b", 5, TL_EARGUMENT, "is a path");
  refused("", 0, TL_EARGUMENT, "1 to 2048 bytes");
  refused("https://u:pa55word@h/x", 22, TL_EREFUSED, "name a secret instead");
  refused("https://u@h/x", 13, TL_EREFUSED, "name a secret instead");
  refused("https://h/x\r\nHost: y", 20, TL_EREFUSED, "at byte 12");
  refused("https://h/x\0y", 13, TL_EREFUSED, "at byte 12");
  refused("https://h\\@g/x", 14, TL_EREFUSED, "backslash");
  refused("https://h/x?y=1", 15, TL_EREFUSED, "no ? and no #");
  refused("https://h/x#y", 13, TL_EREFUSED, "no ? and no #");
  refused("file://host/x", 13, TL_EREFUSED, "file:///srv/x.git");
  refused("file:///x%zz", 12, TL_EREFUSED, "file:///srv/x.git");
  refused("file:///x%00y", 13, TL_EREFUSED, "file:///srv/x.git");
  memset(large, 'x', sizeof large);
  refused(large, sizeof large, TL_EARGUMENT, "1 to 2048 bytes");
}

/* --- fetching --- */

typedef struct job {
  tl_call call; /* first: done() gets its address */
  int rc;
} job;

static void on_done(tl_call *call, int rc)
{
  ((job *)(void *)call)->rc = rc;
}

static void (*meanwhile)(void); /* once the child is there */

/* Fetches a repository of the scratch folder into the lab `lab` of it. */
static result fetch(const char *name, tl_val options)
{
  char path[256], url[300];
  (void)snprintf(path, sizeof path, "%s/%s", base, name);
  (void)snprintf(url, sizeof url, "file://%s", path);
  int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  tl_place places[2] = {{.dirfd = fd, .rel = "lab", .shown = "lab:"},
                        {.dirfd = fd, .rel = name, .shown = path}};
  tl_val args[2] = {tl_str(url), options};
  job j = {.call = {.args = args, .places = places, .done = on_done}};
  int lab = openat(fd, "lab", O_PATH | O_DIRECTORY | O_CLOEXEC);
  places[0].dirfd = lab;
  places[0].rel = ".";
  tl_err e = {0};
  j.rc = prim_git_fetch(&j.call);
  if (meanwhile) {
    meanwhile();
  }
  while (j.rc == TL_PENDING) {
    assert_int_equal(tl_loop_wait(NULL, 0, 1000, &e), 0);
  }
  (void)close(lab);
  (void)close(fd);
  tl_free(&args[0]);
  tl_free(&args[1]);
  return (result){.rc = j.rc, .out = j.call.out, .err = j.call.err};
}

static result fetched(const char *name)
{
  result r = fetch(name, tl_nil());
  if (r.rc != 0) {
    fail_msg("%s: %s", name, r.err.msg);
  }
  assert_true(tl_get_bool(&r.out, "fetched", false));
  return r;
}

static void not_fetched(const char *name, tl_val options, int code, const char *words)
{
  result r = fetch(name, options);
  if (r.rc != code || !strstr(r.err.msg, words)) {
    fail_msg("%s: got %s '%s', wanted %s '…%s…'", name, tl_code_name(r.rc), r.err.msg,
             tl_code_name(code), words);
  }
  tl_free(&r.out);
}

static void a_folder_is_cloned_and_updated(void **state)
{
  (void)state;
  sh("mkdir lab && git init -q -b main src && cd src && for i in 1 2 3; do echo $i > f; git add f;"
     "git commit -q -m c$i; done; git branch old HEAD~1; git tag -a -m t v1; git gc -q; echo 4 > f;"
     "git commit -q -a -m c4");
  result r = fetched("src");
  assert_text(&r.out, "commit", "git -C src rev-parse main");
  assert_string_equal(tl_get_str(&r.out, "head", ""), "main");
  assert_int_equal(tl_len(tl_get(&r.out, "branches")), 2);
  assert_true(tl_get_int(&r.out, "bytes", 0) > 0); /* the files that were copied */
  tl_free(&r.out);
  sh("git -C lab/.tlab/cache/git/*-src-*.git fsck --strict");
  sh("cd src && git branch -D old -q && git checkout -q -b new && echo 5 > f && git commit -q -a "
     "-m c5");
  r = fetched("src");
  assert_text(&r.out, "commit", "git -C src rev-parse new");
  assert_int_equal(tl_get_int(&r.out, "bytes", -1), 0);
  tl_free(&r.out);
  sh("git -C lab/.tlab/cache/git/*-src-*.git fsck --strict");
  sh("test \"$(git -C src for-each-ref)\" = \"$(git -C lab/.tlab/cache/git/*-src-*.git "
     "for-each-ref)\"");
}

static void a_mirror_that_is_broken_is_made_anew(void **state)
{
  (void)state;
  sh("cd lab/.tlab/cache/git/*-src-*.git && rm HEAD");
  result r = fetched("src");
  assert_true(tl_get_int(&r.out, "bytes", 0) > 0);
  tl_free(&r.out);
  sh("cd lab/.tlab/cache/git/*-src-*.git && touch packed-refs.lock refs/heads/new.lock HEAD.lock "
     "objects/pack/pack_git2_x && git -C ../../../../../src commit -q --allow-empty -m c6");
  r = fetched("src"); /* what a killed one left is in nobody's way */
  tl_free(&r.out);
  sh("cd lab/.tlab/cache/git/*-src-*.git && mkdir -p refs/heads && : > refs/heads/new");
  r = fetched("src"); /* as a disk leaves a name when the power goes */
  assert_true(tl_get_int(&r.out, "bytes", 0) > 0);
  tl_free(&r.out);
  sh("cd lab/.tlab/cache/git/*-src-*.git && test -z \"$(find . -name '*.lock' -o -name "
     "'*_git2_*')\"");
}

static void a_mirror_of_another_url_is_left_alone(void **state)
{
  (void)state;
  sh("git -C lab/.tlab/cache/git/*-src-*.git config tlab.source https://other/x");
  not_fetched("src", tl_nil(), TL_EREFUSED, "is one of https://other/x");
  sh("rm -rf lab/.tlab/cache/git/*-src-*.git");
}

static void sources_that_are_not_whole_are_refused(void **state)
{
  (void)state;
  sh("git clone -q --bare --depth 1 file://$PWD/src shallow; git clone -q --shared src shared;"
     "git -C src worktree add -q ../tree HEAD~1; git init -q --object-format=sha256 sha256; mkdir "
     "none;"
     "git clone -q --bare src linked; mv linked/objects elsewhere; ln -s ../elsewhere "
     "linked/objects; git clone -q --bare src piped; mkdir -p piped/objects/00;"
     "mkfifo piped/objects/00/0123456789abcdef0123456789abcdef012345");
  not_fetched("shallow", tl_nil(), TL_EUNSUPPORTED, "fetch --unshallow");
  not_fetched("shared", tl_nil(), TL_EREFUSED, "alternates");
  not_fetched("tree", tl_nil(), TL_EREFUSED, "fetch from there");
  not_fetched("sha256", tl_nil(), TL_EUNSUPPORTED, "objectformat");
  not_fetched("piped", tl_nil(), TL_EREFUSED, "is no regular file");
  not_fetched("none", tl_nil(), TL_ENOT_FOUND, "no git repository at file://");
  not_fetched("nothing", tl_nil(), TL_ENOT_FOUND, "nothing");
  result r = fetch("linked", tl_nil());
  assert_int_not_equal(r.rc, 0);
  assert_int_equal(r.out.type, TL_NIL);
}

/* How often more a pack of a source is gone when it is opened, as when somebody packs just now. */
static unsigned vanish;

/* Stands before the C library's. */
int open_at(int dir, const char *name, int flags, ...) __asm__("openat");
int open_at(int dir, const char *name, int flags, ...)
{
  va_list more;
  va_start(more, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
  va_end(more);
  if (vanish > 0 && !(flags & O_CREAT) && strncmp(name, "pack-", 5) == 0) {
    vanish--;
    errno = ENOENT;
    return -1;
  }
  return (int)syscall(SYS_openat, dir, name, flags, mode);
}

static void a_source_that_is_packed_meanwhile_is_read_again(void **state)
{
  (void)state;
  sh("rm -rf lab/.tlab/cache/git/*-src-*.git; git -C src gc -q");
  vanish = 3;
  not_fetched("src", tl_nil(), TL_EIO, "changes all the time");
  vanish = 2; /* counted down in the child */
  result r = fetched("src");
  tl_free(&r.out);
  vanish = 0;
  sh("git -C lab/.tlab/cache/git/*-src-*.git fsck --strict; rm -rf "
     "lab/.tlab/cache/git/*-src-*.git");
}

static tl_val option(const char *name, tl_val v)
{
  tl_val map = tl_map();
  tl_put(&map, name, v);
  return map;
}

static void limits_hold(void **state)
{
  (void)state;
  not_fetched("src", option("max_bytes", tl_int(100)), TL_ELIMIT, "larger than 100 bytes");
  not_fetched("src", option("max_bytes", tl_int(0)), TL_EARGUMENT, "'max_bytes' is a whole number");
  not_fetched("src", option("timeout_ms", tl_num(0.5)), TL_EARGUMENT, "'timeout_ms'");
  not_fetched("src", option("depth", tl_int(1)), TL_EARGUMENT, "no 'depth'");
  not_fetched("src", option("secret", tl_str("x")), TL_EARGUMENT, "tlab.secret");
  sh("test -z \"$(ls lab/.tlab/cache/git | grep -v lock)\"");
}

/* The mirror's lock, as if another process had it. */
static int hold_lock(void)
{
  char *file = sh_out("ls -d $PWD/lab/.tlab/cache/git/*-src-*.lock");
  int fd = open(file, O_RDWR | O_CLOEXEC);
  free(file);
  assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
  return fd;
}

/* Another process has the mirror's lock, and keeps it. */
static void a_lock_that_is_held_is_waited_for(void **state)
{
  char command[256];
  (void)state;
  result r = fetched("src");
  tl_free(&r.out);
  int fd = hold_lock();
  r = fetch("src", option("timeout_ms", tl_int(400)));
  assert_int_equal(r.rc, 0);
  assert_false(tl_get_bool(&r.out, "fetched", true));
  assert_non_null(strstr(tl_get_str(&r.out, "why", ""), "another run"));
  assert_text(&r.out, "commit", "git -C src rev-parse new");
  tl_free(&r.out);
  (void)snprintf(command, sizeof command, "rm -rf lab/.tlab/cache/git/*-src-*.git");
  sh(command);
  not_fetched("src", option("timeout_ms", tl_int(400)), TL_ETIMEOUT, "another run");
  (void)close(fd);
}

/* A copy of the child's socket, the highest that it has; -1 where the kernel gives none. */
static int socket_of_child(void)
{
  char path[64], link[64] = "";
  char *child = sh_out("cat /proc/$PPID/task/$PPID/children | cut -d' ' -f1");
  int pid = atoi(child), theirs = -1, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  free(child);
  for (int fd = 3; fd < 100; fd++) {
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    ssize_t n = readlink(path, link, sizeof link - 1);
    theirs = n > 7 && memcmp(link, "socket:", 7) == 0 ? fd : theirs;
  }
  int own = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
  (void)close(pidfd);
  return own;
}

static void talk_nonsense(void)
{
  static const char nonsense[] = "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f";
  int fd = socket_of_child();
  if (fd < 0) {
    skip();
  }
  assert_int_equal(write(fd, nonsense, sizeof nonsense), sizeof nonsense);
  (void)close(fd);
}

/* It would wait for the lock, and the supervisor for it. */
static void a_child_that_talks_nonsense_is_ended(void **state)
{
  (void)state;
  int fd = hold_lock();
  meanwhile = talk_nonsense;
  not_fetched("src", option("timeout_ms", tl_int(20000)), TL_EIO, "in the middle (Killed)");
  meanwhile = NULL;
  (void)close(fd);
}

/* Others are refused; those that run are ended as at the end of a run. */
static void sixteen_at_once_are_the_most(void **state)
{
  job jobs[17] = {0};
  char path[256], url[300];
  (void)state;
  (void)snprintf(path, sizeof path, "%s/src", base);
  (void)snprintf(url, sizeof url, "file://%s", path);
  int top = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int lab = openat(top, "lab", O_PATH | O_DIRECTORY | O_CLOEXEC);
  tl_place places[2] = {{.dirfd = lab, .rel = ".", .shown = "lab:"},
                        {.dirfd = top, .rel = "src", .shown = path}};
  tl_val args[2] = {tl_str(url), tl_nil()};
  for (size_t i = 0; i < 17; i++) {
    jobs[i].call = (tl_call){.args = args, .places = places, .done = on_done};
    jobs[i].rc = prim_git_fetch(&jobs[i].call);
    assert_int_equal(jobs[i].rc, i < 16 ? TL_PENDING : TL_ELIMIT);
  }
  assert_string_equal(jobs[16].call.err.msg, "16 repositories are being fetched already");
  tl_loop_cancel();
  for (size_t i = 0; i < 16; i++) {
    assert_int_equal(jobs[i].rc, TL_EINTERRUPTED);
  }
  tl_free(&args[0]);
  (void)close(lab);
  (void)close(top);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mirrors_are_named_by_the_end_of_the_url),
      cmocka_unit_test(other_urls_have_other_names),
      cmocka_unit_test(long_names_are_cut),
      cmocka_unit_test(other_urls_are_refused_in_plain_words),
      cmocka_unit_test(a_folder_is_cloned_and_updated),
      cmocka_unit_test(a_mirror_that_is_broken_is_made_anew),
      cmocka_unit_test(a_mirror_of_another_url_is_left_alone),
      cmocka_unit_test(sources_that_are_not_whole_are_refused),
      cmocka_unit_test(a_source_that_is_packed_meanwhile_is_read_again),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(a_lock_that_is_held_is_waited_for),
      cmocka_unit_test(a_child_that_talks_nonsense_is_ended),
      cmocka_unit_test(sixteen_at_once_are_the_most),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
