"""A repository with a commit of each kind, each under a tag of its own; made by git itself."""

import os

import real_git

BINARY = bytes(range(256)) * 4


class Repo:
    def __init__(self, root):
        self.root = root
        self.minute = 0  # of the next commit: each is later than the one before
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words, data=None):
        env = real_git.somebody("Ada", "ada@example.org", f"2026-10-03T12:{self.minute:02}:00+02:00")
        out = real_git.git(self.root, *words, data=data, env=env)
        self.minute += words[0] in ("commit", "merge")
        return out

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, tag, message=None, *words):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message or tag, *words)
        self.git("tag", tag)

    def say_bytes(self, tag, message):
        """A commit whose message is no UTF-8: `git commit` would mend it."""
        self.git("commit", "-q", "-m", "x")
        raw = self.git("cat-file", "commit", "HEAD")
        raw = raw[: raw.index(b"\n\n") + 2] + message
        commit = self.git("hash-object", "-t", "commit", "-w", "--stdin", data=raw).decode().strip()
        self.git("reset", "-q", "--soft", commit)
        self.git("tag", tag)

    def numstat(self, rev):
        """{path: (insertions, deletions)} of a commit against its first parent, as git counts; None if binary."""
        out = self.git("show", "--numstat", "-M", "-z", "-m", "--first-parent", "--format=", rev)
        numbers, fields = {}, iter(out.decode(errors="replace").split("\0"))
        for field in fields:
            if field.strip():
                added, removed, name = field.strip("\n").split("\t")
                if not name:
                    next(fields)
                    name = next(fields)
                numbers[name] = None if added == "-" else (int(added), int(removed))
        return numbers


def each_kind(root):
    """One history on main, the newest last: the tag of a commit says what it is."""
    repo = Repo(root)
    body = "".join(f"int f{i}(void)\n{{\n  return {i};\n}}\n\n" for i in range(40))
    repo.write("src/a.c", body)
    repo.write("tests/a_test.c", "void test_a(void)\n{\n  assert(1);\n}\n")
    repo.write("README.md", "# A\n")
    repo.commit("root")
    repo.write("src/b.c", "int b(void)\n{\n  return system(0);\n}\n")
    repo.commit("add")
    repo.write("src/a.c", body.replace("return 7;", "return 8;"))
    repo.commit("modify")
    repo.git("mv", "src/a.c", "src/core.c")
    repo.commit("rename")
    repo.git("rm", "-q", "tests/a_test.c")
    repo.commit("delete")
    repo.write("logo.png", BINARY)
    repo.commit("binary")
    (repo.root / "src/b.c").chmod(0o755)
    repo.commit("mode")
    repo.write("docs/more.md", "more\n")
    repo.write("README.md", "# A\n\nmore\n")
    repo.commit("docs-only")
    repo.write("tests/b_test.py", "def test_b():\n    assert True\n")
    repo.commit("tests-only")
    repo.commit("empty", "nothing", "--allow-empty")
    os.symlink("/etc/passwd", repo.root / "link")
    repo.commit("symlink")
    repo.write("latin.c", b"/* \xe4\xf6\xfc \x1b[31m \xe2\x80\xae */\nint x;\n")
    repo.write(b"na\xe4me.txt".decode("utf-8", "surrogateescape"), b"\xff\xfe\n")
    repo.git("add", "-A")
    repo.say_bytes("bytes", b"Gr\xfc\xdfe \x1b]0;title\x07 | `x` <b>\n\n\xff\xfe\n")
    head = repo.git("rev-parse", "HEAD").decode().strip()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.git("commit", "-q", "-m", "submodule")
    repo.git("tag", "submodule")
    repo.git("checkout", "-q", "-b", "side", "modify")
    repo.write("side.txt", "side\n")
    repo.commit("side-commit")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
    repo.git("tag", "merge")
    return repo


def huge(root, lines=300_000):
    """A commit whose patch is longer than what summ reads of one."""
    repo = Repo(root)
    repo.write("small.c", "int x;\n")
    repo.commit("first")
    repo.write("small.c", "int y;\n")
    repo.write("big.c", "".join(f"int number_{i} = {i} * {i} + {i};\n" for i in range(lines)))
    repo.commit("huge")
    return repo
