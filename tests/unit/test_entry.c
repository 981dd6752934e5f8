/* Ctrl-C in a session: it ends what is evaluated and nothing else, and a replay stops at the same
 * instruction. */
#include "entry_play.h"

#define TEST(name) static void name(void **state)

/* Plays entries of which the first is stopped, and replays them: arguments of each repl.next are compared,
 * so whatever the later entries show is what the first one had come to. */
static void stops(const char *text, const char *after, bool by_tick)
{
  const entry entries[] = {{.text = text, .stop_ms = 25}, {.text = after}, {.text = NULL}};
  played p;
  play(&p, entries);
  assert_string_equal(tl_get_str(&p.outcome, "status", ""), "succeeded");
  assert_string_equal(shown(&p, 0, "code"), "INTERRUPTED");
  assert_int_equal(tl_get_int(tl_at(&p.shown, 0), "interrupted", 0) > 0, by_tick);
  if (*after) assert_true(atoll(shown(&p, 1, "text")) > 0);
  must_replay(&p);
  drop(&p);
}

TEST(endless_loop)
{
  (void)state;
  stops("n = 0 while true do n = n + 1 end", "return n", true);
}

TEST(pcall_goes_on_with_nothing)
{
  (void)state;
  stops("n = 0 while true do pcall(function() while true do n = n + 1 end end) end", "return n",
        true);
  stops("n = 0 local function f() n = n + 1 return pcall(f) end while true do f() end", "return n",
        true);
  stops("n = 0 while true do pcall(pcall, error) n = n + 1 end", "return n", true);
}

TEST(handlers_of_errors)
{
  (void)state;
  stops(
      "n = 0 xpcall(function() while true do n = n + 1 end end, function() while true do end end)",
      "return n", true);
  stops("n = 0 xpcall(error, function() while true do n = n + 1 end end)", "return n", true);
}

TEST(coroutines)
{
  (void)state;
  stops("n = 0 while true do coroutine.wrap(function() n = n + 1 end)() end", "return n", true);
  stops(
      "n = 0 while true do local c = coroutine.create(function() while true do n = n + 1 end end)\n"
      "coroutine.resume(c) end",
      "return n", true);
  stops("n = 0 c = coroutine.wrap(function() while true do n = n + 1 coroutine.yield() end end)\n"
        "while true do c() end",
        "pcall(c) return n", true);
  /* Each level of coroutines has ticks of its own. */
  stops("n = 0 local function nest(d) while true do n = n + 1 if d > 0 then\n"
        "pcall(coroutine.wrap(function() nest(d - 1) end)) end end end nest(8)",
        "return n", true);
}

TEST(closing)
{
  (void)state;
  stops("n = 1 local x <close> = setmetatable({}, { __close = function() while true do end end })\n"
        "while true do n = n + 1 end",
        "return n", true);
}

TEST(what_waits)
{
  (void)state;
  stops("n = 1 tlab.clock.sleep(100000) n = nil", "return n", false);
  stops("n = 0 while true do n = n + 1 pcall(tlab.clock.sleep, 100000) end", "return n", false);
  stops("n = 0 run:map({ 1, 2, 3, 4 }, function(i) n = n + i tlab.clock.sleep(100000 + i) n = nil "
        "end)",
        "return n", false);
}

TEST(tasks_that_swallow_it)
{
  (void)state;
  /* The list is never gone through: no task is started once the entry is being stopped. */
  stops("n = 0 local list = {} for i = 1, 100 do list[i] = i end\n"
        "run:map(list, function(i) n = n + 1 pcall(tlab.clock.sleep, 100000) end, { concurrency = "
        "2 })",
        "assert(n == 2) return n", false);
  stops("n = 0 run:map({ 1, 2, 3 }, function(i) if i == 2 then while true do n = n + 1 end end\n"
        "tlab.clock.sleep(100000) end)",
        "return n", true);
}

TEST(a_task_that_the_scheduler_made)
{
  (void)state;
  stops("n = 0 run:map({ 1, 2 }, function(i) tlab.clock.sleep(1)\n"
        "if i == 2 then while true do n = n + 1 end end end, { concurrency = 1 })",
        "return n", true);
}

TEST(what_is_stopped_asks_no_more)
{
  const entry entries[] = {
      {.text = "while true do pcall(tlab.clock.sleep, 100000) end", .stop_ms = 40}, {.text = NULL}};
  played p;
  (void)state;
  play(&p, entries);
  assert_string_equal(shown(&p, 0, "code"), "INTERRUPTED");
  assert_int_equal(p.effects, 3); /* repl.next, one clock.sleep, repl.next */
  must_replay(&p);
  drop(&p);
}

/* What is shown is not recorded, so how many answers come before it must not count. */
TEST(ticks_do_not_depend_on_when_answers_come)
{
  (void)state;
  stops("n = 0 run:map({ 1, 2, 3, 4 }, function(i) while true do\n"
        "for _ = 1, 50 do n = n + 1 print(n) end tlab.clock.sleep(i % 2) end end)",
        "return n", true);
}

