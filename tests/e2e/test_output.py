"""Standard output and error that are full, closed, read by nobody, or handed hostile text; and
links that lie where a run is to be written."""

import os
import pty
import subprocess
import time

import pytest

from lab import EXIT, Lab

TALK = r"""
return {
  name = 'talk', summary = 'Says things.', home = 'ai-team/artifacts',
  spec = { type = 'object' }, needs = {},
  run = function(run)
    run:say('one\27[2J\u{202e}two')
    for i = 1, 3 do
      run:progress(i, 3, 'item\27]52;c;AAAA\7')
    end
    run:write('out.txt', 'data')
  end,
}
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab")
    lab.write("recipes/talk.lua", TALK)
    return lab


def shell(lab, line):
    """A shell runs `line`, in which $TLAB is the binary."""
    return subprocess.run(
        ["sh", "-c", line],
        cwd=lab.root,
        capture_output=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "TLAB": lab.command()[0]},
    )


def assert_recorded(lab):
    assert lab.manifest["status"] == "succeeded"
    assert (lab.latest / "out.txt").read_text() == "data"
    assert lab.tlab("verify", "latest").exit == 0


@pytest.mark.parametrize(
    "line",
    [
        "$TLAB run recipes/talk.lua >/dev/full",
        "$TLAB run recipes/talk.lua --json >/dev/full",
        "$TLAB run recipes/talk.lua >&-",
        "$TLAB run recipes/talk.lua --json >&-",
    ],
)
def test_a_result_that_cannot_be_told_leaves_the_run_whole_and_shows_in_the_exit_code(lab, line):
    assert shell(lab, line).returncode == EXIT["STORAGE"]
    assert_recorded(lab)


@pytest.mark.parametrize(
    "line",
    [
        "$TLAB run recipes/talk.lua 2>/dev/full",
        "$TLAB run recipes/talk.lua 2>&-",
        "$TLAB run recipes/talk.lua <&- 2>&-",
    ],
)
def test_talk_that_nobody_hears_changes_nothing(lab, line):
    assert shell(lab, line).returncode == 0
    assert_recorded(lab)


def test_everything_closed(lab):
    assert shell(lab, "$TLAB run recipes/talk.lua <&- >&- 2>&-").returncode == EXIT["STORAGE"]
    assert_recorded(lab)


def test_a_reader_that_went_away_is_an_error_and_no_signal(lab):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        lab.command("run", "recipes/talk.lua"),
        cwd=lab.root,
        stdout=writer,
        timeout=60,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"]},
    )
    os.close(writer)
    assert done.returncode == EXIT["STORAGE"]
    assert_recorded(lab)


def test_a_file_over_the_size_limit_fails_the_run_and_not_the_process(lab):
    lab.write("recipes/talk.lua", TALK.replace("'data'", "('x'):rep(1 << 20)"))
    done = shell(lab, "ulimit -f 256; $TLAB run recipes/talk.lua")
    assert done.returncode == EXIT["STORAGE"], done.stderr
    assert b"out.txt: File too large" in done.stderr
    assert lab.manifest["status"] == "failed" and lab.manifest["error"]["code"] == "STORAGE"
    assert not list(lab.latest.glob(".tlab-tmp-*")) and not (lab.latest / "out.txt").exists()


def test_quiet_means_no_talk(lab):
    done = lab.tlab("run", "recipes/talk.lua", "--quiet")
    assert (done.exit, done.err) == (0, "")


def test_off_a_terminal_talk_is_plain_and_harmless(lab):
    done = lab.tlab("run", "recipes/talk.lua")
    assert "one\\x1b[2J\\u{202e}two\n" in done.err
    assert "[3/3] item\\x1b]52;c;AAAA\\x07\n" in done.err
    assert "[1/3]" not in done.err
    assert "\x1b" not in done.err and "\r" not in done.err


def test_on_a_terminal_progress_is_erased_and_nothing_hostile_comes_through(lab):
    master, terminal = pty.openpty()
    subprocess.run(
        lab.command("run", "recipes/talk.lua"),
        cwd=lab.root,
        timeout=60,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={"PATH": os.environ["PATH"], "TERM": "xterm"},
    )
    os.close(terminal)
    heard = b""
    while True:
        try:
            heard += os.read(master, 65536)
        except OSError:  # the other end is closed and all is read
            break
    os.close(master)
    assert b"one\\x1b[2J\\u{202e}two" in heard
    assert b"\x1b[2J" not in heard and b"\x1b]" not in heard and b"\x07" not in heard
    assert heard.rfind(b"\r\x1b[K") > heard.rfind(b"[1/3]") > 0


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_link_planted_in_the_date_tree_is_refused(lab, depth):
    outside = lab.root.parent / "outside"
    outside.mkdir()
    parts = [*time.strftime("%Y/%m/%d", time.gmtime()).split("/"), "ai-team"]
    planted = lab.root.joinpath(*parts[:depth])
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.symlink_to(outside)
    done = lab.tlab("run", "recipes/talk.lua")
    assert done.exit == 1 and "symbolic link" in done.err
    assert list(outside.iterdir()) == []
