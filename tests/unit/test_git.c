/* git.head, git.branch, git.describe and git.status against repositories made by the real git. */
#include "git_help.h"

#include <sys/inotify.h>

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

/* A repository that a stranger, or a recipe in its run's folder, made of paths to another one. */
static void parts_that_lie_elsewhere_are_refused(void **state)
{
  (void)state;
  sh("git init -q -b main theirs; cd theirs; echo x >f; git add f; git commit -qm x; cd ..;"
     "m() { mkdir -p $1/objects $1/refs; cp theirs/.git/HEAD theirs/.git/config $1; };"
     "m common; echo $PWD/theirs/.git >common/commondir;"
     "m alt; mkdir alt/objects/info; echo $PWD/theirs/.git/objects >alt/objects/info/alternates;"
     "m alt2; mkdir alt2/objects/info; echo ../../alt/objects >alt2/objects/info/alternates;"
     "m ring; mkdir ring/objects/info; echo . >ring/objects/info/alternates;"
     "m pack; ln -s $PWD/theirs/.git/objects/pack pack/objects/pack;"
     "m objects; rmdir objects/objects; ln -s $PWD/theirs/.git/objects objects/objects;"
     "m pipe; mkfifo pipe/packed-refs;"
     "mkdir file; echo \"gitdir: $PWD/theirs/.git\" >file/.git;"
     "mkdir link; ln -s $PWD/theirs/.git link/.git");
  static const char *const all[] = {"common", "alt", "alt2", "pack", "objects", "file", "link"};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    fails(prim_git_head, all[i], TL_ENOT_PERMITTED, "--allow-read=");
  }
  fails(prim_git_head, "ring", TL_EREFUSED, "alternates");
  fails(prim_git_head, "pipe", TL_EREFUSED, "packed-refs");
  result r = ask(prim_git_head, "file", NULL, true); /* the person at the command line may */
  assert_int_equal(r.rc, 0);
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
     " chmod -R u+w .git; find .git/objects -type f -exec sh -c ': >\"$1\"' - {} \\;");
  result r = ask(prim_git_head, "broken", NULL, false);
  assert_true(r.rc < 0);
  r = ask(prim_git_patch, "broken", NULL, false);
  assert_true(r.rc < 0);
}

/* libgit2 1.5.1 reads a loose object that was cut short for ever. */
static int spin_work(tl_call *call)
{
  for (volatile uint64_t n = 0; n < UINT64_MAX; n++) {}
  (void)call;
  return 0;
}

static void an_endless_read_is_ended(void **state)
{
  (void)state;
  unsigned usual = tl_git_cpu_seconds;
  tl_call call = {0};
  tl_git_cpu_seconds = 1;
  assert_int_equal(tl_git_apart(&call, spin_work), TL_ETIMEOUT);
  assert_non_null(strstr(call.err.msg, "git fsck"));
  tl_git_cpu_seconds = usual;
}

/* libgit2 would read the first of them for ever. */
static void a_damaged_loose_object_is_an_error(void **state)
{
  (void)state;
  sh("git init -q -b main cut; cd cut; seq 9999 >f; git add f; git commit -qm x; echo y >f;"
     " echo .git/objects/$(git rev-parse HEAD:f | sed 's,^..,&/,') >../name; chmod +w $(cat "
     "../name);"
     " cp $(cat ../name) ../whole");
  static const char *const ways[] = {"truncate -s -6", "truncate -s 3000", "truncate -s 5",
                                     "truncate -s 0"};
  unsigned usual = tl_git_cpu_seconds;
  tl_git_cpu_seconds = 1;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    char script[128];
    (void)snprintf(script, sizeof script, "cd cut; cp ../whole $(cat ../name); %s $(cat ../name)",
                   ways[i]);
    sh(script);
    fails(prim_git_patch, "cut", TL_EIO, "");
  }
  sh("cd cut; cp ../whole $(cat ../name)");
  result r = ok(prim_git_patch, "cut");
  tl_free(&r.out);
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
  static tl_prim *const prims[] = {prim_git_head,   prim_git_branch, prim_git_describe,
                                   prim_git_status, prim_git_patch,  prim_git_state};
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

/* Was the folder opened while git.status looked at the repository around it? */
static bool looks_into(const char *folder, const char *dir, const char *pattern, const char *want)
{
  char events[4096];
  char *path = sh_out("pwd");
  tl_buf full = TL_BUF(4096);
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  assert_int_equal(tl_buf_fmt(&full, "%s/%s/%s", path, dir, folder), 0);
  assert_true(inotify_add_watch(fd, full.data, IN_OPEN) >= 0);
  tl_val x = tl_list();
  tl_push(&x, tl_str(pattern));
  tl_push(&x, tl_str("~^2026/.*$")); /* the `$` says nothing of a folder as a whole */
  result r = ask(prim_git_status, dir, &x, true);
  assert_int_equal(r.rc, 0);
  char *have = listing(&r.out);
  assert_string_equal(have, want);
  ssize_t n = read(fd, events, sizeof events);
  free(have);
  free(path);
  tl_free(&r.out);
  tl_free(&x);
  tl_buf_free(&full);
  (void)close(fd);
  return n > 0;
}

