"""Draws figures with matplotlib: the same bytes for the same figure.

Nothing of the machine goes into them: no date, no random number, no font but the DejaVu that comes
with matplotlib. All is readable without colour: series differ by hatching, bars say their numbers.
"""

import html
import io
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py_post.report import Bars, Columns, Figure, Series, Spread, Spreads, Week
from py_post.text import columns as columns_of
from py_post.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.typing import RcKeyType

WIDTH = 8.0  # inches
DPI = 144  # of PNG
INK, GREY, LIGHT = "#1f2328", "#57606a", "#d8dee4"
# Okabe and Ito's colours, told apart by people who see colours differently; and in grey as well.
LOOKS = (
    ("#0072b2", ""),
    ("#e69f00", "///"),
    ("#cc79a7", "..."),
    ("#56b4e9", "xxx"),
    ("#f0e442", "\\\\\\"),
    ("#009e73", "+++"),
)
TICKS = 12
# matplotlib looks for its list of fonts by this name; it has the version of the list's form.
FONTS = "fontlist-v3.11.0.json"
# What it would take from the environment.
VARIABLES = ("MATPLOTLIBRC", "MPLBACKEND", "MPLCONFIGDIR", "SOURCE_DATE_EPOCH")
SETTINGS: "dict[RcKeyType, Any]" = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": LIGHT,
    "grid.linewidth": 0.6,
    "hatch.color": "white",
    "hatch.linewidth": 0.8,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "patch.linewidth": 0.0,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "py_post",
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


@contextmanager
def matplotlib_here() -> Iterator[None]:
    """Loads matplotlib with a folder of its own: not HOME's, which may be missing or another's.

    The list of fonts lies in this package, so that nobody looks through those of the machine.
    """
    before = {name: os.environ.pop(name, None) for name in VARIABLES}
    folder = Path(tempfile.mkdtemp(prefix="py_post-"))
    try:
        os.environ["MPLCONFIGDIR"] = str(folder)
        (folder / FONTS).write_bytes((resources.files("py_post") / FONTS).read_bytes())
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        import matplotlib as mpl

        mpl.rcdefaults()
        with mpl.rc_context(SETTINGS), warnings.catch_warnings():
            # Letters that DejaVu lacks: in SVG a viewer has them, in PNG they are boxes.
            warnings.filterwarnings("ignore", r"Glyph .* missing from font")
            yield
    finally:
        os.environ.pop("MPLCONFIGDIR", None)
        os.environ.update({name: value for name, value in before.items() if value is not None})
        shutil.rmtree(folder, ignore_errors=True)


def describe(figure: Figure) -> str:
    """The figure in words, for those who cannot see it."""
    words = [figure.subtitle + "."]
    if isinstance(figure, Columns | Bars):
        for series in figure.series:
            pairs = list(zip(figure.labels, series.values, strict=True))
            told = ", ".join(f"{name}: {value:,.6g}" for name, value in pairs[:TICKS] if value)
            more = f" and {len(pairs) - TICKS} more" if len(pairs) > TICKS else ""
            words.append(f"{series.name}: {told or 'none'}{more}.")
    elif isinstance(figure, Spreads):
        words += [
            f"{line.label}: half up to {line.quantiles[2]:,.6g}, "
            f"nine of ten from {line.quantiles[0]:,.6g} to {line.quantiles[4]:,.6g}."
            for line in figure.lines[:TICKS]
        ]
    elif isinstance(figure, Week):
        days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        told = ", ".join(
            f"{day} {sum(hours)}" for day, hours in zip(days, figure.counts, strict=True)
        )
        words.append(f"By weekday: {told}.")
    return " ".join(words)


def _lying(figure: Figure) -> Sequence[str]:
    """The names of the lines of a figure whose bars lie."""
    if isinstance(figure, Spreads):
        return [line.label for line in figure.lines]
    return figure.labels if isinstance(figure, Bars) else ()


