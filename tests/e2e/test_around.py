"""What is not there: network, just, docker, packages, a checkout of one's own. What is said, and what still works."""

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile

import pytest

import real_git
from lab import BUILD, EXIT, ROOT, TLAB, call

root = pytest.mark.skipif(os.getuid() != 0, reason="takes root, to be another user")
ALONE = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]
unshared = pytest.mark.skipif(
    subprocess.run([*ALONE, "true"], capture_output=True).returncode != 0,
    reason="a network namespace cannot be made here",
)


def fake(folder, name, text="exit 1"):
    """A program that notes that it was called."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/called\n{text}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def lab(tmp_path):
    """A lab with a commit and a repository to mine."""
    call(TLAB, "init", tmp_path / "lab", "-q", cwd=tmp_path)
    real_git.git(tmp_path / "lab", "init", "-q", "-b", "main")
    real_git.git(tmp_path / "lab", "add", "-A")
    real_git.git(tmp_path / "lab", "commit", "-q", "-m", "lab")
    return tmp_path / "lab"


@pytest.fixture
def checkout(tmp_path):
    """What make needs of this repository, without what it built."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", "VERSION", "lab.json"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("core", "lua", "schemas", "recipes", ".ci"):
        shutil.copytree(ROOT / name, folder / name)
    page = "docs/3-extend/LIBRARY.md"  # its examples are in the binary
    (folder / page).parent.mkdir(parents=True)
    shutil.copy(ROOT / page, folder / page)
    return folder


# --- no network ----------------------------------------------------------------------------------


@unshared
@pytest.mark.slow
def test_no_network_at_all(lab):
    """Not even 127.0.0.1: what needs none works, what does says what it could not reach."""
    alone = [*ALONE, TLAB]
    call(*alone, "day", cwd=lab)
    call(*alone, "mine", "repo=.", "limit=5", cwd=lab)
    call(*alone, "summ", cwd=lab)
    for run in ("latest", ROOT / "tests/recipes/ai/run"):
        assert call(*alone, "verify", run, cwd=lab).stdout.startswith("same:")
        assert call(*alone, "replay", run, cwd=lab).stdout.startswith("same:")
    done = call(
        *alone,
        "ai",
        "prompt=Hello",
        "model.base_url=http://127.0.0.1:9/v1",
        "retries=0",
        cwd=lab,
        ok=False,
    )
    assert done.returncode == EXIT["NETWORK"] and "127.0.0.1:9" in done.stderr, done.stderr
    done = call(*alone, "mine", "repo=https://192.0.2.1/x.git", "--allow-net=192.0.2.1", cwd=lab, ok=False)
    assert done.returncode == EXIT["NETWORK"] and "192.0.2.1" in done.stderr, done.stderr


@unshared
@pytest.mark.slow
def test_make_without_a_network(checkout):
    """What is built is built from what is here; fast, since the code is not what is looked at."""
    call(*ALONE, "make", "-j2", "OPT=-O0", "HARDEN=-fPIE", cwd=checkout)
    assert "tlab" in call(checkout / "build/tlab", "version", cwd=checkout).stdout


@pytest.mark.slow
def test_packages_that_cannot_be_had(checkout, tmp_path):
    """apt-get is tried, its words stand, and then what is missing and what goes on."""
    programs = tmp_path / "programs"
    programs.mkdir()
    fake(programs, "apt-get", "echo 'E: nothing can be reached' >&2; exit 100")
    fake(programs, "dpkg-query", "exit 1")
    fake(programs, "sudo", 'exec "$@"')
    fake(programs, "node")  # stands in for its package
    env = {"PATH": f"{programs}:/usr/bin:/bin"}
    done = call(checkout / ".ci/deps", "bench", cwd=checkout, ok=False, env=env)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-3:] == [
        "E: nothing can be reached",
        "these packages are missing, and could not be had: curl hyperfine lua5.4 sqlite3",
        "they take a network, once; what is built already goes on working",
    ]


@root
@pytest.mark.skipif(bool(shutil.which("sudo")), reason="there is a sudo here")
@pytest.mark.slow
def test_packages_without_root(foreign, tmp_path):
    """Neither root nor sudo: the line that somebody with root has to type."""
    with open(f"{foreign.folder}/.ci/packages.txt", "a") as packages:
        packages.write("\n# strange\nunheard-of-1 no-such-command\n")
    done = foreign(f"{foreign.folder}/.ci/deps", "strange", ok=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        "these packages are missing, and there is neither root nor sudo: as root, type",
        "  apt-get install unheard-of-1",
    ]


