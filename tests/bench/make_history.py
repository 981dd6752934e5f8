"""A repository with a long history, invented: `python3 tests/bench/make_history.py FOLDER COMMITS`.

Its files begin as Python's own library; commits edit, add, remove and rename them as people do: most
touch one or two files in a few places, some touch dozens. Several authors, side branches that are
merged, and a little of all that a tree can hold: binary files, CRLF, links, submodules, other modes,
commits without a change, names with blanks and letters beyond ASCII. The same arguments give the same
commits on the same Python. 20,000 commits take some minutes, most of it git's own packing.
"""

import argparse
import pathlib
import random
import subprocess
import sysconfig

AUTHORS = [
    ("Ada Lovelace", "ada@example.org", "+0100"),
    ("Grace Hopper", "grace@example.org", "-0500"),
    ("Élodie Çelik", "elodie@example.org", "+0200"),
    ("李雷", "lilei@example.org", "+0800"),
    ('Jean "J" O\'Neil', "jean@example.org", "-0330"),
    ("bot", "bot@example.org", "+0000"),
]
WORDS = [
    "fix",
    "add",
    "remove",
    "speed",
    "up",
    "check",
    "test",
    "parser",
    "cache",
    "lock",
    "error",
    "path",
    "of",
    "the",
    "in",
    "a",
    "for",
    "when",
    "empty",
    "list",
    "header",
    "client",
    "buffer",
    "timeout",
    "docs",
    "names",
    "wrong",
    "order",
    "twice",
]
BINARY, LINK, SUBMODULE, ODD = b"binary", b"link", b"submodule", b"odd"
FIRST = 1_300_000_000
FILE, PROGRAM = "100644", "100755"


class Source:
    """Lines to begin with and to write in: Python's library, by name."""

    def __init__(self, dice):
        root = pathlib.Path(sysconfig.get_paths()["stdlib"])
        paths = [
            path
            for path in sorted(root.glob("*.py")) + sorted(root.glob("[a-j]*/*.py"))
            if "site-packages" not in path.parts and 500 < path.stat().st_size < 60_000
        ]
        self.files = [(path.relative_to(root), path.read_bytes().splitlines(keepends=True)) for path in paths[:400]]
        self.dice = dice

    def some(self, count):
        lines = self.dice.choice(self.files)[1]
        first = self.dice.randrange(max(len(lines) - count, 0) + 1)
        return lines[first : first + count]


