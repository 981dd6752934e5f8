/* proc.run: what a program gets, what comes back, and how it is ended. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc_help.h"

/* --- results --- */

static void a_program_runs_and_its_words_come_back(void **state)
{
  (void)state;
  asked a = run(COMMAND("sh", "-c", "echo out; echo err >&2"));
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", ""), "out\n");
  assert_string_equal(tl_get_str(&a.call.out, "stderr", ""), "err\n");
  assert_int_equal(tl_get_int(&a.call.out, "exit", -1), 0);
  assert_null(tl_get(&a.call.out, "signal"));
  assert_true(tl_get_int(&a.call.out, "ms", -1) >= 0);
  end(&a);
}

static void an_exit_code_is_a_result(void **state)
{
  (void)state;
  asked a = run(COMMAND("sh", "-c", "exit 7"));
  succeeds(&a);
  assert_int_equal(tl_get_int(&a.call.out, "exit", -1), 7);
  end(&a);
}

static void a_signal_is_a_result(void **state)
{
  (void)state;
  asked a = run(COMMAND("sh", "-c", "kill -TERM $$"));
  succeeds(&a);
  assert_int_equal(tl_get_int(&a.call.out, "signal", -1), SIGTERM);
  assert_null(tl_get(&a.call.out, "exit"));
  end(&a);
}

static void the_program_is_named_by_path_and_hash(void **state)
{
  (void)state;
  asked a = run(COMMAND("/bin/sh", "-c", "sha256sum /bin/sh | cut -c1-64 | tr -d '\\n'"));
  succeeds(&a);
  const tl_val *program = tl_get(&a.call.out, "program");
  assert_string_equal(tl_get_str(program, "path", ""), "/bin/sh");
  assert_string_equal(tl_get_str(program, "sha256", ""), tl_get_str(&a.call.out, "stdout", "?"));
  end(&a);
}

static void arguments_are_not_looked_at_by_a_shell(void **state)
{
  (void)state;
  assert_stdout(COMMAND("printf", "%s|", "a b", "$HOME", "*", "`id`", "; ls", "", "\xff"),
                "a b|$HOME|*|`id`|; ls||\xff|");
}

static void standard_input_arrives_whole(void **state)
{
  (void)state;
  size_t size = 3 << 20; /* more than any pipe holds */
  char *bytes = tl_alloc(size);
  memset(bytes, 'x', size);
  bytes[17] = '\0';
  tl_val command = COMMAND("cat");
  tl_put(&command, "stdin", tl_strn(bytes, size));
  asked a = run(command);
  succeeds(&a);
  const tl_val *out = tl_get(&a.call.out, "stdout");
  assert_int_equal(tl_len(out), size);
  assert_memory_equal(out->u.s.data, bytes, size);
  free(bytes);
  end(&a);
  assert_stdout(COMMAND("cat"), ""); /* none given: nothing of ours is inherited */
}

/* --- what it is given --- */

static void the_environment_is_made_anew(void **state)
{
  (void)state;
  assert_int_equal(setenv("TLAB_TEST_SECRET", "leak", 1), 0);
  char want[8192];
  (void)snprintf(want, sizeof want, "A=1\nLANG=de\nPATH=%s\nTZ=UTC\n", getenv("PATH"));
  tl_val command = COMMAND("sh", "-c",
                           "test $HOME = $TMPDIR && test $HOME = $(pwd -P) && unset HOME TMPDIR;"
                           "env | grep -v '^PWD=' | grep -v '^_=' | grep -v ^SHLVL |"
                           " sort");
  tl_val *env = tl_put(&command, "env", tl_map());
  tl_put(env, "A", tl_str("1"));
  tl_put(env, "LANG", tl_str("de"));
  assert_stdout(command, want);
}

