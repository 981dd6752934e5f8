"""F1–F18 for the index: whatever happens to runs.csv and .tlab, no row is lost unsaid, and a rebuild has them all."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from disks import ROOM
from faults import FaultLab, strace_here
from index import index_is_true, rows
from lab import wait_for

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")


@pytest.fixture
def lab():
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        lab = FaultLab(pathlib.Path(folder) / "lab")
        lab.recipe("run:write('a.txt', 'a')", name="tiny")
        for _ in range(3):
            assert lab.tlab("run", "tiny").exit == 0
        assert lab.tlab("tag", "latest", "word").exit == 0
        yield lab


def answer(done):
    """The runs that `tlab runs --json` gives; None when it refuses."""
    found = json.loads(done.out)
    return found if isinstance(found, list) else None


def said(done):
    """What a person or a program is told of trouble, whichever way."""
    return done.err + done.out


def rebuilt(lab):
    """The bytes of runs.csv after a rebuild."""
    done = lab.tlab("runs", "--rebuild")
    assert done.exit == 0, done.err
    return (lab.root / "runs.csv").read_bytes()


# --- F17, F18: damage ----------------------------------------------------------------------------------


def damage(lab, name, change, look):
    """The file changed; `look(done)` at what is answered; a rebuild brings back every byte."""
    path, good = lab.root / name, (lab.root / "runs.csv").read_bytes()
    before = path.read_bytes() if path.exists() else None
    bad = change(before)
    if bad is None:
        path.unlink()
    else:
        path.write_bytes(bad)
    done = lab.tlab("runs", "--json")
    assert done.exit in (0, 3, 8) and '"BUG"' not in done.out, (name, bad, said(done))
    assert done.exit == 0 or (("runs.csv" in done.out or ".tlab" in done.out) and "--rebuild" in done.out), said(done)
    look(done)
    assert rebuilt(lab) == good, (name, bad)
    return done


def flips(data, step):
    for at in range(0, len(data), step):
        yield data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


@pytest.mark.parametrize("step", [97, pytest.param(3, marks=pytest.mark.slow)])
def test_flipped_bytes_of_runs_csv(lab, step):
    """F17: a row is either there, or its loss is told with the way to mend it; rebuilding gives the old bytes."""
    good = (lab.root / "runs.csv").read_bytes()
    lost = 0
    for bad in flips(good, step):

        def look(done, bad=bad):
            nonlocal lost
            found = answer(done)
            if found is None or len(found) != 3:
                lost += 1
                assert "--rebuild" in said(done), (bad, said(done))

        damage(lab, "runs.csv", lambda _, bad=bad: bad, look)
    assert lost > 0


@pytest.mark.slow
def test_runs_csv_cut_at_each_byte(lab):
    """F18: cut in a line, the line is known to be missing; cut between two, a rebuild or the doctor finds it."""
    good = (lab.root / "runs.csv").read_bytes()
    for size in range(0, len(good), 3):

        def look(done, size=size):
            if done.exit == 0 and size > 0 and good[size - 1 : size] != b"\n" and good[:size].count(b"\n") > 0:
                assert "--rebuild" in said(done) or len(answer(done)) == 3, (size, said(done))

        damage(lab, "runs.csv", lambda _, size=size: good[:size], look)


def test_runs_csv_gone(lab):
    """F18: without it the runs are found again by a rebuild, and the next run begins it anew without losing one."""
    damage(lab, "runs.csv", lambda _: None, lambda done: None)
    (lab.root / "runs.csv").unlink()
    assert lab.tlab("run", "tiny").exit == 0
    rebuilt(lab)
    assert len(index_is_true(lab)) == 4


@pytest.mark.parametrize(
    "name",
    [
        "tail",
        "lock",
        "rows/0123456789abcdef",
        "rows/-0123456789abcdef",
        "open/0123456789abcdef",
        "rows/garbage",
        "open/garbage",
        "runs.new",
    ],
)
def test_files_of_the_machine_state(lab, name):
    """F17, F18: rubbish in .tlab is no row, keeps nobody from working, and takes no row away."""
    for text in (b"", b"\x00" * 100, b"rubbish", b"rubbish\n", b"../../etc\n", b"/etc\n", b"\xff" * 5000):

        def look(done, text=text):
            assert done.exit != 0 or len(answer(done)) == 3, (name, text, said(done))

        damage(lab, f".tlab/{name}", lambda _, text=text: text, look)
        assert lab.tlab("run", "tiny").exit == 0, (name, text)
        shutil.rmtree(lab.latest)
        rebuilt(lab)


def test_machine_state_gone(lab):
    """F18: .tlab can be taken away between two runs."""
    shutil.rmtree(lab.root / ".tlab")
    assert len(answer(lab.tlab("runs", "--json"))) == 3
    assert lab.tlab("run", "tiny").exit == 0
    assert len(index_is_true(lab)) == 4


# --- P2: links -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["runs.csv", ".tlab", ".tlab/rows", ".tlab/open", ".tlab/lock", ".tlab/tail"])
def test_planted_links(lab, name):
    """P2: never written through; the run is kept, and the person is told."""
    there = lab.root / name
    theirs = lab.root.parent / "theirs"
    if there.is_dir():
        shutil.rmtree(there)
        theirs.mkdir()
        there.symlink_to(theirs)
    else:
        there.unlink(missing_ok=True)
        theirs.write_text("theirs")
        there.symlink_to(theirs)
    done = lab.tlab("run", "tiny")
    assert "error[BUG]" not in done.err, done.err
    assert lab.manifest["status"] == "succeeded"
    assert done.exit in (0, 1, 4, 8), (done.exit, done.err)
    assert done.exit != 0 or name in (".tlab/tail", ".tlab/lock") or "runs" in done.err, (name, done.err)
    asked = lab.tlab("runs")
    assert "error[BUG]" not in asked.err, asked.err
    assert theirs.read_text() == "theirs" if theirs.is_file() else not any(theirs.iterdir())


# --- F1, F4, F7, F8, F16: the disk -------------------------------------------------------------------------

MENDED = [
    "openat",
    "openat2",
    "write",
    "pwrite64",
    "fdatasync",
    "fsync",
    "renameat",
    "unlinkat",
    "ftruncate",
    "pread64",
    "fchmod",
]


def index_calls(lab, command, call):
    """Which of the command's calls of one kind concern the index: their numbers."""
    done = lab.strace(command, "-y", "-e", f"trace={call}")
    assert done.exit == 0, done.err
    lines = [line for line in done.log if line.startswith(call + "(")]
    return [n for n, line in enumerate(lines, 1) if "runs.csv" in line or ".tlab/" in line or '".tlab"' in line]


