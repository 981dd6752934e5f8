#!/usr/bin/env python3
"""Holds the tree to the tables of rules.py; TAP.  check.py --build BUILD

Each check is a function of a tree and a folder of objects that yields what is wrong. Each is also
run on a copy of the tree with a violation planted in it, and must find that one.
"""

import argparse
import collections
import functools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]


def c_files(tree):
    return sorted([*tree.glob("core/*.[ch]"), *tree.glob("core/*/*.[ch]")])


def includes(tree, _):
    """A C file includes its own folder and the folders below it."""
    for path in c_files(tree):
        folder = str(path.parent.relative_to(tree))
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M):
            target = (path.parent / name).resolve()
            target = target if target.exists() else (tree / name).resolve()
            if not target.is_relative_to(tree):
                yield f"{path.relative_to(tree)} includes {name}, which is not in the tree"
                continue
            at = str(target.relative_to(tree))
            home = str(target.parent.relative_to(tree))
            if home != folder and home not in rules.C_FOLDERS[folder] and at not in rules.C_DATA:
                yield f"{path.relative_to(tree)} includes {at}: {folder} may not use {home}"


def plain(symbol):
    """memcpy for __memcpy_chk, strtol for __isoc23_strtol: what fortify and new C libraries make of them."""
    symbol = re.sub(r"@.*", "", symbol)
    symbol = re.sub(r"^__(\w+)_chk$", r"\1", symbol)
    return re.sub(r"^__isoc\d\d_", "", symbol)


def allowed(folder):
    words = rules.LIBC[folder].split()
    if "math" in words:
        words += rules.MATH.split()
    return set(words) | set(rules.COMPILER)


def libraries(tree, _):
    """A library's header is included in its one folder only."""
    for path in c_files(tree):
        folder = str(path.parent.relative_to(tree))
        for name in re.findall(r"^\s*#\s*include\s+<([^>]+)>", path.read_text(), re.M):
            home = next((home for start, home in rules.LIBRARIES.items() if name.startswith(start)), folder)
            if home != folder and path.name != "embed.c":
                yield f"{path.relative_to(tree)} includes <{name}>, which is for {home}"


@functools.cache
def said_by_nm(objects, *options):
    """What nm says of objects, a text each. They come with their times: a changed one is asked anew."""
    paths = [path for path, _ in objects]
    out = subprocess.run(["nm", *options, *paths], check=True, capture_output=True, text=True).stdout
    parts = re.split(r"^(.+):$", out, flags=re.M) if len(paths) > 1 else ["", str(*paths), out]
    return dict(zip(parts[1::2], parts[2::2]))


def symbols(paths, pattern, *options):
    """Pairs of object and symbol; what is planted is asked by itself, so the others are asked once."""
    for planted in (True, False):
        these = tuple((path, path.stat().st_mtime_ns) for path in paths if (path.stem == "planted") == planted)
        said = said_by_nm(these, *options) if these else {}
        for path, text in said.items():
            for symbol in re.findall(pattern, text):
                yield pathlib.Path(path), symbol


def objects_of(tree, build, folder):
    """Of the sources of a folder; embed.c is a program of its own, which runs at build time."""
    sources = sorted((tree / folder).glob("*.c"))
    return [build / folder / f"{source.stem}.o" for source in sources if source.name != "embed.c"]


def objects(tree, build):
    """Objects outside core/prim take nothing that reads or writes the world."""
    for folder in rules.LIBC:
        paths = objects_of(tree, build, folder)
        for path in paths:
            if not path.exists():
                yield f"{path} is not there: type make first"
        may = allowed(folder)
        for path, symbol in symbols([path for path in paths if path.exists()], r"[UwV] (\S+)", "-u"):
            own = symbol.startswith(("tl_", "prim_"))
            lua = symbol.startswith(("lua_", "luaL_", "luaopen_")) and folder == "core/lua"
            made = symbol.startswith(tuple(rules.COMPILER_PREFIXES))
            if not (own or lua or made) and plain(symbol) not in may:
                yield f"{folder}/{path.name} uses {symbol}: not on the list for {folder}"


def names(tree, build):
    """What a C file shows to others is called tl_ or prim_, and everything of a file that is not is static."""
    for folder in rules.C_FOLDERS:
        paths = [path for path in objects_of(tree, build, folder) if path.exists() and path.name != "main.o"]
        for path, symbol in symbols(paths, r" [A-Z] (\S+)", "--defined-only", "-g"):
            made = symbol.startswith(tuple(rules.COMPILER_PREFIXES))
            if not (made or symbol.startswith(("tl_", "prim_")) or symbol in rules.FOREIGN_NAMES):
                yield f"{folder}/{path.name} shows {symbol}: tl_… or prim_… or static"


