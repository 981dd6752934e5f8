/* The yardstick of `tlab runs --rebuild`: the same folders opened, the same files read, and nothing
 * done with them.
 *
 *   bare_read LAB    prints: runs, files, bytes
 *
 * Folders whose names are a year, a month, a day; below a day each folder, up to four deep, is looked
 * into for a run.json, and where there is one also for a notes.jsonl; a run is not looked into. Names
 * are taken as the file system gives them, nothing is sorted, one thread. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 4, CHUNK = 1 << 20 };

static struct {
  unsigned long runs, files, bytes;
} seen;

static bool read_file(int dirfd, const char *folder, const char *name)
{
  static char chunk[CHUNK];
  char path[NAME_MAX + 32];
  ssize_t n;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0) return false;
  seen.files++;
  while ((n = read(fd, chunk, sizeof chunk)) > 0) seen.bytes += (unsigned long)n;
  (void)close(fd);
  return true;
}

static bool is_number(const char *name, size_t digits)
{
  return strlen(name) == digits && strspn(name, "0123456789") == digits;
}

static bool is_run(int dirfd, const char *folder)
{
  if (!read_file(dirfd, folder, "run.json")) return false;
  seen.runs++;
  (void)read_file(dirfd, folder, "notes.jsonl");
  return true;
}

/* What lies in a folder: `level` 0 is the lab, 1 a year, 2 a month, 3 a day, more below it. */
static void walk(int fd, unsigned level)
{
  DIR *dir = fdopendir(fd);
  struct dirent *entry;

  if (!dir) {
    (void)close(fd);
    return;
  }
  if (level == 3) (void)is_run(fd, ".");
  while ((entry = readdir(dir))) {
    if (entry->d_name[0] == '.' || entry->d_type != DT_DIR) continue;
    if (level < 3 && !is_number(entry->d_name, level == 0 ? 4 : 2)) continue;
    if (level >= 3 && (is_run(fd, entry->d_name) || level == 2 + DEPTH)) continue;
    int below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0) walk(below, level + 1);
  }
  (void)closedir(dir);
}

int main(int argc, char **argv)
{
  int fd = open(argc == 2 ? argv[1] : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0) {
    perror("bare_read");
    return 1;
  }
  walk(fd, 0);
  printf("%lu runs, %lu files, %lu bytes\n", seen.runs, seen.files, seen.bytes);
  return 0;
}
