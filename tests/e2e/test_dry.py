"""tlab run --dry-run touches nothing: not the lab, not the network, and its scratch folder does not stay."""

import json
import os
import pty
import signal
import subprocess

import pytest

import fault_server as f
from faults import kill_and_reap, worker_pids
from git_repo import Repo
from lab import Lab, wait_for

# A bit of everything that a recipe can ask for.
ALL = """
return {
  name = 'all', summary = 'A bit of everything.', home = 'ai-team/artifacts',
  spec = { type = 'object', properties = { url = { type = 'string' } }, required = { 'url' } },
  needs = { call = { 'day' }, net = { '$spec.url' }, run = { 'touch' }, read = { '/etc/hostname' }, env = { 'PATH' } },
  run = function(run, spec)
    tlab.fs.mkdir 'sub'
    run:write('sub/a.txt', ('a'):rep(5000))
    run:write('b.txt', tlab.fs.read 'lab:note.txt')
    tlab.fs.extend('b.txt', 'more')
    tlab.fs.copy('/etc/hostname', 'c.txt')
    tlab.fs.copy('lab:note.txt', 'd.txt')
    tlab.fs.remove 'd.txt'
    tlab.git.head()
    tlab.git.log { limit = 1 }
    local sent, err = tlab.http.send { method = 'POST', url = spec.url, body = 'x' }
    run:write_json('sent.json', { code = err and err.code, status = sent and sent.status })
    tlab.http.open { url = spec.url }
    tlab.git.fetch(spec.url .. '/repo')
    tlab.run.call('day', { date = '2026-10-03' })
    tlab.proc.run { argv = { 'touch', 'here' } }
    tlab.env.get 'PATH'
    tlab.clock.sleep(10)
    run:metric('n', tlab.clock.now() - tlab.clock.monotonic() and 1)
    tlab.rand.bytes(8)
  end,
}
"""
ALLOWED = ("--allow-run=touch", "--allow-read=/etc/hostname", "--allow-env=PATH")


