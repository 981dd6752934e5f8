/* fs.hold, held, discard, space: what a living process holds, and the file system beneath. */
#include "fs_help.h"

#include <sys/file.h>
#include <sys/wait.h>

static bool held_now(const char *path)
{
  assert_int_equal(trust(prim_fs_held, path), TL_OK);
  return got.out.u.b;
}

static bool discarded(const char *path)
{
  assert_int_equal(trust(prim_fs_discard, path), TL_OK);
  return got.out.u.b;
}

/* A process that holds `path` until it is killed. */
static pid_t holder_of(const char *path)
{
  int ready[2];
  char byte;
  pid_t child;

  assert_int_equal(pipe(ready), 0);
  child = fork();
  if (child == 0) {
    bool holds = trust(prim_fs_hold, path) == TL_OK && got.out.u.b;
    _exit(holds && write(ready[1], "x", 1) == 1 ? pause() : 1);
  }
  (void)close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  (void)close(ready[0]);
  return child;
}

static void end(pid_t child)
{
  int status;

  (void)kill(child, SIGKILL);
  (void)waitpid(child, &status, 0);
}

static void a_lock_ends_with_its_process(void **state)
{
  const char *const what[] = {"file", "folder"};

  (void)state;
  assert_int_equal(shell("echo x > file; mkdir folder"), 0);
  for (size_t i = 0; i < 2; i++) {
    assert_false(held_now(what[i]));
    pid_t child = holder_of(what[i]);
    assert_true(held_now(what[i]));
    assert_int_equal(trust(prim_fs_hold, what[i]), TL_OK);
    assert_false(got.out.u.b);
    end(child);
    assert_false(held_now(what[i]));
  }
}

static int hold(const char *path, int64_t ms)
{
  int rc = trust2(prim_fs_hold, path, tl_int(ms));

  return rc == TL_OK ? got.out.u.b : rc;
}

static void a_lock_is_waited_for(void **state)
{
  pid_t pid = holder_of("new"), killer;

  (void)state;
  assert_int_equal(hold("new", 20), 0);
  killer = fork();
  if (killer == 0) {
    (void)usleep(30000);
    _exit(kill(pid, SIGKILL));
  }
  assert_int_equal(hold("new", 10000), 1);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  assert_int_equal(waitpid(killer, NULL, 0), killer);
}

static void no_lock_through_a_link_or_without_a_folder(void **state)
{
  (void)state;
  assert_int_equal(shell("ln -s nowhere link"), 0);
  assert_true(hold("link", 0) < 0);
  assert_int_equal(shell("test ! -e nowhere"), 0);
  assert_int_equal(hold("no/l", 0), TL_ENOT_FOUND);
  assert_int_equal(hold("l", -1), TL_EARGUMENT);
}

static void what_is_held_is_not_discarded(void **state)
{
  (void)state;
  assert_int_equal(shell("echo x > file; ln -s file link"), 0);
  pid_t child = holder_of("file");
  assert_false(discarded("file"));
  assert_int_equal(shell("test -e file"), 0);
  end(child);
  assert_true(discarded("link")); /* the link, not what it leads to */
  assert_int_equal(shell("test -e file && test ! -L link"), 0);
  assert_true(discarded("file"));
  assert_int_equal(shell("test ! -e file"), 0);
}

static void links_folders_and_pipes(void **state)
{
  (void)state;
  assert_int_equal(shell("echo x > file; ln -s file link; mkdir folder; mkfifo pipe"), 0);
  assert_int_equal(trust(prim_fs_held, "link"), TL_EREFUSED);
  assert_int_equal(trust(prim_fs_hold, "pipe"), TL_EREFUSED);
  assert_true(trust(prim_fs_discard, "folder") < 0);
  assert_int_equal(trust(prim_fs_discard, "pipe"), TL_EREFUSED);
  assert_int_equal(trust(prim_fs_held, "nothing"), TL_ENOT_FOUND);
  assert_int_equal(shell("test -d folder && test -p pipe"), 0);
}

/* With a root, no link on the way is followed, whatever it is called. */
static void beneath_a_root_no_link_is_followed(void **state)
{
  tl_prim *const prims[] = {prim_fs_held, prim_fs_discard, prim_fs_purge};

  (void)state;
  assert_int_equal(shell("mkdir -p lab out/.tlab-tmp-d; echo x > out/f; ln -s ../out lab/day"), 0);
  const char *const paths[] = {"day/f", "day/f", "day/.tlab-tmp-d", "../out/f"};
  for (size_t i = 0; i < 4; i++) {
    tl_val args[3] = {tl_str(paths[i]), tl_str("lab"), tl_nil()};
    assert_int_equal(call(prims[i < 3 ? i : 1], args, paths[i], "lab", true), TL_EREFUSED);
  }
  assert_int_equal(shell("test -d out/.tlab-tmp-d && test -e out/f"), 0);
  assert_int_equal(shell("mkdir -p lab/.tlab-tmp-d/x"), 0);
  tl_val args[3] = {tl_str(".tlab-tmp-d"), tl_str("lab"), tl_nil()};
  assert_int_equal(call(prim_fs_purge, args, ".tlab-tmp-d", "lab", true), TL_OK);
  assert_int_equal(shell("test ! -e lab/.tlab-tmp-d"), 0);
}

static void space_of_a_file_system(void **state)
{
  (void)state;
  assert_int_equal(trust(prim_fs_space, "."), TL_OK);
  assert_true(tl_get(&got.out, "free")->u.i >= 0);
  assert_true(tl_get(&got.out, "size")->u.i > 0);
  assert_false(tl_get(&got.out, "read_only")->u.b);
  assert_non_null(tl_get(&got.out, "type"));
  assert_int_equal(trust(prim_fs_space, "/proc"), TL_OK);
  assert_int_equal(trust(prim_fs_space, "nothing"), TL_ENOT_FOUND);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(a_lock_ends_with_its_process),
      T(a_lock_is_waited_for),
      T(no_lock_through_a_link_or_without_a_folder),
      T(what_is_held_is_not_discarded),
      T(links_folders_and_pipes),
      T(beneath_a_root_no_link_is_followed),
      T(space_of_a_file_system),
  };
#undef T
  return cmocka_run_group_tests_name("fs.hold", tests, NULL, NULL);
}
