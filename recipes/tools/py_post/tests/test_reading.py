import math
from pathlib import Path

import pytest

from py_post.errors import DataError
from py_post.reading import Source, number_of, text_of, time_of


def rows(folder: Path, name: str, content: bytes) -> list[dict[str, object]]:
    path = folder / name
    path.write_bytes(content)
    return list(Source(path, name))


def bad(folder: Path, name: str, content: bytes) -> str:
    with pytest.raises(DataError) as error:
        rows(folder, name, content)
    return str(error.value)


def test_csv(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfa,b\r\n1,"x, ""y""\nz"\r\n\r\n2,\'=1\r\n'
    assert rows(tmp_path, "x.csv", text) == [{"a": "1", "b": 'x, "y"\nz'}, {"a": "2", "b": "=1"}]


def test_bytes_that_are_not_utf8_are_told_apart(tmp_path: Path) -> None:
    assert rows(tmp_path, "x.csv", b"a\n\xff\n\xfe\n") == [{"a": "\\xff"}, {"a": "\\xfe"}]


def test_empty_files(tmp_path: Path) -> None:
    for content in (b"", b"\n", b"a,b\n"):
        assert rows(tmp_path, "x.csv", content) == []
    assert rows(tmp_path, "x.jsonl", b"\n \n") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1\n", "x.csv line 2: 1 cell where the header has 2"),
        (b'a\n"1\n2"\n1,2\n', "x.csv line 4: 2 cells where the header has 1"),
        (b'a\n1\n"2', "x.csv line 3: a quote is not closed before the file ends"),
        (b'a\n"1"x\n', "x.csv line 2: ',' expected after '\"'"),
        (b"a,a\n", "x.csv line 1: two columns are called 'a'"),
        (b"\x1b,\x1b\n", "x.csv line 1: two columns are called '\\\\x1b'"),
        (b"," * 3000, "x.csv line 1: 3,001 columns, at most 2,000 are read"),
        (
            b"a\n" + b"x" * (17 << 20),
            "x.csv line 2: a cell has more than 16 MiB; is a quote not closed?",
        ),
    ],
)
def test_csv_that_is_broken(tmp_path: Path, content: bytes, message: str) -> None:
    assert bad(tmp_path, "x.csv", content) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a":1}\n{"a":', "x.jsonl line 2: not JSON, at its end: expecting value"),
        (
            b"{'a':1}\n",
            "x.jsonl line 1: not JSON, at column 2: expecting property name enclosed in double quotes",
        ),
        (b"[1]\n", "x.jsonl line 1: expected a JSON object, as {…}, on each line"),
        (
            b'{"a":' + b"[" * 100_000 + b"\n",
            "x.jsonl line 1: JSON that cannot be read: nested too deeply",
        ),
        (
            b'{"a":' + b"1" * 5000 + b"}\n",
            "x.jsonl line 1: JSON that cannot be read: a number has too many digits",
        ),
        (b'{"a":"' + b"x" * (17 << 20), "x.jsonl line 1: the line has more than 16 MiB"),
    ],
)
def test_json_that_is_broken(tmp_path: Path, content: bytes, message: str) -> None:
    assert bad(tmp_path, "x.jsonl", content) == message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^n\.csv: cannot be read: no such file or directory$"):
        list(Source(tmp_path / "n.csv", "n.csv"))


def test_a_column_without_a_name(tmp_path: Path) -> None:
    assert rows(tmp_path, "x.csv", b"a,,\n1,2,3\n") == [
        {"a": "1", "column 2": "2", "column 3": "3"}
    ]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12), (" 1.5 ", 1.5), ("-3e2", -300.0), (7, 7), (0.25, 0.25), ("1" * 30, int("1" * 30)),
        ("", None), ("nan", None), ("inf", None), ("1e999", None), (math.nan, None), (math.inf, None),
        ("1_000", None), ("\u0661", None), ("0x10", None), (True, None), (None, None), ([1], None),
        ("9" * 500, None), (10**60, None),
    ],
)  # fmt: skip
def test_numbers(value: object, number: float | None) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "20260302",
        "2026-13-01",
        "0001-01-01T00:00:00+23:59",
        "10000-01-01",
        5,
        None,
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert time_of(value) is None


def test_times() -> None:
    time = time_of("2026-03-02T01:30:00+02:00")
    assert time and time.isoformat() == "2026-03-02T01:30:00+02:00"
    time = time_of("2026-03-02")
    assert time and time.isoformat() == "2026-03-02T00:00:00+00:00"


def test_texts() -> None:
    assert [text_of(value) for value in (None, "x", 1, True, {"b": 1, "a": "é"})] == [
        "",
        "x",
        "1",
        "true",
        '{"a":"é","b":1}',
    ]
