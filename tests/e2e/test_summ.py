"""`summ` on commits of each kind, read from the repository and from what `mine` made of it."""

import json
import re
import shutil

import jsonschema
import pytest

from git_repo import Repo, each_kind, huge
from git_server import GitServer
from lab import BUILD, ROOT, TLAB, Lab

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/summary.schema.json").read_text()))


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lab with the repository beside it, and the same mined."""
    folder = tmp_path_factory.mktemp("summ")
    lab = Lab(folder / "lab")
    repo = each_kind(folder / "repo")
    return lab, repo


@pytest.fixture(scope="module")
def mined(made):
    lab, repo = made
    done = lab.tlab("mine", f"repo={repo.root}", "limit=0", "first_parent=true", f"--allow-read={repo.root}")
    assert done.exit == 0, done.err
    return lab.latest.relative_to(lab.root)


def summ(lab, *words, **more):
    """The value of summary.json and the page; they hold to the schema, and are plain."""
    done = lab.tlab("summ", *words, **more)
    assert done.exit == 0, done.err
    text = (lab.latest / "summary.json").read_text()
    value = json.loads(text)
    assert [e.message for e in SCHEMA.iter_errors(value)] == []
    page = (lab.latest / "analysis_summary.md").read_text()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
    return value, page


def of_repo(made, rev):
    lab, repo = made
    return summ(lab, f"repo={repo.root}", f"sha={rev}", f"--allow-read={repo.root}")


def rules_of(value):
    return {risk["rule"] for risk in value["risks"]}


# tag → what the summary must say of it
KINDS = {
    "root": lambda v, p: v["of"]["kind"] == "root" and "the first one" in p and v["commits"][0]["parents"] == [],
    "add": lambda v, p: v["files"][0]["status"] == "A" and "shell and programs" in rules_of(v),
    "modify": lambda v, p: v["totals"]["insertions"] == 1
    and any(s["name"].startswith("f") for s in v["symbols"]["list"]),
    "rename": lambda v, p: v["files"][0]["old_path"] == "src/a.c" and "`src/a.c` → `src/core.c`" in p,
    "delete": lambda v, p: v["tests"]["deleted"] == 1 and {"test file deleted"} <= rules_of(v),
    "binary": lambda v, p: v["totals"]["binary"] == 1 and "insertions" not in v["files"][0] and "binary" in rules_of(v),
    "mode": lambda v, p: "made executable" in rules_of(v) and v["totals"]["insertions"] == 0,
    "docs-only": lambda v, p: v["kinds"][0]["name"] == "docs" and v["risks"] == [],
    "tests-only": lambda v, p: v["tests"]["touched"] and v["tests"]["source"] == 0 and "Tests are touched" in p,
    "empty": lambda v, p: v["totals"]["files"] == 0 and "no file differs" in p,
    "symlink": lambda v, p: "symbolic link" in rules_of(v),
    "bytes": lambda v, p: v["commits"][0]["subject"].startswith("Gr\ufffd")
    and "hidden characters" in rules_of(v)
    and "na\ufffdme.txt" in {f["path"] for f in v["files"]}
    and "\\x1b]0;title\\x07" in p,
    "submodule": lambda v, p: v["files"][0]["kind"] == "submodule" and "submodule" in rules_of(v),
    "merge": lambda v, p: v["of"]["kind"] == "merge"
    and "against the first parent" in p
    and [f["path"] for f in v["files"]] == ["side.txt"],
}
QUICK = ["merge", "bytes", "rename"]
EACH = [kind if kind in QUICK else slow(kind) for kind in KINDS]


@pytest.mark.parametrize("kind", EACH)
def test_a_commit_of_each_kind(made, kind):
    lab, repo = made
    value, page = of_repo(made, kind)
    assert KINDS[kind](value, page), value
    assert value["commits"][0]["commit"] == repo.git("rev-parse", f"{kind}^0").decode().strip()
    numbers = {f["path"]: None if f["binary"] else (f["insertions"], f["deletions"]) for f in value["files"]}
    assert numbers == repo.numstat(kind)
    again = lab.tlab("replay", lab.latest)
    assert again.exit == 0 and "2 files with the same bytes" in again.out, again.err


@pytest.mark.parametrize("kind", [slow(kind) for kind in KINDS])
def test_a_mined_folder_says_the_same(made, mined, kind):
    lab, _ = made
    value, page = of_repo(made, kind)
    sha = value["of"]["to"]
    again, other = summ(lab, f"repo={mined}", f"sha={sha[:12]}")
    assert again["of"] == {
        "kind": value["of"]["kind"],
        "rev": sha[:12],
        "to": sha,
        "place": "mined folder",
        "repo": str(mined),
    }
    for part in set(value) - {"of"}:
        assert again[part] == value[part], part
    cut = page.index("## How this page was made")
    assert other[: other.index("## How this page was made")] == page[:cut]


@pytest.mark.slow
def test_one_commit_of_a_mined_folder(made, mined):
    lab, repo = made
    moved = lab.root / "copied"
    shutil.copytree(lab.root / mined, moved, dirs_exist_ok=True)
    newest = sorted((moved / "commits").iterdir())[0]
    sha = repo.git("rev-parse", "merge^0").decode().strip()
    for words in (["repo=copied"], ["repo=copied", "sha=" + sha[:7]], [f"repo=copied/commits/{newest.name}"]):
        value, page = summ(lab, *words)
        assert value["of"]["to"] == sha and "without the repository" in page
    for words, message in (
        (["repo=copied", "sha=ffffffff"], "no mined commit begins with 'ffffffff' (there are: " + sha[:8]),
        (["repo=copied", "sha=main"], "expected HEAD or at least 4 digits"),
        (["repo=copied", "sha=fff..HEAD"], "expected HEAD or at least 4 digits"),
        ([f"repo=copied/commits/{newest.name}", "sha=ffffffff"], "holds commit " + sha[:12]),
    ):
        done = lab.tlab("summ", *words)
        assert done.exit in (1, 3) and message in done.err, done.err
    right = json.loads((newest / "commit.json").read_text())
    for wrong in (
        {},
        [],
        1,
        {**right, "files": [1]},
        {**right, "files": [{"path": 1}]},
        {**right, "parents": None},
        {**right, "schema": "tlab.commit/2"},
    ):
        (newest / "commit.json").write_text(json.dumps(wrong))
        done = lab.tlab("summ", "repo=copied")
        assert done.exit == 3 and "is not what `tlab mine` writes" in done.err, done.err
    # As it is mined by default: what a merge brought is not there.
    (newest / "commit.json").write_text(json.dumps({**right, "files": []}))
    (newest / "diff.patch").write_text("")
    value, page = summ(lab, "repo=copied")
    assert "Left out: what the merge brought" in page and value["of"]["kind"] == "merge"
    shutil.rmtree(moved / "commits")
    assert "mine with patches=true" in lab.tlab("summ", "repo=copied").err


def test_a_beginning_that_two_mined_commits_have(made, mined):
    lab, _ = made
    folder = lab.root / "twins"
    shutil.copytree(lab.root / mined, folder, dirs_exist_ok=True)
    newest = sorted((folder / "commits").iterdir())[0]
    right = json.loads((newest / "commit.json").read_text())
    sha = right["sha"]
    twin = sha[:10] + ("1" if sha[10] == "0" else "0") * 30
    lab.write(f"twins/commits/9999-twin-{twin[:8]}/commit.json", {**right, "sha": twin})
    done = lab.tlab("summ", "repo=twins", "sha=" + sha[:10])
    assert done.exit == 3 and f"'{sha[:10]}' is ambiguous: {sha[:12]}, {twin[:12]}" in done.err, done.err
    for one in (sha, twin):
        assert summ(lab, "repo=twins", "sha=" + one[:11])[0]["of"]["to"] == one


def test_a_range_adds_up_commit_by_commit(made, mined):
    lab, repo = made
    value, page = of_repo(made, "root..merge")
    commits = repo.git("rev-list", "root..merge").decode().split()
    assert {c["commit"] for c in value["commits"]} == set(commits) and len(value["commits"]) == len(commits)
    sums = {"insertions": 0, "deletions": 0}
    for sha in commits:
        if len(repo.git("rev-list", "--parents", "-n1", sha).split()) == 2:
            for numbers in repo.numstat(sha).values():
                sums["insertions"] += numbers[0] if numbers else 0
                sums["deletions"] += numbers[1] if numbers else 0
    assert {key: value["totals"][key] for key in sums} == sums
    assert "counts twice" in page and page.startswith("# Range ")
    few, page = summ(lab, f"repo={repo.root}", "sha=root..merge", "commits=3", f"--allow-read={repo.root}")
    assert len(few["commits"]) == 3 and "only the newest 3" in page
    root, first, last, merge = (
        repo.git("rev-parse", f"{tag}^0").decode().strip() for tag in ("root", "add", "rename", "merge")
    )
    fewer, page = summ(lab, f"repo={mined}", f"sha={root[:8]}..{merge[:8]}", "commits=3")
    assert len(fewer["commits"]) == 3 and "only the newest 3" in page
    again, _ = summ(lab, f"repo={mined}", f"sha={first[:8]}..{last[:8]}")
    assert [c["subject"] for c in again["commits"]] == ["rename", "modify"]


@pytest.mark.slow
def test_a_huge_commit_is_capped_and_says_so(tmp_path):
    lab = Lab(tmp_path / "lab")
    repo = huge(tmp_path / "repo")
    value, page = of_repo((lab, repo), "huge")
    assert value["totals"]["insertions"] == 300_001
    assert [(out["what"], out["count"]) for out in value["left_out"]] == [("files without their lines", 1)]
    assert "the patch is too large" in page and "large change" in rules_of(value)
    assert [h["path"] for h in value["hunks"]["first"]] == ["small.c"]
    assert lab.tlab("replay", lab.latest).exit == 0
    few = huge(tmp_path / "few", 60_000)
    value, page = of_repo((lab, few), "huge")
    assert value["left_out"] == [] and len(page) < 10_000


# What stands in for rust_extractor: it keeps what it was given, and says what it is told to.
STAND_IN = """#!/bin/sh
[ "$1" = --version ] && exec echo stand-in 1
{said}
"""
SUMMARY = '{"summary":{"files":1,"languages":{},"skipped":[]}}'
SYMBOL = '{"path":"src/a.c","language":"C","kind":"function","name":"f7","container":"m","line":31,"change":"modified","partial":true}'


def with_program(made, tmp_path, said, kind, allowed=True):
    """With a stand-in for rust_extractor, in `tools` beside a copy of the binary: nothing goes before that."""
    lab, repo = made
    program = tmp_path / "tools" / "rust_extractor"
    program.parent.mkdir(exist_ok=True)
    program.write_text(STAND_IN.replace("{said}", said))
    program.chmod(0o755)
    words = [f"--allow-read={repo.root}"] + (["--allow-run=rust_extractor"] if allowed else [])
    lab.binary = shutil.copy(TLAB, tmp_path)
    try:
        found = summ(lab, f"repo={repo.root}", f"sha={kind}", *words)
    finally:
        del lab.binary
    again = lab.tlab("replay", lab.latest)
    assert again.exit == 0, again.err
    return found


def test_symbols_are_those_of_the_extractor(made, tmp_path):
    said = f'find . -type f | sort | sed \'s/.*/{{"path":"&","kind":"seen","name":"&","change":"added"}}/\'; echo \'{SYMBOL}\'; echo \'{SYMBOL}\'; echo \'{SUMMARY}\''
    value, page = with_program(made, tmp_path, said, "modify")
    symbols = value["symbols"]
    assert (
        symbols["from"] == "rust_extractor"
        and "Read from the code by `rust_extractor` (1 of 5 from hunks alone)." in page
    )
    seen = [one["path"] for one in symbols["list"] if one["kind"] == "seen"]
    assert seen == ["./commit.json", "./diff.patch", "./new/src/a.c", "./old/src/a.c"]
    assert symbols["list"][len(seen) :] == [
        {"path": "src/a.c", "kind": "function", "name": "f7", "container": "m", "line": 31, "change": "modified"}
    ]
    assert "| `m.f7` | `function` | modified | `src/a.c` line 31 |" in page
    lab, _ = made
    assert [p["name"] for p in lab.manifest["programs"]] == ["rust_extractor"]


@pytest.mark.parametrize(
    "said, why, allowed",
    [
        ("exit 1", "failed with exit code 1", True),
        slow("kill -9 $$", "failed with signal 9", True),
        slow("echo nonsense", "it printed a line that is not JSON", True),
        slow(f"echo '{SYMBOL}'", "it ended without its summary", True),
        slow("true", "was not allowed: `--allow-run=rust_extractor`", False),
    ],
)
def test_without_the_extractor_the_page_says_why(made, tmp_path, said, why, allowed):
    value, page = with_program(made, tmp_path, said, "modify", allowed)
    assert value["symbols"]["from"] == "headings" and why in value["symbols"]["why"] and why in page
    assert value["symbols"]["list"]


@pytest.mark.slow
def test_the_extractor_gets_a_range_as_one_patch(made, tmp_path):
    count = 'grep -c \'^commit \' | sed \'s/.*/{"path":"p","kind":"commits","name":"&","change":"added"}/\''
    value, _ = with_program(made, tmp_path, f"{count}; echo '{SUMMARY}'", "root..delete")
    assert [one["name"] for one in value["symbols"]["list"]] == ["4"]
    value, _ = with_program(made, tmp_path, f"ls -R . >&2; echo '{SUMMARY}'", "bytes")
    assert value["symbols"] == {"from": "rust_extractor", "list": []}


@pytest.mark.slow
def test_a_repository_by_url_and_by_name(tmp_path):
    repo = Repo(tmp_path / "forge/ada/thing.git")
    repo.write("a.c", "int a;\n")
    repo.commit("first")
    with GitServer(tmp_path / "forge") as server:
        host = server.url.split("/")[2]
        lab = Lab(tmp_path / "lab", {"git": {"base_url": server.url}})
        words = (f"repo={server.url}/ada/thing.git", f"--allow-net={host}")
        assert lab.tlab("summ", words[0]).exit == 4
        value, _ = summ(lab, *words)
        assert value["of"]["repo"] == f"{server.url}/ada/thing.git" and value["of"]["place"] == "repository"
        by_name, _ = summ(lab, "repo=ada", "name=thing", words[1])
        assert {**by_name, "of": 0} == {**value, "of": 0} and by_name["of"]["repo"] == "ada/thing"
    assert lab.tlab("replay", lab.latest).exit == 0
    # The server is gone: what was fetched before is there, and the page says what it is.
    value, page = summ(lab, *words)
    assert "Left out: what came since it was fetched:" in page and value["totals"]["files"] == 1
    shutil.rmtree(lab.root / ".tlab/cache")
    assert lab.tlab("summ", *words).exit == 7


@pytest.mark.slow
@pytest.mark.skipif(not (BUILD / "tools/rust_extractor").exists(), reason="make tools was not run")
def test_symbols_by_the_real_extractor(made):
    lab, repo = made

    def symbols(rev):
        value, _ = summ(
            lab, f"repo={repo.root}", f"sha={rev}", f"--allow-read={repo.root}", "--allow-run=rust_extractor"
        )
        assert value["symbols"]["from"] == "rust_extractor" and lab.tlab("replay", lab.latest).exit == 0
        return {(one["path"], one["name"], one["change"]) for one in value["symbols"]["list"]}

    # git's heading of that hunk is the function before it.
    assert symbols("modify") == {("src/a.c", "f7", "modified")}
    assert symbols("add") == {("src/b.c", "b", "added")}
    assert symbols("delete") == {("tests/a_test.c", "test_a", "removed")}
    assert symbols("bytes") == {("latin.c", "x", "added")}
    for nothing in ("rename", "binary", "mode", "submodule"):
        assert symbols(nothing) == set()
    assert ("src/a.c", "f7", "modified") in symbols("root..merge")
