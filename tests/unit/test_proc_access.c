/* proc.run: what a program may read: what it is given, and its own installation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proc_help.h"

/* --- what it is given --- */

static asked run_reading(tl_val command, const char *const *paths)
{
  asked a;
  unsigned n = 0;
  prepare(&a, command);
  tl_val *list = tl_put(&a.args[0], "read", tl_list());
  for (; paths[n]; n++) {
    tl_push(list, tl_str(paths[n]));
    a.places[1 + n] =
        (tl_place){.dirfd = open("/", O_PATH | O_CLOEXEC), .rel = paths[n] + 1, .shown = paths[n]};
  }
  a.rc = prim_proc_run(&a.call);
  finish(&a);
  for (unsigned i = 0; i < n; i++) {
    (void)close(a.places[1 + i].dirfd);
  }
  return a;
}

#define READING(command, ...) run_reading(command, (const char *const[]){__VA_ARGS__, NULL})

static void what_is_given_is_read_and_no_more(void **state)
{
  (void)state;
  needs_landlock();
  char folder[PATH_MAX];
  char file[PATH_MAX];
  char script[PATH_MAX];
  (void)snprintf(folder, sizeof folder, "%s/data", base);
  (void)snprintf(file, sizeof file, "%s", put("one.txt", "one", 0644));
  (void)put("data/sub/two.txt", "two", 0666);
  (void)put("two.txt", "no", 0644);
  (void)snprintf(script, sizeof script,
                 "cat one.txt data/sub/two.txt %s/data/sub/two.txt; { cat %s/two.txt; echo x "
                 ">data/sub/two.txt; echo x >data/new; cp /bin/true data/; } 2>/dev/null; ls data",
                 base, base);
  asked a = READING(COMMAND("sh", "-c", script), folder, file);
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", ""), "onetwotwosub\n");
  assert_non_null(strstr(tl_get_str(tl_get(&a.call.out, "confined"), "files", ""), "2 given"));
  end(&a);
  a = READING(COMMAND("true"), folder, folder);
  assert_int_equal(a.rc, TL_EARGUMENT);
  a = READING(COMMAND("true"), "/dev/null");
  assert_true(a.rc < 0);
  (void)snprintf(file, sizeof file, "%s/pipe", base);
  assert_int_equal(mkfifo(file, 0644), 0);
  a = READING(COMMAND("true"), file);
  assert_int_equal(a.rc, TL_EREFUSED);
  assert_non_null(strstr(a.call.err.msg, "is a fifo"));
}

static void keys_are_not_given_with_their_folder(void **state)
{
  (void)state;
  char folder[PATH_MAX];
  (void)snprintf(folder, sizeof folder, "%s/withkey", base);
  (void)put("withkey/a/.env", "KEY=1", 0644);
  asked a = READING(COMMAND("true"), folder);
  assert_int_equal(a.rc, TL_EREFUSED);
  assert_non_null(strstr(a.call.err.msg, "a/.env"));
}

/* --- its installation --- */

static void a_program_finds_its_own_installation(void **state)
{
  (void)state;
  char path[PATH_MAX];
  char env[PATH_MAX];
  (void)put("opt/lib/data.txt", "data\n", 0644);
  (void)put("opt/etc/secret.txt", "secret\n", 0644);
  (void)put("opt/inter/bin/run", "#!/bin/sh\ncat $(dirname $0)/../lib/i.txt 2>&1; . $1\n", 0755);
  (void)put("opt/inter/lib/i.txt", "interpreter\n", 0644);
  (void)snprintf(path, sizeof path, "%s",
                 put("opt/bin/tool",
                     "#!/bin/sh\ncat $(dirname $0)/../lib/data.txt $(dirname $0)/../etc/secret.txt "
                     "2>/dev/null\n",
                     0755));
  bool held = tl_landlock_abi() > 0;
  assert_says(COMMAND(path), held ? "data\n" : "data\nsecret\n");
  /* An interpreter that env finds on PATH, in another place. */
  (void)snprintf(env, sizeof env, "%s/opt/inter/bin:%s", base, getenv("PATH"));
  char *old = tl_strdup(getenv("PATH"));
  assert_int_equal(setenv("PATH", env, 1), 0);
  (void)snprintf(path, sizeof path, "%s", put("script", "#!/usr/bin/env run\necho script\n", 0755));
  assert_says(COMMAND(path), "interpreter\nscript\n");
  assert_int_equal(setenv("PATH", old, 1), 0);
  free(old);
}

static void of_a_hidden_folder_share_is_closed(void **state)
{
  (void)state;
  needs_landlock();
  static const char tool[] = "#!/bin/sh\ncat $(dirname $0)/../share/x.txt 2>/dev/null\n";
  (void)put("plain/share/x.txt", "open\n", 0644);
  assert_says(COMMAND(put("plain/bin/tool", tool, 0755)), "open\n");
  (void)put(".hidden/share/x.txt", "private\n", 0644);
  assert_says(COMMAND(put(".hidden/bin/tool", tool, 0755)), "");
}

