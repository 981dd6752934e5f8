"""CSV and JSON lines, a row at a time, with the file and line of whatever is wrong in them."""

import csv
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from py_post.errors import DataError, reason_of
from py_post.text import count, label, unguarded

# One cell, or one line of JSON: beyond this something is broken, and memory is not.
CELL = 16 << 20
# Columns of one table.
COLUMNS = 2000

# Numbers beyond this measure nothing; up to it sums stay finite and whole numbers exact enough.
LARGEST = 10**39

Row = dict[str, Any]


class Source:
    """A file of rows. Iterating gives maps from column to value; `line` is where it is."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Names the file; `name` is what messages call it."""
        self.path = path
        self.name = label(name or str(path), 120, keep_end=True)
        self.line = 0
        self.rows = 0

    def bad(self, message: str) -> DataError:
        """An error at the current line."""
        return DataError(f"{self.name} line {max(self.line, 1)}: {message}")

    def __iter__(self) -> Iterator[Row]:
        self.line = self.rows = 0
        with self._opened() as file:
            for row in self._parse(file):
                self.rows += 1
                yield row

    @contextmanager
    def _opened(self) -> Iterator[IO[str]]:
        try:
            with self.path.open(
                encoding="utf-8-sig", errors="backslashreplace", newline=""
            ) as file:
                yield file
        except OSError as error:
            raise DataError(f"{self.name}: cannot be read: {reason_of(error)}") from None

    def _parse(self, file: IO[str]) -> Iterator[Row]:
        return _json_rows(self, file) if self.path.suffix == ".jsonl" else _csv_rows(self, file)

    def columns(self) -> tuple[str, ...]:
        """The columns of a CSV file, the keys of the first line of JSON; none of an empty one."""
        if self.path.suffix == ".jsonl":
            return tuple(next(iter(self), {}))
        with self._opened() as file:
            self.line = 1
            return _header(self, next(_csv_lines(self, file), []))


def _csv_lines(source: Source, file: IO[str]) -> Iterator[list[str]]:
    csv.field_size_limit(CELL)
    reader = csv.reader(file, strict=True)
    while True:
        source.line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            what = str(error)
            if "field limit" in what:
                what = f"a cell has more than {CELL >> 20} MiB; is a quote not closed?"
            elif "unexpected end" in what:
                what = "a quote is not closed before the file ends"
            raise source.bad(what) from None
        yield cells


def _header(source: Source, cells: list[str]) -> tuple[str, ...]:
    if len(cells) > COLUMNS:
        raise source.bad(f"{count(len(cells), 'column')}, at most {COLUMNS:,} are read")
    names = tuple(
        unguarded(cell) if cell.strip() else f"column {n}" for n, cell in enumerate(cells, 1)
    )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise source.bad(f"two columns are called {label(name)!r}")
        seen.add(name)
    return names


def _csv_rows(source: Source, file: IO[str]) -> Iterator[Row]:
    lines = _csv_lines(source, file)
    head = next(lines, None)
    if head is None:
        return
    names = _header(source, head)
    for cells in lines:
        if not cells:  # an empty line
            continue
        if len(cells) != len(names):
            raise source.bad(f"{count(len(cells), 'cell')} where the header has {len(names)}")
        yield dict(zip(names, map(unguarded, cells), strict=True))


def _json_rows(source: Source, file: IO[str]) -> Iterator[Row]:
    while line := file.readline(CELL + 1):
        source.line += 1
        if len(line) > CELL:
            raise source.bad(f"the line has more than {CELL >> 20} MiB")
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            where = (
                f"at column {error.colno}" if error.colno <= len(line.rstrip()) else "at its end"
            )
            raise source.bad(f"not JSON, {where}: {error.msg.lower()}") from None
        except (ValueError, RecursionError) as error:
            deep = isinstance(error, RecursionError)
            what = "nested too deeply" if deep else "a number has too many digits"
            raise source.bad(f"JSON that cannot be read: {what}") from None
        if not isinstance(value, dict):
            raise source.bad("expected a JSON object, as {…}, on each line")
        yield value


def text_of(value: object) -> str:
    """A value as text; nothing and null are empty, lists and objects are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def number_of(value: object) -> int | float | None:
    """A value as a number, from CSV's text too; None when it is none, not finite, or beyond all."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        # float() takes 1_000 and Arabic digits: no program writes those.
        if not value or len(value) > 400 or not value.isascii() or "_" in value:
            return None
        try:
            value = int(value) if len(value) < 40 else float(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > LARGEST:
        return None
    return value


def time_of(value: object) -> datetime | None:
    """An RFC 3339 time with its offset; without one it is UTC. None when it is none."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40 or value[4:5] != "-":
        return None
    try:
        time = datetime.fromisoformat(value)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        time.astimezone(UTC)  # the first and the last day of the calendar have no neighbours
    except (ValueError, OverflowError):
        return None
    return time
