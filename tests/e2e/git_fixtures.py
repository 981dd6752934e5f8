"""Repositories as strangers make them: by git's plumbing, object for object, with fixed dates."""

import json
import pathlib
import zlib

import real_git
from faults import FaultLab

IDENTITY = "A U Thor <a@example.com> 1700000000 +0000"

# What strangers write as a commit's subject, to break out of a folder, a page, a table or a terminal.
SUBJECTS = [
    b"../../x",
    b"/etc/passwd",
    b"-rf .",
    b"CON",
    b"nul.txt",
    b"",
    b"   ",
    b"\xff\xfe\xc3",
    b"x" * 300,
    b"a\x1b[2J\x1b]52;c;cm0gLXJm\x07b",
    b"tab\there",
    b"cr\rhere",
    "\u202ecod.exe\u2066".encode(),
    "🎉 done".encode(),
    b".",
    b"..",
    b"$(touch x)",
]

# Asks everything of a repository that can be asked; what each said, or its error, is in said.json.
PROBE = """
return {
  name = 'probe', summary = 'Asks a repository.', home = 'ai-team/artifacts',
  spec = { type = 'object', properties = { repo = { type = 'string' } }, required = { 'repo' } },
  needs = { read = { '$spec.repo' } },
  run = function(run, spec)
    local at = spec.repo
    local said = {}
    local function ask(name, fn, ...)
      local ok, value, err = pcall(fn, ...)
      if not ok then value, err = nil, value end
      said[name] = err and { code = err.code, message = err.message } or { answer = value }
    end
    ask('head', tlab.git.head, at)
    ask('branch', tlab.git.branch, at)
    ask('describe', tlab.git.describe, at)
    ask('status', tlab.git.status, at)
    ask('patch', tlab.git.patch, at)
    ask('resolve', tlab.git.resolve, 'HEAD', at)
    ask('log', tlab.git.log, { limit = 50 }, at)
    local ids = {}
    for _, commit in ipairs(said.log.answer or {}) do
      ids[#ids + 1] = commit.commit
    end
    if #ids == 0 then ids[1] = 'HEAD' end
    ask('changes', tlab.git.changes, ids, { patch = true, merges = 'first-parent' }, at)
    ask('blob', tlab.git.blob, 'HEAD', 'f', at)
    run:write_json('said.json', said)
  end,
}
"""
ASKED = ["head", "branch", "describe", "status", "patch", "resolve", "log", "changes", "blob"]
HISTORY = ["resolve", "log", "changes", "blob"]


class Repo:
    """A repository in a folder, made by the real git."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *words, **more):
        return real_git.told(self.folder, *words, **more)

    @property
    def dot_git(self):
        folder = self.folder / ".git"
        return folder if folder.is_dir() else self.folder

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def two_commits(self):
        """A file `f` that is changed once, and `g` that is added with it."""
        self.write("f", "one\n")
        self.git("add", ".")
        self.git("commit", "-qm", "first")
        self.write("f", "one\ntwo\n")
        self.write("g", "new\n")
        self.git("add", ".")
        self.git("commit", "-qm", "second")
        return self

    # --- objects, whatever they hold ---

    def object(self, kind, data):
        return self.git("hash-object", "-t", kind, "-w", "--literally", "--stdin", data=data)

    def tree(self, entries):
        """A tree of (mode, name, id), in the order given."""
        return self.object(
            "tree", b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
        )

    def commit(self, tree, message, parents=(), author=IDENTITY, committer=IDENTITY, head=True):
        """A commit with these bytes; on the branch when `head`."""
        encode = lambda text: text if isinstance(text, bytes) else text.encode()
        lines = [
            b"tree " + tree.encode(),
            *(b"parent " + parent.encode() for parent in parents),
            b"author " + encode(author),
            b"committer " + encode(committer),
            b"",
            encode(message),
        ]
        oid = self.object("commit", b"\n".join(lines))
        if head:
            (self.dot_git / "refs/heads").mkdir(parents=True, exist_ok=True)
            (self.dot_git / "refs/heads/main").write_text(oid + "\n")
        return oid

    def loose(self, oid):
        return self.dot_git / "objects" / oid[:2] / oid[2:]

    def put_loose(self, oid, header, content):
        """An object under any name, whatever it says of itself."""
        path = self.loose(oid)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(zlib.compress(header + b"\0" + content))


class GitLab(FaultLab):
    """A lab whose recipe `probe` asks everything of a repository."""

    def __init__(self, folder, config=None):
        super().__init__(folder, config)
        self.write("recipes/probe.lua", PROBE)

    def words(self, repo):
        at = repo.folder if isinstance(repo, Repo) else repo
        return ["run", "probe", f"repo={at}", f"--allow-read={at}"]

    def probe(self, repo, **more):
        """What each operation said: {name: {"answer"} or {"code", "message"}}."""
        done = self.tlab(*self.words(repo), **more)
        assert done.exit == 0, done.err
        return json.loads((self.latest / "said.json").read_text())


def varint(n):
    out = b""
    while True:
        out += bytes([n & 0x7F | (0x80 if n > 0x7F else 0)])
        n >>= 7
        if not n:
            return out


def said_of(lab, name="said.json"):
    """What the last run wrote down."""
    return json.loads((lab.latest / name).read_text())
