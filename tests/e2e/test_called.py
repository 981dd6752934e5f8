"""run:call: another recipe as a run of its own, what comes of it, and who ends whom."""

import json
import os
import pty
import signal
import subprocess
import time

import pytest

from faults import FaultLab, check_folder, gone_within, kill_and_reap, schema, worker_pids
from lab import EXIT, ROOT, TLAB, wait_for

CHILD = """
return {
  name = 'child', summary = 'Is called.', home = 'ai-team/artifacts',
  needs = { net = { '$spec.url' } },
  spec = { type = 'object', additionalProperties = false, properties = {
    n = { type = 'number', default = 3 }, fail = { type = 'string' }, ms = { type = 'integer' },
    url = { type = 'string' }, wait = { type = 'string' } } },
  run = function(run, spec)
    run:say 'the child talks'
    run:write_jsonl('rows.jsonl', { { n = spec.n } })
    run:write_csv('rows.csv', { { n = spec.n } })
    run:write_json('n.json', spec.n)
    run:metric('n', spec.n)
    if spec.ms then tlab.clock.sleep(spec.ms) end
    if spec.wait then tlab.clock.sleep(run:input(spec.wait)) end
    if spec.url then assert(tlab.http.send { method = 'GET', url = spec.url }) end
    if spec.fail then error { code = spec.fail, message = 'it was told to fail' } end
  end,
}
"""


class Calls(FaultLab):
    def __init__(self, folder, config=None):
        super().__init__(folder, config)
        self.write("recipes/child.lua", CHILD)

    def parent(self, body, needs="call = { 'child' }"):
        self.recipe(body, needs=needs, name="parent")
        return ["run", "parent"]

    def manifests(self, name):
        """Of all runs of a recipe, in the order of their start."""
        found = [json.loads((run / "run.json").read_text()) for run in self.runs() if (run / "run.json").exists()]
        for manifest in found:
            schema("run").validate(manifest)
        return sorted((m for m in found if m["recipe"]["name"] == name), key=lambda m: m["time"]["started"])


@pytest.fixture
def lab(tmp_path):
    return Calls(tmp_path / "lab")


READS = """
local child = run:call('child', { n = 7 })
run:write_json('came.json', {
  id = child.id, folder = child.folder, status = child.status, n = child.metrics.n, files = #child.outputs,
  rows = child:rows 'rows.jsonl', cells = child:rows 'rows.csv', json = child:json 'n.json', text = child:read 'n.json',
})
"""


def test_a_run_calls_another_and_reads_what_it_made(lab):
    done = lab.tlab(*lab.parent(READS))
    assert done.exit == 0 and "the child talks" not in done.err, done.err
    parent, child = lab.manifest, lab.manifests("child")[0]
    assert parent["recipe"]["name"] == "parent", "latest is the run that a person asked for"
    assert json.loads((lab.latest / "came.json").read_text()) == {
        "id": child["id"],
        "folder": child["folder"],
        "status": "succeeded",
        "n": 7,
        "files": 4,
        "rows": [{"n": 7}],
        "cells": [{"n": "7"}],
        "json": 7,
        "text": "7\n",
    }
    told = {"id": child["id"], "folder": child["folder"], "recipe": "child", "status": "succeeded"}
    assert parent["calls"] == [told]
    assert child["parent"] == {"id": parent["id"], "folder": parent["folder"], "depth": 1}
    assert child["spec"]["from"] == ["-"] and child["limits"] == parent["limits"]
    assert f"lab:{child['folder']}/rows.jsonl" in [i["path"] for i in parent["inputs"]]
    assert f"  child  {child['id'][:8]}  succeeded  {child['folder']}\n" in lab.tlab("show", "latest").out
    shown = lab.tlab("show", child["id"][:8]).out
    assert f"called by  {parent['id'][:8]} {parent['folder']}\n" in shown
    for run in (parent, child):
        assert lab.tlab("verify", run["id"][:8]).exit == 0
        assert lab.tlab("replay", run["id"][:8]).exit == 0


def test_recipes_are_those_of_the_lab_wherever_the_command_is_typed(lab):
    lab.write("sub/recipes/child.lua", "return {}\n")
    words = lab.parent("run:call 'child'")
    done = subprocess.run(lab.command(*words), cwd=lab.root / "sub", capture_output=True, timeout=60)
    assert done.returncode == 0 and len(lab.manifests("child")) == 1, done.stderr


def test_a_replay_starts_nothing(lab):
    assert lab.tlab(*lab.parent(READS)).exit == 0
    (lab.root / "recipes/child.lua").unlink()
    before = lab.runs()
    assert lab.tlab("replay", "latest").exit == 0
    assert lab.runs() == before


