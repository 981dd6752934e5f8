import statistics
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_post.counting import Groups, Numbers, Spans


def numbers(values: list[float], most: int = 1 << 20) -> Numbers:
    out = Numbers(most)
    for value in values:
        out.add(value)
    return out


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=200))
def test_quantiles_are_those_of_the_standard_library(values: list[int]) -> None:
    mine = numbers(list(values))
    theirs = statistics.quantiles(values, n=4, method="inclusive")
    assert [mine.quantile(share) for share in (0.25, 0.5, 0.75)] == pytest.approx(theirs)
    assert (mine.count, mine.sum, mine.least, mine.greatest) == (
        len(values),
        sum(values),
        min(values),
        max(values),
    )


def test_none() -> None:
    none = Numbers()
    assert (none.quantile(0.5), none.mean, none.least) == (None, None, None)


def test_many_are_thinned_evenly() -> None:
    many = numbers([float(n) for n in range(100_000)], most=1000)
    assert not many.exact and len(many.values()) <= 1000
    assert many.count == 100_000 and many.greatest == 99_999
    assert many.quantile(0.5) == pytest.approx(50_000, rel=0.01)


def test_groups_that_are_too_many() -> None:
    groups: Groups[int, list[int]] = Groups(list, most=3)
    for n in range(10):
        groups.of(n).append(n)
    assert list(groups) == [0, 1, 2]
    assert groups.others == [3, 4, 5, 6, 7, 8, 9]


@given(st.lists(st.dates(), min_size=1, max_size=20))
def test_each_day_has_its_bar(days: list[date]) -> None:
    spans = Spans(days)
    assert 1 <= len(spans.starts) <= 200
    assert spans.starts == sorted(set(spans.starts))
    assert len(spans.labels()) == len(spans.starts)
    for day in days:
        at = spans.index(day)
        assert at is not None or spans.left_out
        if at is not None:
            assert spans.starts[at] <= day


@pytest.mark.parametrize(
    ("days", "unit", "bars", "label"),
    [
        (0, "day", 1, "2026-01-30"),
        (30, "day", 31, "2026-01-30"),
        (200, "week", 30, "2026-01-26"),
        (1000, "month", 34, "2026-01"),
        (9000, "year", 25, "2026"),
    ],
)
def test_bars_have_a_fitting_length(days: int, unit: str, bars: int, label: str) -> None:
    first = date(2026, 1, 30)
    spans = Spans([first, first + timedelta(days)])
    assert (spans.unit, len(spans.starts), spans.labels()[0]) == (unit, bars, label)


def test_a_wrong_clock_does_not_make_ten_thousand_bars() -> None:
    assert Spans([date(1970, 1, 1), date(9999, 12, 31)]).labels() == ["1970", "9999"]
    spans = Spans([date(year, 1, 1) for year in range(1, 9999, 7)])
    assert len(spans.starts) == 200 and spans.left_out == 1229
