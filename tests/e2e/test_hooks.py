"""The hooks of .pre-commit-config.yaml, in a clone: each refuses what it is there for, and needs no network."""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from lab import BUILD, ROOT, copy_repository

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
RUN = "tests/lint/run.sh"
# Nothing here may look like a key itself.
KEY = "sk" + "_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
NAMES = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def call(cwd, *words, ok=True, **env):
    done = subprocess.run(
        words,
        cwd=cwd,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **NAMES, "GIT_CONFIG_GLOBAL": "/dev/null", "BUILD": str(BUILD), **env},
    )
    assert not ok or done.returncode == 0, done.stdout
    return done


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A repository of the tree as it is, with the hooks switched on by the command that the documents give."""
    folder = tmp_path_factory.mktemp("hooks") / "a clone"
    copy_repository(folder)
    call(folder, "git", "init", "-q", "-b", "main")
    call(folder, "git", "add", "-A")
    call(folder, "git", "commit", "-qm", "all")
    # The tools are those of the build that is tested, so they are not installed once more.
    with open(BUILD / "hooks.lock", "w") as lock:  # of the processes that tests run in
        fcntl.flock(lock, fcntl.LOCK_EX)
        call(folder, "make", "hooks", f"BUILD={BUILD}")
    return folder


@pytest.fixture
def tree(clone):
    yield clone
    call(clone, "git", "reset", "-q", "--hard")
    call(clone, "git", "clean", "-qfd", "-e", "build")


def offline():
    """What takes the network away from a command, where one may."""
    shut = ["unshare", "--map-root-user", "--net"]
    works = shutil.which("unshare") and subprocess.run([*shut, "true"], capture_output=True).returncode == 0
    return shut if works else []


def commit(tree, path, content, how="w"):
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    with open(tree / path, how) as file:
        file.write(content)
    call(tree, "git", "add", "--force", path)
    return call(tree, *offline(), "git", "commit", "-qm", "x", ok=False)


def failed(done):
    return re.findall(r"^- hook id: (.*)$", done.stdout, re.M)


BAD = {
    "clang-format": ("core/base/x.c", "int  x ;\n", "code should be clang-formatted"),
    "clang-tidy": (
        "core/base/x.c",
        '#include <string.h>\nint tl_x(const char *a);\nint tl_x(const char *a)\n{\n  return !strcmp(a, "x") + sizeof(a);\n}\n',
        "core/base/x.c",
    ),
    "stylua": ("lua/tlab/x.lua", 'local M = {}\nM.x   = "a"\nreturn M\n', "M.x"),
    "luacheck": (
        "lua/tlab/x.lua",
        "local M = {}\nfunction M.x() return undefined_thing end\nreturn M\n",
        "undefined_thing",
    ),
    "lua-types": ("recipes/x.lua", "return { run = function() tlab.fs.raed 'x' end }\n", "raed"),
    "budgets": (
        "lua/tlab/x.lua",
        "local M = {}\n" * 1 + "M.x = 1\n" * 400 + "return M\n",
        "lines in the file 402",
    ),
    "black": ("recipes/tools/py_post/src/py_post/x.py", '"""X."""\n\nx = {  "a":1 }\n', '"a": 1'),
    "ruff": ("recipes/tools/py_post/src/py_post/x.py", '"""X."""\n\nimport os\n', "F401"),
    "mypy": (
        "recipes/tools/py_post/src/py_post/x.py",
        '"""X."""\n\nx: int = "a"\n',
        "Incompatible types",
    ),
    "rustfmt": ("recipes/tools/rust_extractor/tests/damaged.rs", "\nfn  x () {}\n", "fn x() {}"),
    "clippy": (
        "recipes/tools/rust_extractor/src/patch.rs",
        "\nfn x(a: Option<u8>) -> bool {\n    match a {\n        Some(_) => true,\n        None => false,\n    }\n}\n",
        "x",
    ),
    "shellcheck": ("tests/x.sh", "#!/usr/bin/env bash\nset -euo pipefail\necho $1\n", "SC2086"),
    "schemas": (
        "schemas/x.schema.json",
        '{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "text"}\n',
        "text",
    ),
    "workflows": (
        ".github/workflows/x.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - use: x\n",
        "unexpected key",
    ),
    "editorconfig": ("docs/x.md", "a \n", "docs/x.md:1: has white space"),
    "codespell": ("docs/x.md", "Rec" + "ieve.\n", "Receive"),
    "secrets": ("docs/x.md", f'key = "{KEY}"\n', "Stripe Access Key"),
    "large-files": ("docs/x.txt", "\0" * 600_000, "docs/x.txt: 600000 bytes"),
}
APPENDED = {"rustfmt", "clippy"}


@pytest.mark.parametrize("hook", BAD)
def test_each_hook_refuses_what_it_is_there_for(tree, hook):
    path, content, words = BAD[hook]
    done = commit(tree, path, content, how="a" if hook in APPENDED else "w")
    assert done.returncode != 0 and hook in failed(done), done.stdout
    assert words in done.stdout, done.stdout
    assert hook != "large-files" or "secrets:" not in done.stdout  # others could take long over it
    assert call(tree, "git", "log", "--format=%s").stdout == "all\n"


def test_no_hook_is_without_its_bad_example():
    assert set(BAD) == set(hooks())


def hooks():
    """Each hook's id, and the pattern of the files that are given to it."""
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    parts = re.split(r"^ *- id: ", text, flags=re.M)[1:]
    found = {part.split("\n")[0]: re.search(r"files: '(.*)'", part) for part in parts}
    return {name: pattern[1] if pattern else "" for name, pattern in found.items()}


