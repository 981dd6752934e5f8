/* git.* against repositories made by the real git, with fixed dates. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/base/buf.h"
#include "../../core/prim/git.h"

static char base[] = "/tmp/tlab-git-XXXXXX"; /* one scratch folder for all tests */

/* Runs a shell script in the scratch folder; every command must succeed. */
static void sh(const char *script)
{
  tl_buf text = TL_BUF(1 << 16);
  assert_int_equal(tl_buf_fmt(&text, "set -e; cd %s; %s", base, script), 0);
  if (system(text.data) != 0) {
    fail_msg("the script failed: %s", script);
  }
  tl_buf_free(&text);
}

/* What a shell command prints, without the last newline. Freed by the caller. */
static char *sh_out(const char *script)
{
  tl_buf text = TL_BUF(1 << 16);
  tl_buf out = TL_BUF(1 << 20);
  char bytes[4096];
  size_t n;
  assert_int_equal(tl_buf_fmt(&text, "cd %s; %s", base, script), 0);
  FILE *f = popen(text.data, "r");
  assert_non_null(f);
  while ((n = fread(bytes, 1, sizeof bytes, f)) > 0) {
    assert_int_equal(tl_buf_add(&out, bytes, n), 0);
  }
  assert_int_equal(pclose(f), 0);
  tl_buf_free(&text);
  char *s = tl_buf_take(&out, &n);
  if (n > 0 && s[n - 1] == '\n') {
    s[n - 1] = '\0';
  }
  return s;
}

/* --- calling --- */

typedef struct result {
  int rc;
  tl_val out;
  tl_err err;
} result;

/* The folder `dir` of the scratch folder, as a recipe's place or as a command line's. */
static result ask(tl_prim *prim, const char *dir, const tl_val *exclude, bool trusted)
{
  int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  tl_place place = {.dirfd = fd, .rel = dir, .shown = dir, .trusted = trusted};
  tl_val args[2] = {tl_str(dir), exclude ? tl_copy(exclude) : tl_nil()};
  tl_call call = {.args = args, .places = &place};
  result r = {.rc = prim(&call)};
  r.out = call.out;
  r.err = call.err;
  tl_free(&args[0]);
  tl_free(&args[1]);
  (void)close(fd);
  assert_true(r.rc == 0 || r.out.type == TL_NIL);
  assert_true(r.rc == 0 || r.err.code == r.rc);
  return r;
}

static result ok(tl_prim *prim, const char *dir)
{
  result r = ask(prim, dir, NULL, false);
  if (r.rc != 0) {
    fail_msg("%s: %s", dir, r.err.msg);
  }
  return r;
}

static void fails(tl_prim *prim, const char *dir, int code, const char *words)
{
  result r = ask(prim, dir, NULL, false);
  if (r.rc != code || !strstr(r.err.msg, words)) {
    fail_msg("%s: got %s '%s', wanted %s '…%s…'", dir, tl_code_name(r.rc), r.err.msg,
             tl_code_name(code), words);
  }
  tl_free(&r.out);
}

static void assert_text(const tl_val *map, const char *key, const char *script)
{
  char *want = sh_out(script);
  const char *have = tl_get_str(map, key, NULL);
  assert_non_null(have);
  assert_string_equal(have, want);
  free(want);
}

/* --- HEAD --- */

static void head_says_what_git_says(void **state)
{
  (void)state;
  sh("git init -q -b main head; cd head; echo one >f; git add f;"
     " git commit -qm 'first: one\n\nbody'");
  result r = ok(prim_git_head, "head");
  assert_text(&r.out, "commit", "git -C head rev-parse HEAD");
  assert_text(&r.out, "tree", "git -C head rev-parse 'HEAD^{tree}'");
  assert_text(&r.out, "author", "git -C head log -1 --format='%an <%ae>'");
  assert_text(&r.out, "subject", "git -C head log -1 --format=%s");
  assert_string_equal(tl_get_str(&r.out, "branch", ""), "main");
  assert_int_equal(tl_get_int(&r.out, "time", 0), 1700000001);
  assert_int_equal(tl_get_bool(&r.out, "shallow", true), false);
  assert_null(tl_get(&r.out, "unborn"));
  tl_free(&r.out);
}

static void the_folder_may_lie_below(void **state)
{
  (void)state;
  sh("git init -q -b main below; cd below; mkdir -p a/b; echo x >a/b/f; git add .;"
     " git commit -qm x");
  result r = ok(prim_git_head, "below/a/b");
  assert_text(&r.out, "commit", "git -C below rev-parse HEAD");
  tl_free(&r.out);
}

