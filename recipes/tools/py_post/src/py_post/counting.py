"""Counting and measuring what streams by, in bounded memory."""

from array import array
from collections.abc import Callable, Hashable, Iterable
from datetime import date, timedelta
from typing import Generic, TypeVar

# Groups of one kind that are kept apart, and numbers of which quantiles are exact.
GROUPS = 200_000
KEPT = 1 << 20

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Groups(dict[K, V], Generic[K, V]):
    """A map that makes its values, and is full at `most`: the rest goes into `others`."""

    def __init__(self, make: Callable[[], V], most: int = GROUPS) -> None:
        """`make` gives the value of a new key."""
        super().__init__()
        self.make = make
        self.most = most
        self.others: V | None = None

    def of(self, key: K) -> V:
        """The value of a key, made when there is none."""
        value = self.get(key)
        if value is not None:
            return value
        if len(self) >= self.most:
            if self.others is None:
                self.others = self.make()
            return self.others
        value = self[key] = self.make()
        return value


class Numbers:
    """Numbers that stream by. Beyond `most` of them every second, fourth … one is kept."""

    def __init__(self, most: int = KEPT) -> None:
        """None yet."""
        self._room = most
        self.count = 0
        self.sum: int | float = 0
        self.least: int | float | None = None
        self.greatest: int | float | None = None
        self._kept = array("d")
        self._step = 1
        self._sorted = False

    def add(self, value: int | float) -> None:
        """One more."""
        if self.count % self._step == 0:
            self._kept.append(value)
            self._sorted = False
            if len(self._kept) >= self._room:
                self._kept = self._kept[::2]
                self._step *= 2
        self.count += 1
        self.sum += value
        self.least = value if self.least is None else min(self.least, value)
        self.greatest = value if self.greatest is None else max(self.greatest, value)

    @property
    def exact(self) -> bool:
        """Whether all were kept."""
        return self._step == 1

    @property
    def mean(self) -> float | None:
        """The arithmetic mean."""
        return self.sum / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """Between neighbours in proportion, as most programs have it (Hyndman and Fan's type 7)."""
        if not self._kept:
            return None
        if not self._sorted:
            self._kept = array("d", sorted(self._kept))
            self._sorted = True
        at = share * (len(self._kept) - 1)
        low = int(at)
        high = min(low + 1, len(self._kept) - 1)
        below, above = self._kept[low], self._kept[high]
        return below if below == above else below + (above - below) * (at - low)

    def values(self) -> "array[float]":
        """Those that are kept."""
        return self._kept


# Bars of a figure over time: up to so many days, weeks, months; then years.
DAYS, WEEKS, MONTHS, YEARS = 62, 80, 120, 200


def _day(day: date) -> date:
    return day


def _week(day: date) -> date:
    return date.fromordinal(max(1, day.toordinal() - day.weekday()))


def _month(day: date) -> date:
    return day.replace(day=1)


def _year(day: date) -> date:
    return day.replace(month=1, day=1)


def _next(unit: str, day: date) -> date | None:
    try:
        if unit == "day" or unit == "week":
            return day + timedelta(days=1 if unit == "day" else 7 - day.weekday())
        if unit == "month":
            return day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
        return day.replace(year=day.year + 1)
    except (OverflowError, ValueError):
        return None


class Spans:
    """The bars of a figure over time, without holes: days, weeks, months or years."""

    def __init__(self, days: list[date]) -> None:
        """Chooses the unit by the first and the last of these days."""
        first, last = min(days), max(days)
        length = (last - first).days + 1
        if length <= DAYS:
            self.unit, self._start = "day", _day
        elif length <= WEEKS * 7:
            self.unit, self._start = "week", _week
        elif length <= MONTHS * 30:
            self.unit, self._start = "month", _month
        else:
            self.unit, self._start = "year", _year
        self.left_out = 0
        if last.year - first.year < YEARS:
            self.starts: list[date] = []
            at: date | None = self._start(first)
            while at and at <= last:
                self.starts.append(at)
                at = _next(self.unit, at)
        else:  # somebody's clock was wrong: only years in which there is something
            starts = sorted({self._start(day) for day in days})
            self.starts = starts[-YEARS:]
            self.left_out = len(starts) - len(self.starts)
        self._index = {start: n for n, start in enumerate(self.starts)}

    def index(self, day: date) -> int | None:
        """The bar that a day belongs to; None when that one is left out."""
        return self._index.get(self._start(day))

    def sums(self, times: Iterable[tuple[date, int]]) -> list[int]:
        """What comes together in each bar, of numbers by day; bars that are left out get none."""
        sums = [0] * len(self.starts)
        for day, number in times:
            if (at := self.index(day)) is not None:
                sums[at] += number
        return sums

    def labels(self) -> list[str]:
        """What stands below the bars."""
        form = {"month": 7, "year": 4}.get(self.unit, 10)
        return [start.isoformat()[:form] for start in self.starts]
