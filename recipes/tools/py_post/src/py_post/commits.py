"""Commits: who, when, where and how much. Made of `commits.csv` or `commits.jsonl`."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from py_post.counting import Groups, Numbers, Spans
from py_post.errors import DataError
from py_post.oddities import Oddities
from py_post.reading import Row, Source, text_of, time_of
from py_post.report import (
    QUANTILES,
    Bars,
    Columns,
    Report,
    Series,
    Table,
    Week,
    quantiles,
    rest_of,
)
from py_post.text import count, label

SHOWN = 20
NAMES = 50  # spellings of one author's name that are counted
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MEASURES = ("files", "insertions", "deletions")
# Sizes of commits: up to so many lines, then more.
BUCKETS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000)


@dataclass
class _Sum:
    commits: int = 0
    files: int | float = 0
    insertions: int | float = 0
    deletions: int | float = 0

    def add(self, size: dict[str, int | float]) -> None:
        self.commits += 1
        self.files += size.get("files", 0)
        self.insertions += size.get("insertions", 0)
        self.deletions += size.get("deletions", 0)

    @property
    def lines(self) -> int | float:
        return self.insertions + self.deletions


@dataclass
class _Author(_Sum):
    names: Counter[str] = field(default_factory=Counter)
    email: str = ""
    first: datetime | None = None
    last: datetime | None = None

    def name(self) -> str:
        """The spelling met most often; of equals the first by its letters."""
        return min(self.names, key=lambda name: (-self.names[name], name), default="")

    def seen(self, name: str, time: datetime | None) -> None:
        if name in self.names or len(self.names) < NAMES:
            self.names[name] += 1
        if time:
            self.first = min(self.first or time, time)
            self.last = max(self.last or time, time)


class Commits:
    """Collects commits a row at a time."""

    kind = "commits"

    @staticmethod
    def fits(columns: tuple[str, ...]) -> bool:
        """Whether a file with these columns is of this kind."""
        return "author_time" in columns and ("sha" in columns or "commit" in columns)

    def __init__(self) -> None:
        """None yet."""
        self.total = _Sum()
        self.days: Groups[date, _Sum] = Groups(_Sum)
        self.authors: Groups[str, _Author] = Groups(_Author)
        self.paths: Groups[str, _Sum] = Groups(_Sum)
        self.hours = [[0] * 24 for _ in WEEKDAYS]
        self.sizes = {name: Numbers() for name in (*MEASURES, "lines")}
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.odd = Oddities()

    def check(self, source: Source, columns: tuple[str, ...]) -> None:
        """Whether these columns are enough, for whoever said that this is of this kind."""
        if columns and not {"author_time", "author_name", "author_email"} & set(columns):
            raise DataError(
                f"{source.name} line 1: no column author_time, author_name or author_email; "
                "expected the columns of commits.csv, or --kind table"
            )

    def add(self, row: Row, source: Source) -> None:
        """One commit."""
        files = row.get("files")
        if isinstance(files, list):
            row = row | self._add_files(files, source)
        size = {
            name: value
            for name in MEASURES
            if (value := self.odd.amount(row, name, source)) is not None
        }
        time = time_of(row.get("author_time"))
        if time is None and "author_time" in row:
            self.odd.add("of author_time that are no times: not in what goes by time", source)
        self.total.add(size)
        self._add_author(row, size, time)
        self._add_size(size)
        if time:
            self.days.of(time.astimezone(UTC).date()).add(size)
            self.hours[time.weekday()][time.hour] += 1

    def _add_author(self, row: Row, size: dict[str, int | float], time: datetime | None) -> None:
        name, email = text_of(row.get("author_name")), text_of(row.get("author_email"))
        # One person is one address, however the name is spelt.
        author = self.authors.of(email.strip().lower() or name)
        author.add(size)
        author.email = author.email or email
        author.seen(name, time)

    def _add_size(self, size: dict[str, int | float]) -> None:
        for name, value in size.items():
            self.sizes[name].add(value)
        if "insertions" in size and "deletions" in size:
            lines = size["insertions"] + size["deletions"]
            self.sizes["lines"].add(lines)
            self.buckets[sum(lines > limit for limit in BUCKETS)] += 1

    def _add_files(self, files: list[object], source: Source) -> Row:
        """The files of a commit, where they are listed; gives what they come to."""
        sums: dict[str, int | float] = {"files": len(files), "insertions": 0, "deletions": 0}
        for file in files:
            if not isinstance(file, dict):
                self.odd.add("of files that are no objects, left out", source)
                continue
            size: dict[str, int | float] = {"files": 1}
            for name in ("insertions", "deletions"):
                value = self.odd.amount(file, name, source)
                size[name] = value or 0
                sums[name] += value or 0
            self.paths.of(text_of(file.get("path"))).add(size)
        return sums

    def report(self) -> Report:
        """Tables and figures of all that was added."""
        report = Report(self.kind, notes=self.odd.notes())
        self._report_days(report)
        self._report_authors(report)
        self._report_paths(report)
        self._report_sizes(report)
        self._report_hours(report)
        return report

    def _report_days(self, report: Report) -> None:
        columns = ("day", "commits", *MEASURES)
        days = sorted(self.days.items())
        rows = [
            (day.isoformat(), sums.commits, sums.files, sums.insertions, sums.deletions)
            for day, sums in days
        ]
        report.tables.append(Table("days", "Commits by day (UTC)", columns, rows))
        if not days:
            return
        spans = Spans([day for day, _ in days])
        more = f"; {count(spans.left_out, 'earlier year')} left out" if spans.left_out else ""
        report.figures.append(
            Columns(
                "days",
                "Commits over time",
                f"{count(self.total.commits, 'commit')} of {count(len(self.authors), 'author')}, "
                f"{days[0][0]} to {days[-1][0]}{more}",
                spans.labels(),
                [Series("commits", spans.sums((day, sums.commits) for day, sums in days))],
                f"{spans.unit} of the author's time, in UTC",
                f"commits a {spans.unit}",
            )
        )

    def _report_authors(self, report: Report) -> None:
        columns = ("author", "email", "commits", *MEASURES, "first", "last")
        ranked = sorted(
            self.authors.values(), key=lambda a: (-a.commits, -a.lines, a.name(), a.email)
        )
        if self.authors.others:
            self.authors.others.names = Counter(["(others)"])
            self.authors.others.email = ""
            ranked.append(self.authors.others)
        rows = [
            (
                author.name(),
                author.email,
                author.commits,
                author.files,
                author.insertions,
                author.deletions,
                author.first.isoformat() if author.first else None,
                author.last.isoformat() if author.last else None,
            )
            for author in ranked
        ]
        report.tables.append(Table("authors", "Commits by author", columns, rows))
        shown = ranked[:SHOWN]
        if shown:
            report.figures.append(
                Bars(
                    "authors",
                    "Who made the commits",
                    f"{count(self.total.commits, 'commit')} of {count(len(ranked), 'author')}",
                    [label(author.name() or author.email, 32) for author in shown],
                    [Series("commits", [author.commits for author in shown])],
                    "commits",
                    footer=rest_of(
                        len(shown),
                        len(ranked),
                        "author",
                        self.total.commits - sum(author.commits for author in shown),
                        "commit",
                    ),
                )
            )

    def _report_paths(self, report: Report) -> None:
        if not self.paths:
            return
        columns = ("path", "commits", "insertions", "deletions")

        def ranked(sums: dict[str, _Sum], others: _Sum | None) -> list[tuple[str, _Sum]]:
            order = sorted(sums.items(), key=lambda item: (-item[1].lines, item[0]))
            return [*order, ("(others)", others)] if others else order

        def rows(items: list[tuple[str, _Sum]]) -> list[tuple[str, int, int | float, int | float]]:
            return [(path, s.commits, s.insertions, s.deletions) for path, s in items]

        files = ranked(self.paths, self.paths.others)
        report.tables.append(Table("paths", "Changes by file", columns, rows(files)))
        folders = ranked(self._folders(), self.paths.others)
        columns = ("folder", "changes", "insertions", "deletions")
        report.tables.append(
            Table("folders", "Changes by folder, of one file in one commit", columns, rows(folders))
        )
        shown = [item for item in folders[:SHOWN] if item[1].lines]
        if shown:
            report.figures.append(
                Bars(
                    "folders",
                    "Where lines were changed",
                    f"{count(int(self.total.insertions), 'line')} added, "
                    f"{count(int(self.total.deletions), 'line')} removed",
                    [label(path, 32, keep_end=True) for path, _ in shown],
                    [
                        Series("lines added", [sums.insertions for _, sums in shown]),
                        Series("lines removed", [sums.deletions for _, sums in shown], 1),
                    ],
                    "lines",
                    opposite=True,
                    footer=rest_of(
                        len(shown),
                        len(folders),
                        "folder",
                        int(sum(sums.lines for _, sums in folders[len(shown) :])),
                        "changed line",
                    ),
                )
            )

    def _folders(self) -> dict[str, _Sum]:
        """Of paths: the first two parts of those that have as many, for all others the first."""
        folders: dict[str, _Sum] = {}
        for path, sums in self.paths.items():
            parts = path.split("/")
            name = "/".join(parts[: min(2, len(parts) - 1)]) + "/" if len(parts) > 1 else "(top)"
            into = folders.setdefault(name, _Sum())
            into.commits += sums.commits
            into.insertions += sums.insertions
            into.deletions += sums.deletions
        return folders

    def _report_sizes(self, report: Report) -> None:
        columns = ("measure", *QUANTILES)
        rows = [(name, *quantiles(numbers)) for name, numbers in self.sizes.items()]
        report.tables.append(Table("sizes", "How large commits are", columns, rows))
        lines = self.sizes["lines"]
        if not lines.count:
            return
        labels = [
            str(limit) if limit <= 1 else f"{BUCKETS[n - 1] + 1:,}–{limit:,}"
            for n, limit in enumerate(BUCKETS)
        ]
        report.figures.append(
            Columns(
                "sizes",
                "How large commits are",
                f"half of them change at most {lines.quantile(0.5):,.0f} lines, "
                f"nine of ten at most {lines.quantile(0.9):,.0f}",
                [*labels, f"> {BUCKETS[-1]:,}"],
                [Series("commits", self.buckets)],
                "lines added and removed",
                "commits",
            )
        )

    def _report_hours(self, report: Report) -> None:
        rows = [
            (day, hour, number)
            for day, hours in zip(WEEKDAYS, self.hours, strict=True)
            for hour, number in enumerate(hours)
        ]
        title = "Commits by weekday and hour, where the author was"
        report.tables.append(Table("hours", title, ("weekday", "hour", "commits"), rows))
        if any(map(any, self.hours)):
            weekend = sum(map(sum, self.hours[5:]))
            share = weekend / sum(map(sum, self.hours))
            report.figures.append(
                Week(
                    "hours",
                    "When commits are made",
                    f"by the clock where the author was; {share:.0%} on weekends",
                    self.hours,
                    "commits",
                )
            )
