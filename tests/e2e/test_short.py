"""F6: reads and writes that do less than they are asked, or are interrupted: the same files, hashes and answers."""

import hashlib

import pytest

from faults import ARTIFACTS, FaultLab, check_folder, words
from lab import BUILD

SHIM = BUILD / "tests" / "e2e" / "short.so"
pytestmark = pytest.mark.skipif(not SHIM.exists(), reason=f"there is no {SHIM.name}: make {SHIM}")


def sweep(lab, server, seeds):
    counts = lab.root.parent / "counts"
    lab.write("big.txt", "0123456789abcdef" * 20000)
    lab.recipe(
        "run:write('copy.txt', assert(tlab.fs.read('lab:big.txt'))) tlab.fs.copy('lab:big.txt', 'again.txt')",
        name="big",
    )
    for seed in seeds:
        env = {"LD_PRELOAD": str(SHIM), "SHORT_SEED": str(seed), "SHORT_COUNT": str(counts)}
        done = lab.tlab(*words(server), env=env)
        assert done.exit == 0, (seed, done.err)
        assert check_folder(lab.latest) == "succeeded"
        assert lab.outputs() == {**ARTIFACTS, "spec.json": (lab.latest / "spec.json").read_bytes()}
        listed = {one["path"]: one["sha256"] for one in lab.manifest["outputs"]}
        assert {name: hashlib.sha256(data).hexdigest() for name, data in ARTIFACTS.items()}.items() <= listed.items()
        assert lab.tlab("run", "big", env=env).exit == 0
        for name in ("copy.txt", "again.txt"):
            assert (lab.latest / name).read_bytes() == (lab.root / "big.txt").read_bytes(), seed
        for command in ("verify", "replay", "show"):
            plain, short = lab.tlab(command, "latest", "--json"), lab.tlab(command, "latest", "--json", env=env)
            assert short.exit == plain.exit == 0, (seed, short.err)
            if command != "replay":  # which says how long it took
                assert short.out == plain.out, seed
    assert sum(map(int, counts.read_text().split())) > 20 * len(seeds), "hardly anything was short"


def test_short_once(tmp_path, server):
    """F6: the daily sample."""
    sweep(FaultLab(tmp_path / "lab"), server, [1])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_short_in_many_places(tmp_path, server):
    """F6: other places each time; fails as soon as one write is not looped over."""
    sweep(FaultLab(tmp_path / "lab"), server, range(2, 22))
