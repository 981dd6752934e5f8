#!/usr/bin/env python3
"""Runs the command line's tests: text files that read as a manual page does, results as TAP.

    tests/cli/run.py [--tlab build/tlab] [-k WORD] [FILE.t ...]

A file holds cases; each runs in a fresh folder, with a scrubbed environment and standard input empty.

    TEST: title                    begins a case
    FILE: path                     then its lines, indented by two spaces
    RUN: shell line                `tlab` is the binary under test; several RUNs are separate steps;
                                   $ROOT is this repository
    EXIT: 2                        of the RUN above (default 0)
    STDOUT:                        then the expected lines, indented by two spaces; so STDERR:
    TREE: path path ...            files that are there after the RUN; !path is not there

In expected lines `…` stands for any text within a line and a line of `...` for any number of lines.
A stream that is not mentioned may hold anything, but never a Lua traceback.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KEYWORD = re.compile(r"^(TEST|FILE|RUN|EXIT|STDOUT|STDERR|TREE):[ ]?(.*)$")
TIMEOUT = 60


class Bad(Exception):
    """The expectation that was not met."""


def parse(path):
    """The cases of a file: lists of (keyword, rest, block lines)."""
    cases: list[list[list]] = []
    entry: list = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = KEYWORD.match(line)
        if found:
            entry = [found[1], found[2], []]
            if found[1] == "TEST":
                cases.append([])
            cases[-1].append(entry)
        elif line.startswith("  ") and entry:
            entry[2].append(line[2:])
        elif line.strip() and not line.startswith("#"):
            sys.exit(f"{path}:{number}: what is this? {line}")
    return cases


def pattern(lines):
    """A regular expression for expected lines."""
    out = ""
    for line in lines:
        if line.strip() == "...":
            out += r"(?:[^\n]*\n)*"
        else:
            out += re.escape(line).replace("…", r"[^\n]*") + r"\n"
    return re.compile(out + r"\Z")


def check_stream(name, expected, got):
    if not pattern(expected).match(got):
        raise Bad(f"{name} was:\n{got}expected:\n" + "".join(line + "\n" for line in expected))


def check_tree(root, words):
    for word in words.split():
        absent = word.startswith("!")
        there = any(root.glob(word.lstrip("!")))
        if there == absent:
            have = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
            raise Bad(f"{word}: {'there' if there else 'not there'}; files: {' '.join(have)}")


def step(command, env, root):
    return subprocess.run(
        ["sh", "-c", command],
        cwd=root,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )


def run_case(case, bindir):
    with tempfile.TemporaryDirectory(prefix="tlab-cli-") as name:
        root = pathlib.Path(name)
        env = {
            "PATH": f"{bindir}:/usr/bin:/bin",
            "HOME": str(root),
            "LC_ALL": "C",
            "TMPDIR": name,
            "ROOT": str(HERE.parent.parent),
        }
        done, expected_exit = None, 0

        def end_of_step():
            if done is None:
                return
            if done.returncode != expected_exit:
                raise Bad(
                    f"exit code {done.returncode}, expected {expected_exit}\n"
                    + (done.stdout + done.stderr).decode(errors="replace")
                )
            for stream in (done.stdout, done.stderr):
                if b"stack traceback" in stream:
                    raise Bad("a Lua traceback:\n" + stream.decode(errors="replace"))

        for keyword, rest, block in case:
            if keyword == "FILE":
                path = root / rest
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(line + "\n" for line in block))
            elif keyword == "RUN":
                end_of_step()
                done, expected_exit = step(rest, env, root), 0
            elif keyword == "EXIT":
                expected_exit = int(rest)
            elif keyword in ("STDOUT", "STDERR"):
                got = (done.stdout if keyword == "STDOUT" else done.stderr).decode(errors="replace")
                check_stream(keyword, ([rest] if rest else []) + block, got)
            elif keyword == "TREE":
                check_tree(root, rest)
        end_of_step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tlab", default=HERE.parent.parent / "build" / "tlab", type=pathlib.Path)
    parser.add_argument("-k", default="", help="only cases whose title has this word")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    failed = count = 0
    for file in args.files or sorted(HERE.glob("*.t")):
        for case in parse(file):
            title = f"{file.stem}: {case[0][1]}"
            if args.k not in title:
                continue
            count += 1
            try:
                run_case(case, args.tlab.resolve().parent)
                print(f"ok {count} - {title}")
            except (Bad, subprocess.TimeoutExpired) as why:
                failed += 1
                print(f"not ok {count} - {title}")
                print("".join(f"  # {line}\n" for line in str(why).splitlines()), end="")
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