def back_doors(tree, _):
    """Lua's own ways to files, processes and bytecode are nowhere in core."""
    for path in c_files(tree):
        if path.name == "embed.c":
            continue  # runs at build time, on the project's own files
        for door in rules.LUA_BACK_DOORS:
            if re.search(rf"\b{door}\b", path.read_text()):
                yield f"{path.relative_to(tree)} names {door}"


def lua_modules(tree):
    for path in sorted(tree.glob("lua/**/*.lua")):
        yield path, ".".join(path.relative_to(tree / "lua").with_suffix("").parts)
    for path in sorted(tree.glob("recipes/*.lua")):
        yield path, f"recipes.{path.stem}"


def within(module, folder):
    return module == folder or module.startswith(folder + ".")


def rule_of(module):
    return max((folder for folder in rules.LUA_MODULES if within(module, folder)), key=len, default=None)


def code_of(path):
    """Lua without its comments: what they mention is not used."""
    return re.sub(r"--[^\n]*", "", path.read_text())


def requires(tree, _):
    """A Lua module requires what its row of the table names; nothing but a command requires commands."""
    for path, module in lua_modules(tree):
        for name in re.findall(r"\brequire\s*\(?\s*['\"]([\w.]+)", code_of(path)):
            rule = rule_of(module)
            if rule is None:
                yield f"{path.relative_to(tree)}: no row of the table is for {module}"
            elif not any(within(name.rstrip("."), to) for to in rules.LUA_MODULES[rule]):
                yield f"{path.relative_to(tree)} requires {name}: {rule} may not"


def pure(tree, _):
    """spec, manifest, view and diff compute; what one of them touches is listed for it."""
    for path, module in lua_modules(tree):
        if not any(within(module, folder) for folder in rules.PURE):
            continue
        may = rules.PURE_CORE + rules.TOUCHES.get(module, [])
        code = code_of(path)
        for name in re.findall(r"\bcore\.(\w+(?:\.\w+)?)", code):
            if not any(name == one or (one.endswith(".") and name.startswith(one)) for one in may):
                yield f"{path.relative_to(tree)} uses core.{name}: {module} may not"
        if re.search(r"=\s*core\b(?!\.)|\bcore\s*\[|[(,]\s*core\s*[,)]", code):
            yield f"{path.relative_to(tree)} hands core on: what it does with it cannot be seen"


def called(tree, _):
    """A function that a module of the host offers is used somewhere, in its own file or another."""
    code = {path: code_of(path) for path, _ in lua_modules(tree)}
    texts = [*code.values(), *(path.read_text() for path in tree.glob("core/*/*.c"))]
    uses = collections.Counter()
    for text in texts:
        uses.update(re.findall(r"[.:](\w+)", text))
        uses.update(re.findall(r"(?<=[\"'])(\w+)(?=[\"'])", text))
    for path, module in lua_modules(tree):
        if not module.startswith("host.") or module in rules.BY_NAME:
            continue
        for name in re.findall(r"^function M[.:](\w+)", code[path], re.M):
            if uses[name] < 2:
                yield f"{path.relative_to(tree)}: nothing calls {name}"


def columns(tree, _):
    """The columns of runs.csv are the same wherever they are listed."""

    def listed(name, start, end):
        text = (tree / name).read_text()
        literals = re.findall(r"""['"]([^'"]+)['"]""", text[text.index(start) + len(start) :].split(end)[0])
        return (
            "".join(word.replace("\\n", "") + ("" if "," in word else ",") for word in literals).strip(",").split(",")
        )

    header = (tree / "core/prim/index.h").read_text()
    table = re.findall(r'^  X\(\w+, "(\w+)"\)', header, re.M)
    if not table:
        yield "core/prim/index.h has no table of columns where it is looked for"
    for name, (start, end) in rules.COLUMNS.items():
        there = listed(name, start, end)
        if there != table:
            odd = [word for word in dict.fromkeys(there + table) if (word in there) != (word in table)]
            yield f"{name}: not the columns of core/prim/index.h: {', '.join(odd) or 'in another order'}"


def plant_c(tree, _):
    (tree / "core/base/planted.c").write_text('#include "../gate/gate.h"\n')


def plant_object(call):
    def plant(tree, build):
        source = tree / "core/gate/planted.c"
        source.write_text(call)
        subprocess.run(["cc", "-w", "-c", "-o", build / "core/gate/planted.o", source], check=True)

    return plant


def plant_word(name, old, new):
    def plant(tree, _):
        text = (tree / name).read_text()
        (tree / name).write_text(text.replace(old, new, 1))

    return plant


def plant_text(name, text):
    def plant(tree, _):
        (tree / name).write_text(text)

    return plant


