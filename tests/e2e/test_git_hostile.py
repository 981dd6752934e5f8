"""G1 to G3: repositories that strangers made, asked by every operation on git. What they name is not run, what lies elsewhere is
not read, what cannot be read is told."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import git_fixtures as g
import real_git
from faults import strace_here
from lab import TLAB


@pytest.fixture
def lab(tmp_path):
    return g.GitLab(tmp_path / "lab")


def codes(said):
    return {name: one.get("code") for name, one in said.items()}


def refused(said, code, words, names=g.ASKED):
    for name in names:
        assert said[name].get("code") == code and words in said[name]["message"], (name, said[name])


# --- G1: what a configuration would have run ---------------------------------------------------------------

CONFIG = """
[core]
  fsmonitor = "touch MARK.fsmonitor"
  hooksPath = HOOKS
  sshCommand = "touch MARK.ssh"
  pager = "touch MARK.pager"
  editor = "touch MARK.editor"
  askPass = "touch MARK.askpass"
  gitProxy = "touch MARK.proxy"
  alternateRefsCommand = "touch MARK.alternates"
  attributesFile = ATTRIBUTES
[filter "x"]
  clean = "touch MARK.clean; cat"
  smudge = "touch MARK.smudge; cat"
  process = "touch MARK.process"
  required = true
[diff]
  external = "touch MARK.external"
[diff "x"]
  textconv = "touch MARK.textconv; cat"
  command = "touch MARK.command"
[merge "x"]
  driver = "touch MARK.driver"
[credential]
  helper = "!touch MARK.credential"
[gpg]
  program = "touch MARK.gpg"
[log]
  showSignature = true
[uploadpack]
  packObjectsHook = "touch MARK.pack"
[remote "origin"]
  url = "ext::sh -c 'touch MARK.ext'"
  uploadpack = "touch MARK.uploadpack"
  promisor = true
[url "https://127.0.0.1:1/"]
  insteadOf = file://
  insteadOf = /
[include]
  path = INCLUDED
[includeIf "gitdir:/"]
  path = INCLUDED
[submodule "sub"]
  url = "ext::sh -c 'touch MARK.submodule'"
  update = "!touch MARK.update"
"""
HOOKS = [
    "post-checkout",
    "pre-commit",
    "fsmonitor-watchman",
    "post-index-change",
    "reference-transaction",
    "pre-auto-gc",
    "post-update",
    "pre-receive",
    "update",
]


def hostile(folder, mark):
    repo = g.Repo(folder).two_commits()
    repo.write(".gitattributes", "* filter=x diff=x merge=x text=auto\n")
    repo.write(".gitmodules", '[submodule "sub"]\n  path = sub\n  url = -u./x\n  update = !touch MARK.module\n')
    repo.git("add", ".")
    repo.git("commit", "-qm", "third")
    repo.write("f", "changed\n")
    repo.write("untracked", "u\n")
    hooks = mark.parent / "hooks"
    hooks.mkdir()
    for folder in (hooks, repo.dot_git / "hooks"):
        for name in HOOKS:
            (folder / name).write_text(f"#!/bin/sh\ntouch {mark}.hook.{name}\n")
            (folder / name).chmod(0o755)
    included, attributes = mark.parent / "included", mark.parent / "attributes"
    included.write_text(f'[core]\n  fsmonitor = "touch {mark}.included"\n')
    attributes.write_text("* filter=x diff=x\n")
    text = CONFIG.replace("HOOKS", str(hooks)).replace("MARK", str(mark)).replace("INCLUDED", str(included))
    with (repo.dot_git / "config").open("a") as config:
        config.write(text.replace("ATTRIBUTES", str(attributes)))
    return repo


def marks(mark):
    return sorted(path.name for path in mark.parent.glob(mark.name + "*"))


def calls_of(done, call):
    """Successful ones of the trace, of all processes."""
    return [line for line in done.log if f"{call}(" in line and " = -1" not in line]


def check_quiet(done, mark):
    """It started nothing but itself, and opened no connection."""
    assert done.exit == 0, done.err
    assert marks(mark) == []
    for line in calls_of(done, "execve"):
        assert f'"{TLAB}"' in line or '"/proc/self/exe"' in line, line
    assert not [line for line in done.log if "connect(" in line and "AF_UNIX" not in line]


TRACE = ("-f", "-e", "trace=execve,connect")


@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_nothing_that_a_configuration_names_is_run(lab, tmp_path):
    """G1: by any operation of a recipe, and by what a run notes of the lab's own repository."""
    mark = tmp_path / "marks" / "MARK"
    mark.parent.mkdir()
    repo = hostile(tmp_path / "theirs", mark)
    done = lab.strace([*lab.words(repo), f"--allow-read={mark.parent}"], *TRACE)
    check_quiet(done, mark)
    said = g.said_of(lab)
    assert all("answer" in said[name] for name in g.ASKED), said
    assert len(said["log"]["answer"]) == 3
    assert said["status"]["answer"] == [{"path": "f", "state": "modified"}, {"path": "untracked", "state": "untracked"}]
    subprocess.run(["git", "config", "core.fsmonitor", "true"], cwd=repo.folder, check=True)
    marks_before = marks(mark)  # git itself may have run something
    shutil.copytree(repo.dot_git, lab.root / ".git")
    done = lab.strace(["run", lab.recipe("run:write('a.txt', 'a')")], *TRACE)
    assert marks(mark) == marks_before
    for path in marks_before:
        (mark.parent / path).unlink()
    check_quiet(done, mark)