@pytest.mark.parametrize("hook", BAD)
def test_the_pattern_of_a_hook_lets_through_all_that_its_check_reads(hook):
    read = call(ROOT, RUN, "list", hook).stdout.splitlines()
    assert read
    assert not [name for name in read if not re.search(hooks()[hook], name)]


def test_all_hooks_are_local():
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.*)", text) == ["local"]
    assert set(re.findall(r"language: (.*)", text)) == {"system"}


@pytest.mark.parametrize("path", ["secrets/.env.lab", "secrets/keys/a", ".env", "x/.env.lab", "a.pem", "b/id_ed25519"])
def test_a_file_of_secrets_is_refused_by_its_name(tree, path):
    done = commit(tree, path, "x\n")
    assert done.returncode != 0 and failed(done) == ["secrets"], done.stdout
    assert f"{path}: a file of secrets" in done.stdout


@pytest.mark.parametrize("path", ["secrets/README.md", "secrets/example.env.lab"])
def test_the_pages_about_secrets_may_be_committed(tree, path):
    (tree / path).unlink(missing_ok=True)
    done = commit(tree, path, "x\n")
    assert "secrets" not in failed(done), done.stdout


def test_a_script_begins_strict(tree):
    done = commit(tree, "tests/x.sh", "#!/usr/bin/env bash\nset -uo pipefail\n")
    assert failed(done) == ["shellcheck"], done.stdout
    assert "tests/x.sh:2: begins without set -euo pipefail" in done.stdout


def test_a_file_that_breaks_its_own_schema(tree):
    lab = (tree / "lab.json").read_text()
    assert '"schema": "tlab.lab/1"' in lab
    done = commit(tree, "lab.json", lab.replace("tlab.lab/1", "tlab.lab/0"))
    assert failed(done) == ["schemas"] and "lab.json: /schema" in done.stdout, done.stdout


def test_a_key_twice(tree):
    done = commit(tree, "x.json", '{"a": 1, "a": 2}\n')
    assert failed(done) == ["schemas"] and "the key 'a' is there twice" in done.stdout, done.stdout


FLOW = """name: x
on: push
permissions: {}
concurrency:
  group: x
jobs:
  a:
    name: a
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - name: say
        run: echo x
"""


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("permissions: {}\n", "", "excessive-permissions"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("run: echo x", "uses: actions/checkout@v4", "unpinned-uses"),
        ("run: echo x", f"uses: actions/checkout@{'a' * 40} # v7", "artipacked"),
        ("run: echo x", "run: echo ${{ github.head_ref }}", "potentially untrusted"),
        ("run: echo x", "run: cd $X", "SC2086"),
        ("    steps:", "    container: debian:12\n    steps:", "unpinned-images"),
        ("concurrency:\n  group: x\n", "", "concurrency-limits"),
    ],
)
def test_what_is_wrong_in_a_workflow(tree, before, after, says):
    assert before in FLOW
    path = ".github/workflows/x.yml"
    done = commit(tree, path, FLOW.replace(before, after))
    assert failed(done) == ["workflows"] and says in done.stdout, done.stdout


def test_a_workflow_that_is_right(tree):
    done = commit(tree, ".github/workflows/x.yml", FLOW)
    assert done.returncode == 0, done.stdout
    call(tree, "git", "reset", "-q", "--hard", "HEAD~1")


def test_each_job_ends_in_time():
    for path in (ROOT / ".github/workflows").iterdir():
        jobs = re.split(r"^  (?=\w+:$)", path.read_text().split("\njobs:\n")[1], flags=re.M)[1:]
        assert jobs and all(re.search(r"^    timeout-minutes: \d+$", job, re.M) for job in jobs)


def test_what_is_not_staged_does_not_count(tree):
    (tree / "core/main.c").write_text("int  x ;\n")
    assert commit(tree, "docs/x.md", "Fine.\n").returncode == 0
    assert (tree / "core/main.c").read_text() == "int  x ;\n"
    call(tree, "git", "reset", "-q", "--hard", "HEAD~1")


def test_a_small_commit_takes_seconds(tree):
    (tree / "docs/x.md").write_text("A page.\n")
    started = time.monotonic()
    path = "core/base/json.h"
    done = commit(tree, path, "/* x */\n", how="a")
    took = time.monotonic() - started
    assert done.returncode == 0, done.stdout
    call(tree, "git", "reset", "-q", "--hard", "HEAD~1")
    assert took < 20, took


def test_without_the_tools_it_says_what_to_type(tree, tmp_path):
    done = call(tree, RUN, "hook", "codespell", "README.md", ok=False, BUILD=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == "the linters are not installed, or old ones are; type: make hooks\n"


def test_a_check_that_is_none(tree):
    done = call(tree, RUN, "hook", "nope", ok=False)
    assert done.returncode == 2 and "no check is called 'nope'" in done.stdout


def test_the_formatters_and_editorconfig_are_held_to_each_other(tree):
    text = (tree / "stylua.toml").read_text()
    done = commit(tree, "stylua.toml", text.replace("100", "101"))
    assert "editorconfig" in failed(done), done.stdout
    assert "stylua.toml: 101 columns, 2 a step; .editorconfig has 100 and 2" in done.stdout


def test_a_checkout_has_the_bytes_that_are_committed(tree):
    call(tree, "git", "add", "--renormalize", ".")
    assert call(tree, "git", "status", "--porcelain").stdout == ""


@pytest.mark.skipif(not pathlib.Path("/usr/bin/git").exists(), reason="no git in /usr/bin")
def test_ignored_files(tree):
    for path in (
        "result",
        "secrets/.env.lab",
        ".direnv/x",
        ".env",
        "x.pem",
        "build/x",
        "latest",
        "runs.csv",
    ):
        assert call(tree, "git", "check-ignore", path, ok=False).returncode == 0, path
