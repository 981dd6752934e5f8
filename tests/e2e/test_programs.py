"""proc.run through recipes: what a program gets and gives back, how it fails, and what holds it.

What the kernel keeps it from is tried attack by attack in tests/unit/test_proc_confine.c.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

import fault_server as f
from faults import FaultLab, kill_and_reap, schema
from lab import EXIT, TLAB, wait_for

HERE = pathlib.Path(__file__).resolve().parent
NAP = f"77.{os.getpid()}"  # seconds that no other process sleeps

RECIPE = """
return {
  name = 'try', summary = 'Runs a program.', home = 'ai-team/artifacts', spec = { type = 'object' },
  needs = { run = { 'sh', 'tool', 'cat' }, read = { READ } },
  run = function(run)
    local function must(value, err)
      if value == nil then error(err) end
      return value
    end
    BODY
  end,
}
"""


class Programs(FaultLab):
    """A lab, and a folder on PATH for programs that a test makes up."""

    def __init__(self, folder):
        super().__init__(folder / "lab")
        self.bin, self.scratch, self.outside = folder / "bin", folder / "scratch", folder / "outside"
        for path in (self.bin, self.scratch, self.outside):
            path.mkdir()
        self.env = {"PATH": f"{self.bin}:{os.environ['PATH']}", "TMPDIR": str(self.scratch)}

    def tool(self, text):
        path = self.bin / "tool"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def program(self, body):
        self.write("recipes/try.lua", RECIPE.replace("BODY", body).replace("READ", f"'{self.outside}'"))

    def words(self, *more):
        return [
            "run",
            "try",
            "--allow-run=sh",
            "--allow-run=tool",
            "--allow-run=cat",
            f"--allow-read={self.outside}",
            *more,
        ]

    def run(self, body, *more, under=()):
        self.program(body)
        done = subprocess.run(
            [*under, TLAB, *self.words(*more)],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            timeout=60,
            capture_output=True,
            text=True,
            env=self.env,
        )
        assert "traceback" not in done.stderr.lower(), done.stderr
        return done

    def says(self, script, *more, command="", **how):
        """What a script of sh prints; its words come from the recipe's command."""
        done = self.run(
            f"run:write('out.txt', must(tlab.proc.run {{ argv = {{ 'sh', '-c', [==[{script}]==] }}, {command} }}).stdout)",
            *more,
            **how,
        )
        assert done.returncode == 0, done.stderr
        assert self.left() == []
        return (self.latest / "out.txt").read_text()

    def left(self):
        return sorted(path.name for path in self.scratch.iterdir())


@pytest.fixture
def lab(tmp_path):
    return Programs(tmp_path)


