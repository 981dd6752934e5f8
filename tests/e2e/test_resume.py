"""tlab resume: a run that was cut off comes to the end that it would have had."""

import hashlib
import json
import shutil
import signal
import subprocess
import time

import pytest

import fault_server as f
from faults import FaultLab, check_folder, kill_and_reap, strace_here
from lab import EXIT, ROOT, TLAB
from test_kill import wait_for

# All kinds of effects, one after the other and side by side; what is written depends on the answers only.
LONG = """
return {
  name = 'long', summary = 'All kinds of effects.', home = 'ai-team/artifacts',
  spec = { type = 'object', properties = { url = { type = 'string' } }, required = { 'url' } },
  needs = { net = { '$spec.url' }, run = { 'sh' } },
  run = function(run, spec)
    local csv = require 'tlab.csv'
    local function must(value, err)
      if value == nil then error(err) end
      return value
    end
    local function send(path)
      return must(tlab.http.send { method = 'POST', url = spec.url .. path, body = path }).body
    end
    must(tlab.fs.mkdir 'd/e')
    run:write('d/gone.txt', 'gone')
    run:note('tag', { tag = 'long' })
    must(tlab.clock.now())
    local began = must(tlab.clock.monotonic())
    must(tlab.rand.bytes(8))
    run:write('one.bin', send '/one')
    must(tlab.fs.remove 'd/gone.txt')
    local rows = run:map({ 1, 2, 3, 4, 5 }, function(i)
      if i == 2 then must(tlab.clock.sleep(3)) end
      local body = send('/map/' .. i)
      run:write('map/' .. i .. '.txt', body)
      return { i, body }
    end, { concurrency = 3 })
    local both = run:map({ '/stream/a', '/stream/b' }, function(path)
      local answer = must(tlab.http.open { method = 'POST', url = spec.url .. path, body = path })
      local parts = {}
      while true do
        local piece, err = tlab.http.next(answer.handle)
        if err then error(err) end
        if not piece then break end
        parts[#parts + 1] = piece
      end
      must(tlab.http.close(answer.handle))
      return table.concat(parts)
    end)
    run:write('stream.txt', table.concat(both, '|'))
    run:write('proc.txt', must(tlab.proc.run { argv = { 'sh', '-c', 'echo done' } }).stdout)
    must(tlab.fs.copy('lab:notes.md', 'notes.md'))
    assert(must(tlab.clock.monotonic()) >= began, 'the clock jumped back')
    run:write_csv('rows.csv', rows)
    run:write_json('all.json', { #rows, math.random(1000000) })
    run:metric('rows', #rows)
  end,
}
"""
NOTES = "from the lab\n"


def reply(connection, request):
    """The same bytes for the same path, whenever it is asked; /one is no UTF-8 and long, streams come in pieces."""
    if request.path.startswith("/v1/stream"):
        pieces = [f"{request.path} piece {i} ".encode() * 3 for i in range(4)]
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(b"".join(pieces))
        connection.sendall(head)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.002)
    elif request.path == "/v1/one":
        f.status(200, b"\xff" + b"one" * 3000, kind="application/octet-stream")(connection, request)
    else:
        f.status(200, f"answer to {request.path}", kind="text/plain")(connection, request)


@pytest.fixture
def server():
    with f.FaultServer([reply]) as server:
        yield server


@pytest.fixture
def lab(tmp_path):
    lab = FaultLab(tmp_path / "lab", {"permits": {"allow": {"net": ["127.0.0.1:*"], "run": ["sh"]}}})
    lab.write("recipes/long.lua", LONG)
    lab.write("notes.md", NOTES)
    return lab


