import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_post.text import columns, count, guarded, label, slug, unguarded, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("half \ud83d", "half \\ud83d"),
        ("line\u2028break", "line\\u2028break"),
        ("e\u0301t\u00e9 \u4e2d", "e\u0301t\u00e9 \u4e2d"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 3),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(st.text())
def test_visible_text_can_be_written_anywhere(text: str) -> None:
    seen = visible(text)
    assert seen == visible(seen)
    assert seen.encode("utf-8").isascii() or seen.encode("utf-8")
    assert not any(char < " " for char in seen)


@given(st.text(), st.booleans())
def test_labels_fit(text: str, keep_end: bool) -> None:
    short = label(text, 20, keep_end=keep_end)
    assert 0 < columns(short) <= 20
    assert "\n" not in short


def test_labels_keep_the_end_that_says_more() -> None:
    assert label("a" * 50, 10) == "a" * 9 + "…"
    assert label("src/" * 20 + "main.c", 10, keep_end=True) == "…rc/main.c"
    assert label("\u4e2d" * 30, 10) == "\u4e2d" * 4 + "…"
    assert label(" \n ") == "(empty)"
    assert len(label("x" * 10_000_000)) == 40


@given(st.text())
def test_the_guard_comes_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in set("=+-@\t\r\0")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\0", "'=1"])
def test_formulas_are_guarded(text: str) -> None:
    assert guarded(text) == "'" + text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A b/c", "a-b-c"),
        ("..", "table"),
        ("", "table"),
        ("\u4e2d", "table"),
        ("\u00c9t\u00e9", "ete"),
        ("x" * 99, "x" * 40),
        ("CON", "con"),
    ],
)
def test_names_of_files(text: str, name: str) -> None:
    assert slug(text) == name


def test_counts() -> None:
    assert [count(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
    assert count(2, "entry", "entries") == "2 entries"
