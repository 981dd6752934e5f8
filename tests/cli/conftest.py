"""Runs tests/cli/*.t: what a person types, and what must come of it. Each file has a folder of its
own, empty at first; each RUN is one test, in order. A line is a word and its text:

  FILE name        the lines behind it that begin with "| " become that file
  RUN command      given to bash; tlab is the binary under test
  EXIT code        0 when left out
  STDOUT text      standard output has this text in it; STDERR likewise
  NOT text         neither of the two has it
  TREE path        the path is there afterwards (a glob)
  # comment
"""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKS = ("EXIT", "STDOUT", "STDERR", "NOT", "TREE")


def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".t":
        return CliFile.from_parent(parent, path=file_path)


def parse(path):
    """The steps of a file: each has files to write first, a command and its checks."""
    steps, files, name = [], {}, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        word, _, text = line.partition(" ")
        if word == "|":
            files[name] += text + "\n"
        elif word == "FILE":
            name = text
            files[name] = ""
        elif word == "RUN":
            steps.append({"line": number, "run": text, "files": files, "checks": []})
            files = {}
        elif word in CHECKS and steps:
            steps[-1]["checks"].append((number, word, text))
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"{path}:{number}: not understood: {line}")
    return steps


class CliFile(pytest.File):
    def collect(self):
        folder = None

        def lazily():
            nonlocal folder
            if folder is None:
                folder = self.config._tmp_path_factory.mktemp(self.path.stem)
            return folder

        for step in parse(self.path):
            name = f"{step['line']}: {step['run']}"
            yield CliStep.from_parent(self, name=name, step=step, folder=lazily)


class CliStep(pytest.Item):
    def __init__(self, *, step, folder, **rest):
        super().__init__(**rest)
        self.step, self.folder = step, folder

    def runtest(self):
        folder = self.folder()
        for name, text in self.step["files"].items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        build = ROOT / os.environ.get("BUILD", "build")
        env = {"PATH": f"{build}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-c", self.step["run"]], cwd=folder, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=60, check=False,
        )
        out, err = (b.decode("utf-8", "replace") for b in (done.stdout, done.stderr))
        checks = self.step["checks"]
        if not any(word == "EXIT" for _, word, _ in checks):
            checks = [(self.step["line"], "EXIT", "0"), *checks]
        for number, word, text in checks:
            if not holds(word, text, done.returncode, out, err, folder):
                raise CliFailure(
                    f"{self.path}:{number}: {word} {text}\n$ {self.step['run']}\n"
                    f"exit {done.returncode}\nstdout:\n{out}\nstderr:\n{err}"
                )

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, CliFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, self.step["line"] - 1, self.name


class CliFailure(Exception):
    """A check of a .t file that does not hold."""


def holds(word, text, code, out, err, folder):
    if word == "EXIT":
        return code == int(text)
    if word == "STDOUT":
        return text in out
    if word == "STDERR":
        return text in err
    if word == "NOT":
        return text not in out and text not in err
    return any(folder.glob(text))