def outputs(folder):
    """Every file of a run but the manifest and the record."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and name != "run.json" and not name.startswith("record/"):
            files[name] = path.read_bytes()
    return files


class Whole:
    """An uninterrupted run, and how it is cut back to what a kill would have left."""

    def __init__(self, lab, server):
        done = lab.tlab("run", "long", f"url={server.base_url}")
        assert done.exit == 0, done.err
        self.lab, self.server = lab, server
        self.folder = lab.latest
        self.manifest = lab.manifest
        self.files = outputs(self.folder)
        self.record = (self.folder / "record/effects.jsonl").read_bytes()
        self.kept = lab.root / "kept"
        shutil.copytree(self.folder, self.kept)

    def cut(self, size):
        """The folder as a kill leaves it after `size` bytes of the record."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)
        (self.folder / "record/effects.jsonl").write_bytes(self.record[:size])
        (self.folder / "map/9.txt").write_text("of an effect that is not recorded")
        (self.folder / ".tlab-tmp-0123456789abcdef").write_text("half")
        (self.folder / "record/blobs" / ("0" * 64 + ".tmp")).write_text("half")
        running = dict(self.manifest, status="running", time={"started": self.manifest["time"]["started"]})
        for field in ["effects", "outputs", "metrics", "tags", "inputs", "resumed"]:
            running.pop(field, None)
        (self.folder / "run.json").write_text(json.dumps(running))

    def check(self, done, thorough=True):
        """It ended as if nothing had been."""
        assert done.exit == 0, done.err
        assert outputs(self.folder) == self.files
        now = json.loads((self.folder / "run.json").read_text())
        assert check_folder(self.folder, None) == "succeeded"
        for field in ["id", "key", "seed", "spec", "recipe", "git", "outputs", "metrics", "tags", "inputs", "permits"]:
            assert now.get(field) == self.manifest.get(field), field
        for field in ["count", "failed", "refused"]:
            if (
                field != "count"
                or now["effects"]["by_op"]["http.next"] == self.manifest["effects"]["by_op"]["http.next"]
            ):
                assert now["effects"][field] == self.manifest["effects"][field]
        if thorough:
            for command in ["verify", "replay"]:
                told = self.lab.tlab(command, self.folder)
                assert told.exit == 0, (command, told.out, told.err)
        return now


def unanswered(record):
    """What a server is to see again or for the first time: requests without an answer in this record, and streams
    that the record has not all of."""
    asked, ended, streams = {}, set(), {}
    for line in record.split(b"\n")[:-1]:
        effect = json.loads(line)
        if effect.get("op") in ("http.send", "http.open"):
            asked[effect["n"]] = effect["args"][0]["url"]
        if effect["n"] in asked and "result" in effect:
            ended.add(effect["n"])
            if "handle" in effect["result"]:
                streams[effect["result"]["handle"]] = effect["n"]
        if effect.get("op") == "http.next" and "result" in effect and effect["result"] is None:
            streams.pop(effect["args"][0], None)
    return {url for n, url in asked.items() if n not in ended or n in streams.values()}, set(asked.values())


def resume_after(whole, size, thorough=True):
    whole.cut(size)
    again, before = unanswered(whole.record[:size])
    seen = len(whole.server.requests)
    done = whole.lab.tlab("resume", whole.manifest["id"][:8])
    now = whole.check(done, thorough)
    paths = [whole.server.base_url[: -len("/v1")] + request.path for request in whole.server.requests[seen:]]
    assert len(paths) == len(set(paths)), "twice in one resume"
    assert set(paths) & before == again, "only what was in flight is asked again"
    return now, done


def line_ends(record):
    return [at + 1 for at, byte in enumerate(record) if byte == 10]