static void what_is_excluded_is_not_walked(void **state)
{
  (void)state;
  sh("git init -q -b main nowalk; cd nowalk; mkdir -p 2026/11/22/run 2026/11/23 'a [*] \\b/c';"
     "echo 1 >2026/11/22/run/f; echo 1 >2026/11/22/kept; echo 1 >'a [*] \\b/c/f'; echo 1 >x;"
     "git add x 2026/11/22/kept; git commit -qm x; echo 2 >2026/11/22/kept");
  const char *odd = "a [*] \\b/c";
  static const char both[] = "a [*] \\b/c/f untracked\n";
  assert_true(looks_into("2026/11/22/run", "nowalk", "nothing", both));
  assert_false(looks_into("2026/11/22/run", "nowalk", "/**/20[0-9][0-9]/[0-9][0-9]/22/", both));
  assert_false(looks_into("2026/11/22/run", "nowalk", "2026/11/", both));
  assert_false(looks_into("2026/11/22/run", "nowalk", "~^2026/", both));
  assert_true(looks_into(odd, "nowalk", "nothing", both));
  assert_false(looks_into(odd, "nowalk", "a [*] \\b", ""));
  /* A rule alone leaves out no tracked file. */
  tl_val x = tl_list();
  tl_push(&x, tl_str("/**/2026/"));
  result r = ask(prim_git_status, "nowalk", &x, true);
  char *have = listing(&r.out);
  assert_string_equal(have, "2026/11/22/kept modified\na [*] \\b/c/f untracked\n");
  free(have);
  tl_free(&r.out);
  tl_free(&x);
}

/* The lines of a listing that do not begin with 2026/10/, freed by the caller. */
static char *without_october(const char *listing)
{
  tl_buf out = TL_BUF(1 << 20);
  assert_int_equal(tl_buf_str(&out, ""), 0);
  for (const char *line = listing; *line; line = strchr(line, '\n') + 1) {
    if (strncmp(line, "2026/10/", 8) != 0) {
      assert_int_equal(tl_buf_add(&out, line, strcspn(line, "\n") + 1), 0);
    }
  }
  return tl_buf_take(&out, NULL);
}

/* Tracked folders that are left out narrow where libgit2 looks: what is said of all else must be
 * the same as without. Each round changes the working tree, the index or HEAD in a random way. */
static void what_is_left_out_changes_nothing_else(void **state)
{
  (void)state;
  sh("git init -q -b main scope; cd scope;"
     "mkdir -p dir/deep 2026/10/01/run 2026/10/02 2026/11 2025/12/31;"
     "for f in a dir/b dir/deep/c 2026/odd 2026/10/01/run/f 2026/10/02/g 2026/11/h 2025/12/31/i;"
     "do echo $f >$f; done; git add .; git commit -qm all");
  static const char *const changes[] = {"echo $RANDOM >>$p",
                                        "rm -rf $p",
                                        "git rm -rq --cached --ignore-unmatch $p",
                                        "git add -A $p",
                                        "mkdir -p $p 2>/dev/null; echo 1 >$p/new",
                                        "git commit -qam more",
                                        "rm -rf $p; ln -s /etc $p",
                                        "echo 1 >$p~"};
  static const char *const paths[] = {
      "a",          "dir/b",   "dir/deep",  "dir",     "2026/odd", "2026/10/01/run/f",
      "2026/10/02", "2026/11", "2026/11/h", "2026/10", "x/y"};
  static const char *const left_out[] = {"~^2026/10/", "2026/10", "2026/10/"};
  srand(7);
  for (int round = 0; round < 60; round++) {
    char script[512];
    (void)snprintf(script, sizeof script, "cd scope; p=%s; (%s) >/dev/null 2>&1 || true",
                   paths[(size_t)rand() % (sizeof paths / sizeof *paths)],
                   changes[(size_t)rand() % (sizeof changes / sizeof *changes)]);
    sh(script);
    tl_val x = tl_list();
    tl_push(&x, tl_str(left_out[round % 3]));
    result all = ok(prim_git_status, "scope"), some = ask(prim_git_status, "scope", &x, true);
    assert_int_equal(some.rc, 0);
    char *full = listing(&all.out), *want = without_october(full), *have = listing(&some.out);
    if (strcmp(have, want) != 0) {
      fail_msg("round %d, %s:\nwant\n%shave\n%s", round, script, want, have);
    }
    free(full);
    free(want);
    free(have);
    tl_free(&all.out);
    tl_free(&some.out);
    tl_free(&x);
  }
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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(head_says_what_git_says),
      cmocka_unit_test(the_folder_may_lie_below),
      cmocka_unit_test(a_detached_head_has_no_branch),
      cmocka_unit_test(an_unborn_head_is_no_error),
      cmocka_unit_test(a_shallow_clone_says_so),
      cmocka_unit_test(a_linked_worktree_works),
      cmocka_unit_test(parts_that_lie_elsewhere_are_refused),
      cmocka_unit_test(describe_says_what_git_says),
      cmocka_unit_test(no_repository_is_not_found),
      cmocka_unit_test(unknown_formats_are_named),
      cmocka_unit_test(a_bare_repository_has_no_status),
      cmocka_unit_test(a_foreign_repository_is_refused_in_plain_words),
      cmocka_unit_test(a_working_tree_elsewhere_is_refused),
      cmocka_unit_test(a_link_is_not_followed_for_a_recipe),
      cmocka_unit_test(a_damaged_repository_fails_cleanly),
      cmocka_unit_test(an_endless_read_is_ended),
      cmocka_unit_test(a_damaged_loose_object_is_an_error),
      cmocka_unit_test(a_reader_that_dies_is_an_error),
      cmocka_unit_test(hostile_configuration_runs_nothing),
      cmocka_unit_test(the_users_configuration_has_no_effect),
      cmocka_unit_test(status_lists_each_path_sorted),
      cmocka_unit_test(exclude_takes_whole_components),
      cmocka_unit_test(what_is_excluded_is_not_walked),
      cmocka_unit_test(what_is_left_out_changes_nothing_else),
      cmocka_unit_test(exclude_refuses_what_is_no_list_of_paths),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
