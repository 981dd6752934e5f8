"""The picture in README.md: what tlab prints now, and a picture that everybody can read."""

import re
import xml.etree.ElementTree as ET

import pytest

import record
from lab import ROOT, TLAB

PICTURE = ROOT / "docs/run.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def now():
    return record.record(TLAB, paced=False)


def test_it_is_what_comes_now(now):
    assert record.difference(PICTURE.read_text(), now) is None, "type: make picture"


def test_another_picture_is_told_from_it(now):
    """The comparison sees a word, a colour, a place and a line; ids and times may differ."""
    picture = record.svg(now)
    assert record.difference(picture, now) is None
    word = next(text for runs in now for _, text, *_ in runs if "same:" in text)
    for old, new in [
        ("same:", "same "),
        (f">{word}<", "><"),
        ('class="default"', 'class="red"'),
        ('class="default bold"', 'class="default"'),
    ]:
        assert old in picture, old
        assert record.difference(picture.replace(old, new, 1), now), old
    assert record.difference(picture, now[:-1]) and record.difference(picture, [*now, [(0, "more", "default", False)]])
    # another time, also where it took just 77 ms
    again = re.sub(r"\b(\d+)(?:\.\d)? (m?s)\b", lambda m: f"{78 if m[1] == '77' else 77} {m[2]}", picture)
    assert again != picture and record.difference(again, now) is None


def test_the_model_said_what_it_said(now):
    """The answers on the picture are those that lie in tests/recipes/ai/run, of a real model."""
    screen = "\n".join(text for text, _ in record.plain(now))
    assert "75 + 107 tokens" in screen
    replayed = next(line for line in screen.splitlines() if line.startswith("same:"))
    assert "effects answered from the record of HEX, 2 files with the same bytes" in replayed
    assert "answers.md: changed" in screen


def test_it_can_be_read_by_those_who_do_not_see_it():
    root = ET.parse(PICTURE).getroot()
    title, desc = root[0], root[1]
    assert (root.get("role"), root.get("aria-labelledby")) == (
        "img",
        f"{title.get('id')} {desc.get('id')}",
    )
    assert (title.tag, desc.tag, title.text, desc.text) == (
        SVG + "title",
        SVG + "desc",
        record.TITLE,
        record.DESC,
    )
    alt = re.search(r"!\[([^\]]+)\]\(docs/run\.svg\)", (ROOT / "README.md").read_text())
    assert alt and len(alt[1]) > 100
    # Nothing in it is run, or fetched from elsewhere.
    assert not re.search(r"<script|<image|href|url\(|@import|on\w+=", PICTURE.read_text())


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [record.LIGHT, record.DARK], ids=["light", "dark"])
def test_each_colour_reads_on_its_ground(colours):
    """WCAG 2's contrast for text: 4.5 and more."""
    for name, colour in colours.items():
        light, dark = sorted((luminance(colour), luminance(colours["ground"])), reverse=True)
        assert name in ("ground", "edge") or (light + 0.05) / (dark + 0.05) >= 4.5, (name, colour)
    picture = PICTURE.read_text()
    assert record.style(colours) in picture
    used = set(re.findall(r'class="(\w+)', picture)) - {"ground"}
    assert used <= set(colours)


def test_it_fits():
    root = ET.parse(PICTURE).getroot()
    width = float(root.get("width"))
    for text in root.iter(SVG + "text"):
        assert float(text.get("x")) + len(text.text) * record.WIDE <= width, text.text
    assert all(runs for runs in record.lines_of(PICTURE.read_text())[:1])
    assert 15 <= len(record.lines_of(PICTURE.read_text())) <= 45
