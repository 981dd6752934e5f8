/* git.resolve, git.log and git.blob against what the real git says. */
#include "history_help.h"

/* A history with a criss-cross merge, two roots, equal and running-back clocks. */
static void make_history(void)
{
  sh("git init -q -b main h; cd h; n=0;"
     "c() { n=$((n+1)); export GIT_COMMITTER_DATE=\"$((1700000000 + ${2:-$n})) +0200\""
     " GIT_AUTHOR_DATE=\"$((1600000000 + n * 7)) -0330\"; echo $n >>\"${3:-f}\"; git add .;"
     " git commit -q --allow-empty -m \"$1\"; };"
     "c 'one'; c 'two  words\n\nits body\n\nmore' ; mkdir d; c 'three\nstill the subject\n\nbody' "
     "2 d/x;"
     "git branch side; c four 1; c five 90; git checkout -q side; c six 50 d/y; c seven 3 d/z;"
     "git branch cross; git merge -q -m 'merge main' main~1; git checkout -q main;"
     "git merge -q -m 'merge side' cross; git merge -q -m 'criss cross' side;"
     "git checkout -q --orphan root; git rm -rqf .; c 'another root' 40 r; git checkout -q main;"
     "git merge -q --allow-unrelated-histories -m 'two roots' root; c 'Émile' 99; c 'fix: A..B' "
     "100;"
     "git tag -a -m note v1.0 HEAD~2; git tag light HEAD~1; git branch feature/login HEAD~3");
}

static char *ids(const tl_val *list)
{
  tl_buf text = TL_BUF(1 << 20);
  size_t len;
  for (size_t i = 0; i < tl_len(list); i++) {
    const tl_val *one = tl_at(list, i);
    const char *id = one->type == TL_STR ? one->u.s.data : tl_get_str(one, "commit", "?");
    assert_int_equal(tl_buf_fmt(&text, "%s%s", i > 0 ? "\n" : "", id), 0);
  }
  return tl_buf_take(&text, &len);
}

/* The commits of git.log's query are those of `git log --format=%H …`. */
static void same_log(const char *dir, const char *query, const char *options)
{
  tl_buf json = TL_BUF(4096), script = TL_BUF(4096);
  assert_int_equal(tl_buf_fmt(&json, "[%s,\"@\"]", query), 0);
  assert_int_equal(tl_buf_fmt(&script, "git -C %s log --format=%%H %s", dir, options), 0);
  result r = gives(prim_git_log, dir, json.data);
  char *have = ids(&r.out), *want = sh_out(script.data);
  if (strcmp(have, want) != 0) {
    fail_msg("%s against %s:\n%s\nwanted\n%s", query, options, have, want);
  }
  free(have);
  free(want);
  tl_free(&r.out);
  tl_buf_free(&json);
  tl_buf_free(&script);
}

static void ids_alone_are_those_of_the_commits(void **state)
{
  (void)state;
  same_log("h", "{\"ids\":true}", "");
  same_log("h", "{\"ids\":true,\"limit\":2,\"skip\":1,\"merges\":\"exclude\"}",
           "--no-merges -2 --skip 1");
  result r = gives(prim_git_log, "h", "[{\"ids\":true},\"@\"]");
  assert_int_equal(tl_at(&r.out, 0)->type, TL_STR);
  tl_free(&r.out);
  refuses(prim_git_log, "h", "[{\"ids\":1},\"@\"]", TL_EARGUMENT, "'ids'");
}

static void log_has_gits_commits_in_gits_order(void **state)
{
  (void)state;
  make_history();
  same_log("h", "{}", "");
  same_log("h", "{\"from\":\"side\"}", "side");
  same_log("h", "{\"limit\":3}", "-3");
  same_log("h", "{\"limit\":3,\"skip\":2}", "-3 --skip 2");
  same_log("h", "{\"from\":\"side..main\"}", "side..main");
  same_log("h", "{\"from\":\"main~3..\"}", "main~3..");
  same_log("h", "{\"from\":\"..side\"}", "HEAD..side");
  same_log("h", "{\"merges\":\"exclude\"}", "--no-merges");
  same_log("h", "{\"merges\":\"only\"}", "--merges");
  same_log("h", "{\"since\":1700000003,\"until\":1700000090}",
           "--since-as-filter=1700000003 --until=1700000090");
  same_log("h", "{\"author\":\"ADA LOVE\"}", "-i --author='ada love'");
  same_log("h", "{\"author\":\"nobody\"}", "--author=nobody");
  same_log("h", "{\"grep\":\"MERGE\"}", "-i --grep=merge");
  same_log("h", "{\"grep\":\"its body\"}", "--grep='its body'");
  same_log("h", "{\"path\":[\"d\"]}", "--full-history -- d");
  same_log("h", "{\"path\":[\"d/x\",\"r\"]}", "--full-history -- d/x r");
  same_log("h", "{\"path\":[\"d/\"],\"merges\":\"exclude\",\"limit\":1}",
           "--full-history --no-merges -1 -- d/");
  same_log("h", "{\"path\":[\"no/such\"]}", "--full-history -- no/such");
}

