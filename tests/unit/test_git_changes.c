/* git.changes against `git diff-tree`: each path, mode, id, status, likeness and number. */
#include "history_make.h"

#include <sched.h>

/* A list of what a command prints, a line each. */
static tl_val lines_of(const char *script)
{
  tl_val list = tl_list();
  char *text = sh_out(script);
  for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
       line = strtok_r(NULL, "\n", &save)) {
    tl_push(&list, tl_str(line));
  }
  free(text);
  return list;
}

static result ask_changes(const char *dir, tl_val commits, const char *options)
{
  tl_val args[3] = {commits, tl_nil(), tl_str(dir)};
  int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
  tl_place place = {.dirfd = fd, .rel = dir, .shown = dir};
  tl_err e;
  assert_int_equal(tl_json_read(&args[1], options, strlen(options), &e), 0);
  tl_call call = {.args = args, .places = &place};
  result r = {.rc = prim_git_changes(&call)};
  r.out = call.out;
  r.err = call.err;
  for (size_t i = 0; i < 3; i++) {
    tl_free(&args[i]);
  }
  (void)close(fd);
  return r;
}

static void add(tl_buf *text, const char *bytes)
{
  assert_int_equal(tl_buf_add(text, bytes, strlen(bytes) + 1), 0);
}

/* The commit as `git diff-tree --raw --numstat -z` writes it. */
static void put_as_git(tl_buf *text, const tl_val *commit)
{
  const tl_val *files = tl_get(commit, "files");
  add(text, tl_get_str(commit, "commit", "?"));
  for (size_t i = 0; i < tl_len(files); i++) {
    const tl_val *f = tl_at(files, i);
    const char *old = tl_get_str(f, "old_path", NULL);
    assert_int_equal(tl_buf_fmt(text, ":%s %s %s %s %s", tl_get_str(f, "old_mode", ""),
                                tl_get_str(f, "new_mode", ""), tl_get_str(f, "old_id", ""),
                                tl_get_str(f, "new_id", ""), tl_get_str(f, "status", "")),
                     0);
    if (old) {
      assert_int_equal(tl_buf_fmt(text, "%03d", (int)tl_get_int(f, "similarity", -1)), 0);
      add(text, "");
      add(text, old);
    } else {
      add(text, "");
    }
    add(text, tl_get_str(f, "path", "?"));
  }
  for (size_t i = 0; i < tl_len(files); i++) {
    const tl_val *f = tl_at(files, i);
    const char *old = tl_get_str(f, "old_path", NULL);
    if (tl_get_bool(f, "binary", false)) {
      assert_null(tl_get(f, "insertions"));
      assert_int_equal(tl_buf_str(text, "-\t-\t"), 0);
    } else {
      assert_int_equal(tl_buf_fmt(text, "%d\t%d\t", (int)tl_get_int(f, "insertions", -1),
                                  (int)tl_get_int(f, "deletions", -1)),
                       0);
    }
    if (old) {
      add(text, "");
      add(text, old);
    }
    add(text, tl_get_str(f, "path", "?"));
  }
}

static void fail_where(const tl_buf *have, const char *want, size_t len)
{
  size_t at = 0, commit = 0;
  for (; at < have->len && at < len && have->data[at] == want[at]; at++) {
    if (want[at] == '\0' && strlen(want + at + 1) == 40) {
      commit = at + 1;
    }
  }
  fail_msg("%s: at byte %zu %s, wanted %s", want + commit, at, have->data + at, want + at);
}

/* All commits' changes are what `git diff-tree` with these options says. */
static void same_changes(const char *dir, const char *options, const char *words)
{
  tl_buf have = TL_BUF(64 << 20), script = TL_BUF(4096);
  char path[128];
  size_t len = 0;
  assert_int_equal(
      tl_buf_fmt(&script,
                 "git -C %s rev-list --all >list; git -C %s diff-tree --stdin -r --root "
                 "--always --no-abbrev --raw --numstat -z %s <list >wanted; cat list",
                 dir, dir, words),
      0);
  tl_val list = lines_of(script.data);
  result r = ask_changes(dir, list, options);
  if (r.rc != 0) {
    fail_msg("%s", r.err.msg);
  }
  for (size_t i = 0; i < tl_len(&r.out); i++) {
    put_as_git(&have, tl_at(&r.out, i));
  }
  (void)snprintf(path, sizeof path, "%s/wanted", base);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  char *want = tl_zalloc(64 << 20);
  len = fread(want, 1, (64 << 20) - 1, f);
  (void)fclose(f);
  if (len != have.len || memcmp(want, have.data, len) != 0) {
    fail_where(&have, want, len);
  }
  free(want);
  tl_free(&r.out);
  tl_buf_free(&have);
  tl_buf_free(&script);
}

