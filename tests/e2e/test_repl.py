"""Sessions of a person who makes mistakes: each entry ends alone, and a replay comes to the same."""

import fcntl
import json
import os
import pty
import select
import struct
import termios
import time

import pytest

from lab import Lab

# What is typed, and what is shown for it.
MISTAKES = [
    ("t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e5) .. i end", "error[NO_MEMORY]: the recipe ran out of memory"),
    ("t = nil", ""),
    ("s = ('x'):rep(1e9)", "error[NO_MEMORY]"),
    ("1 + 1", "2"),
    ("function f() return 1 + f() end f()", "error[RUN_FAILED]: stack overflow"),
    ("x = = 1", "error[INVALID]: unexpected symbol near '='"),
    ("x = 'abc", "error[INVALID]: unfinished string near <eof>"),
    ("error()", "error[RUN_FAILED]: the recipe raised nil"),
    ("error('red\\27[31m')", "error[RUN_FAILED]: red\\x1b[31m"),
    ("error(setmetatable({}, { __tostring = error }))", "error[RUN_FAILED]"),
    ("coroutine.yield(1)", "error[RUN_FAILED]: attempt to yield from outside a coroutine"),
    ("local c <close> = setmetatable({}, { __close = function() error 'closing' end })", "closing"),
    ("c = { 1 } c.me = c return c", "{ 1, me = <_ again> }"),
    ("'\\255\\27]0;x\\7'", "'\\xff\\x1b]0;x\\x07'"),
    ("{ [{}] = 1 }", "{ … keys that have no order }"),
    ("_G[{}] = 1", ""),
    ("nope()", "error[RUN_FAILED]: attempt to call a nil value (global 'nope')"),
    ("_G = nil tostring = nil pairs = nil print = nil", ""),
    ("require 'nope'", "error[NOT_FOUND]: there is no module 'nope'"),
    ("require 'recipe'", "error[NOT_FOUND]: there is no module 'recipe'"),
    ("require('tlab.repl.show').values = nil", ""),
    ("string.rep = nil", "error[RUN_FAILED]: string is read-only"),
    ("getmetatable('').__index = nil", "error[RUN_FAILED]"),
    ("load 'x = ' == nil, load 'later = 5' ~= nil", "true"),
    ("load 'later = 5' ()", ""),
    ("later", "5"),
    ("tlab.fs.read 'nothing'", "cannot open nothing"),
    ("tlab.fs.read '/etc/hostname'", "error[NOT_PERMITTED]"),
    ("function g()", ""),
    ("  return nope.y end", ""),
    ("g()", "--> entry 29:2"),
    ("_", "5"),
]