def test_several_at_once(lab):
    body = (
        "run:map({ 1, 2, 3, 4 }, function(n) return run:call('child', { n = n, ms = 2000 }) end, { concurrency = 4 })"
    )
    before = time.monotonic()
    assert lab.tlab(*lab.parent(body)).exit == 0
    assert time.monotonic() - before < 4 * 2
    assert sorted(m["metrics"]["n"] for m in lab.manifests("child")) == [1, 2, 3, 4]
    assert len(lab.manifest["calls"]) == 4 and lab.tlab("verify", "latest").exit == 0
    assert lab.tlab("replay", "latest").exit == 0
    assert lab.tlab("runs", "--csv").out.count("\n") == 6


def test_a_child_that_fails_ends_its_caller_with_the_same_code(lab):
    done = lab.tlab(*lab.parent("run:call('child', { fail = 'PROVIDER' })"))
    child = lab.manifests("child")[0]
    assert done.exit == EXIT["PROVIDER"]
    assert f"error[PROVIDER]: child {child['id'][:8]} failed: it was told to fail\n" in done.err
    assert "recipes/parent.lua:3" in done.err and f"help: tlab show {child['id'][:8]}" in done.err
    assert lab.manifest["calls"][0]["status"] == "failed"
    assert lab.tlab("replay", "latest").exit == 0


def test_a_child_that_fails_can_be_had_back_instead(lab):
    body = """
    local child, err = run:call('child', { fail = 'PROVIDER', n = 5 }, { raise = false })
    assert(child.status == 'failed' and child.error.code == 'PROVIDER' and child:json 'n.json' == 5)
    assert(err.code == 'PROVIDER' and tostring(err):find 'it was told to fail')
    local none, why = run:call('child', { m = 1 }, { raise = false })
    assert(none == nil and why.code == 'INVALID', tostring(why))
    run:write('why.txt', tostring(why))
    local good, nothing = run:call('child', nil, { raise = false })
    assert(good.status == 'succeeded' and nothing == nil)
    """
    done = lab.tlab(*lab.parent(body))
    assert done.exit == 0, done.err
    assert "child: the spec is not valid: 1 error: /m: unknown key" in (lab.latest / "why.txt").read_text()
    assert [call["status"] for call in lab.manifest["calls"]] == ["failed", "succeeded"]
    assert len(lab.manifests("child")) == 2


@pytest.mark.parametrize(
    ("call", "code", "told"),
    [
        ("run:call 'ai'", "NOT_PERMITTED", "in the recipe: needs = { call = { 'ai' } }"),
        ("run:call 'none'", "NOT_FOUND", "none: there is no recipe recipes/none.lua"),
        ("run:call('child', { n = 'x' })", "INVALID", "/n: expected a number"),
        ("run:call('child', { n = 0 / 0 })", "INVALID", "0/0"),
        ("run:call('child', { url = tlab.secret 'KEY' })", "ARGUMENT", "a spec cannot hold a secret"),
        ("run:call '../x'", "NOT_PERMITTED", "calling the recipe ../x is not declared"),
        ("run:call('child', 7)", "ARGUMENT", "a map was expected"),
    ],
)
def test_wrong_use(lab, call, code, told):
    done = lab.tlab(*lab.parent(call, needs="call = { 'child', 'none' }"))
    assert f"error[{code}]" in done.err and told in done.err, done.err
    assert lab.manifests("child") == []


def test_a_session_calls_recipes_by_name_only(lab):
    lines = b"run:call('child', { n = 4 }):json 'n.json'\nrun:call '../recipes/child'\n"
    done = subprocess.run(lab.command("repl"), cwd=lab.root, input=lines, capture_output=True, timeout=60)
    assert done.stdout == b"4\n" and b"takes the name of a recipe of the lab, such as 'ai'" in done.stderr
    assert [m["metrics"]["n"] for m in lab.manifests("child")] == [4]


def test_what_may_be_called_can_stand_in_the_spec(lab):
    words = lab.parent("run:call(spec.which)", needs="call = { '$spec.which' }")
    assert lab.tlab(*words, "which=child").exit == 0
    done = lab.tlab(*words, "which=../x")
    assert done.exit == EXIT["INVALID"] and "expected the name of a recipe, such as 'ai'" in done.err


def test_permits_are_those_of_the_command_and_nothing_is_asked(lab):
    lab.write("lab.json", {"schema": "tlab.lab/1"})
    words = lab.parent("run:call('child', { url = 'http://127.0.0.1:1/' })")
    done = lab.tlab(*words)
    assert done.exit == EXIT["NOT_PERMITTED"]
    assert "help: --allow-net=127.0.0.1:1  # with the command that was typed" in done.err
    assert lab.tlab(*words, "--allow-net=127.0.0.1:1").exit == EXIT["NETWORK"]
    assert [m["permits"]["allowed"]["net"] for m in lab.manifests("child")] == [[], ["127.0.0.1:1"]]


