"""The recorded run that comes with the repository: whole, and replayed where there is no model."""

import json
import os
import shutil
import subprocess

from lab import ROOT, TLAB

SHIPPED = ROOT / "tests" / "recipes" / "ai" / "run"


def tlab(*words, cwd):
    return subprocess.run([TLAB, *words], cwd=cwd, capture_output=True, text=True, timeout=60)


def test_verified_and_replayed_where_it_lies():
    assert tlab("verify", SHIPPED, cwd=ROOT).returncode == 0
    done = tlab("replay", SHIPPED, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_in_another_place(tmp_path):
    copy = shutil.copytree(SHIPPED, tmp_path / "mailed")
    assert tlab("verify", copy, cwd=tmp_path).returncode == 0
    assert tlab("replay", copy, cwd=tmp_path).returncode == 0
    answers = copy / "answers.jsonl"
    answers.write_text(answers.read_text().replace("plants", "plaids"))
    done = tlab("verify", copy, cwd=tmp_path)
    assert done.returncode == 5 and "answers.jsonl" in done.stdout + done.stderr


def test_names_nothing_of_the_machine_it_was_made_on():
    for path in SHIPPED.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for hint in (b"/tmp/", b"/root/", b"/home/", b"hostname"):
                assert hint not in data, path


def test_the_demo_without_a_model(tmp_path):
    """What `make demo` does where the model cannot be fetched."""
    shim = tmp_path / "bin" / "python3"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho 'no index can be reached' >&2\nexit 1\n")
    shim.chmod(0o755)
    build = tmp_path / "build"
    build.mkdir()
    (build / "tlab").symlink_to(TLAB)
    done = subprocess.run(
        [ROOT / "tests" / "model" / "demo.sh"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": f"{shim.parent}:{os.environ['PATH']}", "BUILD": str(build)},
    )
    assert done.returncode == 0, done.stderr
    assert "no model here" in done.stdout
    assert "with the same bytes" in done.stdout


def test_the_answers_are_the_models():
    rows = [json.loads(line) for line in (SHIPPED / "answers.jsonl").read_text().splitlines()]
    assert [row["vars"]["topic"] for row in rows] == ["photosynthesis", "gravity", "yeast"]
    assert all(row["finish_reason"] == "stop" and row["attempts"] == 1 for row in rows)