def draw(figure: Figure, form: str) -> bytes:
    """The bytes of an SVG or PNG file. To be called within `matplotlib_here`."""
    from matplotlib.figure import Figure as Canvas

    lying = _lying(figure)
    height = 1.5 + 0.27 * len(lying) if lying else 3.7
    canvas = Canvas(figsize=(WIDTH, height))
    axes = canvas.add_subplot()
    if isinstance(figure, Columns):
        _columns(figure, axes)
    elif isinstance(figure, Bars):
        _bars(figure, axes)
    elif isinstance(figure, Spreads):
        _spreads(figure, axes)
    elif isinstance(figure, Week):
        _week(figure, axes)
    _frame(figure, canvas, axes, height)
    out = io.BytesIO()
    title, words = visible(figure.title), visible(describe(figure))
    if form == "png":
        about = {"Software": None, "Title": title, "Description": words}
        canvas.savefig(out, format="png", dpi=DPI, metadata=about)
        return out.getvalue()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None, "Title": title}
    canvas.savefig(out, format="svg", metadata=nothing)
    return _told(out.getvalue(), title, words)


def _told(svg: bytes, title: str, words: str) -> bytes:
    """Adds what a screen reader says, and the fonts that do when DejaVu is not there."""
    text = svg.decode()
    title, words = (html.escape(text, quote=False) for text in (title, words))
    mark = f"<title>{title}</title>"
    head = f'<title id="title">{title}</title>\n <desc id="desc">{words}</desc>'
    if text.count(mark) != 1 or text.count("<svg ") != 1:
        raise AssertionError("matplotlib writes SVG in another way than its pinned version")
    text = text.replace(mark, head)
    text = text.replace("<svg ", '<svg role="img" aria-labelledby="title desc" ', 1)
    text = text.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).encode()


def _frame(figure: Figure, canvas: "Canvas", axes: "Axes", height: float) -> None:
    """Title, subtitle and footer, and the room that they and the labels need."""
    labels = ["Mon"] if isinstance(figure, Week) else _lying(figure)
    widest = max((columns_of(visible(name)) for name in labels), default=9)
    left = min(0.42, 0.035 + 0.0098 * widest)
    below = 0.5 + (0.26 if figure.footer else 0)
    if isinstance(figure, Columns) and _slanted(figure):
        below += 0.45
    above = 0.85 if len(getattr(figure, "series", ())) > 1 else 0.7
    canvas.subplots_adjust(left=left, right=0.965, top=1 - above / height, bottom=below / height)
    canvas.text(0.02, 1 - 0.16 / height, visible(figure.title), size=13, weight="bold", va="top")
    about = visible(figure.subtitle)
    canvas.text(0.02, 1 - 0.42 / height, about, size=9, color=GREY, va="top")
    if figure.footer:
        canvas.text(0.02, 0.07 / height, visible(figure.footer), size=8, color=GREY, va="bottom")
    axes.tick_params(length=0)
    series = getattr(figure, "series", ())
    if len(series) > 1:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            borderaxespad=0.1,
            ncols=len(series),
            handlelength=1.4,
            columnspacing=1.2,
        )


def _number(value: float, percent: bool = False) -> str:
    if percent:
        return f"{value:.0f} %"
    if abs(value) >= 1e7:
        return f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"


def _scale(axes: "Axes", which: str, whole: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(6, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _number(abs(value))))
    axes.grid(axis="x" if which == "x" else "y")


def _whole(series: Sequence[Series]) -> bool:
    return all(value == int(value) for each in series for value in each.values)


def _style(n: int) -> dict[str, Any]:
    colour, hatch = LOOKS[n % len(LOOKS)]
    return {"facecolor": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.0}


def _slanted(figure: Columns) -> bool:
    widest = max((len(name) for name in figure.labels), default=0)
    return min(len(figure.labels), TICKS) * widest > 84


