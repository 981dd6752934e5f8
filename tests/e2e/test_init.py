"""A lab of one's own: what `tlab init` makes works, as a whole and file by file."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from faults import strace_here
from lab import BUILD, ROOT, TLAB
from lab import call as lab_call

JUST = pathlib.Path(sys.executable).parent / "just"
KEY = "sk-" + "proj-0123456789abcdefghijklmnop"


def call(*words, env=None, **more):
    own = {
        "PATH": f"{BUILD}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    return lab_call(*words, env={**own, **(env or {})}, **more)


@pytest.fixture
def lab(tmp_path):
    folder = tmp_path / "my lab"
    call(TLAB, "init", folder, "-q", cwd=tmp_path)
    return folder


@pytest.fixture
def repository(lab):
    call("git", "init", "-q", cwd=lab)
    call("git", "config", "core.hooksPath", ".githooks", cwd=lab)
    return lab


def test_a_new_lab_runs_the_programs_that_come_with_tlab(lab, repository):
    """A stand-in for rust_extractor beside a copy of the binary: it is used, and nobody was asked."""
    tlab = lab.parent / "tlab"
    shutil.copy(TLAB, tlab)
    program = lab.parent / "tools" / "rust_extractor"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho \'{"summary":{"files":0,"languages":{},"skipped":[]}}\'\n')
    program.chmod(0o755)
    (lab / "a.c").write_text("int a;\n")
    assert commit(repository, "a.c").returncode == 0
    done = call(tlab, "summ", "sha=HEAD", cwd=lab)
    told = json.loads((lab / "latest" / "summary.json").read_text())
    assert told["symbols"]["from"] == "rust_extractor", done.stderr
    manifest = json.loads((lab / "latest" / "run.json").read_text())
    assert manifest["effects"]["refused"] == 0 and manifest["permits"]["allowed"]["run"] == [
        "py_post",
        "rust_extractor",
    ]


def commit(lab, *paths):
    call("git", "add", "--force", *(paths or ["-A"]), cwd=lab)
    return call("git", "commit", "-qm", "x", cwd=lab, ok=False)


def test_the_files_are_what_they_claim_to_be(lab):
    for path in lab.rglob("*.json"):
        json.loads(path.read_text())
    lock = json.loads((lab / "flake.lock").read_text())
    pinned = lock["nodes"]["nixpkgs"]
    assert lock["version"] == 7 and len(pinned["locked"]["rev"]) == 40
    original = pinned["original"]
    url = f"github:{original['owner']}/{original['repo']}/{original['ref']}"
    assert f'"{url}"' in (lab / "flake.nix").read_text()
    for script in (".envrc", ".githooks/pre-commit"):
        call("bash", "-n", script, cwd=lab)
    for path in lab.rglob("*"):
        assert path.is_dir() or path.read_text().endswith("\n"), path
    # What was copied is what tlab has, and the example is complete.
    assert (lab / "recipes/ai.lua").read_bytes() == (ROOT / "recipes/ai.lua").read_bytes()
    assert {path.name for path in (lab / "recipes").iterdir()} == {
        "hello.lua",
        *(path.name for path in (ROOT / "recipes").glob("*.lua")),
    }
    assert {path.name for path in (lab / "schemas").iterdir()} == {
        "hello.schema.json",
        *(path.name for path in (ROOT / "schemas").iterdir()),
    }


def test_a_lab_is_committed_and_the_tree_stays_clean(repository):
    done = commit(repository)
    assert done.returncode == 0, done.stderr
    call(TLAB, "day", "date=2026-10-03", cwd=repository)
    call(TLAB, "hello", "specs/hello.json", cwd=repository)
    run = json.loads((repository / "latest/run.json").read_text())
    assert run["git"]["dirty"] is False and "flake_lock" in run["pins"]
    call("git", "add", "-A", cwd=repository)
    names = call("git", "diff", "--cached", "--name-only", cwd=repository).stdout.split()
    assert "2026/10/03/README.md" in names
    assert not [name for name in names if name.startswith(("runs.csv", "latest", ".tlab", "secrets"))]
    assert commit(repository).returncode == 0
    # A clone has no empty folders; its days are as they were made, and come back whole.
    clone = repository.parent / "clone"
    call(
        "git",
        "clone",
        "-q",
        repository,
        clone,
        cwd=repository.parent,
        env={"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.autocrlf", "GIT_CONFIG_VALUE_0": "true"},
    )
    call(TLAB, "verify", "2026/10/03", cwd=clone)
    done = call(TLAB, "day", "date=2026-10-03", cwd=clone)
    assert "brought back from the record: 2026/10/03/ai-team/specs" in done.stderr
    assert (clone / "2026/10/03/knowledge/graph").is_dir()


SECRETS = [
    ("secrets/.env.lab", "A=b\n"),
    ("secrets/deep/er", "A=b\n"),
    (".env", "A=b\n"),
    ("config/.env.local", "A=b\n"),
    ("my key.pem", "x\n"),
    ("id_ed25519", "x\n"),
    ("notes.md", f"I used {KEY} here\n"),
    ("more.md", "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n"),
    ("keys.txt", "# public key: age1…\nAGE-SECRET-" + "KEY-1" + "Q" * 58 + "\n"),
    ("a\nb.txt", "token gh" + "p_0123456789abcdefghijklmnopqrstuvwxyz\n"),
    ("binary", "\0\1" + "AK" + "IAIOSFODNN7EXAMPLE\n"),
]


@pytest.mark.slow
def test_the_hook_refuses_secrets(repository):
    assert commit(repository).returncode == 0
    for name, text in SECRETS:
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        done = commit(repository, name)
        assert done.returncode == 1 and "git restore --staged" in done.stderr, (name, done.stderr)
        assert KEY not in done.stderr + done.stdout
        call("git", "rm", "-q", "--cached", name, cwd=repository)
        path.unlink()
    (repository / "harmless.md").write_text("task-force, skeleton: sk-1\n")
    assert commit(repository).returncode == 0


def test_the_hook_judges_specs_as_they_are_staged(repository):
    assert commit(repository).returncode == 0
    spec = repository / "specs/hello.json"
    good = spec.read_text()
    spec.write_text(good.replace('"name"', '"xname"'))
    call("git", "add", "-A", cwd=repository)
    spec.write_text(good)
    done = call("git", "commit", "-qm", "x", cwd=repository, ok=False)
    assert done.returncode == 1 and "xname" in done.stderr and "specs/hello.json" in done.stderr
    spec.write_text(good.replace("world", "moon"))
    assert commit(repository).returncode == 0
    (repository / "lab.json").write_text('{"schema": "tlab.lab/1", "limit": {}}')
    assert commit(repository).returncode == 1
    call("git", "checkout", "-q", "HEAD", "--", "lab.json", cwd=repository)
    day = repository / "2026/10/03/ai-team/specs"
    day.mkdir(parents=True)
    (day / "a.json").write_text('{"$schema": "../../../../../schemas/hello.schema.json", "name": ""}')
    assert commit(repository).returncode == 1
    (day / "a.json").write_text('{"no schema": "is named"}')
    assert commit(repository).returncode == 0


def test_without_tlab_the_hook_still_finds_keys(repository):
    path = {"PATH": os.environ["PATH"]}
    assert not shutil.which("tlab", path=path["PATH"])
    call("git", "add", "-A", cwd=repository)
    done = call("git", "commit", "-qm", "x", cwd=repository, env=path)
    assert "specs are not checked" in done.stderr
    (repository / "x.md").write_text(KEY + "\n")
    call("git", "add", "-A", cwd=repository)
    assert call("git", "commit", "-qm", "x", cwd=repository, env=path, ok=False).returncode == 1


def test_just_passes_words_on(lab):
    listed = call(JUST, cwd=lab / "specs").stdout
    for name in ("day", "ai", "run", "runs", "replay", "verify"):
        assert f"    {name} *words" in listed
    assert call(JUST, "day", "date=2026-10-03", cwd=lab / "secrets").stdout == "2026/10/03\n"
    word = 'name=it\'s  a "test" $HOME `id` \\ é'
    call(JUST, "run", "hello", "hello.json", word, cwd=lab / "specs")
    assert (lab / "latest/hello-1.txt").read_text() == f"Hello, {word[5:]}!\n"
    done = call(JUST, "run", "hello", "specs/hello.json", "times=0", cwd=lab, ok=False)
    assert done.returncode == 3 and done.stderr.startswith("error[INVALID]") and "Justfile" not in done.stderr
    tlab = lab.parent / "it's here"
    tlab.symlink_to(TLAB)
    done = call(JUST, "verify", "latest", cwd=lab, env={"TLAB": str(tlab)})
    assert done.stdout.startswith("same:")


def test_a_full_disk_and_again(tmp_path):
    """What was made on a disk that ran full is whole; the rest comes when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        done = call(TLAB, "init", disk / "lab", cwd=tmp_path, ok=False)
        assert done.returncode == 8 and done.stderr.startswith("error["), done.stderr
        whole = tmp_path / "whole"
        call(TLAB, "init", whole, "-q", cwd=tmp_path)
        made = [path for path in (disk / "lab").rglob("*") if path.is_file()]
        for path in made:
            assert path.read_bytes() == (whole / path.relative_to(disk / "lab")).read_bytes()
        assert made and not (disk / "lab/lab.json").exists()
        call("mount", "-o", "remount,size=4m", disk, cwd=tmp_path)
        done = call(TLAB, "init", disk / "lab", cwd=tmp_path)
        assert f"there already: {len(made)} of" in done.stdout
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_killed_at_calls_that_change_something(tmp_path):
    """F11: what has a name is whole, what is the person's stays, and told again init makes the rest."""
    call(TLAB, "init", tmp_path / "whole" / "lab", "-q", cwd=tmp_path)
    whole = {
        path.relative_to(tmp_path / "whole"): path.read_bytes()
        for path in (tmp_path / "whole").rglob("*")
        if path.is_file()
    }
    kills = 0
    for name, step in [("mkdirat", 3), ("linkat", 11), ("renameat", 4), ("write", 11), ("fsync", 23), ("unlinkat", 11)]:
        for n in range(1, 200, step):
            room = tmp_path / f"{name}-{n}"
            (room / "lab").mkdir(parents=True)
            (room / "lab" / "Justfile").write_text("mine")
            done = call(
                "strace",
                "-o",
                "/dev/null",
                "-e",
                f"trace={name}",
                "-e",
                f"inject={name}:signal=SIGKILL:when={n}",
                TLAB,
                "init",
                room / "lab",
                cwd=tmp_path,
                ok=False,
            )
            if done.returncode == 0:
                break
            kills += 1
            call(TLAB, "init", room / "lab", "-q", cwd=tmp_path)
            for path, data in whole.items():
                assert (room / path).read_bytes() == (b"mine" if path.name == "Justfile" else data), (name, n, path)
            shutil.rmtree(room)
    assert kills > 20
