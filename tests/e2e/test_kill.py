"""F11: killed at any point, a run leaves an old manifest, a new one or none, and never half a file."""

import os
import signal

import pytest

import fault_server as f
from faults import (
    FaultLab,
    check_folder,
    gone_within,
    kill_and_reap,
    strace_here,
    words,
    worker_pids,
)
from index import index_is_true
from lab import wait_for

CALLS = [
    "openat",
    "openat2",
    "mkdirat",
    "write",
    "fsync",
    "fdatasync",
    "renameat",
    "symlinkat",
    "sendto",
    "recvfrom",
    "ftruncate",
    "pwrite64",
    "flock",
    "linkat",
    "unlinkat",
    "close",
]

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")


def check_after(lab, folder):
    """What a killed run is to verify and show: `running` is told as such, an ended one is whole."""
    status = check_folder(folder)
    lab.verify_is_true(folder, status)
    assert lab.tlab("show", folder).exit == (1 if status is None else 0)
    assert status in (None, "running", "succeeded")
    return status


def sweep(lab, server, call, step=1):
    """Kills the supervisor at each call of one kind; the statuses that were left."""
    first, last = lab.points(words(server), CALLS).get(call, (1, 0))
    left, before = set(), set(lab.runs())
    for n in range(first, last + 1, step):
        done = lab.strace(words(server), "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}")
        assert done.exit == -signal.SIGKILL, (call, n, done.err)
        for folder in set(lab.runs()) - before:
            left.add(check_after(lab, folder))
            before.add(folder)
    done = lab.tlab(*words(server))
    assert done.exit == 0, done.err
    assert lab.tlab("verify", "latest").exit == 0
    assert not list(lab.latest.rglob(".tlab-tmp-*")), "a later run takes over what a killed one left"
    before = index_is_true(lab)  # each run that has a manifest: what was killed is interrupted, and nothing is lost
    assert lab.tlab("runs", "--rebuild").exit == 0
    assert index_is_true(lab) == before
    return left


@traced
@pytest.mark.parametrize("call", ["renameat", "write"])
def test_killed_at_some_calls(tmp_path, server, call):
    """F11: the daily sample of the sweep below."""
    left = sweep(FaultLab(tmp_path / "lab"), server, call, step=6)
    assert "running" in left


@traced
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_every_call(tmp_path, server, call):
    """F11: write beside, then rename: fails as soon as run.json or an artifact is written in place."""
    sweep(FaultLab(tmp_path / "lab"), server, call)


def test_a_dead_supervisor_takes_the_worker_along(tmp_path):
    """F11: only the supervisor is killed; the worker ends when its socket closes."""
    with f.FaultServer([f.silence()]) as server:
        lab = FaultLab(tmp_path / "lab")
        process = lab.start(*words(server))
        wait_for(lambda: server.tries == 1)
        workers = worker_pids(process.pid)
        assert len(workers) == 1
        kill_and_reap(process)
        assert gone_within(workers, 2), "the worker outlived its supervisor"
    assert check_after(lab, lab.runs()[0]) == "running"


def test_a_computing_worker_dies_with_its_supervisor(tmp_path):
    """F11, S4: the same for a worker that never looks at its socket."""
    lab = FaultLab(tmp_path / "lab")
    process = lab.start("run", lab.recipe("while true do end"))
    wait_for(lambda: lab.runs() and (lab.runs()[0] / "record" / "effects.jsonl").exists())
    workers = worker_pids(process.pid)
    kill_and_reap(process)
    assert gone_within(workers, 2), "the worker outlived its supervisor"


def test_a_killed_worker_is_told(tmp_path):
    """F11: only the worker is killed: the supervisor says so and the manifest is final."""
    with f.FaultServer([f.silence()]) as server:
        lab = FaultLab(tmp_path / "lab")
        process = lab.start(*words(server))
        wait_for(lambda: server.tries == 1)
        os.kill(worker_pids(process.pid)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1, err
    assert b"worker" in err and b"signal 9" in err
    assert lab.manifest["status"] == "failed" and lab.manifest["error"]["code"] == "CRASHED"
    assert check_folder(lab.latest) == "failed"
    assert lab.tlab("verify", "latest").exit == 0