static void a_commit_says_what_git_says(void **state)
{
  (void)state;
  static const struct {
    const char *key, *format;
  } texts[] = {
      {"commit", "%H"},          {"tree", "%T"},
      {"author_name", "%an"},    {"author_email", "%ae"},
      {"committer_name", "%cn"}, {"committer_email", "%ce"},
      {"subject", "%s"},         {"body", "%b"},
  };
  result r = gives(prim_git_log, "h", "[{},\"@\"]");
  for (size_t i = 0; i < tl_len(&r.out); i++) {
    const tl_val *one = tl_at(&r.out, i);
    char script[256];
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
      (void)snprintf(script, sizeof script, "printf '%%s' \"$(git -C h show -s --format=%s %s)\"",
                     texts[k].format, tl_get_str(one, "commit", ""));
      assert_text(one, texts[k].key, script);
    }
    (void)snprintf(script, sizeof script,
                   "git -C h show -s --date=format:%%Y-%%m-%%dT%%H:%%M:%%S-03:30 --format=%%ad %s",
                   tl_get_str(one, "commit", ""));
    char *want = sh_out(script);
    if (!strstr(tl_get_str(one, "subject", ""), "merge") &&
        strncmp(tl_get_str(one, "subject", ""), "criss", 5) != 0 &&
        strcmp(tl_get_str(one, "subject", ""), "two roots") != 0) {
      assert_string_equal(tl_get_str(one, "author_time", ""), want);
    }
    free(want);
  }
  tl_free(&r.out);
}

static void bytes_that_are_no_text_stay(void **state)
{
  (void)state;
  sh("git init -q -b main bytes; cd bytes; git config i18n.commitEncoding latin1;"
     " printf 'caf\\351\\033[31m\\n' | GIT_AUTHOR_NAME=$(printf 'Ren\\351') git commit -q "
     "--allow-empty -F -;"
     " t=$(git mktree </dev/null); printf 'tree %s\\nauthor A <a> 99999999999999999 +0000\\n"
     "committer A <a> 1 -9999\\n\\n\\n  lead  \\n' $t >c;"
     " git update-ref refs/heads/odd $(git hash-object -t commit -w --literally c)");
  result r = gives(prim_git_log, "bytes", "[{},\"@\"]");
  assert_string_equal(tl_get_str(tl_at(&r.out, 0), "subject", ""), "caf\351\033[31m");
  assert_string_equal(tl_get_str(tl_at(&r.out, 0), "author_name", ""), "Ren\351");
  tl_free(&r.out);
  r = gives(prim_git_log, "bytes", "[{\"from\":\"odd\"},\"@\"]");
  assert_string_equal(tl_get_str(tl_at(&r.out, 0), "author_time", ""), "1970-01-01T00:00:00+00:00");
  assert_string_equal(tl_get_str(tl_at(&r.out, 0), "subject", ""), "  lead");
  tl_free(&r.out);
}

static void a_shallow_clone_ends_where_it_is_cut(void **state)
{
  (void)state;
  sh("git clone -q --depth 2 file://$PWD/h cut; git clone -q --bare h bare.git");
  same_log("cut", "{}", "");
  same_log("bare.git", "{\"limit\":2}", "-2");
  result r = gives(prim_git_log, "cut", "[{},\"@\"]");
  assert_int_equal(tl_len(tl_get(tl_at(&r.out, tl_len(&r.out) - 1), "parents")), 0);
  tl_free(&r.out);
  sh("echo nonsense >cut/.git/shallow");
  refuses(prim_git_log, "cut", "[{},\"@\"]", TL_EIO, "'shallow'");
}

/* --- resolve --- */

static void assert_resolves(const char *rev, const char *kind, const char *ref)
{
  char json[256], script[256];
  (void)snprintf(json, sizeof json, "[\"%s\",\"@\"]", rev);
  (void)snprintf(script, sizeof script, "git -C h rev-parse '%s^{commit}'", rev);
  result r = gives(prim_git_resolve, "h", json);
  assert_text(&r.out, "commit", script);
  assert_string_equal(tl_get_str(&r.out, "kind", ""), kind);
  assert_string_equal(tl_get_str(&r.out, "ref", ""), ref);
  tl_free(&r.out);
}