def without(*calls):
    """A kernel that lacks these; the test is skipped where that cannot be played."""
    command = [sys.executable, str(HERE / "without.py"), *calls, "--"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("no filter of system calls can be loaded here")
    return command


def sleeping():
    return subprocess.run(["pgrep", "-f", f"^sleep {NAP}$"], capture_output=True).stdout.split()


# --- files in, files out, and all of it in the record -------------------------------------------------

EXCHANGE = """
local done = must(tlab.proc.run {
  argv = { 'tool', 'in/words.txt' },
  files = { ['in/words.txt'] = ('word\\n'):rep(2000) },
  collect = { 'out/*.txt', 'count' },
})
for name, bytes in pairs(done.files) do run:write(name, bytes) end
"""
TOOL = "mkdir out; wc -l <$1 >count; head -n 1 $1 >out/first.txt; cp $1 out/copy.txt; exit 3\n"


def test_files_go_in_and_come_out(lab):
    lab.tool(TOOL)
    assert lab.run(EXCHANGE).returncode == 0
    assert lab.outputs()["out/first.txt"] == b"word\n" and lab.outputs()["count"].strip() == b"2000"
    assert len(lab.outputs()["out/copy.txt"]) == 10000
    assert lab.left() == []
    [program] = lab.manifest["programs"]
    assert (program["name"], program["runs"], program["exits"]) == ("tool", 1, [3])
    assert program["confined"]["network"] == "none"
    schema("run").validate(lab.manifest)
    assert lab.tlab("verify", "latest").exit == 0
    shown = lab.tlab("show", "latest").out
    assert "programs\n  tool  1 run (exit 3)  no network" in shown, shown
    # What went in and out lies in the record by its hash; a changed byte is found.
    [effect] = lab.effects("proc.run")
    blob = effect["args"][0]["files"]["in/words.txt"]["$blob"]
    assert effect["result"]["files"]["out/copy.txt"]["$blob"] == blob
    (lab.latest / "record/blobs" / blob).write_bytes(b"x")
    assert lab.tlab("verify", "latest").exit == EXIT["DIFFERS"]


def test_a_replay_needs_no_program(lab):
    """Replayed, resumed and reused without the tool: the record has all that it said."""
    tool = lab.tool(TOOL)
    assert lab.run(EXCHANGE).returncode == 0
    first = lab.manifest
    tool.unlink()
    assert lab.tlab("replay", "latest").exit == 0
    done = lab.run(EXCHANGE, "--reuse=latest")
    assert done.returncode == 0, done.stderr
    assert lab.manifest["id"] != first["id"]
    assert [o["sha256"] for o in lab.manifest["outputs"]] == [o["sha256"] for o in first["outputs"]]
    assert lab.manifest["programs"] == first["programs"]


def test_a_manifest_that_says_otherwise_is_found(lab):
    lab.tool("exit 0\n")
    assert lab.run("must(tlab.proc.run { argv = { 'tool' } })").returncode == 0
    manifest = lab.manifest
    manifest["programs"][0]["confined"]["network"] = "open"
    (lab.latest / "run.json").write_text(json.dumps(manifest, separators=(",", ":"), sort_keys=True) + "\n")
    done = lab.tlab("verify", "latest")
    assert done.exit == EXIT["DIFFERS"] and "programs" in done.out


# --- faults ------------------------------------------------------------------------------------------------


def test_a_missing_program_says_where_it_was_looked_for(lab):
    done = lab.run("must(tlab.proc.run { argv = { 'tool' } })")
    assert done.returncode == EXIT["RUN_FAILED"]
    assert "error[NOT_FOUND]" in done.stderr and str(TLAB.parent / "tools") in done.stderr and "PATH" in done.stderr


def test_a_program_that_fails_or_crashes_is_a_result(lab):
    lab.tool("echo why >&2; test $1 = exit && exit 9; kill -SEGV $$\n")
    body = """for _, way in ipairs { 'exit', 'crash' } do
      local done = must(tlab.proc.run { argv = { 'tool', way } })
      run:say(way .. ' ' .. tostring(done.exit) .. ' ' .. tostring(done.signal) .. ' ' .. done.stderr)
    end"""
    done = lab.run(body)
    assert "exit 9 nil why" in done.stderr and "crash nil 11 why" in done.stderr
    [program] = lab.manifest["programs"]
    assert (program["runs"], program["exits"], program["signals"]) == (2, [9], [11])
    assert "tool  2 runs (exit 9, signal 11)" in lab.tlab("show", "latest").out


def test_a_program_that_hangs_is_ended_with_all_it_started(lab):
    lab.tool(f"trap '' TERM; setsid sleep {NAP} & sleep {NAP}\n")
    before = time.monotonic()
    done = lab.run("must(tlab.proc.run { argv = { 'tool' }, timeout_ms = 300 })")
    assert done.returncode == EXIT["RUN_FAILED"] and "error[TIMEOUT]" in done.stderr and "300 ms" in done.stderr
    assert time.monotonic() - before < 10 and sleeping() == [] and lab.left() == []


@pytest.mark.parametrize("flood", ["yes", "yes >&2", "yes >big; echo done"])
def test_a_program_that_floods_is_ended(lab, flood):
    lab.tool(flood + "\n")
    collect = ", collect = { 'big' }, timeout_ms = 2000" if "big" in flood else ""
    if "big" in flood:
        lab.tool("head -c 200000 /dev/zero >big\n")
    done = lab.run(f"must(tlab.proc.run {{ argv = {{ 'tool' }}, max_bytes = 100000{collect} }})")
    assert done.returncode == EXIT["RUN_FAILED"] and "error[LIMIT]" in done.stderr and "100000 bytes" in done.stderr
    assert lab.left() == []


def test_a_daemon_does_not_outlive_its_program(lab):
    assert lab.says(f"(setsid sh -c 'setsid sleep {NAP} >/dev/null 2>&1 &' &) ; sleep 0.3; echo done") == "done\n"
    assert sleeping() == []


def test_a_killed_tlab_takes_its_programs_along_and_gc_the_folder(lab):
    lab.program(f"must(tlab.proc.run {{ argv = {{ 'sh', '-c', 'setsid sleep {NAP} & sleep {NAP}' }} }})")
    process = lab.start(*lab.words(), env=lab.env)
    wait_for(lambda: len(sleeping()) == 2, 20)
    kill_and_reap(process)
    wait_for(lambda: sleeping() == [], 20)
    [folder] = lab.left()
    os.utime(lab.scratch / folder, (1_700_000_000, 1_700_000_000))
    done = lab.tlab("gc", "--yes", env={"TMPDIR": str(lab.scratch)})
    assert done.exit == 0 and "of a program whose tlab was killed" in done.out + done.err, done.err
    assert lab.left() == []
    assert lab.tlab("verify", "latest").exit != 70


def test_a_run_that_was_killed_under_a_program_is_resumed(lab):
    (lab.outside / "hang").write_text("")
    lab.program(
        f"""run:write('one.txt', must(tlab.proc.run {{ argv = {{ 'sh', '-c', 'echo one' }} }}).stdout)
      run:write('two.txt', must(tlab.proc.run {{
        argv = {{ 'sh', '-c', 'test -e outside/hang && sleep {NAP}; echo two' }}, read = {{ '{lab.outside}' }} }}).stdout)"""
    )
    process = lab.start(*lab.words(), env=lab.env)
    wait_for(sleeping, 20)
    kill_and_reap(process)
    (lab.outside / "hang").unlink()
    [run] = lab.runs()
    done = lab.tlab("resume", run, "--allow-run=sh", env=lab.env)
    assert done.exit == 0, done.err
    assert (run / "one.txt").read_text() + (run / "two.txt").read_text() == "one\ntwo\n"
    assert lab.tlab("verify", run).exit == 0
    assert [p["runs"] for p in json.loads((run / "run.json").read_text())["programs"]] == [1, 1]


def test_no_room_for_its_folder_is_told(lab):
    lab.env["TMPDIR"] = str(lab.scratch / "none")
    done = lab.run("must(tlab.proc.run { argv = { 'sh', '-c', 'true' } })")
    assert done.returncode == EXIT["STORAGE"] and "error[STORAGE]: cannot make a scratch folder in" in done.stderr


# --- what it may touch ----------------------------------------------------------------------------------


def test_the_lab_and_its_secrets_are_out_of_reach(lab):
    lab.write("secrets/.env.lab", "KEY=secret\n")
    lab.write("notes.md", "notes\n")
    (lab.outside / "o.txt").write_text("outside\n")
    script = (
        f"cat {lab.root}/secrets/.env.lab {lab.root}/notes.md {lab.outside}/o.txt /etc/passwd {lab.root}/lab.json; "
        f"ls {lab.root} {lab.outside} {lab.latest}; echo x >{lab.root}/new; echo end"
    )
    assert lab.says(script) == "end\n"
    assert not (lab.root / "new").exists()


def test_what_it_is_given_to_read(lab):
    (lab.outside / "o.txt").write_text("outside\n")
    lab.write("data/a/b.txt", "lab\n")
    said = lab.says(
        f"cat b.txt outside/o.txt {lab.outside}/o.txt; echo x >outside/o.txt; ls -A",
        command=f"read = {{ 'lab:data/a/b.txt', '{lab.outside}' }}",
    )
    assert said == "lab\noutside\noutside\nb.txt\noutside\n"
    [program] = lab.manifest["programs"]
    assert program["confined"]["files"] == "scratch folder; reads the system, 2 given"
    said = lab.says(
        "cat made.txt", command="read = { (function() run:write('made.txt', 'made') return 'made.txt' end)() }"
    )
    assert said == "made"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("lab:secrets/.env.lab", "NOT_PERMITTED"),
        ("/etc", "NOT_PERMITTED"),
        ("lab:.", "REFUSED"),
        (".", "NOT_PERMITTED"),
        ("record", "NOT_PERMITTED"),
        ("lab:data", "REFUSED"),
        ("lab:gone", "NOT_FOUND"),
        ("../x", "REFUSED"),
    ],
)
def test_what_is_not_given(lab, path, code):
    lab.write("secrets/.env.lab", "KEY=secret\n")
    lab.write("data/deep/id_rsa", "KEY\n")
    lab.run(
        f"local ok, a, b = pcall(tlab.proc.run, {{ argv = {{ 'sh', '-c', 'echo' }}, read = {{ '{path}' }} }})\n"
        "run:write('code.txt', (ok and b or a).code)"
    )
    assert (lab.latest / "code.txt").read_text() == code
    assert lab.left() == []


