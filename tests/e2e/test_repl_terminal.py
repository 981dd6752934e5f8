"""`tlab repl` as a person has it: at a terminal, by its keys."""

import http.server
import json
import os
import signal
import stat
import termios
import threading

import pytest

from lab import Lab, wait_for
from tmux import Terminal

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def session(lab, home):
    """A session at its first prompt."""
    with Terminal(lab.binary, "repl", cwd=lab.root, HOME=str(home)) as terminal:
        terminal.until("\n>")
        yield terminal


def history(home):
    return home / ".local" / "state" / "tlab" / "history"


def run_of(lab):
    """The folder of the session, which goes on or has ended."""
    [folder] = lab.root.glob("20*/*/*/ai-team/artifacts/*-repl-*")
    return folder


def manifest_of(lab):
    return json.loads((run_of(lab) / "run.json").read_text())


def record(lab):
    path = run_of(lab) / "record" / "effects.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def typed(lab):
    """The texts that the worker was given, as the record has them."""
    return [e["result"]["text"] for e in record(lab) if e.get("op") == "repl.next" and e.get("result")]


def next_prompt(terminal, act, *what):
    """What is seen at the prompt that comes after that."""
    before = terminal.until("").count("\n>")
    act(*what)
    return terminal.until(lambda screen: screen.endswith("\n>") and screen.count("\n>") > before)


def enter(terminal, text):
    """Ends the line with this text."""
    return next_prompt(terminal, terminal.line, text)


def answer(terminal, text, shown):
    """As enter; the next prompt follows what it shows."""
    screen = enter(terminal, text)
    assert screen.endswith(f"{shown}\n>"), screen[-2000:]


def drop(terminal):
    """Ctrl-C: another prompt, with nothing typed."""
    before = terminal.until("").count("\n>")
    terminal.keys("C-c")
    terminal.until(lambda screen: screen.endswith("\n>") and screen.count("\n>") >= before)


def quit_session(terminal):
    terminal.keys("C-d")
    code = terminal.ended()
    assert code == 0, terminal.screen()


# --- editing -------------------------------------------------------------------------------------


def test_editing(session, lab):
    """Keys within a line; the record has what was meant."""
    session.type("1 + 3")
    session.keys("Left", "BSpace")
    session.type(" 40 + ")
    session.keys("Enter")
    session.until("\n44\n>")
    session.type("xx = nothing")
    session.keys("C-a", "C-k")
    answer(session, "'ä€𝄞' .. #'ä€𝄞'", "'ä€𝄞9'")
    session.type("'aé")
    session.keys("BSpace")
    answer(session, "b'", "'ab'")
    session.type("12")
    session.keys("Home", "DC")
    session.keys("End")
    answer(session, "3", "\n23")
    session.type("one two")
    session.keys("C-w")
    session.until("> one")
    session.keys("C-u")
    answer(session, "5", "\n5")
    quit_session(session)
    assert typed(lab) == ["1 + 40 + 3", "'ä€𝄞' .. #'ä€𝄞'", "'ab'", "23", "5"]
    assert lab.tlab("replay", "latest").returncode == 0


def test_multi_line(session):
    """An entry goes on until it is whole; its lines come back by the arrow keys."""
    session.line("function f(n)")
    session.until("\n.")
    session.line("return n * 2 end")
    session.until("\n>")
    answer(session, "f(21)", "\n42")
    session.keys("Up", "Up", "Up")
    session.until("> function f(n)")
    drop(session)
    session.line("function g(")
    session.until("\n.")
    drop(session)
    answer(session, "g == nil", "\ntrue")


def test_completion(session, lab):
    """Tab: one word, several, none; fields of what the session made. Of looking nothing is recorded."""
    session.type("string.rev")
    session.keys("Tab")
    session.until("> string.reverse")
    drop(session)
    answer(session, "points = { left = 1, length = 2 }", "")
    session.type("points.l")
    session.keys("Tab")
    session.until("> points.le")
    session.keys("Tab")
    session.until(lambda screen: screen.endswith("> points.le") and "left  length\n" in screen)
    session.type("ft")
    session.keys("Enter")
    session.until("\n1\n>")
    session.type("zzzz")
    session.keys("Tab")
    answer(session, " = 1", "")
    session.type("run'lat")
    session.keys("Tab")
    session.until("> run'latest")
    drop(session)
    quit_session(session)
    assert {effect["op"] for effect in record(lab) if "op" in effect} == {"repl.next", "fs.write"}


