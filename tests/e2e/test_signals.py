"""F14: Ctrl-C and SIGTERM in the middle of a request: status, exit code, and nobody left behind."""

import os
import signal
import subprocess
import time

import pytest

import fault_server as f
from faults import FaultLab, check_folder, gone_within, kill_and_reap, strace_here, worker_pids
from lab import wait_for

NAP = f"sleep {100000 + os.getpid()}"  # nobody else's
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


@pytest.mark.parametrize("sig", [signal.SIGINT, *(pytest.param(sig, marks=pytest.mark.slow) for sig in list(ENDS)[1:])])
def test_during_a_request(lab, sig):
    """F14: signals are taken by the supervisor between two steps, so that the manifest is the last thing written."""
    with f.FaultServer([f.silence()]) as server:
        process = lab.start("run", "many", f"url={server.base_url}")
        wait_for(lambda: server.tries == 1)
        workers = worker_pids(process.pid)
        began = time.monotonic()
        exit_code, _, err = kill_and_reap(process, sig)
        assert time.monotonic() - began < 5
    assert exit_code == ENDS[sig], err
    assert gone_within(workers, 1)
    assert "error[INTERRUPTED]" in err and "kept as interrupted" in err, err
    assert check_folder(lab.latest) == "interrupted"
    verified = lab.tlab("verify", "latest")
    assert verified.exit == 0 and "effect 4 was started and never answered" in verified.err, verified.err
    replayed = lab.tlab("replay", "latest")
    assert replayed.exit == 0 and "effect 4 (http.send) was never answered" in replayed.err, replayed.out


def test_children_of_a_program_end_with_the_run(lab):
    """F14: proc.run's program, and what that started, are gone with the run."""
    lab.recipe("tlab.proc.run { argv = { 'sh', '-c', 'NAP & NAP' } }".replace("NAP", NAP), needs="run = { 'sh' }")
    process = lab.start("run", "try", "--allow-run=sh")
    wait_for(lambda: len(sleepers()) == 2)
    exit_code, _, err = kill_and_reap(process, signal.SIGINT)
    assert exit_code == 130, err
    assert gone_within(sleepers(), 2)


def on_a_slow_disk(lab, milliseconds, *words):
    """tlab with these words, under strace: each fsync takes that much longer."""
    slow = ["-e", "trace=fsync", "-e", f"inject=fsync:delay_enter={milliseconds * 1000}"]
    return subprocess.Popen(
        ["strace", "-o", "/dev/null", *slow, *lab.command(*words)],
        cwd=lab.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_one_that_comes_while_the_run_is_written_down_waits(lab):
    """F14: the recipe is through; its manifest is not thrown away for a Ctrl-C that comes too late."""
    assert lab.tlab("run", lab.recipe("")).exit == 0
    before = set(lab.runs())
    tracer = on_a_slow_disk(lab, 400, "run", lab.recipe("run:write('a.txt', 'a')"))
    wait_for(lambda: any((run / "a.txt").exists() for run in set(lab.runs()) - before))
    [supervisor] = worker_pids(tracer.pid)
    wait_for(lambda: not worker_pids(supervisor))
    send(supervisor, signal.SIGINT)
    assert tracer.wait(60) == 0
    [run] = set(lab.runs()) - before
    assert check_folder(run, {"a.txt": b"a"}) == "succeeded"


@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_a_second_one_ends_at_once(lab):
    """F14: with a disk that takes its time, the second Ctrl-C does not wait for the manifest."""
    assert lab.tlab("run", lab.recipe("")).exit == 0  # the day's folders are there, and synced, from now on
    with f.FaultServer([f.silence()]) as server:
        tracer = on_a_slow_disk(lab, 2000, "run", "many", f"url={server.base_url}")
        wait_for(lambda: server.tries == 1)
        [supervisor] = worker_pids(tracer.pid)
        send(supervisor, signal.SIGINT)
        workers = worker_pids(supervisor)
        assert gone_within(workers, 5)
        time.sleep(0.5)  # sooner it would be the same wish, sent twice
        began = time.monotonic()
        send(supervisor, signal.SIGINT)
        tracer.wait(30)
    assert time.monotonic() - began < 8  # strace holds it for the rest of one sync
    assert tracer.returncode == 128 + signal.SIGINT
    assert check_folder(max(lab.runs(), key=lambda run: run.stat().st_mtime)) == "running"


def send(pid, sig):
    os.kill(pid, sig)


def sleepers():
    done = subprocess.run(["pgrep", "-fx", NAP], capture_output=True, text=True)
    return [int(pid) for pid in done.stdout.split()]
