/* git.patch against repositories made by the real git: applied by git, it gives the working folder. */
#include "git_help.h"

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
  unsigned seeds = getenv("TLAB_SWEEP") ? 12 : 3;
  for (unsigned seed = 1; seed <= seeds; seed++) {
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

static void same(const tl_val *state, const char *part, tl_prim *prim, const char *dir)
{
  result r = ok(prim, dir);
  assert_true(tl_equal(tl_get(state, part), &r.out));
  tl_free(&r.out);
}

/* git.state: one answer with what head, patch and describe say. */
static void the_state_is_the_three_at_once(void **state)
{
  (void)state;
  sh("git init -q -b main all; cd all; echo 1 >f; git add f; git commit -qm x; git tag v1; echo 2 "
     ">f");
  result r = ok(prim_git_state, "all");
  assert_int_equal(tl_len(&r.out), 3);
  same(&r.out, "head", prim_git_head, "all");
  same(&r.out, "patch", prim_git_patch, "all");
  same(&r.out, "describe", prim_git_describe, "all");
  tl_free(&r.out);
  sh("git init -q -b main none-yet; mkdir no-git");
  r = ok(prim_git_state, "none-yet");
  assert_null(tl_get(&r.out, "describe"));
  same(&r.out, "head", prim_git_head, "none-yet");
  tl_free(&r.out);
  fails(prim_git_state, "no-git", TL_ENOT_FOUND, "not in a git repository");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
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
      cmocka_unit_test(the_state_is_the_three_at_once),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
