#!/usr/bin/env python3
"""Every operation of the table in its five cases, through worker, gate and record; TAP.

    run.py --tlab PATH

cases.json is the list: one row an operation and case, with the arguments and what is expected, or
with why there can be no such case (`cannot`). recipe.lua asks them, one run a family. The fifth
case, replayed, is each family's: the world is changed, then the run is replayed. An operation of the
binary without all of its cases is a failure.
"""

import argparse
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import types_of_ops as types

HERE = pathlib.Path(__file__).resolve().parent
CASES = ["works", "wrong argument", "not permitted", "fails"]
RAISES = {"wrong argument": "ARGUMENT", "not permitted": "NOT_PERMITTED"}
# Families whose answers must differ when they are asked anew in the changed world: what replays the
# same there can only have come from the record.
CHANGING = {"fs", "hash", "git", "http", "proc", "clock", "rand", "env", "run"}


CHILD = """
return {
  name = 'child', summary = 'Is called.', home = 'ai-team/artifacts', spec = { type = 'object' },
  run = function(run, spec) run:metric('n', spec.n) end,
}
"""


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def say(self, good, name, why=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            print("\n".join(f"#   {line}" for line in str(why).splitlines()))


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello from the server"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def git(folder, *words):
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=A U Thor", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *words], cwd=folder, env=clean, check=True, capture_output=True)


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class World:
    """A lab, a repository in it, and a server."""

    def __init__(self, folder, tlab):
        self.lab, self.tlab, self.env = pathlib.Path(folder), tlab, "before"
        (self.lab / "recipes").mkdir()
        shutil.copy(HERE / "recipe.lua", self.lab / "recipes/ops.lua")
        self.write("recipes/child.lua", CHILD)
        self.write("lab.json", '{"schema": "tlab.lab/1"}')
        self.write("notes.md", "hello\n")
        self.write("folder/a.txt", "a")
        self.write("repo/f", "1\n")
        git(self.lab / "repo", "init", "-q", "-b", "main")
        git(self.lab / "repo", "add", "f")
        git(self.lab / "repo", "commit", "-q", "-m", "first")
        git(self.lab / "repo", "tag", "-a", "-m", "one", "v1")
        self.write("repo/f", "2\n")
        self.write("repo/new", "n\n")
        self.write("repo/skipped/x", "x\n")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.ports = {"{port}": str(self.server.server_port), "{closed}": str(unused_port()), "{lab}": str(self.lab)}

    def write(self, name, text):
        path = self.lab / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def change(self):
        self.server.shutdown()
        self.server.server_close()
        self.env = "after"
        self.write("notes.md", "something else\n")
        self.write("folder/b.txt", "b")
        shutil.rmtree(self.lab / "repo")
        (self.lab / "recipes/child.lua").unlink()

    def call(self, *words):
        env = {"PATH": os.environ["PATH"], "TLAB_OPS_TEST": self.env}
        return subprocess.run(
            [self.tlab, *words],
            cwd=self.lab,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def run(self, cases):
        """The run's folder and what came, a row a case."""
        text = json.dumps({"cases": cases, "read": ["{lab}/repo"]})
        for name, port in self.ports.items():
            text = text.replace(name, port)
        self.write("spec.json", text)
        done = self.call(
            "run",
            "recipes/ops.lua",
            "spec.json",
            "--allow-net=127.0.0.1:*",
            "--allow-run=date",
            f"--allow-read={self.lab}/repo",
            "--allow-run=no-such-program",
            "--allow-env=TLAB_OPS_TEST",
            "--quiet",
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        folder = (self.lab / "latest").resolve()
        rows = [json.loads(line) for line in (folder / "came.jsonl").read_text().splitlines()]
        return folder, rows


def within(wanted, got):
    """Is `wanted` what came, or a part of it? Maps may have more keys."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(key in got and within(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(within, wanted, got))
    return wanted == got and type(wanted) is type(got)


def as_expected(case, row):
    if case["case"] in RAISES:
        return row.get("raises") == RAISES[case["case"]]
    if "fails" in case or "raises" in case:
        return all(row.get(word) == case[word] for word in ["fails", "raises"] if word in case)
    return "gives" in row and within(case.get("gives", row["gives"]), row["gives"])


def gaps(ops, cases):
    """What the list owes: every operation but the command line's own, in every case, once; and as the table says."""
    have = {}
    for case in cases:
        have.setdefault((case["op"], case["case"]), []).append(case)
    names = [op["name"] for op in ops if op["permit"] != "tool"]
    for name in names:
        for word in CASES:
            rows = have.pop((name, word), [])
            if len(rows) != 1:
                yield f"{name}: {len(rows)} rows of the case '{word}'"
            elif not rows[0].get("cannot", "why"):
                yield f"{name}: says no reason why '{word}' cannot be"
    for name, word in have:
        yield f"{name}, '{word}': no such operation or case"
    fails = {case["op"]: case for case in cases if case["case"] == "fails"}
    for op in ops:
        case = fails.get(op["name"], {})
        if ("fails" in case and op["returns"][-1] != "!") or ("cannot" in case and op["returns"][-1] == "!"):
            yield f"{op['name']}: `!` in the table says whether the world may say no, the case says otherwise"


def effects(folder):
    """The operations that the record has; one that was only refused has no answer to keep."""
    lines = (folder / "record/effects.jsonl").read_text().splitlines()
    return {effect["op"] for effect in map(json.loads, lines) if "op" in effect and "error" not in effect}


def check_replay(tap, world, folder, ops, asked):
    replay = world.call("replay", str(folder))
    worked = {case["op"] for case in asked if case["case"] == "works"}
    for op in ops:
        recorded = op["name"] in effects(folder)
        wanted = op["name"] in worked and op["kind"] not in ("pure", "shown", "local")
        tap.say(
            replay.returncode == 0 and recorded == wanted,
            f"{op['name']}: replayed",
            replay.stdout + replay.stderr + f"(in the record: {recorded})",
        )


def check_family(tap, world, ops, cases):
    answers = {op["name"]: types.answer(op["returns"]) for op in ops}
    asked = [case for case in cases if "cannot" not in case]
    folder, rows = world.run([{key: case[key] for key in ("op", "case", "args")} for case in asked])
    for case, row in zip(asked, rows, strict=True):
        tap.say(as_expected(case, row), f"{case['op']}: {case['case']}", f"{case}\ncame: {row}")
        if "gives" in row:
            wrong = types.misfits(answers[case["op"]], row["gives"])
            tap.say(not wrong, f"{case['op']}: answers as the table says", "\n".join(wrong))
    return folder, rows, asked


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--tlab", default="build/tlab")
    tlab = str(pathlib.Path(options.parse_args().tlab).resolve())
    tap = Tap()
    ops = json.loads(subprocess.run([tlab, "ops", "--json"], check=True, capture_output=True).stdout)
    cases = json.loads((HERE / "cases.json").read_text())
    missing = list(gaps(ops, cases))
    tap.say(not missing, "every operation has its cases", "\n".join(missing))
    unseen = [case for case in cases if not list(gaps(ops, [other for other in cases if other is not case]))]
    tap.say(not unseen, "no row of the list can go unseen", unseen)

    families = {}
    for op in ops:
        if op["permit"] != "tool":
            families.setdefault(op["name"].split(".")[0], []).append(op)
    with tempfile.TemporaryDirectory() as folder:
        world, runs = World(folder, tlab), {}
        for family in families:
            own = [case for case in cases if case["op"].split(".")[0] == family]
            runs[family] = check_family(tap, world, families[family], own)
            verify = world.call("verify", str(runs[family][0]))
            tap.say(verify.returncode == 0, f"{family}: verified", verify.stdout + verify.stderr)
        world.change()
        for family, (run, rows, asked) in runs.items():
            check_replay(tap, world, run, families[family], asked)
            if family in CHANGING:
                _, now = world.run([{key: case[key] for key in ("op", "case", "args")} for case in asked])
                tap.say(now != rows, f"{family}: asked anew, the changed world answers otherwise", now)
    print(f"1..{tap.count}")
    sys.exit(1 if tap.failed else 0)


main()
