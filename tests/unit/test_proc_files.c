/* proc.run: the scratch folder, what is laid into it and what is taken out of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glob.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc_help.h"

/* Scratch folders that are there. */
static size_t scratches(void)
{
  char pattern[128];
  glob_t found;
  (void)snprintf(pattern, sizeof pattern, "%s/tlab-scratch-*", base);
  size_t n = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
  globfree(&found);
  return n;
}

static void put_file(tl_val *command, const char *name, const char *text)
{
  if (!tl_get(command, "files")) {
    tl_put(command, "files", tl_map());
  }
  tl_put(tl_get_mut(command, "files"), name, tl_str(text));
}

static tl_val collecting(tl_val command, const char *const *patterns)
{
  tl_val *list = tl_put(&command, "collect", tl_list());
  for (; *patterns; patterns++) {
    tl_push(list, tl_str(*patterns));
  }
  return command;
}

#define COLLECT(command, ...) collecting(command, (const char *const[]){__VA_ARGS__, NULL})

static void assert_collected(tl_val command, const char *const *names)
{
  asked a = run(command);
  succeeds(&a);
  const tl_val *files = tl_get(&a.call.out, "files");
  size_t n = 0;
  for (; names[n]; n++) {
    assert_non_null(tl_get(files, names[n]));
  }
  assert_int_equal(tl_len(files), n);
  end(&a);
  assert_int_equal(scratches(), 0);
}

#define COLLECTED(command, ...) assert_collected(command, (const char *const[]){__VA_ARGS__ NULL})

static void files_lie_in_its_folder(void **state)
{
  (void)state;
  tl_val command = COMMAND("sh", "-c", "cat a.txt sub/deep/b.txt; find . -type f | sort; pwd -P");
  put_file(&command, "a.txt", "A\n");
  put_file(&command, "sub/deep/b.txt", "B\n");
  asked a = run(command);
  succeeds(&a);
  const char *out = tl_get_str(&a.call.out, "stdout", "");
  const char *want = "A\nB\n./a.txt\n./sub/deep/b.txt\n";
  assert_memory_equal(out, want, strlen(want));
  assert_memory_equal(out + strlen(want), base, strlen(base));
  assert_null(tl_get(&a.call.out, "files")); /* none were asked for */
  end(&a);
  assert_int_equal(scratches(), 0);
}

static void nobody_else_sees_into_it(void **state)
{
  (void)state;
  mode_t old = umask(0);
  assert_stdout(COMMAND("stat", "-c", "%a", "."), "700\n");
  (void)umask(0777);
  assert_stdout(COMMAND("sh", "-c", "stat -c %a .; umask 077; touch x"), "700\n");
  (void)umask(old);
}

static void bytes_come_back(void **state)
{
  (void)state;
  tl_val command = COLLECT(COMMAND("sh", "-c", "printf 'a\\0b' >out.bin; cat in >copy; exit 3"),
                           "out.bin", "copy");
  put_file(&command, "in", "text");
  asked a = run(command);
  succeeds(&a);
  const tl_val *files = tl_get(&a.call.out, "files");
  assert_int_equal(tl_get_int(&a.call.out, "exit", -1), 3); /* also of one that fails */
  assert_int_equal(tl_len(tl_get(files, "out.bin")), 3);
  assert_memory_equal(tl_get(files, "out.bin")->u.s.data, "a\0b", 3);
  assert_string_equal(tl_get_str(files, "copy", ""), "text");
  end(&a);
}