static void random_histories_have_gits_numbers(void **state)
{
  (void)state;
  const char *seeds = getenv("TLAB_HISTORY_SEEDS"); /* for a longer search by hand */
  uint64_t n = seeds ? strtoull(seeds, NULL, 10) : 1;
  for (uint64_t seed = 1; seed <= n; seed++) {
    char dir[32];
    (void)snprintf(dir, sizeof dir, "random%llu", (unsigned long long)seed);
    make_random(dir, seed, 250);
    same_changes(dir, "{}", "-M");
    same_changes(dir, "{\"renames\":false}", "--no-renames");
    same_changes(dir, "{\"merges\":\"first-parent\"}", "-M --diff-merges=first-parent");
  }
}

/* Many of one content, many of one name, many of each that are only alike, empty files. */
static void mass_renames_are_gits(void **state)
{
  (void)state;
  sh("git init -q -b main mass; cd mass; mkdir a b c d e;"
     " awk 'BEGIN { for (i = 1; i <= 130; i++) { print \"same\" >(\"a/\" i); close(\"a/\" i);"
     " f = \"b/\" i; for (k = i; k <= i + 40; k++) print k >f; close(f);"
     " printf \"\" >(\"a/e\" i); close(\"a/e\" i) } }'; git add .; git commit -qm 1; mv a/e* d; rm "
     "-r a;"
     " awk 'BEGIN { for (i = 1; i <= 130; i++) { f = \"c/\" (i * 7 % 131); print \"same\" >f; "
     "close(f);"
     " f = \"d/x\" i; for (k = i; k <= i + 40; k++) print k >f; print i >f; close(f) } }'; rm -r b;"
     " git add -A .; git commit -qm 2; git mv d/x* e; git mv c f; seq 50 >e/new;"
     " git add -A .; git commit -qm 3; git ls-tree -r HEAD~2 | wc -l | grep -qx 390;"
     " git ls-tree -r HEAD~1 | wc -l | grep -qx 390");
  same_changes("mass", "{}", "-M");
}

/* Over a thousand times a thousand candidates git looks for equal contents and names only. */
static void too_many_candidates_are_left_as_by_git(void **state)
{
  (void)state;
  sh("git init -q -b main many; cd many; who='committer A <a@b> 1 +0000'; f() { seq 1100 |"
     " awk -v p=\"$1\" -v e=$2 '{ t = $1 \"\\nx\\n\" $1 \"\\ny\\n\" e \"\\n\";"
     " printf \"M 100644 inline %s%s\\ndata %d\\n%s\\n\", p, $1, length(t), t }'; };"
     " { printf 'commit refs/heads/main\\n%s\\ndata 0\\n' \"$who\"; f a/ z;"
     " printf 'commit refs/heads/main\\n%s\\ndata 0\\nR a/1 b/1\\nR a/2 b/new\\nD a\\n' \"$who\";"
     " f b/n w; } | git fast-import --quiet");
  same_changes("many", "{}", "-M -l1000");
}

static void a_large_file_and_old_modes(void **state)
{
  (void)state;
  sh("git init -q -b main large; cd large; seq 40000 >f; git add .; git commit -qm 1;"
     " sed -i 's/5$/five/' f; git add .; git commit -qm 2; seq 40000 | sort >f; git commit -qam 3;"
     " git mv f g; printf x >>g; git commit -qam 4;"
     " b=$(echo x | git hash-object -w --stdin);"
     " t=$(printf '100664 blob %s\\ta\\n' $b | git mktree);"
     " u=$(printf '100644 blob %s\\ta\\n' $b | git mktree);"
     " c=$(git commit-tree -m o $t); git update-ref refs/heads/old $(git commit-tree -p $c -m n "
     "$u)");
  same_changes("large", "{}", "-M");
}