static void a_virtual_environment_works(void **state)
{
  (void)state;
  char path[PATH_MAX];
  char make[2 * PATH_MAX];
  (void)snprintf(make, sizeof make,
                 "python3 -m venv --without-pip %s/venv && echo 'print(\"module\")' "
                 ">$(echo %s/venv/lib/python3*/site-packages)/thing.py",
                 base, base);
  assert_int_equal(system(make), 0);
  (void)snprintf(make, sizeof make, "#!%s/venv/bin/python\nimport thing\n", base);
  (void)snprintf(path, sizeof path, "%s", put("venv/bin/thing", make, 0755));
  assert_stdout(COMMAND(path), "module\n");
  (void)snprintf(path, sizeof path, "%s/venv/bin/python", base);
  assert_stdout(COMMAND(path, "-c", "import thing"), "module\n");
}

/* What pyvenv.cfg calls home opens what stands around it only where that is a folder of programs. */
static void an_environment_cannot_name_any_folder(void **state)
{
  (void)state;
  needs_landlock();
  char text[2 * PATH_MAX];
  char tool[PATH_MAX];
  (void)put("base/lib/x.txt", "opened\n", 0644);
  (void)put("base/bin/python", "", 0755);
  (void)put("base/notes/python", "", 0755);
  (void)snprintf(text, sizeof text, "#!/bin/sh\ncat %s/base/lib/x.txt 2>/dev/null\n", base);
  (void)snprintf(tool, sizeof tool, "%s", put("env/bin/tool", text, 0755));
  (void)snprintf(text, sizeof text, "home = %s/base/bin\n", base);
  (void)put("env/pyvenv.cfg", text, 0644);
  assert_says(COMMAND(tool), "opened\n");
  (void)snprintf(text, sizeof text, "home = %s/base/notes\n", base);
  (void)put("env/pyvenv.cfg", text, 0644);
  assert_says(COMMAND(tool), "");
}

static void a_home_or_the_lab_is_no_installation(void **state)
{
  (void)state;
  needs_landlock();
  char path[PATH_MAX];
  char home[PATH_MAX];
  char *old = getenv("HOME") ? tl_strdup(getenv("HOME")) : NULL;
  (void)snprintf(home, sizeof home, "%s/pre/lib/home", base);
  (void)put("pre/lib/home/notes.txt", "private\n", 0644);
  (void)snprintf(path, sizeof path, "%s",
                 put("pre/bin/tool",
                     "#!/bin/sh\ncat $(dirname $0)/../lib/home/notes.txt 2>/dev/null\n", 0755));
  assert_says(COMMAND(path), "private\n"); /* an installation as others */
  assert_int_equal(setenv("HOME", home, 1), 0);
  assert_says(COMMAND(path), "");
  assert_int_equal(setenv("HOME", "/", 1), 0);
  asked a;
  prepare(&a, COMMAND(path));
  a.places[0] = (tl_place){.dirfd = open(home, O_PATH | O_CLOEXEC), .rel = ".", .shown = "lab:"};
  a.rc = prim_proc_run(&a.call);
  finish(&a);
  succeeds(&a);
  assert_string_equal(tl_get_str(&a.call.out, "stdout", "?"), "");
  end(&a);
  (void)close(a.places[0].dirfd);
  assert_int_equal(old ? setenv("HOME", old, 1) : unsetenv("HOME"), 0);
  free(old);
}

/* A program whose lib leads to `target`: does it see what is there? */
static void assert_closed(const char *target)
{
  static const char tool[] = "#!/bin/sh\nls $(dirname $0)/../lib/. >/dev/null 2>&1 && echo open\n";
  char lib[PATH_MAX];
  (void)snprintf(lib, sizeof lib, "%s/led/lib", base);
  char *path = put("led/bin/tool", tool, 0755);
  assert_int_equal(symlink(target, lib), 0);
  assert_says(COMMAND(path), "");
  assert_int_equal(unlink(lib), 0);
}

static void homes_of_others_are_no_installation(void **state)
{
  (void)state;
  needs_landlock();
  char somebody[] = "/home/tlab-proc-XXXXXX";
  char *old = getenv("HOME") ? tl_strdup(getenv("HOME")) : NULL;
  assert_int_equal(unsetenv("HOME"), 0);
  assert_closed("/");
  assert_closed("/root");
  assert_closed("/home");
  if (mkdtemp(somebody)) { /* which not everybody may make */
    assert_closed(somebody);
    assert_int_equal(rmdir(somebody), 0);
  }
  assert_int_equal(old ? setenv("HOME", old, 1) : 0, 0);
  free(old);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_given_is_read_and_no_more),
      cmocka_unit_test(keys_are_not_given_with_their_folder),
      cmocka_unit_test(a_program_finds_its_own_installation),
      cmocka_unit_test(of_a_hidden_folder_share_is_closed),
      cmocka_unit_test(a_virtual_environment_works),
      cmocka_unit_test(an_environment_cannot_name_any_folder),
      cmocka_unit_test(a_home_or_the_lab_is_no_installation),
      cmocka_unit_test(homes_of_others_are_no_installation),
  };
  return cmocka_run_group_tests(tests, make_base, remove_base);
}
