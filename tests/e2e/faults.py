"""Runs under faults: a recipe that does a bit of everything, strace, and what holds whatever happened.

What a run's folder may look like after any fault stands in `check_folder`; the rows (F1, S4 …) that the tests
name are those of the project's fault matrix.
"""

import collections
import functools
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import jsonschema

from lab import ROOT, TLAB, Lab

LOCAL = {"permits": {"allow": {"net": ["127.0.0.1:*"]}}}

# Several artifacts of several kinds, a blob, an outward effect, notes; `url` is where it sends.
MANY = """
return {
  name = 'many', summary = 'A bit of everything.', home = 'ai-team/artifacts',
  spec = { type = 'object', properties = { url = { type = 'string' } }, required = { 'url' } },
  needs = { net = { '$spec.url' } },
  run = function(run, spec)
    local function must(value, err)
      if value == nil then error(err) end
      return value
    end
    must(tlab.fs.write('a.txt', ('a'):rep(5000)))
    run:note('tag', { tag = 'fault' })
    local sum = must(tlab.hash.file('a.txt'))
    local reply = must(tlab.http.send { method = 'POST', url = spec.url, body = ('q'):rep(5000) })
    run:write('sub/reply.bin', reply.body)
    run:write_json('sum.json', { sum = sum.sha256, status = reply.status })
    run:metric('n', 1)
  end,
}
"""
REPLY = b"\xff" + bytes(range(256)) * 20  # what the server of the tests answers: no UTF-8, more than a line
ARTIFACTS = {
    "a.txt": b"a" * 5000,
    "sub/reply.bin": REPLY,
    "sum.json": json.dumps(
        {"status": 200, "sum": hashlib.sha256(b"a" * 5000).hexdigest()}, separators=(",", ":")
    ).encode()
    + b"\n",
}
TEMPORARY = re.compile(r"(^|/)\.tlab-tmp-[0-9a-f]{16}$|^record/blobs/[0-9a-f]{64}\.tmp$")


@functools.cache
def schema(name):
    text = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def check_folder(folder, whole=ARTIFACTS):
    """D2, F11: run.json is absent or valid; what has a final name is whole (`whole` None: any files). Returns the status, or None."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or TEMPORARY.search(name):
            continue
        data = path.read_bytes()
        if name.startswith("record/blobs/"):
            assert hashlib.sha256(data).hexdigest() == path.name, f"half a blob: {name}"
        elif whole and name in whole:
            assert data == whole[name], f"half a file: {name}"
        elif name == "spec.json":
            json.loads(data)
        elif name.startswith("record/recipe/"):
            assert data.endswith(b"\n"), f"half a file: {name}"
        elif name == "record/effects.jsonl":
            check_record(data)
        else:
            assert name == "run.json" or not whole, f"unexpected: {name}"
    if not (folder / "run.json").exists():
        return None
    manifest = json.loads((folder / "run.json").read_bytes())
    schema("run").validate(manifest)
    return manifest["status"]


def check_record(data):
    """Each whole line is an effect by the schema; only the last may be torn."""
    lines = data.split(b"\n")
    for line in lines[:-1]:
        schema("effect").validate(json.loads(line))


def strace_here():
    """Whether processes can be traced here (a container may forbid it)."""
    try:
        return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def worker_pids(parent):
    """Processes whose parent this is, by /proc."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
        except OSError:
            pass
    return found


def alive(pid):
    """Whether it runs: a zombie that nobody collects here does not."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rsplit(")", 1)[1].split()[0] not in "ZX"


def gone_within(pids, seconds):
    until = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(alive(pid) for pid in pids)


def words(server):
    """What `tlab` is told to run recipes/many.lua against a server."""
    return ["run", "many", f"url={server.base_url}"]


class FaultLab(Lab):
    """A lab with recipes/many.lua that may talk to this machine."""

    def __init__(self, folder, config=None):
        super().__init__(folder, {**LOCAL, **(config or {})})
        self.write("recipes/many.lua", MANY)

    def recipe(self, body, needs="", name="try"):
        """A recipe whose run(run, spec) has this body."""
        self.write(
            f"recipes/{name}.lua",
            (
                f"return {{ name = '{name}', summary = 's', home = 'ai-team/artifacts', needs = {{ {needs} }},\n"
                f"run = function(run, spec)\n{body}\nend }}\n"
            ),
        )
        return name

    def runs(self):
        return sorted(self.root.glob("2*/*/*/ai-team/artifacts/*"))

    def strace(self, words, *options, timeout=60, env=None):
        """The binary under strace; `log` has the lines of the trace, `exit` is -9 when it was killed."""
        log = self.root.parent / "strace.log"
        log.write_text("")
        done = subprocess.run(
            ["strace", "-o", log, "-qq", *options, TLAB, *words],
            cwd=self.root,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PATH": os.environ["PATH"], **(env or {})},
        )
        done.exit, done.err = done.returncode, done.stderr.decode(errors="replace")
        done.out = done.stdout.decode(errors="replace")
        done.log = log.read_text(errors="replace").splitlines()
        return done

    def points(self, words, calls):
        """For each system call how often the supervisor makes it: {call: (first in the run's life, last)}."""
        assert self.tlab(*words).exit == 0  # the day's folders are there from now on
        done = self.strace(words, "-e", "trace=mkdirat," + ",".join(calls))
        assert done.exit == 0, done.err
        total, first = collections.Counter(), {}
        for line in done.log:
            call = line.split("(")[0]
            if call == "mkdirat" and not first:
                first = dict(total)
            total[call] += 1
        return {call: (first.get(call, 0) + 1, total[call]) for call in calls if total[call]}

    def verify_is_true(self, folder, status):
        """What verify says of a folder after a fault: that it is running, and of files only that they are missing."""
        done = self.tlab("verify", folder, "--json")
        if status is None:
            assert done.exit == 1 and "there is no run" in done.out, done.out
            return
        findings = json.loads(done.out)["findings"]
        assert done.exit == (5 if findings else 0), done.out
        for finding in findings:
            if finding.get("field") == "status":
                assert status == "running" and "running" in finding["found"], finding
            elif finding["what"] == "extra":  # kept for an effect that could not be written down
                assert finding["path"].startswith("record/blobs/") and status == "failed", finding
            else:
                assert finding["what"] == "missing" and not (folder / finding["path"]).exists(), finding
        assert status != "running" or any(finding.get("field") == "status" for finding in findings), done.out
        assert status != "succeeded" or not findings, done.out

    def check_all(self):
        """check_folder for every run of the lab: {folder: status}."""
        return {folder: check_folder(folder) for folder in self.runs()}


def kill_and_reap(process, sig=signal.SIGKILL):
    process.send_signal(sig)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