def test_history(session, lab, home):
    """It is there in the next session, for its owner alone; ^R looks for a line."""
    answer(session, "first = 'one'", "")
    answer(session, "second = 'two'", "")
    quit_session(session)
    assert stat.S_IMODE(history(home).stat().st_mode) == 0o600
    assert history(home).read_text() == "first = 'one'\nsecond = 'two'\n"
    with Terminal(lab.binary, "repl", cwd=lab.root, HOME=str(home)) as again:
        again.until("\n>")
        again.keys("Up", "Up")
        again.until("> first = 'one'")
        drop(again)
        again.keys("C-r")
        again.type("tw")
        again.until(lambda screen: "second = 'two'" in screen)
        enter(again, "")
        answer(again, "second", "'two'")
        quit_session(again)


def test_secret_is_not_kept(lab, home):
    """A line with a secret's value is in no history."""
    lab.write("lab.json", {"schema": "tlab.lab/1", "secrets": {"KEY": {"hosts": ["127.0.0.1"]}}})
    with Terminal(lab.binary, "repl", cwd=lab.root, HOME=str(home), KEY="sesame-open-4711") as terminal:
        terminal.until("\n>")
        enter(terminal, "x = 'sesame-open-4711'")
        answer(terminal, "y = 2", "")
        quit_session(terminal)
    assert history(home).read_text() == "y = 2\n"


def test_home_cannot_be_written(lab, tmp_path):
    """The session runs; one line says that nothing is kept."""
    home = tmp_path / "home"
    home.write_text("a file in a folder's place")  # root may write everywhere
    with Terminal(lab.binary, "repl", cwd=lab.root, HOME=str(home)) as terminal:
        terminal.until("\n>")
        answer(terminal, "1 + 1", "\n2")
        screen = terminal.screen(joined=True)
        assert screen.count("is not kept for later") == 1, screen
        quit_session(terminal)


# --- what no person types ------------------------------------------------------------------------


def test_invalid_utf8(session):
    """Bytes that are no text become the character that says so."""
    session.type("'a")
    session.send(b"\xff\xc3\x28\xed\xa0\x80")
    session.line("b' == ''")
    session.until("\nfalse\n>")
    answer(session, "1", "\n1")


def test_pasted_text(session, lab):
    """Tabs complete nothing and escape sequences are no keys in what is pasted; its lines are lines."""
    next_prompt(session, session.paste, b"if true then\n\tx = 'a\tb'\nend\n")
    answer(session, "x", r"'a\tb'")
    session.paste(b"s = 'red\x1b[A\x1b[31m\x03\x04'")
    enter(session, "")
    answer(session, "#s", "\n13")
    answer(session, "s:byte(4)", "\n27")
    quit_session(session)
    assert "s = 'red\x1b[A\x1b[31m\x03\x04'" in typed(lab)


def test_megabyte_line(session):
    """One line of a megabyte, pasted."""
    session.paste(b"s = '" + b"x" * (1 << 20) + b"'\n")
    session.until(lambda screen: screen.endswith("xx'\n>"))
    answer(session, "#s", "\n1048576")


def test_narrow(lab, home):
    """Twenty columns: a long line wraps, can be edited, and is whole."""
    with Terminal(lab.binary, "repl", cwd=lab.root, columns=20, rows=10, HOME=str(home)) as terminal:
        terminal.until("\n>")
        terminal.type("x = 'abcdefghijklmnopqrstuvwxyz0123456789'")
        terminal.keys("C-a", "Right", "Right", "Right", "Right", "Right")
        terminal.type("AB")
        terminal.keys("C-e")
        enter(terminal, "")
        answer(terminal, "#x", "\n38")
        terminal.type("string.")
        terminal.keys("Tab")
        listed = terminal.until(lambda screen: screen.count("> string.") == 2 and "upper\n" in screen, joined=True)
        rows = listed.split("> string.")[1].split("\n")
        assert "gsub  len  lower" in rows and max(len(row) for row in rows) <= 20, rows
        answer(terminal, "len('four')", "\n4")


def test_resize(session):
    """A window made small and large again while a line is typed."""
    session.type("x = 'abcdefghijklmnopqrstuvwxyz0123456789'")
    session.resize(30)
    session.type(" .. 'y'")
    session.until(lambda screen: "'y'" in screen.replace("\n", ""))
    session.resize(100)
    session.line(" .. 'z'")
    session.until("\n>")
    answer(session, "#x", "\n38")


# --- stopping ------------------------------------------------------------------------------------


