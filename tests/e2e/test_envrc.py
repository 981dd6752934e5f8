"""What direnv makes of .envrc: with nix, without it, and with one that cannot do it."""

import shutil
import subprocess

import pytest

from lab import ROOT

pytestmark = pytest.mark.slow
DIRENV = shutil.which("direnv")
# What direnv itself calls, and no more: no nix, no compiler, no cargo.
BARE = [
    "bash",
    "cat",
    "chmod",
    "cut",
    "dirname",
    "env",
    "grep",
    "head",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "readlink",
    "realpath",
    "rm",
    "sed",
    "sha1sum",
    "sort",
    "touch",
    "tr",
    "uname",
]
NEW_NIX = """#!/bin/sh
[ "$1" = print-dev-env ] || exit 1
echo 'unset shellHook; saved=$NEVER_SET; export TLAB_PROFILE=default; export IN_NIX_SHELL=impure'
"""
OLD_NIX = """#!/bin/sh
echo "error: 'print-dev-env' is not a recognised command" >&2
exit 1
"""


@pytest.fixture
def machine(tmp_path):
    """Calls direnv in a folder with a copy of a file `.envrc`, on a machine that has just these programs."""
    if DIRENV is None:
        pytest.skip("no direnv: apt-get install direnv")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in [*BARE, "direnv"]:
        if found := shutil.which(name):
            (programs / name).symlink_to(found)

    def run(*words, nix=None, have=(), envrc=".envrc"):
        for name in have:
            (programs / name).symlink_to("/bin/true")
        if nix:
            (programs / "nix").write_text(nix)
            (programs / "nix").chmod(0o755)
        folder = tmp_path / "clone"
        folder.mkdir()
        shutil.copy(ROOT / envrc, folder / ".envrc")
        env = {"PATH": str(programs), "HOME": str(tmp_path)}
        subprocess.run([DIRENV, "allow", folder], env=env, check=True)
        return subprocess.run(
            [DIRENV, "exec", folder, "bash", "-c", 'echo "$TLAB_PROFILE|$IN_NIX_SHELL|$PATH"'],
            env=env,
            text=True,
            capture_output=True,
            timeout=60,
        )

    return run


def test_with_nix_the_tools_are_those_of_the_flake(machine):
    done = machine(nix=NEW_NIX)
    assert done.returncode == 0, done.stderr
    profile, shell, path = done.stdout.strip().split("|")
    assert (profile, shell) == ("default", "impure")
    assert path.split(":")[0].endswith("/clone/build")
    assert "nix is not here" not in done.stderr and "missing" not in done.stderr


def test_without_nix_it_says_what_is_missing_and_what_works(machine):
    done = machine(have=["cc", "make", "pkg-config", "python3", "git", "jq"])
    assert done.returncode == 0, done.stderr
    profile, shell, path = done.stdout.strip().split("|")
    assert (profile, shell) == ("", "")
    assert path.split(":")[0].endswith("/clone/build")
    assert "nix is not here: going on with the tools of this machine" in done.stderr
    assert "all works but nix build, nix develop and nix flake check" in done.stderr
    assert "missing: cargo; make tools (rust_extractor) needs it" in done.stderr
    assert "missing: just; type make, or build/tlab, instead" in done.stderr
    assert "missing: jq" not in done.stderr and "missing: git" not in done.stderr


def test_what_the_build_needs_is_named(machine):
    done = machine()
    assert done.returncode == 0, done.stderr
    for tool in ("cc", "make", "pkg-config", "python3", "git"):
        assert f"missing: {tool}; nothing is built without; on Debian, type: make deps" in done.stderr


def test_a_nix_too_old_is_said_so_and_the_rest_goes_on(machine):
    done = machine(nix=OLD_NIX)
    assert done.returncode == 0, done.stderr
    assert "not a recognised command" in done.stderr
    assert "flake.nix cannot be used here" in done.stderr
    assert done.stdout.strip().split("|")[2].split(":")[0].endswith("/clone/build")


LABS = "lua/host/init/files/envrc"


@pytest.mark.parametrize(
    ("nix", "says"),
    [
        (NEW_NIX, ""),
        (OLD_NIX, "flake.nix cannot be used here"),
        (None, "nix is not here: just, jq and git are those of this machine"),
    ],
)
def test_a_lab_of_ones_own(machine, nix, says):
    done = machine(nix=nix, envrc=LABS)
    assert done.returncode == 0, done.stderr
    assert says in done.stderr
    assert bool(says) == ("machine" in done.stderr)
    assert (done.stdout.split("|")[1] == "impure") == (nix is NEW_NIX)
