"""A recipe or module of the lab under the name of one of tlab's own: it wins, and manifest and pages say so."""

import json
import os
import shutil

import pytest

from faults import kill_and_reap, schema
from lab import ROOT, Lab, wait_for

RECIPE = """
local csv = require 'tlab.csv'
return {
  name = 'table', summary = 'Writes a table.', home = 'ai-team/artifacts',
  run = function(run, spec)
    run:write('table.csv', csv.encode { { a = 1 } })
    if spec.ms then tlab.clock.sleep(spec.ms) end
  end,
}
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab")
    lab.write("recipes/table.lua", RECIPE)
    return lab


def own_csv(lab, text="return { encode = function() return 'of the lab' end }\n"):
    lab.write("lua/tlab/csv.lua", text)


def modules(lab):
    schema("run").validate(lab.manifest)
    return {m["name"]: (m["origin"], m.get("instead_of")) for m in lab.manifest["recipe"]["modules"]}


def test_a_module_of_the_lab_wins_and_is_told_of(lab):
    assert lab.tlab("table").exit == 0
    assert modules(lab) == {"tlab.csv": ("embedded", None)}
    assert "instead" not in lab.tlab("show", "latest").out + lab.tlab("help", "table").out
    own_csv(lab)
    assert lab.tlab("table").exit == 0
    assert (lab.latest / "table.csv").read_text() == "of the lab"
    assert modules(lab) == {"tlab.csv": ("lab", "embedded")}
    assert "  instead  of tlab's own: lua/tlab/csv.lua\n" in lab.tlab("show", "latest").out
    assert "\nInstead of tlab's own:\n  lua/tlab/csv.lua\n" in lab.tlab("help", "table").out
    assert json.loads(lab.tlab("help", "table", "--json").out)["instead"] == ["lua/tlab/csv.lua"]
    assert lab.tlab("verify", "latest").exit == 0 and lab.tlab("replay", "latest").exit == 0


def test_a_recipe_of_the_lab_wins_and_is_told_of(lab):
    def told():
        assert lab.tlab("ai", "prompt=x", "model.base_url=http://127.0.0.1:1/").exit != 0
        schema("run").validate(lab.manifest)
        return lab.manifest["recipe"]["origin"], lab.manifest["recipe"].get("instead_of")

    path = lab.root / "recipes/ai.lua"
    assert told() == ("lab", None), "the same text is the same recipe"
    path.write_text(path.read_text() + "-- and mine\n")
    assert told() == ("lab", "embedded")
    assert "  instead  of tlab's own: recipes/ai.lua\n" in lab.tlab("show", "latest").out
    assert "\nInstead of tlab's own:\n  recipes/ai.lua\n" in lab.tlab("help", "ai").out
    path.unlink()
    assert told() == ("embedded", None)


@pytest.mark.slow
def test_the_same_text_under_dev_lua_and_another_one(lab):
    own_csv(lab, (ROOT / "lua/tlab/csv.lua").read_text())
    assert lab.tlab("table").exit == 0
    assert modules(lab) == {"tlab.csv": ("lab", None)}
    shutil.copytree(ROOT / "lua", lab.root / "other")
    with (lab.root / "other/tlab/csv.lua").open("a") as file:
        file.write("-- another\n")
    assert lab.tlab("--dev-lua", "other", "run", "table").exit == 0
    assert modules(lab) == {"tlab.csv": ("lab", "override")}


@pytest.mark.slow
def test_a_killed_run_that_is_resumed_says_so_too(lab):
    own_csv(lab)
    process = lab.start("table", "ms:=1500")
    wait_for(lambda: list(lab.root.glob("2*/*/*/ai-team/artifacts/*/table.csv")))
    kill_and_reap(process)
    folder = next(lab.root.glob("2*/*/*/ai-team/artifacts/*"))
    assert lab.tlab("resume", str(folder)).exit == 0
    assert modules(lab) == {"tlab.csv": ("lab", "embedded")}


def test_a_module_that_cannot_be_read_is_not_passed_over(lab):
    os.makedirs(lab.root / "lua/tlab/csv.lua")
    done = lab.tlab("table")
    assert done.exit != 0 and "lua/tlab/csv.lua" in done.err and "recipes/table.lua:2" in done.err