CHECKS = {
    includes: {
        "a header of a higher folder": plant_c,
        "a primitive that includes the gate": plant_text("core/prim/planted.h", '#include "../gate/gate.h"\n'),
    },
    libraries: {
        "lua.h in a primitive": plant_text("core/prim/planted.c", "#include <lua.h>\n"),
        "curl.h in the gate": plant_text("core/gate/planted.c", "#include <curl/curl.h>\n"),
    },
    objects: {
        "fopen in the gate": plant_object('void *fopen(); void *f(void) { return fopen("x", "r"); }'),
        "getenv in the gate": plant_object('char *getenv(); char *f(void) { return getenv("x"); }'),
        "time in the gate": plant_object("long time(); long f(void) { return time(0); }"),
        "libcurl in the gate": plant_object("void *curl_easy_init(); void *f(void) { return curl_easy_init(); }"),
        "libgit2 in the gate": plant_object("int git_libgit2_init(); int f(void) { return git_libgit2_init(); }"),
        "a fortified read in the gate": plant_object("long __read_chk(); long f(void) { return __read_chk(0); }"),
        "Lua in the gate": plant_object("int lua_gettop(); int f(void) { return lua_gettop(0); }"),
    },
    names: {
        "a name of no family": plant_object("int helper(void) { return 0; }"),
    },
    back_doors: {
        "luaL_openlibs": plant_text("core/lua/planted.c", "void f(void *L) { luaL_openlibs(L); }\n"),
        "luaopen_io": plant_text("core/lua/planted.c", "void *f(void) { return luaopen_io; }\n"),
        "luaL_loadfilex": plant_text("core/prim/planted.c", "void f(void *L) { luaL_loadfilex(L, 0, 0); }\n"),
    },
    requires: {
        "a recipe's library on the trusted side": plant_text("lua/tlab/planted.lua", "require 'host.lab'\n"),
        "a step that requires a command": plant_text("lua/host/run/planted.lua", "require('host.cmd.run')\n"),
        "a view that requires the store": plant_text("lua/host/view/planted.lua", 'require "host.store.tree"\n'),
    },
    pure: {
        "a view that writes": plant_text("lua/host/view/planted.lua", "core.fs.replace('x', 'y')\n"),
        "a spec that asks the clock": plant_text("lua/host/spec/planted.lua", "core.clock.now()\n"),
        "a view with core in other hands": plant_text("lua/host/view/planted.lua", "local c = core\n"),
    },
    columns: {
        "a column that core has alone": plant_word("core/prim/index.h", '"folder")', '"planted")'),
        "a column that the index has alone": plant_word(
            "lua/host/store/index.lua", "'folder',", "'folder',\n  'planted',"
        ),
        "a column that the pages have alone": plant_word("lua/tlab/runs.lua", "error,folder", "error,planted,folder"),
        "a column of the first line alone": plant_word("core/prim/index_csv.c", "error,folder", "error,planted"),
    },
    called: {
        "what nothing calls": plant_text("lua/host/view/planted.lua", "local M = {}\nfunction M.planted_here() end\n"),
    },
}


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def say(self, good, name, lines=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for line in lines:
            print(f"#   {line}")


def copy_of(tree, build, folder):
    """What the checks read, in a folder where it can be spoilt."""
    ignore = shutil.ignore_patterns("*.d", "*.md", "tools")
    for name in ["core", "lua", "recipes"]:
        shutil.copytree(tree / name, folder / "tree" / name, ignore=ignore)
    shutil.copytree(build / "core", folder / "build" / "core", ignore=ignore)
    return folder / "tree", folder / "build"


def files_of(*tops):
    """Each file with what tells that it was changed."""
    return {path: path.stat().st_mtime_ns for top in tops for path in top.rglob("*") if path.is_file()}


def bites(check, plant, tree, build):
    """A check finds what is planted; the copy is as it was when it is done."""
    before = files_of(tree, build)
    plant(tree, build)
    found = any("planted" in wrong for wrong in check(tree, build))
    for path, when in files_of(tree, build).items():
        if path not in before:
            path.unlink()
        elif when != before[path]:
            shutil.copy2(ROOT / path.relative_to(tree), path)
    return found


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build")
    build = (ROOT / options.parse_args().build).resolve()
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of(ROOT, build, pathlib.Path(folder).resolve())
        for check, planted in CHECKS.items():
            wrong = list(check(ROOT, build))
            tap.say(not wrong, check.__doc__.strip(), wrong)
            for name, plant in planted.items():
                tap.say(bites(check, plant, *copy), f"{check.__name__} finds {name}")
    print(f"1..{tap.count}")
    sys.exit(1 if tap.failed else 0)


main()
