#!/usr/bin/env python3
"""Records the picture of README.md: commands typed into a real terminal, and what came of them, as SVG.

    tests/docs/record.py [--tlab build/tlab] [--out docs/run.svg]     records it anew (make picture)
    tests/docs/record.py --check                                      says whether it is what comes now

The commands stand in TYPED. A shell runs them on a pseudo-terminal, in a lab made for it; the screen is
that of pyte, a terminal in Python. The model's answers are those that a real one gave when the run in
tests/recipes/ai/run was made: a small server tells them once more, at the same pace. Then it is stopped.

--check records once more, without the pace, and compares texts and colours. What differs from run to run
(ids, times) is made the same on both sides, and so are numbers of effects, which go by how the answers came in pieces,
and of files; nothing else may differ.
"""

import argparse
import fcntl
import html
import http.server
import json
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

import pyte

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECORDED = ROOT / "tests/recipes/ai/run/record/effects.jsonl"
SHOWN_HOST = "127.0.0.1:8080"
COLUMNS, LINES, SECONDS = 88, 80, 60
PROMPT = b"\x1b[1m$\x1b[0m "

# What is typed, with the server or without it.
WITH_MODEL = ["tlab ai facts.json"]
WITHOUT = [
    "# now the model is switched off",
    "tlab replay latest",
    "tlab verify latest",
    "echo 'It is magic.' >> latest/answers.md",
    "tlab verify latest",
]

TITLE = "A run of tlab in a terminal, and what can be done with it afterwards"
DESC = (
    "tlab ai asks a small language model three questions, its answers appear, and the run is kept as a folder. With the "
    "model's server stopped, tlab replay repeats the run from that folder and gets the same bytes; tlab verify finds each "
    "file as it was made. Then a line is added to a file, and tlab verify names it."
)

# Colours on white and on dark; each reads on its ground with a contrast of 4.5 and more (test_picture.py).
LIGHT = {
    "ground": "#ffffff",
    "edge": "#d0d7de",
    "default": "#1f2328",
    "dim": "#59636e",
    "red": "#c1121f",
    "green": "#116329",
    "brown": "#7d4e00",
    "blue": "#0550ae",
    "magenta": "#8250df",
    "cyan": "#1b6c75",
}
DARK = {
    "ground": "#0d1117",
    "edge": "#30363d",
    "default": "#e6edf3",
    "dim": "#9198a1",
    "red": "#ff7b72",
    "green": "#56d364",
    "brown": "#e3b341",
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#76e3ea",
}


# --- the model's answers, once more --------------------------------------------------------------


def recorded():
    """What was asked (method, path, the last message) → (content type, [(seconds after it was asked, bytes)])."""
    answers, streams, asked = {}, {}, {}
    for line in RECORDED.read_text().splitlines():
        effect = json.loads(line)
        op = effect.get("op", "")
        if op in ("http.open", "http.send"):
            request = effect["args"][0]
            body = json.loads(request["body"])["messages"][-1]["content"] if "body" in request else ""
            asked[effect["n"]] = (
                (request["method"], "/" + request["url"].split("/", 3)[3], body),
                effect["at"],
            )
        elif op == "http.next" and isinstance(effect["result"], str):
            key, at = streams[effect["args"][0]]
            answers[key][1].append(((effect["at"] - at) / 1000, effect["result"].encode()))
        if effect["n"] in asked and "result" in effect:
            key, at = asked[effect["n"]]
            result = effect["result"]
            answers[key] = (dict(result["headers"])["content-type"], [])
            if "handle" in result:
                streams[result["handle"]] = (key, at)
            else:
                answers[key][1].append((0, result["body"].encode()))
    return answers


class Model(http.server.ThreadingHTTPServer):
    """Tells what was recorded; one question at a time, as the real one did."""

    daemon_threads = True

    def __init__(self, paced):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.paced, self.lock = recorded(), paced, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Model

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        message = json.loads(body)["messages"][-1]["content"] if body else ""
        kind, pieces = self.server.answers.get((self.command, self.path, message), (None, []))
        with self.server.lock:
            began = time.monotonic()
            self.send_response(200 if kind else 404)
            self.send_header("content-type", kind or "text/plain")
            self.end_headers()
            for after, data in pieces:
                if self.server.paced:
                    time.sleep(max(0, began + after - time.monotonic()))
                self.wfile.write(data)
                self.wfile.flush()

    do_GET = do_POST = answer  # names that http.server looks for

    def log_message(self, *_):
        pass


# --- the terminal --------------------------------------------------------------------------------


class Terminal:
    """bash on a pseudo-terminal, and the screen that a person would see."""

    def __init__(self, folder, env, host):
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)
        self.host = host.encode()
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--noprofile", "--norc", "--noediting", "-i"], env)
        self.pid = pid
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.until_prompt()

    def until_prompt(self):
        """Takes what comes until the shell asks again."""
        out, end = b"", time.monotonic() + SECONDS
        while not out.endswith(PROMPT):
            if time.monotonic() > end:
                raise SystemExit(f"no end of it within {SECONDS} s:\n{out.decode(errors='replace')}")
            if select.select([self.fd], [], [], 0.1)[0]:
                out += os.read(self.fd, 65536)
        self.stream.feed(out.replace(self.host, SHOWN_HOST.encode()))

    def type(self, command):
        os.write(self.fd, command.encode() + b"\n")
        self.until_prompt()

    def close(self):
        os.write(self.fd, b"exit\n")
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def lines(self):
        """Each line as a list of (column, text, colour, is it bold) of one look each; without the last prompt."""
        lines = [runs_of(self.screen.buffer[row]) for row in range(self.screen.cursor.y)]
        while lines and not lines[-1]:
            lines.pop()
        return lines