def test_there_is_no_network(lab):
    with f.FaultServer([]) as server:
        code = f"import urllib.request\ntry: urllib.request.urlopen('{server.base_url}')\nexcept OSError as e: print(e.reason)"
        said = lab.says(f'/usr/bin/python3 -c "{code}"')
        assert "not permitted" in said and server.requests == []


# --- kernels that have less ---------------------------------------------------------------------------


def test_what_the_kernel_lacks_is_said(lab):
    (lab.outside / "o.txt").write_text("outside\n")
    assert lab.says(f"cat {lab.outside}/o.txt", under=without("landlock_create_ruleset=ENOSYS")) == "outside\n"
    [program] = lab.manifest["programs"]
    assert program["confined"]["files"].startswith("open") and program["confined"]["network"] == "none"
    assert "no network; files open" in lab.tlab("show", "latest").out
    assert lab.says("echo a", under=without("unshare=EPERM")) == "a\n"
    assert lab.manifest["programs"][0]["confined"]["network"] == "none"
    assert lab.says("echo a", under=without("unshare=EPERM", "seccomp=EINVAL")) == "a\n"
    assert lab.manifest["programs"][0]["confined"]["network"] == "open"


def test_a_lab_may_demand_that_programs_are_held(lab):
    lab.write("lab.json", {"schema": "tlab.lab/1", "programs": {"confined": "always"}})
    assert lab.says("echo a") == "a\n"
    done = lab.run(
        "must(tlab.proc.run { argv = { 'sh', '-c', 'true' } })", under=without("landlock_create_ruleset=ENOSYS")
    )
    assert done.returncode == EXIT["RUN_FAILED"] and "error[UNSUPPORTED]" in done.stderr and "demands" in done.stderr
