"""tlab resume: a run that was cut off comes to the end that it would have had."""

import json
import os
import shutil
import signal
import time

import pytest

import fault_server as f
from faults import FaultLab, check_folder, kill_and_reap, worker_pids
from lab import EXIT
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
            if field != "count" or now["effects"]["by_op"]["http.next"] == self.manifest["effects"]["by_op"]["http.next"]:
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
def test_cut_at_each_line_and_byte(lab, server):
    whole = Whole(lab, server)
    ends = line_ends(whole.record)
    for end in [0, *ends]:
        resume_after(whole, end)
    for size in range(ends[-3], ends[-1]):
        resume_after(whole, size, thorough=size % 50 == 0)