/* The worker's own Lua is let be: what it keeps is whole, wherever stopping begins. */
TEST(any_tick_leaves_the_scheduler_whole)
{
  enum { TICKS = 40 };
  entry entries[2 * TICKS + 1] = {{0}};
  played p;
  (void)state;
  for (int i = 0; i < TICKS; i++) {
    entries[2 * i] = (entry){.text = "while true do run:map({ 1, 2, 3 }, function() n = 0 end) end",
                             .tick = 1 + i * i};
    entries[2 * i + 1].text = "return #run:map({ 1, 2 }, function() return tlab.clock.now() end)";
  }
  play(&p, entries);
  for (size_t i = 0; i < TICKS; i++) {
    assert_string_equal(shown(&p, 2 * i, "code"), "INTERRUPTED");
    assert_int_equal(tl_get_int(tl_at(&p.shown, 2 * i), "interrupted", 0), 1 + i * i);
    assert_string_equal(shown(&p, 2 * i + 1, "text"), "2");
  }
  must_replay(&p);
  drop(&p);
}

TEST(a_wish_that_comes_early_or_late_is_for_its_own_entry)
{
  const char *text = "n = 0 for i = 1, 1000000 do n = n + 1 end return n";
  const entry entries[] = {{.text = text, .wish = 1},
                           {.text = text, .wish = 1},
                           {.text = text, .wish = 3},
                           {.text = text},
                           {.text = NULL}};
  played p;
  (void)state;
  play(&p, entries);
  assert_string_equal(shown(&p, 0, "code"), "INTERRUPTED");
  assert_string_equal(shown(&p, 1, "text"), "1000000");
  assert_string_equal(shown(&p, 2, "code"), "INTERRUPTED");
  assert_string_equal(shown(&p, 3, "text"), "1000000");
  must_replay(&p);
  drop(&p);
}

/* A recipe that is no session may evaluate entries, too. */
TEST(what_has_no_number_is_not_wished)
{
  (void)state;
  assert_false(tl_stop_wished(0));
}

TEST(the_second_one_ends_the_session)
{
  (void)state;
  /* One call of string.find that takes hours. */
  const entry entries[] = {{.text = "return ('a'):rep(200000):find(('.-'):rep(12) .. 'b')",
                            .stop_ms = 50,
                            .again_ms = 1300},
                           {.text = "return 1"},
                           {.text = NULL}};
  played p;
  play(&p, entries);
  assert_string_equal(tl_get_str(&p.outcome, "status", ""), "interrupted");
  assert_int_equal(tl_get_int(&p.outcome, "signal", 0), SIGINT);
  assert_non_null(strstr(tl_get_str(tl_get(&p.outcome, "error"), "message", ""), "did not end"));
  drop(&p);
}

TEST(two_in_a_row_are_one)
{
  (void)state;
  const entry entries[] = {
      {.text = "n = 0 while true do n = n + 1 end", .stop_ms = 50, .again_ms = 52},
      {.text = "return n"},
      {.text = NULL}};
  played p;
  play(&p, entries);
  assert_string_equal(tl_get_str(&p.outcome, "status", ""), "succeeded");
  must_replay(&p);
  drop(&p);
}

TEST(an_entry_does_not_ask_for_entries)
{
  (void)state;
  const entry entries[] = {{.text = "return tlab.repl.next { text = 'not shown by the session' }"},
                           {.text = "return 7"},
                           {.text = NULL}};
  played p;
  play(&p, entries);
  assert_string_equal(shown(&p, 0, "code"), "NOT_PERMITTED");
  assert_string_equal(shown(&p, 1, "text"), "7");
  must_replay(&p);
  drop(&p);
}

TEST(what_is_seen_too_late_is_passed_over)
{
  (void)state;
  const entry entries[] = {
      {.text = "return 1", .deaf = true}, {.text = "return 2"}, {.text = NULL}};
  played p;
  play(&p, entries);
  assert_string_equal(tl_get_str(&p.outcome, "status", ""), "succeeded");
  assert_string_equal(shown(&p, 0, "text"), "1");
  assert_string_equal(shown(&p, 1, "text"), "2");
  drop(&p);
}

int main(int argc, char **argv)
{
  PLAY_MAIN(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(endless_loop),
      cmocka_unit_test(pcall_goes_on_with_nothing),
      cmocka_unit_test(handlers_of_errors),
      cmocka_unit_test(coroutines),
      cmocka_unit_test(closing),
      cmocka_unit_test(what_waits),
      cmocka_unit_test(tasks_that_swallow_it),
      cmocka_unit_test(a_task_that_the_scheduler_made),
      cmocka_unit_test(what_is_stopped_asks_no_more),
      cmocka_unit_test(ticks_do_not_depend_on_when_answers_come),
      cmocka_unit_test(any_tick_leaves_the_scheduler_whole),
      cmocka_unit_test(a_wish_that_comes_early_or_late_is_for_its_own_entry),
      cmocka_unit_test(what_has_no_number_is_not_wished),
      cmocka_unit_test(the_second_one_ends_the_session),
      cmocka_unit_test(two_in_a_row_are_one),
      cmocka_unit_test(an_entry_does_not_ask_for_entries),
      cmocka_unit_test(what_is_seen_too_late_is_passed_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
