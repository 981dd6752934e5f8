"""Runs of a lab: how many, how they ended, what they took. Made of `runs.csv`."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date
from decimal import Decimal, InvalidOperation

from py_post.counting import Groups, Numbers, Spans
from py_post.errors import DataError
from py_post.oddities import Oddities
from py_post.reading import Row, Source, number_of, text_of, time_of
from py_post.report import Bars, Cell, Columns, Report, Series, Spread, Spreads, Table
from py_post.text import count, label

SHOWN = 20
STATUSES = ("succeeded", "failed", "interrupted", "timeout", "running")
NAMES = 20_000
# Tokens and seconds beyond this are no tokens and no seconds.
COST = Decimal(10) ** 18


@dataclass
class _Runs:
    runs: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    seconds: Numbers = field(default_factory=Numbers)
    tokens_in: int | float = 0
    tokens_out: int | float = 0


@dataclass
class _Cost:
    runs: int = 0
    amount: Decimal = Decimal(0)


class Runs:
    """Collects runs a row at a time."""

    kind = "runs"

    @staticmethod
    def fits(columns: tuple[str, ...]) -> bool:
        """Whether a file with these columns is of this kind."""
        return {"started", "recipe", "status"} <= set(columns)

    def __init__(self) -> None:
        """None yet."""
        self.total = _Runs()
        self.days: Groups[date, Counter[str]] = Groups(Counter)
        self.recipes: Groups[str, _Runs] = Groups(_Runs, NAMES)
        self.models: Groups[str, _Runs] = Groups(_Runs, NAMES)
        self.errors: Groups[tuple[str, str], _Cost] = Groups(_Cost, NAMES)
        self.costs: Groups[tuple[str, str], _Cost] = Groups(_Cost, NAMES)
        self.odd = Oddities()

    def check(self, source: Source, columns: tuple[str, ...]) -> None:
        """Whether these columns are enough, for whoever said that this is of this kind."""
        for name in ("recipe", "status"):
            if columns and name not in columns:
                raise DataError(
                    f"{source.name} line 1: no column {name}; expected the columns of runs.csv, "
                    "or --kind table"
                )

    def add(self, row: Row, source: Source) -> None:
        """One run."""
        recipe, status = text_of(row.get("recipe")), text_of(row.get("status"))
        if status not in STATUSES:
            self.odd.add("of status that are not known, counted as other", source)
            status = "other"
        seconds = self.odd.amount(row, "seconds", source)
        tokens_in = self.odd.amount(row, "tokens_in", source) or 0
        tokens_out = self.odd.amount(row, "tokens_out", source) or 0
        models = [name for name in text_of(row.get("models")).split(";")[:100] if name]
        groups = [self.total, self.recipes.of(recipe), *map(self.models.of, models)]
        for group in groups:
            group.runs += 1
            group.by_status[status] += 1
            group.tokens_in += tokens_in
            group.tokens_out += tokens_out
            if seconds is not None:
                group.seconds.add(seconds)
        if error := text_of(row.get("error")):
            self.errors.of((error, recipe)).runs += 1
        self._add_cost(row, recipe, source)
        time = time_of(row.get("started"))
        if time:
            self.days.of(time.astimezone(UTC).date())[status] += 1
        elif "started" in row:
            self.odd.add("of started that are no times: not in what goes by time", source)

    def _add_cost(self, row: Row, recipe: str, source: Source) -> None:
        cost = text_of(row.get("cost")).strip()
        if not cost:
            return
        try:
            amount = Decimal(cost) if number_of(cost) is not None else Decimal("NaN")
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or abs(amount) > COST:
            self.odd.add("in cost that are no finite numbers, left out", source)
            return
        group = self.costs.of((text_of(row.get("currency")), recipe))
        group.runs += 1
        group.amount += amount

    def report(self) -> Report:
        """Tables and figures of all that was added."""
        report = Report(self.kind, notes=self.odd.notes())
        statuses = (*STATUSES, *(("other",) if self.total.by_status["other"] else ()))
        self._report_days(report, statuses)
        recipes = self._report_groups(report, "recipes", self.recipes, statuses)
        if len(self.models) > 0:
            self._report_groups(report, "models", self.models, statuses)
        errors = sorted(self.errors.items(), key=lambda item: (-item[1].runs, item[0]))
        report.tables.append(
            Table(
                "errors",
                "Why runs did not succeed",
                ("error", "recipe", "runs"),
                [(error, recipe, group.runs) for (error, recipe), group in errors],
            )
        )
        costs = sorted(self.costs.items(), key=lambda item: (item[0][0], -item[1].amount, item[0]))
        report.tables.append(
            Table(
                "costs",
                "What runs cost",
                ("currency", "recipe", "runs", "cost"),
                [(money, recipe, group.runs, group.amount) for (money, recipe), group in costs],
            )
        )
        self._draw_recipes(report, recipes, statuses)
        return report

    def _report_days(self, report: Report, statuses: tuple[str, ...]) -> None:
        days = sorted(self.days.items())
        rows: list[tuple[Cell, ...]] = [
            (day.isoformat(), counts.total(), *(counts[status] for status in statuses))
            for day, counts in days
        ]
        columns = ("day", "runs", *statuses)
        report.tables.append(Table("days", "Runs by day (UTC)", columns, rows))
        if not days:
            return
        spans = Spans([day for day, _ in days])
        more = f"; {count(spans.left_out, 'earlier year')} left out" if spans.left_out else ""
        report.figures.append(
            Columns(
                "days",
                "Runs over time",
                f"{count(self.total.runs, 'run')}, {days[0][0]} to {days[-1][0]}{more}",
                spans.labels(),
                [
                    Series(status, spans.sums((day, c[status]) for day, c in days), look)
                    for look, status in enumerate(statuses)
                    if self.total.by_status[status]
                ],
                f"{spans.unit} of the start, in UTC",
                f"runs a {spans.unit}",
            )
        )

    @staticmethod
    def _report_groups(
        report: Report, name: str, groups: Groups[str, _Runs], statuses: tuple[str, ...]
    ) -> list[tuple[str, _Runs]]:
        ranked = sorted(groups.items(), key=lambda item: (-item[1].runs, item[0]))
        if groups.others:
            ranked.append(("(others)", groups.others))
        rows: list[tuple[Cell, ...]] = [
            (
                key,
                group.runs,
                *(group.by_status[status] for status in statuses),
                group.seconds.quantile(0.5),
                group.seconds.quantile(0.9),
                group.seconds.sum if group.seconds.count else None,
                group.tokens_in,
                group.tokens_out,
            )
            for key, group in ranked
        ]
        numbers = ("seconds_median", "seconds_p90", "seconds_sum", "tokens_in", "tokens_out")
        columns = (name[:-1], "runs", *statuses, *numbers)
        report.tables.append(Table(name, f"Runs by {name[:-1]}", columns, rows))
        return ranked

    def _draw_recipes(
        self, report: Report, recipes: list[tuple[str, _Runs]], statuses: tuple[str, ...]
    ) -> None:
        shown = recipes[:SHOWN]
        more = f"the first {SHOWN} of {count(len(recipes), 'recipe')}"
        footer = more if len(recipes) > SHOWN else ""
        if not shown:
            return
        good = self.total.by_status["succeeded"]
        report.figures.append(
            Bars(
                "recipes",
                "How runs ended",
                f"{good:,} of {count(self.total.runs, 'run')} succeeded",
                [label(key, 32) for key, _ in shown],
                [
                    Series(status, [group.by_status[status] for _, group in shown], look)
                    for look, status in enumerate(statuses)
                    if self.total.by_status[status]
                ],
                "runs",
                footer=footer,
            )
        )
        lines = [Spread.of(label(key, 32), g.seconds) for key, g in shown if g.seconds.count]
        if lines:
            report.figures.append(
                Spreads(
                    "seconds",
                    "How long runs take",
                    f"{self.total.seconds.sum:,.0f} seconds in all",
                    lines,
                    "seconds a run",
                    footer=footer,
                )
            )