def _columns(figure: Columns, axes: "Axes") -> None:
    places = list(range(len(figure.labels)))
    bottom = [0.0] * len(places)
    width = 0.86 if len(places) < 80 else 1.0
    for series in figure.series:
        name = visible(series.name)
        axes.bar(places, series.values, width, bottom, label=name, **_style(series.look))
        bottom = [low + value for low, value in zip(bottom, series.values, strict=True)]
    top = max(bottom, default=0) or 1
    if len(places) <= 16:
        for place, value in zip(places, bottom, strict=True):
            if value:
                axes.text(
                    place, value + top * 0.012, _number(value), ha="center", va="bottom", size=8
                )
    step = max(1, -(-len(places) // TICKS))
    shown = places[::step]
    slant: dict[str, Any] = (
        {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if _slanted(figure) else {}
    )
    axes.set_xticks(shown, [visible(figure.labels[n]) for n in shown], **slant)
    axes.set_xlim(-0.7, max(len(places), 4) - 0.3)
    axes.set_ylim(0, top * 1.08)
    axes.set_xlabel(visible(figure.x_label))
    axes.set_ylabel(visible(figure.y_label))
    _scale(axes, "y", _whole(figure.series))


def _lines(axes: "Axes", labels: Sequence[str]) -> list[int]:
    places = list(range(len(labels)))
    axes.set_yticks(places, [visible(name) for name in labels])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    return places


def _bars(figure: Bars, axes: "Axes") -> None:
    places = _lines(axes, figure.labels)
    left = [0.0] * len(places)
    reach = 0.0
    for n, series in enumerate(figure.series):
        values = list(series.values)
        if figure.opposite and n == 1:
            axes.barh(
                places,
                [-v for v in values],
                0.72,
                label=visible(series.name),
                **_style(series.look),
            )
            _say_numbers(axes, places, [-v for v in values], values, figure)
            reach = max(values, default=0)
            continue
        axes.barh(places, values, 0.72, left, label=visible(series.name), **_style(series.look))
        left = [low + value for low, value in zip(left, values, strict=True)]
    _say_numbers(axes, places, left, left, figure)
    most = max(left, default=0)
    room = 0.13 * (most + reach) or 1
    axes.set_xlim(-(reach + room) if reach else 0, 100 if figure.percent else most + room)
    if reach:
        axes.axvline(0, color=GREY, linewidth=0.8)
    if figure.percent:
        axes.set_xlim(0, 108)
    axes.set_xlabel(visible(figure.x_label))
    _scale(axes, "x", _whole(figure.series))


def _say_numbers(
    axes: "Axes", places: Sequence[int], ends: Sequence[float], values: Sequence[float], bars: Bars
) -> None:
    for place, end, value in zip(places, ends, values, strict=True):
        axes.annotate(
            _number(value, bars.percent),
            (end, place),
            xytext=(-3 if end < 0 else 3, 0),
            textcoords="offset points",
            ha="right" if end < 0 else "left",
            va="center",
            size=8,
        )


def _spreads(figure: Spreads, axes: "Axes") -> None:
    places = _lines(axes, [line.label for line in figure.lines])
    colour = LOOKS[0][0]
    for place, line in zip(places, figure.lines, strict=True):
        _spread(axes, place, line, colour)
    top = max((line.quantiles[4] for line in figure.lines), default=0) or 1
    axes.set_xlim(min(0, *(line.quantiles[0] for line in figure.lines)), top * 1.16)
    axes.set_xlabel(
        f"{visible(figure.x_label)}: line from 5 to 95 %, bar the middle half, "
        "diamond and number the median"
    )
    _scale(axes, "x", whole=False)


def _spread(axes: "Axes", place: int, line: Spread, colour: str) -> None:
    low, quarter, half, three, high = line.quantiles
    axes.plot([low, high], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt")
    axes.barh(
        place, three - quarter, 0.5, quarter, facecolor="#9cc9e6", edgecolor=colour, linewidth=1.0
    )
    axes.plot([half], [place], marker="D", markersize=5, color=INK, linestyle="none")
    axes.annotate(
        f"{_number(half)}  ({line.count:,})",
        (max(high, three), place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        size=8,
    )


def _week(figure: Week, axes: "Axes") -> None:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    most = max(map(max, figure.counts)) or 1
    places: dict[float, list[tuple[int, int]]] = {}
    for day, hours in enumerate(figure.counts):
        for hour, number in enumerate(hours):
            if number:
                # By area, so that twice as many look twice as many. Few sizes make a small file.
                size = max(1.5, round(42 * (number / most) ** 0.5) / 2)
                places.setdefault(size, []).append((hour, day))
    for size, where in sorted(places.items()):
        x, y = zip(*where, strict=True)
        axes.plot(x, y, linestyle="none", marker="o", markersize=size, color=LOOKS[0][0])
    peak = max(
        (number, -day, -hour)
        for day, hours in enumerate(figure.counts)
        for hour, number in enumerate(hours)
    )
    axes.set_yticks(range(7), days)
    axes.set_xticks(range(0, 24, 2), [f"{hour}:00" for hour in range(0, 24, 2)])
    axes.set_ylim(6.6, -0.6)
    axes.set_xlim(-0.7, 23.7)
    axes.set_xlabel(
        f"hour; the area is the number of {visible(figure.what)}, the largest "
        f"({days[-peak[1]]} {-peak[2]}:00) has {peak[0]:,}"
    )
    axes.spines["left"].set_visible(False)
    axes.grid(axis="both")
