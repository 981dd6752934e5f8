"""S4, S5, F9: loops, bombs and memory that runs out end by name, in time, with a manifest that says so."""

import time

import pytest

import fault_server as f
from faults import FaultLab, check_folder

SLACK = 6  # seconds for a busy machine, beside the second of the limit and the one for ending

LOOPS = {
    "plain": "while true do end",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "task": "run:map({ 1, 2 }, function() while true do end end)",
    "pcall": "while true do pcall(function() while true do end end) end",
    "xpcall": "while true do xpcall(error, function() while true do end end) end",
    "sort": "table.sort({ 1, 2, 3 }, function() while true do end end)",
    "close": "local x <close> = setmetatable({}, { __close = function() while true do end end })",
    "index": "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
    "find": "string.find(('a'):rep(60), ('a-'):rep(26) .. 'b')",
    "gsub": "string.gsub(('a'):rep(60), ('a-'):rep(26) .. 'b', '')",
    "effects": "while true do tlab.hash.bytes('x') end",
}


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


def check_timeout(lab, *options):
    began = time.monotonic()
    done = lab.tlab("run", "try", *options)
    took = time.monotonic() - began
    assert done.exit == 1 and "error[TIMEOUT]" in done.err and options[0].split("=")[0] in done.err, done.err
    # Processor time is the worker's alone: on a busy machine it takes its time to be used up.
    assert took < (2 + SLACK if options[0].startswith("--limit-seconds") else 10 * SLACK), took
    assert lab.manifest["error"]["code"] == "TIMEOUT"
    assert check_folder(lab.latest) == "timeout"
    assert lab.tlab("verify", "latest").exit == 0


@pytest.mark.parametrize("name", ["find"])
def test_an_endless_loop_ends(lab, name):
    """S4: the daily sample of the next test."""
    lab.recipe(LOOPS[name])
    check_timeout(lab, "--limit-seconds=1")


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("option", ["--limit-cpu=1", "--limit-seconds=1"])
def test_every_endless_loop_ends(lab, name, option):
    """S4: by the kernel's limit on processor time, and by the supervisor's clock."""
    lab.recipe(LOOPS[name])
    check_timeout(lab, option)


@pytest.mark.slow
def test_a_loop_while_loading_ends(lab):
    """S4: before there is a run: told, and nothing written."""
    lab.write("recipes/try.lua", "while true do end")
    began = time.monotonic()
    done = lab.tlab("run", "try", "--limit-cpu=1")
    assert done.exit == 1 and "error[TIMEOUT]" in done.err, done.err
    assert time.monotonic() - began < 19, "it was LOAD_MS that ended it, not the processor time"
    assert lab.runs() == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("tlab.clock.sleep(60000)", id="sleep", marks=pytest.mark.slow),
        pytest.param("tlab.proc.run { argv = { 'sleep', '60' } }", id="process", marks=pytest.mark.slow),
        pytest.param("tlab.http.send { url = spec.url }", id="http"),
    ],
)
def test_waiting_ends(lab, body):
    """S4: a run that waits is ended by the clock like one that computes, its effect told as unanswered."""
    with f.FaultServer([], get=f.silence()) as server:
        lab.recipe(
            body.replace("spec.url", f"'{server.base_url}'"),
            needs=f"net = {{ '127.0.0.1:{server.port}' }}, run = {{ 'sleep' }}",
        )
        check_timeout(lab, "--limit-seconds=1", "--allow-run=sleep")
    open_effects = [] if "sleep(" in body else ["effect 1 was started and never answered"]
    for text in open_effects:
        assert text in lab.tlab("verify", "latest").err


BOMBS = {
    "concat": "local s = 'x' while true do s = s .. s end",
    "rep": "return ('x'):rep(1 << 30)",
    "rep with separator": "return ('x'):rep(1 << 10, ('y'):rep(1 << 20))",
    "table.concat": "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1 << 16) end "
    "while true do t = { table.concat(t), table.concat(t) } end",
    "table": "local t = {} for i = 1, 1e8 do t[i] = i end",
    "keys": "local t = {} for i = 1, 1e8 do t['k' .. i] = {} end",
    "closures": "local t = {} while true do t[#t + 1] = function() return t end end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "format": "local s = ('x'):rep(1 << 20) while true do s = string.format('%s%s', s, s) end",
    "gsub": "local s = ('x'):rep(1 << 20) while true do s = s:gsub('x', 'xx') end",
    "caught": "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1 << 20) end) end",
}
DEEP = {
    "recursion": "local function f() return 1 + f() end return f()",
    "pcall recursion": "local function f() pcall(f) end f() error('came back')",
    "metamethods": "local t = {} setmetatable(t, { __index = function(_, k) return t[k .. 'x'] end }) return t.x",
    "nested coroutines": "local function f() return coroutine.wrap(f)() end return f()",
    "map recursion": "local function f() return run:map({ 1 }, f) end return f()",
    "decode": "error(select(2, tlab.json.decode(('['):rep(100000))))",
    "encode": "local t = {} for i = 1, 100000 do t = { t } end return tlab.json.encode(t)",
    "note": "local t = {} for i = 1, 100000 do t = { t } end run:note('tag', { tag = t })",
    "pattern": "return (('('):rep(100000)):find(('('):rep(100000))",
}


def check_bomb(lab, codes):
    done = lab.tlab("run", "try", "--limit-memory=64M", "--limit-cpu=5")
    assert done.exit in (1, 3), done.err  # 3: what the recipe raised came from a parser
    assert check_folder(lab.latest) in ("failed", "timeout")
    assert lab.manifest["error"]["code"] in codes, lab.manifest["error"]
    assert lab.tlab("verify", "latest").exit == 0
    return lab.manifest["error"]


@pytest.mark.parametrize("name", ["concat"])
def test_a_memory_bomb_ends(lab, name):
    """S5: the daily sample of the next test."""
    lab.recipe(BOMBS[name])
    assert "64 MiB" in check_bomb(lab, {"NO_MEMORY"})["message"]


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_every_memory_bomb_ends(lab, name):
    """S5: at the limit, by name; what goes on after a caught failure ends by its processor time."""
    lab.recipe(BOMBS[name])
    check_bomb(lab, {"NO_MEMORY", "TIMEOUT"} if name == "caught" else {"NO_MEMORY"})


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_depth_ends_as_an_error_of_the_recipe(lab, name):
    """S5: too deep is an error with its place, no crash of the worker."""
    lab.recipe(DEEP[name])
    check_bomb(lab, {"RUN_FAILED", "ARGUMENT", "LIMIT", "NO_MEMORY", "PARSE"})


def test_nested_constructors_are_refused_by_the_compiler(lab):
    """S5: what Lua cannot compile is told with its line, and nothing is written."""
    lab.recipe("return " + "{" * 250 + "}" * 250)
    done = lab.tlab("run", "try")
    assert done.exit == 3 and "--> recipes/try.lua" in done.err, done.err
    assert lab.runs() == []
