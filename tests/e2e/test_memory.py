"""F9: malloc fails: out of memory ends the process by design; never a wrong success, never a spoilt folder."""

import shutil
import subprocess

import pytest

import fault_server as f
from faults import REPLY, FaultLab

pytestmark = pytest.mark.skipif(shutil.which("fiu-run") is None, reason="fiu-run is not here")

# A failed run, storage, out of memory (70).
CLEAN = {1, 2, 3, 7, 8, 70}
# libcrypto 3.0 does not survive a malloc that fails in its first EVP_MD_fetch: it locks a lock that is NULL. That
# ends the process as well, and says nothing wrong.
CRASH = {-11}


def under_fiu(lab, words, point):
    """The binary with malloc failing at this point of fiu."""
    return subprocess.run(
        ["fiu-run", "-x", "-c", point, *lab.command(*words)],
        cwd=lab.root,
        capture_output=True,
        timeout=60,
        text=True,
        errors="replace",
    )


def check(done):
    assert done.returncode in {0} | CLEAN | CRASH, (done.returncode, done.stderr)
    if done.returncode in CLEAN:
        assert done.stderr.strip(), "an end without a word"
    assert "stack traceback" not in done.stderr


def sweep_run(lab, probabilities, times):
    ends = set()
    with f.FaultServer([f.status(200, REPLY, kind="application/octet-stream")]) as server:
        words = ["run", "many", f"url={server.base_url}"]
        for p in probabilities:
            for _ in range(times):
                done = under_fiu(lab, words, f"enable_random name=libc/mm/malloc,probability={p}")
                check(done)
                ends.add(done.returncode)
                for folder, status in lab.check_all().items():
                    assert status != "succeeded" or lab.tlab("verify", folder).exit == 0
                    assert status in (None, "running", "failed", "succeeded")
                    assert done.returncode != 0 or status == "succeeded"
                    shutil.rmtree(folder)
        assert lab.tlab(*words).exit == 0
        assert lab.tlab("verify", "latest").exit == 0
    return ends


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_runs_out_in_a_run(tmp_path):
    """F9: from hardly ever to nearly at once; the supervisor alone, since the worker has an empty environment."""
    ends = sweep_run(FaultLab(tmp_path / "lab"), [0.00005, 0.0002, 0.001, 0.01, 0.2], 40)
    assert {0, 70} <= ends


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_runs_out_while_checking(tmp_path):
    """F9: verify, replay, show and hash never call damage whole, nor what is whole damaged."""
    lab = FaultLab(tmp_path / "lab")
    with f.FaultServer([f.status(200, REPLY)]) as server:
        assert lab.tlab("run", "many", f"url={server.base_url}").exit == 0
    before = {path: path.read_bytes() for path in lab.latest.rglob("*") if path.is_file()}
    spoilt = tmp_path / "spoilt"
    shutil.copytree(lab.latest, spoilt)
    (spoilt / "a.txt").write_text("b")
    right = {name: lab.tlab(name, lab.latest).stdout for name in ("verify", "replay", "show")}
    for p in (0.0003, 0.002, 0.02):
        for _ in range(15):
            point = f"enable_random name=libc/mm/malloc,probability={p}"
            for name, text in right.items():
                done = under_fiu(lab, [name, lab.latest], point)
                check(done)
                assert done.returncode != 0 or done.stdout.encode() == text
                assert "same" not in done.stdout or done.returncode == 0
            assert under_fiu(lab, ["verify", spoilt], point).returncode != 0
            done = under_fiu(lab, ["hash", lab.latest / "a.txt"], point)
            check(done)
            assert done.returncode != 0 or done.stdout.startswith("c526c622")
    assert {path: path.read_bytes() for path in lab.latest.rglob("*") if path.is_file()} == before
