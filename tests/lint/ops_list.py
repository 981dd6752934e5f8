#!/usr/bin/env python3
"""The operations that .luacheckrc lets recipes name, from the binary's own table.

ops_list.py TLAB            exit code 1 and the difference when .luacheckrc is stale
ops_list.py TLAB --write    writes them anew
"""

import difflib
import json
import pathlib
import re
import subprocess
import sys

RC = pathlib.Path(__file__).resolve().parents[2] / ".luacheckrc"
BLOCK = re.compile(r"(-- ops: begin[^\n]*\n).*?(-- ops: end)", re.S)


def block(tlab):
    table = json.loads(subprocess.run([tlab, "ops", "--json"], check=True, capture_output=True).stdout)
    families = {}
    for op in table:
        if op["permit"] != "tool":
            family, name = op["name"].split(".")
            families.setdefault(family, []).append(name)
    lines = [f"  {family} = '{' '.join(sorted(names))}'," for family, names in sorted(families.items())]
    return "\n".join(["local ops = {", *lines, "}", ""])


def main(tlab, *options):
    now = RC.read_text()
    wanted = BLOCK.sub(lambda m: m[1] + block(tlab) + m[2], now)
    if "--write" in options:
        RC.write_text(wanted)
    elif wanted != now:
        sys.stdout.writelines(
            difflib.unified_diff(
                now.splitlines(True),
                wanted.splitlines(True),
                ".luacheckrc",
                "as `tlab ops --json` has it",
            )
        )
        sys.exit("type: python3 tests/lint/ops_list.py TLAB --write")


main(*sys.argv[1:])