# --- G2: whose it is, and where its parts lie ---------------------------------------------------------------


@pytest.fixture
def anywhere():
    """A folder that every user can reach."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tlab-git-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def give(folder, uid):
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, uid, follow_symlinks=False)


@pytest.mark.skipif(os.getuid() != 0, reason="takes root, to make another user's files")
@pytest.mark.parametrize("reader", ["root", "user"])
def test_another_users_repository(anywhere, reader):
    """G2: each operation says the same, with the way out; the lab's own state is noted all the same."""
    repo = g.Repo(anywhere / "theirs").two_commits()
    lab = g.GitLab(anywhere / "lab")
    other = g.Repo(lab.root).two_commits()
    words = lab.words(repo)
    if reader == "root":
        give(repo.folder, 4321)
        give(other.dot_git, 4321)
        done = lab.tlab(*words)
    else:
        give(lab.root, 4321)
        give(other.dot_git, 0)
        done = subprocess.run(
            ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups", TLAB, *words],
            cwd=lab.root,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
        done.exit, done.err = done.returncode, done.stderr
    assert done.exit == 0, done.err
    refused(
        g.said_of(lab), "REFUSED", "belongs to another user; change the owner (chown) or work in a clone of your own"
    )
    assert lab.manifest["git"]["commit"] == other.git(
        "-c", "safe.directory=*", "rev-parse", "HEAD", data=None
    ), lab.manifest


EVIL = """
  local S = '{secret}'
  for _, name in ipairs {{ 'common', 'alternates' }} do
    run:write(name .. '/config', '[core]\\nrepositoryformatversion = 0\\nbare = true\\n')
    run:write(name .. '/HEAD', 'ref: refs/heads/main\\n')
    run:write(name .. '/objects/keep', '')
    run:write(name .. '/refs/keep', '')
  end
  run:write('common/commondir', S .. '\\n')
  run:write('alternates/objects/info/alternates', S .. '/objects\\n')
  local out = {{}}
  for _, name in ipairs {{ 'common', 'alternates' }} do
    for _, fn in ipairs {{
      function(at) return tlab.git.log({{ from = '{commit}' }}, at) end,
      function(at) return tlab.git.resolve('{commit}', at) end,
      function(at) return tlab.git.blob('{commit}', 'f', at) end,
      function(at) return tlab.git.changes({{ '{commit}' }}, {{ patch = true }}, at) end,
      function(at) return tlab.git.head(at) end,
      function(at) return tlab.git.fetch('file://' .. run.home .. '/' .. at) end,
    }} do
      local ok, value, err = pcall(fn, name)
      out[#out + 1] = ok and value ~= nil and 'read' or (ok and err or value).code
    end
  end
  run:write_json('out.json', out)
"""


def test_a_repository_that_a_recipe_makes_leads_nowhere(lab, tmp_path):
    """G2, S3: a recipe without a permit points a repository in its own folder at the person's."""
    secret = g.Repo(tmp_path / "secret").two_commits()
    secret.write("f", "CANARY\n")
    secret.git("commit", "-qam", "third")
    commit = secret.git("rev-parse", "HEAD")
    done = lab.tlab("run", lab.recipe(EVIL.format(secret=secret.dot_git, commit=commit)))
    assert done.exit == 0, done.err
    out = g.said_of(lab, "out.json")
    assert len(out) == 12 and "read" not in out, out
    assert {code for n, code in enumerate(out) if n % 6 < 5} == {"NOT_PERMITTED"}, out
    assert not [path for path in lab.latest.rglob("*") if path.is_file() and b"CANARY" in path.read_bytes()]


ELSEWHERE = {
    "a .git file": lambda repo, at: at.write(".git", f"gitdir: {repo.dot_git}\n"),
    "a .git link": lambda repo, at: (at.folder / ".git").symlink_to(repo.dot_git),
    "linked objects": lambda repo, at: move(repo, at, "objects"),
    "linked packs": lambda repo, at: move(repo, at, "objects/pack"),
}


def move(repo, at, name):
    """A copy in whose place of `name` a link stands."""
    repo.git("repack", "-qad")
    shutil.copytree(repo.dot_git, at.folder / ".git")
    shutil.rmtree(at.folder / ".git" / name)
    (at.folder / ".git" / name).symlink_to(repo.dot_git / name)


class Folder:
    """Where a repository is put together by hand."""

    write = g.Repo.write

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()


@pytest.mark.parametrize("how", ELSEWHERE)
def test_parts_that_lie_elsewhere(lab, tmp_path, how):
    """G2: a plain message, and what it says to type is the way out."""
    repo, at = g.Repo(tmp_path / "theirs").two_commits(), Folder(tmp_path / "here")
    ELSEWHERE[how](repo, at)
    said = lab.probe(at.folder)
    refused(said, "NOT_PERMITTED", "lies elsewhere, in " + str(repo.dot_git))
    way_out = said["log"]["message"].split("if that is as it should be: ")[1]
    done = lab.tlab(*lab.words(at.folder), way_out)
    assert done.exit == 0, done.err
    assert len(g.said_of(lab)["log"]["answer"]) == 2, g.said_of(lab)["log"]


def test_alternates(lab, tmp_path):
    """G2: a clone that borrows its objects."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    real_git.git(tmp_path, "clone", "-q", "--shared", repo.folder, "here")
    refused(lab.probe(tmp_path / "here"), "NOT_PERMITTED", f"--allow-read={repo.dot_git}/objects")
    done = lab.tlab(*lab.words(tmp_path / "here"), f"--allow-read={repo.dot_git}/objects")
    assert done.exit == 0 and len(g.said_of(lab)["log"]["answer"]) == 2, done.err
    (repo.dot_git.parent / ".git").rename(tmp_path / "gone")
    said = lab.probe(tmp_path / "here")
    assert all("code" in said[name] for name in g.HISTORY), said


def test_a_linked_worktree_is_the_repositorys_own(lab, tmp_path):
    """G2: its repository names it, too, so nothing more has to be allowed; a folder that only says so is refused."""
    repo = g.Repo(tmp_path / "main").two_commits()
    repo.git("worktree", "add", "-q", tmp_path / "linked", "-b", "side")
    said = lab.probe(tmp_path / "linked")
    assert said["branch"]["answer"] == "side" and len(said["log"]["answer"]) == 2, said
    shutil.copytree(tmp_path / "linked", tmp_path / "forged")
    refused(lab.probe(tmp_path / "forged"), "NOT_PERMITTED", "lies elsewhere")


def test_a_bare_repository_inside_a_tree(lab, tmp_path):
    """G2: it is read as what it is; its configuration runs nothing, and working trees elsewhere are refused."""
    mark = tmp_path / "MARK"
    outer = g.Repo(tmp_path / "outer").two_commits()
    bare = outer.folder / "docs" / "x.git"
    real_git.git(tmp_path, "clone", "-q", "--bare", outer.folder, bare)
    with (bare / "config").open("a") as config:
        config.write(f'[core]\n  fsmonitor = "touch {mark}"\n  worktree = {tmp_path}\n  bare = false\n')
    said = lab.probe(bare)
    assert all("answer" in said[name] for name in g.HISTORY), said
    refused(said, "REFUSED", "core.worktree", ["status", "patch"])
    assert not mark.exists()


# --- G3: formats and states ------------------------------------------------------------------------------


def extension(line, version=1):
    def make(folder):
        repo = g.Repo(folder).two_commits()
        with (repo.dot_git / "config").open("a") as config:
            config.write(
                f"[core]\n  repositoryformatversion = {version}\n" + (f"[extensions]\n  {line}\n" if line else "")
            )
        return repo

    return make


def sha256(folder):
    return g.Repo(folder, "--object-format=sha256").two_commits()


@pytest.mark.parametrize(
    "make, words",
    [
        pytest.param(sha256, "extensions.objectformat", id="SHA-256"),
        pytest.param(extension("refStorage = reftable"), "extensions.refstorage", id="reftable"),
        pytest.param(extension("partialClone = origin"), "extensions.partialclone", id="partial clone"),
        pytest.param(extension("worktreeConfig = true"), "extensions.worktreeconfig", id="configuration of worktrees"),
        pytest.param(extension("neverHeardOf = 1"), "extensions.neverheardof", id="unknown"),
        pytest.param(extension("", version=7), "version", id="version 7"),
    ],
)
def test_formats_that_libgit2_does_not_know(lab, tmp_path, make, words):
    """G3: the feature is named."""
    refused(lab.probe(make(tmp_path / "theirs")), "UNSUPPORTED", words)


def test_states_without_history(lab, tmp_path):
    """G3: no commit yet, no branch of HEAD's name, no folder of a repository at all."""
    said = lab.probe(g.Repo(tmp_path / "empty"))
    assert said["head"]["answer"] == {"branch": "main", "shallow": False, "unborn": True}, said["head"]
    refused(said, "NOT_FOUND", "no commit yet", g.HISTORY)
    repo = g.Repo(tmp_path / "unborn").two_commits()
    repo.git("symbolic-ref", "HEAD", "refs/heads/other")
    refused(lab.probe(repo), "NOT_FOUND", "no commit yet", g.HISTORY)
    (tmp_path / "plain").mkdir()
    refused(lab.probe(tmp_path / "plain"), "NOT_FOUND", "not in a git repository")
    (tmp_path / "fake" / ".git").mkdir(parents=True)
    refused(lab.probe(tmp_path / "fake"), "NOT_FOUND", "not in a git repository")


def test_states_that_are_read(lab, tmp_path):
    """G3: detached, shallow, without anybody's name in the configuration."""
    repo = g.Repo(tmp_path / "detached").two_commits()
    repo.git("checkout", "-q", "--detach", "HEAD~1")
    said = lab.probe(repo)
    assert len(said["log"]["answer"]) == 1 and said["branch"] == {}, said
    real_git.git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/detached", "shallow")
    said = lab.probe(tmp_path / "shallow")
    assert said["head"]["answer"]["shallow"] is True and len(said["log"]["answer"]) == 1, said
    assert said["log"]["answer"][0]["parents"] == [] and len(said["changes"]["answer"][0]["files"]) == 1


def test_an_object_that_a_partial_clone_left_behind(lab, tmp_path):
    """G3: without the extension in the configuration it is a missing object, by its name."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    oid = repo.git("rev-parse", "HEAD:f")
    repo.loose(oid).unlink()
    said = lab.probe(repo)
    assert len(said["log"]["answer"]) == 2
    refused(said, "IO", "git fsck", ["changes", "blob"])
    assert oid[:7] in said["blob"]["message"], said["blob"]


# --- P8: what is no repository ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["bundle", "tar", "zip", "text"])
def test_an_archive_is_no_repository(lab, tmp_path, what):
    """P8: nothing is unpacked; said in plain words, and nothing is left."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    at = tmp_path / f"theirs.{what}"
    if what == "bundle":
        repo.git("bundle", "create", "-q", at, "HEAD")
    elif what == "text":
        at.write_text("gitdir: theirs/.git\n")
    else:
        repo.git("archive", f"--format={what}", "-o", at, "HEAD")
    said = lab.probe(at)
    refused(said, "INVALID", "a bundle or an archive has to be unpacked first, as by git clone")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["lab", "theirs", at.name])


