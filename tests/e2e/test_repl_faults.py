"""A session of tlab repl, on a terminal: Ctrl-C, what is missing, kill and resume. Each is replayed and verified."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

import fault_server as f
from lab import EXIT, TLAB, Lab, wait_for

pytestmark = pytest.mark.slow

PROMPT = r"> $"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Session:
    """tlab on a terminal of its own."""

    def __init__(self, lab, *words, env=None):
        self.text, self.seen = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(lab.root)
            os.execve(
                str(TLAB),
                [str(TLAB), *words],
                {
                    "PATH": os.environ["PATH"],
                    "TERM": "xterm",
                    "LC_ALL": "C.UTF-8",
                    "HOME": str(lab.root),
                    **(env or {}),
                },
            )

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            data = b""
        self.text += ESCAPES.sub("", data.decode("utf-8", "replace"))
        return bool(data)

    def until(self, pattern, seconds=60):
        """Waits until what came after the last match has the pattern; returns it up to there."""
        end = time.monotonic() + seconds
        while not (found := re.compile(pattern).search(self.text, self.seen)):
            assert time.monotonic() < end, f"no {pattern} in: {self.text[self.seen:]}"
            self.read(0.1)
        said, self.seen = self.text[self.seen : found.end()], found.end()
        return said

    def type(self, line, then=PROMPT, **more):
        os.write(self.fd, line.encode() + b"\r")
        self.until(re.escape(line[-20:]))  # the echo
        return self.until(then, **more)

    def begin(self, line):
        """An entry that does not end by itself is being evaluated: it says so."""
        os.write(self.fd, b"print 'begun'; " + line.encode() + b"\r")
        self.until(r"\nbegun\n")

    def ctrl_c(self, then=PROMPT, **more):
        os.write(self.fd, b"\x03")
        return self.until(then, **more)

    def end(self, keys=b"\x04"):
        os.write(self.fd, keys)
        return self.ended()

    def ended(self):
        """Reads to the end; (exit code, what came last)."""
        end = time.monotonic() + 60
        while self.read(0.1) or os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() < end, "it does not end: " + self.text
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), self.text[self.seen :]


def manifest(lab):
    return json.loads((lab.root / "latest/run.json").read_text())


def effects(lab):
    return [json.loads(line) for line in (lab.root / "latest/record/effects.jsonl").read_text().splitlines()]


def same(lab):
    for command in ("replay", "verify"):
        done = lab.tlab(command, "latest")
        assert done.exit == 0, done.out + done.err


@pytest.fixture(name="lab")
def make_lab(tmp_path):
    return Lab(tmp_path)


def open_session(lab, *words):
    session = Session(lab, *(words or ["repl"]))
    session.until(PROMPT)
    return session


def test_ctrl_c_ends_the_entry_and_a_replay_ends_it_there(lab):
    session = open_session(lab)
    session.begin("n = 0 while true do n = n + 1 end")
    assert "stopped by Ctrl-C" in session.ctrl_c()
    first = int(re.search(r"^\d+$", session.type("n"), re.M).group())
    assert first > 0
    session.begin("while true do pcall(function() while true do n = n + 1 end end) end")
    session.ctrl_c()
    session.begin("while true do coroutine.wrap(function() n = n + 1 end)() end")
    session.ctrl_c()
    assert int(re.search(r"^\d+$", session.type("n"), re.M).group()) > first
    session.begin("return setmetatable({}, { __tostring = function() while true do end end })")
    assert "tlab/repl" not in session.ctrl_c(), "where it was while it was shown says nothing to a person"
    assert session.end()[0] == 0
    shown = [effect["args"][0] for effect in effects(lab) if effect["op"] == "repl.next"]
    assert sum("interrupted" in (one or {}) for one in shown) == 4
    same(lab)


def test_ctrl_c_while_it_waits(lab):
    with f.FaultServer([f.silence()]) as server:
        session = open_session(lab, "repl", f"--allow-net=127.0.0.1:{server.port}")
        session.begin("tlab.clock.sleep(1000000)")
        assert "stopped by Ctrl-C" in session.ctrl_c()
        session.begin(f"tlab.http.send{{ method = 'POST', url = '{server.base_url}' }}")
        wait_for(lambda: server.tries == 1)
        session.ctrl_c()
        url = f"{server.base_url}/"
        session.begin(f"run:map({{1,2,3}}, function(i) tlab.http.send{{ method = 'POST', url = '{url}' .. i }} end)")
        wait_for(lambda: server.tries == 4)
        session.ctrl_c()
        assert "2" in session.type("1 + 1", then=r"2\n> $")
        assert session.end()[0] == 0
    stopped = [effect for effect in effects(lab) if effect.get("error", {}).get("code") == "INTERRUPTED"]
    assert len(stopped) == 5 and all(effect["raise"] for effect in stopped)
    same(lab)


def test_what_does_not_stop_is_said_and_a_second_ctrl_c_ends_the_session(lab):
    session = open_session(lab)
    session.type("x = 7")
    session.begin("('a'):rep(200000):find(('.-'):rep(12) .. 'b')")
    session.ctrl_c(then="Ctrl-C again ends the session")
    os.write(session.fd, b"\x03")
    code, text = session.ended()
    assert code == EXIT["INTERRUPTED"] and "did not end at the first one" in text
    assert manifest(lab)["status"] == "interrupted"


def test_what_is_granted_stands_in_the_manifest(lab):
    session = open_session(lab)
    question = r"\[o/s/a/N\] $"
    session.type("#tlab.env.get 'HOME' > 0", then=question)
    assert "true" in session.type("o")
    session.type("#tlab.env.get 'HOME' > 0", then=question)  # once was for that entry
    assert "NOT_PERMITTED" in session.type("n")
    session.type("#tlab.env.get 'HOME' > 0", then=question)
    session.type("s")
    assert "true" in session.type("#tlab.env.get 'HOME' > 0")
    assert session.end()[0] == 0
    assert manifest(lab)["permits"]["granted"] == [
        {"family": "env", "item": "HOME", "how": "once"},
        {"family": "env", "item": "HOME", "how": "session"},
    ]
    same(lab)
    assert "env HOME (session)" in lab.tlab("show", "latest").out


def test_ctrl_c_is_an_answer_to_a_question(lab):
    session = open_session(lab)
    session.type("tlab.env.get 'HOME'", then=r"\[o/s/a/N\] $")
    assert re.search("NOT_PERMITTED|INTERRUPTED", session.ctrl_c())
    assert "2" in session.type("1 + 1", then=r"2\n> $")
    assert session.end()[0] == 0
    same(lab)


def test_without_a_terminal_nobody_is_asked(lab):
    done = subprocess.run(
        lab.command("repl"),
        cwd=lab.root,
        input=b"tlab.env.get 'HOME'\n",
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(lab.root)},
        timeout=60,
    )
    assert done.returncode == EXIT["NOT_PERMITTED"], done.stderr
    assert "granted" not in manifest(lab)["permits"]


def test_what_is_denied_is_not_asked_for(tmp_path):
    lab = Lab(tmp_path, {"permits": {"deny": {"env": ["HOME"]}}})
    session = open_session(lab)
    assert "denied by the lab" in session.type("tlab.env.get 'HOME'")
    assert session.end()[0] == 0
    same(lab)


def test_a_session_that_was_killed_goes_on_at_its_prompt(lab):
    session = open_session(lab)
    session.type("x = 20")
    session.begin("x = x + 1 while true do x = x + 1 end")
    session.ctrl_c()
    session.type("y = x")
    session.begin("z = 1 tlab.clock.sleep(1000000)")
    os.kill(session.pid, signal.SIGKILL)
    session.ended()
    run = next(lab.root.glob("2*/*/*/ai-team/artifacts/*-repl-*")).name[-8:]
    session = Session(lab, "resume", run)
    session.until("begun")  # all is evaluated again, and the entry that was cut off waits
    assert "stopped by Ctrl-C" in session.ctrl_c()
    assert "1" in session.type("x == y and z", then=r"1\n> $")
    assert session.end()[0] == 0
    assert manifest(lab)["status"] == "succeeded"
    assert "y = x" in (lab.root / "latest/session.lua").read_text()
    same(lab)


def test_a_damaged_record_is_said_when_the_session_is_to_go_on(lab):
    session = open_session(lab)
    session.begin("tlab.clock.sleep(1000000)")
    os.kill(session.pid, signal.SIGKILL)
    session.ended()
    run = next(lab.root.glob("2*/*/*/ai-team/artifacts/*-repl-*"))
    with open(run / "record/effects.jsonl", "a") as record:
        record.write("5\n")
    done = lab.tlab("resume", run.name[-8:])
    assert done.returncode == EXIT["DIFFERS"], done.stderr
    assert b"is no effect" in done.stderr


def test_a_signal_ends_the_session_as_it_ends_a_run(lab):
    session = open_session(lab)
    session.begin("tlab.clock.sleep(1000000)")
    os.kill(session.pid, signal.SIGTERM)
    assert session.ended()[0] == 128 + signal.SIGTERM
    assert manifest(lab)["status"] == "interrupted"
    session = Session(lab, "resume", manifest(lab)["id"][:8])
    session.until("begun")
    session.ctrl_c()
    assert session.end()[0] == 0
    assert manifest(lab)["status"] == "succeeded"
    same(lab)


def test_too_much_memory_ends_the_entry(lab):
    session = open_session(lab, "repl", "--limit-memory=256M")
    assert "ran out of memory" in session.type("big = {} while true do big[#big + 1] = {} end")
    session.type("big = nil")
    assert "stack overflow" in session.type("local function f() return 1 + f() end f()")
    assert "25" in session.type("#('x'):rep(25 << 20) >> 20", then=r"25\n> $")
    assert session.end()[0] == 0
    same(lab)