static void a_detached_head_has_no_branch(void **state)
{
  (void)state;
  sh("git init -q -b main det; cd det; echo x >f; git add f; git commit -qm x;"
     " git checkout -q --detach");
  result r = ok(prim_git_head, "det");
  assert_null(tl_get(&r.out, "branch"));
  assert_non_null(tl_get(&r.out, "commit"));
  tl_free(&r.out);
  r = ok(prim_git_branch, "det");
  assert_int_equal(r.out.type, TL_NIL);
}

static void an_unborn_head_is_no_error(void **state)
{
  (void)state;
  sh("git init -q -b topic/new unborn");
  result r = ok(prim_git_head, "unborn");
  assert_null(tl_get(&r.out, "commit"));
  assert_true(tl_get_bool(&r.out, "unborn", false));
  assert_string_equal(tl_get_str(&r.out, "branch", ""), "topic/new");
  tl_free(&r.out);
  r = ok(prim_git_branch, "unborn");
  assert_string_equal(r.out.u.s.data, "topic/new");
  tl_free(&r.out);
  fails(prim_git_describe, "unborn", TL_ENOT_FOUND, "no commit yet");
}

static void a_shallow_clone_says_so(void **state)
{
  (void)state;
  sh("git init -q -b main deep; cd deep; for i in 1 2 3; do echo $i >f; git add f;"
     " git commit -qm $i;"
     " done; cd ..; git clone -q --depth 1 file://$PWD/deep shallow");
  result r = ok(prim_git_head, "shallow");
  assert_true(tl_get_bool(&r.out, "shallow", false));
  tl_free(&r.out);
}

static void a_linked_worktree_works(void **state)
{
  (void)state;
  sh("git init -q -b main wt; cd wt; echo x >f; git add f; git commit -qm x;"
     " git worktree add -q ../linked -b side; echo y >>../linked/f");
  result r = ok(prim_git_head, "linked");
  assert_string_equal(tl_get_str(&r.out, "branch", ""), "side");
  tl_free(&r.out);
  r = ok(prim_git_status, "linked");
  assert_int_equal(tl_len(&r.out), 1);
  tl_free(&r.out);
}

static void describe_says_what_git_says(void **state)
{
  (void)state;
  sh("git init -q -b main tags; cd tags; echo x >f; git add f; git commit -qm x");
  result r = ok(prim_git_describe, "tags");
  char *want = sh_out("git -C tags describe --tags --always");
  assert_string_equal(r.out.u.s.data, want);
  free(want);
  tl_free(&r.out);
  sh("cd tags; git tag light; echo y >f; git commit -qam y; echo z >f; git commit -qam z");
  r = ok(prim_git_describe, "tags");
  want = sh_out("git -C tags describe --tags --always");
  assert_non_null(strstr(want, "light-2-g"));
  assert_string_equal(r.out.u.s.data, want);
  free(want);
  tl_free(&r.out);
}

/* --- refusals --- */

static void no_repository_is_not_found(void **state)
{
  (void)state;
  sh("mkdir plain");
  fails(prim_git_head, "plain", TL_ENOT_FOUND, "not in a git repository");
  fails(prim_git_status, "plain", TL_ENOT_FOUND, "not in a git repository");
}

static void unknown_formats_are_named(void **state)
{
  (void)state;
  sh("git init -q --object-format=sha256 sha256;"
     "git init -q wtc; git -C wtc config core.repositoryformatversion 1;"
     "git -C wtc config extensions.worktreeConfig true;"
     "git init -q partial; git -C partial config core.repositoryformatversion 1;"
     "git -C partial config extensions.partialClone origin;"
     "git init -q future; git -C future config core.repositoryformatversion 7");
  fails(prim_git_head, "sha256", TL_EUNSUPPORTED, "objectformat");
  fails(prim_git_head, "wtc", TL_EUNSUPPORTED, "worktreeconfig");
  fails(prim_git_head, "partial", TL_EUNSUPPORTED, "partialclone");
  fails(prim_git_head, "future", TL_EUNSUPPORTED, "version");
}

static void a_bare_repository_has_no_status(void **state)
{
  (void)state;
  sh("git init -q --bare bare.git");
  fails(prim_git_status, "bare.git", TL_EUNSUPPORTED, "bare");
  fails(prim_git_patch, "bare.git", TL_EUNSUPPORTED, "bare");
  result r = ok(prim_git_head, "bare.git");
  tl_free(&r.out);
}

static void a_foreign_repository_is_refused_in_plain_words(void **state)
{
  (void)state;
  if (geteuid() != 0) {
    skip();
  }
  sh("git init -q -b main foreign; cd foreign; echo x >f; git add f; git commit -qm x;"
     " chown -R 65534:65534 .");
  fails(prim_git_head, "foreign", TL_EREFUSED, "belongs to another user");
  result r = ask(prim_git_head, "foreign", NULL, true);
  assert_int_equal(r.rc, 0); /* the person at the command line pointed there */
  tl_free(&r.out);
}