def failing(lab, command, error, calls=MENDED):
    """Fails each call for the index in turn: told or done, no older row lost, and the next run brings in what is missing."""
    failed = 0
    for call in calls:
        for n in index_calls(lab, command, call):
            done = lab.strace(command, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={n}")
            assert "error[BUG]" not in done.err and "traceback" not in done.err, (call, n, done.err)
            assert done.exit in (0, 8, 1), (call, n, done.err)
            if command[0] == "run":
                assert lab.manifest["status"] == "succeeded", (call, n, done.err)
            failed += 1
            index_is_true(lab)
    return failed


@traced
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("error", ["ENOSPC", "EDQUOT", "EIO", "EMFILE"])
@pytest.mark.parametrize("command", [["run", "tiny"], ["tag", "latest", "again"]], ids=lambda one: one[0])
def test_each_call_for_the_index_fails(lab, error, command):
    """F1, F3, F4, F8: the run stays what it is; its row is there, or comes with the next question."""
    assert failing(lab, command, error) > (5 if command[0] == "run" else 1)


@traced
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_each_call_of_a_rebuild_fails(lab, error):
    """F1, F4: the old index stays as it was, or the new one is there."""
    assert failing(lab, ["runs", "--rebuild"], error) > 5


@traced
@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP"])
def test_no_locks(lab, error):
    """F16: rows wait beside the index and are read with it: the same answers as with locks."""
    before = answer(lab.tlab("runs", "--json"))
    for _ in range(2):
        done = lab.strace(["run", "tiny"], "-f", "-e", "trace=flock", "-e", f"inject=flock:error={error}")
        assert done.exit == 0, done.err
    assert len(list((lab.root / ".tlab" / "rows").iterdir())) == 2
    asked = lab.strace(["runs", "--json"], "-e", "trace=flock", "-e", f"inject=flock:error={error}")
    assert asked.exit == 0, asked.err
    without = answer(asked)
    assert len(without) == 5 and without[2:] == before
    assert answer(lab.tlab("runs", "--json")) == without
    assert len(index_is_true(lab)) == 5


@traced
@pytest.mark.parametrize("call,error", [("renameat", "ESTALE"), ("linkat", "EPERM"), ("openat2", "ENOSYS")])
def test_a_disk_that_cannot(lab, call, error):
    """F16: a question is answered or refused with the reason."""
    done = lab.strace(["runs", "--json"], "-e", f"trace={call}", "-e", f"inject={call}:error={error}")
    found = answer(done)
    assert len(found) == 3 if done.exit == 0 else found is None and '"BUG"' not in done.out, said(done)
    assert len(index_is_true(lab)) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_lab(lab):
    """F7: every question is answered; what waits is seen though it cannot be brought in; changes are refused."""
    process = lab.start("run", lab.recipe("tlab.clock.sleep(60000)", name="long"))
    killed_when_begun(lab, process)
    asked = [
        ["runs"],
        ["runs", "--json"],
        ["log"],
        ["show", "latest"],
        ["verify", "latest"],
        ["replay", "latest"],
        ["diff", "latest", rows((lab.root / "runs.csv").read_text())[0]["id"][:12]],
    ]
    subprocess.run(["mount", "--bind", lab.root, lab.root], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", lab.root], check=True)
        for words in asked:
            done = lab.tlab(*words)
            assert done.exit == 0, (words, done.out, done.err)
        assert len(answer(lab.tlab("runs", "--json"))) == 3
        for words in (["tag", "latest", "no"], ["note", "latest", "no"], ["run", "tiny"], ["runs", "--rebuild"]):
            done = lab.tlab(*words)
            assert done.exit in (3, 8) and "error[" in done.err and "error[BUG]" not in done.err, (words, done.err)
    finally:
        subprocess.run(["umount", "-l", lab.root], check=True)
    assert len(index_is_true(lab)) == 4


def killed_when_begun(lab, process):
    """Kills a run once its first manifest is there."""
    before = len(rows((lab.root / "runs.csv").read_text()))
    wait_for(lambda: sum((run / "record" / "effects.jsonl").exists() for run in lab.runs()) > before)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)


# --- F15: nobody hears ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/dev/full", "closed"])
@pytest.mark.parametrize(
    "command",
    [
        "runs",
        "runs --csv",
        "runs --json",
        "log",
        "diff latest latest",
        "show latest",
        "tag latest heard",
        "note latest heard",
        "resume latest",
    ],
)
def test_an_output_that_fails(lab, target, command):
    """F15: the exit code tells that nobody could be told; what was to be written is written."""
    shell = f'"$0" {command} ' + (">&-" if target == "closed" else ">/dev/full")
    done = subprocess.run(["sh", "-c", shell, lab.command()[0]], cwd=lab.root, capture_output=True, text=True)
    expected = (
        (2,) if command.startswith(("resume", "diff")) else (0, 8) if command.startswith(("tag", "note")) else (8,)
    )
    assert done.returncode in (*expected, 8), (done.returncode, done.stderr)
    assert "error[BUG]" not in done.stderr and done.stderr.count("error[") <= 1, done.stderr
    if command.startswith(("tag", "note")):
        assert "heard" in (lab.latest / "notes.jsonl").read_text()


# --- O2: what a spreadsheet would run ---------------------------------------------------------------------------

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://evil","x")',
    'a,b"c\nd',
    "\u202e=x",
]


