/* JSONTestSuite and the vectors of RFC 8785, as fetch.sh laid them out. TAP, one line a file.
 *   json_suite FOLDER
 * y_ files must be read, n_ files refused, i_ files may be either: what counts is that nothing
 * breaks. Whatever is read and can be written canonically is read back as the same bytes. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"

static unsigned count, failed;

static void say(bool ok, const char *name, const char *why)
{
  count++;
  failed += !ok;
  (void)printf("%s %u - %s%s%s\n", ok ? "ok" : "not ok", count, name, ok ? "" : " # ",
               ok ? "" : why);
}

/* The whole file, or the end of the program: without its data the suite says nothing. */
static tl_buf slurp(const char *folder, const char *name)
{
  tl_buf b = TL_BUF(64u << 20);
  char path[1024], block[65536];
  size_t n;
  FILE *f;

  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  f = fopen(path, "rb");
  if (!f) {
    perror(path);
    exit(2);
  }
  while ((n = fread(block, 1, sizeof block, f)) > 0)
    if (tl_buf_add(&b, block, n) < 0) exit(2);
  (void)fclose(f);
  return b;
}

static int is_json(const struct dirent *entry)
{
  const char *dot = strrchr(entry->d_name, '.');
  return dot && strcmp(dot, ".json") == 0;
}

/* What is written is read and written again as the same bytes. */
static bool is_stable(const tl_val *v)
{
  tl_buf once = TL_BUF(64u << 20), twice = TL_BUF(64u << 20);
  bool same = true;
  tl_val back;
  tl_err e;

  if (tl_json_write(&once, v, &e) == TL_OK) {
    same = tl_json_read(&back, once.data, once.len, &e) == TL_OK &&
           tl_json_write(&twice, &back, &e) == TL_OK && once.len == twice.len &&
           memcmp(once.data, twice.data, once.len) == 0;
    tl_free(&back);
  }
  tl_buf_free(&once);
  tl_buf_free(&twice);
  return same;
}

/* RFC 8259 only says that names should be unique, so the suite lets them pass; a record that can
 * be read in two ways is no record, so I-JSON (RFC 7493 section 2.3) is followed here. */
static bool is_i_json_only(const char *name)
{
  return strcmp(name, "y_object_duplicated_key.json") == 0 ||
         strcmp(name, "y_object_duplicated_key_and_value.json") == 0;
}

static void parse_one(const char *folder, const char *name)
{
  tl_buf text = slurp(folder, name);
  tl_err e = {0};
  tl_val v;
  int rc = tl_json_read(&v, text.data ? text.data : "", text.len, &e);

  if (rc == TL_OK && !is_stable(&v))
    say(false, name, "what was written is not read back as the same");
  else if (is_i_json_only(name))
    say(rc == TL_EPARSE && strstr(e.msg, "is there already"), name, "a key twice was accepted");
  else if (name[0] == 'y') say(rc == TL_OK, name, e.msg);
  else if (name[0] == 'n') say(rc == TL_EPARSE, name, "was accepted");
  else say(true, name, "");
  tl_free(&v);
  tl_buf_free(&text);
}

static void canonical_one(const char *folder, const char *name)
{
  char input[600], output[600];
  tl_buf in, expected, out = TL_BUF(1u << 20);
  tl_err e = {0};
  tl_val v;
  int rc;

  (void)snprintf(input, sizeof input, "%s/input", folder);
  (void)snprintf(output, sizeof output, "%s/output", folder);
  in = slurp(input, name);
  expected = slurp(output, name);
  rc = tl_json_read(&v, in.data, in.len, &e);
  if (rc == TL_OK) rc = tl_json_write(&out, &v, &e);
  say(rc == TL_OK && out.len == expected.len && memcmp(out.data, expected.data, out.len) == 0, name,
      rc == TL_OK ? "differs from the published bytes" : e.msg);
  tl_free(&v);
  tl_buf_free(&in);
  tl_buf_free(&expected);
  tl_buf_free(&out);
}

/* Each JSON file of `listed` through `one`, which gets `folder`. Fewer than `least` is a failure:
 * an empty folder must not pass. */
static void each(const char *listed, const char *folder, unsigned least,
                 void (*one)(const char *folder, const char *name))
{
  struct dirent **entries;
  int n = scandir(listed, &entries, is_json, alphasort);

  if (n < 0 || (unsigned)n < least) {
    say(false, listed, "files of the suite are missing");
    return;
  }
  for (int i = 0; i < n; i++) {
    one(folder, entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
}

int main(int argc, char **argv)
{
  char folder[500], listed[512];

  if (argc != 2) return 2;
  (void)snprintf(folder, sizeof folder, "%s/jsontestsuite", argv[1]);
  each(folder, folder, 318, parse_one);
  (void)snprintf(folder, sizeof folder, "%s/jcs", argv[1]);
  (void)snprintf(listed, sizeof listed, "%s/input", folder);
  each(listed, folder, 6, canonical_one);
  (void)printf("1..%u\n", count);
  return failed > 0;
}
