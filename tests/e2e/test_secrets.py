"""O4: a secret that everybody tries to tell is found nowhere: not in the lab, the output or the process list."""

import base64
import json
import pathlib
import urllib.parse

import pytest

import fault_server as f
from faults import FaultLab, check_folder, worker_pids
from lab import wait_for

KEY = 'sk-canary+9f8e/7d6c"5b4a=x'  # characters that each encoding writes differently


def encodings(key):
    raw = key.encode()
    forms = {
        raw,
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw),
        base64.b64encode(raw).rstrip(b"="),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        urllib.parse.quote(key, safe="").encode(),
        urllib.parse.quote(key, safe="").lower().encode(),
        urllib.parse.quote_plus(key).encode(),
        json.dumps(key)[1:-1].encode(),
        json.dumps(key)[1:-1].replace("/", "\\/").encode(),
        base64.b64encode(b"Bearer " + raw),
        base64.b64encode(b"user:" + raw),
    }
    return forms


def assert_nowhere(lab, *texts):
    forms = encodings(KEY)
    for path in sorted(lab.root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.parent.name != "secrets":
            data = path.read_bytes()
            for form in forms:
                assert form not in data, (path, form)
    for text in texts:
        for form in forms:
            assert form not in (text if isinstance(text, bytes) else text.encode()), form


def echo(connection, request):
    """Tells the key back in each encoding: as a header, in the body, and in the middle of things."""
    body = b"\n".join(b"<" + form + b">" for form in sorted(encodings(KEY)))
    head = "HTTP/1.1 200 OK\r\nX-Echo: Bearer %s\r\nX-Hex: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    connection.sendall((head % (KEY, KEY.encode().hex(), len(body))).encode() + body)


def split_echo(connection, request):
    """The same a byte at a time, each in a chunk of its own, as a streaming server might."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for byte in b"data: " + KEY.encode() + b"\n\ndata: " + base64.b64encode(KEY.encode()) + b"\n\n":
        connection.sendall(b"1\r\n%c\r\n" % byte)
    connection.sendall(b"0\r\n\r\n")


def fail(connection, request):
    connection.sendall(f"HTTP/1.1 401 {KEY}\r\nContent-Length: 0\r\nLocation: http://{KEY}/\r\n\r\n".encode())


BODY = """
local key = tlab.secret 'LAB_KEY'
local function try(f, ...)
  local ok, err = pcall(f, ...)
  if not ok then run:say('refused: ' .. tostring(err)) run:note('tag', { tag = tostring(err) }) end
end
local headers = { authorization = { 'Bearer ', key }, ['x-api-key'] = key }
local reply = tlab.http.send { method = 'POST', url = 'URL', headers = headers, body = 'q' }
if reply then
  run:write('reply.txt', reply.body)
  run:write_json('headers.json', reply.headers)
  run:say(reply.body)
  print(tostring(key), reply.status)
  run:note('tag', { tag = reply.body })
end
local stream = tlab.http.open { method = 'POST', url = 'URL', headers = headers, body = 'q' }
if stream then
  local all = {}
  for _ = 1, 1000 do
    local piece = tlab.http.next(stream.handle)
    if not piece then break end
    all[#all + 1] = piece
  end
  run:write('stream.txt', table.concat(all))
end
try(function() return 'x' .. key end)
try(function() run:write('key.txt', key) end)
try(function() return tlab.json.encode { key } end)
try(function() run:write('text.txt', tostring(key)) end)
try(function() for k, v in pairs(key) do run:say(tostring(k) .. tostring(v)) end end)
try(function() return tlab.hash.bytes(key) end)
try(function() return tlab.env.get 'LAB_KEY' end)
try(function() return tlab.fs.read 'lab:secrets/.env.lab' end)
try(function() return tlab.fs.read '/proc/self/environ' end)
try(function() tlab.proc.run { argv = { 'env' } } end)
try(function() tlab.proc.run { argv = { 'echo', key } } end)
try(function() tlab.proc.run { argv = { 'cat' }, stdin = key } end)
try(function() tlab.http.send { url = 'http://localhost:1/' .. tostring(key) } end)
try(function() tlab.http.send { url = 'URL', method = 'POST', body = key } end)
error('it said: ' .. (reply and reply.body or 'nothing'))
"""


def secret_lab(tmp_path, port):
    lab = FaultLab(
        tmp_path / "lab",
        {
            "permits": {
                "allow": {
                    "net": ["127.0.0.1:*", "localhost:*"],
                    "run": ["env", "echo", "cat"],
                    "env": ["LAB_KEY"],
                    "read": ["/"],
                }
            },
            "secrets": {"LAB_KEY": {"hosts": [f"127.0.0.1:{port}"]}},
        },
    )
    lab.recipe(
        BODY.replace("URL", f"http://127.0.0.1:{port}/v1"),
        needs="net = { '127.0.0.1:*', 'localhost:*' }, run = { 'env', 'echo', 'cat' }, "
        "env = { 'LAB_KEY' }, read = { '/' }, secret = { 'LAB_KEY' }",
    )
    return lab


@pytest.mark.parametrize("where", ["environment", "file"])
@pytest.mark.parametrize("answer", [echo, split_echo, fail])
def test_found_nowhere(tmp_path, where, answer):
    """O4: the handle is opaque, the value goes in at the last moment, and what comes back is scrubbed."""
    with f.FaultServer([answer]) as server:
        lab = secret_lab(tmp_path, server.port)
        env = {}
        if where == "file":
            lab.write("secrets/.env.lab", f"LAB_KEY='{KEY}'\n")
        else:
            env["LAB_KEY"] = KEY
        process = lab.start("run", "try", "--verbose", env=env)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert {request.headers.get("authorization") for request in server.posts[:2]} == {f"Bearer {KEY}"}
    check_folder(lab.latest, None)
    shown, replayed, verified = lab.tlab("show", "latest"), lab.tlab("replay", "latest"), lab.tlab("verify", "latest")
    as_json = lab.tlab("show", "latest", "--json")
    assert_nowhere(lab, *[x for d in (shown, replayed, verified, as_json) for x in (d.stdout, d.stderr)], out, err)
    assert replayed.exit == 0, replayed.out + replayed.err
    assert verified.exit == 0, verified.out


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--dry-run", "--json"]])
def test_not_in_the_spec(tmp_path, options):
    """A spec is kept and shown as it is: one with the value of a secret makes no run."""
    lab = secret_lab(tmp_path, 1)
    process = lab.start("run", "try", f"key={KEY}", *options, env={"LAB_KEY": KEY})
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert b"the secret LAB_KEY" in out + err
    assert_nowhere(lab, out, err)
    assert not (lab.root / "latest").is_symlink()


def test_not_in_the_process_list(tmp_path):
    """O4: neither in the arguments of a process nor in the environment of the worker or of a program."""
    with f.FaultServer([f.silence()]) as server:
        lab = secret_lab(tmp_path, server.port)
        process = lab.start("run", "try", env={"LAB_KEY": KEY})
        wait_for(lambda: server.tries == 1)
        texts = [pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()]
        for pid in worker_pids(process.pid):
            for name in ("cmdline", "environ"):
                try:
                    texts.append(pathlib.Path(f"/proc/{pid}/{name}").read_bytes())
                except PermissionError:
                    pass
        process.kill()
        out, err = process.communicate(timeout=20)
    assert_nowhere(lab, out, err, *texts)


def test_programs_do_not_inherit_it(tmp_path):
    """O4: proc.run makes the environment anew: only what is named is there."""
    with f.FaultServer([f.json_answer("x")]) as server:
        lab = secret_lab(tmp_path, server.port)
        lab.recipe("run:write('env.txt', tlab.proc.run { argv = { 'env' } }.stdout)", needs="run = { 'env' }")
        done = lab.tlab("run", "try", env={"LAB_KEY": KEY, "OTHER": "visible?"})
    assert done.exit == 0, done.err
    assert b"LAB_KEY" not in lab.outputs()["env.txt"] and b"OTHER" not in lab.outputs()["env.txt"]


def test_bound_to_another_host(tmp_path):
    """N3, O4: the key is bound to one host; another that the recipe names gets no request at all."""
    with f.FaultServer([echo]) as server:
        lab = secret_lab(tmp_path, server.port)
        lab.write(
            "lab.json",
            {
                "schema": "tlab.lab/1",
                "permits": {"allow": {"net": ["127.0.0.1:*"]}},
                "secrets": {"LAB_KEY": {"hosts": ["api.example.com"]}},
            },
        )
        done = lab.tlab("run", "try", env={"LAB_KEY": KEY})
    assert server.requests == []
    assert done.exit == 4 and "api.example.com" in done.err, done.err
    assert_nowhere(lab, done.stdout, done.stderr)
