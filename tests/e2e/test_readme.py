"""README.md and the pages of comparisons: short, as they say of themselves, and with the figures that were measured."""

import re

from lab import ROOT

README = (ROOT / "README.md").read_text()


def test_it_is_short():
    """What it is in three sentences, a recipe of twenty lines, and no more than two screens of a browser."""
    first = README.split("\n\n")[1]
    assert len(re.findall(r"\w\.(?:\s|$)", first)) == 3
    (recipe,) = re.findall(r"```lua recipes/[^\n]*\n(.*?)```", README, re.DOTALL)
    assert len(recipe.splitlines()) == 20
    assert len(README.splitlines()) <= 175


def test_test_all_is_all_of_them():
    """Each group that tests/run.sh has is run by `make test-all`, but for `check`, which is parts of others."""
    groups = re.findall(r"^#   ([a-z0-9]+) ", (ROOT / "tests/run.sh").read_text(), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    (more,) = re.findall(r"^MORE := (.*)$", makefile, re.MULTILINE)
    test, also = re.findall(r"tests/run.sh (docs .*)$|ALSO='(docs .*)'$", makefile, re.MULTILINE)
    assert test[0] == also[1]
    assert sorted([*test[0].split(), *more.split(), "check"]) == sorted(groups)


def test_its_neighbours_have_sources_and_a_date():
    table = README.split("## Beside others")[1].split("\n## ")[0]
    assert re.search(r"As of 20\d\d-\d\d-\d\d", table)
    rows = [row for row in table.splitlines() if row.startswith("| ") and "is better at" not in row]
    assert len(rows) > 6 and all("](http" in row or row.startswith("| tlab |") for row in rows)
    page = (ROOT / "docs/context/COMPARISON_TO_TOOLS.md").read_text()
    for name in re.findall(r"^\| \[(\w+)\]", table, re.MULTILINE):
        assert f"[{name}](" in page or name == "Snakemake", name


def test_figures_beside_others_are_those_that_were_measured():
    """FIGURES.md is measured anew now and then; a page that is a third off is told."""
    measured: dict[str, float] = {}
    for row in (ROOT / "docs/reference/FIGURES.md").read_text().splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) > 3 and re.fullmatch(r"[\d.]+", cells[2]):
            measured.setdefault(cells[1], float(cells[2]))
    page = (ROOT / "docs/context/COMPARISON_TO_TOOLS.md").read_text()
    shown = re.findall(r"`([^`]+)` \| ([\d.]+) \|", page)
    assert len(shown) == 12
    for name, value in shown:
        assert 0.75 < float(value) / measured[name] < 1.33, (name, value, measured[name])