def test_cut_at_some_lines(lab, server):
    """The daily sample of the sweep below, with what the manifest says of it."""
    whole = Whole(lab, server)
    ends = line_ends(whole.record)
    asked = next(end for end in ends if unanswered(whole.record[:end])[0])
    now, done = resume_after(whole, asked)
    [entry] = now["resumed"]
    assert entry["status"] == "running" and entry["effect"] == entry["again"][0], entry
    assert f"effect {entry['effect']} was performed a second time" in done.err
    assert now["time"]["started"] == whole.manifest["time"]["started"]
    now, done = resume_after(whole, len(whole.record))
    [entry] = now["resumed"]
    assert entry["effect"] == now["effects"]["count"] + 1 and "again" not in entry
    assert "second time" not in done.err
    resume_after(whole, ends[len(ends) // 2] + 10)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_cut_at_each_line_and_some_bytes(lab, server):
    whole = Whole(lab, server)
    ends = line_ends(whole.record)
    for end in [0, *ends]:
        resume_after(whole, end)
    for size in range(ends[-3], ends[-1], 3):
        resume_after(whole, size, thorough=(size - ends[-3]) % 48 == 0)


def start_long(lab, server, *words):
    return lab.start("run", "long", f"url={server.base_url}", *words)


def holding(path):
    """A server that answers as `reply` does, but holds back the first answer to one path."""
    held = []

    def answer(connection, request):
        if request.path == path and not held:
            held.append(request)
            f.silence()(connection, request)
        else:
            reply(connection, request)

    return f.FaultServer([answer])


def expected(lab, server):
    """What an uninterrupted run of the same spec writes."""
    assert lab.tlab("run", "long", f"url={server.base_url}").exit == 0
    return outputs(lab.latest)


@pytest.mark.parametrize("sig", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_killed_or_interrupted(lab, sig):
    """The real thing: killed while a request is in flight; told what to type; nothing else is asked again."""
    with holding("/v1/map/2") as server:
        process = start_long(lab, server)
        wait_for(lambda: any(r.path == "/v1/map/2" for r in server.requests))
        exit_code, _, err = kill_and_reap(process, sig)
        [run] = lab.runs()
        id8 = run.name[-8:]
        assert sig == signal.SIGKILL or (exit_code == 130 and f"help: tlab resume {id8}" in err), err
        assert f"tlab resume {id8}" in lab.tlab("show", run).out
        assert f"tlab resume {id8}" in lab.tlab("verify", run).err
        if sig == signal.SIGINT:  # a replay waits a second or two before it says that the record has ended
            assert f"tlab resume {id8}" in lab.tlab("replay", run).err
        before = [r.path for r in server.requests]
        done = lab.tlab("resume", id8)
        assert done.exit == 0, done.err
        after = [r.path for r in server.requests][len(before) :]
        manifest = json.loads((run / "run.json").read_text())
        files = outputs(run)
        answered = {e["args"][0]["url"].split(":")[2].partition("/")[2] for e in lab.effects("http.send")}
        assert len(answered) == 6 and after.count("/v1/map/2") == 1 and "/v1/one" not in after
        assert manifest["status"] == "succeeded" and (lab.root / "latest").resolve() == run
        assert manifest["resumed"][0]["status"] == ("running" if sig == signal.SIGKILL else "interrupted")
        for command in ["verify", "replay"]:
            told = lab.tlab(command, run)
            assert told.exit == 0 and "resume" not in told.err, (told.out, told.err)
        assert files == expected(lab, server)


@pytest.mark.slow
def test_a_time_limit(lab):
    """A run that had no more time gets more; its seconds are those of both parts."""
    with holding("/v1/map/1") as server:
        done = lab.tlab("run", "long", f"url={server.base_url}", "--limit-seconds=1")
        id8 = lab.latest.name[-8:]
        assert f"help: tlab resume {id8} --limit-seconds=SECONDS" in done.err, done.err
        done = lab.tlab("resume", id8, "--limit-seconds=30")
        assert done.exit == 0, done.err
    manifest = lab.manifest
    assert manifest["limits"]["seconds"] == 30 and manifest["time"]["seconds"] > 1
    assert manifest["resumed"][0]["code"] == "TIMEOUT"
    ats = [json.loads(line).get("at", 0) for line in (lab.latest / "record/effects.jsonl").read_text().splitlines()]
    assert max(ats) >= 1000, "what follows goes on after what there was"
    assert lab.tlab("verify", "latest").exit == 0 and lab.tlab("replay", "latest").exit == 0


def cut_try(lab, body, lines, **more):
    """A run of a small recipe that ended well, cut back to some lines of its record and the status `running`."""
    lab.recipe(body, **more)
    done = lab.tlab("run", "try")
    assert done.exit == 0, done.err
    record = lab.latest / "record/effects.jsonl"
    record.write_bytes(b"".join(record.read_bytes().splitlines(keepends=True)[:lines]))
    manifest = dict(lab.manifest, status="running", time={"started": lab.manifest["time"]["started"]})
    for field in ["effects", "outputs", "metrics", "tags", "inputs"]:
        manifest.pop(field, None)
    (lab.latest / "run.json").write_text(json.dumps(manifest))
    return lab.latest


WRITES = "run:write('a.txt', 'a') run:write('b.txt', 'b') run:write('c.txt', 'c')"


def test_one_that_was_not_cut_off_is_refused(lab):
    lab.recipe(WRITES)
    assert lab.tlab("run", "try").exit == 0
    done = lab.tlab("resume", "latest")
    assert done.exit == EXIT["USAGE"] and "succeeded" in done.err, done.err
    assert f"help: tlab run --reuse {lab.latest.name[-8:]} recipes/try.lua" in done.err
    lab.recipe("error('no')")
    assert lab.tlab("run", "try").exit == EXIT["RUN_FAILED"]
    done = lab.tlab("resume", "latest")
    assert done.exit == EXIT["USAGE"] and "failed with RUN_FAILED" in done.err, done.err


def test_a_recipe_that_goes_another_way(lab):
    """It stops with both requests, and the run is as resumable as before."""
    run = cut_try(lab, WRITES, 2)
    recipe = run / "record/recipe/recipe.lua"
    good, manifest, record = (
        recipe.read_text(),
        (run / "run.json").read_text(),
        (run / "record/effects.jsonl").read_text(),
    )
    bad = good.replace("'b.txt'", "'d.txt'")
    forged = json.loads(manifest)
    forged["recipe"]["sha256"] = hashlib.sha256(bad.encode()).hexdigest()
    recipe.write_text(bad)
    done = lab.tlab("resume", run)
    assert done.exit == EXIT["DIFFERS"] and "recipe.lua is not what the manifest names" in done.err, done.err
    (run / "run.json").write_text(json.dumps(forged))
    done = lab.tlab("resume", run)
    assert done.exit == EXIT["DIFFERS"] and "effect 2" in done.err and "d.txt" in done.err, done.err
    assert json.loads((run / "run.json").read_text()) == forged
    assert (run / "record/effects.jsonl").read_text() == record
    recipe.write_text(good)
    (run / "run.json").write_text(manifest)
    assert lab.tlab("resume", run).exit == 0
    assert lab.tlab("verify", run).exit == 0


def test_a_replay_of_a_killed_run(lab):
    """What is recorded is the same; the effect that was asked last is told, and what to type."""
    run = cut_try(lab, WRITES, 2)
    done = lab.tlab("replay", run)
    assert done.exit == 0 and "same: " in done.out, done.out
    assert "effect 3 (fs.write) is not in it" in done.err and f"tlab resume {run.name[-8:]}" in done.err, done.err


def test_a_recipe_that_asks_for_less(lab):
    run = cut_try(lab, "if run:read('lab:notes.md') == 'from the lab\\n' then " + WRITES + " end", 3)
    record = run / "record/effects.jsonl"
    record.write_text(record.read_text().replace("from the lab", "from a liar"))
    done = lab.tlab("resume", run)
    assert "asked for 1 effects, the record has 3" in done.err, done.err
    assert json.loads((run / "run.json").read_text())["status"] == "running"


def test_a_full_disk_is_not_answered_again(lab, server):
    """Failed for want of storage: that answer is not given again, so the run gets through once there is room."""
    lab.recipe(
        f"local r = tlab.http.send {{ method = 'POST', url = '{server.base_url}/x', body = '' }}\n"
        "run:write('big.bin', r.body:rep(4000))",
        needs="net = { '127.0.0.1:*' }",
    )
    done = subprocess.run(
        ["prlimit", "--fsize=16384", TLAB, "run", "try"], cwd=lab.root, capture_output=True, text=True
    )
    assert done.returncode == EXIT["STORAGE"], done.stderr
    assert "tlab resume" in done.stderr, done.stderr
    seen = len(server.requests)
    done = lab.tlab("resume", lab.runs()[0])
    assert done.exit == 0, done.err
    assert len(server.requests) == seen and (lab.latest / "big.bin").stat().st_size > 16384
    assert lab.manifest["resumed"][0]["code"] == "STORAGE"
    assert lab.tlab("verify", "latest").exit == 0 and lab.tlab("replay", "latest").exit == 0


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("limit", [65536, 600])  # the second is too little for the manifest, too
def test_a_full_disk_while_the_record_is_repeated(lab, limit):
    """It is the disk's failure, no difference, of a resume and of a replay; the run is as resumable as before."""
    run = cut_try(lab, WRITES.replace("'b')", "('b'):rep(200000))"), 2)
    before = everything(run)
    for command in ["replay", "resume"]:
        done = subprocess.run(
            ["prlimit", f"--fsize={limit}", TLAB, command, run], cwd=lab.root, capture_output=True, text=True
        )
        assert done.returncode == EXIT["STORAGE"] and "File too large" in done.stderr, done.stderr
        if limit > 600 or command == "replay":
            assert "effect 2: fs.write cannot be repeated" in done.stderr, done.stderr
        assert (f"help: tlab resume {run.name[-8:]}" in done.stderr) == (command == "resume"), done.stderr
        for path, data in before.items():  # the artifacts come again
            same = path.name == "run.json" and json.loads(path.read_bytes()) == json.loads(data)
            assert path.suffix == ".txt" or same or path.read_bytes() == data, path
    done = lab.tlab("resume", run)
    assert done.exit == 0, done.err
    assert lab.tlab("verify", run).exit == 0


def test_a_blob_that_is_lost(lab):
    """Told by name before anything is touched. A file that was copied within the run is no blob."""
    run = cut_try(
        lab,
        "run:write('a.txt', 'a') tlab.fs.copy('lab:notes.md', 'b.txt') tlab.fs.copy('a.txt', 'c.txt')\n" + WRITES,
        4,
    )
    [blob] = (run / "record/blobs").iterdir()
    good = blob.read_bytes()
    for change, said in [(blob.unlink, "is missing"), (lambda: blob.write_bytes(b"from a liar\n"), "was changed")]:
        change()
        before = everything(run)
        done = lab.tlab("resume", run)
        assert done.exit == EXIT["DIFFERS"] and f"record/blobs/{blob.name} {said}" in done.err, done.err
        assert f"help: tlab verify {run.name[-8:]}" in done.err
        assert everything(run) == before
    blob.write_bytes(good)
    done = lab.tlab("resume", run)
    assert done.exit == 0, done.err
    assert lab.tlab("verify", run).exit == 0


def test_by_another_tlab_and_with_other_modules(lab, tmp_path):
    """What began it stays in the manifest, and what it went on by is told; modules come from the record."""
    lab.write("lua/mine.lua", "return { word = 'old' }")
    run = cut_try(lab, "run:write('a.txt', require('mine').word) run:write('b.txt', require('mine').word)", 1)
    library = tmp_path / "library"
    for name in ["tlab", "host"]:
        shutil.copytree(ROOT / "lua" / name, library / "lua" / name)
    shutil.copytree(ROOT / "schemas", library / "schemas")
    lab.write("lua/mine.lua", "return { word = 'new' }")
    done = lab.tlab("resume", run, f"--dev-lua={library / 'lua'}")
    assert done.exit == 0, done.err
    manifest = lab.manifest
    assert manifest["resumed"][0]["tool"]["library"].startswith("override:")
    assert not manifest["tool"]["library"].startswith("override:")
    assert (run / "b.txt").read_text() == "old"
    assert lab.tlab("verify", run).exit == 0 and lab.tlab("replay", run).exit == 0


def test_a_stream_that_comes_otherwise_is_a_cut_one(lab):
    """The recipe hears of it as of any connection that was cut; it may ask again."""
    body = """
    local function read()
      local answer = tlab.http.open { method = 'POST', url = '%s/stream', body = '' }
      local parts = {}
      while true do
        local piece, err = tlab.http.next(answer.handle)
        if err then return nil, err end
        if not piece then return table.concat(parts) end
        parts[#parts + 1] = piece
      end
    end
    local text, err = read()
    run:write('text.txt', text or err.code .. ' ' .. read())
    """
    answers = iter([b"first and all", b"other words", b"third"])

    def answer(connection, request):
        f.status(200, next(answers), kind="text/plain")(connection, request)

    with f.FaultServer([answer]) as server:
        run = cut_try(lab, body % server.base_url, 3, needs="net = { '127.0.0.1:*' }")
        assert (run / "text.txt").read_text() == "first and all"
        done = lab.tlab("resume", run)
        assert done.exit == 0, done.err
    assert (run / "text.txt").read_text() == "NETWORK third"
    assert lab.manifest["resumed"][0]["again"] == [1]
    assert lab.tlab("verify", run).exit == 0 and lab.tlab("replay", run).exit == 0


@pytest.mark.slow
def test_one_at_a_time(lab):
    """C3: a run in progress is not resumed, neither the first time nor while another resumes it."""
    refused = "in progress"
    with holding("/v1/map/1") as server:
        process = start_long(lab, server)
        wait_for(lambda: any(r.path == "/v1/map/1" for r in server.requests))
        [run] = lab.runs()
        done = lab.tlab("resume", run)
        assert done.exit == EXIT["USAGE"] and refused in done.err, done.err
        kill_and_reap(process)
    slow = cut_try(lab, "run:write('a.txt', 'a') tlab.clock.sleep(3000) run:write('b.txt', 'b')", 1)
    first = lab.start("resume", slow)
    wait_for(lambda: "resumed" in json.loads((slow / "run.json").read_text()))
    done = lab.tlab("resume", slow)
    assert done.exit == EXIT["USAGE"] and refused in done.err, done.err
    assert first.wait(20) == 0
    assert lab.tlab("verify", slow).exit == 0


def test_a_lab_that_cannot_be_written(lab):
    run = cut_try(lab, WRITES, 2)
    before = {path: path.read_bytes() for path in lab.root.rglob("*") if path.is_file()}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount --bind -o ro . . && cd "$PWD" && exec "$0" resume "$1"', TLAB, run],
        cwd=lab.root,
        capture_output=True,
        text=True,
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.returncode == EXIT["STORAGE"] and "ead-only" in done.stderr, done.stderr
    assert before == {path: path.read_bytes() for path in lab.root.rglob("*") if path.is_file()}
    assert lab.tlab("resume", run).exit == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_killed_while_it_is_resumed(lab, server):
    """F11: killed at each call of a kind, a resume leaves a run that can be resumed."""
    whole = Whole(lab, server)
    ends = line_ends(whole.record)
    kills = 0
    for call, step in [("renameat", 1), ("unlinkat", 1), ("write", 5), ("fdatasync", 1), ("ftruncate", 1)]:
        for n in range(1, 200, step):
            whole.cut(ends[len(ends) // 2] + 7)
            done = lab.strace(
                ["resume", whole.folder], "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}"
            )
            if done.exit == 0:
                break
            kills += 1
            assert check_folder(whole.folder, None) in ("running", "succeeded")
            if json.loads((whole.folder / "run.json").read_text())["status"] == "running":
                whole.check(lab.tlab("resume", whole.folder))
            else:
                assert outputs(whole.folder) == whole.files
    assert kills > 20


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_again_and_again(lab, server):
    """The real thing: killed after some lines of the record, resumed, killed, until it is through."""
    files = expected(lab, server)
    before = set(lab.runs())
    for lines in range(1, 60, 4):
        process = start_long(lab, server)
        wait_for(lambda: set(lab.runs()) - before)
        [run] = set(lab.runs()) - before
        record = run / "record/effects.jsonl"

        def there(count):
            return process.poll() is not None or (record.exists() and record.read_bytes().count(b"\n") >= count)

        for more in (0, 7, 19):
            wait_for(lambda: there(lines + more))
            kill_and_reap(process)
            if not (run / "run.json").exists():
                break
            if json.loads((run / "run.json").read_text())["status"] == "succeeded":
                break
            process = lab.start("resume", run)
        exit_code = process.wait(30)
        if (run / "run.json").exists() and exit_code != 0:
            status = json.loads((run / "run.json").read_text())["status"]
            assert status == "succeeded" or lab.tlab("resume", run).exit == 0
        if (run / "run.json").exists():
            assert outputs(run) == files
            for command in ["verify", "replay"]:
                told = lab.tlab(command, run)
                assert told.exit == 0, (command, told.out, told.err)
        before.add(run)
