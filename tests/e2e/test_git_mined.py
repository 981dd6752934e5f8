"""What strangers write into commits, mined: P6, O1, O2, G5, N7 and N8. Artifacts stay in their folder, under names that are safe."""

import csv
import json
import re
import shutil
import subprocess

import pytest

import git_fixtures as g
import real_git
from faults import strace_here
from lab import ROOT, wait_for

SUBJECTS = [
    *g.SUBJECTS,
    b"=cmd|' /C calc'!A0",
    b'@SUM(1,"2")',
    b"a\xc2\x9b31mb",
    b"<script>alert(1)</script> | [x](y)",
]
NAMES = [
    b"..",
    b".",
    b".git",
    b"/etc/passwd",
    b"a/../../b",
    b"CON",
    b"-rf",
    b"a\nb",
    b"a\x1b[31mb",
    "\u202egpj.exe".encode(),
    b"\xff\xfe",
    b"=1+1",
    b"con.txt",
    b"x" * 300,
]
TIMES = [
    "-2208988800 +0000",
    "4294967296 +0000",
    "-1 +0000",
    "0 +9999",
    "1700000000 -0000",
    "9223372036854775807 +0000",
]


@pytest.fixture
def lab(tmp_path):
    lab = g.GitLab(tmp_path / "lab")
    shutil.copy(ROOT / "recipes/mine.lua", lab.root / "recipes")
    shutil.copytree(ROOT / "schemas", lab.root / "schemas")
    return lab


def mine(lab, repo, *words):
    done = lab.tlab("mine", f"repo={repo.folder}", f"--allow-read={repo.folder}", *words)
    assert done.exit == 0, done.err
    return done


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def check_names(lab):
    """Folders by number, slug and commit; nothing else but the tables, charts and the page."""
    for path in lab.latest.iterdir():
        if path.name not in ("record", "commits", "charts", "run.json", "spec.json"):
            assert path.is_file() and re.fullmatch(r"commits\.(csv|jsonl)|README\.md", path.name), path.name
    for path in (lab.latest / "charts").iterdir():
        assert path.is_file() and re.fullmatch(r"[a-z_-]+\.svg", path.name), path.name
    for path in (lab.latest / "commits").iterdir():
        assert path.is_dir() and re.fullmatch(r"\d{4,7}-[a-z0-9-]{1,64}-[0-9a-f]{8}", path.name), path.name
        assert sorted(file.name for file in path.iterdir()) == ["commit.json", "diff.patch", "files.csv"]


def rows(path):
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def check_cells(path, free=()):
    """O2: no cell begins as a formula does."""
    for row in rows(path):
        for column, cell in row.items():
            assert column in free or not cell or (cell[0] not in "=+@\t\r" and not re.match(r"-\D", cell)), (
                path.name,
                column,
                cell,
            )


def test_messages_and_names(lab, tmp_path):
    """P6, O1, O2: each commit has its folder, by a safe name, and a row; pages and terminals show no control characters."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    tree, parent = repo.git("rev-parse", "HEAD^{tree}"), repo.git("rev-parse", "HEAD")
    for n, subject in enumerate(SUBJECTS):
        who = b"E\x1b[31mve\x07 <=x@\x9b> %d +0000" % (1700000000 + n)
        parent = repo.commit(tree, subject + b"\n\nbody \x1b]0;title\x07\n", [parent], author=who, committer=who)
    before = everything(tmp_path / "theirs")
    done = mine(lab, repo)
    assert "\x1b" not in done.out + done.err and "\x07" not in done.out + done.err
    check_names(lab)
    table = rows(lab.latest / "commits.csv")
    assert len(table) == len(list((lab.latest / "commits").iterdir())) == len(SUBJECTS) + 2
    assert len({row["sha"] for row in table}) == len(table)
    check_cells(lab.latest / "commits.csv")
    for path in (lab.latest / "README.md", *lab.latest.glob("charts/*.svg")):
        name, text = path.name, path.read_bytes()
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text), name
        assert "\u202e" not in text.decode() and "\x9b" not in text.decode(), name
    assert "<script>" not in (lab.latest / "README.md").read_text()
    for path in (lab.latest / "commits").glob("*/commit.json"):
        json.loads(path.read_bytes())
    for line in (lab.latest / "commits.jsonl").read_text().splitlines():
        json.loads(line)
    assert everything(tmp_path / "theirs") == before
    again = lab.tlab("replay", "latest")
    assert again.exit == 0, again.err


def test_trees_that_no_git_would_check_out(lab, tmp_path):
    """P6: `..`, `.git`, absolute, twice the same: the paths are text in the tables, and no file of such a name is made."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    blob, parent = repo.object("blob", b"evil\n"), repo.git("rev-parse", "HEAD")
    for name in NAMES:
        parent = repo.commit(repo.tree([("100644", name, blob)]), "one name\n", [parent])
    parent = repo.commit(
        repo.tree([("100644", b"a", blob), ("100644", b"a", blob), ("120000", b"a", blob)]), "twice\n", [parent]
    )
    inner = repo.tree([("100644", b"..", blob)])
    repo.commit(repo.tree([("40000", b"..", repo.tree([("40000", b"..", inner)]))]), "deep\n", [parent])
    around = everything(tmp_path)
    mine(lab, repo)
    check_names(lab)
    assert [
        name
        for name in everything(tmp_path)
        if name not in around and not re.match(r"lab/(latest|runs\.csv|2|\.tlab)", name)
    ] == []
    assert not [path for path in lab.root.rglob("*") if path.is_file() and path.read_bytes() == b"evil\n"]
    for path in (lab.latest / "commits").glob("*/files.csv"):
        check_cells(path)


