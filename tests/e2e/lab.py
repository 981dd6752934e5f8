"""A lab in a folder of its own, and the binary at work in it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
TLAB = BUILD / "tlab"

# Says the largest resident memory of any process of a command, in KiB.
PEAK = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
EXIT = {
    "ok": 0,
    "RUN_FAILED": 1,
    "USAGE": 2,
    "INVALID": 3,
    "NOT_PERMITTED": 4,
    "DIFFERS": 5,
    "NOT_RECORDED": 6,
    "PROVIDER": 7,
    "NETWORK": 7,
    "STORAGE": 8,
    "INTERRUPTED": 130,
}


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)


def call(*words, cwd, ok=True, env=None, timeout=110, **more):
    """Any program, with the words as they are and nothing of this environment but PATH; `ok`: it must succeed."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **(env or {})},
        **more,
    )
    assert not ok or done.returncode == 0, done.stdout + done.stderr
    return done


def copy_repository(folder):
    """Its files as they are, but for what git ignores."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


class Lab:
    binary = TLAB

    def __init__(self, folder, config=None):
        self.root = pathlib.Path(folder)
        (self.root / "recipes").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "recipes" / "ai.lua", self.root / "recipes" / "ai.lua")
        self.write("lab.json", {"schema": "tlab.lab/1", **(config or {})})

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        if path.parent.name == "secrets":
            path.parent.chmod(0o700)
            path.chmod(0o600)
        return path

    def declare_net(self, host):
        """Adds a host to what recipes/ai.lua says it needs."""
        path = self.root / "recipes" / "ai.lua"
        text = path.read_text()
        assert "net = { '$spec.model.base_url' }" in text
        path.write_text(
            text.replace("net = { '$spec.model.base_url' }", f"net = {{ '$spec.model.base_url', '{host}' }}")
        )

    def command(self, *words):
        return [str(self.binary), *[str(word) for word in words]]

    def tlab(self, *words, timeout=60, env=None):
        """Runs the binary; `exit`, `out` and `err` of what came."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.root,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PATH": os.environ["PATH"], **(env or {})},
        )
        done.exit = done.returncode
        done.out, done.err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert "traceback" not in done.err.lower(), done.err
        return done

    def start(self, *words, env=None, **more):
        """The binary without waiting for it, in a session of its own."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], **(env or {})},
            start_new_session=True,
            **more,
        )

    def peak(self, *words, timeout=300):
        """The largest resident memory of any process of a command that does its work, in bytes."""
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *self.command(*words)],
            cwd=self.root,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout) * 1024

    def ai(self, base_url, *words, spec=None, **more):
        """Runs recipes/ai.lua on one question, or on `spec`, with the server's host allowed."""
        full = {"prompt": "What is the capital of France?", **(spec or {})}
        full["model"] = {"base_url": base_url, "name": "m", **(spec or {}).get("model", {})}
        self.write("spec.json", full)
        host = base_url.split("/")[2]
        return self.tlab("run", "recipes/ai.lua", "spec.json", f"--allow-net={host}", *words, **more)

    @property
    def latest(self):
        return (self.root / "latest").resolve()

    @property
    def manifest(self):
        return json.loads((self.latest / "run.json").read_text())

    def rows(self):
        lines = (self.latest / "answers.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def effects(self, op):
        """The record's answered lines of one operation, with the arguments they were asked with."""
        asked, out = {}, []
        for line in (self.latest / "record" / "effects.jsonl").read_text().splitlines():
            effect = json.loads(line)
            if effect.get("op") == op:
                asked[effect["n"]] = effect
            if effect["n"] in asked and ("result" in effect or "error" in effect):
                out.append({**asked[effect["n"]], **effect})
        return out

    def outputs(self):
        """Every file of the run but the manifest and the record, by name."""
        files = {}
        for path in sorted(self.latest.rglob("*")):
            name = str(path.relative_to(self.latest))
            if path.is_file() and name != "run.json" and not name.startswith("record/"):
                files[name] = path.read_bytes()
        return files