class Person:
    """A session on a terminal that cannot move its cursor, so that what it says is plain text."""

    def __init__(self, lab, *options):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(lab.root)
            os.environ.clear()
            os.environ.update(PATH="/usr/bin:/bin", TERM="dumb", HOME=str(lab.root), LC_ALL="C.UTF-8")
            command = lab.command("repl", *options)
            os.execv(command[0], command)
        self.until_prompt()

    def until_prompt(self):
        """What it says until it waits for the next line."""
        out, until = b"", time.monotonic() + 60
        while time.monotonic() < until:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    break
                out += data
                if out.endswith((b"\n> ", b"\n. ", b"[o/s/a/N] ")) or out == b"> ":
                    break
        return out.decode().replace("\r\n", "\n")

    def resize(self, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")
        return self.until_prompt()

    def end(self):
        """Ctrl-D; its exit code."""
        os.write(self.fd, b"\x04")
        self.until_prompt()
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


def assert_as_it_was(lab):
    for command in "replay", "verify":
        done = lab.tlab(command, "latest")
        assert done.returncode == 0, done.stdout + done.stderr


def test_mistakes_end_nothing_else(lab):
    person = Person(lab, "--limit-memory=192M")
    for line, shown in MISTAKES:
        said = person.type(line)
        if "[o/s/a/N]" in said:
            said = person.type("n")
        assert shown in said, (line, said)
        assert "\x1b" not in said and "\x07" not in said, (line, said)
    assert person.end() == 0
    assert_as_it_was(lab)
    limits = json.loads((lab.root / "latest" / "run.json").read_text())["limits"]
    assert limits == {"cpu_seconds": 0, "memory": 192 << 20, "seconds": 0}, "a session may last for days"
    text = (lab.root / "latest" / "session.lua").read_text()
    assert "\nfunction g()\n  return nope.y end\n-- g()\n-- error[RUN_FAILED]" in text


def test_permits_are_asked_for(lab):
    person = Person(lab)
    said = person.type("tlab.env.get 'SHELL'")
    assert "env.get wants the environment variable SHELL\n" in said
    assert "nil\n> " in person.type("o")
    assert person.type("tlab.env.get 'SHELL'").endswith("[o/s/a/N] ")
    assert "error[NOT_PERMITTED]: the environment variable SHELL is not allowed\n> " in person.type("")
    person.type("tlab.env.get 'SHELL'")
    assert "nil\n> " in person.type("s")
    assert "nil\n> " in person.type("tlab.env.get 'SHELL'")
    before = json.loads((lab.root / "lab.json").read_text())
    person.type("tlab.env.get 'LANG'")
    assert "nil\n> " in person.type("a")
    assert "granted here: env SHELL, session\ngranted here: env LANG, always\n" in person.type(":permits")
    assert person.end() == 0
    before.setdefault("permits", {}).setdefault("allow", {})["env"] = ["LANG"]
    assert json.loads((lab.root / "lab.json").read_text()) == before
    assert_as_it_was(lab)
    manifest = json.loads((lab.root / "latest" / "run.json").read_text())
    assert [grant["how"] for grant in manifest["permits"]["granted"]] == ["once", "session", "always"]


def test_lab_json_may_be_a_link(lab):
    real = lab.root / "conf" / "lab.json"
    real.parent.mkdir()
    (lab.root / "lab.json").rename(real)
    (lab.root / "lab.json").symlink_to(real)
    real.chmod(0o640)
    person = Person(lab)
    person.type("tlab.env.get 'EDITOR'")
    person.type("always")
    assert person.end() == 0
    assert (lab.root / "lab.json").is_symlink()
    assert json.loads(real.read_text())["permits"]["allow"]["env"] == ["EDITOR"]
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_secret_is_in_no_history_and_no_record(lab):
    secret = "sesame-4711-open"
    lab.write("lab.json", {"schema": "tlab.lab/1", "secrets": {"KEY": {"hosts": ["127.0.0.1:1"]}}})
    lab.write("secrets/.env.lab", f"KEY={secret}\n")
    person = Person(lab)
    person.type("x = 1")
    said = person.type(f"y = '{secret}'")
    assert "<secret:KEY>" in person.type("y"), said
    assert "use tlab.secret there" in person.type(":save recipes/mine.lua")
    assert person.end() == 0
    saved = (lab.root / "recipes/mine.lua").read_text()
    assert "y = '<secret:KEY>'" in saved and secret not in saved
    assert (lab.root / ".local/state/tlab/history").read_text() == "x = 1\ny\n:save recipes/mine.lua\n"
    manifest = json.loads((lab.root / "latest" / "run.json").read_text())
    assert manifest["permits"]["needs"]["secret"] == ["KEY"], "as if the session had declared all of them"
    kept = [path for path in (lab.root / "latest").resolve().rglob("*") if path.is_file()]
    assert kept and not [path for path in kept if secret.encode() in path.read_bytes()]
    assert_as_it_was(lab)


def test_values_fit_the_terminal_as_it_is(lab):
    """A window that is resized shows the next value by its new width, and a replay knows that."""
    person = Person(lab)
    person.type("list = {} for i = 1, 30 do list[i] = i end")
    for columns in 20, 44, 20, 100:
        person.resize(columns)
        lines = person.type("{ list, text = 'abc' }").splitlines()[1:-1]
        assert columns - 8 < max(map(len, lines)) <= columns, lines
    assert person.end() == 0
    assert_as_it_was(lab)


def test_an_error_is_told_with_its_own_way(lab):
    """-v shows through which entries it went, also where an earlier error had the same text."""
    person = Person(lab, "-v")
    person.type("function f() return nothing.here end")
    assert "entry 2:1: in" in person.type("f(1)")
    person.type("function g() return (f()) end")
    said = person.type("g()")
    assert "entry 3:1: in" in said and "entry 4:1: in" in said and "entry 2:1" not in said
    assert person.end() == 0
    assert_as_it_was(lab)
