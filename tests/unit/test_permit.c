/* Permits: the truth table of allow × deny × declared, host patterns, addresses, paths (S10, P1, N2). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/gate/permit.h"

static tl_val lists(const char *json)
{
  tl_val v;
  tl_err e;
  assert_int_equal(tl_json_read(&v, json, strlen(json), &e), TL_OK);
  return v;
}

static tl_permits permits(const char *needs, const char *allow, const char *deny)
{
  tl_permits p;
  tl_permits_init(&p);
  p.needs = lists(needs);
  p.allow = lists(allow);
  p.deny = lists(deny);
  return p;
}

static void net_patterns_match_whole_names(void **state)
{
  (void)state;
  static const struct {
    const char *pattern, *host;
    int port;
    bool match;
  } rows[] = {
      {"a.com", "a.com", 443, true},
      {"a.com", "A.COM", 443, true},
      {"a.com", "a.com.", 443, true},
      {"a.com", "evil-a.com", 443, false},
      {"a.com", "a.com.evil", 443, false},
      {"a.com:443", "a.com", 443, true},
      {"a.com:443", "a.com", 80, false},
      {"a.com:44", "a.com", 443, false},
      {"a.com:*", "a.com", 1, true},
      {"*.a.com", "b.a.com", 443, true},
      {"*.a.com", "a.com", 443, false},
      {"*.a.com", "eviala.com", 443, false},
      {"*.a.com", "x.a.com.", 443, true},
      {"[::1]:80", "::1", 80, true},
      {"[::1]:80", "[::1]", 80, true},
      {"[::1]:80", "::1", 81, false},
      {"::1", "::1", 9, true},
      {"127.0.0.1", "127.0.0.10", 9, false},
      {"", "a.com", 443, false},
      {"*", "a.com", 443, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (tl_permit_net_match(rows[i].pattern, rows[i].host, rows[i].port) != rows[i].match)
      fail_msg("%s against %s:%d", rows[i].pattern, rows[i].host, rows[i].port);
}

static void both_needed_and_deny_wins(void **state)
{
  (void)state;
  static const char *const none = "{}", *const it = "{\"net\":[\"a.com:443\"]}";
  for (int needs = 0; needs < 2; needs++)
    for (int allow = 0; allow < 2; allow++)
      for (int deny = 0; deny < 2; deny++) {
        tl_permits p = permits(needs ? it : none, allow ? it : none, deny ? it : none);
        tl_err e;
        int rc = tl_permit_net(&p, "a.com", 443, &e);
        assert_int_equal(rc, needs && allow && !deny ? TL_OK : TL_ENOT_PERMITTED);
        if (rc < 0) {
          assert_int_equal(tl_get_bool(&p.refusal, "declared", !needs), needs);
          assert_int_equal(tl_get_bool(&p.refusal, "denied", !deny), deny);
          assert_string_equal(tl_get_str(&p.refusal, "subject", ""), "a.com:443");
        }
        tl_permits_free(&p);
      }
}

static int address(tl_permits *p, const char *host, const char *ip)
{
  struct sockaddr_in v4 = {.sin_family = AF_INET};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
  tl_err e;
  if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
    return tl_permit_address(p, host, 80, (struct sockaddr *)(void *)&v4, &e);
  assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
  return tl_permit_address(p, host, 80, (struct sockaddr *)(void *)&v6, &e);
}

static void names_do_not_lead_to_private_addresses(void **state)
{
  (void)state;
  tl_permits p = permits("{}", "{\"net\":[\"a.com\",\"10.0.0.7:80\"]}", "{\"net\":[\"8.8.8.8\"]}");
  static const char *const hidden[] = {"127.0.0.1",  "10.1.2.3", "169.254.169.254",  "192.168.0.1",
                                       "172.16.0.1", "0.0.0.0",  "100.64.0.1",       "::1",
                                       "fe80::1",    "fd00::1",  "::ffff:127.0.0.1", "224.0.0.1"};
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
    assert_int_equal(address(&p, "a.com", hidden[i]), TL_ENOT_PERMITTED);
  assert_int_equal(address(&p, "a.com", "93.184.216.34"), TL_OK);
  assert_int_equal(address(&p, "a.com", "172.32.0.1"), TL_OK);
  assert_int_equal(address(&p, "a.com", "10.0.0.7"), TL_OK); /* granted by itself */
  assert_int_equal(address(&p, "a.com", "8.8.8.8"),
                   TL_ENOT_PERMITTED); /* deny wins on addresses too */
  assert_int_equal(address(&p, "127.0.0.1", "127.0.0.1"), TL_OK);
  assert_int_equal(address(&p, "localhost", "127.0.0.1"), TL_OK);
  assert_int_equal(address(&p, "localhost", "10.0.0.1"), TL_ENOT_PERMITTED);
  tl_permits_free(&p);
}