def test_cells_that_begin_as_formulas(lab):
    """O2: written by real runs into every cell that takes text; no cell begins as one, and what was written comes back."""
    lab.write(
        "recipes/cells.lua",
        """return { name = 'cells', summary = 's', home = 'ai-team/artifacts',
  spec = { type = 'object', properties = { v = { type = 'string' } } }, needs = {},
  run = function(run, spec)
    run:note('model', { asked = spec.v })
    run:note('tag', { tag = spec.v })
    run:note('cost', { amount = 1, currency = spec.v })
    run:metric(spec.v, 1)
    if spec.v:sub(1, 1) == '=' then error(spec.v) end
  end }""",
    )
    for value in HOSTILE:
        lab.write("spec.json", {"v": value})
        assert lab.tlab("run", "cells", "spec.json").exit == (1 if value[0] == "=" else 0)
        assert lab.tlab("note", "--", "latest", value).exit == 0
    found = rows((lab.root / "runs.csv").read_text())
    assert not [cell for row in found for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    for asked in ("--csv", "--json"):
        assert "\n=" not in lab.tlab("runs", asked).out
    answers = [row for row in json.loads(lab.tlab("runs", "--json").out) if row["recipe"] == "cells"][::-1]
    assert [row["note"] for row in answers] == [
        "".join(" " if character < " " else character for character in value) for value in HOSTILE
    ]
    assert [
        json.loads(row["params"])["v"] if isinstance(row["params"], str) else row["params"]["v"] for row in answers
    ] == HOSTILE
    index_is_true(lab)
