#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/json.h"
#include "../prim/source.h"
#include "permit.h"

enum { SECRET_MIN = 8, NEEDLES_MAX = 16 };

struct tl_secret_entry {
  char *name, *value; /* value NULL: bound, but nowhere to be found */
  char *from;         /* where the value is from; without one NULL */
  tl_err why;         /* without one: why, when it is asked for */
  tl_val hosts;
  char *needles[NEEDLES_MAX];
  size_t nneedles;
};

/* --- the forms a value can take ------------------------------------------------------------- */

static void add_needle(tl_secret_entry *s, const char *text, size_t len)
{
  if (len < SECRET_MIN || s->nneedles == NEEDLES_MAX) return;
  for (size_t i = 0; i < s->nneedles; i++)
    if (strlen(s->needles[i]) == len && memcmp(s->needles[i], text, len) == 0) return;
  s->needles[s->nneedles++] = tl_memdup0(text, len);
}

/* Base64 of the value when `skip` bytes stand before it: only the characters that the value alone
 * decides, so that it is found inside a longer encoded text (RFC 4648). */
static void add_base64(tl_secret_entry *s, const char *alphabet, size_t skip)
{
  size_t len = strlen(s->value), first = (skip * 8 + 5) / 6, whole = (skip + len) * 8 / 6;
  char *out = tl_zalloc(whole - first + 1);
  for (size_t i = first; i < whole; i++) {
    unsigned bits = 0;
    for (size_t k = 0; k < 6; k++) {
      size_t bit = i * 6 + k - skip * 8;
      bits = bits << 1 | ((unsigned)(unsigned char)s->value[bit / 8] >> (7 - bit % 8) & 1u);
    }
    out[i - first] = alphabet[bits];
  }
  add_needle(s, out, whole - first);
  explicit_bzero(out, whole - first);
  free(out);
}

static void add_hex(tl_secret_entry *s, const char *digits)
{
  size_t len = strlen(s->value);
  char *out = tl_zalloc(2 * len + 1);
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[(unsigned char)s->value[i] >> 4];
    out[2 * i + 1] = digits[(unsigned char)s->value[i] & 15];
  }
  add_needle(s, out, 2 * len);
  explicit_bzero(out, 2 * len);
  free(out);
}

static void add_url(tl_secret_entry *s, const char *digits)
{
  size_t len = strlen(s->value), n = 0;
  char *out = tl_zalloc(3 * len + 1);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s->value[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 strchr("-._~", c);
    if (plain) {
      out[n++] = (char)c;
    } else {
      out[n++] = '%';
      out[n++] = digits[c >> 4];
      out[n++] = digits[c & 15];
    }
  }
  add_needle(s, out, n);
  explicit_bzero(out, n);
  free(out);
}

/* JSON text with each / as \/, which RFC 8259 allows and some writers do. */
static void add_slashed(tl_secret_entry *s, const char *text, size_t len)
{
  char *out = tl_zalloc(2 * len + 1);
  size_t n = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '/') out[n++] = '\\';
    out[n++] = text[i];
  }
  add_needle(s, out, n);
  explicit_bzero(out, n);
  free(out);
}

static void add_json(tl_secret_entry *s)
{
  tl_buf b = TL_BUF(1u << 20);
  tl_val v = tl_str(s->value);
  if (tl_json_write(&b, &v, NULL) == TL_OK && b.len > 2) {
    add_needle(s, b.data + 1, b.len - 2);
    add_slashed(s, b.data + 1, b.len - 2);
  }
  if (b.data) explicit_bzero(b.data, b.len);
  tl_buf_free(&b);
  explicit_bzero(v.u.s.data, v.u.s.len);
  tl_free(&v);
}

static void make_needles(tl_secret_entry *s)
{
  static const char std64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const char url64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  add_needle(s, s->value, strlen(s->value));
  add_json(s);
  add_url(s, "0123456789ABCDEF");
  add_url(s, "0123456789abcdef");
  add_hex(s, "0123456789abcdef");
  add_hex(s, "0123456789ABCDEF");
  for (size_t skip = 0; skip < 3; skip++) {
    add_base64(s, std64, skip);
    add_base64(s, url64, skip);
  }
}

/* --- loading --------------------------------------------------------------------------------- */

static bool is_wanted(const tl_val *wanted, const char *name)
{
  for (size_t i = 0; i < tl_len(wanted); i++)
    if (strcmp(tl_at(wanted, i)->u.s.data, name) == 0) return true;
  return false;
}

