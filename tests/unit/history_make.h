/* Random histories that hold what makes trouble, for `git fast-import` (git-fast-import(1)). */
#ifndef TL_TEST_HISTORY_MAKE_H
#define TL_TEST_HISTORY_MAKE_H

#include "history_help.h"

enum { NAMES = 22, TEXT_MOST = 1 << 16 };

/* Same last names in several folders, a file and a folder of one name, bytes that must be quoted. */
static const char *const pool[NAMES] = {
    "a",         "a-b",       "a/b",        "a/c.txt",     "a0",           "lib/c.txt",
    "lib/d/e.c", "lib/e.c",   "src/e.c",    "src/main.c",  "src/x/main.c", "with space",
    "tab\there", "new\nline", "quo\"te",    "back\\slash", "caf\xc3\xa9",  "latin\xe9",
    "-dash",     "sub",       "z/\x01\x7f", "README",
};

typedef struct made_file {
  int mode; /* 0: not there */
  char text[TEXT_MOST];
  size_t len;
} made_file;

typedef struct maker {
  uint64_t seed;
  FILE *out;
  made_file files[NAMES];
  int marks;
} maker;

static inline unsigned roll(maker *m, unsigned n)
{
  m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(m->seed >> 33) % n;
}

/* Names that cannot be there together: one is a folder of the other. */
static inline void make_room(maker *m, unsigned name)
{
  for (unsigned i = 0; i < NAMES; i++) {
    size_t a = strlen(pool[i]), b = strlen(pool[name]);
    size_t least = a < b ? a : b;
    const char *longer = a < b ? pool[name] : pool[i];
    if (i != name && memcmp(pool[i], pool[name], least) == 0 && longer[least] == '/') {
      m->files[i].mode = 0;
    }
  }
}

static inline size_t make_line(maker *m, char line[80])
{
  static const char *const ends[] = {"\n", "\n", "\n", "\r\n"};
  const char *end = ends[roll(m, 4)];
  switch (roll(m, 6)) {
  case 0: return (size_t)snprintf(line, 80, "}%s", end);
  case 1: return (size_t)snprintf(line, 80, "%s", end);
  default: return (size_t)snprintf(line, 80, "\tcall(%u, %u);%s", roll(m, 40), roll(m, 5), end);
  }
}

/* Puts lines in, or takes some out, at some place; now and then the last line loses its end. */
static inline void edit(maker *m, made_file *f, unsigned times)
{
  char line[80];
  while (times-- > 0) {
    size_t at = f->len > 0 ? roll(m, (unsigned)f->len) : 0;
    while (at > 0 && f->text[at - 1] != '\n') {
      at--;
    }
    size_t n = make_line(m, line), out = roll(m, 3) == 0 ? roll(m, 120) : 0;
    out = out > f->len - at ? f->len - at : out;
    if (f->len + n >= TEXT_MOST) {
      return;
    }
    memmove(f->text + at + n, f->text + at + out, f->len - at - out);
    memcpy(f->text + at, line, n);
    f->len = f->len + n - out;
  }
  if (roll(m, 8) == 0 && f->len > 1) {
    f->len--;
  }
  if (roll(m, 12) == 0 && f->len > 0) {
    f->text[roll(m, (unsigned)f->len)] = '\0';
  }
}

static inline void write_one(maker *m, unsigned name, unsigned lines)
{
  static const int modes[] = {0100644, 0100644, 0100644, 0100644, 0100755, 0120000, 0160000};
  made_file *f = &m->files[name];
  make_room(m, name);
  if (f->mode == 0) {
    f->len = 0;
  }
  f->mode = modes[roll(m, 7)];
  edit(m, f, lines);
  if (f->mode == 0160000) {
    f->len = (size_t)snprintf(f->text, TEXT_MOST, "%040x", roll(m, 3) + 1);
  }
}

static inline void move_one(maker *m)
{
  unsigned from = roll(m, NAMES), to = roll(m, NAMES);
  if (from == to || m->files[from].mode == 0) {
    return;
  }
  make_room(m, to);
  memcpy(&m->files[to], &m->files[from], sizeof *m->files);
  m->files[from].mode = 0;
  if (m->files[to].mode != 0160000 && roll(m, 3) > 0) {
    edit(m, &m->files[to], roll(m, 30));
  }
}

static inline void change(maker *m)
{
  for (unsigned n = roll(m, 5); n > 0; n--) {
    unsigned what = roll(m, 10);
    if (what < 4) {
      move_one(m);
    } else if (what == 4) {
      m->files[roll(m, NAMES)].mode = 0;
    } else {
      write_one(m, roll(m, NAMES), what == 5 ? 300 : roll(m, 25));
    }
  }
}

static inline void put_path(maker *m, const char *path)
{
  (void)fputc('"', m->out);
  for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
    (void)fprintf(m->out, "\\%03o", *c);
  }
  (void)fputc('"', m->out);
}

/* One commit with the whole tree; mostly upon the last one, sometimes a merge or a root. */
static inline void put_commit(maker *m)
{
  (void)fprintf(m->out, "commit refs/heads/b%d\nmark :%d\ncommitter A <a@b> %d +0000\ndata 1\nx\n",
                m->marks + 1, m->marks + 1, 1700000000 + m->marks);
  if (m->marks > 0 && roll(m, 25) > 0) {
    (void)fprintf(m->out, "from :%d\n", m->marks);
    if (m->marks > 3 && roll(m, 10) == 0) {
      (void)fprintf(m->out, "merge :%u\n", 1 + roll(m, (unsigned)m->marks - 1));
    }
  }
  (void)fprintf(m->out, "deleteall\n");
  for (unsigned i = 0; i < NAMES; i++) {
    made_file *f = &m->files[i];
    if (f->mode == 0160000) {
      (void)fprintf(m->out, "M 160000 %.40s ", f->text);
    } else if (f->mode != 0) {
      (void)fprintf(m->out, "M %o inline ", (unsigned)f->mode);
    } else {
      continue;
    }
    put_path(m, pool[i]);
    (void)fputc('\n', m->out);
    if (f->mode != 0160000) {
      (void)fprintf(m->out, "data %zu\n", f->len);
      (void)fwrite(f->text, 1, f->len, m->out);
      (void)fputc('\n', m->out);
    }
  }
  m->marks++;
}

/* A repository `dir` with so many commits. */
static inline void make_random(const char *dir, uint64_t seed, int commits)
{
  static maker m;
  char command[256];
  m = (maker){.seed = seed};
  (void)snprintf(command, sizeof command,
                 "git init -q -b main %s/%s && git -C %s/%s fast-import --quiet", base, dir, base,
                 dir);
  m.out = popen(command, "w");
  assert_non_null(m.out);
  for (int i = 0; i < commits; i++) {
    change(&m);
    put_commit(&m);
  }
  assert_int_equal(pclose(m.out), 0);
}

#endif
