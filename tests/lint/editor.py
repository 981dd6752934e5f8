#!/usr/bin/env python3
"""What an editor says of a new lab's Lua: nothing, and of mistakes what they are.

editor.py TLAB LUA_TYPES     one line for each thing that is wrong; tests/lint/lua_types is the editor
"""

import os
import pathlib
import subprocess
import sys
import tempfile

# A line of a recipe, and what must be said of it; nothing where there is nothing to say.
LINES = {
    "local text = assert(tlab.fs.read('a.txt')); print(text:upper(), #text)": "",
    "local text, err = tlab.fs.read 'a.txt'; print(text, err and err.code, err and err.message)": "",
    "for _, one in ipairs(assert(tlab.fs.list '.')) do print(one.name, one.size) end": "",
    "local got = assert(tlab.http.send { url = 'http://x/', timeout_ms = 5 }); print(got.status, got.body)": "",
    "local text = tlab.json.encode(tlab.json.array {}); print(text .. '', tlab.json.null)": "",
    "local name = tlab.secret 'K'; print(assert(tlab.http.send { url = 'x', headers = { a = name } }).url)": "",
    "local csv = require 'tlab.csv'; print(csv.encode { { a = 1 } })": "",
    "local json, cjson = require 'tlab.json', require 'cjson'; print(json.encode(1), cjson.null)": "",
    "local judge = assert(require('tlab.schema').compile { type = 'object' }); print(judge:check {})": "",
    "local rows = run:map({ 1, 2 }, function(n, task) return n + task.seed end); print(rows[1] + 1)": "",
    "print(run.seed + 1, run:write('a', 'b').size, spec.anything.goes)": "",
    "print(string.rep('a', 3), table.unpack {}, math.pi, utf8.len 'a', coroutine.running())": "",
    "for key, value in pairs { a = 1 } do print(key:upper(), value + 1) end": "",
    "for i, value in ipairs { 'a' } do print(value:upper(), i + 1) end": "",
    "local ok, err = pcall(error, 'x', 0); print(ok, err, select('#', 1), next {}, type(1) == 'table')": "",
    "local made = setmetatable({ a = 1 }, { __index = {} }); print(made.a + 1, rawlen {}, _VERSION)": "",
    # An operation, its family, an argument, one too few, one too many.
    "tlab.fs.raed 'x'": "raed",
    "tlab.fx.read 'x'": "fx",
    "tlab.fs.read(7)": "`7`",
    "tlab.fs.read()": "path",
    "tlab.clock.sleep(1, 2)": "expected 1 parameters but found 2",
    # What may be nil, where it may not be; fields of options and of answers.
    "local text = tlab.fs.read 'b'; run:write('a', text)": "string?",
    "tlab.http.send { uri = 'x' }": "url",
    "tlab.http.send { url = 7 }": "string",
    "tlab.git.changes({}, { renames = 'yes' })": "renames",
    "print(assert(tlab.fs.stat 'x').sise)": "sise",
    # The run, the library.
    "run:wrte('a', 'b')": "wrte",
    "run:write('a', 1)": "`1`",
    "run:metric('a', 'high')": "number",
    "require('tlab.csv').encod {}": "encod",
    "require 'tlab.no_such_module'": "tlab.no_such_module",
    "require('tlab.stats').mean 'text'": "number[]",
    # What a recipe does not have.
    "io.open 'x'": "io",
    "os.time()": "os",
    "debug.traceback()": "debug",
    "print(package.path)": "package",
    "dofile 'x'": "dofile",
    "loadfile 'x'": "loadfile",
    "collectgarbage 'count'": "collectgarbage",
    "no_such_global()": "no_such_global",
}
HEAD = "---@type tlab.Recipe\nreturn {\n  name = 'planted',\n  run = function(run, spec)\n"
TAIL = "    print(run, spec)\n  end,\n}\n"
# What stands in the place of a recipe's table, and what must be said.
RECIPES = {
    "---@type tlab.Recipe\nreturn { nam = 'x', run = function() end }\n": "name",
    "---@type tlab.Recipe\nlocal recipe = { name = 'x', run = 7 }\nreturn recipe\n": "fun",
}


def said_of(checker, lab, *below):
    done = subprocess.run([checker, lab, *below], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        sys.exit(f"{checker}: {done.stderr or done.returncode}")
    return done.stdout.splitlines()


def plant(lab):
    """A file for each: path → what must be said of it."""
    wanted = {}
    for number, (line, word) in enumerate(LINES.items()):
        path = lab / f"recipes/planted-{number}.lua"
        path.write_text(f"{HEAD}    {line}\n{TAIL}")
        wanted[path.name] = line, word
    for number, (text, word) in enumerate(RECIPES.items()):
        path = lab / f"recipes/whole-{number}.lua"
        path.write_text(text)
        wanted[path.name] = text, word
    return wanted


def main(tlab, checker):
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        lab = pathlib.Path(folder).resolve() / "lab"
        subprocess.run([tlab, "init", lab, "-q"], check=True)
        for words in (["new", "recipe", "haiku", "-q"], ["hello", "specs/hello.json", "-q"]):
            subprocess.run([tlab, *words], cwd=lab, check=True, capture_output=True)
        wrong += said_of(checker, lab)
        wanted = plant(lab)
        said = said_of(checker, lab, "recipes")
        for name, (text, word) in wanted.items():
            of_it = [line.split(": ", 1)[1] for line in said if line.startswith(f"recipes/{name}:")]
            if not word and of_it:
                wrong.append(f"{text}: {of_it}, expected nothing")
            if word and not any(word in line for line in of_it):
                wrong.append(f"{text}: {of_it or 'nothing'}, expected a word of {word!r}")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


main(*map(os.path.abspath, sys.argv[1:]))
