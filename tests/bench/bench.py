"""What tlab costs, beside its peers and in one run: `make bench`.

    python3 tests/bench/bench.py [--figures FILE.md] [--only startup,calls,memory,replay,hash,size,listing,rebuild,growth,history,session]

Prints each figure with the command that gives it, writes all of them to $BUILD/bench.json and, where
asked, a page for people. A target that is not met is said, and is no failure: figures of a busy
machine are worth no more than the machine. A peer that cannot be installed is left out and named.
"""

import argparse
import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import bench_history
import bench_lab
import bench_session
import measure
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "bench"
BUILD = ROOT / os.environ.get("BUILD", "build")
TLAB = BUILD / "tlab"
PEERS = BUILD / "bench" / "venv" / "bin"

CALLS = 200
CONCURRENCY = 16
QUICK, SLOW, FEW = 40, 20, 5  # rounds for what takes milliseconds, a second, seconds
CONFIG = {"schema": "tlab.lab/1", "name": "bench", "permits": {"allow": {"net": ["127.0.0.1:*"]}}}


def peer_installed(name):
    """Whether the Python package is there (`make bench` has tried to install it)."""
    there = (
        PEERS.joinpath("python").exists()
        and subprocess.run(
            [PEERS / "python", "-c", f"import importlib.metadata as m; m.version('{name}')"], stderr=subprocess.DEVNULL
        ).returncode
        == 0
    )
    return there


# --- what is measured in -------------------------------------------------------------------------


def make_lab(folder, in_git):
    (folder / "recipes").mkdir(parents=True)
    shutil.copy(HERE / "empty.lua", folder / "recipes" / "empty.lua")
    shutil.copy(ROOT / "recipes" / "ai.lua", folder / "recipes" / "ai.lua")
    (folder / "lab.json").write_text(json.dumps(CONFIG))
    if in_git:
        git = ["git", "-C", folder, "-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
        (folder / ".gitignore").write_text("/20*/\n/latest\n")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "the lab"]):
            subprocess.run([*git, *words], check=True)
    return folder