static void revisions_are_found(void **state)
{
  (void)state;
  assert_resolves("HEAD", "commit", "refs/heads/main");
  assert_resolves("main~2^1", "commit", "");
  assert_resolves("v1.0", "commit", "refs/tags/v1.0");
  assert_resolves("light", "commit", "refs/tags/light");
  assert_resolves("side", "commit", "refs/heads/side");
  result r = gives(prim_git_resolve, "h", "[\":/fix: A..B\",\"@\"]");
  assert_text(&r.out, "commit", "git -C h rev-parse HEAD");
  tl_free(&r.out);
  r = gives(prim_git_resolve, "h", "[\"side..v1.0\",\"@\"]");
  assert_text(&r.out, "commit", "git -C h rev-parse 'v1.0^{commit}'");
  assert_text(&r.out, "from", "git -C h rev-parse side");
  assert_string_equal(tl_get_str(&r.out, "kind", ""), "range");
  tl_free(&r.out);
  r = gives(prim_git_resolve, "h", "[\"side..\",\"@\"]");
  assert_text(&r.out, "commit", "git -C h rev-parse HEAD");
  tl_free(&r.out);
}

static void a_missing_revision_has_near_ones(void **state)
{
  (void)state;
  refuses(prim_git_resolve, "h", "[\"mian\",\"@\"]", TL_ENOT_FOUND, "near: 'main'");
  refuses(prim_git_resolve, "h", "[\"login\",\"@\"]", TL_ENOT_FOUND, "'feature/login'");
  refuses(prim_git_resolve, "h", "[\"v1.1\",\"@\"]", TL_ENOT_FOUND, "'v1.0'");
  refuses(prim_git_resolve, "h", "[\"quite-another\",\"@\"]", TL_ENOT_FOUND, "no revision");
  refuses(prim_git_resolve, "h", "[\"HEAD~99\",\"@\"]", TL_ENOT_FOUND, "no revision 'HEAD~99'");
  refuses(prim_git_resolve, "h", "[\"0000000000\",\"@\"]", TL_ENOT_FOUND, "begins with 0000");
  refuses(prim_git_resolve, "h", "[\"HEAD^{tree}\",\"@\"]", TL_EINVALID, "names a tree");
  refuses(prim_git_resolve, "h", "[\"HEAD:f\",\"@\"]", TL_EINVALID, "file's content");
  refuses(prim_git_resolve, "h", "[\"side...main\",\"@\"]", TL_EINVALID, "A..B");
  refuses(prim_git_resolve, "h", "[\"\",\"@\"]", TL_EARGUMENT, "1 to 1024");
  refuses(prim_git_resolve, "h", "[\"a\\u001bb\",\"@\"]", TL_EARGUMENT, "control");
}

/* Commits that differ in a number until two ids begin with the same four digits; then one blob that
 * begins as a commit does. */
static void an_ambiguous_id_shows_what_it_could_be(void **state)
{
  (void)state;
  sh("git init -q -b main amb; cd amb; t=$(git mktree </dev/null);"
     "for i in $(seq 700); do printf 'commit refs/heads/b\\ncommitter A <a@b> %d +0000\\ndata 0\\n'"
     " $i; done | git fast-import --quiet;"
     "git rev-list b | cut -c1-4 | sort | uniq -d | head -1 >../two;"
     "git rev-list b | cut -c1-4 | sort | uniq -u | head -400 >../single;"
     "seq 3000 | while read i; do printf 'blob\\ndata %d\\n%d\\n' ${#i} $i; done | git fast-import "
     "--quiet;"
     "git cat-file --batch-check='%(objectname) %(objecttype)' --batch-all-objects | grep blob |"
     " cut -c1-4 | sort | uniq -u | grep -Fxf ../single | head -1 >../mixed");
  char *two = sh_out("cat two"), *mixed = sh_out("cat mixed");
  char json[64], words[64], script[128];
  assert_int_equal(strlen(two), 4);
  assert_int_equal(strlen(mixed), 4);
  (void)snprintf(json, sizeof json, "[\"%s\",\"@\"]", two);
  (void)snprintf(words, sizeof words, "'%s' is ambiguous", two);
  refuses(prim_git_resolve, "amb", json, TL_EINVALID, words);
  refuses(prim_git_resolve, "amb", json, TL_EINVALID, "(commit), ");
  (void)snprintf(json, sizeof json, "[\"%s\",\"@\"]", mixed);
  (void)snprintf(script, sizeof script, "git -C amb rev-list b | grep ^%s", mixed);
  result r = gives(prim_git_resolve, "amb", json);
  assert_text(&r.out, "commit", script);
  tl_free(&r.out);
  free(two);
  free(mixed);
}

/* --- blob --- */

