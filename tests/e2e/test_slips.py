"""Slips of people: every command with words that it was not made for. None is a fault of tlab, a traceback,
a hang or a silence, and none leaves anything in the lab but runs."""

import itertools
import os
import pathlib
import stat
import subprocess

import pytest

from lab import TLAB, Lab

pytestmark = pytest.mark.slow

COMMANDS = [
    "new",
    "run",
    "test",
    "replay",
    "resume",
    "verify",
    "show",
    "runs",
    "log",
    "tag",
    "note",
    "diff",
    "validate",
    "doctor",
    "gc",
    "hash",
    "ops",
    "explain",
    "completion",
    "version",
    "help",
    "day",
    "ai",
    "mine",
    "summ",
    "post",
    "compare",
    "extract",
    "digest",
    "hello",
    "nothing",
]
WORDS = [
    [],
    ["."],
    ["/"],
    [""],
    ["-"],
    ["--"],
    ["="],
    ["x="],
    [":="],
    ["x:={"],
    ["latest"],
    ["latest", "latest"],
    ["a", "b", "c", "d"],
    ["folder"],
    ["lab.json"],
    ["lab.json/x"],
    ["recipes/hello.lua"],
    ["hello", "folder"],
    ["0000"],
    ["2026"],
    ["../lab"],
    ["/dev/null"],
    ["latest", "/dev/null"],
    ["a\tb"],
    ["\N{LATIN SMALL LETTER U WITH DIAERESIS}"],
    ["--bogus"],
    ["--json", "."],
    ["--limit=x"],
    ["--limit=99999999999999999999"],
    ["--since="],
    ["--seed"],
    ["--seed=-1", "hello"],
    ["--allow-net=a..b", "hello"],
    ["--allow-read=relative", "hello"],
    ["--limit-memory=1", "hello"],
    ["--reuse=folder", "hello"],
    ["--reuse=/dev/null", "hello"],
    ["--with=folder", "latest"],
    ["--schema=folder", "lab.json"],
    ["--color=x"],
]
RECIPE = """return { name = 'hello', summary = 'Hello.', home = 'analyzer/outputs',
  run = function(run) run:write('x', 'x') end }"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("slips") / "lab")
    (lab.root / "recipes").mkdir(exist_ok=True)
    (lab.root / "recipes" / "hello.lua").write_text(RECIPE)
    (lab.root / "folder").mkdir()
    (lab.root / "folder" / "file").write_text("x")
    assert lab.tlab("hello").exit == 0
    return lab


def tree(root):
    """What lies at the top of the lab, but for what runs leave there."""
    return {p.name: p.is_dir() or p.read_bytes() for p in pathlib.Path(root).iterdir()
            if p.name not in {"latest", "runs.csv", ".tlab"} and not p.name.startswith("20")}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_slips(lab, command):
    before, told = tree(lab.root), []
    for words, loud in itertools.product(WORDS, [True, False]):
        typed = [command, *words] + ([] if loud else ["-q"])
        done = subprocess.run(
            [TLAB, *typed],
            cwd=lab.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            env={"PATH": os.environ["PATH"], "HOME": str(lab.root)},
            check=False,
        )
        out = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode not in range(9) or "[BUG]" in out or "traceback" in out.replace("their traceback", ""):
            told.append(f"tlab {' '.join(typed)} -> {done.returncode}\n{out[:300]}")
        if done.returncode and not out.strip() and not (command == "diff" and done.returncode == 1):
            told.append(f"tlab {' '.join(typed)} says nothing -> {done.returncode}")
    assert told == []
    assert tree(lab.root) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # root could put a file in its place