static void only_three_descriptors_are_open(void **state)
{
  (void)state;
  int left = open("/etc/passwd", O_RDONLY); /* not close-on-exec */
  assert_true(left > 2 && fcntl(left, F_DUPFD, 50) >= 50);
  /* ls opens the folder itself: 3. */
  assert_stdout(COMMAND("ls", "/proc/self/fd"), "0\n1\n2\n3\n");
  (void)close(left);
}

static void it_has_a_session_of_its_own_and_no_core(void **state)
{
  (void)state;
  assert_stdout(COMMAND("sh", "-c",
                        "set -- $(cat /proc/$$/stat);"
                        "test $1 = $5 && test $1 = $6 && ulimit -c && ulimit -H -c"),
                "0\n0\n");
}

static void privileges_cannot_be_gained(void **state)
{
  (void)state;
  assert_stdout(COMMAND("grep", "-E", "^(NoNewPrivs|CapEff|CapPrm)", "/proc/self/status"),
                "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
}

static void signals_are_as_by_default(void **state)
{
  (void)state;
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  struct sigaction old;
  sigset_t term;
  sigset_t mask;
  assert_int_equal(sigaction(SIGPIPE, &ignore, &old), 0);
  (void)sigemptyset(&term);
  (void)sigaddset(&term, SIGTERM);
  assert_int_equal(sigprocmask(SIG_BLOCK, &term, &mask), 0);
  /* Signals 32 and 33 are the C library's own: it lets nobody set them back, and make leaves them
   * ignored in what it starts. */
  assert_stdout(
      COMMAND("grep", "-cE", "^Sig(Blk:\t0{16}|Ign:\t0{7}(18|00)0{7})$", "/proc/self/status"),
      "2\n");
  (void)sigprocmask(SIG_SETMASK, &mask, NULL);
  (void)sigaction(SIGPIPE, &old, NULL);
}

/* As an ordinary user the network goes by a user namespace, in which one's own number stays. */
static void an_ordinary_user_stays_who_it_is(void **state)
{
  (void)state;
  if (geteuid() != 0) {
    skip();
  }
  (void)fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    if (setresgid(12345, 12345, 12345) < 0 || setresuid(12345, 12345, 12345) < 0) {
      _exit(90);
    }
    asked a = run(COMMAND("id", "-u"));
    _exit(a.rc == 0 && strcmp(tl_get_str(&a.call.out, "stdout", ""), "12345\n") == 0 ? 0 : 91);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

/* --- how it is ended --- */

static void a_time_limit_kills_all_of_it(void **state)
{
  (void)state;
  tl_val command = COMMAND("sh", "-c", "sleep $0 & trap '' TERM; sleep $1; wait", nap(0), nap(1));
  tl_put(&command, "timeout_ms", tl_int(300));
  int64_t before = tl_clock_ms();
  fails(command, TL_ETIMEOUT, "ran longer than 300 ms");
  assert_true(tl_clock_ms() - before < 5000);
  assert_int_equal(having(nap(0)), 0);
  assert_int_equal(having(nap(1)), 0);
}

static void too_much_output_kills_it(void **state)
{
  (void)state;
  tl_val command = COMMAND("yes");
  tl_put(&command, "max_bytes", tl_int(100000));
  fails(command, TL_ELIMIT, "more than 100000 bytes to its standard output");
  command = COMMAND("sh", "-c", "yes >&2");
  tl_put(&command, "max_bytes", tl_int(1000));
  fails(command, TL_ELIMIT, "standard error");
  command = COMMAND("printf", "12345");
  tl_put(&command, "max_bytes", tl_int(4));
  fails(command, TL_ELIMIT, "more than 4 bytes");
  command = COMMAND("printf", "12345");
  tl_put(&command, "max_bytes", tl_int(5));
  assert_stdout(command, "12345");
}

/* What a program leaves running neither holds up the answer nor lives on: in its group, in a session
 * of its own, behind a parent that has ended. */
static void what_it_leaves_behind_is_killed(void **state)
{
  (void)state;
  int64_t before = tl_clock_ms();
  assert_stdout(COMMAND("sh", "-c", "sleep $0 & echo done", nap(0)), "done\n");
  assert_stdout(COMMAND("sh", "-c", "setsid sleep $0 & sleep 0.1; echo done", nap(1)), "done\n");
  assert_stdout(
      COMMAND("sh", "-c",
              "(setsid sh -c '(setsid sleep $0 </dev/null >/dev/null 2>&1 &) ; exit' $0 &);"
              "sleep 0.2; echo done",
              nap(2)),
      "done\n");
  assert_true(tl_clock_ms() - before < 5000);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(having(nap(i)), 0);
  }
}

static void a_time_limit_finds_daemons_too(void **state)
{
  (void)state;
  tl_val command =
      COMMAND("sh", "-c", "(setsid sh -c 'setsid sleep $0 & setsid sleep $0' $0 &); sleep $1",
              nap(0), nap(1));
  tl_put(&command, "timeout_ms", tl_int(400));
  fails(command, TL_ETIMEOUT, "ran longer");
  assert_int_equal(having(nap(0)) + having(nap(1)), 0);
}

static void cancelling_ends_each_call_once(void **state)
{
  (void)state;
  asked a;
  asked b;
  start(&a, COMMAND("sleep", nap(0)));
  start(&b, COMMAND("sh", "-c", "setsid sleep $0 & wait", nap(1)));
  assert_int_equal(a.rc, TL_PENDING);
  assert_int_equal(b.rc, TL_PENDING);
  assert_true(tl_proc_deadline() > tl_clock_ms());
  assert_true(become(2, nap(1))); /* the shell has the word, too */
  tl_proc_cancel();
  finish(&a);
  finish(&b);
  assert_int_equal(a.rc, TL_EINTERRUPTED);
  assert_int_equal(b.rc, TL_EINTERRUPTED);
  assert_int_equal(having(nap(0)) + having(nap(1)), 0);
  assert_int_equal(tl_proc_deadline(), -1);
  struct pollfd fds[3];
  assert_int_equal(tl_proc_fds(fds, 3), 0);
}

static void a_dead_supervisor_takes_it_along(void **state)
{
  (void)state;
  (void)fflush(NULL);
  (void)nap(0);
  const char *word = nap(1);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    asked a;
    start(&a, COMMAND("sh", "-c", "setsid sleep $0 & exec sleep $0", word));
    finish(&a);
    _exit(0);
  }
  assert_true(become(2, word));
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  assert_true(become(0, word));
}

