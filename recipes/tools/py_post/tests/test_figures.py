"""Figures, byte by byte. After an intended change: GOLDEN=write, and look at what came."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from conftest import Post, to_csv

from py_post.drawing import FONTS, draw, matplotlib_here
from py_post.report import Bars, Columns, Figure, Series, Spread, Spreads, Week

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = [
    "$\\frac{1}{0}$",
    "<script>&\"'",
    "\x1b[31m\x00",
    "\u202etxt.exe",
    "\u4e2d\u6587",
    "\ud800",
    "_^{$",
]

FIGURES: dict[str, Figure] = {
    "columns": Columns(
        "columns",
        "Runs over time",
        "24 runs, 2026-03-01 to 2026-03-05",
        [f"2026-03-0{n}" for n in range(1, 6)],
        [Series("succeeded", [3, 5, 0, 2, 8]), Series("failed", [1, 0, 0, 4, 1], 1)],
        "day of the start, in UTC",
        "runs a day",
    ),
    "bars": Bars(
        "bars",
        "Where lines were changed",
        "1,034 lines added, 320 lines removed",
        ["src/", "docs/", "(top)"],
        [Series("lines added", [1000, 30, 4]), Series("lines removed", [20, 300, 0], 1)],
        "lines",
        opposite=True,
        footer="3 of 12 folders; the others have 5 changed lines together",
    ),
    "spreads": Spreads(
        "spreads",
        "How long runs take",
        "90 seconds in all",
        [Spread("ai", 12, (0.5, 1, 2.25, 4, 9)), Spread("day", 1, (3, 3, 3, 3, 3))],
        "seconds a run",
    ),
    "week": Week(
        "week", "When commits are made", "by the clock", [[(d * h) % 9 for h in range(24)] for d in range(7)], "commits"
    ),
    "percent": Bars("percent", "Agreement", "share", ["case 1"], [Series("agreement", [62.5])], "%", percent=True),
    "hostile": Bars("hostile", HOSTILE[0], HOSTILE[1], HOSTILE, [Series(HOSTILE[0], range(7))], HOSTILE[1]),
    "nothing": Columns("nothing", "Nothing", "none", [], [Series("none", [])], "x", "y"),
    "huge": Bars("huge", "Huge", "numbers", ["a", "b"], [Series("n", [1e18, 0.001])], "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_the_bytes_are_those_that_were_looked_at(name: str) -> None:
    with matplotlib_here():
        made = draw(FIGURES[name], "svg")
    path = GOLDEN / f"{name}.svg"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
    assert made == path.read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_svg_is_well_formed_and_says_what_it_shows(name: str) -> None:
    root = ET.fromstring((GOLDEN / f"{name}.svg").read_bytes())
    svg = "{http://www.w3.org/2000/svg}"
    title, desc = root.find(f"{svg}title"), root.find(f"{svg}desc")
    assert title is not None and title.text
    assert desc is not None and desc.text
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    assert not list(root.iter(f"{svg}script"))


def test_the_words_of_a_figure() -> None:
    text = (GOLDEN / "columns.svg").read_text()
    words = re.search(r"<desc[^>]*>(.*)</desc>", text)
    assert words and words[1] == (
        "24 runs, 2026-03-01 to 2026-03-05. "
        "succeeded: 2026-03-01: 3, 2026-03-02: 5, 2026-03-04: 2, 2026-03-05: 8. "
        "failed: 2026-03-01: 1, 2026-03-04: 4, 2026-03-05: 1."
    )


def test_labels_are_text_and_not_mathematics() -> None:
    text = (GOLDEN / "hostile.svg").read_text()
    assert "$\\frac{1}{0}$" in text and "\\x1b[31m\\x00" in text and "\\u202etxt.exe" in text
    assert "\u4e2d\u6587" in text and "<script>" not in text


def test_series_differ_without_colour() -> None:
    text = (GOLDEN / "columns.svg").read_text()
    assert text.count("<pattern ") == 1  # the first series is plain, the second hatched


def test_nothing_of_the_time_or_the_machine() -> None:
    for path in GOLDEN.iterdir():
        text = path.read_text()
        assert not re.search(r"dc:date|dc:creator|Matplotlib v|/home|/tmp|/root", text), path


def test_the_list_of_fonts_is_the_one_that_matplotlib_looks_for() -> None:
    with matplotlib_here():
        from matplotlib import font_manager

        assert f"fontlist-v{font_manager.FontManager.__version__}.json" == FONTS
        names = {Path(entry.fname).name for entry in font_manager.fontManager.ttflist}
    assert names == {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf"}


ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"HOME": "/nonexistent", "TZ": "Pacific/Kiritimati", "LANG": "C", "PYTHONHASHSEED": "7"},
    {"MPLBACKEND": "nothing", "SOURCE_DATE_EPOCH": "1", "LC_ALL": "POSIX", "PYTHONHASHSEED": "8"},
]


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_bytes_wherever_it_runs(post: Post, form: str) -> None:
    rows = [
        {
            "started": f"2026-03-0{n % 7 + 1}T00:00:00Z",
            "recipe": "ab"[n % 2],
            "status": "failed",
            "seconds": n,
        }
        for n in range(20)
    ]
    path = post.write("runs.csv", to_csv(rows))
    outs = []
    for number, more in enumerate(ENVIRONMENTS):
        out = post.folder / f"out{number}"
        folder = post.folder / f"cwd{number}"
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-m", "py_post", "--format", form, "--out", out, path],
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1", **more},
            cwd=folder,
            check=True,
            capture_output=True,
        )
        assert not list(folder.iterdir())
        outs.append({file.name: file.read_bytes() for file in sorted(out.iterdir())})
    assert len(outs[0]) == 7
    assert outs[0] == outs[1] == outs[2]


def test_png_is_png() -> None:
    with matplotlib_here():
        made = draw(FIGURES["hostile"], "png")
    assert made.startswith(b"\x89PNG\r\n\x1a\n") and b"Software" not in made
