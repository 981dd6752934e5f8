"""C1–C4: many runs at once, readers beside writers, and `latest` that leads to a whole run at every moment."""

import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

import pytest

from disks import ROOM
from faults import FaultLab, check_folder, schema
from index import index_is_true, rows

AT_ONCE = 64


@pytest.fixture
def lab():
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        lab = FaultLab(pathlib.Path(folder) / "lab")
        lab.recipe("run:write('a.txt', 'a')", name="tiny")
        yield lab


def start_many(lab, count, at_once=AT_ONCE):
    shell = f'seq {count} | xargs -P {at_once} -I{{}} "$0" run tiny --json'
    return subprocess.Popen(
        ["sh", "-c", shell, lab.command()[0]],
        cwd=lab.root,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def many(lab, count):
    """So many runs of one spec: as many folders, ids and whole manifests."""
    process = start_many(lab, count)
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err[-2000:]
    manifests = [json.loads((run / "run.json").read_bytes()) for run in lab.runs()]
    assert len(manifests) == count
    assert len({one["id"] for one in manifests}) == count == len({one["name"] for one in manifests})
    assert len({one["key"] for one in manifests}) == 1
    assert collections.Counter(one["status"] for one in manifests) == {"succeeded": count}
    assert lab.manifest["id"] in {one["id"] for one in manifests}
    assert lab.tlab("verify", "latest").exit == 0
    assert not list(lab.root.glob(".tlab-tmp-*")), "temporary links are left"
    # Read before anybody asks: each run had told that its row is there.
    assert len(rows((lab.root / "runs.csv").read_text())) == count
    index_is_true(lab)
    before = (lab.root / "runs.csv").read_bytes()
    assert lab.tlab("runs", "--rebuild").exit == 0
    assert (lab.root / "runs.csv").read_bytes() == before


def test_many_runs_at_once(lab):
    """C1: the daily sample."""
    many(lab, 30)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_runs_at_once(lab):
    """C1: 10,000 runs, 64 at a time, from one spec."""
    began = time.monotonic()
    many(lab, 10000)
    print(f"10,000 runs took {time.monotonic() - began:.0f} s")


class Reader(threading.Thread):
    """Looks at the lab over and over until it is told to stop; what it found wrong is in `.wrong`."""

    def __init__(self, look):
        super().__init__()
        self.look, self.going, self.times, self.wrong = look, True, 0, None

    def run(self):
        try:
            while self.going:
                self.look()
                self.times += 1
        except BaseException as problem:  # told by stop()
            self.wrong = problem

    def stop(self):
        """A machine that is busy with the writers is given a minute to look often enough."""
        until = time.monotonic() + 60
        while self.times <= 5 and self.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        self.going = False
        self.join()
        if self.wrong:
            raise self.wrong
        assert self.times > 5


def test_latest_is_always_a_whole_run(lab):
    """C2: two and more writers replace it while it is read: it always resolves, to a run that ended."""
    assert lab.tlab("run", "tiny").exit == 0

    def look():
        manifest = json.loads((lab.root / "latest" / "run.json").read_bytes())
        assert manifest["status"] == "succeeded" and "digest" in manifest

    reader = Reader(look)
    reader.start()
    process = start_many(lab, 40, 4)
    _, err = process.communicate(timeout=120)
    reader.stop()
    assert process.returncode == 0, err


def test_readers_beside_writers(lab):
    """C4: show, verify, runs and run.json itself are old or new at every moment, never half."""
    assert lab.tlab("run", "tiny").exit == 0
    known = [1]

    def index():
        done = lab.tlab("runs", "--json")
        assert done.exit == 0, done.err
        found = json.loads(done.out)
        assert len(found) >= known[-1], "a row was there and is no more"
        assert len({row["id"] for row in found}) == len(found)
        known.append(len(found))

    def commands():
        for command in ("show", "verify"):
            done = lab.tlab(command, "latest", "--json")
            assert done.exit == 0, done.err
            json.loads(done.out)

    def manifests():
        for run in lab.runs():
            try:
                text = (run / "run.json").read_bytes()
            except FileNotFoundError:
                continue
            schema("run").validate(json.loads(text))

    readers = [Reader(commands), Reader(manifests), Reader(index)]
    for reader in readers:
        reader.start()
    process = start_many(lab, 60, 4)
    _, err = process.communicate(timeout=120)
    for reader in readers:
        reader.stop()
    assert process.returncode == 0, err


@pytest.mark.slow
def test_killed_at_random_while_others_run(lab):
    """C3, F11: whole groups of processes are killed at any time; the others, and the next, are as if nothing had been."""
    chance = random.Random(20261123)
    ends = collections.Counter()
    for _ in range(60):
        processes = [lab.start("run", "tiny") for _ in range(3)]
        time.sleep(chance.uniform(0, 0.05))
        os.killpg(processes[-1].pid, signal.SIGKILL)
        for process in processes:
            process.communicate(timeout=30)
        assert [process.returncode for process in processes[:-1]] == [0, 0]
        ends[processes[-1].returncode] += 1
    left = collections.Counter(check_folder(run, {"a.txt": b"a"}) for run in lab.runs())
    assert left["succeeded"] >= 120 and set(left) <= {None, "running", "succeeded"}, left
    assert ends[-signal.SIGKILL] > 0, ends  # how many depends on the machine
    assert lab.tlab("run", "tiny").exit == 0 and lab.tlab("verify", "latest").exit == 0
    index_is_true(lab)