def test_offline_and_limits_are_the_callers(lab, server):
    words = lab.parent(f"run:call('child', {{ url = '{server.base_url}' }})")
    assert lab.tlab(*words, "--offline").exit == EXIT["NOT_RECORDED"]
    assert server.tries == 0 and lab.manifests("child")[0]["error"]["message"].startswith("http.send: the run is off")
    assert lab.tlab(*words, "--limit-memory=64M", "--limit-cpu=7", "--limit-seconds=50").exit == 0
    limits = {"memory": 64 << 20, "cpu_seconds": 7, "seconds": 50}
    assert lab.manifest["limits"] == limits and lab.manifests("child")[-1]["limits"] == limits


@pytest.mark.slow
def test_what_is_granted_on_the_terminal_is_for_the_one_that_asked(lab):
    lab.write("lab.json", {"schema": "tlab.lab/1"})
    url = "http://127.0.0.1:1/"
    words = lab.parent(f"run:call('child', {{ url = '{url}' }})", f"call = {{ 'child' }}, net = {{ '{url}' }}")
    main, other = pty.openpty()
    process = subprocess.Popen(
        lab.command(*words), cwd=lab.root, stdin=other, stdout=other, stderr=other, start_new_session=True
    )
    os.close(other)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(main, 1000)
    os.write(main, b"y\n")
    process.wait(timeout=60)
    os.close(main)
    assert lab.manifest["permits"]["allowed"]["net"] == ["127.0.0.1:1"]
    assert lab.manifests("child")[0]["error"]["code"] == "NOT_PERMITTED"


@pytest.mark.slow
def test_at_most_sixteen_at_once(lab):
    body = "local n = {} for i = 1, 17 do n[i] = i end\n"
    body += "run:map(n, function(i) return run:call('child', { n = i, ms = 3000 }) end, { concurrency = CONCURRENCY })"
    done = lab.tlab(*lab.parent(body.replace("CONCURRENCY", "17")))
    assert "error[LIMIT]: 16 called runs are at work already" in done.err
    assert lab.tlab(*lab.parent(body.replace("CONCURRENCY", "16"))).exit == 0


@pytest.mark.slow
def test_two_runs_of_a_caller_are_compared_by_what_the_called_made(lab):
    words = lab.parent("run:call('child', { n = spec.n }):read 'n.json'")
    for n in (1, 1, 2):
        assert lab.tlab(*words, f"n={n}").exit == 0
    first, second, third = [m["id"][:8] for m in lab.manifests("parent")]
    same = lab.tlab("diff", first, second)
    assert same.exit == 0 and same.out.startswith("same experiment"), same.out
    other = lab.tlab("diff", first, third).out
    assert '/child: n.json  "' in other and "effect 1, run.call" in other, other


@pytest.mark.slow
def test_runs_do_not_call_each_other_without_end(lab):
    lab.parent("run:call 'parent'", needs="call = { 'parent' }")
    done = lab.tlab("run", "parent")
    assert done.exit == 1 and "runs call each other 4 deep at most: parent is not started" in done.err
    assert [m["parent"]["depth"] for m in lab.manifests("parent")[1:]] == [1, 2, 3, 4]


@pytest.mark.slow
def test_the_library_is_the_callers(lab):
    lua = os.path.relpath(ROOT / "lua", lab.root)
    assert lab.tlab("--dev-lua", lua, *lab.parent("run:call 'child'")).exit == 0
    library = lab.manifests("child")[0]["tool"]["library"]
    assert library.startswith("override:") and library == lab.manifest["tool"]["library"]


@pytest.mark.slow
def test_reuse_calls_only_what_did_not_succeed(lab):
    body = """
    run:call('child', { n = 1 })
    run:call('child', { n = 2, fail = 'PROVIDER' }, { raise = false })
    run:call('child', { n = spec.n or 3 })
    """
    words = lab.parent(body)
    assert lab.tlab(*words).exit == 0
    assert lab.tlab(*words, "--reuse", "latest", "n=4").exit == 0
    assert [m["metrics"]["n"] for m in lab.manifests("child")] == [1, 2, 3, 2, 4]
    assert lab.manifest["calls"][0] == lab.manifests("parent")[0]["calls"][0]


# --- who ends whom ------------------------------------------------------------------------------------


def start(lab, body="run:call('child', { ms = 60000 })"):
    """A parent whose child is at work: the process and the numbers of those that came of it."""
    process = lab.start(*lab.parent(body))
    wait_for(lambda: lab.manifests("child") and list(lab.root.glob("2*/*/*/ai-team/artifacts/*child*/n.json")))
    below = worker_pids(process.pid)
    return process, below, below + [pid for each in below for pid in worker_pids(each)]


