"""A recipe that cannot be loaded: each mistake with file and line, what is meant, and what to type. Nothing is run."""

import pytest

from lab import EXIT, Lab

WHOLE = "return {\n  name = 'x', summary = 's', home = 'a',\n  run = function() end,\n}\n"
CIRCLE = {"lua/my/a.lua": "local b = require 'my.b'\n", "lua/my/b.lua": "\nlocal a = require 'my.a'\n"}
WORDS = {"lua/my/words.lua": "return {}\n"}

# What the recipe is, other files, the code, where, and what is told.
MISTAKES = {
    "syntax": (
        "return {\n  name = 'x'\n  summary = 's',\n}\n",
        {},
        "INVALID",
        "recipes/x.lua:3",
        ["'}' expected", "help: a comma between two fields"],
    ),
    "syntax in a module": (
        "require 'my.words'\n" + WHOLE,
        {"lua/my/words.lua": "local M = {}\nfunction M.x( return M\n"},
        "INVALID",
        "lua/my/words.lua:2",
        ["expected near 'return'"],
    ),
    "a module that is missing": (
        "\nrequire 'my.thing'\n" + WHOLE,
        WORDS,
        "NOT_FOUND",
        "recipes/x.lua:2",
        ["there is no module 'my.thing': neither lua/my/thing.lua in the lab nor in tlab itself\n"],
    ),
    "one that is near": (
        "\nrequire 'my.word'\n" + WHOLE,
        WORDS,
        "NOT_FOUND",
        "recipes/x.lua:2",
        ["neither lua/my/word.lua in the lab", "did you mean 'my.words'?"],
    ),
    "one of tlab's own that is near": (
        "require 'tlab.stat'\n" + WHOLE,
        {},
        "NOT_FOUND",
        "recipes/x.lua:1",
        ["did you mean 'tlab.stats'?"],
    ),
    "a path": (
        "require 'my/words.lua'\n" + WHOLE,
        WORDS,
        "NOT_FOUND",
        "recipes/x.lua:1",
        ["with dots, without .lua; did you mean 'my.words'?"],
    ),
    "a library of the world": (
        "require 'os'\n" + WHOLE,
        {},
        "NOT_FOUND",
        "recipes/x.lua:1",
        ["there is no module 'os' for a recipe; `tlab ops` lists"],
    ),
    "a module that fails while it is loaded": (
        "require 'my.words'\n" + WHOLE,
        {"lua/my/words.lua": "\nlocal x = nothing.at_all\n"},
        "RUN_FAILED",
        "lua/my/words.lua:2",
        ["attempt to index a nil value (global 'nothing')"],
    ),
    "a module that asks while it is loaded": (
        "require 'my.words'\n" + WHOLE,
        {"lua/my/words.lua": "\ntlab.fs.read 'lab:x'\n"},
        "INVALID",
        "lua/my/words.lua:2",
        ["fs.read is called while the recipe is being loaded; call it inside run"],
    ),
    "a circle": (
        "require 'my.a'\n" + WHOLE,
        CIRCLE,
        "INVALID",
        "lua/my/b.lua:2",
        ["in a circle: my.a → my.b → my.a", "help: require it where it is used, inside a function"],
    ),
    "nothing returned": (
        "local M = {}\n",
        {},
        "INVALID",
        "recipes/x.lua",
        ["recipes/x.lua returns nothing, expected a recipe", "help: tlab new recipe NAME"],
    ),
    "a number returned": ("\nreturn 7\n", {}, "INVALID", "recipes/x.lua:2", ["recipes/x.lua returns 7, expected a"]),
    "a function returned": ("return print\n", {}, "INVALID", "recipes/x.lua:1", ["returns a function, expected a"]),
    "no run": (
        "local x\nreturn { name = 'x', summary = 's', home = 'a' }\n",
        {},
        "INVALID",
        "recipes/x.lua:2",
        ["the field run is missing: a function(run, spec)"],
    ),
    "misspelt keys": (
        WHOLE.replace("summary", "sumary").replace("run =", "need = {},\n  run ="),
        {},
        "INVALID",
        "recipes/x.lua:1",
        [
            "3 things are wrong",
            "recipes/x.lua:1: the field summary is missing",
            'recipes/x.lua:2: unknown field sumary, did you mean "summary"?',
            'recipes/x.lua:3: unknown field need, did you mean "needs"?',
        ],
    ),
    "a misspelt need": (
        WHOLE.replace("run =", "needs = { nett = {} },\n  run ="),
        {},
        "INVALID",
        "recipes/x.lua:3",
        ['unknown need "nett", did you mean "net"?'],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_told_where_it_is(tmp_path, name):
    recipe, files, code, where, told = MISTAKES[name]
    lab = Lab(tmp_path / "lab")
    lab.write("recipes/x.lua", recipe)
    for path, text in files.items():
        lab.write(path, text)
    for words in (["run", "x"], ["help", "x"], ["validate", "x"])[: None if name == "a misspelt need" else 1]:
        done = lab.tlab(*words)
        assert done.exit == EXIT.get(code, 1), (words, done.err)
        assert f"error[{code}]: " in done.err and f"\n  --> {where}\n" in done.err, (words, done.err)
        assert all(each in done.err for each in told), (words, done.err)
    assert not list(lab.root.glob("2*")), "something was run"