# --- git.fetch of a repository on this machine ------------------------------------------------------------

FETCH = """
  local got, err = tlab.git.fetch('file://{at}')
  run:write_json('said.json', {{ log = err and {{ code = err.code, message = err.message }} or {{ answer = got }} }})
"""


def fetch(lab, at, *words):
    name = lab.recipe(
        f"local function try()\n{FETCH.format(at=at)}\nend\nlocal ok, err = pcall(try)\n"
        "if not ok then run:write_json('said.json', { log = { code = err.code, message = err.message } }) end",
        needs=f"read = {{ '{at}' }}",
        name="fetching",
    )
    done = lab.tlab("run", name, f"--allow-read={at}", *words)
    assert done.exit == 0, done.err
    return g.said_of(lab)["log"]


def test_what_is_fetched_lies_where_it_may_be_read(lab, tmp_path):
    """G2: what borrows or links its objects is not copied with them."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    real_git.git(tmp_path, "clone", "-q", "--bare", "--shared", repo.folder, "here")
    said = fetch(lab, tmp_path / "here")
    assert said.get("code") == "REFUSED" and "borrows objects" in said["message"], said
    at = Folder(tmp_path / "linked")
    move(repo, at, "objects/pack")
    said = fetch(lab, at.folder / ".git")
    assert said.get("code") == "NOT_PERMITTED" and f"--allow-read={repo.dot_git}/objects/pack" in said["message"], said
    assert not [path for path in (lab.root / ".tlab/cache/git").iterdir() if path.is_dir()]


def test_fetching_runs_nothing_either(lab, tmp_path):
    """G1: hooks, helpers and other transports of the source's configuration."""
    mark = tmp_path / "marks" / "MARK"
    mark.parent.mkdir()
    repo = hostile(tmp_path / "theirs", mark)
    said = fetch(lab, repo.dot_git)  # with Landlock the included file cannot even be opened
    assert said.get("answer", {}).get("fetched") is True or "included" in said["message"], said
    assert marks(mark) == []
    config = repo.dot_git / "config"
    config.write_text(config.read_text().replace(f"path = {mark.parent}/included", "path = none"))
    said = fetch(lab, repo.dot_git)
    assert said.get("answer", {}).get("fetched") is True, said
    assert marks(mark) == []
