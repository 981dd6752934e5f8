#include "permit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/json.h"
#include "../base/private.h"
#include "../prim/git_mirror.h"
#include "../prim/store.h"

void tl_permits_init(tl_permits *p)
{
  *p = (tl_permits){.lab_fd = -1, .run_fd = -1, .mirrors = tl_list(), .granted = tl_list()};
}

void tl_permits_look_anew(tl_permits *p)
{
  for (size_t i = 0; i < p->nroots; i++) {
    free(p->roots[i].path);
    tl_store_close(p->roots[i].fd);
  }
  p->nroots = 0;
}

void tl_permits_free(tl_permits *p)
{
  tl_permits_look_anew(p);
  tl_free(&p->needs);
  tl_free(&p->allow);
  tl_free(&p->deny);
  tl_free(&p->once);
  tl_free(&p->granted);
  tl_free(&p->refusal);
  tl_free(&p->mirrors);
  tl_free(&p->noted);
}

/* --- matching -------------------------------------------------------------------------------- */

static bool host_match(const char *pattern, size_t plen, const char *host)
{
  size_t hlen = strlen(host);
  while (hlen > 1 && host[hlen - 1] == '.') hlen--; /* "a.com." is a.com */
  if (plen > 2 && pattern[0] == '*' && pattern[1] == '.')
    return hlen > plen - 1 && strncasecmp(host + hlen - (plen - 1), pattern + 1, plen - 1) == 0;
  return plen == hlen && strncasecmp(pattern, host, plen) == 0;
}

bool tl_permit_net_match(const char *pattern, const char *host, int port)
{
  char bare[256];
  size_t hlen = strlen(host);
  if (hlen > 2 && host[0] == '[' && host[hlen - 1] == ']' && hlen - 2 < sizeof bare) {
    memcpy(bare, host + 1, hlen - 2);
    bare[hlen - 2] = '\0';
    host = bare;
  }
  const char *end, *colon;
  if (*pattern == '[') { /* [::1]:8080 */
    end = strchr(++pattern, ']');
    if (!end) return false;
    colon = end[1] == ':' ? end + 1 : NULL;
  } else {
    colon = strrchr(pattern, ':');
    if (colon && strchr(pattern, ':') != colon) colon = NULL; /* bare IPv6 */
    end = colon ? colon : pattern + strlen(pattern);
  }
  if (!host_match(pattern, (size_t)(end - pattern), host)) return false;
  if (!colon || strcmp(colon, ":*") == 0) return true;
  char text[16];
  (void)snprintf(text, sizeof text, ":%d", port);
  return strcmp(colon, text) == 0;
}

static bool path_below(const char *root, const char *path, size_t len)
{
  size_t rlen = strlen(root);
  while (rlen > 1 && root[rlen - 1] == '/') rlen--;
  if (rlen == 1 && *root == '/') return true;
  return len >= rlen && memcmp(root, path, rlen) == 0 && (len == rlen || path[rlen] == '/');
}

typedef struct tl_subject {
  const char *family;
  const char *name; /* host, path or name */
  int port;         /* net only */
} tl_subject;

static bool matches(const tl_subject *s, const char *pattern)
{
  if (strcmp(s->family, "net") == 0) return tl_permit_net_match(pattern, s->name, s->port);
  if (strcmp(s->family, "read") == 0) return path_below(pattern, s->name, strlen(s->name));
  return strcmp(pattern, s->name) == 0;
}

bool tl_permit_match(const char *family, const char *pattern, const char *name)
{
  return matches(&(tl_subject){family, name, 0}, pattern);
}

static const char *find_match(const tl_val *lists, const tl_subject *s)
{
  const tl_val *list = tl_get(lists, s->family);
  for (size_t i = 0; i < tl_len(list); i++) {
    const tl_val *item = tl_at(list, i);
    if (item && item->type == TL_STR && matches(s, item->u.s.data)) return item->u.s.data;
  }
  return NULL;
}

static const char *find_allowed(const tl_permits *p, const tl_subject *s)
{
  const char *found = find_match(&p->allow, s);
  return found ? found : find_match(&p->once, s);
}

/* --- refusing -------------------------------------------------------------------------------- */

static const char *family_words(const char *family)
{
  if (strcmp(family, "net") == 0) return "network access to";
  if (strcmp(family, "read") == 0) return "reading";
  if (strcmp(family, "run") == 0) return "running";
  if (strcmp(family, "call") == 0) return "calling the recipe";
  return "the environment variable";
}

