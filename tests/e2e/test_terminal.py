"""O1: what drives a terminal comes out as visible text, in streams, talk, errors, show, verify and replay."""

import os
import pty
import select
import time

import pytest

import fault_server as f
from faults import FaultLab

# One of each kind: CSI, OSC 52 and 8, C1, DEL, CR, backspace, bidi, zero width, tags.
HOSTILE = (
    "a\x1b[2J\x1b]52;c;cm0=\x07b\x1b]8;;http://evil\x1b\\c\u009b31m\u0090d\x7fe\rf\x08g"
    "\u202eh\u2066i\u200bj\ufeffk\U000e0041l\x00m"
)
FORBIDDEN = [
    "\x1b[2J",
    "\x1b]",
    "\u009b",
    "\u0090",
    "\x7f",
    "\x08",
    "\u202e",
    "\u2066",
    "\U000e0041",
    "\x00",
    "\x07",
    "e\rf",
]


def on_terminal(lab, *words, seconds=30):
    """The binary on a terminal of its own, each question answered with no: (exit code, what it wrote)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(lab.root)
        os.execve(
            lab.command()[0], lab.command(*words), {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        )
    out, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
            if data.endswith(b"[y/N] "):
                os.write(fd, b"n\n")
    os.close(fd)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), out.decode("utf-8", "surrogateescape")


def assert_visible(text, *seen):
    """None of the controls is in it, and what they stood for can be read."""
    plain = text.replace("\r\n", "\n")
    for bad in FORBIDDEN:
        assert bad not in plain, (bad, text)
    for word in seen:
        assert word in plain, (word, text)


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


@pytest.mark.parametrize("stream", [False, True])
def test_model_output(lab, stream):
    """O1: what a model says, in one piece and streamed with its escapes cut in two."""
    pieces = [HOSTILE[at : at + 1] for at in range(len(HOSTILE))]
    with f.FaultServer([f.stream_answer(*pieces) if stream else f.json_answer(HOSTILE)]) as server:
        lab.write(
            "spec.json", {"prompt": "q", "stream": stream, "model": {"base_url": server.base_url, "name": HOSTILE}}
        )
        code, text = on_terminal(lab, "run", "recipes/ai.lua", "spec.json", "--no-input")
    assert code == 0, text
    assert_visible(text)
    if stream:
        assert "a" in text and "[2J" in text, text
    for words in (["show", "latest"], ["verify", "latest"], ["replay", "latest"]):
        code, text = on_terminal(lab, *words)
        assert code == 0, text
        assert_visible(text)


def lua(text):
    return '"' + "".join(f"\\u{{{ord(c):x}}}" for c in text) + '"'


BODIES = {
    "print": "print(TEXT)",
    "say": "run:say(TEXT)",
    "stream": "tlab.talk.stream(TEXT)",
    "progress": "run:progress(1, 2, TEXT)",
    "error": "error(TEXT)",
    "error value": "error { code = 'RUN_FAILED', message = TEXT, hint = TEXT, details = { TEXT } }",
    "file name": "run:write('x.txt', 'x') error(select(2, tlab.fs.read('lab:' .. TEXT)))",
    "tag": "run:note('tag', { tag = TEXT }) run:note('model', { asked = TEXT, answered = TEXT })",
    "metric": "run:metric(TEXT, 1)",
    "artifact": "run:write('a\\u{1b}[2J\\u{202e}b.txt', 'x')",
    "program": "tlab.proc.run { argv = { TEXT } }",
    "url": "tlab.http.send { url = 'http://127.0.0.1:1/' .. TEXT }",
    "environment": "tlab.env.get(TEXT)",
}


@pytest.mark.parametrize("name", BODIES)
def test_what_a_recipe_says(lab, name):
    """O1: everything a recipe can put onto the terminal, while it runs and later in show."""
    lab.recipe(BODIES[name].replace("TEXT", lua(HOSTILE)), needs="net = { '127.0.0.1:1' }")
    code, text = on_terminal(lab, "run", "recipes/try.lua", "--no-input")
    assert code in (0, 1, 4), text
    assert_visible(text)
    for words in (
        ["show", "latest"],
        ["verify", "latest"],
        ["replay", "latest"],
        ["run", "recipes/try.lua", "--offline", "-v"],
    ):
        assert_visible(on_terminal(lab, *words)[1])


def test_what_is_asked_and_typed(lab):
    """O1: names in the question for a permit, in words of the command line and in a spec."""
    lab.write(
        "recipes/ask.lua",
        "return { name = 'ask', summary = 's', home = 'ai-team/artifacts', "
        "needs = { read = { '/x' .. %s } }, run = function() end }" % lua(HOSTILE.replace("\x00", "")),
    )
    lab.write(
        "recipes/lines.lua", "return { name = 'lines', summary = %s, home = %s, run = 1 }" % ((lua(HOSTILE),) * 2)
    )
    _, text = on_terminal(lab, "run", "recipes/ask.lua")
    assert_visible(text, "wants --allow")
    for words in (
        ["run", "recipes/ask.lua", "--no-input"],
        ["help", "ask"],
        ["help", "lines"],
        ["run", "lines"],
        ["show", "a\x1b[2Jb"],
        ["run", "a\x1b[2J\u202eb.lua"],
        ["a\x1b]52;c;x\x07b"],
        ["run", "ai", "\x1b[2J=1"],
        ["verify", "\u202e/\x1b[2J"],
    ):
        assert_visible(on_terminal(lab, *words)[1])
    lab.write("bad.json", '{"\\u001b[2J": 1, "prompt": "\\u202e", "model": "\x7f\u009b"}')
    assert_visible(on_terminal(lab, "run", "recipes/ai.lua", "bad.json", "--no-input")[1])
    lab.write("syntax.json", '{"a": \x1b[2J\u202e}')
    assert_visible(on_terminal(lab, "run", "recipes/ai.lua", "syntax.json", "--no-input")[1])
    lab.write("recipes/bad.lua", "return {\n  -- \u202e \u009b\n  \x1b]52;c;x\x07 = \n}")
    assert_visible(on_terminal(lab, "run", "recipes/bad.lua")[1])
    lab.write(
        "recipes/line.lua",
        "return { name = 'line', summary = 's', home = 'ai-team/artifacts',\n"
        "run = function() error('x') end } -- \x1b[2J \u202e \u009b \x7f\n",
    )
    assert_visible(on_terminal(lab, "run", "recipes/line.lua")[1])


HUGE = {
    "say": "run:say(long)",
    "print": "print(long)",
    "error": "error(long)",
    "progress": "run:progress(1, 2, long)",
    "metric": "run:metric(long:sub(1, 100000), 1)",
    "tag": "run:note('tag', { tag = long })",
    "model": "run:note('model', { asked = long })",
    "params": "run:note('params', { long = long })",
    "file": "run:write('long.txt', long)",
}


@pytest.mark.parametrize("way", ["say", *(pytest.param(way, marks=pytest.mark.slow) for way in list(HUGE)[1:])])
@pytest.mark.parametrize("letter", ["x", "\u65e5"])
def test_ten_megabytes_in_one_line(lab, way, letter):
    """O5: a person is shown what can be looked at and told how much there is; characters stay whole; the run is kept."""
    size = 10_000_000 // len(letter.encode())
    lab.recipe(f"local long = ('{letter}'):rep({size}) {HUGE[way]}")
    code, text = on_terminal(lab, "run", "try")
    assert code == (1 if way == "error" else 0), text[-1000:]
    assert 20 < len(text.encode("utf-8", "surrogateescape")) < 200_000, len(text)
    assert not any("\udc80" <= character <= "\udcff" for character in text), "a character was cut in two"
    if way in ("say", "print"):
        assert "bytes more: run:write keeps them" in text
    for command in ("show", "verify", "replay"):
        code, text = on_terminal(lab, command, "latest")
        assert code == 0 and len(text) < 200_000, text[-1000:]
        assert not any("\udc80" <= character <= "\udcff" for character in text), command
    assert len((lab.latest / "run.json").read_bytes()) < 1 << 20


def test_what_is_not_for_a_person_is_whole(lab):
    """O5: into a file or a pipe all of it goes."""
    lab.recipe("run:say(('x'):rep(1000000))")
    done = lab.tlab("run", "try")
    assert done.exit == 0 and "x" * 1000000 + "\n" in done.err