static void one_processor_and_many_say_the_same(void **state)
{
  (void)state;
  cpu_set_t all, one;
  size_t first = 0;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  while (!CPU_ISSET(first, &all)) {
    first++;
  }
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  result r = ask_changes("random1", lines_of("git -C random1 rev-list --all"), "{}");
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  result s = ask_changes("random1", lines_of("git -C random1 rev-list --all"), "{}");
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
  assert_int_equal(tl_len(&r.out), 250);
  assert_true(tl_equal(&r.out, &s.out));
  tl_free(&r.out);
  tl_free(&s.out);
}

/* Patches too, where some have no room for all of their files. */
static void threads_leave_out_the_same(void **state)
{
  static const char options[] = "{\"patch\":true,\"max_patch\":2000}";
  (void)state;
  size_t cut = 0;
  tl_val revs = lines_of("git -C random1 rev-list --all");
  result all = ask_changes("random1", lines_of("git -C random1 rev-list --all"), options);
  assert_int_equal(all.rc, 0);
  for (size_t i = 0; i < tl_len(&revs); i++) {
    tl_val one = tl_list();
    tl_push(&one, tl_str(tl_at(&revs, i)->u.s.data));
    result r = ask_changes("random1", one, options);
    assert_true(tl_equal(tl_at(&r.out, 0), tl_at(&all.out, i)));
    cut += tl_get_bool(tl_at(&r.out, 0), "truncated", false);
    tl_free(&r.out);
  }
  assert_true(cut > 5 && cut < 200);
  tl_free(&revs);
  tl_free(&all.out);
}

static void a_shallow_commit_is_a_root(void **state)
{
  (void)state;
  sh("git clone -q --depth 2 -b b200 file://$PWD/random1 cut");
  same_changes("cut", "{}", "-M");
}

/* --- patches --- */

static void write_patch(const char *dir, const tl_val *commit)
{
  char path[256];
  const tl_val *patch = tl_get(commit, "patch");
  assert_non_null(patch);
  (void)snprintf(path, sizeof path, "%s/%s.patches/%s", base, dir,
                 tl_get_str(commit, "commit", ""));
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_int_equal(fwrite(patch->u.s.data, 1, patch->u.s.len, f), patch->u.s.len);
  assert_int_equal(fclose(f), 0);
}

/* On the parent's tree each patch gives the commit's, and but for binary parts, which each zlib packs
 * as it likes, it is git's own, byte for byte. The numbers are those without a patch. */
static void same_patches(const char *dir, const char *from, int commits)
{
  char script[2048];
  (void)snprintf(script, sizeof script,
                 "mkdir %s.patches; git -C %s rev-list %s --no-merges | head -%d", dir, dir, from,
                 commits);
  result r = ask_changes(dir, lines_of(script), "{\"patch\":true,\"max_patch\":67108864}");
  result plain =
      ask_changes(dir, lines_of(script + strlen("mkdir .patches; ") + strlen(dir)), "{}");
  assert_int_equal(r.rc, 0);
  for (size_t i = 0; i < tl_len(&r.out); i++) {
    write_patch(dir, tl_at(&r.out, i));
    assert_null(tl_get(tl_at(&r.out, i), "truncated"));
    assert_true(tl_equal(tl_get(tl_at(&r.out, i), "files"), tl_get(tl_at(&plain.out, i), "files")));
  }
  (void)snprintf(
      script, sizeof script,
      "cd %s; export GIT_INDEX_FILE=../index; for p in ../%s.patches/*; do c=${p##*/};"
      " git read-tree $(git rev-parse -q --verify $c^ || echo --empty);"
      " test ! -s $p || git apply --cached --whitespace=nowarn $p;"
      " test $(git write-tree) = $(git rev-parse $c^{tree});"
      " grep -q '^GIT binary patch' $p || git diff-tree --no-commit-id --root -p -M --binary"
      " --full-index $c | cmp - $p; done",
      dir, dir);
  sh(script);
  tl_free(&r.out);
  tl_free(&plain.out);
}

static void patches_give_gits_trees(void **state)
{
  (void)state;
  same_patches("random1", "--all", getenv("TLAB_SWEEP") ? 30 : 10);
  same_patches("mass", "main", 3);
  same_patches("large", "main", 4);
}