@pytest.mark.parametrize(
    ("sig", "exit_code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_both_as_interrupted(lab, sig, exit_code):
    process, _, below = start(lab)
    process.send_signal(sig)
    assert process.wait(timeout=60) == exit_code  # not until its pipes are closed: the child has them, too
    assert gone_within(below, 0), "the command returned before the child had ended"
    parent, child = lab.manifests("parent")[0], lab.manifests("child")[0]
    assert (parent["status"], child["status"]) == ("interrupted", "interrupted")
    assert child["error"]["code"] == "INTERRUPTED" and "calls" not in parent
    for run in (parent, child):
        assert lab.tlab("verify", run["id"][:8]).exit == 0


def test_the_death_of_the_parent_ends_the_child_as_interrupted(lab):
    process, _, below = start(lab)
    kill_and_reap(process)
    assert gone_within(below, 30)
    assert lab.manifests("child")[0]["status"] == "interrupted"
    assert lab.manifests("parent")[0]["status"] == "running"
    assert not (lab.root / "latest").is_symlink(), "the called run is not what a person asked for"
    assert [line.split(",")[3] for line in lab.tlab("runs", "--csv").out.splitlines()[1:]] == ["interrupted"] * 2
    assert all(check_folder(folder, whole=None) for folder in lab.runs())


@pytest.mark.slow
def test_a_child_that_does_not_end_is_killed(lab):
    process, (first, second), below = start(lab)
    os.kill(first if worker_pids(first) else second, signal.SIGSTOP)
    before = time.monotonic()
    assert kill_and_reap(process, signal.SIGTERM)[0] == 143
    assert 9 < time.monotonic() - before < 40 and gone_within(below, 30)
    assert lab.manifests("parent")[0]["status"] == "interrupted"


def test_one_whose_caller_is_gone_already_does_nothing(lab):
    for caller in ("1", str(os.getpid() + 1)):
        done = subprocess.run(
            ["tlab-called", caller], executable=TLAB, cwd=lab.root, input=b"{}", capture_output=True, timeout=60
        )
        assert (done.returncode, done.stdout) == (143, b""), done.stderr
    assert lab.runs() == []


@pytest.mark.slow
def test_a_time_limit_of_the_parent_ends_the_child(lab):
    done = lab.tlab(*lab.parent("run:call('child', { ms = 60000 })"), "--limit-seconds=3")
    assert "the run reached its limit of 3 s" in done.err
    assert lab.manifests("parent")[0]["status"] == "timeout"
    assert lab.manifests("child")[0]["status"] in ("timeout", "interrupted")


def test_a_child_that_is_killed(lab):
    process, (first, second), _ = start(lab)
    caller = first if worker_pids(first) else second
    os.kill(caller, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    child = lab.manifests("child")[0]
    assert process.returncode == 1, err
    assert (
        f"error[CRASHED]: child {child['id'][:8]} interrupted: the run of child was ended by signal 9" in err.decode()
    )
    assert lab.manifests("parent")[0]["calls"][0]["status"] == "interrupted"
    assert lab.tlab("replay", "latest").exit == 0


def test_a_child_that_is_stopped_alone_is_told_of(lab):
    process, (first, second), _ = start(lab)
    os.kill(first if worker_pids(first) else second, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert b"error[INTERRUPTED]: child" in err
    assert lab.manifests("child")[0]["status"] == "interrupted"
    assert lab.manifests("parent")[0]["status"] == "failed"


def test_an_unanswered_call_is_performed_again_by_resume(lab):
    body = """
    run:call('child', { n = 1 })
    run:call('child', { n = 2, wait = 'ms.json' })
    """
    lab.write("ms.json", "60000")
    process = lab.start(*lab.parent(body))
    wait_for(lambda: len(lab.manifests("child")) == 2)
    kill_and_reap(process)
    wait_for(lambda: lab.manifests("child")[1]["status"] == "interrupted")
    lab.write("ms.json", "0")
    parent = lab.manifests("parent")[0]
    done = lab.tlab("resume", parent["id"][:8])
    assert done.exit == 0, done.err
    children = lab.manifests("child")
    assert [m["spec"]["values"]["n"] for m in children] == [1, 2, 2] and children[2]["status"] == "succeeded"
    assert all(m["parent"]["id"] == parent["id"] for m in children)
    resumed = lab.manifests("parent")[0]
    assert [call["id"] for call in resumed["calls"]] == [children[0]["id"], children[2]["id"]]
    assert lab.tlab("verify", parent["id"][:8]).exit == 0
    assert lab.tlab("replay", parent["id"][:8]).exit == 0