static void many_run_at_once(void **state)
{
  (void)state;
  enum { N = 40 };
  asked *all = tl_zalloc(N * sizeof *all);
  int64_t before = tl_clock_ms();
  for (int i = 0; i < N; i++) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", i);
    start(&all[i], COMMAND("sh", "-c", "sleep 0.3; echo $0", text));
    assert_int_equal(all[i].rc, TL_PENDING);
  }
  for (int i = 0; i < N; i++) {
    finish(&all[i]);
    succeeds(&all[i]);
    assert_int_equal(atoi(tl_get_str(&all[i].call.out, "stdout", "")), i);
    end(&all[i]);
  }
  assert_true(tl_clock_ms() - before < N * 300 / 2);
  free(all);
}

static void there_is_a_most_at_once(void **state)
{
  (void)state;
  enum { N = 81 };
  asked *all = tl_zalloc(N * sizeof *all);
  for (int i = 0; i < N; i++) {
    start(&all[i], COMMAND("sleep", "60"));
  }
  assert_int_equal(all[N - 1].rc, TL_ELIMIT);
  tl_proc_cancel();
  for (int i = 0; i < N; i++) {
    finish(&all[i]);
    assert_int_equal(all[i].rc, i == N - 1 ? TL_ELIMIT : TL_EINTERRUPTED);
  }
  free(all);
}

/* --- finding the program --- */

static void write_program(const char *name, const char *text, mode_t mode)
{
  char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", base, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(path, mode), 0);
}

