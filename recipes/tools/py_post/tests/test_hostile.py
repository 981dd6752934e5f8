"""Whatever is in a table: exit 0 or 1, a plain message, and output that is whole."""

import csv
import io
import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from py_post.cli import main

COLUMNS = """
    sha commit author_name author_email author_time files insertions deletions subject case prompt
    finish_reason usage error text json attempts started recipe status seconds models tokens_in cost
    currency
""".split()
PARTS = st.sampled_from([
    "", "nan", "-1", "1e308", "1e400", "0", "7", "=1+1", "@x", "2026-03-02T10:00:00Z", "9999-12-31T23:59:59-12:00",
    "0001-01-01", "\x00", "\x1b[2J", "\u202e", "$a_1$", "<b>&amp;", '"', ",", "\r", "x" * 500, "\u4e2d" * 40, "é", "\\",
    "'", "succeeded", "[]", "]]>",
])  # fmt: skip
CELL = PARTS | st.text(max_size=8)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELL,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(CELL | st.sampled_from(["path", "input", "code"]), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.lists(st.sampled_from(COLUMNS) | CELL, min_size=1, max_size=9, unique=True)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
KINDS = st.sampled_from(["auto", "commits", "answers", "runs", "table"])


def check(name: str, content: bytes, kind: str, form: str = "none") -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        out = Path(folder) / "out"
        code = main(["--kind", kind, "--format", form, "--out", str(out), "--json", str(path)])
        assert code in (0, 1)
        for file in out.glob("*.csv"):
            rows = list(
                csv.reader(io.StringIO(file.read_bytes().decode(), newline=""), strict=True)
            )
            assert len({len(row) for row in rows}) == 1
            for cell in (cell for row in rows for cell in row):
                assert not any(char < " " for char in cell)
                assert cell[:1] not in ("=", "+", "@") and (cell[:1] != "-" or float(cell) < 0)
        return code


def to_csv(names: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([names, *([*row, *names][: len(names)] for row in rows)])
    return out.getvalue().encode("utf-8", "surrogatepass")


@RELAXED
@given(NAMES, st.lists(st.lists(CELL, max_size=9), max_size=6), KINDS)
def test_tables_of_csv(names: list[str], rows: list[list[str]], kind: str) -> None:
    check("x.csv", to_csv(names, rows), kind)


@RELAXED
@given(
    st.lists(st.dictionaries(st.sampled_from(COLUMNS) | CELL, VALUE, max_size=8), max_size=6), KINDS
)
def test_tables_of_json(rows: list[dict[str, object]], kind: str) -> None:
    check("x.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode(), kind)


@RELAXED
@given(st.binary(max_size=300), KINDS, st.sampled_from(["x.csv", "x.jsonl"]))
def test_any_bytes(content: bytes, kind: str, name: str) -> None:
    check(name, content, kind)


@settings(RELAXED, max_examples=8)
@given(NAMES, st.lists(st.lists(CELL, max_size=9), min_size=3, max_size=6), KINDS)
def test_figures(names: list[str], rows: list[list[str]], kind: str) -> None:
    check("x.csv", to_csv(names, rows * 3), kind, "svg")


def test_a_million_authors_are_not_a_million_bars() -> None:
    lines = ["sha,author_name,author_email,author_time,insertions,deletions,files"]
    lines += [f"{n},a{n},{n}@x,2026-03-02T10:00:00Z,1,1,1" for n in range(300_000)]
    assert check("commits.csv", "\n".join(lines).encode(), "auto") == 0