@contextlib.contextmanager
def mock_server():
    """The base URL of tests/bench/mock.c, built by make."""
    server = subprocess.Popen([BUILD / "bench" / "mock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait()


def bodies(count):
    return [
        {
            "model": "mock-1",
            "temperature": 0,
            "seed": 7,
            "max_tokens": 64,
            "messages": [{"role": "user", "content": f"Question number {n}: what is a Merkle tree?"}],
        }
        for n in range(count)
    ]


def write_inputs(lab, url):
    """The same questions as a spec for tlab, a configuration for curl, and a model for llm."""
    for count in (1, CALLS):
        spec = {
            "model": {"base_url": url, "name": "mock-1"},
            "prompt": "Question number {{n}}: what is a Merkle tree?",
            "cases": [{"n": n} for n in range(count)],
            "params": {"temperature": 0, "seed": 7, "max_tokens": 64},
            "concurrency": CONCURRENCY,
        }
        (lab / f"spec-{count}.json").write_text(json.dumps(spec))
        quoted = [json.dumps(body).replace('"', '\\"') for body in bodies(count)]
        (lab / f"curl-{count}.cfg").write_text(
            "next\n".join(
                f'url = "{url}/chat/completions"\nheader = "content-type: application/json"\n'
                f'data = "{body}"\noutput = "/dev/null"\nsilent\n'
                for body in quoted
            )
        )
    home = lab / "llm"
    home.mkdir()
    (home / "extra-openai-models.yaml").write_text(f'- model_id: mock\n  model_name: mock-1\n  api_base: "{url}"\n')
    (home / "keys.json").write_text('{"openai": "none"}')
    return {"LLM_USER_PATH": str(home)}


# --- the sections --------------------------------------------------------------------------------


class Bench:
    def __init__(self, labs, url, page):
        self.plain, self.in_git = labs
        self.url = url
        self.page = page
        self.llm_env = write_inputs(self.plain, url)
        self.llm = peer_installed("llm")
        self.mlflow = peer_installed("mlflow-skinny")

    def tlab(self, name, *words, cwd=None):
        return measure.Command(name, [TLAB, *words], cwd or self.plain, "tlab " + " ".join(words))

    def program(self, name, *words):
        return measure.Command(name, list(words), self.plain, " ".join(words))

    def python(self, name, script, *words, env=None):
        argv = [PEERS / "python", HERE / script, *words]
        return measure.Command(name, argv, self.plain, f"python {script} {' '.join(words)}".strip(), env or {})

    def startup(self):
        quick = [
            self.tlab("tlab --version", "--version"),
            self.program("git --version", "git", "--version"),
            # sys.executable: `python3` itself may be a version manager's script.
            measure.Command("python3 -c ''", [sys.executable, "-c", ""], self.plain, "python3 -c ''"),
            self.tlab("empty recorded run", "run", "empty"),
            self.tlab("empty recorded run, lab in git", "run", "empty", cwd=self.in_git),
            self.tlab("completion: a command", "completion", "words", "--", "sh"),
            self.tlab("completion: keys of a spec", "completion", "words", "--", "ai", "mo"),
        ]
        slow = []
        if self.llm:
            slow.append(
                measure.Command(
                    "llm --version", [PEERS / "llm", "--version"], self.plain, "llm --version", self.llm_env
                )
            )
        if self.mlflow:
            store = {
                "MLFLOW_TRACKING_URI": (self.plain / "mlruns").as_uri(),
                "MLFLOW_ALLOW_FILE_STORE": "true",
                "GIT_PYTHON_REFRESH": "quiet",
            }
            slow.append(self.python("minimal mlflow run", "peer_mlflow.py", env=store))
        rows = self.times(quick, QUICK) | self.times(slow, SLOW)
        self.page.times("Start-up", rows, "git --version", [*quick, *slow])
        self.page.target(
            "tlab --version, wall time against git --version",
            rows["tlab --version"]["wall"] / rows["git --version"]["wall"],
            2,
            "×",
        )
        for name in ("empty recorded run", "empty recorded run, lab in git"):
            self.page.target(f"{name}, CPU time", 1000 * rows[name]["cpu"], 10, "ms")
        for name in ("completion: a command", "completion: keys of a spec"):
            self.page.target(f"{name}, CPU time", 1000 * rows[name]["cpu"], 20, "ms")

    def times(self, commands, rounds):
        """{name: {wall, cpu, cpu_best}} in seconds; cpu is the median."""
        if not commands:
            return {}
        cpu = measure.cpu_times(commands, rounds)
        wall = measure.wall_times(commands, rounds)
        return {
            name: {"wall": wall[name], "cpu": measure.median(cpu[name]), "cpu_best": min(cpu[name])} for name in cpu
        }

    def asking(self, count):
        """Who asks `count` questions."""
        commands = [
            self.tlab(f"tlab ai, {count}", "run", "ai", f"spec-{count}.json", "--quiet"),
            self.program(f"curl, {count}", "curl", "-Z", "--parallel-max", str(CONCURRENCY), "-K", f"curl-{count}.cfg"),
        ]
        if self.llm:
            commands.append(self.python(f"llm, {count}", "peer_llm.py", str(count), env=self.llm_env))
        return commands

    def calls(self):
        one, many = self.asking(1), self.asking(CALLS)
        rows = self.times([*one[:2], *many[:2]], QUICK) | self.times([*one[2:], *many[2:]], FEW)
        self.page.times(
            f"Calls to a local server, 1 and {CALLS} of them, {CONCURRENCY} at a time",
            rows,
            f"curl, {CALLS}",
            [*one, *many],
        )
        per_call = {}
        for few, lot in zip(one, many, strict=True):
            who = few.name.split(",")[0]
            per_call[who] = {
                kind: 1000 * (rows[lot.name][kind] - rows[few.name][kind]) / (CALLS - 1)
                for kind in ("cpu", "cpu_best", "wall")
            }
        self.page.per_call(per_call, CALLS)
        self.page.target("own CPU time a call, record included, median", per_call["tlab ai"]["cpu"], 0.2, "ms")

    def memory(self):
        figures = {command.name: measure.peak_memory(command, 3) for command in self.asking(CALLS)}
        self.page.memory(figures, self.asking(CALLS))
        self.page.target(
            f"peak memory of {CALLS} calls, both processes together", figures[f"tlab ai, {CALLS}"][0] / 2**20, 20, "MiB"
        )

    def replay(self):
        ask = self.asking(CALLS)[0]
        measure.finish(ask, ask.start())
        run = os.readlink(self.plain / "latest")
        command = self.tlab(f"replay of {CALLS} calls", "replay", run)
        command.shown = "tlab replay RUN"
        verify = self.tlab(f"verify of {CALLS} calls", "verify", run)
        verify.shown = "tlab verify RUN"
        rows = self.times([command, verify], QUICK)
        self.page.times("Replay", rows, None, [command, verify])
        self.page.target(f"replay of {CALLS} calls, wall time", 1000 * rows[command.name]["wall"], 100, "ms")

    def hash(self):
        path = self.plain / "1GiB"
        block = os.urandom(1 << 20)
        with open(path, "wb") as file:
            for _ in range(1024):
                file.write(block)
        commands = [
            self.tlab("tlab hash", "hash", path.name),
            self.program("sha256sum", "sha256sum", path.name),
            self.program("openssl dgst", "openssl", "dgst", "-sha256", path.name),
        ]
        rows = self.times(commands, FEW)
        path.unlink()
        self.page.times("SHA-256 of 1 GiB in the page cache", rows, "openssl dgst", commands)
        self.page.target(
            "tlab hash, wall time against openssl dgst",
            rows["tlab hash"]["wall"] / rows["openssl dgst"]["wall"],
            1.1,
            "×",
        )

    def size(self):
        stripped = BUILD / "bench" / "tlab-stripped"
        subprocess.run(["strip", "-o", stripped, TLAB], check=True)
        # Its bound is a rule (DECISIONS): what is in it may grow, what is around it may not.
        text = sum(
            path.stat().st_size
            for folder in ("lua", "schemas")
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
        )
        text += sum(path.stat().st_size for path in (ROOT / "recipes").glob("*.lua"))
        self.page.target(
            "size of the stripped binary", stripped.stat().st_size / 1e6, round(0.75 + 1.1 * text / 1e6, 2), "MB"
        )


SECTIONS = ["startup", "calls", "memory", "replay", "hash", "size"]
OF_A_LAB = ["listing", "rebuild", "growth"]
ALL = [*SECTIONS, *OF_A_LAB, "history", "session"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--figures", help="also write a Markdown page there")
    parser.add_argument("--only", default=",".join(ALL), help="sections by commas: " + ", ".join(ALL))
    options = parser.parse_args()
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)
    model, processors = measure.processor()
    page = report.Report(model, processors, measure.load())
    for peer in ("llm", "mlflow-skinny", "sqlalchemy", "pydriller", "ipython"):
        if not peer_installed(peer):
            page.skip(peer)
    with tempfile.TemporaryDirectory(prefix="tlab-bench-") as made, mock_server() as url:
        folder = pathlib.Path(made)
        labs = make_lab(folder / "plain", False), make_lab(folder / "git", True)
        bench = Bench(labs, url, page)
        grown = bench_lab.LabBench(folder, BUILD, PEERS / "python" if peer_installed("sqlalchemy") else None, page)
        history = bench_history.HistoryBench(
            folder, BUILD, PEERS / "python" if peer_installed("pydriller") else None, page
        )
        session = bench_session.SessionBench(
            labs[0], BUILD, PEERS / "python" if peer_installed("ipython") else None, page
        )
        owners = dict.fromkeys(OF_A_LAB, grown)
        owners |= {"history": history, "session": session}
        for section in options.only.split(","):
            getattr(owners.get(section, bench), section)()
    page.targets()
    (BUILD / "bench.json").write_text(json.dumps(page.data, indent=2, sort_keys=True) + "\n")
    if options.figures:
        pathlib.Path(options.figures).write_text(page.markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