static void a_missing_program_is_not_found(void **state)
{
  (void)state;
  fails(COMMAND("tlab-no-such-program"), TL_ENOT_FOUND, "no program 'tlab-no-such-program'");
  fails(COMMAND("/nonexistent/program"), TL_ENOT_FOUND, "/nonexistent/program");
  fails(COMMAND("/etc"), TL_EIO, "cannot run the program /etc");
}

static void a_relative_path_is_refused(void **state)
{
  (void)state;
  fails(COMMAND("./sh"), TL_EARGUMENT, "absolute");
  fails(COMMAND("bin/sh"), TL_EARGUMENT, "absolute");
}

static void the_current_folder_is_never_searched(void **state)
{
  (void)state;
  char *old = tl_strdup(getenv("PATH"));
  char *cwd = getcwd(NULL, 0);
  write_program("tlab-here", "#!/bin/sh\necho here\n", 0755);
  assert_int_equal(chdir(base), 0);
  assert_int_equal(setenv("PATH", ":.::/usr/bin:/bin:", 1), 0);
  fails(COMMAND("tlab-here"), TL_ENOT_FOUND, "no program");
  assert_stdout(COMMAND("sh", "-c", "echo $PATH"), "/usr/bin:/bin\n");
  assert_int_equal(setenv("PATH", base, 1), 0);
  assert_stdout(COMMAND("tlab-here"), "here\n");
  /* A file that is no program does not hide one that comes later. */
  char dirs[128];
  write_program("true", "#!/bin/sh\necho hidden\n", 0644);
  (void)snprintf(dirs, sizeof dirs, "%s:/usr/bin:/bin", base);
  assert_int_equal(setenv("PATH", dirs, 1), 0);
  assert_stdout(COMMAND("true"), "");
  assert_int_equal(setenv("PATH", old, 1), 0);
  assert_int_equal(chdir(cwd), 0);
  free(old);
  free(cwd);
}

/* Between hashing and executing, the name is made to lead elsewhere. */
static void what_was_hashed_is_what_runs(void **state)
{
  (void)state;
  char path[128];
  char script[512];
  (void)snprintf(path, sizeof path, "%s/swap", base);
  (void)snprintf(script, sizeof script, "cp /bin/true %s && cp /bin/false %s.new", path, path);
  assert_int_equal(system(script), 0);
  tl_err e = {0};
  tl_proc_program program;
  tl_proc_child child;
  assert_int_equal(tl_proc_program_find(path, &program, &e), 0);
  (void)snprintf(script, sizeof script, "mv %s.new %s", path, path);
  assert_int_equal(system(script), 0);
  tl_val none = tl_nil();
  char *argv[] = {path, NULL};
  tl_proc_command command = {.argv = argv, .envp = argv + 1, .input = &none};
  assert_int_equal(tl_proc_start(&program, &command, base, -1, &child, &e), 0);
  int status = -1;
  assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
  assert_int_equal(status, 0); /* true, and not false */
  (void)close(child.pidfd);
  (void)close(child.out);
  (void)close(child.err);
  tl_proc_program_drop(&program);
}

static void a_file_that_is_no_program_is_refused(void **state)
{
  (void)state;
  char path[128];
  write_program("plain", "#!/bin/sh\n", 0644);
  (void)snprintf(path, sizeof path, "%s/plain", base);
  asked a = run(COMMAND(path));
  assert_true(a.rc < 0 && strstr(a.call.err.msg, "plain"));
  write_program("noformat", "no program at all\n", 0755);
  (void)snprintf(path, sizeof path, "%s/noformat", base);
  a = run(COMMAND(path));
  assert_true(a.rc < 0 && strstr(a.call.err.msg, "noformat"));
}

/* --- wrong commands --- */

static tl_val with(const char *key, tl_val v)
{
  tl_val command = COMMAND("true");
  tl_put(&command, key, v);
  return command;
}

static tl_val env_of(const char *name, tl_val v)
{
  tl_val env = tl_map();
  tl_put(&env, name, v);
  return with("env", env);
}

