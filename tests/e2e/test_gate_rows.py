"""S1–S3, S6, P1–P5, P9, N1, N6, N9: hostile recipes through the whole of tlab, where the unit tests have parts."""

import hashlib
import json
import os
import stat
import subprocess

import pytest

import fault_server as f
from faults import FaultLab, check_folder


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


def outcome(lab, name="out.json"):
    return json.loads(lab.outputs()[name])


def ops(lab):
    return [op for op in json.loads(lab.tlab("ops", "--json").out) if op["permit"] != "tool"]


EDGES = (
    "-1, 0, 1, math.maxinteger, math.mininteger, 2^53, 2^53 + 1, -2^63, 2^63, 1e308, 0/0, 1/0, -1/0, 1.5, "
    "true, false, '', ('x'):rep(5000), '\\0', '\\xff', '../x', '/etc/passwd', {}, { 1 }, { a = 1 }, "
    "{ [1] = 1, [3] = 3 }, function() end, coroutine.create(print), tlab.json.null, tlab.secret 'K'"
)


def test_every_operation_with_every_edge_value(lab):
    """S6: wrong values at the C border are errors of the recipe that name the argument; nothing ends the worker."""
    names = [op["name"] for op in ops(lab) if op["name"] not in ("clock.sleep", "rand.bytes")]
    assert len(names) > 20
    body = """
local edges = table.pack(EDGES)
local names, calls, named = { NAMES }, 0, 0
for _, name in ipairs(names) do
  local family, verb = name:match('^(%w+)%.(%w+)$')
  local fn = tlab[family][verb]
  for i = 0, edges.n do
    for j = 0, 2 do
      local ok, err
      if j == 0 then ok, err = pcall(fn, edges[i])
      elseif j == 1 then ok, err = pcall(fn, 'x', edges[i])
      else ok, err = pcall(fn, edges[i], edges[i], edges[i], edges[i]) end
      calls = calls + 1
      if not ok and tostring(err):find('bad argument', 1, true) then named = named + 1 end
    end
  end
end
run:write_json('out.json', { calls = calls, named = named })
""".replace("EDGES", EDGES).replace("NAMES", ", ".join(f"'{name}'" for name in names))
    lab.recipe(body)
    done = lab.tlab("run", "try")
    assert done.exit == 0, done.err
    assert outcome(lab)["calls"] > 2000 and outcome(lab)["named"] > 500
    assert check_folder(lab.latest, None) == "succeeded"
    assert lab.tlab("verify", "latest").exit == 0
    replayed = lab.tlab("replay", "latest")
    assert replayed.exit == 0, replayed.out + replayed.err


def test_numbers_at_their_edges(lab):
    """S6: sizes and counts that no machine has."""
    lab.recipe("""
local out = {}
for _, n in ipairs { -1, 1 << 40, math.maxinteger, math.mininteger } do
  for _, fn in ipairs { tlab.rand.bytes, tlab.clock.sleep, function(k) return tlab.fs.read('x', k) end,
      tlab.http.next, tlab.http.close } do
    local ok, value, err = pcall(fn, n)
    out[#out + 1] = not ok or err ~= nil
  end
end
run:write_json('out.json', out)""")
    assert lab.tlab("run", "try", "--limit-seconds=10").exit == 0
    assert all(outcome(lab)) and len(outcome(lab)) == 20


def test_back_doors(lab):
    """S1, S2, S3: what is not there, what is refused, and what one run leaves for the next: nothing."""
    body = """
local out = {}
local function no(name, fn) local ok, value = pcall(fn) out[name] = not ok or value == nil end
no('io', function() return io end) no('os', function() return os end) no('debug', function() return debug end)
no('package', function() return package end) no('dofile', function() return dofile end)
no('loadfile', function() return loadfile end) no('dump', function() return string.dump(print) end)
no('collectgarbage', function() return collectgarbage end)
no('posix', function() return require 'posix' end) no('host', function() return require 'host.run.lifecycle' end)
no('core', function() return require('core').fs end) no('ffi', function() return require 'ffi' end)
no('path', function() return require '../../etc/passwd' end) no('slash', function() return require '/etc/passwd' end)
no('bytecode', function() return load('\\27Lua\\x54\\0\\x19\\x93\\r\\n\\x1a\\n') end)
no('bytecode mode', function() return load(function() end, 'x', 'b') end)
no('string metatable', function() getmetatable('').__index = {} return true end)
no('string table', function() string.format = 1 return string.format == 1 or nil end)
no('gc', function() return setmetatable({}, { __gc = print }) end)
no('leaked', function() return leaked end)
no('leaked field', function() return string.leaked end)
pcall(function() leaked = 'x' end) pcall(function() string.leaked = 'x' end)
run:write_json('out.json', out)"""
    for _ in range(2):
        lab.recipe(body)
        done = lab.tlab("run", "try")
        assert done.exit == 0, done.err
        assert [name for name, held in outcome(lab).items() if not held] == []
        assert len(outcome(lab)) == 21


