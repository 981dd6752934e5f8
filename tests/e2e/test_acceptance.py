"""docs/reference/ACCEPTANCE.md: each command of its table does what the table says.

The commands are taken from the page, so page and test cannot part: a line without a test fails, and the
other way round. They run in a fresh copy of the repository's files, which is a repository with one commit.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import git_server
import real_git
from lab import BUILD, ROOT, copy_repository

PAGE = ROOT / "docs/reference/ACCEPTANCE.md"
ROW = re.compile(r"^\| (?P<promised>[^|]+) \| `(?P<command>[^`]+)` \| (?P<shown>[^|]+) \|$", re.MULTILINE)
COMMANDS = {row["promised"]: row["command"] for row in ROW.finditer(PAGE.read_text())}
TESTED = {}


def shows(promised, *marks):
    """The test of a line of the page; it is given its command. It is for `make test-all`."""
    TESTED[promised] = True
    return pytest.mark.parametrize(
        "command",
        [
            pytest.param(
                COMMANDS.get(promised),
                id=promised.replace(" ", "-"),
                marks=(pytest.mark.slow, *marks),
            )
        ],
    )


def test_page_and_tests_are_of_one_mind():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(COMMANDS), "a line of the table is not of the form | promised | `command` | shown |"
    assert set(COMMANDS) == set(TESTED) | set(OF_NIX)


# Run by tests/nix/nix-check.sh, which takes them from the page, too.
OF_NIX = [promised for promised, command in COMMANDS.items() if command.startswith("nix ")]


def test_lines_of_nix_are_run_by_its_check():
    """By the script's own way of finding them."""
    script = (ROOT / "tests/nix/nix-check.sh").read_text()
    (find,) = re.findall(r"< <\((sed -nE '[^']+' docs/reference/ACCEPTANCE\.md)\)", script)
    found = subprocess.run(["bash", "-c", find], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == [COMMANDS[promised] for promised in OF_NIX]
    assert len(OF_NIX) == 3 and 'test_that "$command" as_on_the_page "$command"' in script


class Checkout:
    """The repository's files as a person has them after a clone and make, with a commit of their own."""

    def __init__(self, root):
        self.root = root
        copy_repository(root)
        self.bin = root.parent / "bin"
        self.bin.mkdir()
        (self.bin / "just").symlink_to(pathlib.Path(sys.executable).parent / "just")
        (root / "build").symlink_to(BUILD)
        (root / ".git/info").mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (root / ".git/info/exclude").write_text("/build\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", "as it was cloned")

    def git(self, *words):
        return real_git.git(self.root, *words).decode()

    def type(self, command, ok=True, timeout=120, **env):
        """What a person types: a line for a shell."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env={
                **real_git.somebody(),
                "LC_ALL": "C.UTF-8",
                "HOME": str(self.root.parent),
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                **env,
            },
        )
        assert not ok or done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        return done

    @property
    def latest(self):
        return (self.root / "latest").resolve()


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "time-lab").mkdir()
    return Checkout(tmp_path / "time-lab")


@shows("a day is opened")
def test_day(checkout, command):
    before = datetime.datetime.now(datetime.UTC).date()
    said = checkout.type(command).stdout.strip()
    assert said in {f"{day:%Y/%m/%d}" for day in (before, datetime.datetime.now(datetime.UTC).date())}
    for name in (
        "README.md",
        "run.json",
        "ai-team/specs",
        "ai-team/artifacts",
        "analyzer/inputs",
        "analyzer/outputs",
        "knowledge/notes.md",
        "knowledge/graph",
    ):
        assert (checkout.root / said / name).exists(), name
    assert checkout.type("just verify latest && just replay latest").stdout.count("same:") == 2


@shows("a model is asked by a spec")
def test_ai(checkout, command):
    mock = subprocess.Popen(
        [sys.executable, ROOT / "tests/e2e/mock_server.py", "--stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        url = json.loads(mock.stdout.readline())["url"]
        path = checkout.root / "tests/recipes/ai/spec.json"
        spec = json.loads(path.read_text())
        path.write_text(path.read_text().replace(spec["model"]["base_url"], url))
        checkout.type(command)
    finally:
        mock.stdin.close()
        mock.wait()
        mock.stdout.close()
    rows = [json.loads(line) for line in (checkout.latest / "answers.jsonl").read_text().splitlines()]
    assert [row["vars"] for row in rows] == spec["cases"] and all(row["text"] for row in rows)
    assert checkout.type("just verify latest && just replay latest").stdout.count("same:") == 2


@shows("a repository is mined")
def test_mine(checkout, command, tmp_path):
    """X/Y lies on a server of git's own on this machine: lab.json says where owners and names are found."""
    origin = git_server.Repository(tmp_path / "served/X/Y.git")
    for number in range(7):
        origin.commit(text=f"change {number}\n", name=f"file{number}")
    with git_server.GitServer(tmp_path / "served") as server:
        config = json.loads((checkout.root / "lab.json").read_text())
        config["git"] = {"base_url": server.url}
        (checkout.root / "lab.json").write_text(json.dumps(config))
        checkout.type(command)
    commits = [json.loads(line) for line in (checkout.latest / "commits.jsonl").read_text().splitlines()]
    assert [commit["sha"] for commit in commits] == origin.git("rev-list", "-n", "5", "main").split()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", origin.path, clone], check=True)
    for commit in commits:
        (patch,) = checkout.latest.glob(f"commits/*-{commit['sha'][:7]}*/diff.patch")
        real_git.git(clone, "checkout", "-qf", commit["parents"][0])
        real_git.git(clone, "apply", "--index", str(patch))
        assert real_git.git(clone, "write-tree").decode().strip() == commit["tree"]
    assert checkout.type("just verify latest && just replay latest").stdout.count("same:") == 2


OLD = 'def greet(name):\n    return "hello " + name\n'
NEW = 'import os\n\ndef greet(name):\n    os.system("echo hello " + name)\n'
NUMBER = 23963447  # tried until the commit was called as the page has it


def commit_to_look_at(checkout):
    """A commit whose id begins with abc123, in the checkout's repository: all that it is made of is fixed."""

    def tree(text):
        blob = real_git.told(checkout.root, "hash-object", "-w", "--stdin", data=text.encode())
        return real_git.told(checkout.root, "mktree", data=f"100644 blob {blob}\tgreet.py\n".encode())

    first = real_git.told(checkout.root, "commit-tree", tree(OLD), "-m", "Greet people")
    message = f"Greet aloud\n\nNumber {NUMBER}\n".encode()
    return real_git.told(checkout.root, "commit-tree", tree(NEW), "-p", first, data=message)


@shows("a commit is summarised")
def test_summ(checkout, command):
    sha = commit_to_look_at(checkout)
    assert sha.startswith("abc123")
    checkout.type(command)
    page = (checkout.latest / "analysis_summary.md").read_text()
    facts = json.loads((checkout.latest / "summary.json").read_text())
    assert sha in json.dumps(facts) and "Greet aloud" in page, page
    assert "shell and programs" in page and "`greet.py` line 4" in page, page
    assert checkout.type("just verify latest && just replay latest").stdout.count("same:") == 2


KEY = "sk" + "_live_" + "aB3" * 8


@shows("a recipe of one's own")
def test_new_recipe(checkout, command):
    said = checkout.type(command).stdout
    assert "ok 2 - haiku: " in said and "not ok" not in said and said.splitlines()[-1].startswith("same: ")
    assert (checkout.latest / "words.csv").read_text().startswith("word,times\n")
    made = checkout.git("status", "--short", "-uall").split()[1::2]
    assert [path for path in made if "haiku" in path and not path.startswith("20")] == [
        "recipes/haiku.lua",
        "schemas/haiku.schema.json",
        "specs/haiku.json",
        "tests/recipes/haiku_test.lua",
    ]


@shows("each commit is checked", pytest.mark.timeout(600))
def test_hooks(checkout, command):
    before = checkout.git("rev-parse", "HEAD")
    page = checkout.root / "README.md"
    text = page.read_text()
    page.write_text(text + f"\nThe key is {KEY}\n")
    here = {"BUILD": str(BUILD), "HOME": os.environ["HOME"]}
    done = checkout.type(command, ok=False, timeout=600, **here)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "- hook id: secrets" in said and "README.md" in said, said
    assert KEY not in said
    assert checkout.git("rev-parse", "HEAD") == before
    page.write_text(text + "\nThere is no key.\n")
    checkout.type(command, timeout=600, **here)
    assert checkout.git("rev-parse", "HEAD^") == before and "a change" in checkout.git("log", "-1")


@shows("secrets stay out of git")
def test_secrets(checkout, command):
    for name in ("secrets/.env.lab", "secrets/deep/er.txt", "secrets/key.pem"):
        (checkout.root / name).parent.mkdir(exist_ok=True)
        (checkout.root / name).write_text("KEY=value-that-nobody-sees\n")
    listed = checkout.type(command).stdout.splitlines()
    assert listed and all(line.startswith("!! secrets/") for line in listed), listed
    assert checkout.git("diff", "--cached", "--name-only") == ""
    assert checkout.git("ls-files", "secrets").split() == [
        name for name in ("secrets/README.md", "secrets/example.env.lab") if (checkout.root / name).exists()
    ]


@shows("all scripts pass shellcheck", pytest.mark.timeout(600))
def test_shellcheck(checkout, command):
    here = {
        "BUILD": str(BUILD),
        "HOME": os.environ["HOME"],
        "timeout": 600,
    }  # where the linters are
    done = checkout.type(command, **here)
    assert "ok 1 - shellcheck" in done.stdout
    # It looks at each script that there is: one with a fault is found.
    (checkout.root / "tests/new.sh").write_text("#!/usr/bin/env bash\nset -euo pipefail\necho $1\n")
    done = checkout.type(command, ok=False, **here)
    assert done.returncode != 0 and "SC2086" in done.stdout