def tree(root):
    """All of a folder: names, kinds, modes, sizes, times of change to the nanosecond."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [".", *folders, *files]:
            path = os.path.join(folder, name)
            stat = os.lstat(path)
            found[os.path.relpath(path, root)] = (stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return found


@pytest.fixture
def lab(tmp_path):
    repo = Repo(tmp_path / "lab")
    lab = Lab(repo.root)
    lab.write("recipes/all.lua", ALL)
    lab.write("note.txt", "a note\n")
    repo.commit("all")
    lab.scratch = tmp_path / "scratch"
    lab.scratch.mkdir()
    return lab


def dry(lab, *words, **more):
    """A dry run, and that it left nothing; the report."""
    before = tree(lab.root)
    done = lab.tlab(*words, "--dry-run", "--json", env={"TMPDIR": str(lab.scratch)}, **more)
    assert tree(lab.root) == before
    assert list(lab.scratch.iterdir()) == []
    return done, json.loads(done.out)


def by_op(report):
    return {effect["op"]: effect for effect in report["effects"]}


def test_nothing_is_touched(lab):
    """Neither the lab nor a server hears of it, whatever the recipe asks for."""
    with f.FaultServer([f.status(200, b"never")]) as server:
        done, report = dry(lab, "all", f"url={server.base_url}", *ALLOWED)
        assert not server.requests
    assert done.exit == 4
    assert report["options"] == [f"--allow-net={server.base_url.split('/')[2]}"]
    effects = by_op(report)
    outward = ("http.send", "http.open", "git.fetch", "run.call", "proc.run")
    assert all(effects[op]["answer"] == "not known" for op in outward), effects
    assert all(effects[op]["answer"] == "done" for op in effects if op not in outward), effects
    assert report["unknown"] == 5
    assert {file["path"]: file["size"] for file in report["outputs"]} == {
        "sub/a.txt": 5000,
        "b.txt": len("a note\nmore"),
        "c.txt": os.stat("/etc/hostname").st_size,
        "sent.json": len('{"code":"DRY_RUN"}\n'),
    }


def test_its_line_runs(lab):
    """What the report says is to be typed is all that it takes."""
    with f.FaultServer([f.status(200, b"ok")] * 8) as server:
        _, report = dry(lab, "all", f"url={server.base_url}")
        assert lab.tlab(*report["command"].split()[1:]).exit == 0
        again, report = dry(lab, *report["command"].split()[1:])
    assert again.exit == 0 and not report["missing"] and report["options"] == []
    assert {permit["by"] for permit in report["permits"]} == {"command line", "recipe"}
    assert report["key"] == lab.manifest["key"] and report["seed"] == lab.manifest["seed"]


def test_a_record_answers(lab):
    """With --reuse the answers are those of an old run, which is found without touching the index."""
    with f.FaultServer([f.status(200, b"ok")] * 8) as server:
        words = ("all", f"url={server.base_url}", f"--allow-net={server.base_url.split('/')[2]}", *ALLOWED)
        assert lab.tlab(*words).exit == 0
        asked = len(server.requests)
        for ref in ("latest", lab.manifest["id"][:8]):
            report = dry(lab, *words, f"--reuse={ref}")[1]
            effects = by_op(report)
            assert effects["http.send"]["answer"] == "recorded" and effects["proc.run"]["answer"] == "recorded"
            assert next(o["size"] for o in report["outputs"] if o["path"] == "sent.json") == len('{"status":200}\n')
        assert len(server.requests) == asked


def test_an_index_is_not_begun(lab):
    """Where runs.csv would be made before an answer, as in a clone, a dry run does without."""
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    (lab.root / "runs.csv").unlink()
    before = tree(lab.root)
    done = lab.tlab("day", "--dry-run", f"--reuse={lab.manifest['id'][:8]}")
    assert done.exit == 1 and "there is no run" in done.err
    assert lab.tlab("day", "--dry-run", "--reuse=2026/10/03").exit == 0
    assert tree(lab.root) == before


def test_nothing_is_asked_on_the_terminal(lab):
    main, other = pty.openpty()
    words = lab.command("all", "url=http://127.0.0.1:9", "--dry-run")
    with open("/dev/null", "wb") as nowhere:
        process = subprocess.Popen(words, cwd=lab.root, stdin=other, stdout=nowhere, stderr=other)
    assert process.wait(timeout=20) == 4
    os.close(other)
    os.close(main)


@pytest.mark.parametrize("words", [("all",), ("all", "url=1"), ("no-such",), ("day", "date=2026-10-03")])
def test_however_it_ends(lab, words):
    """Also where a run would not begin."""
    before = tree(lab.root)
    lab.tlab(*words, "--dry-run", env={"TMPDIR": str(lab.scratch)})
    assert tree(lab.root) == before and list(lab.scratch.iterdir()) == []


def test_retries_do_not_wait(lab):
    """A model that is not asked is not asked again."""
    lab.write("spec.json", {"prompt": "Q", "samples": 3, "model": {"base_url": "http://127.0.0.1:9/v1", "name": "m"}})
    done, report = dry(lab, "ai", "spec.json", timeout=20)
    effects = by_op(report)
    assert done.exit == 4 and effects["http.send"]["count"] == 3 and "clock.sleep" not in effects
    assert report["error"]["certain"] is False


BUSY = """
return {
  name = 'busy', summary = 'Does not end.', home = 'a',
  run = function(run)
    run:write('a', 'a')
    while true do end
  end,
}
"""


def busy(lab):
    """A dry run that has written something and does not end."""
    lab.write("recipes/busy.lua", BUSY)
    process = lab.start("busy", "--dry-run", env={"TMPDIR": str(lab.scratch)})
    wait_for(lambda: list(lab.scratch.glob("tlab-dry-*/a")))
    return process


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_stopped(lab, sig):
    """Ctrl-C: the scratch folder goes, the worker, too."""
    process = busy(lab)
    before = tree(lab.root)
    workers = worker_pids(process.pid)
    exit_code, out, err = kill_and_reap(process, sig)
    assert exit_code == 128 + sig and "error[INTERRUPTED]" in err and not out
    assert tree(lab.root) == before and list(lab.scratch.iterdir()) == []
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)


def test_killed(lab):
    """What a killed one leaves is rubbish, once it is old enough to be nobody's."""
    process = busy(lab)
    (folder,) = lab.scratch.iterdir()
    env = {"TMPDIR": str(lab.scratch)}
    os.utime(folder, (0, 0))
    assert lab.tlab("gc", "--yes", env=env).exit == 0 and folder.exists()
    kill_and_reap(process)
    os.utime(folder, (0, 0))
    assert lab.tlab("gc", "--yes", env=env).exit == 0 and not folder.exists()