def test_wheels_that_cannot_be_had(checkout, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    fake(programs, "python3", 'mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; [ "$2" = venv ]')
    (checkout / "tests").mkdir()
    shutil.copy(ROOT / "tests/requirements.txt", checkout / "tests")
    done = call("make", "venv", cwd=checkout, ok=False, env={"PATH": f"{programs}:{os.environ['PATH']}"})
    assert done.returncode == 2 and "that takes a network, once; tlab needs none of them" in done.stderr, done.stderr
    assert not (checkout / "build/venv/installed").exists()


# --- no just, no docker --------------------------------------------------------------------------

WORKFLOW = re.compile(r"^\| `(just [^`]+)` \| `(tlab [^`]+)` \|", re.MULTILINE)


def test_no_just(lab, tmp_path):
    """README's words with just are those without it: tlab is called in the same way."""
    pairs = WORKFLOW.findall((ROOT / "README.md").read_text())
    assert [just.split()[1] for just, _ in pairs] == ["day", "ai", "mine", "summ"]
    programs = tmp_path / "programs"
    programs.mkdir()
    fake(programs, "tlab", "")
    (programs / "just").symlink_to(BUILD.resolve() / "venv/bin/just")
    for just, tlab in pairs:
        for command in (just, tlab):
            call("bash", "-c", command, cwd=lab, env={"PATH": f"{programs}:/usr/bin:/bin"})
        first, second = (programs / "called").read_text().splitlines()
        assert first == second == tlab, (just, tlab)
        (programs / "called").unlink()


@pytest.mark.slow
def test_nothing_needs_docker_or_nix(lab, checkout, tmp_path):
    """Containers and nix are called by nothing that people type to build, run or check."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("docker", "podman", "nix", "nix-build", "nix-shell"):
        fake(programs, name)
    env = {"PATH": f"{programs}:{os.environ['PATH']}"}
    for words in (
        ["day"],
        ["mine", "repo=.", "limit=1"],
        ["summ"],
        ["verify", "latest"],
        ["replay", "latest"],
        ["doctor", "--quick"],
    ):
        call(TLAB, *words, cwd=lab, env=env)
    call("make", "-n", "all", "tools", cwd=checkout, env=env)
    call(checkout / ".ci/deps", "build", cwd=checkout, env=env)
    assert not (programs / "called").exists(), (programs / "called").read_text()
    tracked = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    named = [name for name in tracked.split() if re.search(r"(Makefile|Justfile|\.sh|\.yml|/deps|/run)$", name)]
    assert len(named) > 5
    for name in named:
        assert not re.search(r"\b(docker|podman)\b", (ROOT / name).read_text()), name


# --- whose checkout, and in what state -----------------------------------------------------------


@pytest.fixture
def foreign(checkout):
    """The checkout where an ordinary user can see it, and how to be that user; it belongs to root."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        place = shutil.copytree(checkout, f"{folder}/theirs")
        os.mkdir(f"{folder}/mine")
        os.chown(f"{folder}/mine", 65534, 65534)
        subprocess.run(["chmod", "-R", "go+rX", place], check=True)

        def as_user(*words, **more):
            return call(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                *words,
                cwd=place,
                **more,
            )

        as_user.folder, as_user.own = place, f"{folder}/mine"
        yield as_user


@root
@pytest.mark.slow
def test_make_in_a_checkout_of_somebody_else(foreign):
    """It says so before it begins; a folder of one's own takes what is built."""
    done = foreign("make", "-s", ok=False)
    assert done.returncode == 2 and "build cannot be written by you: make BUILD=/a/folder/of/yours" in done.stderr
    foreign("make", "-s", f"BUILD={foreign.own}/out", f"{foreign.own}/out/core/base/buf.o")
    assert not os.path.exists(f"{foreign.folder}/build")


@root
@pytest.mark.slow
def test_tlab_in_a_checkout_of_somebody_else(foreign):
    """What is there can be read and checked; what would be written is refused, with the folder's name."""
    shutil.copy(TLAB, f"{foreign.own}/tlab")
    tlab = f"{foreign.own}/tlab"
    run = f"{foreign.folder}/run"
    shutil.copytree(ROOT / "tests/recipes/ai/run", run)
    subprocess.run(["chmod", "-R", "go+rX", foreign.folder], check=True)
    assert foreign(tlab, "verify", run, env={"TMPDIR": foreign.own}).stdout.startswith("same:")
    assert foreign(tlab, "replay", run, env={"TMPDIR": foreign.own}).stdout.startswith("same:")
    done = foreign(tlab, "day", ok=False)
    assert done.returncode == EXIT["STORAGE"] and "Permission denied" in done.stderr, done.stderr


def test_a_dirty_checkout(lab):
    """A run says that it was, and keeps what was changed; the same commit clean is another experiment."""
    clean = call(TLAB, "hello", "specs/hello.json", "--json", cwd=lab)
    (lab / "specs/hello.json").write_text((lab / "specs/hello.json").read_text().replace("world", "moon"))
    (lab / "new.txt").write_text("new\n")
    dirty = call(TLAB, "hello", "specs/hello.json", "name=world", "--json", cwd=lab)
    before, after = (json.loads(done.stdout) for done in (clean, dirty))
    assert (before["git"]["dirty"], after["git"]["dirty"]) == (False, True) and before["key"] != after["key"]
    assert before["git"]["commit"] == after["git"]["commit"]
    patch = (lab / "latest/record/blobs" / after["git"]["patch"]["sha256"]).read_bytes()
    real_git.git(lab, "stash", "-u", "-q")
    real_git.git(lab, "apply", data=patch)
    assert "moon" in (lab / "specs/hello.json").read_text() and (lab / "new.txt").read_text() == "new\n"