static int place(tl_permits *p, const char *path, bool write)
{
  tl_place out;
  tl_err e;
  return tl_permit_place(p, path, strlen(path), write, &out, &e);
}

static void hostile_paths_are_refused(void **state)
{
  (void)state;
  tl_permits p = permits("{}", "{}", "{}");
  tl_place out;
  tl_err e;
  char longest[5000];
  memset(longest, 'a', sizeof longest);
  p.run_fd = p.lab_fd = open("/", O_PATH | O_DIRECTORY);
  static const char *const bad[] = {"..", "../x", "a/../b", "a/..", "", "\xff", "lab:../x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(place(&p, bad[i], false), TL_EREFUSED);
  assert_int_equal(tl_permit_place(&p, "a\0b", 3, false, &out, &e), TL_EREFUSED);
  assert_int_equal(tl_permit_place(&p, longest, 4097, false, &out, &e), TL_EREFUSED);
  assert_int_equal(place(&p, "..x", false), TL_OK);
  assert_int_equal(place(&p, "/etc/passwd", false), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "/etc/x", true), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "lab:x", true), TL_ENOT_PERMITTED);
  (void)close(p.run_fd);
  tl_permits_free(&p);
}

static void the_record_and_keys_are_out_of_reach(void **state)
{
  (void)state;
  tl_permits p = permits("{}", "{}", "{}");
  p.run_fd = p.lab_fd = open("/", O_PATH | O_DIRECTORY);
  static const char *const own[] = {"run.json",   "notes.jsonl", "record", "record/effects.jsonl",
                                    "./run.json", ".//record/x"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    assert_int_equal(place(&p, own[i], true), TL_ENOT_PERMITTED);
    assert_int_equal(place(&p, own[i], false), TL_ENOT_PERMITTED);
  }
  assert_int_equal(place(&p, "spec.json", true), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "spec.json", false), TL_OK);
  static const char *const keys[] = {
      "lab:secrets/.env.lab",  "lab:secrets",         "lab:./secrets/x",
      "lab:.git/config",       "lab:sub/.git/config", "lab:.env",
      "lab:x/.env.production", "lab:tls/server.pem",  "lab:A.KEY",
      "lab:.ssh/id_rsa",       "lab:Secrets/x",       "lab://secrets/x"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (place(&p, keys[i], false) != TL_ENOT_PERMITTED) fail_msg("%s was let through", keys[i]);
  static const char *const fine[] = {"lab:notes.md", "lab:.gitignore", "lab:.envrc",
                                     "lab:docs/secrets.md", "lab:data/id_map.csv"};
  for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
    if (place(&p, fine[i], false) != TL_OK) fail_msg("%s was refused", fine[i]);
  (void)close(p.run_fd);
  tl_permits_free(&p);
}

static void a_read_grant_covers_a_tree_and_nothing_beside_it(void **state)
{
  (void)state;
  tl_permits p =
      permits("{\"read\":[\"/usr\",\"/etc/hostname\"]}",
              "{\"read\":[\"/usr/lib\",\"/etc/hostname\"]}", "{\"read\":[\"/usr/lib/ssl\"]}");
  tl_place out;
  tl_err e;
  assert_int_equal(tl_permit_place(&p, "/usr/lib/x/y", 12, false, &out, &e), TL_OK);
  assert_string_equal(out.rel, "x/y");
  assert_int_equal(tl_permit_place(&p, "/etc/hostname", 13, false, &out, &e), TL_OK);
  assert_string_equal(out.rel, "hostname");
  assert_int_equal(place(&p, "/usr/library/x", false), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "/usr/share/x", false), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "/usr/lib/ssl/private", false), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "/etc/hostname2", false), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "/usr/lib/x/server.key", false), TL_ENOT_PERMITTED);
  assert_int_equal(place(&p, "/usr/lib/lab/secrets/.env.lab", false), TL_ENOT_PERMITTED);
  tl_permits_free(&p);
}

/* Somebody who always says the same, and what was asked. */
typedef struct person {
  const char *says;
  int asked;
  char item[128], op[32];
} person;

