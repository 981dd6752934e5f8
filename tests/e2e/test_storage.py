"""F1, F4, F7, S8: a disk that is full, failing or read-only is told as such, and the folder tells the truth."""

import os
import subprocess

import pytest

import fault_server as f
from faults import REPLY, FaultLab, check_folder, strace_here

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
STORAGE = 8


def reply():
    return f.status(200, REPLY, kind="application/octet-stream")


@pytest.fixture
def server():
    with f.FaultServer([reply()]) as server:
        yield server


def words(server):
    return ["run", "many", f"url={server.base_url}"]


def check_failed(lab, done, said, heard=True):
    """A clean failure: exit 8, one message that names what, a folder that claims no more than it has."""
    assert done.exit == STORAGE, (done.exit, done.err)
    if heard:
        assert said in done.err and "error[" in done.err, done.err
    assert "stack traceback" not in done.err and "error[BUG]" not in done.err, done.err
    for folder, status in lab.check_all().items():
        lab.verify_is_true(folder, status)
        if heard and status is not None:
            assert f"this run is kept as {status}" in done.err
            assert lab.tlab("show", folder).exit == 0


def sweep(lab, server, call, error, said, when="{n}", step=1):
    """Fails each call of one kind, one run a call; the statuses that were left."""
    first, last = lab.points(words(server), [call])[call]
    ends = set()
    for n in range(first, last + 1, step):
        for folder in lab.runs():
            subprocess.run(["rm", "-rf", folder], check=True)
        inject = f"inject={call}:error={error}:when={when.format(n=n)}"
        done = lab.strace(words(server), "-e", f"trace=renameat,{call}", "-e", inject)
        hit = [line for line in done.log if "(INJECTED)" in line]
        assert hit, (call, n)
        heard = not any(line.startswith("write(2,") for line in hit)
        if all(line.startswith(("write(1,", "write(2,")) for line in hit):
            continue  # the terminal's, not the disk's
        check_failed(lab, done, said, heard)
        for folder, status in lab.check_all().items():
            # Once run.json has its name, only a later step can fail: its folder's sync, or `latest`.
            assert status != "succeeded" or named(done.log), (call, n)
        ends |= set(lab.check_all().values())
    assert lab.tlab(*words(server)).exit == 0
    return ends


def named(log):
    """Whether the failing call came after the last manifest had got its name."""
    failed = min(i for i, line in enumerate(log) if "(INJECTED)" in line)
    return sum('"run.json"' in line and line.startswith("renameat(") for line in log[:failed]) == 2


@traced
def test_full_at_some_writes(tmp_path, server):
    """F1: the daily sample of the sweep below."""
    assert "failed" in sweep(FaultLab(tmp_path / "lab"), server, "write", "ENOSPC", "No space left", step=5)


@traced
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["{n}", "{n}+"])
@pytest.mark.parametrize("error,said", [("ENOSPC", "No space left"), ("EDQUOT", "quota"), ("EIO", "Input/output")])
def test_every_write_fails(tmp_path, server, error, said, when):
    """F1, F3, F4: each write once, and from there on."""
    sweep(FaultLab(tmp_path / "lab"), server, "write", error, said, when)


@traced
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", ["fsync", "fdatasync", "renameat", "mkdirat", "symlinkat"])
@pytest.mark.parametrize("when", ["{n}", "{n}+"])
def test_every_other_call_fails(tmp_path, server, call, when):
    """F4: a sync or rename that failed is never a success, nor retried as one."""
    lab = FaultLab(tmp_path / "lab")
    if call not in lab.points(words(server), [call]):
        pytest.skip(f"a run makes no {call}")
    sweep(lab, server, call, "EIO", "Input/output", when)
