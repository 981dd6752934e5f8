"""The command line: py_post [options] INPUT…"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from py_post import __version__
from py_post.answers import Answers
from py_post.commits import Commits
from py_post.errors import DataError, UsageError, reason_of
from py_post.reading import Row, Source
from py_post.report import Report
from py_post.runs import Runs
from py_post.table import AnyTable
from py_post.text import count, visible
from py_post.writing import write

EPILOG = """\
example:
  py_post --out post commits.jsonl       tables and figures of commits in the folder post
  py_post --kind table --format png x.csv

An INPUT is a file that ends in .csv or .jsonl, or a folder: then its commits.jsonl (else
commits.csv), answers.jsonl and runs.csv are taken, or, when it has none of these, all its
.csv and .jsonl files. The same input gives the same bytes.

exit codes: 0 done, 1 the input is not what it should be, 2 wrong usage
"""


class Kind(Protocol):
    """What collects rows and makes a report of them."""

    kind: str

    def check(self, source: Source, columns: tuple[str, ...]) -> None: ...  # noqa: D102
    def add(self, row: Row, source: Source) -> None: ...  # noqa: D102
    def report(self) -> Report: ...  # noqa: D102


KINDS: dict[str, type[Commits] | type[Answers] | type[Runs]] = {
    kind.kind: kind for kind in (Commits, Answers, Runs)
}


class Parser(argparse.ArgumentParser):
    """One that raises."""

    def error(self, message: str) -> Any:
        """What argparse found wrong."""
        raise UsageError(message)


def parser() -> Parser:
    """The options."""
    parser = Parser(
        prog="py_post",
        description="Makes tables (CSV) and figures (SVG or PNG) of what a run left behind.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("inputs", metavar="INPUT", nargs="+", help="a file or a folder")
    parser.add_argument(
        "--kind",
        choices=("auto", *KINDS, "table"),
        default="auto",
        help="what the input is; auto (the default) goes by its columns",
    )
    parser.add_argument(
        "--format",
        choices=("svg", "png", "none"),
        default="svg",
        help="of the figures (svg); none makes tables only",
    )
    parser.add_argument("--out", metavar="DIR", default="post", help="where they go (post)")
    parser.add_argument("--json", action="store_true", help="say what was written as JSON")
    parser.add_argument("--version", action="version", version=f"py_post {__version__}")
    return parser


def sources_of(name: str) -> list[Source]:
    """The files of an input."""
    path = Path(name)
    if not path.is_dir():
        if path.suffix not in (".csv", ".jsonl"):
            raise UsageError(f"{visible(name)}: expected a folder, or a file .csv or .jsonl")
        if not path.is_file():
            missing = "is no file" if path.exists() else "is not there"
            raise DataError(f"{visible(name)}: {missing}")
        return [Source(path)]
    there = [path / known for known in ("commits.jsonl", "answers.jsonl", "runs.csv")]
    if not there[0].is_file():
        there[0] = path / "commits.csv"
    found = [file for file in there if file.is_file()]
    if not found:
        try:
            entries = sorted(path.iterdir())
        except OSError as error:
            raise DataError(f"{visible(name)}: cannot be read: {reason_of(error)}") from None
        found = [file for file in entries if file.suffix in (".csv", ".jsonl") and file.is_file()]
    if not found:
        raise DataError(f"{visible(name)}: there is no .csv and no .jsonl file in this folder")
    return [Source(file) for file in found]


def kind_of(columns: tuple[str, ...]) -> str:
    """By the columns."""
    return next((name for name, kind in KINDS.items() if kind.fits(columns)), "table")


def collect(sources: Sequence[Source], wanted: str) -> tuple[list[Report], list[dict[str, Any]]]:
    """Reads all; gives the reports and what was read."""
    kinds: dict[str, Kind] = {}
    read = []
    for number, source in enumerate(sources):
        columns = source.columns()
        name = kind_of(columns) if wanted == "auto" else wanted
        # Inputs of a kind are taken together, but each table is one for itself.
        key = name if name in KINDS else f"table {number}"
        kind = kinds.setdefault(key, KINDS[name]() if name in KINDS else AnyTable())
        kind.check(source, columns)
        for row in source:
            kind.add(row, source)
        read.append({"file": source.name, "kind": name, "rows": source.rows})
    reports = [kind.report() for kind in kinds.values()]
    _tell_apart(reports, list(kinds.values()))
    for entry in read:
        if not entry["rows"]:
            for report in reports[:1]:
                report.notes.append(f"{entry['file']} has no rows")
    return reports, read


def _tell_apart(reports: Sequence[Report], kinds: Sequence[Kind]) -> None:
    """Files of tables begin with the table's name; of a second one of that name with a number."""
    taken: set[str] = set()
    for report, kind in zip(reports, kinds, strict=True):
        if isinstance(kind, AnyTable):
            if kind.name in KINDS:
                kind.name += "-table"
            name, number = kind.name, 1
            while name in taken:
                number += 1
                name = f"{kind.name}-{number}"
            taken.add(name)
            report.kind = name


def run(arguments: Sequence[str] | None) -> str:
    """Does what the words say; gives what is printed."""
    options = parser().parse_args(arguments)
    sources = [source for name in options.inputs for source in sources_of(name)]
    reports, read = collect(sources, options.kind)
    told = write(reports, Path(options.out), options.format)
    if options.json:
        about = {"version": __version__, "inputs": read, "reports": told}
        return json.dumps(about, sort_keys=True) + "\n"
    lines = []
    for entry in read:
        rows = count(entry["rows"], "row")
        lines.append(f"read {visible(entry['file'])}: {entry['kind']}, {rows}")
    for part in told:
        lines += [f"wrote {options.out}/{item['file']}" for item in part["tables"]]
        lines += [f"wrote {options.out}/{item['file']}" for item in part["figures"]]
        lines += [f"note: {note}" for note in part["notes"]]
    return "".join(f"{visible(line)}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit code."""
    try:
        sys.stdout.write(run(arguments))
        sys.stdout.flush()
    except UsageError as error:
        print(f"py_post: {error}\ntry: py_post --help", file=sys.stderr)
        return 2
    except DataError as error:
        print(f"py_post: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("py_post: there is not enough memory for this input", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Nobody listens any more; without this Python would say so once more at its end.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