static void a_blob_has_the_files_bytes(void **state)
{
  (void)state;
  sh("git init -q -b main blob; cd blob; mkdir d; printf 'a\\0b\\377' >d/bin; ln -s d/bin link;"
     "git add .; git update-index --add --cacheinfo "
     "160000,1111111111111111111111111111111111111111,sub;"
     "git commit -qm x; git rm -rqf d; git commit -qm y");
  result r = gives(prim_git_blob, "blob", "[\"HEAD~1\",\"d/bin\",\"@\"]");
  assert_int_equal(tl_len(&r.out), 4);
  assert_memory_equal(r.out.u.s.data, "a\0b\377", 4);
  tl_free(&r.out);
  r = gives(prim_git_blob, "blob", "[\"HEAD\",\"link\",\"@\"]");
  assert_string_equal(r.out.u.s.data, "d/bin");
  tl_free(&r.out);
  refuses(prim_git_blob, "blob", "[\"HEAD\",\"d/bin\",\"@\"]", TL_ENOT_FOUND, "no file 'd/bin'");
  refuses(prim_git_blob, "blob", "[\"HEAD~1\",\"d\",\"@\"]", TL_EINVALID, "is a folder");
  refuses(prim_git_blob, "blob", "[\"HEAD\",\"sub\",\"@\"]", TL_EINVALID, "is a submodule");
  refuses(prim_git_blob, "blob", "[\"HEAD~1\",\"d/bin\",\"@\",3]", TL_ELIMIT, "has 4 bytes");
  refuses(prim_git_blob, "blob", "[\"HEAD~1..HEAD\",\"f\",\"@\"]", TL_EINVALID, "not a range");
  refuses(prim_git_blob, "blob", "[\"HEAD\",\"/etc/passwd\",\"@\"]", TL_EARGUMENT, "root");
}

/* --- refusals --- */

static void a_wrong_query_is_named(void **state)
{
  (void)state;
  refuses(prim_git_log, "h", "[{\"form\":\"x\"},\"@\"]", TL_EARGUMENT, "knows no 'form'");
  refuses(prim_git_log, "h", "[{\"limit\":\"3\"},\"@\"]", TL_EARGUMENT,
          "'limit' was expected to be of type int");
  refuses(prim_git_log, "h", "[{\"limit\":-1},\"@\"]", TL_EARGUMENT, "not negative");
  refuses(prim_git_log, "h", "[{\"merges\":\"no\"},\"@\"]", TL_EARGUMENT,
          "include, exclude or only");
  refuses(prim_git_log, "h", "[{\"path\":\"d\"},\"@\"]", TL_EARGUMENT, "'path'");
  refuses(prim_git_log, "h", "[{\"path\":[\"/d\"]},\"@\"]", TL_EARGUMENT, "root");
}

static void what_is_no_history_is_refused(void **state)
{
  (void)state;
  sh("mkdir plain; git init -q -b main empty; git init -q --object-format=sha256 sha256;"
     "git init -q partial; git -C partial config core.repositoryformatversion 1;"
     "git -C partial config extensions.partialClone origin;"
     "git init -q -b main hole; cd hole; git commit -q --allow-empty -m a;"
     " git commit -q --allow-empty -m b; o=$(git rev-parse HEAD~1);"
     " rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-)");
  refuses(prim_git_log, "plain", "[{},\"@\"]", TL_ENOT_FOUND, "not in a git repository");
  refuses(prim_git_resolve, "gone", "[\"HEAD\",\"@\"]", TL_ENOT_FOUND, "gone");
  refuses(prim_git_log, "empty", "[{},\"@\"]", TL_ENOT_FOUND, "no commit yet");
  refuses(prim_git_log, "sha256", "[{},\"@\"]", TL_EUNSUPPORTED, "objectformat");
  refuses(prim_git_log, "partial", "[{},\"@\"]", TL_EUNSUPPORTED, "partialclone");
  refuses(prim_git_log, "hole", "[{},\"@\"]", TL_EIO, "git fsck");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_has_gits_commits_in_gits_order),
      cmocka_unit_test(ids_alone_are_those_of_the_commits),
      cmocka_unit_test(a_commit_says_what_git_says),
      cmocka_unit_test(bytes_that_are_no_text_stay),
      cmocka_unit_test(a_shallow_clone_ends_where_it_is_cut),
      cmocka_unit_test(revisions_are_found),
      cmocka_unit_test(a_missing_revision_has_near_ones),
      cmocka_unit_test(an_ambiguous_id_shows_what_it_could_be),
      cmocka_unit_test(a_blob_has_the_files_bytes),
      cmocka_unit_test(a_wrong_query_is_named),
      cmocka_unit_test(what_is_no_history_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
