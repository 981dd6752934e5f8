#!/usr/bin/env python3
"""docs/reference/OPERATIONS.md, made from what `tlab ops --json` says on standard input (make docs)."""

import json
import sys

HEAD = """# Operations

Everything a recipe can ask for. This page is made by `make docs` from the one table, `core/gate/ops.def`; `tlab ops` prints the
same. In a recipe `fs.read` is `tlab.fs.read(path, max)`. It answers with a value, or with `nil, err` when the world says no
(`err.code`, `err.message`, `err.op`). Wrong arguments and missing permits are raised.

Types: `s` bytes · `i` integer · `n` number · `b` boolean · `l` list · `m` map · `a` any value · `r` path to read · `w` path in
the run's folder · `{name:type}` a map of these · `type[]` a list · `?` may be left out, or is nil · `!` or `nil, err`.
[ARCHITECTURE.md](ARCHITECTURE.md#paths-in-a-recipe) says what paths mean.

| kind | what becomes of it |
|---|---|
| recorded | written into the record; a replay answers from there |
| outward | the same; it reaches beyond the run's folder, and is written down as asked before it is performed |
| in_run | recorded; a replay does it again in a folder of its own, and it must come out the same |
| stream | recorded; one piece of a longer answer |
| pure | the same answer always: performed again, not recorded |
| shown | for the eye only: not recorded, and a replay shows nothing |
| local | computed by the recipe's own process: nothing is asked |

| permit | what it takes |
|---|---|
| none | nothing |
| read | nothing in the run's folder and in the lab (`lab:…`); elsewhere `needs.read` and `--allow-read=PATH` |
| write | nothing, and only in the run's folder |
| net, run, env | `needs` in the recipe, and `lab.json` or `--allow-net`, `--allow-run`, `--allow-env` |
| call | `needs.call` in the recipe |
"""

# What a type does not say.
NOTES = {
    "http": """`headers` of a request is a map or a list of `{name, value}`; a value is a string, a secret, or a list of both:
`headers = { authorization = { 'Bearer ', tlab.secret 'KEY' } }`, or a login: `{ basic = { 'user', tlab.secret 'KEY' } }`. A status of
400 and above is an answer, not an error.
""",
    "proc": """There is no shell; the environment is made anew; the working folder is the program's own, with `files` in it, and removed
at its end. The record has the SHA-256 of the program. [TOOLS.md](../2-use/TOOLS.md) says what else it may do.
""",
}


def cell(text):
    return text.replace("|", "\\|")


def row(op):
    return (
        f"| `{op['name']}({op['signature']})` | {op['permit']} | {op['kind']} | `{cell(op['returns'])}` "
        f"| {cell(op['help'])} |"
    )


def main():
    families = {}
    for op in json.load(sys.stdin):
        if op["permit"] != "tool":
            families.setdefault(op["name"].split(".")[0], []).append(op)
    parts = [HEAD]
    for family, ops in families.items():
        parts.append(
            f"## {family}\n\n| operation | permit | kind | answers with | what it does |\n|---|---|---|---|---|\n"
            + "\n".join(map(row, ops))
            + "\n"
        )
        if family in NOTES:
            parts.append(NOTES[family])
    sys.stdout.write("\n".join(parts))


if __name__ == "__main__":
    main()