def test_times_out_of_any_range(lab, tmp_path):
    """G3: a year before 1970, after 2106, none at all: rows and charts come all the same."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    tree, parent = repo.git("rev-parse", "HEAD^{tree}"), repo.git("rev-parse", "HEAD")
    for when in TIMES:
        parent = repo.commit(tree, when + "\n", [parent], author=f"A <a@b> {when}", committer=f"A <a@b> {when}")
    mine(lab, repo)
    check_names(lab)
    table = rows(lab.latest / "commits.csv")
    assert len(table) == len(TIMES) + 2
    for row in table:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", row["author_time"]), row
    for when in ("when", "99999999999999999999 +0000"):  # libgit2 reads no such commit, and git fsck says why
        oid = repo.commit(tree, "no time at all\n", [parent], author=f"A <a@b> {when}", committer=f"A <a@b> {when}")
        repo.commit(tree, "upon it\n", [oid])
        done = lab.tlab("mine", f"repo={repo.folder}", f"--allow-read={repo.folder}")
        assert done.exit == 8 and oid in done.err and "git fsck" in done.err, done.err


@pytest.mark.parametrize("what", ["another user's", "elsewhere", "damaged", "empty", "a bundle"])
def test_what_cannot_be_read_is_the_same_for_mine(lab, tmp_path, what):
    """G2, G4, P8: a plain message, a failed run, without the page that comes last."""
    repo = g.Repo(tmp_path / "theirs")
    words = {
        "another user's": "belongs to another user",
        "elsewhere": "--allow-read=",
        "damaged": "try git fsck",
        "empty": "no commit yet",
        "a bundle": "a bundle or an archive has to be unpacked first",
    }[what]
    if what != "empty":
        repo.two_commits()
    if what == "another user's":
        try:
            shutil.chown(repo.dot_git, 4321)
            shutil.chown(repo.folder, 4321)
        except PermissionError:
            pytest.skip("takes root, to make another user's files")
    elif what == "elsewhere":
        repo.dot_git.rename(tmp_path / "away")
        repo.write(".git", f"gitdir: {tmp_path}/away\n")
    elif what == "damaged":
        repo.loose(repo.git("rev-parse", "HEAD~1:f")).unlink()
    elif what == "a bundle":
        repo.git("bundle", "create", "-q", tmp_path / "b", "HEAD")
        repo.folder = tmp_path / "b"
    done = lab.tlab("mine", f"repo={repo.folder}", f"--allow-read={repo.folder}")
    assert done.exit not in (0, 2) and words in done.err and "error[" in done.err, done.err
    assert lab.manifest["status"] == "failed"
    assert not (lab.latest / "README.md").exists()


# --- G5 ---------------------------------------------------------------------------------------------------

CHANGES = {
    "a commit": "for i in $(seq 30); do git commit -q --allow-empty -m more; done",
    "a forced push": "git reset -q --hard HEAD~60; git commit -q --allow-empty -m other",
    "gc": "git reset -q --hard HEAD~60; git reflog expire --expire=all --all; git gc -q --prune=now",
    "the branch goes": "git checkout -q --detach; git branch -q -D main",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_repository_that_changes_meanwhile(lab, tmp_path, what):
    """G5: what is mined is of one commit, which the manifest names beside the one at the end; or an error says what is missing."""
    repo = g.Repo(tmp_path / "theirs")
    repo.git(
        "fast-import",
        "--quiet",
        data=b"".join(
            b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx\nM 644 inline f\ndata %d\n%d\n"
            % (1700000000 + n, len(str(n)), n)
            for n in range(200)
        ),
    )
    repo.git("reset", "-q", "--hard")
    was = repo.git("rev-parse", "HEAD")
    # The other process works between the recipe's first look and its last, which waits for it here.
    text = (lab.root / "recipes/mine.lua").read_text()
    step = "    local job = new_job(run, spec)\n"
    assert step in text
    lab.write(
        "recipes/mine.lua",
        text.replace(step, step + "    while not tlab.fs.stat('lab:done') do tlab.clock.sleep(20) end\n"),
    )
    process = lab.start("mine", f"repo={repo.folder}", "limit=0", f"--allow-read={repo.folder}")
    wait_for(
        lambda: [
            run
            for run in lab.root.glob("2*/*/*/analyzer/inputs/*/record/effects.jsonl")
            if b"fs.stat" in run.read_bytes()
        ],
        30,
    )
    subprocess.run(["sh", "-ec", CHANGES[what]], cwd=repo.folder, check=True, env=real_git.somebody("B", "b@b"))
    lab.write("done", "x")
    _, err = process.communicate(timeout=60)
    err = err.decode()
    [run] = lab.root.glob("2*/*/*/analyzer/inputs/*")
    manifest = json.loads((run / "run.json").read_text())
    assert manifest["params"]["commit"] == was
    if what == "gc":
        assert process.returncode in (1, 8) and was in err, err
        assert not (run / "README.md").exists()
        return
    assert process.returncode == 0, err
    assert rows(run / "commits.csv")[0]["sha"] == was and len(rows(run / "commits.csv")) == 200
    now = "HEAD" if what == "the branch goes" else "main"
    if repo.git("rev-parse", now) != was:
        assert manifest["params"]["commit_at_end"] == repo.git("rev-parse", now)
        assert "the repository changed meanwhile" in err, err
    assert lab.tlab("verify", run).exit == 0


# --- N7, N8 -----------------------------------------------------------------------------------------------


def test_the_environment_has_no_say(lab, tmp_path):
    """N7: git's variables and the person's own configuration change nothing of what is mined."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    other = g.Repo(tmp_path / "other").two_commits()
    mark = tmp_path / "MARK"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[core]\n  fsmonitor = "touch {mark}"\n[diff]\n  renames = false\n  external = "touch {mark}"\n'
        f'[url "{other.folder}"]\n  insteadOf = {repo.folder}\n[include]\n  path = /dev/stdin\n'
    )
    mine(lab, repo)
    want = (lab.latest / "commits.csv").read_bytes()
    hostile = {
        "GIT_DIR": other.dot_git,
        "GIT_WORK_TREE": other.folder,
        "GIT_OBJECT_DIRECTORY": other.dot_git / "objects",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": other.dot_git / "objects",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": f"touch {mark}",
        "GIT_EXTERNAL_DIFF": f"touch {mark}",
        "GIT_SSH_COMMAND": f"touch {mark}",
        "GIT_CEILING_DIRECTORIES": tmp_path,
        "GIT_NAMESPACE": "x",
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": home / ".gitconfig",
        "GIT_INDEX_FILE": other.dot_git / "index",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
        "GIT_SHALLOW_FILE": "/dev/null",
        "GIT_TRACE": mark,
        "TZ": "Asia/Kolkata",
    }
    done = lab.tlab(
        "mine",
        f"repo={repo.folder}",
        f"--allow-read={repo.folder}",
        env={name: str(value) for name, value in hostile.items()},
    )
    assert done.exit == 0, done.err
    assert (lab.latest / "commits.csv").read_bytes() == want
    assert not mark.exists()


@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_offline_nothing_is_connected_to(lab, tmp_path):
    """N8: a repository on this machine is mined without a network; one elsewhere is refused before anything is tried."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    trace = ("-f", "-e", "trace=connect,socket")
    done = lab.strace(["mine", f"repo={repo.folder}", f"--allow-read={repo.folder}", "--offline"], *trace)
    assert done.exit == 0, done.err
    assert not [line for line in done.log if "AF_INET" in line], done.log
    done = lab.strace(["mine", "repo=https://127.0.0.1:1/x.git", "--allow-net=127.0.0.1:1", "--offline"], *trace)
    assert done.exit != 0 and "offline" in done.err, done.err
    assert not [line for line in done.log if "AF_INET" in line], done.log