/* A value that is nowhere, or in a file that cannot be opened here, is told of when it is needed, not
 * before: the recipe may never ask for it, or a record answers. */
static int load_one(tl_secret_entry *entry, tl_sources *sources, const tl_val *how, tl_err *e)
{
  const char *where;
  bool later, wanted = is_wanted(tl_get(how, "wanted"), entry->name);
  int rc =
      tl_sources_find(sources, entry->name, wanted, &entry->value, &where, &later, &entry->why);
  if (rc == TL_ENOT_FOUND && !wanted && tl_len(tl_get(how, "files")) > 0)
    (void)tl_fail(&entry->why, TL_ENOT_FOUND,
                  "the secret %s is neither in the environment nor in secrets/.env.lab; encrypted "
                  "files are opened for what the recipe declares: needs = { secret = { '%s' } }",
                  entry->name, entry->name);
  if (rc == TL_ENOT_FOUND || (rc < 0 && later)) return TL_OK;
  if (rc < 0) {
    *e = entry->why;
    return rc;
  }
  if (strlen(entry->value) < SECRET_MIN)
    return tl_fail(e, TL_EINVALID, "the secret %s has fewer than %d characters", entry->name,
                   SECRET_MIN);
  entry->from = tl_strdup(where);
  make_needles(entry);
  return TL_OK;
}

int tl_secrets_load(tl_secrets *s, const tl_val *bound, const tl_val *how, int lab_fd, tl_err *e)
{
  int rc = TL_OK;
  *s = (tl_secrets){0};
  if (tl_len(bound) == 0 || bound->type != TL_MAP) return TL_OK;
  tl_sources *sources = tl_sources_open(lab_fd, tl_get(how, "files"));
  s->entries = tl_zalloc(tl_len(bound) * sizeof *s->entries);
  for (size_t i = 0; i < bound->u.map.len && rc == TL_OK; i++) {
    const tl_pair *pair = &bound->u.map.pairs[i];
    tl_secret_entry *entry = &s->entries[s->len++];
    const tl_val *hosts = tl_get(&pair->val, "hosts");
    entry->name = tl_strdup(pair->key);
    entry->hosts = hosts ? tl_copy(hosts) : tl_list();
    rc = load_one(entry, sources, how, e);
  }
  s->programs = tl_sources_programs(sources);
  tl_sources_close(sources);
  return rc;
}

tl_val tl_secrets_told(const tl_secrets *s)
{
  tl_val told = tl_nil();
  for (size_t i = 0; i < s->len; i++) {
    if (!s->entries[i].from) continue;
    if (told.type == TL_NIL) told = tl_map();
    tl_val *from = tl_get_mut(&told, "from");
    if (!from) from = tl_put(&told, "from", tl_map());
    (void)tl_put(from, s->entries[i].name, tl_str(s->entries[i].from));
  }
  if (told.type == TL_MAP && tl_len(&s->programs) > 0)
    (void)tl_put(&told, "programs", tl_copy(&s->programs));
  return told;
}

static void wipe(char *text)
{
  if (text) tl_wipe_text(text, strlen(text));
}

void tl_secrets_free(tl_secrets *s)
{
  for (size_t i = 0; i < s->len; i++) {
    tl_secret_entry *entry = &s->entries[i];
    for (size_t k = 0; k < entry->nneedles; k++) wipe(entry->needles[k]);
    wipe(entry->value);
    free(entry->from);
    free(entry->name);
    tl_free(&entry->hosts);
  }
  free(s->entries);
  tl_free(&s->programs);
  *s = (tl_secrets){0};
}

/* --- using ----------------------------------------------------------------------------------- */

static const tl_secret_entry *find(const tl_secrets *s, const char *name)
{
  for (size_t i = 0; i < s->len; i++)
    if (strcmp(s->entries[i].name, name) == 0) return &s->entries[i];
  return NULL;
}

bool tl_secret_bound(const tl_secrets *s, const char *name)
{
  return find(s, name) != NULL;
}

static bool here(const char *host)
{
  return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 ||
         strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0;
}