NAMES = [
    "..",
    "../x",
    "a/../../x",
    "/x",
    "//x",
    "",
    ".",
    "x\\0y",
    "\\xff\\xfe",
    "record/x",
    "./record/x",
    "record//x",
    "./run.json",
    ".//run.json",
    "run.json/",
    "./spec.json",
    "sub/../run.json",
    "./record/effects.jsonl",
    "run.json",
    "record/effects.jsonl",
    ".tlab-tmp-0123456789abcdef",
]


def test_hostile_names_write_nothing(lab):
    """P1: through each call that takes a path to write; long names too."""
    quoted = ", ".join(f'"{name}"' for name in NAMES) + ", ('x'):rep(4097), ('x'):rep(256), ('d/'):rep(3000) .. 'x'"
    lab.recipe("""
local out = {}
run:write('from.txt', 'x')
for i, name in ipairs { NAMES } do
  for verb, fn in pairs { write = function() return tlab.fs.write(name, 'x') end,
      mkdir = function() return tlab.fs.mkdir(name) end, remove = function() return tlab.fs.remove(name) end,
      copy = function() return tlab.fs.copy('from.txt', name) end } do
    local ok, value, err = pcall(fn)
    if ok and value ~= nil then out[#out + 1] = verb .. ' ' .. name end
  end
end
run:write_json('out.json', tlab.json.array(out))""".replace("NAMES", quoted))
    before = {path for path in lab.root.parent.rglob("*") if lab.root not in path.parents}
    done = lab.tlab("run", "try")
    assert done.exit == 0, done.err
    assert outcome(lab) == ["mkdir ."]  # the run's folder is there
    assert {path for path in lab.root.parent.rglob("*") if lab.root not in path.parents} == before
    assert set(lab.outputs()) == {"from.txt", "out.json", "spec.json"}
    assert lab.tlab("verify", "latest").exit == 0


def test_links_planted_in_the_lab(lab, tmp_path):
    """P2: a recipe follows no link out of the lab, and none inside it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("canary-outside")
    lab.write("notes/a.txt", "a")
    (lab.root / "notes" / "abs").symlink_to(outside)
    (lab.root / "notes" / "rel").symlink_to("../../outside")
    (lab.root / "notes" / "file").symlink_to(outside / "secret.txt")
    (lab.root / "notes" / "inner").symlink_to("a.txt")
    (lab.root / "notes" / "magic").symlink_to("/proc/self/root")
    lab.recipe("""
