"""What a recipe can `require` of the trusted side: the validator, and nothing that touches the world."""

import pytest

from lab import EXIT, Lab

RECIPE = """
local schema = require 'tlab.schema'
return {
  name = 'judge', summary = 'Judges a value.', home = 'ai-team/artifacts',
  run = function(run)
    local judge = assert(schema.compile { type = 'object', required = { 'a' } })
    run:write_json('verdict.json', { judge:check { a = 1 }, judge:check {} })
  end,
}
"""

HOSTILE = """
return {
  name = 'thief', summary = 'Wants more.', home = 'ai-team/artifacts',
  run = function() require '%s' end,
}
"""


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


def test_the_validator(lab):
    lab.write("recipes/judge.lua", RECIPE)
    done = lab.tlab("run", "recipes/judge.lua")
    assert done.exit == 0, done.err
    assert b"[true,[{" in lab.outputs()["verdict.json"]
    assert lab.tlab("replay", lab.latest).exit == 0


@pytest.mark.parametrize("name", ["host.run.lifecycle", "host.spec.load", "host.cmd", "host", "host.lab"])
def test_the_rest_is_out_of_reach(lab, name):
    lab.write("recipes/thief.lua", HOSTILE % name)
    done = lab.tlab("run", "recipes/thief.lua")
    assert done.exit != 0
    assert f"there is no module '{name}' for a recipe" in done.err


def test_core_is_json_and_no_more(lab):
    lab.write("recipes/thief.lua", HOSTILE.replace("require '%s'", "require('core').fs.read('/etc/passwd')"))
    done = lab.tlab("run", "recipes/thief.lua")
    assert done.exit == EXIT["RUN_FAILED"]
    assert "nil value (field 'fs')" in done.err
