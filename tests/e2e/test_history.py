"""git.log and git.changes over whole histories: git's own numbers for every commit, patches that make the
trees, memory that does not grow with the history."""

import os
import shutil
import subprocess

import pytest

import git_history
import make_history
from lab import ROOT, Lab
from real_git import git

pytestmark = pytest.mark.slow

INVENTED = 3000
FIRST_PARENT = ("--diff-merges=first-parent",)


@pytest.fixture(scope="session")
def invented(tmp_path_factory):
    """Some thousands of commits with renames, merges, binary files, CRLF, submodules, modes, links, empty ones."""
    repo = tmp_path_factory.mktemp("history") / "invented.git"
    make_history.make(repo, INVENTED, pack=False)
    return repo


class HistoryLab(Lab):
    def __init__(self, folder):
        super().__init__(folder, {"permits": {"allow": {"read": ["/"]}}})
        shutil.copy(ROOT / "tests" / "bench" / "history.lua", self.root / "recipes" / "history.lua")

    def read(self, repo, **spec):
        """The folder of a run that read the history."""
        self.write("spec.json", {"repo": str(repo), "merges": "include", **spec})
        done = self.tlab("run", "history", "spec.json", "--quiet", timeout=600, env={"HOME": str(self.root)})
        assert done.exit == 0, done.err
        return self.latest


@pytest.fixture
def lab(tmp_path):
    return HistoryLab(tmp_path / "lab")


def check(lab, repo, options, *words):
    ours = git_history.told_by_record(lab.read(repo, options=options))
    gits = git_history.told_by_git(repo, *words)
    assert len(ours) == len(gits) > 0
    wrong = git_history.differences(ours, gits)
    assert not wrong, (len(wrong), wrong[:5])
    return ours


# --- the numbers -----------------------------------------------------------------------------------


def test_numbers_of_the_projects_own_history(lab):
    """They are those of `git log --numstat -M`, in every commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("the project is not in a git repository here")
    check(lab, ROOT, {})
    check(lab, ROOT, {"merges": "first-parent"}, *FIRST_PARENT)


@pytest.mark.timeout(600)
def test_numbers_of_an_invented_history(lab, invented):
    """Every commit again; and the history holds what it is invented for."""
    ours = check(lab, invented, {})
    files = [file for commit in ours.values() for file in commit]
    statuses = {file[2] for file in files}
    modes = {mode for file in files for mode in file[3:5]}
    assert statuses >= set("ADMR"), statuses
    assert modes >= {"100644", "100755", "120000", "160000", "000000"}, modes
    assert any(file[7] is None for file in files)  # binary
    assert any("größer" in file[0] for file in files)
    assert any(not commit for commit in ours.values())  # empty, or a merge
    ours = check(lab, invented, {"merges": "first-parent"}, *FIRST_PARENT)
    assert len({len(commit) for commit in ours.values()}) > 5


@pytest.mark.timeout(600)
def test_numbers_do_not_depend_on_the_batch_or_the_processors(lab, invented):
    """A commit is told in the same words with others and alone, by one child and by two."""

    def told(**more):
        return list(git_history.changes(lab.read(invented, limit=300, options={"patch": True}, **more)))

    expected = told(batch=300)
    assert len(expected) == 300
    assert told(batch=7) == expected
    lab.command = lambda *words: ["taskset", "-c", str(min(os.sched_getaffinity(0))), *Lab.command(lab, *words)]
    assert told(batch=300) == expected


# --- patches ---------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
def test_patches_give_the_trees(lab, invented, tmp_path):
    """Each patch of the main line, applied to the tree of the commit before, makes the commit's tree."""
    folder = lab.read(invented, limit=500, batch=100, options={"patch": True, "merges": "first-parent"})
    patches = {commit["commit"]: commit["patch"] for commit in git_history.changes(folder)}
    line = git(invented, "log", "--first-parent", "--reverse", "--format=%H %T").decode().split("\n")[:-1]
    line = [entry.split() for entry in line]
    wanted = [i for i, (commit, _) in enumerate(line) if commit in patches and i > 0]
    assert len(wanted) > 300
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    git(invented, "read-tree", line[wanted[0] - 1][1], env=index)
    for i in wanted:
        commit, tree = line[i]
        patch = patches[commit].encode(errors="surrogateescape")
        if patch:
            git(invented, "apply", "--cached", "--whitespace=nowarn", "-", env=index, data=patch)
        assert git(invented, "write-tree", env=index).decode().strip() == tree, commit


# --- memory ----------------------------------------------------------------------------------------


def write_plain(repo, commits):
    """One small file that grows a line in each commit."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", repo], check=True)
    parts = []
    for i in range(1, commits + 1):
        parts.append(
            f"commit refs/heads/main\ncommitter A <a@example.org> {10**9 + i} +0000\ndata 7\nchange\n\n"
            f"M 100644 inline file{i % 50}\ndata <<END\n{i}\nEND\n\n"
        )
    git(repo, "fast-import", "--quiet", data="".join(parts).encode())


def peak(lab, repo, limit):
    """The memory of a run that reads so many commits."""
    lab.write("spec.json", {"repo": str(repo), "limit": limit, "batch": 1000})
    return lab.peak("run", "history", "spec.json", "--quiet")


@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_history(lab, tmp_path):
    """Ten times as many commits take no more than a few MiB more: git's own files, which are mapped, and their names."""
    write_plain(tmp_path / "plain.git", 20_000)
    few, many = (peak(lab, tmp_path / "plain.git", limit) for limit in (2_000, 20_000))
    assert many - few < 16 << 20, (few >> 20, many >> 20)
