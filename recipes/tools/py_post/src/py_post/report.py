"""What is made of an input: tables, and figures that are described but not yet drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from py_post.counting import Numbers
from py_post.text import count

Cell = str | int | float | Decimal | None


@dataclass(frozen=True)
class Table:
    """A CSV file. `name` has no ending."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


@dataclass(frozen=True)
class Series:
    """Values of one kind, one for each label of a figure. `look` is how they look, 0 and on."""

    name: str
    values: Sequence[float]
    look: int = 0


@dataclass(frozen=True)
class Figure:
    """What all figures have. `name` has no ending."""

    name: str
    title: str
    subtitle: str
    footer: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Columns(Figure):
    """Upright bars side by side in the order of time or size, the series on top of each other."""

    labels: Sequence[str]
    series: Sequence[Series]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class Bars(Figure):
    """Lying bars, one below the other. With `opposite` the second series goes to the left."""

    labels: Sequence[str]
    series: Sequence[Series]
    x_label: str
    opposite: bool = False
    percent: bool = False


@dataclass(frozen=True)
class Spread:
    """How numbers are spread: a line of a figure."""

    label: str
    count: int
    quantiles: tuple[float, float, float, float, float]  # 5, 25, 50, 75, 95 %

    @classmethod
    def of(cls, label: str, numbers: Numbers) -> "Spread":
        """That of at least one number."""
        low, quarter, half, three, high = (
            numbers.quantile(share) or 0.0 for share in (0.05, 0.25, 0.5, 0.75, 0.95)
        )
        return cls(label, numbers.count, (low, quarter, half, three, high))


@dataclass(frozen=True)
class Spreads(Figure):
    """Spreads one below the other on one axis."""

    lines: Sequence[Spread]
    x_label: str


@dataclass(frozen=True)
class Week(Figure):
    """Counts by weekday (Monday first) and hour."""

    counts: Sequence[Sequence[int]]
    what: str


@dataclass
class Report:
    """All that is made of inputs of one kind."""

    kind: str
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


QUANTILES = ("count", "least", "p25", "median", "p75", "p90", "p99", "most", "mean", "sum")


def quantiles(numbers: Numbers) -> tuple[Cell, ...]:
    """The cells below QUANTILES."""
    return (
        numbers.count,
        numbers.least,
        *(numbers.quantile(share) for share in (0.25, 0.5, 0.75, 0.9, 0.99)),
        numbers.greatest,
        numbers.mean,
        numbers.sum if numbers.count else None,
    )


def rest_of(shown: int, of: int, what: str, rest: int, unit: str) -> str:
    """The line below a figure that does not show all."""
    if of <= shown:
        return ""
    return f"{shown} of {count(of, what)}; the others have {count(rest, unit)} together"