def runs_of(row):
    runs = []
    width = max((at + 1 for at in range(COLUMNS) if row[at].data.strip()), default=0)
    for at in range(width):
        cell = row[at]
        look = ("default" if cell.fg not in LIGHT else cell.fg, cell.bold)
        if runs and runs[-1][2:] == look:
            runs[-1] = (runs[-1][0], runs[-1][1] + cell.data, *look)
        else:
            runs.append((at, cell.data, *look))
    # Blanks before and behind are nothing to look at, and not every viewer of pictures keeps them.
    bare = [(at + len(text) - len(text.lstrip()), text.strip(), *look) for at, text, *look in runs]
    return [run for run in bare if run[1]]


def record(tlab, paced):
    """The lines of the screen when all has been typed."""
    with tempfile.TemporaryDirectory(prefix="tlab-picture-") as scratch:
        folder = pathlib.Path(scratch) / "notebook"
        subprocess.run([tlab, "init", folder, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        model = Model(paced)
        host = f"127.0.0.1:{model.server_port}"
        spec = json.loads((ROOT / "tests/recipes/ai/spec.json").read_text())
        spec["model"]["base_url"], spec["$schema"] = f"http://{host}/v1", "schemas/spec.schema.json"
        (folder / "facts.json").write_text(json.dumps(spec))
        bindir = pathlib.Path(scratch) / "bin"
        bindir.mkdir()
        (bindir / "tlab").symlink_to(tlab)
        env = {
            "PATH": f"{bindir}:/usr/bin:/bin",
            "HOME": scratch,
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "PS1": r"\[\e[1m\]$\[\e[0m\] ",
            "COLUMNS": str(COLUMNS),
            "LINES": str(LINES),
            "PS2": "",
        }
        terminal = Terminal(folder, env, host)
        try:
            for command in WITH_MODEL:
                terminal.type(command)
            model.close()
            for command in WITHOUT:
                terminal.type(command)
            return terminal.lines()
        finally:
            terminal.close()


# --- the picture ---------------------------------------------------------------------------------

WIDE, HIGH, PAD, GAP = 8.4, 20, 18, 8  # GAP: above what is typed


def style(colours):
    rules = [f".{name}{{fill:{value}}}" for name, value in colours.items() if name not in ("ground", "edge")]
    return f".ground{{fill:{colours['ground']};stroke:{colours['edge']}}}" + "".join(rules)


def svg(lines):
    tops, top = [], PAD
    for number, runs in enumerate(lines):
        top += GAP if number and runs and runs[0][:2] == (0, "$") else 0
        tops.append(top)
        top += HIGH
    width, height = round(COLUMNS * WIDE + 2 * PAD), top + PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'xml:space="preserve" role="img" aria-labelledby="title desc">',
        f'<title id="title">{html.escape(TITLE)}</title>',
        f'<desc id="desc">{html.escape(DESC)}</desc>',
        "<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}"
        f".bold{{font-weight:bold}}{style(LIGHT)}@media(prefers-color-scheme:dark){{{style(DARK)}}}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
    ]
    for row, runs in enumerate(lines):
        for column, text, colour, bold in runs:
            look = colour + (" bold" if bold else "")
            long = f' textLength="{len(text) * WIDE:.1f}" lengthAdjust="spacingAndGlyphs"' if len(text) > 1 else ""
            out.append(
                f'<text data-line="{row}" x="{PAD + column * WIDE:.1f}" y="{tops[row] + 14}" class="{look}"{long}>'
                f"{html.escape(text, quote=False)}</text>"
            )
    return "\n".join([*out, "</svg>", ""])


def lines_of(picture):
    """The texts of a picture, as `record` gives them."""
    lines = {}
    texts = r'<text data-line="(\d+)" x="([\d.]+)" y="\d+" class="([\w ]+)"[^>]*>([^<]*)</text>'
    for row, x, look, text in re.findall(texts, picture):
        colour, _, bold = look.partition(" ")
        run = (round((float(x) - PAD) / WIDE), html.unescape(text), colour, bold == "bold")
        lines.setdefault(int(row), []).append(run)
    return [lines.get(row, []) for row in range(max(lines, default=-1) + 1)]


VARIES = [
    (r"\b\d+ (effects|files and)\b", r"N \1"),
    (r"\b20\d\d/\d\d/\d\d\b", "DAY"),
    (r"\b\d{6}Z-", "TIME-"),
    (r"\b[0-9a-f]{8,64}\b", "HEX"),
    (r"\b\d+(\.\d+)? m?s\b", "SPAN"),
]


def plain(lines):
    """One line of text for each, with what differs from run to run made the same, and its colours."""
    told = []
    for runs in lines:
        text = ""
        for column, part, *_ in runs:
            text = text.ljust(column) + part
        for pattern, word in VARIES:
            text = re.sub(pattern, word, text)
        told.append((text, [(colour, bold) for _, _, colour, bold in runs]))
    return told


def difference(picture, lines):
    """How a picture differs from lines: text, or None."""
    old, new = plain(lines_of(picture)), plain(lines)
    for row in range(max(len(old), len(new))):
        was, is_now = (side[row] if row < len(side) else None for side in (old, new))
        if was != is_now:
            return f"line {row + 1}:\n  the picture has  {was}\n  now comes        {is_now}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tlab", default=ROOT / "build/tlab", type=pathlib.Path)
    parser.add_argument("--out", default=ROOT / "docs/run.svg", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if not shutil.which("bash"):
        raise SystemExit("it takes bash")
    lines = record(args.tlab.resolve(), paced=not args.check)
    if not args.check:
        args.out.write_text(svg(lines))
        return 0
    why = difference(args.out.read_text(), lines)
    print(f"{args.out} is not what the commands print now: {why}\nmake picture" if why else "the picture is current")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
