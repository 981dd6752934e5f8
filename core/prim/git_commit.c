/* A commit as a value: who, when and why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/buf.h"
#include "git_history.h"

enum { SUBJECT_MAX = 48 << 20 };

/* RFC 3339 in the author's own offset; a year that has no four digits becomes 1970. */
static tl_val time_text(const git_time *when)
{
  char text[80];
  struct tm tm;
  int offset = when->offset > -1440 && when->offset < 1440 ? when->offset : 0;
  time_t local = (time_t)when->time + (time_t)offset * 60;
  if (when->time > INT64_C(1) << 40 || !gmtime_r(&local, &tm) || tm.tm_year < -1900 ||
      tm.tm_year > 9999 - 1900) {
    local = 0;
    offset = 0;
    (void)gmtime_r(&local, &tm);
  }
  int away = abs(offset);
  (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 offset < 0 || when->sign == '-' ? '-' : '+', away / 60, away % 60);
  return tl_str(text);
}

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The line's length without blanks at its end; *next is where the following begins. */
static size_t line_length(const char *line, const char **next)
{
  size_t n = strcspn(line, "\n");
  *next = line + n + (line[n] == '\n');
  while (n > 0 && is_space(line[n - 1])) {
    n--;
  }
  return n;
}

static const char *skip_blank(const char *text)
{
  const char *next;
  while (*text && line_length(text, &next) == 0) {
    text = next;
  }
  return text;
}

/* The first paragraph on one line is the subject, what follows the body, as git's %s and %b. */
static void put_message(tl_val *map, const char *message)
{
  tl_buf subject = TL_BUF(SUBJECT_MAX);
  const char *next;
  const char *at = skip_blank(message);
  size_t n, len;
  for (; *at && (n = line_length(at, &next)) > 0; at = next) {
    bool ok =
        (subject.len == 0 || tl_buf_byte(&subject, ' ') == 0) && tl_buf_add(&subject, at, n) == 0;
    if (!ok) {
      break;
    }
  }
  at = skip_blank(at);
  char *text = tl_buf_take(&subject, &len);
  tl_put(map, "subject", tl_str_take(text, len));
  for (n = strlen(at); n > 0 && at[n - 1] == '\n';) {
    n--;
  }
  tl_put(map, "body", tl_strn(at, n));
}

tl_val tl_git_commit_value(git_commit *commit, unsigned parents)
{
  const git_signature *author = tl_git.git_commit_author(commit);
  const git_signature *committer = tl_git.git_commit_committer(commit);
  tl_val map = tl_map();
  tl_put(&map, "commit", tl_git_id_text(tl_git.git_commit_id(commit)));
  tl_val *list = tl_put(&map, "parents", tl_list());
  for (unsigned i = 0; i < parents; i++) {
    tl_push(list, tl_git_id_text(tl_git.git_commit_parent_id(commit, i)));
  }
  tl_put(&map, "tree", tl_git_id_text(tl_git.git_commit_tree_id(commit)));
  tl_put(&map, "author_name", tl_str(author->name));
  tl_put(&map, "author_email", tl_str(author->email));
  tl_put(&map, "author_time", time_text(&author->when));
  tl_put(&map, "committer_name", tl_str(committer->name));
  tl_put(&map, "committer_email", tl_str(committer->email));
  tl_put(&map, "commit_time", tl_int(tl_git.git_commit_time(commit)));
  put_message(&map, tl_git.git_commit_message(commit));
  return map;
}