static void a_working_tree_elsewhere_is_refused(void **state)
{
  (void)state;
  sh("mkdir treasure; echo secret >treasure/key; git init -q -b main lure;"
     " git -C lure config core.worktree $PWD/treasure");
  fails(prim_git_status, "lure", TL_EREFUSED, "core.worktree");
  fails(prim_git_patch, "lure", TL_EREFUSED, "core.worktree");
  sh("mkdir -p outer/key; git init -q -b main outer/lure;"
     " git -C outer/lure config core.worktree $PWD/outer");
  fails(prim_git_patch, "outer/lure", TL_EREFUSED, "core.worktree");
}

static void a_link_is_not_followed_for_a_recipe(void **state)
{
  (void)state;
  sh("git init -q -b main real; ln -s real alias");
  fails(prim_git_head, "alias", TL_EREFUSED, "link");
}

static void a_damaged_repository_fails_cleanly(void **state)
{
  (void)state;
  sh("git init -q -b main broken; cd broken; echo x >f; git add f; git commit -qm x;"
     " find .git/objects -type f -exec sh -c ': >\"$1\"' - {} \\;");
  result r = ask(prim_git_head, "broken", NULL, false);
  assert_true(r.rc < 0);
  r = ask(prim_git_patch, "broken", NULL, false);
  assert_true(r.rc < 0);
}

/* libgit2 1.5.1 reads a loose object that was cut short for ever. */
static void an_endless_read_is_ended(void **state)
{
  (void)state;
  sh("git init -q -b main cut; cd cut; echo x >f; git add f; git commit -qm x; echo y >f;"
     " o=.git/objects/$(git rev-parse HEAD:f | sed 's,^..,&/,'); chmod +w $o; truncate -s -6 $o");
  unsigned usual = tl_git_cpu_seconds;
  tl_git_cpu_seconds = 1;
  fails(prim_git_patch, "cut", TL_ETIMEOUT, "git fsck");
  tl_git_cpu_seconds = usual;
}

static int crash_work(tl_call *call)
{
  (void)call;
  (void)signal(SIGSEGV, SIG_DFL);
  return raise(SIGSEGV);
}

static int stop_work(tl_call *call)
{
  (void)call;
  return raise(SIGINT);
}

static int write_work(tl_call *call)
{
  char path[128];
  (void)snprintf(path, sizeof path, "%s/written", base);
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  (void)signal(SIGXFSZ, SIG_IGN);
  call->out = tl_bool(fd >= 0 && write(fd, "x", 1) == 1);
  (void)close(fd);
  return 0;
}

static int memory_work(tl_call *call)
{
  void *volatile p = malloc((size_t)3 << 30);
  call->out = tl_bool(p != NULL);
  free(p);
  return 0;
}

