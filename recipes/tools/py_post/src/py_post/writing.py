"""Puts tables and figures into a folder."""

import csv
import io
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from py_post.errors import DataError, reason_of
from py_post.report import Cell, Report, Table
from py_post.text import guarded, visible


def cell(value: Cell) -> str:
    """A cell of CSV. Only texts can be formulas; what cannot be seen in them is written out."""
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(visible(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return f"{value:.12g}" if value != int(value) or abs(value) >= 1e15 else str(int(value))
    return str(value)


def csv_bytes(table: Table) -> bytes:
    """The table as CSV (RFC 4180, lines end in LF)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([cell(value) for value in row] for row in table.rows)
    return out.getvalue().encode()


def save(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written: {reason_of(error)}") from None


def write(reports: Iterable[Report], folder: Path, form: str) -> list[dict[str, Any]]:
    """Writes all tables and figures; gives what was written, as `--json` says it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {reason_of(error)}") from None
    told = []
    for report in reports:
        tables = []
        for table in report.tables:
            name = f"{report.kind}-{table.name}.csv"
            save(folder / name, csv_bytes(table))
            columns = list(table.columns)
            tables.append(
                {"file": name, "title": table.title, "rows": len(table.rows), "columns": columns}
            )
        told.append(
            {
                "kind": report.kind,
                "tables": tables,
                "figures": _figures(report, folder, form),
                "notes": [visible(note) for note in report.notes],
            }
        )
    return told


def _figures(report: Report, folder: Path, form: str) -> list[dict[str, str]]:
    figures: list[dict[str, str]] = []
    if form == "none" or not report.figures:
        return figures
    # Half of the time of a run, and tables do without.
    from py_post.drawing import draw, matplotlib_here

    with matplotlib_here():
        for figure in report.figures:
            name = f"{report.kind}-{figure.name}.{form}"
            save(folder / name, draw(figure, form))
            about = {"title": figure.title, "subtitle": figure.subtitle}
            figures.append({"file": name, **{key: visible(text) for key, text in about.items()}})
    return figures
