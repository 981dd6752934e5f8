"""F1, F2, F4, F10: commands other than run on a disk that is full, out of inodes or failing, and under a limit on file size."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess

import pytest

from faults import FaultLab, strace_here, words
from index import index_is_true
from lab import ROOT
from test_kill import wait_for
from test_storage import disk, fill  # noqa: F401

root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
COMMANDS = {
    "run": ["run", "tiny"],
    "tag": ["tag", "latest", "word"],
    "note": ["note", "latest", "text"],
    "day": ["day"],
    "resume": ["resume", "{cut}"],
    "runs": ["runs"],
    "rebuild": ["runs", "--rebuild"],
}


def new_lab(folder, server):
    """A lab with ended runs and one that was killed: its folder is in `.cut`."""
    lab = FaultLab(pathlib.Path(folder) / "lab")
    lab.recipe("run:write('a.txt', 'a')", name="tiny")
    shutil.copy(ROOT / "recipes" / "day.lua", lab.root / "recipes")
    for command in (["run", "tiny"], words(server)):
        assert lab.tlab(*command).exit == 0
    lab.recipe("run:write('b.txt', 'b') tlab.clock.sleep(700) run:write('c.txt', 'c')", name="long")
    process = lab.start("run", "long")
    wait_for(lambda: list(lab.root.glob("2*/*/*/*/*/*-long-*/b.txt")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    [cut] = lab.root.glob("2*/*/*/*/*/*-long-*")
    lab.cut = str(cut.relative_to(lab.root))
    return lab


def state(lab):
    """The bytes that no failing command may change: manifests of ended runs, and what was said."""
    kept = {}
    for path in [*lab.root.glob("2*/*/*/*/*/*/run.json"), *lab.root.glob("2*/*/*/run.json")]:
        text = path.read_bytes()
        if json.loads(text)["status"] != "running":
            kept[path] = text
    return kept


def check(lab, before, done, said):
    for path, text in before.items():
        assert path.read_bytes() == text, path
    assert done.exit in (0, 8), (done.exit, done.err)
    assert "error[BUG]" not in done.err and "traceback" not in done.err, done.err
    assert done.exit == 0 or said in done.err, done.err


@root
@pytest.mark.parametrize("what", ["space", pytest.param("inodes", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", ["tag", *(pytest.param(name, marks=pytest.mark.slow) for name in COMMANDS if name != "tag")]
)
def test_a_full_disk(disk, server, name, what):  # noqa: F811
    """F1, F2: told, nothing of what was is changed or lost; with room again all is as it should be."""
    folder = disk("size=2m,nr_inodes=400")
    lab = new_lab(folder, server)
    command = [word.format(cut=lab.cut) for word in COMMANDS[name]]
    failed = 0
    for leave in (0, 1, 2, 4, 7):
        before = state(lab)
        if what == "space":
            fill(folder, leave)
        else:
            taken = [folder / f"i{i}" for i in range(os.statvfs(folder).f_ffree - leave)]
            for path in taken:
                path.touch()
        done = lab.tlab(*command)
        failed += done.exit != 0
        check(lab, before, done, "No space left")
        for path in folder.glob("i*"):
            path.unlink()
        (folder / "filler").unlink(missing_ok=True)
        index_is_true(lab)
        if done.exit == 0 and name == "resume":
            break
    assert failed > 0 or name in ("runs", "rebuild", "tag", "note", "resume"), "it was never full"
    done = lab.tlab(*command)
    assert done.exit == 0 or "was not cut off" in done.err, done.err
    for run in state(lab):
        assert lab.tlab("verify", run.parent).exit == 0
    index_is_true(lab)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_limit_on_file_size(tmp_path, server, name):
    """F10: SIGXFSZ is no end; the file that would be too large is named."""
    lab = new_lab(tmp_path, server)
    command = [word.format(cut=lab.cut) for word in COMMANDS[name]]
    for limit in (10, 300, 1000):
        before = state(lab)
        done = subprocess.run(
            lab.command(*command),
            cwd=lab.root,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        done.exit, done.err = done.returncode, done.stderr
        check(lab, before, done, "File too large")
        index_is_true(lab)


@traced
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["tag", "day", "resume"])
def test_every_sync_and_rename_fails(tmp_path, server, name):
    """F4: a command that says it is done is done."""
    lab = new_lab(tmp_path, server)
    command = [word.format(cut=lab.cut) for word in COMMANDS[name]]
    kept = tmp_path / "kept"
    shutil.copytree(lab.root, kept, symlinks=True)
    for call in ("fsync", "fdatasync", "renameat"):
        n = 0
        while True:
            n += 1
            shutil.rmtree(lab.root)
            shutil.copytree(kept, lab.root, symlinks=True)
            before = state(lab)
            done = lab.strace(command, "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={n}")
            if not any("(INJECTED)" in line for line in done.log):
                break
            check(lab, before, done, "Input/output error")
            index_is_true(lab)
            done = lab.tlab(*command)
            assert done.exit == 0 or "was not cut off" in done.err, (call, n, done.err)
    for run in state(lab):
        assert lab.tlab("verify", run.parent).exit == 0
