"""The index of whole runs: each that ended has its row, however it ended and whoever else was about (C1, C3, F1, F11)."""

import csv
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from disks import ROOM
from faults import FaultLab

ENDED = {"succeeded", "failed", "interrupted", "timeout"}


class IndexLab(FaultLab):
    @property
    def csv(self):
        return self.root / "runs.csv"

    def index(self):
        """The rows of runs.csv, which must be sorted and one for each run."""
        with self.csv.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        keys = [(row["started"], row["id"]) for row in rows]
        assert keys == sorted(set(keys))
        return rows

    def machine(self, folder):
        return sorted(os.listdir(self.root / ".tlab" / folder))

    def check_index(self):
        """After a settle: a row for each folder, as a rebuild would write it, and nothing left beside."""
        asked = self.tlab("runs", "--json")
        assert asked.exit == 0, asked.err
        rows = {row["folder"]: row for row in self.index()}
        folders = {str(run.relative_to(self.root)) for run in self.runs() if (run / "run.json").exists()}
        assert set(rows) == folders
        assert self.machine("open") == [] == self.machine("rows")
        before = self.csv.read_bytes()
        rebuilt = self.tlab("runs", "--rebuild", "--json")
        assert rebuilt.exit == 0, rebuilt.err
        assert not json.loads(rebuilt.out)["differs"]
        assert self.csv.read_bytes() == before
        return rows


@pytest.fixture
def lab():
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        lab = IndexLab(pathlib.Path(folder) / "lab")
        lab.recipe("run:write('a.txt', 'a') run:metric('n', spec.n or 0)", name="tiny")
        lab.recipe("run:write('a.txt', 'a') tlab.clock.sleep(150) run:write('b.txt', 'b')", name="slow")
        yield lab


def at_once(lab, count, most):
    shell = f'seq {count} | xargs -P {most} -I{{}} "$0" run tiny n={{}} -q'
    done = subprocess.run(
        ["sh", "-c", shell, lab.command()[0]],
        cwd=lab.root,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr[-2000:]


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.slow)])
def test_runs_at_once_have_as_many_rows(lab, count):
    at_once(lab, count, 32)
    rows = lab.index()  # all in place before anybody asks
    assert len(rows) == count == len({row["id"] for row in rows})
    assert sorted(json.loads(row["params"])["n"] for row in rows) == list(range(1, count + 1))
    assert {row["status"] for row in lab.check_index().values()} == {"succeeded"}


def killed_somewhere(lab, count, seed):
    """Starts runs and kills them with their groups at random moments; returns how many were killed."""
    moments, killed = random.Random(seed), 0
    for _ in range(count):
        process = lab.start("run", "slow", "-q")
        time.sleep(moments.uniform(0, 0.3))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    return killed


@pytest.mark.parametrize("count", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_killed_runs_are_interrupted_in_the_index(lab, count):
    assert lab.tlab("run", "tiny").exit == 0
    assert killed_somewhere(lab, count, seed=count) > 0
    rows = lab.check_index()
    for folder, row in rows.items():
        status = json.loads((lab.root / folder / "run.json").read_text())["status"]
        assert row["status"] == ("interrupted" if status == "running" else status)
        assert row["status"] in ENDED


def test_a_run_in_progress_is_seen_and_ends_with_its_row(lab):
    lab.recipe("tlab.clock.sleep(1500)", name="long")
    process = lab.start("run", "long", "-q")
    for _ in range(100):
        asked = lab.tlab("runs", "--json")
        if '"running"' in asked.out:
            break
        time.sleep(0.01)
    assert '"running"' in asked.out, asked.out
    assert process.wait(20) == 0
    process.communicate()
    (row,) = lab.check_index().values()
    assert row["status"] == "succeeded"


def test_a_replay_touches_no_index(lab):
    assert lab.tlab("run", "tiny").exit == 0
    before = lab.csv.read_bytes(), lab.csv.stat().st_mtime_ns, lab.machine("open")
    assert lab.tlab("replay", "latest").exit == 0
    assert (lab.csv.read_bytes(), lab.csv.stat().st_mtime_ns, lab.machine("open")) == before


def test_columns_of_another_version_are_told_and_mended_by_a_rebuild(lab):
    lab.csv.write_text("started,id,of,another,version\n")
    done = lab.tlab("run", "tiny")
    assert done.exit == 0, done.err
    assert "warning: " in done.err and "help: tlab runs --rebuild" in done.err
    assert lab.csv.read_text() == "started,id,of,another,version\n"
    assert lab.tlab("runs", "--rebuild").exit == 0
    assert len(lab.index()) == 1


def test_a_full_disk_is_told_and_the_row_comes_later(lab):
    """F1: the file has no room for one line more (EFBIG stands for ENOSPC); the run itself is whole."""
    assert lab.tlab("run", "tiny").exit == 0
    row = lab.csv.read_text().splitlines()[1]
    with lab.csv.open("a") as file:
        for n in range(4 << 20):
            file.write(f"2999-01-01T00:00:00.000Z,{n:064x}{row[89:]}\n")
            if file.tell() > (1 << 20) - 600:
                break
    size = lab.csv.stat().st_size
    done = subprocess.run(
        ["prlimit", f"--fsize={size + 8}", *lab.command("run", "tiny", "-q")],
        cwd=lab.root,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stderr and "File too large" in done.stderr
    assert lab.csv.stat().st_size == size
    assert lab.tlab("runs", "--json").exit == 0
    ids = {row["id"] for row in lab.index()}
    assert {json.loads((run / "run.json").read_text())["id"] for run in lab.runs()} <= ids


def test_a_planted_link_is_not_written_through(lab):
    """P2: runs.csv and .tlab may come with somebody's repository."""
    for name in ["runs.csv", ".tlab"]:
        away = lab.root.parent / "away"
        away.mkdir()
        (away / "file").write_text("mine\n")
        (lab.root / name).symlink_to(away / "file" if name == "runs.csv" else away)
        done = lab.tlab("run", "tiny", "-q")
        assert done.exit == 0 and "warning: " in done.err, done.err
        assert os.listdir(away) == ["file"] and (away / "file").read_text() == "mine\n"
        (lab.root / name).unlink()
        (away / "file").unlink()
        away.rmdir()
        if name == "runs.csv":
            shutil.rmtree(lab.root / ".tlab")


def test_a_day_that_is_made_again_has_one_row(lab):
    process = lab.start("day", "-q")
    for _ in range(400):
        if list(lab.root.glob("2*/*/*/run.json")) or process.poll() is not None:
            break
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert lab.tlab("runs").exit == 0
    assert lab.tlab("day", "-q").exit == 0
    (row,) = lab.index()
    (manifest,) = lab.root.glob("2*/*/*/run.json")
    assert row["id"] == json.loads(manifest.read_text())["id"]
    assert not json.loads(lab.tlab("runs", "--rebuild", "--json").out)["differs"]
