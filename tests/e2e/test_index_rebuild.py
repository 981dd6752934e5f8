"""`tlab runs --rebuild`: what comes of the folders is what was appended, after any history, in a large lab, while runs end."""

import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

import pytest

import make_lab
from disks import ROOM
from faults import FaultLab
from index import index_is_true, rows
from lab import TLAB

MANY_RUNS = 20000
BODIES = {
    "plain": "run:write('a.txt', 'a')",
    "noted": "run:note('tag', { tag = 'new, \"odd\"' }) run:metric('score', 0.125) run:note('params', { t = 0.7, s = '=1' })"
    " run:note('cost', { amount = 0.01, currency = 'EUR' }) run:note('usage', { input = 3, output = 4 })",
    "fails": "error('it does\\nfail')",
    "waits": "tlab.clock.sleep(60000)",
}


@pytest.fixture
def lab():
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        lab = FaultLab(pathlib.Path(folder) / "lab")
        for name, body in BODIES.items():
            lab.recipe(body, name=name)
        yield lab


def rebuilt(lab):
    """What a rebuild says, and that it changes nothing."""
    before = (lab.root / "runs.csv").read_bytes()
    done = lab.tlab("runs", "--rebuild", "--json")
    assert done.exit == 0, done.err
    said = json.loads(done.out)
    assert (lab.root / "runs.csv").read_bytes() == before
    assert said["differs"] is False and said["failures"] == []
    return said


def kill_one(lab):
    process = lab.start("run", "waits")
    seen = len(lab.runs())
    for _ in range(200):
        if len(lab.runs()) > seen and list(lab.root.glob(".tlab/open/*")):
            break
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stderr.close()


def step(lab, dice):
    """One thing that a person does, or that happens to them."""
    runs = [run for run in lab.runs() if (run / "run.json").exists()]
    what = dice.choice(["plain", "noted", "noted", "fails", "tag", "tag", "untag", "note", "kill", "ask", "rebuild"])
    if what in BODIES:
        done = lab.tlab("run", what, f"n={dice.randrange(9)}", f"word={dice.choice(['=x', 'a,b', 'ü'])}")
        assert done.exit == (1 if what == "fails" else 0), done.err
    elif what == "kill":
        kill_one(lab)
    elif what == "ask":
        lab.tlab("runs")
    elif what == "rebuild":
        lab.tlab("runs", "--rebuild")
    elif runs:
        run = dice.choice(runs)
        words = {"tag": ["baseline", "x-y"], "untag": ["baseline", "--remove"], "note": ['it is "so",\nand so']}[what]
        done = lab.tlab("note" if what == "note" else "tag", run, *words)
        assert done.exit == 0, done.err


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 9))])
def test_any_history_comes_to_the_same_bytes(lab, seed):
    dice = random.Random(seed)
    for _ in range(25 if seed == 1 else 80):
        step(lab, dice)
    lab.tlab("run", "plain")
    index_is_true(lab)
    rebuilt(lab)
    before = (lab.root / "runs.csv").read_bytes()
    (lab.root / "runs.csv").unlink()
    assert lab.tlab("runs", "--rebuild").exit == 0
    assert (lab.root / "runs.csv").read_bytes() == before


def plant(lab, count):
    (lab.root / "runs.csv").unlink(missing_ok=True)
    return make_lab.make(lab.root, count, TLAB, days=20)


@pytest.mark.slow
def test_twenty_thousand_folders(lab):
    folders = plant(lab, MANY_RUNS)
    broken = lab.root / folders[7] / "run.json"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])
    measured = subprocess.run(
        ["sh", "-c", 'ulimit -v 400000; exec "$0" runs --rebuild --json', TLAB],
        cwd=lab.root,
        capture_output=True,
        text=True,
    )
    assert measured.returncode == 5, measured.stderr
    said = json.loads(measured.stdout)
    assert said["rows"] == MANY_RUNS - 1 and said["failed"] == 1 and said["failures"][0]["folder"] == folders[7]
    broken.write_bytes(whole)
    assert lab.tlab("runs", "--rebuild").exit == 0
    found = rows((lab.root / "runs.csv").read_text())
    assert [row["folder"] for row in found] == folders
    rebuilt(lab)


@pytest.mark.slow
def test_runs_that_end_meanwhile_are_not_lost(lab):
    planted = len(plant(lab, 5000))
    assert lab.tlab("runs", "--rebuild").exit == 0
    rebuilds = [lab.start("runs", "--rebuild", "--quiet") for _ in range(3)]
    runs = [lab.start("run", "noted", f"n={n}") for n in range(20)]
    for process in [*runs, *rebuilds]:
        _, err = process.communicate(timeout=100)
        assert process.returncode == 0, err
    assert lab.tlab("runs").exit == 0
    assert len(rows((lab.root / "runs.csv").read_text())) == planted + 20
    rebuilt(lab)
