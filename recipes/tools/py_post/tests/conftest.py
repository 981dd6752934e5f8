"""What the tests share."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from py_post.cli import main

COMMIT = {
    "sha": "1" * 40,
    "author_name": "Ada",
    "author_email": "ada@example.org",
    "author_time": "2026-03-02T10:30:00+02:00",
    "files": "2",
    "insertions": "10",
    "deletions": "4",
    "subject": "first",
}

Rows = list[dict[str, Any]]


def to_csv(rows: Rows) -> str:
    """Rows as CSV, the columns of the first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def to_jsonl(rows: Rows) -> str:
    """Rows as lines of JSON."""
    return "".join(json.dumps(row) + "\n" for row in rows)


class Post:
    """py_post at work in a folder."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.out, self.capture = folder, folder / "out", capture
        self.said = self.err = ""

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *words: str | Path) -> int:
        code = main(["--out", str(self.out), *map(str, words)])
        self.said, self.err = self.capture.readouterr()
        return code

    def make(self, name: str, content: str | bytes, *words: str) -> None:
        """Tables only, of one file; it must succeed."""
        code = self.run("--format", "none", *words, self.write(name, content))
        assert (code, self.err) == (0, "")

    def table(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((self.out / f"{name}.csv").read_text())))


@pytest.fixture
def post(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Post:
    return Post(tmp_path, capsys)


@pytest.fixture
def commits() -> Callable[..., Rows]:
    """Makes commits, each with what differs from the first."""

    def make(*changes: dict[str, Any]) -> Rows:
        return [COMMIT | change for change in changes]

    return make