static void patterns_name_files_of_one_folder(void **state)
{
  (void)state;
  const char *make = "mkdir -p d/e; touch a.svg b.svg c.txt .h.svg d/x.svg d/e/y.svg";
  COLLECTED(COLLECT(COMMAND("sh", "-c", make), "*.svg"), "a.svg", "b.svg", );
  COLLECTED(COLLECT(COMMAND("sh", "-c", make), "d/*.svg", "c.txt"), "d/x.svg", "c.txt", );
  COLLECTED(COLLECT(COMMAND("sh", "-c", make), "a.svg", "[ab].svg"), "a.svg", "b.svg", );
  COLLECTED(COLLECT(COMMAND("sh", "-c", make), "?.txt", "none", "no/*"), "c.txt", );
  COLLECTED(COLLECT(COMMAND("sh", "-c", make), "*"), "a.svg", "b.svg", "c.txt", );
  fails(COLLECT(COMMAND("true"), "*/x"), TL_EARGUMENT, "last part");
}

static void only_plain_files_count(void **state)
{
  (void)state;
  const char *make = "mkdir out; ln -s /etc/hostname out/link; mkfifo out/fifo; echo x >out/file;"
                     "ln -s out linked; mkdir out/dir";
  COLLECTED(COLLECT(COMMAND("sh", "-c", make), "out/*"), "out/file", );
  fails(COLLECT(COMMAND("sh", "-c", make), "out/link"), TL_EREFUSED, "link");
  fails(COLLECT(COMMAND("sh", "-c", make), "linked/file"), TL_EREFUSED, "link");
  fails(COLLECT(COMMAND("sh", "-c", make), "out/fifo"), TL_EREFUSED, "fifo");
  assert_int_equal(scratches(), 0);
}

static tl_val of_many(const char *key, int n)
{
  tl_val command = COMMAND("true");
  tl_val *list = tl_put(&command, key, tl_list());
  for (int i = 0; i < n; i++) {
    tl_push(list, tl_str("/x"));
  }
  return command;
}

static void names_stay_inside(void **state)
{
  (void)state;
  static const char *const bad[] = {"../x", "/tmp/x", "a/../../x", "", "a//b", "\xff", "."};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tl_val command = COMMAND("true");
    put_file(&command, bad[i], "x");
    asked a = run(command);
    assert_true(a.rc == TL_EREFUSED || a.rc == TL_EARGUMENT);
  }
  fails(COLLECT(COMMAND("true"), "../*"), TL_EREFUSED, "..");
  fails(COLLECT(COMMAND("true"), "/etc/*"), TL_EREFUSED, "empty part");
  fails(COLLECT(COMMAND("true"), "/etc/hostname"), TL_EREFUSED, "empty part");
  tl_val command = COMMAND("true");
  tl_put(tl_put(&command, "files", tl_map()), "x", tl_int(1));
  fails(command, TL_EARGUMENT, "files");
  command = COMMAND("true");
  tl_put(&command, "collect", tl_str("x"));
  fails(command, TL_EARGUMENT, "collect");
  fails(of_many("collect", 1001), TL_EARGUMENT, "at most 1000");
  fails(of_many("read", TL_PROC_READ_MAX + 1), TL_EARGUMENT, "at most 16");
  command = COMMAND("true");
  put_file(&command, "a", "x");
  put_file(&command, "a/b", "x");
  fails(command, TL_EARGUMENT, "a/b");
  assert_int_equal(scratches(), 0);
}

static void so_many_files_are_not_laid_out(void **state)
{
  (void)state;
  tl_val command = COMMAND("true");
  for (int i = 0; i <= 10000; i++) {
    char name[16];
    (void)snprintf(name, sizeof name, "%d", i);
    put_file(&command, name, "");
  }
  fails(command, TL_ELIMIT, "more than 10000 names");
}

static void what_is_collected_has_a_limit(void **state)
{
  (void)state;
  tl_val command = COLLECT(COMMAND("sh", "-c", "printf 123 >a; printf 45 >b"), "a", "b");
  tl_put(&command, "max_bytes", tl_int(5));
  COLLECTED(command, "a", "b", );
  command = COLLECT(COMMAND("sh", "-c", "printf 123 >a"), "a", "?", "a"); /* it counts once */
  tl_put(&command, "max_bytes", tl_int(5));
  COLLECTED(command, "a", );
  command = COLLECT(COMMAND("sh", "-c", "printf 123 >a; printf 456 >b"), "a", "b");
  tl_put(&command, "max_bytes", tl_int(5));
  fails(command, TL_ELIMIT, "more than 5 bytes");
  command = COLLECT(COMMAND("truncate", "-s", "3G", "sparse"), "sparse");
  fails(command, TL_ELIMIT, "sparse");
  assert_int_equal(scratches(), 0);
}