/* As a pattern that matches it and nothing else of its family (of paths: what lies below). */
static tl_val item_of(const tl_subject *s)
{
  char text[TL_ERR_MAX / 2];
  bool net = strcmp(s->family, "net") == 0;
  bool v6 = net && strchr(s->name, ':') && *s->name != '[';
  if (!net) return tl_str(s->name);
  (void)snprintf(text, sizeof text, v6 ? "[%s]:%d" : "%s:%d", s->name, s->port);
  return tl_str(text);
}

/* {family, subject, declared, denied}: what a refusal and a note have in common. */
static tl_val question_map(const tl_subject *s, bool declared, bool denied)
{
  tl_val map = tl_map();
  (void)tl_put(&map, "family", tl_str(s->family));
  (void)tl_put(&map, "subject", item_of(s));
  (void)tl_put(&map, "declared", tl_bool(declared));
  (void)tl_put(&map, "denied", tl_bool(denied));
  return map;
}

static int refuse(tl_permits *p, const tl_subject *s, bool declared, bool denied, tl_err *e)
{
  tl_free(&p->refusal);
  p->refusal = question_map(s, declared, denied);
  if (p->op) (void)tl_put(&p->refusal, "op", tl_str(p->op));
  const tl_val *allowed = tl_get(&p->allow, s->family);
  (void)tl_put(&p->refusal, "allowed", allowed ? tl_copy(allowed) : tl_list());
  const char *why = denied      ? "is denied by the lab"
                    : !declared ? "is not declared in the recipe's needs"
                                : "is not allowed";
  return tl_fail(e, TL_ENOT_PERMITTED, "%s %s %s", family_words(s->family),
                 tl_get_str(&p->refusal, "subject", ""), why);
}

static tl_val *list_of(tl_val *lists, const char *family)
{
  tl_val *list = tl_get_mut(lists, family);
  return list ? list : tl_put(lists, family, tl_list());
}

int tl_permit_allow(tl_permits *p, const char *family, const char *item, const char *how, tl_err *e)
{
  static const char *const families[] = {"net", "read", "run", "env"};
  bool once = strcmp(how, "once") == 0, known = false;
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    known = known || strcmp(families[i], family) == 0;
  if (!known || (!once && strcmp(how, "session") != 0 && strcmp(how, "always") != 0))
    return tl_fail(e, TL_EARGUMENT, "no permit is granted as %s of %s", how, family);
  if (once && p->once.type != TL_MAP) p->once = tl_map();
  (void)tl_push(list_of(once ? &p->once : &p->allow, family), tl_str(item));
  tl_val *grant = tl_push(&p->granted, tl_map());
  (void)tl_put(grant, "family", tl_str(family));
  (void)tl_put(grant, "item", tl_str(item));
  (void)tl_put(grant, "how", tl_str(how));
  return TL_OK;
}

void tl_permit_entry_over(tl_permits *p)
{
  tl_free(&p->once);
}

/* After refuse(), with its error in *e: somebody may grant it. */
static int ask(tl_permits *p, const tl_subject *s, tl_err *e)
{
  tl_val how = tl_nil();
  if (!p->ask) return e->code;
  int rc = p->ask(p->ask_ud, &p->refusal, &how, e);
  if (rc == TL_OK && how.type == TL_STR) {
    tl_val item = item_of(s);
    rc = tl_permit_allow(p, s->family, item.u.s.data, how.u.s.data, e);
    tl_free(&item);
    if (rc == TL_OK) tl_free(&p->refusal);
  } else if (rc == TL_OK) {
    rc = e->code;
  }
  tl_free(&how);
  return rc;
}

static void note(tl_permits *p, const tl_subject *s, bool declared, bool denied, bool missing)
{
  if (p->noted.type != TL_LIST) return;
  tl_val *map = tl_push(&p->noted, question_map(s, declared, denied));
  (void)tl_put(map, "missing", tl_bool(missing));
}

/* The end of every question: what came of it is noted where that is wanted. */
static int decide(tl_permits *p, const tl_subject *s, bool declared, bool allowed, tl_err *e)
{
  bool denied = find_match(&p->deny, s) != NULL, missing = denied || !declared || !allowed;
  note(p, s, declared, denied, missing);
  if (!missing) return TL_OK;
  (void)refuse(p, s, declared, denied, e);
  return denied || !declared ? e->code : ask(p, s, e);
}

static int check(tl_permits *p, const tl_subject *s, tl_err *e)
{
  bool declared = p->undeclared || find_match(&p->needs, s) != NULL;
  return decide(p, s, declared, find_allowed(p, s) != NULL, e);
}