static void a_patch_without_context_applies(void **state)
{
  (void)state;
  sh("git init -q -b main zero; cd zero; seq 20 >f; git add f; git commit -qm 1;"
     " sed -i 's/^7$/x/' f; git commit -qam 2");
  result r = gives(prim_git_changes, "zero", "[[\"HEAD\"],{\"patch\":true,\"context\":0},\"@\"]");
  const char *patch = tl_get_str(tl_at(&r.out, 0), "patch", "");
  assert_non_null(strstr(patch, "@@ -7 +7 @@"));
  assert_non_null(strstr(patch, "\n-7\n+x\n"));
  tl_free(&r.out);
}

static void what_has_no_room_is_left_out(void **state)
{
  (void)state;
  sh("git init -q -b main room; cd room; echo x >a; seq 1000 >b; echo y >c; git add .;"
     " git commit -qm 1");
  result r =
      gives(prim_git_changes, "room", "[[\"HEAD\"],{\"patch\":true,\"max_patch\":1000},\"@\"]");
  const tl_val *commit = tl_at(&r.out, 0), *files = tl_get(commit, "files");
  assert_true(tl_get_bool(commit, "truncated", false));
  assert_int_equal(tl_len(files), 3);
  assert_null(tl_get(tl_at(files, 0), "left_out"));
  assert_true(tl_get_bool(tl_at(files, 1), "left_out", false));
  assert_int_equal(tl_get_int(tl_at(files, 1), "insertions", 0), 1000);
  assert_null(tl_get(tl_at(files, 2), "left_out"));
  assert_null(strstr(tl_get_str(commit, "patch", ""), "b/b"));
  assert_non_null(strstr(tl_get_str(commit, "patch", ""), "b/c"));
  tl_free(&r.out);
}

/* Each of three has room, all have not: the first ones stay, and a later one that still fits. */
static void a_file_has_the_room_that_those_before_it_left(void **state)
{
  static const bool left_out[] = {false, true, false, true};
  (void)state;
  sh("git init -q -b main rest; cd rest; seq 150 >a; seq 200 >b; seq 20 >c; seq 100 >d; git add .;"
     " git commit -qm 1");
  result r =
      gives(prim_git_changes, "rest", "[[\"HEAD\"],{\"patch\":true,\"max_patch\":1200},\"@\"]");
  const tl_val *files = tl_get(tl_at(&r.out, 0), "files");
  const char *patch = tl_get_str(tl_at(&r.out, 0), "patch", "");
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(tl_get_bool(tl_at(files, i), "left_out", false), left_out[i]);
  }
  assert_int_equal(tl_get_int(tl_at(files, 3), "insertions", 0), 100);
  assert_true(strstr(patch, "b/a") && !strstr(patch, "b/b") && strstr(patch, "b/c"));
  assert_true(strlen(patch) <= 1200);
  tl_free(&r.out);
}

/* Where several cannot be told, it is the first that is named, whichever thread met which. */
static void the_first_failure_is_told(void **state)
{
  (void)state;
  tl_buf args = TL_BUF(1 << 16);
  sh("git init -q -b main first; cd first; echo a >f; git add f; git commit -qm a");
  assert_int_equal(tl_buf_str(&args, "[[\"HEAD\""), 0);
  for (int i = 1; i < 200; i++) {
    assert_int_equal(tl_buf_fmt(&args, i < 90 ? ",\"HEAD\"" : ",\"none%d\"", i), 0);
  }
  assert_int_equal(tl_buf_str(&args, "],{},\"@\"]"), 0);
  for (int i = 0; i < 20; i++) {
    refuses(prim_git_changes, "first", args.data, TL_ENOT_FOUND, "none90");
  }
  tl_buf_free(&args);
}

