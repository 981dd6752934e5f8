"""Any table: what its columns hold."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import PurePath

from py_post.counting import KEPT, Numbers, Spans
from py_post.oddities import Oddities
from py_post.reading import COLUMNS, Row, Source, number_of, text_of, time_of
from py_post.report import QUANTILES, Bars, Columns, Report, Series, Table, quantiles
from py_post.text import count, label, slug

FIGURES = 8  # columns that are drawn
SHOWN = 15
VALUES = 20  # the most frequent values of a column
# Values of a column that are told apart, and its numbers that are kept; of many columns fewer each.
DISTINCT, ALL_DISTINCT = 10_000, 400_000
NUMBERS = 16 << 20
DAYS = 50_000  # of a column of times
LETTERS = 200  # of a value
BINS = 24


@dataclass
class _Column:
    most: int
    numbers: Numbers
    filled: int = 0
    empty: int = 0
    times: int = 0
    days: Counter[date] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    over: bool = False

    def add(self, value: object) -> None:
        text = text_of(value)
        if not text.strip() or text.strip().lower() in ("nan", "null", "none", "na", "n/a"):
            self.empty += 1
            return
        self.filled += 1
        number = number_of(value)
        if number is not None:
            self.numbers.add(number)
        elif time := time_of(value):
            self.times += 1
            day = time.astimezone(UTC).date()
            if day in self.days or len(self.days) < DAYS:
                self.days[day] += 1
        text = text[:LETTERS]
        if text in self.values or len(self.values) < self.most:
            self.values[text] += 1
        else:
            self.over = True

    @property
    def kind(self) -> str:
        if not self.filled:
            return "empty"
        for name, number in (("number", self.numbers.count), ("time", self.times)):
            if number == self.filled:
                return name
        return "mixed" if self.numbers.count or self.times else "text"

    @property
    def distinct(self) -> str | int:
        return f"> {self.most}" if self.over else len(self.values)

    def reach(self) -> tuple[str | None, str | None]:
        """The first and the last day."""
        if not self.days:
            return None, None
        return min(self.days).isoformat(), max(self.days).isoformat()

    def frequent(self, most: int) -> list[tuple[str, int]]:
        return sorted(self.values.items(), key=lambda item: (-item[1], item[0]))[:most]


def _round(step: float) -> float:
    """The next larger number that people count by: 1, 2 or 5 with noughts."""
    unit = 10.0 ** math.floor(math.log10(step))
    return next((unit * n for n in (1, 2, 5) if unit * n >= step), unit * 10)


class AnyTable:
    """Collects the rows of one table."""

    kind = "table"

    def __init__(self) -> None:
        """None yet."""
        self.name = "table"
        self.rows = 0
        self.columns: dict[str, _Column] = {}
        self._first: tuple[str, ...] = ()
        self.odd = Oddities()

    def _column(self, empty: int = 0) -> _Column:
        share = max(len(self._first), len(self.columns), 1)
        numbers = Numbers(max(1 << 10, min(KEPT, NUMBERS // share)))
        return _Column(max(100, min(DISTINCT, ALL_DISTINCT // share)), numbers, empty=empty)

    def check(self, source: Source, columns: tuple[str, ...]) -> None:
        """Takes any columns."""
        self.name = slug(PurePath(source.name).stem)
        self._first = columns[:COLUMNS]
        for column in self._first:
            if column not in self.columns:
                self.columns[column] = self._column()

    def add(self, row: Row, source: Source) -> None:
        """One row."""
        self.rows += 1
        for name, value in row.items():
            column = self.columns.get(name)
            if column is None:
                if len(self.columns) >= COLUMNS:
                    self.odd.add(f"of further columns than {COLUMNS}, left out", source)
                    continue
                column = self.columns[name] = self._column(self.rows - 1)
            column.add(value)
        if len(row) < len(self.columns):
            for name, column in self.columns.items():
                column.empty += name not in row

    def report(self) -> Report:
        """Tables and figures of all that was added."""
        report = Report(self.kind, notes=self.odd.notes())
        rows = [
            (
                name,
                column.kind,
                column.filled,
                column.empty,
                column.distinct,
                *column.reach(),
                *quantiles(column.numbers),
            )
            for name, column in self.columns.items()
        ]
        head = ("column", "holds", "filled", "empty", "different", "first_day", "last_day")
        title = f"The columns of {self.name}"
        report.tables.append(
            Table("columns", title, (*head, *(f"number_{name}" for name in QUANTILES)), rows)
        )
        report.tables.append(
            Table(
                "values",
                f"The most frequent values of {self.name}",
                ("column", "value", "rows"),
                [
                    (name, value, times)
                    for name, column in self.columns.items()
                    for value, times in column.frequent(VALUES)
                    if times > 1
                ],
            )
        )
        self._draw(report)
        return report

    def _draw(self, report: Report) -> None:
        could = [(n, c) for n, c in self.columns.items() if self._says_something(c)]
        for drawn, (name, column) in enumerate(could[:FIGURES], 1):
            title = label(name, 60)
            base = f"{drawn}-{slug(name, 24)}"
            if column.kind == "time":
                report.figures.append(self._over_time(base, title, column))
            elif column.kind == "number" and not self._few(column):
                report.figures.append(self._histogram(base, title, column))
            else:
                report.figures.append(self._frequent(base, title, column))
        if len(could) > FIGURES:
            report.notes.append(
                f"figures show the first {FIGURES} of {count(len(could), 'column')} of {self.name}"
            )

    @staticmethod
    def _few(column: _Column) -> bool:
        return len(column.values) <= 8 and not column.over

    def _says_something(self, column: _Column) -> bool:
        """Not the same value everywhere, and not another in nearly each row."""
        if column.kind in ("number", "time"):
            return len(column.values) > 1
        return 1 < len(column.values) <= column.filled // 2

    @staticmethod
    def _histogram(name: str, title: str, column: _Column) -> Columns:
        values = column.numbers.values()
        low, high = min(values), max(values)
        whole = all(value == int(value) for value in values)
        step = _round(max((high - low) / BINS, 1e-300))
        step = max(step, 1.0) if whole else step
        first = math.floor(low / step)
        counts = [0] * (math.floor(high / step) - first + 1)
        for value in values:
            counts[math.floor(value / step) - first] += 1
        ends = [(first + n) * step for n in range(len(counts))]
        half = column.numbers.quantile(0.5)
        note = "" if column.numbers.exact else f"of a sample of {len(values):,}"
        return Columns(
            name,
            title,
            f"{count(column.filled, 'number')} from {low:,.6g} to {high:,.6g}, half of them "
            f"up to {half:,.6g}",
            [f"{end:,.6g}" for end in ends],
            [Series("rows", counts)],
            f"{title}: each bar from its number to the next",
            "rows",
            footer=note,
        )

    @staticmethod
    def _over_time(name: str, title: str, column: _Column) -> Columns:
        spans = Spans(list(column.days))
        first, last = column.reach()
        return Columns(
            name,
            title,
            f"{count(column.times, 'time')} from {first} to {last}",
            spans.labels(),
            [Series("rows", spans.sums(column.days.items()))],
            f"{spans.unit}, in UTC",
            f"rows a {spans.unit}",
        )

    @staticmethod
    def _frequent(name: str, title: str, column: _Column) -> Bars:
        top = column.frequent(SHOWN)
        rest = column.filled - sum(times for _, times in top)
        different = (
            f"more than {column.most:,}" if column.over else f"{len(column.values):,}"
        ) + " different values"
        return Bars(
            name,
            title,
            f"{count(column.filled, 'row')} with {different}, {column.empty:,} without",
            [label(value, 32) for value, _ in top],
            [Series("rows", [times for _, times in top])],
            "rows",
            footer=f"{count(rest, 'row')} with other values" if rest else "",
        )