static void a_wrong_command_is_an_argument_error(void **state)
{
  (void)state;
  fails(tl_map(), TL_EARGUMENT, "argv");
  fails(with("argv", tl_list()), TL_EARGUMENT, "argv");
  fails(with("argv", tl_str("ls -l")), TL_EARGUMENT, "argv");
  fails(COMMAND(""), TL_EARGUMENT, "argv item 1");
  tl_val command = COMMAND("true");
  tl_push(tl_get_mut(&command, "argv"), tl_strn("a\0b", 3));
  fails(command, TL_EARGUMENT, "argv item 2");
  command = COMMAND("true");
  tl_push(tl_get_mut(&command, "argv"), tl_secret("KEY"));
  fails(command, TL_EARGUMENT, "secret");
  fails(with("stdin", tl_secret("KEY")), TL_EARGUMENT, "stdin");
  fails(with("stdin", tl_int(1)), TL_EARGUMENT, "stdin");
  fails(with("timeout_ms", tl_int(0)), TL_EARGUMENT, "timeout_ms");
  fails(with("timeout_ms", tl_str("1")), TL_EARGUMENT, "timeout_ms");
  fails(with("max_bytes", tl_int(-1)), TL_EARGUMENT, "max_bytes");
  fails(with("max_bytes", tl_int((1 << 30) + 1)), TL_EARGUMENT, "max_bytes");
  fails(with("timeout", tl_int(1)), TL_EARGUMENT, "'timeout'");
  fails(with("env", tl_str("A=1")), TL_EARGUMENT, "env");
  fails(env_of("A=B", tl_str("1")), TL_EARGUMENT, "env");
  fails(env_of("A", tl_int(1)), TL_EARGUMENT, "env");
  fails(env_of("A", tl_secret("KEY")), TL_EARGUMENT, "env");
  fails(env_of("LD_PRELOAD", tl_str("/x.so")), TL_EREFUSED, "LD_PRELOAD");
  fails(env_of("GCONV_PATH", tl_str("x")), TL_EREFUSED, "GCONV_PATH");
  fails(env_of("GLIBC_TUNABLES", tl_str("x")), TL_EREFUSED, "GLIBC_TUNABLES");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_program_runs_and_its_words_come_back),
      cmocka_unit_test(an_exit_code_is_a_result),
      cmocka_unit_test(a_signal_is_a_result),
      cmocka_unit_test(the_program_is_named_by_path_and_hash),
      cmocka_unit_test(arguments_are_not_looked_at_by_a_shell),
      cmocka_unit_test(standard_input_arrives_whole),
      cmocka_unit_test(the_environment_is_made_anew),
      cmocka_unit_test(only_three_descriptors_are_open),
      cmocka_unit_test(it_has_a_session_of_its_own_and_no_core),
      cmocka_unit_test(privileges_cannot_be_gained),
      cmocka_unit_test(signals_are_as_by_default),
      cmocka_unit_test(an_ordinary_user_stays_who_it_is),
      cmocka_unit_test(a_time_limit_kills_all_of_it),
      cmocka_unit_test(too_much_output_kills_it),
      cmocka_unit_test(what_it_leaves_behind_is_killed),
      cmocka_unit_test(a_time_limit_finds_daemons_too),
      cmocka_unit_test(cancelling_ends_each_call_once),
      cmocka_unit_test(a_dead_supervisor_takes_it_along),
      cmocka_unit_test(many_run_at_once),
      cmocka_unit_test(there_is_a_most_at_once),
      cmocka_unit_test(a_missing_program_is_not_found),
      cmocka_unit_test(a_relative_path_is_refused),
      cmocka_unit_test(the_current_folder_is_never_searched),
      cmocka_unit_test(what_was_hashed_is_what_runs),
      cmocka_unit_test(a_file_that_is_no_program_is_refused),
      cmocka_unit_test(a_wrong_command_is_an_argument_error),
  };
  return cmocka_run_group_tests(tests, make_base, remove_base);
}