int tl_permit_net(tl_permits *p, const char *host, int port, tl_err *e)
{
  return check(p, &(tl_subject){"net", host, port}, e);
}

int tl_permit_named(tl_permits *p, const char *family, const char *name, tl_err *e)
{
  return check(p, &(tl_subject){family, name, 0}, e);
}

int tl_permit_declared(tl_permits *p, const char *family, const char *name, tl_err *e)
{
  tl_subject s = {family, name, 0};
  return decide(p, &s, p->undeclared || find_match(&p->needs, &s) != NULL, true, e);
}

int tl_permit_beyond(tl_permits *p, const char *path, tl_err *e)
{
  tl_subject s = {"read", path, 0};
  return decide(p, &s, true, find_allowed(p, &s) != NULL, e);
}

/* --- addresses ------------------------------------------------------------------------------- */

/* Not routed on the public Internet: RFC 6890's special-purpose registries, IPv4 part. */
static bool private_v4(uint32_t a)
{
  static const struct {
    uint32_t net, mask;
  } nets[] = {
      {0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000},
      {0x7f000000, 0xff000000}, {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
      {0xc0000000, 0xffffff00}, {0xc0a80000, 0xffff0000}, {0xc6120000, 0xfffe0000},
      {0xe0000000, 0xe0000000},
  };
  for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
    if ((a & nets[i].mask) == nets[i].net) return true;
  return false;
}

static bool private_address(const struct sockaddr *sa, bool *loopback)
{
  uint32_t v4 = 0;
  *loopback = false;
  if (sa->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    v4 = ntohl(in.sin_addr.s_addr);
  } else if (sa->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    const uint8_t *b = in6.sin6_addr.s6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
      *loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
      return *loopback || IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr) || (b[0] & 0xfe) == 0xfc ||
             (b[0] == 0xfe && (b[1] & 0x80)) || b[0] == 0xff;
    }
    v4 = (uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 | b[15];
  } else {
    return true; /* no other family is ever wanted */
  }
  *loopback = v4 >> 24 == 127;
  return private_v4(v4);
}

int tl_permit_address(tl_permits *p, const char *host, int port, const struct sockaddr *sa,
                      tl_err *e)
{
  char text[INET6_ADDRSTRLEN] = "?";
  if (sa->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    (void)inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  } else if (sa->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    (void)inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
  }
  tl_subject s = {"net", text, port};
  if (find_match(&p->deny, &s)) return refuse(p, &s, true, true, e);
  bool loopback;
  if (!private_address(sa, &loopback)) return TL_OK;
  if (host_match(text, strlen(text), host) || (loopback && strcasecmp(host, "localhost") == 0))
    return TL_OK; /* the grant named this very address */
  if (find_allowed(p, &s)) return TL_OK;
  (void)refuse(p, &s, true, false, e);
  (void)tl_fail(e, TL_ENOT_PERMITTED,
                "%s leads to the private address %s, which is not allowed by itself", host, text);
  return ask(p, &s, e);
}

/* --- paths ----------------------------------------------------------------------------------- */

