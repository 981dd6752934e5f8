"""`tlab test` where it must not leak: no socket, no secret, nothing left behind, the lab as it was."""

import json
import os
import signal
import time

import pytest

import fault_server as f
from faults import gone_within, kill_and_reap, worker_pids
from lab import TLAB, Lab, call, wait_for

GET = """
return {
  name = 'get', summary = 'Gets.', home = 'out', needs = { net = { '$spec.url' } },
  run = function(run, spec)
    local answer = tlab.http.send { method = 'POST', url = spec.url, body = 'q' }
    run:write('answer', answer and answer.body or 'none')
    run:write('lab.json', run:read 'lab:lab.json')
    run:write('chance', tlab.rand.bytes(40) .. math.random(1 << 30) .. tlab.clock.now())
  end,
}
"""
LOOP = "return { name = 'loop', summary = 'Ends never.', home = 'out', run = function() while true do end end }"
SECRETS = {"KEY": {"hosts": ["127.0.0.1"]}}


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab", {"permits": {"allow": {"net": ["127.0.0.1:*"]}}, "secrets": SECRETS})
    lab.write("recipes/get.lua", GET)
    lab.write("recipes/loop.lua", LOOP)
    lab.scratch = tmp_path / "scratch"
    lab.scratch.mkdir()
    lab.env = {"TMPDIR": str(lab.scratch)}
    return lab


def write_test(lab, body):
    lab.write("tests/recipes/it_test.lua", f"local t = require 'tlab.test'\nt.test('it', function(lab)\n{body}\nend)\n")


def everything(lab):
    return {str(path): path.is_file() and path.read_bytes() for path in sorted(lab.root.rglob("*"))}


def test_no_socket_is_opened(lab):
    """Neither without answers, nor by the answers' URL, nor for one that has none."""
    with f.FaultServer([f.status(200, b"real")]) as server:
        write_test(
            lab,
            f"""
            local url = '{server.base_url}'
            t.eq(lab:run('get', {{ url = url }}):read 'answer', 'none')
            local given = {{ answers = {{ {{ url = url, body = 'given' }} }} }}
            t.eq(lab:run('get', {{ url = url }}, given):read 'answer', 'given')
            t.err(function() lab:run('get', {{ url = url .. '/x' }}, given) end, 'has no answer to: POST ')
            """,
        )
        done = lab.tlab("test", env=lab.env)
        assert done.exit == 0, done.out
        assert server.tries == 0
        # The server is one that can be reached.
        assert lab.tlab("get", f"url={server.base_url}").exit == 0 and server.tries == 1


def test_the_lab_stays_as_it_is_and_its_secrets_at_home(lab):
    lab.write("secrets/.env.lab", "KEY=hush\n")
    before = everything(lab)
    write_test(
        lab,
        """
        local run = lab:run('get', { url = 'http://127.0.0.1:1/' })
        t.eq(run:json('lab.json').secrets, nil)
        t.ok(run:json('lab.json').permits)
        """,
    )
    done = lab.tlab("test", env=lab.env)
    assert done.exit == 0, done.out
    (lab.root / "tests/recipes/it_test.lua").unlink()
    (lab.root / "tests/recipes").rmdir()
    (lab.root / "tests").rmdir()
    assert everything(lab) == before
    assert not list(lab.scratch.iterdir())


def test_clock_and_chance_are_the_same_each_time(lab):
    write_test(
        lab,
        "t.artifacts(lab:run('get', { url = 'http://127.0.0.1:1/' }), 'tests/recipes/it/expected')",
    )
    assert lab.tlab("test", "--update", env=lab.env).exit == 0
    chance = (lab.root / "tests/recipes/it/expected/chance").read_bytes()
    assert chance.endswith(b"1767225600000")
    lab.write("recipes/get.lua", GET + "-- another text, the same seed\n")
    assert lab.tlab("test", env=lab.env).exit == 0


LOOPING = "lab:write('begun', 'x') while true do end"
BODIES = {
    "a run computes": "lab:write('begun', 'x') lab:run('loop')",
    "the test computes": LOOPING,
    "the test computes, after a run": "lab:run('get', { url = 'http://127.0.0.1:1/' }) " + LOOPING,
}


@pytest.mark.parametrize("sig,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("body", BODIES)
def test_a_signal_ends_all_of_it(lab, body, sig, code):
    write_test(lab, BODIES[body])
    process = lab.start("test", env=lab.env)
    wait_for(lambda: list(lab.scratch.glob("*/1/begun")))
    if body == "a run computes":
        wait_for(lambda: len(worker_pids(process.pid)) == 2)
    time.sleep(0.2)
    workers = worker_pids(process.pid)
    exit_code, out, err = kill_and_reap(process, sig)
    assert exit_code == code, err
    assert "Bail out!" in out and "ok 1" not in out
    assert gone_within(workers, 30)
    assert not list(lab.scratch.iterdir())


def test_what_a_killed_one_left_is_swept(lab):
    write_test(lab, BODIES["the test computes"])
    process = lab.start("test", env=lab.env)
    wait_for(lambda: list(lab.scratch.glob("*/1/begun")))
    kill_and_reap(process, signal.SIGKILL)
    [left] = lab.scratch.iterdir()
    assert lab.tlab("gc", "--yes", env=lab.env).exit == 0 and left.exists()  # it may be of one that begins
    os.utime(left, (0, 0))
    done = lab.tlab("gc", "--yes", env=lab.env)
    assert "a test whose tlab was killed" in done.out + done.err and not left.exists()


def test_nowhere_to_put_the_labs(lab):
    write_test(lab, "")
    done = lab.tlab("test", env={"TMPDIR": str(lab.scratch / "none")})
    assert done.exit != 0 and "error[" in done.err and "none/tlab-tests-" in done.err, done.err


def test_many_runs_leave_no_descriptor_open(lab):
    """More labs and runs than a process may have files open."""
    lab.write("recipes/small.lua", "return { name = 'small', summary = 'S.', home = 'out', run = function() end }")
    lab.write(
        "tests/recipes/many_test.lua",
        """local t = require 'tlab.test'
        for i = 1, 40 do
          t.test('number ' .. i, function(lab) t.eq(lab:run('small').status, 'succeeded') end)
        end
        """,
    )
    done = call("bash", "-c", f"ulimit -n 48; exec {TLAB} test --json", cwd=lab.root, env=lab.env)
    assert json.loads(done.stdout)["passed"] == 40, done.stdout
