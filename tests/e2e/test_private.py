"""P9: what tlab makes is private whatever the umask; what people edit and commit follows the umask, but for others' writing."""

import os
import pathlib
import shutil
import stat
import subprocess

import pytest

import real_git
from lab import TLAB, Lab

GROUP = 4322
PRIVATE = ("runs.csv", ".tlab", "secrets")


def modes(root):
    """(path, mode) of all below, links left out."""
    for path in sorted(root.rglob("*")):
        if not path.is_symlink():
            yield path.relative_to(root), path.stat().st_mode


def is_private(path):
    return path.parts[0] in PRIVATE or path.parts[0].startswith("20")


def fill(lab):
    """Every kind of file that a lab comes to have."""

    def tlab(*words):
        done = lab.tlab(*words)
        assert done.exit == 0, (words, done.err)

    repo = lab.root.parent / "repo"
    repo.mkdir()
    real_git.git(repo, "init", "-q", "-b", "main")
    (repo / "f").write_text("x\n")
    real_git.git(repo, "add", "f")
    real_git.git(repo, "commit", "-qm", "x")
    lab.write(
        "recipes/deep.lua",
        """return { name = 'deep', summary = 'x', home = 'a/b', spec = { type = 'object' },
      needs = { run = { 'true' } },
      run = function(run)
        run:write('c/d.txt', ('x'):rep(9000))
        tlab.fs.mkdir('e')
        tlab.fs.copy('c/d.txt', 'f/g.txt')
        tlab.fs.extend('c/h.txt', 'x')
        run:note('tag', { tag = 't' })
        tlab.proc.run { argv = { 'true' }, files = { x = 'y' } }
      end }""",
    )
    tlab("run", "deep", "--allow-run=true")
    tlab("day")
    tlab("mine", f"repo=file://{repo}", "limit=1", f"--allow-read={repo}")
    tlab("tag", "latest", "good")
    tlab("note", "latest", "said of it")
    tlab("replay", "latest")
    (lab.root / "runs.csv").unlink()
    tlab("runs", "--rebuild")
    tlab("runs")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_a_lab_comes_to_have(tmp_path, mask):
    tmp_path.chmod(0o755)
    old = os.umask(mask)
    try:
        lab = Lab.__new__(Lab)
        lab.root = tmp_path / "lab"
        done = subprocess.run([lab.binary, "init", lab.root], capture_output=True, env={"PATH": os.environ["PATH"]})
        assert done.returncode == 0, done.stderr
        fill(lab)
    finally:
        os.umask(old)
    seen = set()
    for path, mode in modes(lab.root):
        mode = stat.S_IMODE(mode)
        if is_private(path):
            seen.add(path.parts[0][:2])
            in_mirror = ".git" in str(path)
            usual = 0o700 if (lab.root / path).is_dir() else 0o600
            assert mode == usual or (in_mirror and not mode & 0o077) or path.parts[0] == "secrets", (path, oct(mode))
        elif path.name != "deep.lua":  # the test's own
            assert not mode & 0o002, (path, oct(mode))
    assert seen == {"20", "ru", ".t", "se"}
    assert stat.S_IMODE((lab.root / "secrets").stat().st_mode) == 0o700
    assert list((lab.root / ".tlab").rglob("FETCH_HEAD"))


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_lab_that_is_shared_with_a_group(tmp_path, mask):
    """lab.json, "share": "group". The group may read runs, days and the index; mirrors and secrets stay private."""
    lab = Lab(tmp_path / "lab", {"share": "group"})
    lab.write("secrets/.env.lab", "")
    old = os.umask(mask)
    try:
        fill(lab)
    finally:
        os.umask(old)
    for path, mode in modes(lab.root):
        mode, folder = stat.S_IMODE(mode), (lab.root / path).is_dir()
        if path.parts[0] == "runs.csv" or path.parts[0].startswith("20"):
            assert mode == (0o750 if folder else 0o640), (path, oct(mode))
        elif path.parts[0] == ".tlab":
            assert not mode & 0o027, (path, oct(mode))
        if path.parts[0] == "secrets" or path.name.endswith(".git"):
            assert not mode & 0o077, (path, oct(mode))


@pytest.mark.skipif(os.geteuid() != 0, reason="to be somebody else takes root")
def test_what_a_member_of_the_group_can_do(tmp_path):
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o011)
    lab = Lab(tmp_path / "lab", {"share": "group"})
    lab.binary = pathlib.Path(shutil.copy(TLAB, tmp_path / "tlab"))
    lab.root.chmod(0o2750)
    os.chown(lab.root, 0, GROUP)
    lab.write(
        "recipes/one.lua",
        """return { name = 'one', summary = 'x', home = 'x', spec = { type = 'object' },
      run = function(run) run:write('a', 'b') end }""",
    )
    assert lab.tlab("run", "one").exit == 0

    def as_member(*words):
        return subprocess.run(
            ["setpriv", "--reuid=4321", f"--regid={GROUP}", "--clear-groups", lab.binary, *words],
            cwd=lab.root,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )

    for words in (["show", "latest"], ["runs"], ["verify", "latest"], ["replay", "latest"]):
        done = as_member(*words)
        assert done.returncode == 0, (words, done.stderr)
    assert as_member("tag", "latest", "x").returncode != 0


def test_a_chmod_stays(tmp_path):
    """Who shares a day or the index with a group does so once: later runs leave modes as they are."""
    lab = Lab(tmp_path / "lab")
    lab.write(
        "recipes/one.lua",
        """return { name = 'one', summary = 'x', home = 'x', spec = { type = 'object' },
      run = function(run) run:write('a', 'b') end }""",
    )
    assert lab.tlab("run", "one").exit == 0
    day = next(lab.root.glob("20*/*/*"))
    shared = [lab.root / "runs.csv", day.parent.parent, day.parent, day, day / "x"]
    for path in shared:
        path.chmod(0o750 if path.is_dir() else 0o640)
    assert lab.tlab("run", "one").exit == 0
    assert lab.tlab("tag", "latest", "t").exit == 0
    assert lab.tlab("runs", "--rebuild").exit == 0
    assert [oct(stat.S_IMODE(path.stat().st_mode)) for path in shared] == ["0o640"] + ["0o750"] * 4
    assert stat.S_IMODE(lab.latest.stat().st_mode) == 0o700