class History:
    def __init__(self, out, commits, seed):
        self.out, self.commits, self.dice = out, commits, random.Random(seed)
        self.source = Source(self.dice)
        self.mark, self.time, self.made = 0, FIRST, 0
        self.tree = {}  # path → (mode, lines)
        self.names = []  # its paths; an index in it is what the dice choose
        self.closed = ""  # the folder that a side branch works in: nobody else does
        self.at = None  # the mark of the newest commit

    # --- what goes to git fast-import (git-fast-import(1)) ---

    def begin(self, parents, subject):
        self.mark += 1
        self.made += 1
        self.time += self.dice.randrange(1, 7200)
        name, email, zone = self.dice.choice(AUTHORS)
        message = f"{subject}\n\nNumber {self.made}.\n".encode()
        who = f"{name} <{email}> {self.time - self.dice.randrange(3) * 600} {zone}"
        self.say(
            f"commit refs/heads/main\nmark :{self.mark}\nauthor {who}\ncommitter {name} <{email}> {self.time} {zone}\n"
        )
        self.data(message)
        for word, parent in zip(("from", "merge"), [one for one in parents if one], strict=False):
            self.say(f"{word} :{parent}\n")

    def say(self, text):
        self.out.write(text.encode())

    def data(self, content):
        self.out.write(b"data %d\n%b\n" % (len(content), content))

    def put(self, path, mode, lines):
        if mode == "160000":
            self.say(f"M 160000 {lines[0].decode()} {path}\n")
        else:
            self.say(f"M {mode} inline {path}\n")
            self.data(b"".join(lines))

    # --- what people do ---

    def subject(self):
        return " ".join(self.dice.choices(WORDS, k=self.dice.randrange(2, 9)))

    def edited(self, lines):
        lines, dice = list(lines), self.dice
        for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5))):
            at = dice.randrange(len(lines) + 1)
            gone, came = dice.choice(((1, 1), (1, 1), (0, 1), (0, 3), (2, 2), (1, 4), (3, 0), (5, 9), (0, 25), (12, 2)))
            lines[at : at + gone] = self.source.some(came)
        return lines

    def pick(self, within=""):
        """A path, the same few more often than the others."""
        for _ in range(50):
            path = self.names[int(len(self.names) * self.dice.random() ** 2)]
            in_it = path.startswith(within) if within else not (self.closed and path.startswith(self.closed))
            if in_it and self.tree[path][0] in (FILE, PROGRAM):
                return path
        return None

    def change(self, within=""):
        """The paths that a commit touches, each once, and what becomes of it: (mode, lines), or None."""
        dice, todo = self.dice, {}
        for _ in range(dice.choice((1,) * 10 + (2, 2, 2, 3, 3, 4, 6, 8, 20))):
            path = self.pick(within)
            if path and path not in todo:
                mode, lines = self.tree[path]
                todo[path] = (mode, self.edited(lines))
        if not todo:
            return todo
        path, luck = next(iter(todo)), dice.random()
        mode, lines = todo[path]
        if luck < 0.02:  # a rename, now and then with an edit
            todo[path] = None
            todo[self.near(path)] = self.tree[path] if dice.random() < 0.6 else (mode, lines)
        elif luck < 0.03 and len(self.names) > 100:
            todo[path] = None
        elif luck < 0.06:
            todo[self.near(path)] = (FILE, list(self.source.some(dice.randrange(5, 400))))
        elif luck < 0.065:
            todo[path] = (PROGRAM if mode == FILE else FILE, self.tree[path][1])
        elif luck < 0.08:
            self.oddity(todo)
        return todo

    def near(self, path):
        folder, _, name = path.rpartition("/")
        folder = self.dice.choice((folder, folder, f"{folder}/part{self.dice.randrange(4)}")).strip("/")
        return f"{folder}/{self.made}-{name.split('-')[-1]}".strip("/")

    def oddity(self, todo):
        dice, folder = self.dice, self.closed or "odd/"
        kind = dice.choice((BINARY, BINARY, LINK, SUBMODULE, ODD))
        name = f"{folder}{kind.decode()}{dice.randrange(12)}"
        if kind == BINARY:
            todo[name + ".bin"] = (FILE, [bytes(dice.randrange(256) for _ in range(dice.randrange(1, 3000))) + b"\0"])
        elif kind == LINK:
            todo[name] = ("120000", [b"../" + dice.choice(self.names).encode()])
        elif kind == SUBMODULE:
            todo[name] = ("160000", [b"%040x" % dice.getrandbits(160)])
        else:
            lines = [line.replace(b"\n", b"\r\n") for line in self.source.some(30)] + [b"no end of line"]
            todo[name + " größer\\ .txt"] = (FILE, lines)

    def apply(self, todo):
        for path, new in todo.items():
            if new is None:
                del self.tree[path]
                self.names.remove(path)
                self.say(f"D {path}\n")
            else:
                if path not in self.tree:
                    self.names.append(path)
                self.tree[path] = new
                self.put(path, *new)

    # --- commits ---

    def first(self):
        self.begin([], "begin")
        self.apply(
            {f"lib/{path}" if path.parent.name else f"src/{path}": (FILE, lines) for path, lines in self.source.files}
        )
        self.at = self.mark

    def plain(self):
        self.begin([self.at], self.subject())
        if self.dice.random() > 0.01:
            self.apply(self.change())
        self.at = self.mark

    def side(self):
        """A branch of a few commits in one folder; the main line goes on meanwhile, outside of it."""
        base, touched = self.at, {}
        folders = sorted({path[: path.rindex("/") + 1] for path in self.names if path.count("/") > 1})
        within = self.dice.choice(folders)
        before = dict(self.tree), list(self.names)
        tip = base
        self.closed = within
        for _ in range(self.dice.randrange(1, 5)):
            self.begin([tip], self.subject())
            todo = self.change(within)
            self.apply(todo)
            touched |= todo
            tip = self.mark
        self.tree, self.names = before
        # fast-import looks at the branch's newest commit first: `from` says where the main line was.
        for _ in range(self.dice.randrange(1, 4)):
            self.plain()
        self.closed = ""
        self.begin([self.at, tip], "Merge a branch")
        self.apply({path: new for path, new in touched.items() if new or path in self.tree})
        self.at = self.mark

    def write(self):
        self.first()
        while self.made < self.commits:
            if self.dice.random() < 0.04:
                self.side()
            else:
                self.plain()
        self.say("done\n")


def make(folder, commits, seed=5, pack=True):
    """A bare repository in `folder`, which is not there yet; about `commits` commits."""
    git = ["git", "-C", folder]
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)
    importer = subprocess.Popen([*git, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE)
    with importer.stdin as out:
        History(out, commits, seed).write()
    if importer.wait() != 0:
        raise RuntimeError("git fast-import failed")
    if pack:
        subprocess.run([*git, "repack", "-q", "-a", "-d", "-f"], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("commits", type=int)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    make(options.folder, options.commits, options.seed)


if __name__ == "__main__":
    main()