static int check_text(const char *path, size_t len, tl_err *e)
{
  if (len == 0) return tl_fail(e, TL_EREFUSED, "the path is empty");
  if (len > 4096) return tl_fail(e, TL_EREFUSED, "the path has %zu bytes, at most 4096 go", len);
  if (memchr(path, 0, len)) return tl_fail(e, TL_EREFUSED, "the path has a NUL byte");
  if (tl_utf8_valid(path, len) != len) return tl_fail(e, TL_EREFUSED, "the path is not UTF-8");
  const char *first = strncmp(path, "lab:", 4) == 0 ? path + 4 : path;
  for (const char *s = first; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
    if (s[0] == '.' && s[1] == '.' && (s[2] == '/' || s[2] == '\0'))
      return tl_fail(e, TL_EREFUSED, "the path %s goes up with '..'", path);
  return TL_OK;
}

/* run.json, spec.json, notes.jsonl and the record belong to tlab: a recipe that could write them
 * could lie. */
static bool of_the_record(const char *rel)
{
  return strcmp(rel, "run.json") == 0 || strcmp(rel, "notes.jsonl") == 0 ||
         strcmp(rel, "record") == 0 || strncmp(rel, "record/", 7) == 0;
}

static const char *strip_dots(const char *rel)
{
  for (;;) {
    if (rel[0] == '.' && rel[1] == '/') rel += 2;
    else if (rel[0] == '/') rel++;
    else return *rel ? rel : ".";
  }
}

static int run_place(tl_permits *p, const char *path, bool write, tl_place *out, tl_err *e)
{
  const char *rel = strip_dots(path);
  if (p->run_fd < 0)
    return tl_fail(e, TL_ENOT_PERMITTED, "%s: files are for run(), the run has no folder yet",
                   path);
  if (of_the_record(rel) || (write && strcmp(rel, "spec.json") == 0))
    return tl_fail(e, TL_ENOT_PERMITTED, "%s belongs to the record of the run", path);
  *out = (tl_place){.dirfd = p->run_fd, .rel = rel, .shown = path};
  return TL_OK;
}

static int lab_place(tl_permits *p, const char *path, tl_place *out, tl_err *e)
{
  const char *rel = strip_dots(path + 4);
  if (p->lab_fd < 0) return tl_fail(e, TL_ENOT_FOUND, "%s: there is no lab here", path);
  if (tl_private_path(rel, false))
    return tl_fail(e, TL_ENOT_PERMITTED,
                   "%s is key material or belongs to git: a recipe cannot read it", path);
  *out = (tl_place){.dirfd = p->lab_fd, .rel = rel, .shown = path};
  return TL_OK;
}

/* The opened folder of a grant; opened once. */
static tl_root *root_of(tl_permits *p, const char *granted, tl_err *e)
{
  for (size_t i = 0; i < p->nroots; i++)
    if (strcmp(p->roots[i].path, granted) == 0) return &p->roots[i];
  if (p->nroots == sizeof p->roots / sizeof *p->roots) {
    (void)tl_fail(e, TL_ELIMIT, "more than %zu read permits are in use", p->nroots);
    return NULL;
  }
  bool is_file;
  int fd = tl_store_root(granted, &is_file, e);
  if (fd < 0) return NULL;
  tl_root *r = &p->roots[p->nroots++];
  *r = (tl_root){tl_strdup(granted), fd, is_file};
  return r;
}

static int outside_place(tl_permits *p, const char *path, tl_place *out, tl_err *e)
{
  tl_subject s = {"read", path, 0};
  int rc = check(p, &s, e);
  if (rc < 0) return rc;
  tl_root *r = root_of(p, find_allowed(p, &s), e);
  if (!r) return e->code;
  const char *rel = path + (r->is_file ? strrchr(r->path, '/') - r->path : (long)strlen(r->path));
  rel = strip_dots(rel);
  if (!r->is_file && tl_private_path(rel, true)) { /* a key has to be granted by its own name */
    note(p, &s, true, find_match(&p->deny, &s) != NULL, true);
    (void)refuse(p, &s, true, false, e);
    return tl_fail(e, TL_ENOT_PERMITTED, "%s looks like key material: it needs a permit of its own",
                   path);
  }
  *out = (tl_place){.dirfd = r->fd, .rel = rel, .shown = path};
  return TL_OK;
}

int tl_permit_place(tl_permits *p, const char *path, size_t len, bool write, tl_place *out,
                    tl_err *e)
{
  int rc = check_text(path, len, e);
  if (rc < 0) return rc;
  bool lab = strncmp(path, "lab:", 4) == 0;
  if (write && (lab || *path == '/'))
    return tl_fail(e, TL_ENOT_PERMITTED,
                   "%s is outside the run: a recipe writes into its run's folder only "
                   "(a relative path)",
                   path);
  if (lab) return lab_place(p, path, out, e);
  if (*path == '/') return outside_place(p, path, out, e);
  return run_place(p, path, write, out, e);
}

/* --- mirrors --------------------------------------------------------------------------------- */

static bool is_fetched(const tl_permits *p, const char *name)
{
  for (size_t i = 0; i < tl_len(&p->mirrors); i++)
    if (strcmp(tl_at(&p->mirrors, i)->u.s.data, name) == 0) return true;
  return false;
}

void tl_permit_mirror(tl_permits *p, const char *name)
{
  if (!is_fetched(p, name)) (void)tl_push(&p->mirrors, tl_str(name));
}

int tl_permit_repository(tl_permits *p, const char *path, size_t len, tl_place *out, tl_err *e)
{
  const char *name = memchr(path, 0, len) ? NULL : tl_git_mirror_named(path);
  if (!name) return tl_permit_place(p, path, len, false, out, e);
  if (!is_fetched(p, name))
    return tl_fail(e, TL_ENOT_PERMITTED,
                   "%s is no mirror that this run has fetched: git.fetch comes first", path);
  if (p->lab_fd < 0) return tl_fail(e, TL_ENOT_FOUND, "%s: there is no lab here", path);
  *out = (tl_place){.dirfd = p->lab_fd, .rel = path + strlen("lab:"), .shown = path};
  return TL_OK;
}
