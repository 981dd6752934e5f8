#!/usr/bin/env python3
"""docs/reference/ERRORS.md, made from what `tlab explain --json` says on standard input (make docs)."""

import json
import re
import sys

HEAD = """# Errors

Each error has a code, in its message as `error[CODE]` and in `run.json`. This page is made by `make docs` from what `tlab explain CODE`
prints. The number is the exit code of the command; 0 is done, 129 and 143 are SIGHUP and SIGTERM. `tlab diff` alone is as
diff(1): 0 same, 1 different, 2 it cannot be said.
"""

LINE = 128


def wrapped(text):
    """Lines of at most LINE columns."""
    rows = [""]
    for word in text.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > LINE:
            rows.append("")
        rows[-1] += (" " if rows[-1] else "") + word
    return "\n".join(rows)


def prose(text):
    """Names of options and files as code."""
    return re.sub(r"(--[a-z-]+|\blab\.json\b|\bruns\.csv\b|\btimeout_ms\b|\berror\(\))", r"`\1`", text)


def section(code):
    rows = [f"## {code['name']}", f"{prose(code['help'])} ({code['exit']})", "", wrapped(prose(code["means"])), ""]
    rows += [f"- {prose(cause)}" for cause in code["causes"]]
    rows += ["", "| type | to |", "|---|---|"]
    rows += [f"| `{line}` | {prose(what)} |" for line, what in code["type"]]
    return "\n".join(rows) + "\n"


def main():
    sys.stdout.write("\n".join([HEAD, *map(section, json.load(sys.stdin))]))


if __name__ == "__main__":
    main()
