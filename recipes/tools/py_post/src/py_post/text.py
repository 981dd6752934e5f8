"""Text from anywhere, made fit to be seen: in a cell, in a label, on a terminal."""

import unicodedata

# A cell that a spreadsheet would take for a formula, as lua/tlab/csv.lua has it: the same bytes.
FORMULA = frozenset("'=+-@\t\r\0")
# Written out rather than acted upon: controls, formats (bidirectional ones among them), halves of
# surrogate pairs, private and unassigned code points, line and paragraph separators.
HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# More accents than this on one letter climb over the lines above it.
MARKS = 3


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""Writes out what cannot be seen or would change how the rest is seen, as \x1b."""
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in HIDDEN:
            out.append(_escape(char))
        elif marks <= MARKS:
            out.append(char)
    return "".join(out)


def columns(text: str) -> int:
    """How wide the text is, in letters; Chinese and the like count twice."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def label(text: str, width: int = 40, *, keep_end: bool = False) -> str:
    """Fits a text into a line of a figure: visible, without breaks, cut with an ellipsis."""
    # What is cut off is not looked at: a name may have a megabyte.
    text = " ".join((text[-4 * width :] if keep_end else text[: 4 * width]).split()) + (
        "" if len(text) <= 4 * width or keep_end else "…"
    )
    text = visible(text)
    if columns(text) <= width:
        return text or "(empty)"
    order = reversed(text) if keep_end else iter(text)
    kept: list[str] = []
    room = width - 1
    for char in order:
        room -= columns(char)
        if room < 0:
            break
        kept.append(char)
    return "…" + "".join(reversed(kept)) if keep_end else "".join(kept) + "…"


def guarded(text: str) -> str:
    """Puts an apostrophe before what a spreadsheet would take for a formula."""
    return "'" + text if text[:1] in FORMULA and text else text


def unguarded(text: str) -> str:
    """Takes the apostrophe of `guarded` off again."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA and len(text) > 1 else text


def slug(text: str, most: int = 40) -> str:
    """Makes a file's name of a text: small letters, digits and dashes; never empty."""
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode().lower()
    words = "".join(char if char.isalnum() else " " for char in plain).split()
    return "-".join(words)[:most].strip("-") or "table"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