int tl_secret_value(const tl_secrets *s, const char *name, const char *scheme, const char *host,
                    int port, const char **value, tl_err *e)
{
  const tl_secret_entry *entry = find(s, name);
  if (!entry)
    return tl_fail(e, TL_ENOT_PERMITTED,
                   "the secret %s is not bound to any host: lab.json needs "
                   "\"secrets\": {\"%s\": {\"hosts\": [\"%s:%d\"]}}",
                   name, name, host, port);
  bool bound = false;
  for (size_t i = 0; i < tl_len(&entry->hosts) && !bound; i++)
    bound = tl_permit_net_match(tl_at(&entry->hosts, i)->u.s.data, host, port);
  if (!bound)
    return tl_fail(e, TL_ENOT_PERMITTED,
                   "the secret %s is not sent to %s:%d: lab.json binds it to %s", name, host, port,
                   tl_len(&entry->hosts) ? tl_at(&entry->hosts, 0)->u.s.data : "no host");
  if (strcmp(scheme, "https") != 0 && !here(host))
    return tl_fail(e, TL_ENOT_PERMITTED,
                   "the secret %s is not sent to %s:%d without TLS: use https", name, host, port);
  if (!entry->value) {
    *e = entry->why;
    return e->code;
  }
  *value = entry->value;
  return TL_OK;
}

/* --- scrubbing ------------------------------------------------------------------------------- */

static bool contains(const tl_secrets *s, const char *data, size_t len)
{
  for (size_t i = 0; i < s->len; i++)
    for (size_t k = 0; k < s->entries[i].nneedles; k++) {
      const char *needle = s->entries[i].needles[k];
      if (memmem(data, len, needle, strlen(needle))) return true;
    }
  return false;
}

static void replace_all(tl_buf *b, const char *needle, const char *name)
{
  size_t nlen = strlen(needle);
  char *hit = b->len ? memmem(b->data, b->len, needle, nlen) : NULL;
  if (!hit) return;
  tl_buf out = TL_BUF(SIZE_MAX / 2);
  const char *from = b->data, *end = b->data + b->len;
  for (; hit; hit = memmem(from, (size_t)(end - from), needle, nlen)) {
    (void)tl_buf_add(&out, from, (size_t)(hit - from));
    (void)tl_buf_fmt(&out, "<secret:%s>", name);
    from = hit + nlen;
  }
  (void)tl_buf_add(&out, from, (size_t)(end - from));
  explicit_bzero(b->data, b->len);
  size_t max = b->max;
  tl_buf_free(b);
  *b = out;
  b->max = max;
}

void tl_secrets_scrub_buf(const tl_secrets *s, tl_buf *b)
{
  if (!b->data || !contains(s, b->data, b->len)) return;
  for (size_t i = 0; i < s->len; i++)
    for (size_t k = 0; k < s->entries[i].nneedles; k++)
      replace_all(b, s->entries[i].needles[k], s->entries[i].name);
}

static void scrub_bytes(const tl_secrets *s, char **data, size_t *len)
{
  if (!contains(s, *data, *len)) return;
  tl_buf b = TL_BUF(SIZE_MAX / 2);
  (void)tl_buf_add(&b, *data, *len);
  tl_secrets_scrub_buf(s, &b);
  explicit_bzero(*data, *len);
  free(*data);
  *data = tl_buf_take(&b, len);
}

void tl_secrets_scrub(const tl_secrets *s, tl_val *v)
{
  if (s->len == 0) return;
  if (v->type == TL_STR) scrub_bytes(s, &v->u.s.data, &v->u.s.len);
  if (v->type == TL_LIST)
    for (size_t i = 0; i < v->u.list.len; i++) tl_secrets_scrub(s, &v->u.list.items[i]);
  if (v->type == TL_MAP)
    for (size_t i = 0; i < v->u.map.len; i++) {
      scrub_bytes(s, &v->u.map.pairs[i].key, &v->u.map.pairs[i].key_len);
      tl_secrets_scrub(s, &v->u.map.pairs[i].val);
    }
}

void tl_secrets_scrub_err(const tl_secrets *s, tl_err *e)
{
  if (!contains(s, e->msg, strlen(e->msg))) return;
  tl_buf b = TL_BUF(SIZE_MAX / 2);
  (void)tl_buf_str(&b, e->msg);
  tl_secrets_scrub_buf(s, &b);
  (void)snprintf(e->msg, sizeof e->msg, "%s", b.data);
  tl_buf_free(&b);
}

size_t tl_secrets_partial(const tl_secrets *s, const tl_buf *b)
{
  size_t longest = 0;
  for (size_t i = 0; i < s->len; i++)
    for (size_t k = 0; k < s->entries[i].nneedles; k++) {
      const char *needle = s->entries[i].needles[k];
      size_t n = strlen(needle) - 1;
      for (n = n < b->len ? n : b->len; n > longest; n--)
        if (memcmp(b->data + b->len - n, needle, n) == 0) longest = n;
    }
  return longest;
}
