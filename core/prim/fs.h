/* How core/prim reaches what a path argument names. Private to core/prim.
 *
 * A place that a recipe named is opened with openat2(2), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
 * RESOLVE_NO_MAGICLINKS, and judged by its descriptor, never by its name: there is no moment
 * between check and use. A kernel without openat2 gets TL_EUNSUPPORTED and never a weaker way. */
#ifndef TL_PRIM_FS_H
#define TL_PRIM_FS_H

#include <limits.h>
#include <sys/stat.h>

#include "hash.h"
#include "prim.h"

/* Names that begin so are temporary files of this program, and of nobody else. */
#define TL_FS_TEMP ".tlab-tmp-"

enum { TL_FS_CHUNK = 256 * 1024 }; /* bytes a read or write moves at once */
enum { TL_FS_ENTRIES = 1000000, TL_FS_DEPTH = 128 };

/* Judges a path by its text: TL_EREFUSED for an empty one, a NUL in the argument that it came as,
 * more than PATH_MAX - 1 bytes, and, unless the place is trusted, also for what is not UTF-8, a
 * part that is empty, `..`, over NAME_MAX bytes or that begins with TL_FS_TEMP. */
int tl_fs_judge(const tl_place *p, const tl_val *arg, tl_err *e);
/* The place of argument `arg`, judged. */
int tl_fs_place(tl_call *call, unsigned arg, unsigned place, const tl_place **p);

/* The place of argument `arg`; where argument `root` is given, beneath that folder and through no
 * link on the way, whoever made the names there. Ended by tl_fs_below_close. */
int tl_fs_below(tl_call *call, unsigned arg, unsigned root, tl_place *p);
void tl_fs_below_close(const tl_place *p);
/* What is done with the entry `name` of the folder `dir`: 0 or more, or a TL_E… code. */
typedef int tl_fs_entry(int dir, const char *name, const char *shown, tl_err *e);
/* Does it with the entry that argument 0 names, below the root that argument 1 may name. */
int tl_fs_below_do(tl_call *call, tl_fs_entry *what);

/* Removes the folder `name` of `dir` and all below it, following no link. */
tl_fs_entry tl_fs_purge;

/* A descriptor (O_PATH) of what lies there and its stat. A symbolic link at the end is followed
 * only if `follow` and the place is trusted. TL_EREFUSED where a recipe may never be: behind a
 * link, above the root, in /proc, /sys and their like. */
int tl_fs_look(const tl_place *p, bool follow, struct stat *st, tl_err *e);

/* The path of what an open descriptor leads to, without links, by proc(5). False with errno, and
 * `path` empty. */
bool tl_fs_path_of(int fd, char path[PATH_MAX]);
/* By the text of two absolute paths: is `path` the folder itself, or below it? */
bool tl_fs_lies_in(const char *path, const char *folder);

/* Opens a regular file for reading. TL_EREFUSED, TL_EARGUMENT for a folder: names what it is. */
int tl_fs_open_file(const tl_place *p, struct stat *st, tl_err *e);
/* Opens a folder for reading its entries and for use as a directory descriptor. */
int tl_fs_open_folder(const tl_place *p, tl_err *e);

/* openat2(2) as described above, O_CLOEXEC always; mode counts with O_CREAT. Returns -1 with errno;
 * EAGAIN means that something was renamed on the way, again and again, while the kernel looked. */
int tl_fs_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* The mode of what a run comes to have: as given, 0600 or 0700; from tl_fs_share on the group may read it,
 * too, 0640 or 0750, whatever the umask. Mirrors, scratch folders and secrets stay private. */
mode_t tl_fs_mode(mode_t mode);
void tl_fs_share(void);

/* What tl_fs_make_folder and tl_fs_open_parent do about folders that are not there. */
enum { TL_FS_MAKE = 1, TL_FS_DURABLE = 2 };
/* The folder itself; with TL_FS_MAKE it and its parents are made, tl_fs_mode(0700) whatever the umask;
 * with TL_FS_DURABLE each new entry is on the disk when the call returns. Returns a descriptor. */
int tl_fs_make_folder(const tl_place *p, unsigned how, tl_err *e);
/* As above for the folder that the place's last part lies in; that part is put into `name`. */
int tl_fs_open_parent(const tl_place *p, unsigned how, char name[NAME_MAX + 1], tl_err *e);

/* tl_fail_errno in the words of this module: "cannot <verb> <path>: …". */
int tl_fs_fail(tl_err *e, int err, const char *verb, const char *shown);
/* "file", "folder", "link", "fifo", "socket", "device". */
const char *tl_fs_type(mode_t mode);
/* Bytes of a file or of a link's target, else 0: a folder's size depends on the file system. */
int64_t tl_fs_size(const struct stat *st);

/* read(2) and write(2) until all is done, EINTR and short counts seen to. Read returns bytes
 * (less than len only at the end of the file); both -1 with errno on failure. */
ssize_t tl_fs_read_all(int fd, void *data, size_t len);
int tl_fs_write_all(int fd, const void *data, size_t len);
/* fsync(2). A folder on a file system that cannot sync folders (EINVAL) counts as done. */
int tl_fs_sync_fd(int fd, bool folder);

/* flock(2) by LOCK_SH or LOCK_EX, waited for up to wait_ms. TL_ETIMEOUT: another has it still;
 * TL_EUNSUPPORTED: this file system has no locks. */
int tl_fs_lock(int fd, int how, int64_t wait_ms);
/* Waits 1, 2, 4 … 50 ms, as *step has it (0 at first), but not beyond a moment of tl_clock_ms. False:
 * it has passed. */
bool tl_fs_wait(int *step, int64_t until);

/* Called for each entry, for a folder after all that lies in it. `path` is relative to the tree's
 * root. A positive result ends the walk early, a negative one is an error. */
typedef int tl_fs_visit(void *ud, int dirfd, const char *name, const char *path,
                        const struct stat *st, tl_err *e);
/* All below an opened folder, following no link; at most TL_FS_ENTRIES, TL_FS_DEPTH deep. */
int tl_fs_walk(int fd, const char *shown, tl_fs_visit *visitor, void *ud, tl_err *e);

typedef struct tl_fs_sum {
  char sha256[TL_SHA256_HEX + 1];
  int64_t size;
} tl_fs_sum;
/* Reads `in` to its end, hashing, and writes it to `out` unless that is -1. The names are for
 * messages. */
int tl_fs_pump(int in, int out, const char *in_shown, const char *out_shown, tl_fs_sum *sum,
               tl_err *e);
/* {sha256, size} */
tl_val tl_fs_sum_value(const tl_fs_sum *sum);

/* Names in a folder without . and .., sorted by bytes. Freed by tl_fs_names_free. */
typedef struct tl_fs_names {
  char **at;
  size_t n;
} tl_fs_names;
int tl_fs_names_read(int fd, const char *shown, tl_fs_names *names, tl_err *e);
void tl_fs_names_free(tl_fs_names *names);

#endif
