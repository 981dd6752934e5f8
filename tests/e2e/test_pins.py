"""What a manifest says of flake.lock: ours, and such as no nix wrote."""

import hashlib
import json
import subprocess

import pytest

from lab import ROOT, TLAB


def pins_of(folder, lock):
    """The pins of a run in a lab with this flake.lock; tlab's own validator has read the manifest."""
    (folder / "lab.json").write_text('{"schema":"tlab.lab/1"}')
    (folder / "flake.lock").write_bytes(lock)
    for words in (["day", "date=2026-01-02", "-q"], ["verify", "latest"]):
        done = subprocess.run(
            [TLAB, *words], cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stderr
    return json.loads((folder / "latest" / "run.json").read_text())["pins"]


def test_the_lock_of_this_repository_is_named_by_its_hash_and_commit(tmp_path):
    lock = (ROOT / "flake.lock").read_bytes()
    assert pins_of(tmp_path, lock) == {
        "flake_lock": hashlib.sha256(lock).hexdigest(),
        "inputs": [{"name": "nixpkgs", "rev": json.loads(lock)["nodes"]["nixpkgs"]["locked"]["rev"]}],
    }


def test_an_input_without_a_commit_is_named_by_its_hash(tmp_path):
    lock = {"nodes": {"files": {"locked": {"narHash": "sha256-x", "type": "path"}}, "root": {}}}
    assert pins_of(tmp_path, json.dumps(lock).encode())["inputs"] == [{"name": "files", "rev": "sha256-x"}]


ODD = {
    "nodes": {
        "": {"locked": {}},
        "a": 7,
        "b": {"locked": 7},
        "c": {"locked": {"rev": 7}},
        "d": {"locked": {"rev": "", "narHash": []}},
    }
}


@pytest.mark.parametrize("lock", [b"", b"[7]", b'{"nodes":["a"]}', json.dumps(ODD).encode(), b"\xff\x00"])
def test_what_is_no_lock_is_named_by_its_hash_and_harms_no_run(tmp_path, lock):
    pins = pins_of(tmp_path, lock)
    assert pins["flake_lock"] == hashlib.sha256(lock).hexdigest()
    assert pins.get("inputs", []) == ([{"name": "c"}, {"name": "d"}] if b'"c"' in lock else [])