static int say(void *ud, const tl_val *refusal, tl_val *how, tl_err *e)
{
  person *p = ud;
  p->asked++;
  (void)snprintf(p->item, sizeof p->item, "%s", tl_get_str(refusal, "subject", ""));
  (void)snprintf(p->op, sizeof p->op, "%s", tl_get_str(refusal, "op", ""));
  if (strcmp(p->says, "broken") == 0) return tl_fail(e, TL_EBUG, "nobody there");
  if (*p->says) *how = tl_str(p->says);
  return TL_OK;
}

static void a_person_may_grant_once_for_the_session_or_not(void **state)
{
  person who = {.says = ""};
  tl_err e;
  (void)state;
  tl_permits p = permits("{}", "{}", "{\"env\":[\"KEY\"]}");
  p.ask = say;
  p.ask_ud = &who;
  p.op = "env.get";
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_ENOT_PERMITTED);
  assert_int_equal(who.asked, 0); /* not declared: no person can make up for that */
  p.undeclared = true;
  assert_int_equal(tl_permit_named(&p, "env", "KEY", &e), TL_ENOT_PERMITTED);
  assert_int_equal(who.asked, 0); /* denied */
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_ENOT_PERMITTED);
  assert_int_equal(who.asked, 1);
  assert_string_equal(who.op, "env.get");
  assert_string_equal(tl_get_str(&p.refusal, "subject", ""), "HOME");
  who.says = "broken";
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_EBUG);
  who.says = "for ever";
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_EARGUMENT);
  assert_int_equal(tl_len(&p.granted), 0);

  who = (person){.says = "once"};
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_OK);
  assert_int_equal(p.refusal.type, TL_NIL);
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_OK);
  assert_int_equal(who.asked, 1); /* once is for the whole entry */
  tl_permit_entry_over(&p);
  who.says = "session";
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_OK);
  tl_permit_entry_over(&p);
  assert_int_equal(tl_permit_named(&p, "env", "HOME", &e), TL_OK);
  assert_int_equal(who.asked, 2);
  assert_int_equal(tl_len(&p.granted), 2);
  assert_string_equal(tl_get_str(tl_at(&p.granted, 1), "how", ""), "session");
  tl_permits_free(&p);
}

static void the_narrowest_is_asked_for(void **state)
{
  person who = {.says = "session"};
  struct sockaddr_in in = {.sin_family = AF_INET};
  struct sockaddr sa;
  tl_place place;
  tl_err e;
  (void)state;
  tl_permits p = permits("{}", "{}", "{}");
  p.undeclared = true;
  p.ask = say;
  p.ask_ud = &who;
  assert_int_equal(tl_permit_net(&p, "api.example.com", 443, &e), TL_OK);
  assert_string_equal(who.item, "api.example.com:443");
  assert_int_equal(tl_permit_net(&p, "::1", 80, &e), TL_OK);
  assert_string_equal(who.item, "[::1]:80");
  assert_int_equal(tl_permit_net(&p, "::1", 80, &e), TL_OK);
  assert_int_equal(inet_pton(AF_INET, "10.0.0.7", &in.sin_addr), 1);
  memcpy(&sa, &in, sizeof sa);
  assert_int_equal(tl_permit_address(&p, "api.example.com", 443, &sa, &e), TL_OK);
  assert_string_equal(who.item, "10.0.0.7:443"); /* the name alone does not grant it */
  assert_int_equal(who.asked, 3);
  assert_int_equal(tl_permit_beyond(&p, "/etc/hostname", &e), TL_OK);
  assert_string_equal(who.item, "/etc/hostname");
  who.says = "once";
  assert_int_equal(tl_permit_place(&p, "/etc/passwd", 11, false, &place, &e), TL_OK);
  assert_string_equal(who.item, "/etc/passwd");
  assert_int_equal(tl_permit_place(&p, "/etc/group", 10, false, &place, &e), TL_OK);
  tl_permit_entry_over(&p);
  who.says = "";
  assert_int_equal(tl_permit_place(&p, "/etc/passwd", 11, false, &place, &e), TL_ENOT_PERMITTED);
  tl_permits_free(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(net_patterns_match_whole_names),
      cmocka_unit_test(both_needed_and_deny_wins),
      cmocka_unit_test(names_do_not_lead_to_private_addresses),
      cmocka_unit_test(hostile_paths_are_refused),
      cmocka_unit_test(the_record_and_keys_are_out_of_reach),
      cmocka_unit_test(a_read_grant_covers_a_tree_and_nothing_beside_it),
      cmocka_unit_test(a_person_may_grant_once_for_the_session_or_not),
      cmocka_unit_test(the_narrowest_is_asked_for),
  };
  return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
