"""tlab run --watch: a round for each change, each a run of its own; what is known is not asked again."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import threading
import time

import pytest

import fault_server as f
from faults import worker_pids
from lab import Lab, wait_for

ASK = """
local words = require 'words'
return {
  name = 'ask', summary = 'Ask.', home = 'ai-team/artifacts', spec = 'schemas/ask.json',
  needs = { net = { '$spec.url' } },
  run = function(run, spec)
    local text = tlab.fs.read 'lab:note.txt'
    for _, word in ipairs(words.list) do
      run:write(word .. '.txt', tlab.http.send { method = 'POST', url = spec.url .. '/' .. word .. text }.body)
    end
    tlab.fs.read 'lab:runs.csv'
  end,
}
"""
WORDS = "return { list = { 'a', 'b' } }"
SCHEMA = {"type": "object", "properties": {"url": {"type": "string"}, "n": {"type": "integer"}}, "required": ["url"]}


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab", {"permits": {"allow": {"net": ["127.0.0.1"]}}})
    lab.write("recipes/ask.lua", ASK)
    lab.write("lua/words.lua", WORDS)
    lab.write("schemas/ask.json", SCHEMA)
    lab.write("note.txt", "1")
    return lab


@pytest.fixture
def start(lab):
    """Starts a watch of `ask`; none outlives its test."""
    started = []

    def start(server, **streams):
        words = lab.command("run", "--watch", "ask", f"url={server.base_url}")
        started.append(subprocess.Popen(words, cwd=lab.root, start_new_session=True, **streams))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def replace(lab, name, text):
    """As an editor does that renames over the file."""
    lab.write(name + ".new", text)
    os.replace(lab.root / (name + ".new"), lab.root / name)


class Rounds:
    """A watch at work; each call gives its next line."""

    def __init__(self, lab, *words, ends=signal.SIGINT):
        self.process = lab.start("run", "--watch", "--json", *words)
        self.lines: list[str] = []
        self.ends = ends
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.taken = 0

    def read(self):
        self.lines.extend(iter(lambda: self.process.stdout.readline().decode(), ""))

    def __call__(self):
        wait_for(lambda: len(self.lines) > self.taken or self.process.poll() is not None)
        assert len(self.lines) > self.taken, self.process.stderr.read().decode()
        self.taken += 1
        line = json.loads(self.lines[self.taken - 1])
        assert line["round"] == self.taken
        return line

    def end(self):
        self.process.send_signal(self.ends)
        code = self.process.wait(timeout=60)
        self.reader.join()
        return code


@contextlib.contextmanager
def watching(lab, *words, **more):
    """Nothing but what was taken has happened in the end, and Ctrl-C ends it with 130."""
    rounds = Rounds(lab, *words, **more)
    try:
        yield rounds
        assert rounds.end() == 128 + rounds.ends
        assert len(rounds.lines) == rounds.taken, rounds.lines
    finally:
        if rounds.process.poll() is None:
            rounds.process.kill()
            rounds.process.wait()


def asked(server):
    return len(server.requests)


def test_each_change_is_a_round(lab):
    """Recipe, module, schema, spec, what was read: each is noticed once, and only what is new is asked."""
    with f.FaultServer([f.status(200, b"ok")] * 20) as server:
        spec = lab.write("spec.json", {"url": server.base_url})
        with watching(lab, "ask", spec) as next_round:
            first = next_round()
            assert first["changed"] == [] and first["status"] == "succeeded" and asked(server) == 2
            for name, text, more, reused in (
                ("recipes/ask.lua", ASK + "-- more\n", 0, 2),
                ("lua/words.lua", WORDS.replace("'b'", "'b', 'c'"), 1, 2),
                ("schemas/ask.json", json.dumps(SCHEMA) + "\n", 0, 3),
                ("spec.json", json.dumps({"url": server.base_url, "n": 1}), 0, 3),
                ("note.txt", "2", 3, 0),
                ("lab.json", (lab.root / "lab.json").read_text() + "\n", 0, 3),
            ):
                before = asked(server)
                replace(lab, name, text)
                line = next_round()
                assert line["changed"] == [name] and line["status"] == "succeeded", line
                assert asked(server) == before + more and line["reused"] == reused, line
    runs = {lab.root / row["folder"] for row in map(json.loads, next_round.lines)}
    assert len(runs) == 7
    for folder in runs:
        assert lab.tlab("verify", folder).exit == 0 and lab.tlab("replay", folder).exit == 0


def test_changes_in_quick_succession_are_one(lab):
    with f.FaultServer([f.status(200, b"ok")] * 20) as server, watching(lab, "ask", f"url={server.base_url}") as rounds:
        rounds()
        for number in range(2, 7):
            began = time.monotonic()
            for text in ("a", "b", str(number)):
                replace(lab, "note.txt", text)
            lab.write("recipes/ask.lua", ASK + f"-- {number}\n")
            lab.write("unrelated.txt", "x")
            took, line = time.monotonic() - began, rounds()
            if took < 0.1:
                break
            while "recipes/ask.lua" not in line["changed"]:  # that was no quick succession
                line = rounds()
        assert line["changed"] == ["note.txt", "recipes/ask.lua"]
        os.utime(lab.root / "note.txt")
        lab.write("lua/words.lua", WORDS)


def test_what_does_not_load_is_waited_on(lab):
    """A slip is told, and costs no answer that was there before it."""
    with f.FaultServer([f.status(200, b"ok")] * 20) as server, watching(lab, "ask", f"url={server.base_url}") as rounds:
        rounds()
        for name, text, code in (
            ("recipes/ask.lua", "return {", "INVALID"),
            ("recipes/ask.lua", ASK.replace("'words'", "'wrods'"), "NOT_FOUND"),
            ("lua/wrods.lua", "return {", "INVALID"),
            ("lua/wrods.lua", "return { list = { error 'no' } }", "INVALID"),
            ("lab.json", "{", "INVALID"),
        ):
            replace(lab, name, text)
            line = rounds()
            assert line["changed"] == [name] and "run" not in line, line
            assert line["error"]["code"] in (code, "RUN_FAILED"), line
        replace(lab, "lab.json", json.dumps({"schema": "tlab.lab/1"}))
        assert rounds()["changed"] == ["lab.json"]
        replace(lab, "lua/wrods.lua", WORDS)
        line = rounds()  # nothing is asked, so no permit is missed
        assert line["status"] == "succeeded" and line["reused"] == 2 and asked(server) == 2


def test_a_slip_in_the_run_keeps_the_answers(lab):
    """A run that fails early is no record to go on with; one that came further is."""
    with f.FaultServer([f.status(200, b"ok")] * 20) as server, watching(lab, "ask", f"url={server.base_url}") as rounds:
        rounds()
        replace(lab, "recipes/ask.lua", ASK.replace("local text", "error 'slip' local text"))
        assert rounds()["error"]["code"] == "RUN_FAILED"
        replace(lab, "recipes/ask.lua", ASK)
        assert rounds()["reused"] == 2 and asked(server) == 2
        replace(lab, "recipes/ask.lua", ASK.replace("tlab.fs.read 'lab:runs.csv'", "tlab.fs.stat 'x' error 'late'"))
        replace(lab, "lua/words.lua", WORDS.replace("'b'", "'b', 'c'"))
        assert rounds()["status"] == "failed" and asked(server) == 3
        replace(lab, "recipes/ask.lua", ASK)
        assert rounds()["reused"] == 3 and asked(server) == 3


def test_a_change_during_a_run(lab):
    """Nothing is missed while nobody listens: the next round begins at once."""
    slow = "tlab.clock.sleep(1500) local text"
    lab.write("recipes/ask.lua", ASK.replace("local text", slow))
    with f.FaultServer([f.status(200, b"ok")] * 20) as server, watching(lab, "ask", f"url={server.base_url}") as rounds:
        wait_for(lambda: list(lab.root.glob("20*/*/*/*/*/*/record/recipe/recipe.lua")))
        replace(lab, "recipes/ask.lua", ASK)
        assert rounds()["changed"] == [] and rounds()["changed"] == ["recipes/ask.lua"]


def test_a_called_recipe(lab):
    """What a run that was called is made of counts as well; only then it is called anew."""
    call = (
        "return { name = 'call', summary = 'S.', home = 'a', needs = { call = { 'ask' } }, spec = { type = 'object' },"
        " run = function(run, spec) run:call('ask', spec) end }"
    )
    lab.write("recipes/call.lua", call)
    with (
        f.FaultServer([f.status(200, b"ok")] * 20) as server,
        watching(lab, "call", f"url={server.base_url}") as rounds,
    ):
        assert rounds()["status"] == "succeeded" and asked(server) == 2
        replace(lab, "recipes/call.lua", call + "\n")
        assert rounds()["reused"] == 1 and asked(server) == 2
        replace(lab, "lua/words.lua", WORDS.replace("'b'", "'c'"))
        line = rounds()
        assert line["changed"] == ["lua/words.lua"] and line["reused"] == 0 and asked(server) == 4


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_run(lab, start, sig):
    """The run is kept as any that is interrupted, and no other begins."""
    with f.FaultServer([f.silence()]) as server:
        process = start(server, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(lambda: server.tries == 1)
        workers = worker_pids(process.pid)
        process.send_signal(sig)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + sig and b"error[INTERRUPTED]" in err
    assert lab.manifest["status"] == "interrupted" and lab.tlab("verify", "latest").exit == 0
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)


def test_terminated_while_it_waits(lab):
    with (
        f.FaultServer([f.status(200, b"ok")] * 20) as server,
        watching(lab, "ask", f"url={server.base_url}", ends=signal.SIGTERM) as rounds,
    ):
        rounds()


def test_an_old_record_is_begun_with(lab):
    """--reuse says what the first round is answered from."""
    with f.FaultServer([f.status(200, b"ok")] * 20) as server:
        words = ("ask", f"url={server.base_url}")
        assert lab.tlab(*words).exit == 0
        with watching(lab, *words, "--reuse=latest") as rounds:
            assert rounds()["reused"] == 2 and asked(server) == 2


def test_for_people(lab, start):
    """A line a round on standard error, the folder on standard output."""
    with f.FaultServer([f.status(200, b"ok")] * 20) as server:
        out, err = (lab.root / name for name in ("out", "err"))
        with out.open("wb") as to, err.open("wb") as talk:
            process = start(server, stdout=to, stderr=talk)
        wait_for(lambda: "Ctrl-C ends it" in err.read_text())
        replace(lab, "recipes/ask.lua", "return {")
        wait_for(lambda: "no run; recipes/ask.lua changed\n" in err.read_text())
        assert "error[INVALID]" in err.read_text()
        replace(lab, "recipes/ask.lua", ASK + "\n")
        wait_for(lambda: "from the record; recipes/ask.lua changed\n" in err.read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    first, second = out.read_text().splitlines()
    assert (lab.root / second / "run.json").exists() and first != second
    assert "6 effects, 2 of them from the record" in err.read_text(), err.read_text()


def test_what_is_granted_on_the_terminal_stays_granted(lab, start):
    """Asked in the first round, and not again."""
    lab.write("lab.json", {"schema": "tlab.lab/1"})
    main, other = pty.openpty()
    with f.FaultServer([f.status(200, b"ok")] * 20) as server:
        process = start(server, stdin=other, stdout=other, stderr=other)
        os.close(other)
        shown = b""

        def comes(text):
            nonlocal shown
            while text not in shown:
                assert select.select([main], [], [], 60)[0], shown
                shown += os.read(main, 1000)

        comes(b"[y/N]")
        os.write(main, b"y\n")
        comes(b"Ctrl-C ends it")
        replace(lab, "note.txt", "2")
        comes(b"note.txt changed")
        assert asked(server) == 4 and shown.count(b"[y/N]") == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    os.close(main)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing",), 1, "there is no recipe nothing"),
        (("day",), 2, "a day is made once"),
        (("ask", "-"), 2, "not standard input"),
        (("ask", "--dry-run"), 2, "give one of them"),
    ],
)
def test_what_cannot_be_watched(lab, words, code, said):
    done = lab.tlab("run", "--watch", *words)
    assert done.exit == code and said in done.err, done.err
    assert not list(lab.root.glob("20*"))
