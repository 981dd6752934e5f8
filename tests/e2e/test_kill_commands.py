"""F11, F13: the other commands that write, killed at each call that changes something: old or new, and the next works."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from disks import ROOM
from faults import FaultLab, check_folder, schema, strace_here, words
from index import index_is_true
from lab import wait_for

CHANGING = [
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "syncfs",
    "renameat",
    "symlinkat",
    "mkdirat",
    "unlinkat",
    "linkat",
    "ftruncate",
    "flock",
    "close",
]
HARMLESS = re.compile(r'write\([12],|close\(|openat\([^"]*"[^"]*", O_(RDONLY|PATH)')

pytestmark = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")


class Killed:
    """A lab that is copied for each kill, so that a command always begins at the same state."""

    def __init__(self, room, server):
        self.room, self.server = pathlib.Path(room), server
        self.model = FaultLab(self.room / "model")
        self.model.recipe("run:write('a.txt', 'a')", name="tiny")
        for name in ("tiny", "tiny"):
            assert self.model.tlab("run", name).exit == 0
        assert self.model.tlab("note", "latest", "before").exit == 0

    def copy(self):
        lab = FaultLab.__new__(FaultLab)
        lab.root = self.room / "lab"
        shutil.rmtree(lab.root, ignore_errors=True)
        shutil.copytree(self.model.root, lab.root, symlinks=True)
        return lab

    def points(self, command):
        """(call, number) of each call of the command from the first that changes something on."""
        done = self.copy().strace(command, "-e", "trace=" + ",".join(CHANGING))
        assert done.exit == 0, done.err
        counts, found, begun = {}, [], False
        for line in done.log:
            call = line.split("(")[0]
            if call not in CHANGING:
                continue
            counts[call] = counts.get(call, 0) + 1
            begun = begun or not HARMLESS.match(line)
            if begun:
                found.append((call, counts[call]))
        return found

    def sweep(self, command, after, step=1):
        """Kills the command at each point; `after(lab)` looks at what is left, and the command is told once more."""
        points = self.points(command)
        for call, n in points[::step]:
            lab = self.copy()
            old = {run: (run / "run.json").read_bytes() for run in ended(lab)}
            done = lab.strace(command, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}")
            assert done.exit == -signal.SIGKILL, (call, n, done.err)
            for run, manifest in old.items():
                assert (run / "run.json").read_bytes() == manifest, (call, n)
            after(lab)
            done = lab.tlab(*command)
            assert done.exit == 0, (call, n, done.err)
            for run in ended(lab):
                assert lab.tlab("verify", run).exit == 0, (call, n)
            index_is_true(lab)
        return len(points)


def ended(lab):
    """The folders of runs whose manifest says how they ended."""
    found = []
    for path in sorted([*lab.root.glob("2*/*/*/run.json"), *lab.root.glob("2*/*/*/*/*/*/run.json")]):
        manifest = json.loads(path.read_bytes())
        schema("run").validate(manifest)
        if manifest["status"] != "running":
            found.append(path.parent)
    return found


@pytest.fixture
def killed(server):
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        yield Killed(room, server)


def said(lab):
    """The whole lines of notes.jsonl beside the newest run."""
    text = (lab.latest / "notes.jsonl").read_text()
    return [json.loads(line) for line in text.split("\n")[:-1]]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", [["tag", "latest", "word"], ["note", "latest", "text"]])
def test_tag_and_note(killed, command):
    """F11: the line is there or not; what was said before stays."""

    def after(lab):
        lines = said(lab)
        assert [one["text"] for one in lines] in (["before"], ["before", command[2]])
        assert lab.tlab("show", "latest").exit == 0

    assert killed.sweep(command, after, step=2) > 3


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", [["runs"], ["runs", "--rebuild"]], ids=" ".join)
def test_runs(killed, command):
    """F11, C3: what waits and what was killed is brought in, or is by the next; a rebuild leaves the old or the new."""
    lab = killed.model
    lab.recipe("tlab.clock.sleep(60000)", name="long")
    for _ in range(2):
        process = lab.start("run", "long")
        wait_for(lambda: list((lab.root / ".tlab" / "open").iterdir()) and check_begun(lab))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
    for _ in range(2):  # these have no lock, so that their rows wait
        lab.strace(["run", "tiny"], "-f", "-e", "trace=flock", "-e", "inject=flock:error=ENOLCK")
    waiting = list((lab.root / ".tlab" / "rows").iterdir())
    assert len(waiting) == 2

    def after(lab):
        text = (lab.root / "runs.csv").read_text()
        assert text.startswith("started,id,") and text.count("\n") >= 3

    assert killed.sweep(command, after, step=3) > 10


def check_begun(lab):
    """Whether the newest run is at work."""
    newest = max(lab.runs(), key=lambda run: run.stat().st_mtime)
    return "-long-" in newest.name and (newest / "record" / "effects.jsonl").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_resume(killed):
    """F11: a run that was cut off, resumed, cut off, resumed: the artifacts of one that never was."""
    lab = killed.model
    first, last = lab.points(words(killed.server), ["write"])["write"]
    before = set(lab.runs())
    lab.strace(
        words(killed.server), "-e", "trace=write", "-e", f"inject=write:signal=SIGKILL:when={(first + last) // 2 + 2}"
    )
    [run] = set(lab.runs()) - before
    assert check_folder(run) == "running"
    name = run.relative_to(lab.root)

    def after(lab):
        assert check_folder(lab.root / name) in ("running", "succeeded")

    command = ["resume", str(name)]
    points = killed.points(command)
    for call, n in points[::3]:
        lab = killed.copy()
        done = lab.strace(command, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}")
        assert done.exit == -signal.SIGKILL, (call, n, done.err)
        after(lab)
        done = lab.tlab(*command)
        if done.exit == 2 and "was not cut off" in done.err:
            assert check_folder(lab.root / name) == "succeeded", (call, n)
        else:
            assert done.exit == 0, (call, n, done.err)
        assert check_folder(lab.root / name) == "succeeded", (call, n)
        assert lab.tlab("verify", name).exit == 0, (call, n)
        index_is_true(lab)
    assert len(points) > 40


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_day(killed):
    """F11: a day that was opened by halves is opened by the next call, and its files are whole."""
    shutil.copy(pathlib.Path(__file__).resolve().parents[2] / "recipes" / "day.lua", killed.model.root / "recipes")

    def after(lab):
        for path in lab.root.glob("2*/*/*/README.md"):
            assert path.read_text().startswith("#") and path.read_text().endswith("\n")

    assert killed.sweep(["day"], after, step=5) > 40
    lab = killed.copy()
    assert lab.tlab("day").exit == 0
    before = subprocess.run(["find", lab.root, "-type", "f", "-printf", "%p %T@\n"], capture_output=True).stdout
    assert lab.tlab("day").exit == 0
    assert subprocess.run(["find", lab.root, "-type", "f", "-printf", "%p %T@\n"], capture_output=True).stdout == before