def test_ctrl_c(session, lab):
    """At the prompt it drops the line, in an evaluation it ends the entry; the session goes on either way."""
    session.type("x = 'not this'")
    session.until("'not this'")
    drop(session)
    answer(session, "x == nil", "\ntrue")
    answer(session, "y = 7", "")
    session.line("while true do y = y + 1 end")
    wait_for(lambda: "while true do y = y + 1 end" in typed(lab))
    session.keys("C-c")
    screen = session.until("\n>")
    assert "INTERRUPTED" in screen
    answer(session, "y > 7", "\ntrue")
    quit_session(session)
    done = lab.tlab("replay", "latest")
    assert done.returncode == 0, done.stderr


def test_ctrl_z(lab, home):
    """Ctrl-Z stops the session as a shell expects it, and the line is there again when it goes on."""
    with Terminal("bash", "--norc", "-i", cwd=lab.root, HOME=str(home), PS1="$ ") as terminal:
        terminal.until("$")
        terminal.line(f"{lab.binary} repl")
        terminal.until("\n>")
        terminal.type("6 * ")
        terminal.until("> 6 *")
        terminal.keys("C-z")
        terminal.until(lambda screen: "Stopped" in screen and screen.endswith("$"))
        terminal.line("fg")
        terminal.until("> 6 *")
        answer(terminal, "7", "\n42")


@pytest.mark.parametrize("how", ["hangup", "closed"])
def test_lost_terminal(session, lab, how):
    """A terminal that goes away ends the session as Ctrl-D does: it is whole."""
    answer(session, "x = 1", "")
    session.type("half a li")
    pid = session.pid()
    if how == "hangup":
        os.kill(pid, signal.SIGHUP)
    else:
        session.tmux("kill-server")
    wait_for((lab.root / "latest").exists)
    assert manifest_of(lab)["status"] == "succeeded", manifest_of(lab)["error"]
    assert lab.tlab("verify", "latest").returncode == 0


def test_sigterm(session, lab):
    """SIGTERM ends a session as it ends every run, and the terminal is usable after it."""
    session.type("half")
    session.until("> half")
    os.kill(session.pid(), signal.SIGTERM)
    assert session.ended() in (130, 143)
    assert manifest_of(lab)["status"] == "interrupted"
    assert all(line_modes(session))


def line_modes(terminal):
    """Whether the kernel edits lines there, and shows them."""
    tty = terminal.tmux("display-message", "-p", "#{pane_tty}").strip()
    fd = os.open(tty, os.O_RDONLY | os.O_NOCTTY)
    try:
        flags = termios.tcgetattr(fd)[3]
    finally:
        os.close(fd)
    return flags & termios.ICANON, flags & termios.ECHO


# --- permits, recipes ----------------------------------------------------------------------------


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_permit(session, lab, port):
    """What is missing is asked for: no, once, for the session; what was granted is in the manifest."""
    get = f"tlab.http.send {{ url = 'http://127.0.0.1:{port}/' }}.body"

    def ask(reply, shown):
        session.line(get)
        session.until("[o/s/a/N]")
        session.line(reply)
        session.until(lambda screen: screen.endswith("\n>") and shown in screen.rsplit("[o/s/a/N]", 1)[1])

    ask("n", "NOT_PERMITTED")
    ask("o", "'hello'")
    ask("s", "'hello'")
    answer(session, get, "'hello'")
    quit_session(session)
    assert f"127.0.0.1:{port}" in json.dumps(manifest_of(lab)["permits"])
    assert lab.tlab("replay", "latest").returncode == 0


def test_permit_always(session, lab, port):
    """`always` writes lab.json, and nothing else in it is changed."""
    session.line(f"tlab.http.send {{ url = 'http://127.0.0.1:{port}/' }}.status")
    session.until("[o/s/a/N]")
    session.line("a")
    session.until("\n200\n>")
    quit_session(session)
    config = json.loads((lab.root / "lab.json").read_text())
    assert config["permits"]["allow"]["net"] == [f"127.0.0.1:{port}"]
    assert config["schema"] == "tlab.lab/1"


def test_save(session, lab):
    """:save writes a recipe that runs: what succeeded, and not what failed."""
    answer(session, "local n = 20", "")
    enter(session, "error 'no'")
    answer(session, "run:write('n.txt', tostring(n + 1))", "")
    session.line(":save recipes/mine.lua")
    session.until(lambda screen: "saved: tlab run recipes/mine.lua" in screen)
    quit_session(session)
    assert (lab.root / "latest" / "session.lua").exists()
    done = lab.tlab("run", "recipes/mine.lua", "--no-input")
    assert done.returncode == 0, done.stderr
    assert (lab.root / "latest" / "n.txt").read_text() == "21"