/* Whatever becomes of the reader, the supervisor lives and says so. */
static void a_reader_that_dies_is_an_error(void **state)
{
  (void)state;
  sigset_t block;
  sigset_t old;
  (void)sigemptyset(&block);
  (void)sigaddset(&block, SIGINT);
  assert_int_equal(sigprocmask(SIG_BLOCK, &block, &old), 0); /* as the supervisor has it */
  tl_call call = {0};
  assert_int_equal(tl_git_apart(&call, crash_work), TL_EIO);
  assert_int_equal(tl_git_apart(&call, stop_work), TL_EINTERRUPTED);
#ifndef TL_SANITIZED
  assert_int_equal(tl_git_apart(&call, write_work), 0);
  assert_int_equal(call.out.u.b, false);
  assert_int_equal(tl_git_apart(&call, memory_work), 0);
  assert_int_equal(call.out.u.b, false);
#else
  (void)write_work;
  (void)memory_work;
#endif
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Nothing that a repository's configuration names is run. */
static void hostile_configuration_runs_nothing(void **state)
{
  (void)state;
  sh("cat >evil.sh <<'END'\n#!/bin/sh\ntouch "
     "\"$(dirname \"$0\")\"/ran\ncat\nEND\n"
     "chmod +x evil.sh; git init -q -b main hostile; cd hostile; echo 'f filter=evil diff=evil' "
     ">.gitattributes; echo x >f; git add .; git commit -qm x; rm -f ../ran;"
     "e=$PWD/../evil.sh; for k in filter.evil.clean filter.evil.smudge filter.evil.process "
     "diff.evil.command diff.evil.textconv diff.external core.fsmonitor core.sshCommand core.pager "
     "core.editor credential.helper uploadpack.packObjectsHook; do git config $k $e; done;"
     "git config core.hooksPath $PWD/hooks; mkdir hooks; for h in post-index-change pre-commit "
     "fsmonitor-watchman; do cp $e hooks/$h; done; echo y >>f; echo new >g");
  static tl_prim *const prims[] = {prim_git_head, prim_git_branch, prim_git_describe,
                                   prim_git_status, prim_git_patch};
  for (size_t i = 0; i < sizeof prims / sizeof *prims; i++) {
    result r = ok(prims[i], "hostile");
    tl_free(&r.out);
  }
  sh("test ! -e ran");
}

static void the_users_configuration_has_no_effect(void **state)
{
  (void)state;
  sh("git init -q -b main home-test; cd home-test; echo x >f; git add f; git commit -qm x;"
     " echo y >hidden.txt; mkdir -p ../home/git; echo 'hidden.txt' >../home/ignore;"
     " echo 'hidden.txt' >../home/git/ignore;"
     " printf '[core]\\n\\texcludesfile = %s\\n' $PWD/../home/ignore >../home/.gitconfig");
  result r = ok(prim_git_status, "home-test"); /* HOME and XDG_CONFIG_HOME: see main */
  assert_int_equal(tl_len(&r.out), 1);
  tl_free(&r.out);
}

/* --- status --- */

static char *listing(const tl_val *list)
{
  tl_buf text = TL_BUF(1 << 16);
  size_t len;
  for (size_t i = 0; i < tl_len(list); i++) {
    const tl_val *entry = tl_at(list, i);
    assert_int_equal(tl_buf_fmt(&text, "%s %s\n", tl_get_str(entry, "path", "?"),
                                tl_get_str(entry, "state", "?")),
                     0);
  }
  return tl_buf_take(&text, &len);
}

static void assert_status(const char *dir, const tl_val *exclude, const char *want)
{
  result r = ask(prim_git_status, dir, exclude, false);
  if (r.rc != 0) {
    fail_msg("%s", r.err.msg);
  }
  char *have = listing(&r.out);
  assert_string_equal(have, want);
  free(have);
  tl_free(&r.out);
}

static void status_lists_each_path_sorted(void **state)
{
  (void)state;
  sh("git init -q -b main st; cd st; printf 'ign/\\n*.o\\n' >.gitignore;"
     "for f in B a c d e g; do echo $f >$f; done; git add .; git commit -qm x");
  assert_status("st", NULL, "");
  sh("cd st; mkdir -p new/deep ign; echo 1 >new/deep/one; echo 2 >new/two; echo 3 >ign/x;"
     " echo >x.o;"
     "echo more >>a; rm B; git rm -q c; echo s >staged; git add staged; echo again >>staged;"
     "git rm -q --cached d; rm e; ln -s a e; chmod +x g; echo t >t; git add t; rm t");
  assert_status("st", NULL,
                "B deleted\na modified\nc deleted\nd modified\ne typechange\ng modified\n"
                "new/deep/one untracked\nnew/two untracked\nstaged added\nt deleted\n");
}

static void exclude_takes_whole_components(void **state)
{
  (void)state;
  sh("git init -q -b main ex; cd ex; echo x >x; git add x; git commit -qm x;"
     "mkdir -p 2026/11/22 2026x runs notes/2026; echo 1 >2026/11/22/a; echo 1 >2026x/a;"
     " echo 1 >runs/r;"
     "echo 1 >runs.csv; echo 1 >notes/2026/n; echo 1 >latest");
  tl_val x = tl_list();
  tl_push(&x, tl_str("2026/"));
  tl_push(&x, tl_str("runs"));
  tl_push(&x, tl_str("latest"));
  assert_status("ex", &x, "2026x/a untracked\nnotes/2026/n untracked\nruns.csv untracked\n");
  tl_free(&x);
  x = tl_list();
  tl_push(&x, tl_str("~^20[0-9][0-9]/"));
  assert_status("ex", &x,
                "2026x/a untracked\nlatest untracked\nnotes/2026/n untracked\n"
                "runs.csv untracked\nruns/r untracked\n");
  tl_free(&x);
}

static void exclude_refuses_what_is_no_list_of_paths(void **state)
{
  (void)state;
  static const char *const bad[] = {"", "~((", "~(a{255}){255}", "~(a*)\\1",
                                    "~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                    "aaaaaaaaaaaaaaaaaaaa"};
  sh("git init -q -b main exbad");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tl_val x = tl_list();
    tl_push(&x, tl_str(bad[i]));
    result r = ask(prim_git_status, "exbad", &x, false);
    assert_int_equal(r.rc, TL_EARGUMENT);
    tl_free(&x);
  }
  tl_val counted = tl_list(); /* only the command line may count */
  tl_push(&counted, tl_str("~^[0-9]{4}/"));
  assert_int_equal(ask(prim_git_status, "exbad", &counted, true).rc, 0);
  tl_free(&counted);
  tl_val many = tl_list();
  for (int i = 0; i < 257; i++) {
    tl_push(&many, tl_str("x"));
  }
  assert_int_equal(ask(prim_git_status, "exbad", &many, false).rc, TL_ELIMIT);
  tl_free(&many);
}

/* --- patch --- */

static void save(const char *name, const tl_val *patch)
{
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", base, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(patch->u.s.data, 1, patch->u.s.len, f), patch->u.s.len);
  assert_int_equal(fclose(f), 0);
}

/* The patch, applied by git to a clean checkout, must give the very tree of the working folder. */
static result check_patch(const char *dir)
{
  result r = ok(prim_git_patch, dir);
  char script[1024];
  save("the.patch", tl_get(&r.out, "patch"));
  (void)snprintf(script, sizeof script,
                 "rm -rf clean; git clone -q --no-local %s clean 2>/dev/null; cd clean;"
                 "if test -s ../the.patch; then git apply --index --whitespace=nowarn"
                 " ../the.patch; fi;"
                 "git write-tree >../tree.have;"
                 "cd ../%s; cp .git/index ../index.tmp; GIT_INDEX_FILE=$PWD/../index.tmp;"
                 "export GIT_INDEX_FILE; git read-tree HEAD; git add -A;"
                 " git write-tree >../tree.want;"
                 "cmp ../tree.have ../tree.want",
                 dir, dir);
  sh(script);
  const tl_val *left = tl_get(&r.out, "left_out");
  for (size_t i = 0; i < tl_len(left); i++) {
    print_error("left out: %s: %s\n", tl_get_str(tl_at(left, i), "path", "?"),
                tl_get_str(tl_at(left, i), "reason", "?"));
  }
  assert_false(tl_get_bool(&r.out, "truncated", true));
  assert_text(&r.out, "tree", "cat tree.want");
  return r;
}

static void a_patch_carries_every_kind_of_change(void **state)
{
  (void)state;
  sh("git init -q -b main pa; cd pa; seq 1 100 >long; echo no-newline | tr -d '\\n' >nonl;"
     "head -c 3000 /dev/urandom >bin; head -c 900 /dev/urandom >bin2; echo x >mode; echo x >gone;"
     "echo x >staged-gone; echo x >kept; ln -s long link; echo f >file; mkdir dir; echo d >dir/d;"
     ": >empty; echo 'sp' >'with space'; echo q >'qu\"ote'; printf 'tab' >'ta\tb';"
     " echo u >'gr\303\274n';"
     "printf 'a\\r\\nb\\r\\n' >crlf; git add .; git commit -qm base");
  sh("cd pa; sed -i 's/^50$/fifty/' long; echo more >>nonl; head -c 3000 /dev/urandom >bin;"
     "rm bin2; chmod +x mode; rm gone; git rm -q staged-gone; git rm -q --cached kept; rm link;"
     "ln -s nowhere link; rm file; mkdir file; echo in >file/in; rm -r dir; echo now >dir;"
     " rm empty;"
     "echo 2 >>'with space'; echo 2 >>'qu\"ote'; echo 2 >>'ta\tb'; echo 2 >>'gr\303\274n';"
     "printf 'c\\r\\n' >>crlf; echo st >staged; git add staged; echo un >>staged;"
     "head -c 5000 /dev/urandom >newbin; echo exec >tool; chmod +x tool; ln -s tool tool-link;"
     ": >new-empty; printf 'no end' >new-nonl; mkdir -p deep/er; echo x >deep/er/x;"
     "echo n >'new space'; echo n >'new\ttab'; printf 'l1\\nl2\\n' >'-dash'");
  result r = check_patch("pa");
  assert_true(tl_get_int(&r.out, "files", 0) > 25);
  tl_free(&r.out);
}

static void a_file_for_a_link_and_back(void **state)
{
  (void)state;
  sh("git init -q -b main ty; cd ty; echo x >f; ln -s f l; mkdir d; echo 1 >d/f; mkdir e;"
     " echo 2 >e/f;"
     "git add .; git commit -qm x; rm f l; ln -s e f; echo y >l; rm -r d; ln -s e d");
  result r = check_patch("ty");
  tl_free(&r.out);
}

static void an_unchanged_tree_gives_an_empty_patch(void **state)
{
  (void)state;
  sh("git init -q -b main same; cd same; echo x >f; git add f; git commit -qm x; touch -d @1 f");
  result r = check_patch("same");
  assert_int_equal(tl_len(tl_get(&r.out, "patch")), 0);
  assert_int_equal(tl_get_int(&r.out, "files", -1), 0);
  tl_free(&r.out);
}

static void a_conflict_is_taken_as_it_lies_there(void **state)
{
  (void)state;
  sh("git init -q -b main co; cd co; echo 1 >f; echo 1 >g; git add .; git commit -qm 1;"
     "git checkout -q -b side; echo 2 >f; git rm -q g; git commit -qam 2; git checkout -q main;"
     "echo 3 >f; echo 3 >g; git commit -qam 3; git merge -q side >/dev/null 2>&1 || true");
  result r = ok(prim_git_status, "co");
  assert_string_equal(tl_get_str(tl_at(&r.out, 0), "state", ""), "conflicted");
  tl_free(&r.out);
  r = check_patch("co");
  tl_free(&r.out);
}

static void the_first_commit_may_be_missing(void **state)
{
  (void)state;
  sh("git init -q -b main first; cd first; echo 1 >f; echo 2 >g; git add f");
  result r = ok(prim_git_patch, "first");
  save("first.patch", tl_get(&r.out, "patch"));
  sh("git init -q first-clean; cd first-clean; git apply ../first.patch; cmp f ../first/f;"
     " cmp g ../first/g");
  tl_free(&r.out);
}

static void configuration_does_not_change_the_patch(void **state)
{
  (void)state;
  sh("git init -q -b main cfg; cd cfg; seq 1 50 >f; git add f; git commit -qm x; echo y >>f;"
     " echo n >n");
  result plain = ok(prim_git_patch, "cfg");
  sh("cd cfg; git config diff.noprefix true; git config diff.mnemonicPrefix true;"
     "git config diff.context 9; git config diff.algorithm patience; git config core.abbrev 8;"
     "git config diff.renames copies; git config core.quotePath false;"
     "git config diff.interHunkContext 5; git config diff.ignoreSubmodules all");
  result odd = check_patch("cfg");
  assert_true(tl_equal(&plain.out, &odd.out));
  tl_free(&plain.out);
  tl_free(&odd.out);
}

static void line_ends_are_converted_as_git_does(void **state)
{
  (void)state;
  sh("git init -q -b main eol; cd eol; echo '* text=auto eol=lf' >.gitattributes;"
     " printf 'a\\nb\\n' >f;"
     "git add .; git commit -qm x; printf 'a\\r\\nb\\r\\nc\\r\\n' >f");
  result r = check_patch("eol");
  assert_null(strchr(tl_get_str(&r.out, "patch", ""), '\r'));
  tl_free(&r.out);
}

static void exclude_holds_for_the_patch(void **state)
{
  (void)state;
  sh("git init -q -b main pex; cd pex; mkdir 2025; echo 1 >2025/t; echo 1 >f; git add .;"
     "git commit -qm x; echo 2 >2025/t; echo 2 >f; mkdir 2026; echo 3 >2026/n");
  tl_val x = tl_list();
  tl_push(&x, tl_str("~^20[0-9][0-9]/"));
  result r = ask(prim_git_patch, "pex", &x, false);
  assert_int_equal(r.rc, 0);
  const char *patch = tl_get_str(&r.out, "patch", "");
  assert_int_equal(tl_get_int(&r.out, "files", 0), 1);
  assert_non_null(strstr(patch, "a/f"));
  assert_null(strstr(patch, "2025"));
  assert_null(strstr(patch, "2026"));
  tl_free(&r.out);
  tl_free(&x);
}

static void what_does_not_fit_is_named(void **state)
{
  (void)state;
  sh("git init -q -b main big; cd big; echo 1 >f; git add .; git commit -qm x; echo 2 >f;"
     "truncate -s 65M huge; mkfifo pipe; git init -q nested; cd nested; echo 1 >f; git add f;"
     "git commit -qm x");
  result r = ok(prim_git_patch, "big");
  const tl_val *left = tl_get(&r.out, "left_out");
  assert_true(tl_get_bool(&r.out, "truncated", false));
  assert_null(tl_get(&r.out, "tree"));
  assert_int_equal(tl_get_int(&r.out, "files", 0), 1);
  assert_int_equal(tl_len(left), 2);
  assert_string_equal(tl_get_str(tl_at(left, 0), "path", ""), "huge");
  assert_string_equal(tl_get_str(tl_at(left, 0), "reason", ""), "too large");
  assert_string_equal(tl_get_str(tl_at(left, 1), "path", ""), "nested/");
  tl_free(&r.out);
}

static void what_may_be_secret_stays_out(void **state)
{
  (void)state;
  sh("git init -q -b main sec; cd sec; mkdir -p secrets sub/secrets; echo old >secrets/tracked;"
     "echo 1 >f; git add .; git commit -qm x; echo CANARY >secrets/tracked; echo CANARY >.env;"
     "echo CANARY >sub/secrets/x; echo CANARY >tls.KEY; echo CANARY >id_ed25519; echo 2 >f");
  result r = ok(prim_git_patch, "sec");
  assert_null(strstr(tl_get_str(&r.out, "patch", ""), "CANARY"));
  assert_int_equal(tl_get_int(&r.out, "files", 0), 1);
  assert_int_equal(tl_len(tl_get(&r.out, "left_out")), 5);
  assert_true(tl_get_bool(&r.out, "truncated", false));
  tl_free(&r.out);
}

static void what_was_large_in_head_stays_out(void **state)
{
  (void)state;
  sh("git init -q -b main was; cd was; truncate -s 65M huge; truncate -s 65M gone; echo 1 >f;"
     "git add .; git commit -qm x; echo small >huge; rm gone; echo 2 >f");
  result r = ok(prim_git_patch, "was");
  assert_int_equal(tl_get_int(&r.out, "files", 0), 1);
  assert_int_equal(tl_len(tl_get(&r.out, "left_out")), 2);
  tl_free(&r.out);
}

/* Text of 40 MiB each: every file is small enough, the patch of both is not. */
static void the_whole_patch_has_a_limit(void **state)
{
  (void)state;
  sh("git init -q -b main cap; cd cap; echo 1 >f; git add .; git commit -qm x;"
     "yes 0123456789abcdef | head -c 40000000 >one; cp one two");
  result r = ok(prim_git_patch, "cap");
  assert_int_equal(tl_get_int(&r.out, "files", 0), 1);
  assert_string_equal(tl_get_str(tl_at(tl_get(&r.out, "left_out"), 0), "path", ""), "two");
  tl_free(&r.out);
}

static void submodules_are_their_commit(void **state)
{
  (void)state;
  sh("git init -q -b main lib; cd lib; echo 1 >f; git add f; git commit -qm 1; cd ..;"
     "git init -q -b main app; cd app; git -c protocol.file.allow=always submodule --quiet add"
     " $PWD/../lib lib; git commit -qm 1; cd lib; echo 2 >f; git commit -qam 2");
  result r = ok(prim_git_patch, "app");
  char *want = sh_out("git -C app diff --full-index HEAD; echo");
  assert_non_null(strstr(want, "+Subproject commit "));
  assert_string_equal(tl_get_str(&r.out, "patch", ""), want);
  free(want);
  tl_free(&r.out);
  sh("cd app; git add lib; git commit -qm 2; echo dirty >lib/f");
  r = ok(prim_git_patch, "app");
  assert_true(tl_get_bool(&r.out, "truncated", false));
  assert_string_equal(tl_get_str(tl_at(tl_get(&r.out, "left_out"), 0), "reason", ""),
                      "changes inside a submodule");
  tl_free(&r.out);
}

/* Reading writes nothing: every file of .git is as it was, by name, content and time. */
static void nothing_is_written_to_the_repository(void **state)
{
  (void)state;
  sh("git init -q -b main ro; cd ro; seq 1 9 >f; echo g >g; git add .; git commit -qm x;"
     " echo y >>f;"
     "echo n >n; echo y >staged; git add staged; sleep 0.02;"
     "find .git -printf '%p %T@ %s\\n' | sort >../before; find .git -type f | sort | xargs"
     " sha256sum"
     " >>../before");
  result r = ok(prim_git_status, "ro");
  tl_free(&r.out);
  r = ok(prim_git_patch, "ro");
  tl_free(&r.out);
  sh("cd ro; find .git -printf '%p %T@ %s\\n' | sort >../after; find .git -type f | sort | xargs"
     " sha256sum >>../after; diff ../before ../after");
}

/* Random changes from a fixed seed: whatever happens to a tree, the patch gives it back. */
static void random_changes_come_back(void **state)
{
  (void)state;
  for (unsigned seed = 1; seed <= 12; seed++) {
    char script[2048];
    (void)snprintf(
        script, sizeof script,
        "rm -rf rnd; git init -q -b main rnd; cd rnd; cat >../rnd.awk <<'END'\n"
        "BEGIN { srand(%u); for (i = 0; i < 40; i++) {\n"
        " n = int(rand() * 12); p = (rand() < .5 ? \"d\" int(rand() * 3) \"/\" : \"\") \"f\" n;\n"
        " k = int(rand() * 9); q = \"'\" p \"'\";\n"
        " if (k < 3) print \"{ mkdir -p $(dirname \" q \") && seq \" i \" \" i + n \" >\" q \";"
        " } 2>/dev/null\";\n"
        " else if (k == 3) print \"rm -rf \" q; else if (k == 4) print \"git add -A \" q \""
        " 2>/dev/null\";\n"
        " else if (k == 5) print \"{ rm -rf d\" n %% 3 \"; echo f >d\" n %% 3 \"; }\";\n"
        " else if (k == 6) print \"{ rm -rf d\" n %% 3 \"; mkdir d\" n %% 3 \"; }\";\n"
        " else if (k == 7) print \"git rm -rq --cached \" q \" 2>/dev/null\";\n"
        " else print \"chmod +x \" q \" 2>/dev/null\"; print \"true\" } }\n"
        "END\n"
        "awk -f ../rnd.awk | sed 20q >../a.sh; awk -f ../rnd.awk | sed 1,20d >../b.sh; set +e;"
        ". ../a.sh; echo k >k; git add -A; git commit -qm x; . ../b.sh; true",
        seed);
    sh(script);
    result r = check_patch("rnd");
    tl_free(&r.out);
  }
}

static void set(const char *name, const char *value)
{
  assert_int_equal(setenv(name, value, 1), 0);
}

static int set_up(void **state)
{
  (void)state;
  static char home[sizeof base + 8];
  if (!mkdtemp(base)) {
    return -1;
  }
  (void)snprintf(home, sizeof home, "%s/home", base);
  set("HOME", home); /* libgit2 sees these too, and must not look there */
  set("XDG_CONFIG_HOME", home);
  set("GIT_CONFIG_GLOBAL", "/dev/null");
  set("GIT_CONFIG_NOSYSTEM", "1");
  set("GIT_AUTHOR_NAME", "Ada Lovelace");
  set("GIT_AUTHOR_EMAIL", "ada@example.org");
  set("GIT_AUTHOR_DATE", "1700000000 +0100");
  set("GIT_COMMITTER_NAME", "Charles Babbage");
  set("GIT_COMMITTER_EMAIL", "charles@example.org");
  set("GIT_COMMITTER_DATE", "1700000001 +0000");
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  char command[64];
  (void)snprintf(command, sizeof command, "rm -rf %s", base);
  return system(command);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(head_says_what_git_says),
      cmocka_unit_test(the_folder_may_lie_below),
      cmocka_unit_test(a_detached_head_has_no_branch),
      cmocka_unit_test(an_unborn_head_is_no_error),
      cmocka_unit_test(a_shallow_clone_says_so),
      cmocka_unit_test(a_linked_worktree_works),
      cmocka_unit_test(describe_says_what_git_says),
      cmocka_unit_test(no_repository_is_not_found),
      cmocka_unit_test(unknown_formats_are_named),
      cmocka_unit_test(a_bare_repository_has_no_status),
      cmocka_unit_test(a_foreign_repository_is_refused_in_plain_words),
      cmocka_unit_test(a_working_tree_elsewhere_is_refused),
      cmocka_unit_test(a_link_is_not_followed_for_a_recipe),
      cmocka_unit_test(a_damaged_repository_fails_cleanly),
      cmocka_unit_test(an_endless_read_is_ended),
      cmocka_unit_test(a_reader_that_dies_is_an_error),
      cmocka_unit_test(hostile_configuration_runs_nothing),
      cmocka_unit_test(the_users_configuration_has_no_effect),
      cmocka_unit_test(status_lists_each_path_sorted),
      cmocka_unit_test(exclude_takes_whole_components),
      cmocka_unit_test(exclude_refuses_what_is_no_list_of_paths),
      cmocka_unit_test(a_patch_carries_every_kind_of_change),
      cmocka_unit_test(a_file_for_a_link_and_back),
      cmocka_unit_test(an_unchanged_tree_gives_an_empty_patch),
      cmocka_unit_test(a_conflict_is_taken_as_it_lies_there),
      cmocka_unit_test(the_first_commit_may_be_missing),
      cmocka_unit_test(configuration_does_not_change_the_patch),
      cmocka_unit_test(line_ends_are_converted_as_git_does),
      cmocka_unit_test(exclude_holds_for_the_patch),
      cmocka_unit_test(what_does_not_fit_is_named),
      cmocka_unit_test(what_may_be_secret_stays_out),
      cmocka_unit_test(what_was_large_in_head_stays_out),
      cmocka_unit_test(the_whole_patch_has_a_limit),
      cmocka_unit_test(submodules_are_their_commit),
      cmocka_unit_test(nothing_is_written_to_the_repository),
      cmocka_unit_test(random_changes_come_back),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
