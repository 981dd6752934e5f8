"""File systems of a test's own: small ones that fill up, and images that lose their power.

A power cut is what a copy of the image says that is taken while it is mounted: what the kernel had not written by
then is not in it. Mounting the copy replays its journal, as after a real cut. No `umount` and no `sync` of the
original comes before the copy.
"""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from faults import worker_pids

MEGABYTES = {"ext4": 64, "xfs": 320, "btrfs": 128}  # the least that each makes; the files are sparse
MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-f"],
}
# Images are copied a hundred times, so they lie in memory.
ROOM = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SECONDS = 30


def mount(*words):
    """mount(8), or the test is skipped with what it said."""
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


def unmount(folder):
    subprocess.run(["umount", "-l", folder], check=True)


class Image:
    """A file system in a file, mounted at `.top`."""

    def __init__(self, kind, folder):
        if os.geteuid() != 0:
            pytest.skip("mounting needs root")
        if not shutil.which(MAKE[kind][0]):
            pytest.skip(f"there is no {MAKE[kind][0]}")
        self.kind, self.folder, self.cuts = kind, folder, 0
        self.file, self.top, self.after = folder / "image", folder / "top", folder / "after"
        self.top.mkdir()
        self.after.mkdir()
        with open(self.file, "wb") as file:
            file.truncate(MEGABYTES[kind] << 20)
        subprocess.run([*MAKE[kind], self.file], check=True, capture_output=True)
        mount("-o", "loop", self.file, self.top)
        self.mounted = [self.top]

    def close(self):
        for folder in reversed(self.mounted):
            unmount(folder)

    def settle(self):
        """What lies there now is the test's own and safe."""
        subprocess.run(["sync", "-f", self.top], check=True)

    def copy(self):
        """The image as it is on the disk this instant: copied until it held still for two copies."""
        seen = None
        for _ in range(50):
            to = self.folder / "copy"
            subprocess.run(["cp", "--sparse=always", self.file, to], check=True)
            with open(to, "rb") as file:
                now = digest(file)
            if now == seen:
                return to
            seen = now
        raise AssertionError("the image never held still")

    def cut(self):
        """A power cut now: a context in which `.after` is what is found after the next start."""
        self.cuts += 1
        return Cut(self)


class Cut:
    def __init__(self, image):
        self.image = image
        self.copy = image.copy()

    def __enter__(self):
        # xfs: the copy has the identity of the one that is still mounted. btrfs gives it another by itself (Linux 6.7).
        options = "loop,nouuid" if self.image.kind == "xfs" else "loop"
        done = subprocess.run(["mount", "-o", options, self.copy, self.image.after], capture_output=True, text=True)
        assert done.returncode == 0, f"what is left is no file system: {done.stderr}"
        self.image.mounted.append(self.image.after)
        return self.image.after

    def __exit__(self, *_):
        subprocess.run(["umount", self.image.after], check=True)
        self.image.mounted.remove(self.image.after)
        self.copy.unlink()


def digest(file):
    """Of the parts of a sparse file that hold something."""
    total, at = hashlib.blake2b(), 0
    while True:
        try:
            start = os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError:
            return total.digest()
        at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
        total.update(b"%d %d;" % (start, at))
        total.update(os.pread(file.fileno(), at - start, start))


class Stopped:
    """A command held still just after its n-th call of these kinds (strace sends it SIGSTOP); ended on leaving."""

    def __init__(self, lab, words, calls, n):
        # Every call counts alike: strace counts each kind of call by itself, so they share one name here.
        self.log = lab.root.parent.parent / "stop.log"
        self.log.write_text("")
        call, number = n
        self.tracer = subprocess.Popen(
            [
                "strace",
                "-o",
                self.log,
                "-e",
                f"trace={','.join(calls)}",
                "-e",
                f"inject={call}:signal=SIGSTOP:when={number}",
                *lab.command(*words),
            ],
            cwd=lab.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
            start_new_session=True,
        )

    def held(self):
        """True once it stands still; False when it came to its end without."""
        until = time.monotonic() + SECONDS
        while self.tracer.poll() is None:
            if any(state(pid) in "tT" and "SIGSTOP" in self.log.read_text() for pid in worker_pids(self.tracer.pid)):
                return True
            assert time.monotonic() < until, "it neither stopped nor ended"
            time.sleep(0.002)
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.tracer.poll() is None:
            os.killpg(self.tracer.pid, signal.SIGKILL)
        self.tracer.communicate(timeout=SECONDS)


def state(pid):
    try:
        return re.search(r"\) (\S)", pathlib.Path(f"/proc/{pid}/stat").read_text())[1]
    except OSError:
        return "X"
