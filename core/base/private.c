#include "private.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool is_word(const char *s, size_t len, const char *word)
{
  return len == strlen(word) && strncasecmp(s, word, len) == 0;
}

static bool starts_with(const char *s, size_t len, const char *start)
{
  size_t n = strlen(start);
  return len >= n && strncasecmp(s, start, n) == 0;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
  size_t n = strlen(end);
  return len >= n && strncasecmp(s + len - n, end, n) == 0;
}

static bool private_part(const char *s, size_t len, bool secrets)
{
  if ((secrets && is_word(s, len, "secrets")) || is_word(s, len, ".git") ||
      is_word(s, len, ".tlab")) {
    return true;
  }
  if (starts_with(s, len, ".env") && !is_word(s, len, ".envrc")) {
    return true;
  }
  if (len >= 4 && starts_with(s, len, "id_") && !memchr(s, '.', len)) {
    return true;
  }
  return ends_with(s, len, ".pem") || ends_with(s, len, ".key") || ends_with(s, len, ".p12") ||
         ends_with(s, len, ".age");
}

bool tl_private_path(const char *rel, bool anywhere)
{
  bool first = true;
  for (const char *s = rel; *s; first = false) {
    size_t len = strcspn(s, "/");
    if (private_part(s, len, first || anywhere)) {
      return true;
    }
    s += len;
    s += strspn(s, "/");
  }
  return false;
}
