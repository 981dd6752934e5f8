#include "git_mirror.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/buf.h"
#include "hash.h"

enum { URL_MAX = 2048, SLUG_MAX = 48, HASH_LEN = 8 };

static const char prefix[] = "lab:" TL_GIT_MIRRORS "/";

/* --- what is no URL of ours --- */

static int check_bytes(const char *url, size_t len, tl_err *e)
{
  if (len == 0 || len > URL_MAX) {
    return tl_fail(e, TL_EARGUMENT, "the URL of a repository has 1 to %d bytes", URL_MAX);
  }
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)url[i];
    if (c <= ' ' || c == 127 || c == '\\') {
      return tl_fail(
          e, TL_EREFUSED,
          "the URL holds a blank, a backslash, a line break or another control character "
          "at byte %zu",
          i + 1);
    }
  }
  return 0;
}

static int fail_scheme(const char *url, tl_err *e)
{
  const char *colon = strchr(url, ':'), *slash = strchr(url, '/');
  if (strncasecmp(url, "git://", 6) == 0) {
    return tl_fail(e, TL_EREFUSED,
                   "git:// is neither encrypted nor does it say who answers; use https://");
  }
  if (strncasecmp(url, "ssh://", 6) == 0 || strncasecmp(url, "git+ssh://", 10) == 0 ||
      (colon && !strstr(url, "://") && (!slash || colon < slash))) {
    return tl_fail(e, TL_EREFUSED,
                   "ssh is not spoken, tlab has no keys; write https://host/owner/name");
  }
  if (!strstr(url, "://")) {
    return tl_fail(e, TL_EARGUMENT,
                   "'%.200s' is a path: it needs no git.fetch, the git operations read it where it "
                   "is",
                   url);
  }
  return tl_fail(e, TL_EREFUSED, "the URL's scheme is not spoken; use https, http or file");
}

static int check_parts(const char *url, const char *authority, tl_err *e)
{
  size_t len = strcspn(authority, "/");
  if (memchr(authority, '@', len)) {
    return tl_fail(e, TL_EREFUSED,
                   "the URL holds a user name or password; name a secret instead: "
                   "{ secret = tlab.secret 'NAME' }");
  }
  if (strpbrk(url, "?#")) {
    return tl_fail(e, TL_EREFUSED, "the URL of a repository has no ? and no #");
  }
  return 0;
}

/* --- its parts --- */

static int digit(char c)
{
  return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* %41 becomes A; NULL where that is not possible. */
static char *decoded(const char *text)
{
  char *out = tl_strdup(text), *to = out;
  for (const char *s = text; *s; s++) {
    bool coded = *s == '%';
    if (coded && !(isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2]))) {
      free(out);
      return NULL;
    }
    *to = coded ? (char)(digit(s[1]) * 16 + digit(s[2])) : *s;
    if (*to++ == '\0') {
      free(out);
      return NULL;
    }
    s += coded ? 2 : 0;
  }
  *to = '\0';
  return out;
}

static int read_file_url(tl_git_source *s, const char *rest, tl_err *e)
{
  if (strncasecmp(rest, "localhost/", 10) == 0) {
    rest += 9;
  }
  s->path = *rest == '/' ? decoded(rest) : NULL;
  if (!s->path) {
    return tl_fail(e, TL_EREFUSED, "a file URL names a folder of this machine: file:///srv/x.git");
  }
  s->is_file = true;
  return 0;
}

/* Scheme and host in small letters, no slash at the end. */
static void settle(char *url)
{
  size_t len = strlen(url);
  char *authority = strstr(url, "://") + 3;
  while (len > (size_t)(authority - url) + 1 && url[len - 1] == '/') {
    url[--len] = '\0';
  }
  for (char *c = url; c < authority + strcspn(authority, "/"); c++) {
    *c = (char)tolower((unsigned char)*c);
  }
}

/* The last two parts of the path, in letters that no file system minds. */
static void make_slug(const char *url, char slug[SLUG_MAX + 1])
{
  const char *path = strstr(url, "://") + 3;
  path += strcspn(path, "/");
  size_t len = strlen(path), from = len, n = 0;
  if (len > 4 && strcmp(path + len - 4, ".git") == 0) {
    len -= 4;
  }
  for (int parts = 0; from > 0; from--) {
    parts += from < len && path[from] == '/';
    if (parts == 2) {
      break;
    }
  }
  for (size_t i = from; i < len && n < SLUG_MAX; i++) {
    char c = path[i];
    bool fine = isalnum((unsigned char)c) || c == '_' || (c == '.' && n > 0);
    if (fine || (n > 0 && slug[n - 1] != '-')) {
      slug[n++] = fine ? c : '-';
    }
  }
  slug[n] = '\0';
}

static int make_name(tl_git_source *s, tl_err *e)
{
  char slug[SLUG_MAX + 1], hex[TL_SHA256_HEX + 1];
  int rc = tl_sha256(hex, s->url, strlen(s->url), e);
  make_slug(s->url, slug);
  (void)snprintf(s->name, sizeof s->name, "%s-%.*s.git", *slug ? slug : "repository", HASH_LEN,
                 hex);
  return rc;
}

int tl_git_source_read(tl_git_source *s, const char *url, size_t len, tl_err *e)
{
  static const char *const schemes[] = {"https://", "http://", "file://"};
  const char *rest = NULL;
  *s = (tl_git_source){0};
  int rc = check_bytes(url, len, e);
  if (rc < 0) {
    return rc;
  }
  s->url = tl_memdup0(url, len);
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !rest; i++) {
    size_t n = strlen(schemes[i]);
    rest = strncasecmp(s->url, schemes[i], n) == 0 ? s->url + n : NULL;
  }
  if (!rest) {
    return fail_scheme(s->url, e);
  }
  rc = check_parts(s->url, rest, e);
  if (rc == 0) {
    settle(s->url);
    rc = strncmp(s->url, "file:", 5) == 0 ? read_file_url(s, rest, e) : 0;
  }
  return rc < 0 ? rc : make_name(s, e);
}

void tl_git_source_free(tl_git_source *s)
{
  free(s->url);
  free(s->path);
  *s = (tl_git_source){0};
}

char *tl_git_mirror_path(const tl_git_source *s)
{
  char *path = tl_alloc(sizeof prefix + sizeof s->name);
  (void)snprintf(path, sizeof prefix + sizeof s->name, "%s%s", prefix, s->name);
  return path;
}

const char *tl_git_mirror_named(const char *path)
{
  return strncmp(path, prefix, sizeof prefix - 1) == 0 ? path + sizeof prefix - 1 : NULL;
}