static void so_many_files_are_not_collected(void **state)
{
  (void)state;
  fails(COLLECT(COMMAND("sh", "-c", "mkdir d; seq -f d/%.0f 10001 | xargs touch"), "d/*"),
        TL_ELIMIT, "more than 10000: d/");
}

/* However hard a program makes it. */
static void make_it_hard(void)
{
  assert_stdout(COMMAND("sh", "-c",
                        "i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done; touch end;"
                        "cd $HOME; mkdir -p a/b; touch a/b/c; ln -s / root; chmod 0 a/b a ."),
                "");
  assert_int_equal(scratches(), 0);
}

static void the_folder_is_removed(void **state)
{
  (void)state;
  make_it_hard();
  if (geteuid() == 0) { /* whom modes do not hold up */
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      if (chmod(base, 0777) < 0 || setresgid(12345, 12345, 12345) < 0 ||
          setresuid(12345, 12345, 12345) < 0) {
        _exit(90);
      }
      make_it_hard();
      _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
  }
  assert_int_equal(scratches(), 0);
  fails(COMMAND("no-such-program-here"), TL_ENOT_FOUND, "no program");
  tl_val command = COMMAND("sleep", "60");
  tl_put(&command, "timeout_ms", tl_int(100));
  fails(command, TL_ETIMEOUT, "ran longer");
  command = COMMAND("yes");
  tl_put(&command, "max_bytes", tl_int(10));
  fails(command, TL_ELIMIT, "more than");
  asked a;
  start(&a, COMMAND("sleep", "60"));
  assert_int_equal(scratches(), 1);
  tl_proc_cancel();
  finish(&a);
  assert_int_equal(scratches(), 0);
}

/* Programs that come with tlab lie beside it, and go before others of their name. */
static void own_programs_come_first(void **state)
{
  (void)state;
  char exe[PATH_MAX];
  char script[2 * PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  assert_true(n > 0);
  exe[n] = '\0';
  *strrchr(exe, '/') = '\0';
  (void)snprintf(script, sizeof script,
                 "cd %s && mkdir -p tools && printf '#!/bin/sh\\necho own\\n' >tools/true && "
                 "chmod 755 tools/true",
                 exe);
  assert_int_equal(system(script), 0);
  assert_stdout(COMMAND("true"), "own\n");
  fails(COMMAND("no-such-program-here"), TL_ENOT_FOUND, "/tools");
  (void)snprintf(script, sizeof script, "rm -r %s/tools", exe);
  assert_int_equal(system(script), 0);
  assert_stdout(COMMAND("true"), "");
}

static int set_up(void **state)
{
  return make_base(state) == 0 && setenv("TMPDIR", base, 1) == 0 ? 0 : -1;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_lie_in_its_folder),
      cmocka_unit_test(nobody_else_sees_into_it),
      cmocka_unit_test(bytes_come_back),
      cmocka_unit_test(patterns_name_files_of_one_folder),
      cmocka_unit_test(only_plain_files_count),
      cmocka_unit_test(names_stay_inside),
      cmocka_unit_test(so_many_files_are_not_laid_out),
      cmocka_unit_test(what_is_collected_has_a_limit),
      cmocka_unit_test(so_many_files_are_not_collected),
      cmocka_unit_test(the_folder_is_removed),
      cmocka_unit_test(own_programs_come_first),
  };
  return cmocka_run_group_tests(tests, set_up, remove_base);
}
