"""The Justfiles, with the real just: words go on as they were typed, from any folder; what is missing is said.

Both are tried: that of this repository, and the one that tlab init lays into a lab.
"""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys

import pytest

from lab import ROOT, TLAB

JUST = pathlib.Path(sys.executable).parent / "just"
FILES = {"repository": ROOT / "Justfile", "lab": ROOT / "lua/host/init/files/Justfile"}
# A program that writes down how it was called: its folder, then its words, each ended by a NUL.
CALLED = """#!/bin/sh
{ pwd; printf '%s\\0' "$@"; } > "$CALLED"
"""
# What shells, just and make like to take for something else.
WORDS = [
    "repo=o",
    "prompt=two  words",
    " lead and trail ",
    'it\'s "quoted"',
    "",
    "*",
    "?[a-z]{a,b}",
    "$HOME ${x} $1 $@ $(id) `id`",
    "two\nlines\n",
    "\\n \\\\ \\",
    "{{topic}} {{{{",
    "~",
    "#x",
    "!!",
    "é 日本",
    "-x",
    "--json",
    "--",
    "a;b|c&d<e>f(g)",
    "%s%%",
    "=",
    "x:=[1, 2]",
    "\t",
    "@file",
    "${{ x }}",
]


def just(*words, cwd, ok=True, **env):
    done = subprocess.run(
        [JUST, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **env},
    )
    assert not ok or done.returncode == 0, done.stderr
    return done


def program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def recipes(file):
    """Name → recipe of those that are for people, as just itself reads them."""
    dump = json.loads(just("--justfile", file, "--dump", "--dump-format", "json", cwd=file.parent).stdout)
    return {name: recipe for name, recipe in dump["recipes"].items() if not recipe["private"]}


PASSED_ON = [
    (kind, name)
    for kind, file in FILES.items()
    for name, recipe in recipes(file).items()
    if "there" in [needed["recipe"] for needed in recipe["dependencies"]]
]
BUILT = sorted(set(recipes(FILES["repository"])) - {name for kind, name in PASSED_ON if kind == "repository"})


@pytest.fixture
def folder(tmp_path):
    """A lab's folder with blanks and more in its name, and one below it."""
    (tmp_path / 'it\'s a "lab" $x/deep down').mkdir(parents=True)
    return tmp_path / 'it\'s a "lab" $x'


@pytest.mark.parametrize("kind, name", PASSED_ON)
def test_words_go_on_as_they_are(folder, kind, name):
    shutil.copy(FILES[kind], folder / "Justfile")
    fake = program(folder / "it's called", CALLED)
    just(name, *WORDS, cwd=folder / "deep down", TLAB=str(fake), CALLED=str(folder / "called"))
    where, _, words = (folder / "called").read_text().partition("\n")
    assert words.split("\0") == [name, *WORDS, ""]
    assert where == str(folder / "deep down"), "paths on the command line would mean something else"
    just(name, cwd=folder, TLAB=str(fake), CALLED=str(folder / "called"))
    assert (folder / "called").read_text() == f"{folder}\n{name}\0"


def test_every_recipe_is_tlab_or_make():
    """The repository's own are those above, and targets that make has."""
    passed = {name for kind, name in PASSED_ON if kind == "repository"}
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")).split()
    assert {
        "day",
        "ai",
        "mine",
        "summ",
        "post",
        "compare",
        "extract",
        "digest",
        "new",
        "repl",
        "run",
        "runs",
        "show",
        "replay",
        "verify",
    } <= passed
    assert {"demo", "test", "nix-check"} <= set(BUILT) <= {*phony, "build"}
    assert {name for kind, name in PASSED_ON if kind == "lab"} == passed - {"init"} | {"test"}


@pytest.mark.parametrize("name", BUILT)
def test_make_is_called_in_the_top_folder(folder, name):
    shutil.copy(FILES["repository"], folder / "Justfile")
    (folder / "bin").mkdir()
    program(folder / "bin/make", CALLED)
    words = WORDS if name in ("build", "bench") else []
    just(
        name,
        *words,
        cwd=folder / "deep down",
        CALLED=str(folder / "called"),
        PATH=f"{folder}/bin:{os.environ['PATH']}",
    )
    where, _, called = (folder / "called").read_text().partition("\n")
    target = [] if name == "build" else [name]
    assert (where, called.split("\0")) == (
        str(folder),
        ["--no-print-directory", *target, *words, ""],
    )


@pytest.mark.parametrize("kind", FILES)
def test_no_tlab(folder, kind):
    """What is missing is said once, with what to do; the exit code is a shell's for a program that is not there."""
    shutil.copy(FILES[kind], folder / "Justfile")
    done = just("day", cwd=folder / "deep down", ok=False)
    what = str(folder / "build/tlab") if kind == "repository" else "tlab"
    said = (
        "make builds build/tlab, TLAB names another"
        if kind == "repository"
        else "put tlab on the PATH, or its path into TLAB"
    )
    assert (done.returncode, done.stderr) == (127, f"{what} is not there: {said}\n")
    assert not (folder / "called").exists()


@pytest.fixture
def checkout(tmp_path):
    """This repository's Justfile with what it needs, and the real binary."""
    root = tmp_path / "check out"
    (root / "build").mkdir(parents=True)
    (root / "build/tlab").symlink_to(TLAB)
    for name in ("Justfile", "lab.json"):
        shutil.copy(ROOT / name, root / name)
    for name in ("recipes", "schemas", "tests/recipes"):
        shutil.copytree(ROOT / name, root / name)
    return root


def test_the_real_tlab(checkout):
    assert just("day", "date=2026-10-03", cwd=checkout / "schemas").stdout == "2026/10/03\n"
    prompt = 'Two  "words", $HOME\nand `id`'
    done = just(
        "ai",
        "spec=spec.json",
        f"prompt={prompt}",
        "model.base_url=http://127.0.0.1:9/v1",
        "--offline",
        cwd=checkout / "tests/recipes/ai",
        ok=False,
    )
    assert done.returncode == 6, done.stderr
    assert json.loads((checkout / "latest/spec.json").read_text())["prompt"] == prompt
    assert just("replay", "tests/recipes/ai/run", cwd=checkout).stdout.startswith("same:")
    assert just("verify", "run", cwd=checkout / "tests/recipes/ai").stdout.startswith("same:")
    # What failed is told by tlab alone.
    assert "Justfile" not in done.stderr and "recipe" not in done.stderr.splitlines()[-1]