local out = {}
for _, path in ipairs { 'abs/secret.txt', 'rel/secret.txt', 'file', 'inner', 'magic/etc/passwd', 'abs' } do
  for _, fn in ipairs { tlab.fs.read, tlab.fs.list, tlab.hash.file } do
    local ok, value = pcall(fn, 'lab:notes/' .. path)
    out[#out + 1] = ok and value ~= nil
  end
  pcall(tlab.fs.copy, 'lab:notes/' .. path, 'copied.txt')
end
run:write_json('out.json', out)""")
    done = lab.tlab("run", "try")
    assert done.exit == 0, done.err
    assert not any(outcome(lab)) and "copied.txt" not in lab.outputs()
    assert all(b"canary-outside" not in path.read_bytes() for path in lab.latest.rglob("*") if path.is_file())


def test_special_files_and_the_kernels_own(lab):
    """P4, P5: told with their kind, without waiting, under the widest grant."""
    os.mkfifo(lab.root / "fifo")
    sparse = lab.write("sparse", "")
    os.truncate(sparse, 1 << 40)
    lab.recipe(
        """
local out = {}
for _, path in ipairs { 'lab:fifo', 'lab:sparse', '/dev/zero', '/dev/stdin', '/dev/tty', '/proc/self/environ', '/proc/self/mem',
    '/proc/self/fd/0', '/proc/1/environ', '/proc/self/root/etc/passwd', '/sys/kernel/uevent_helper', '/dev/fd/0' } do
  local value, err = tlab.fs.read(path)
  out[#out + 1] = value == nil and err.code or 'READ ' .. path
end
run:write_json('out.json', out)""",
        needs="read = { '/' }",
    )
    done = lab.tlab("run", "try", "--allow-read=/", timeout=20)
    assert done.exit == 0, done.err
    assert set(outcome(lab)) <= {"REFUSED", "LIMIT", "NOT_FOUND", "NOT_PERMITTED", "IO"}, outcome(lab)
    assert not any("READ" in each for each in outcome(lab))


def test_a_run_is_private(lab):
    """P9: folders 0700 and files 0600, whatever the umask."""
    lab.recipe("run:write('sub/x.txt', 'x') tlab.fs.mkdir('d')")
    old = os.umask(0)
    try:
        assert lab.tlab("run", "try").exit == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE(lab.latest.stat().st_mode) == 0o700
    for path in lab.latest.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_requests_that_are_refused_before_they_are_sent(lab):
    """N6: CR, LF and NUL in header, URL and method, and every scheme but http and https."""
    with f.FaultServer([f.json_answer("x")]) as server:
        lab.recipe(
            """
local url, out = 'URL', {}
for _, request in ipairs {
  { url = url, headers = { ['x-a'] = 'b\\r\\nx-evil: 1' } }, { url = url, headers = { ['x-a\\r\\nx-evil'] = '1' } },
  { url = url, headers = { ['x-a'] = 'b\\0c' } }, { url = url, headers = { ['x-a'] = { 'b', '\\nx-evil: 1' } } },
  { url = url .. '\\r\\nx-evil: 1' }, { url = url .. '/\\0' },
  { url = url, method = 'GET / HTTP/1.1\\r\\nx-evil: 1\\r\\n\\r\\nGET' }, { url = url, method = '' },
  { url = 'file:///etc/passwd' }, { url = 'gopher://127.0.0.1:PORT/_x' }, { url = 'ftp://127.0.0.1:PORT/' },
  { url = 'dict://127.0.0.1:PORT/x' }, { url = 'unix:///run/x.sock' }, { url = '' }, { url = 'http://' },
} do
  local ok, value = pcall(tlab.http.send, request)
  out[#out + 1] = ok and value ~= nil
end
run:write_json('out.json', out)""".replace("URL", server.base_url).replace("PORT", str(server.port)),
            needs="net = { '127.0.0.1:*' }",
        )
        done = lab.tlab("run", "try")
    assert done.exit == 0, done.err
    assert not any(outcome(lab)), outcome(lab)
    for request in server.requests:
        assert "x-evil" not in request.headers


def test_redirects_are_checked_anew(lab):
    """N1: to another host, port, scheme, loopback by another name and the metadata address."""
    for target in (
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:1/",
        "http://127.0.0.1:1/",
        "file:///etc/passwd",
        "http://2130706433:1/",
        "http://0x7f.1:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "gopher://127.0.0.1/",
    ):
        with f.FaultServer([], get=f.status(302, "", [("Location", target)])) as server:
            lab.write("lab.json", {"schema": "tlab.lab/1", "permits": {"allow": {"net": [f"127.0.0.1:{server.port}"]}}})
            lab.recipe(
                f"""
local ok, value, err = pcall(tlab.http.send, {{ url = '{server.base_url}', headers = {{ ['x-api-key'] = 'k' }} }})
run:write_json('out.json', {{ got = ok and value ~= nil, why = tostring(ok and err or value) }})""",
                needs=f"net = {{ '127.0.0.1:{server.port}' }}",
            )
            done = lab.tlab("run", "try")
        assert done.exit == 0, done.err
        assert outcome(lab)["got"] is False, (target, outcome(lab))


@pytest.mark.skipif(os.geteuid() != 0, reason="a hosts file of one's own needs root")
def test_a_name_that_leads_to_this_machine(lab, tmp_path):
    """N2: the permit is for a name, its address is private: refused at the connection unless that is granted too."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 rebound.example\n")
    inside = ["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$0" "$@"']
    with f.FaultServer([], get=f.status(200, "x")) as server:
        lab.recipe(
            f"""
local reply, err = tlab.http.send {{ url = 'http://rebound.example:{server.port}/' }}
if not reply then error(err) end
run:write('address.txt', reply.address)""",
            needs="net = { 'rebound.example:*', '127.0.0.1:*' }",
        )
        for allowed, exit_code in ((["rebound.example:*"], 4), (["rebound.example:*", "127.0.0.1:*"], 0)):
            lab.write("lab.json", {"schema": "tlab.lab/1", "permits": {"allow": {"net": allowed}}})
            done = subprocess.run(
                [*inside, *lab.command("run", "try")],
                cwd=lab.root,
                capture_output=True,
                text=True,
                env={"PATH": os.environ["PATH"]},
            )
            if "unshare" in done.stderr or "mount" in done.stderr:
                pytest.skip(done.stderr)
            assert done.returncode == exit_code, done.stderr
            assert len(server.requests) == (exit_code == 0)
    assert lab.outputs()["address.txt"] == f"127.0.0.1:{server.port}".encode()


CHANGES = {
    "another argument": ("tlab.fs.write('a.txt', ('a')", "tlab.fs.write('b.txt', ('a')", "a.txt"),
    "other bytes": ("('q'):rep(5000)", "('r'):rep(5000)", "http.send"),
    "one effect more": ("run:metric(", "tlab.clock.now() run:metric(", "clock.now"),
    "another order": ("run:note('tag', { tag = 'fault' })\n", "", "hash.file"),
    "one effect less": ("run:metric('n', 1)", "", "effects"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_replay_that_asks_otherwise_stops(lab, name):
    """N9: with another recipe in the record: exit 5, both requests shown, and no request sent."""

    old, new, said = CHANGES[name]
    with f.FaultServer([f.json_answer("x")]) as server:
        assert lab.tlab("run", "many", f"url={server.base_url}").exit == 0
        path = lab.latest / "record" / "recipe" / "recipe.lua"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        manifest = lab.manifest
        manifest["recipe"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (lab.latest / "run.json").write_text(json.dumps(manifest))
        done = lab.tlab("replay", "latest")
        assert len(server.requests) == 1
    assert done.exit == 5, done.out + done.err
    assert said in done.out + done.err, done.out + done.err
