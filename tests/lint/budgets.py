#!/usr/bin/env python3
"""How long things may be: files, functions, and how many ways lead through a C function.

    budgets.py FILE…     with a Python that has lizard

lizard counts C. It breaks on some Lua, so the lengths of Lua functions are what Lua's own compiler
says (luac5.4 -l).
"""

import csv
import io
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_FILE, C_FUNCTION, C_WAYS = 500, 60, 15
LUA_FILE, LUA_FUNCTION = 400, 60
RECIPE = 150
# A test is a list of cases: its file may be longer, and its assertions do not count as ways.
TEST_FILE = 800


def over(name, line, what, count, limit):
    if count > limit:
        print(f"{name}:{line}: {what} {count}, at most {limit}")
    return count > limit


def file_lines(name, limit):
    return over(name, 1, "lines in the file", len((ROOT / name).read_bytes().splitlines()), limit)


def c_functions(names):
    out = subprocess.run(
        [sys.executable, "-m", "lizard", "-l", "c", "--csv", *names],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    bad = 0
    for row in csv.reader(io.StringIO(out.stdout.decode())):
        ways, lines, name, function, start = int(row[1]), int(row[4]), row[6], row[7], row[9]
        bad += over(name, start, f"lines in {function}:", lines, C_FUNCTION)
        if not name.startswith("tests/"):
            bad += over(name, start, f"ways through {function}:", ways, C_WAYS)
    return bad


def lua_functions(name):
    out = subprocess.run(["luac5.4", "-l", "-p", name], cwd=ROOT, check=True, capture_output=True)
    ranges = re.findall(rb"^function <.*:(\d+),(\d+)>", out.stdout, re.M)
    return sum(
        over(name, int(first), "lines in the function", int(last) - int(first) + 1, LUA_FUNCTION)
        for first, last in ranges
    )


def main(*names):
    c, lua = [[name for name in names if name.endswith(ends)] for ends in ((".c", ".h"), ".lua")]
    bad = c_functions(c) if c else 0
    for name in c:
        bad += file_lines(name, TEST_FILE if name.startswith("tests/") else C_FILE)
    for name in lua:
        recipe = name.startswith("recipes/")
        bad += file_lines(name, RECIPE if recipe else LUA_FILE) + lua_functions(name)
    sys.exit(1 if bad else 0)


main(*sys.argv[1:])
