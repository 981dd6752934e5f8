#!/usr/bin/env python3
"""Files are as .editorconfig says, and the formatters' settings say the same.

layout.py FILE…     one line for each mistake
"""

import pathlib
import re
import sys
import tomllib

from editorconfig import get_properties

ROOT = pathlib.Path(__file__).resolve().parents[2]


def line_of(data, at):
    return data.count(b"\n", 0, at) + 1


def mistakes(name):
    data = (ROOT / name).read_bytes()
    wanted = get_properties(str(ROOT / name))
    if b"\0" in data or not data:
        return
    if wanted.get("charset") == "utf-8":
        try:
            data.decode()
        except UnicodeDecodeError as error:
            yield line_of(data, error.start), "is not UTF-8"
    if wanted.get("end_of_line") == "lf" and b"\r" in data:
        yield line_of(data, data.index(b"\r")), "has a carriage return"
    if wanted.get("insert_final_newline") == "true" and not data.endswith(b"\n"):
        yield line_of(data, len(data)), "ends without a newline"
    if wanted.get("trim_trailing_whitespace") == "true":
        for found in re.finditer(rb"[ \t]+$", data, re.M):
            yield line_of(data, found.start()), "has white space at the end of the line"
    if wanted.get("indent_style") == "space":
        for found in re.finditer(rb"^ *\t", data, re.M):
            yield line_of(data, found.start()), "is indented by a tab"


def setting(name, pattern):
    found = re.search(pattern, (ROOT / name).read_text(), re.M)
    return found[1] if found else None


def toml(name):
    return tomllib.loads((ROOT / name).read_text())


def settings():
    """What the formatters are told, by a file of the kind that they lay out: width and indentation."""
    lua, rust = toml("stylua.toml"), toml("recipes/tools/rust_extractor/rustfmt.toml")
    tests, post = toml("pyproject.toml")["tool"], toml("recipes/tools/py_post/pyproject.toml")["tool"]
    # What stands in no file is the formatter's own: LLVM's 2, black's 4, rustfmt's 4.
    yield ".clang-format", "core/main.c", setting(".clang-format", r"^ColumnLimit: (\d+)"), 2
    yield "stylua.toml", "lua/x.lua", lua["column_width"], lua["indent_width"]
    yield ".luacheckrc", "lua/x.lua", setting(".luacheckrc", r"^max_line_length = (\d+)"), 2
    for tool in ("black", "ruff"):
        yield tool, "tests/x.py", tests[tool]["line-length"], 4
        yield f"{tool} of py_post", "recipes/tools/py_post/src/x.py", post[tool]["line-length"], 4
    yield "rustfmt.toml", "recipes/tools/rust_extractor/x.rs", rust["max_width"], rust.get("tab_spaces", 4)


def disagreements():
    for name, example, width, indent in settings():
        wanted = get_properties(str(ROOT / example))
        asked = wanted["max_line_length"], wanted["indent_size"]
        if asked != (str(width), str(indent)):
            yield f"{name}: {width} columns, {indent} a step; .editorconfig has {' and '.join(asked)}"


def main(*names):
    found = [f"{name}:{line}: {what}" for name in names for line, what in mistakes(name)]
    found += disagreements()
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)


main(*sys.argv[1:])