/* With `log` each commit has what git.log says of it. */
static void the_log_comes_along(void **state)
{
  (void)state;
  sh("git init -q -b main along; cd along; for i in 1 2 3; do echo $i >f; git add f;"
     " git commit -qm \"s $i\" -m body; done; git clone -q --depth 2 file://$PWD ../along2");
  result log = gives(prim_git_log, "along2", "[{},\"@\"]");
  result r = gives(prim_git_changes, "along2", "[[\"HEAD\",\"HEAD~1\"],{\"log\":true},\"@\"]");
  assert_int_equal(tl_len(&log.out), 2);
  for (size_t i = 0; i < 2; i++) {
    assert_true(tl_equal(tl_get(tl_at(&r.out, i), "log"), tl_at(&log.out, i)));
  }
  tl_free(&r.out);
  tl_free(&log.out);
  refuses(prim_git_changes, "along", "[[\"HEAD\"],{\"log\":1},\"@\"]", TL_EARGUMENT, "'log'");
}

/* What many patches hold together is more than an answer can carry. */
static void too_much_at_once_says_so(void **state)
{
  (void)state;
  sh("git init -q -b main much; cd much; head -c 30000000 /dev/zero | tr '\\0' 'x' |"
     " fold -w 99 >f; git add f; git commit -qm 1");
  refuses(prim_git_changes, "much",
          "[[\"HEAD\",\"HEAD\",\"HEAD\",\"HEAD\",\"HEAD\",\"HEAD\"],"
          "{\"patch\":true,\"max_patch\":60000000},\"@\"]",
          TL_ELIMIT, "fewer at once");
}

static void what_cannot_be_is_refused(void **state)
{
  (void)state;
  sh("mkdir plain; git init -q -b main hole; cd hole; echo a >f; git add f; git commit -qm a;"
     " echo b >f; git commit -qam b; o=$(git rev-parse HEAD:f);"
     " rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-)");
  refuses(prim_git_changes, "hole", "[[\"HEAD~1\",\"HEAD\"],{},\"@\"]", TL_EIO, "git fsck");
  refuses(prim_git_changes, "hole", "[[\"HEAD~1..HEAD\"],{},\"@\"]", TL_EINVALID, "not a range");
  refuses(prim_git_changes, "hole", "[[\"mian\"],{},\"@\"]", TL_ENOT_FOUND, "'main'");
  refuses(prim_git_changes, "hole", "[[1],{},\"@\"]", TL_EARGUMENT, "list of ids");
  refuses(prim_git_changes, "hole", "[[\"HEAD\"],{\"rename\":true},\"@\"]", TL_EARGUMENT,
          "'rename'");
  refuses(prim_git_changes, "hole", "[[\"HEAD\"],{\"renames\":1},\"@\"]", TL_EARGUMENT,
          "'renames'");
  refuses(prim_git_changes, "hole", "[[\"HEAD\"],{\"merges\":\"x\"},\"@\"]", TL_EARGUMENT,
          "'merges'");
  refuses(prim_git_changes, "hole", "[[\"HEAD\"],{\"patch\":1},\"@\"]", TL_EARGUMENT, "'patch'");
  refuses(prim_git_changes, "hole", "[[\"HEAD\"],{\"context\":-1},\"@\"]", TL_EARGUMENT,
          "'context'");
  refuses(prim_git_changes, "hole", "[[\"HEAD\"],{\"max_patch\":99999999},\"@\"]", TL_EARGUMENT,
          "'max_patch'");
  refuses(prim_git_changes, "plain", "[[\"HEAD\"],{},\"@\"]", TL_ENOT_FOUND, "not in a git");
  result r = gives(prim_git_changes, "hole", "[[],{},\"@\"]");
  assert_int_equal(r.out.type, TL_LIST);
  assert_int_equal(tl_len(&r.out), 0);
  tl_free(&r.out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_histories_have_gits_numbers),
      cmocka_unit_test(mass_renames_are_gits),
      cmocka_unit_test(too_many_candidates_are_left_as_by_git),
      cmocka_unit_test(a_large_file_and_old_modes),
      cmocka_unit_test(one_processor_and_many_say_the_same),
      cmocka_unit_test(threads_leave_out_the_same),
      cmocka_unit_test(a_shallow_commit_is_a_root),
      cmocka_unit_test(patches_give_gits_trees),
      cmocka_unit_test(a_patch_without_context_applies),
      cmocka_unit_test(what_has_no_room_is_left_out),
      cmocka_unit_test(a_file_has_the_room_that_those_before_it_left),
      cmocka_unit_test(the_first_failure_is_told),
      cmocka_unit_test(the_log_comes_along),
      cmocka_unit_test(too_much_at_once_says_so),
      cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
