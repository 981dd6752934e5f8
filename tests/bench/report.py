"""The figures of `make bench` as they come: printed at once, kept for JSON and for a page."""

import datetime
import subprocess
from typing import Any


def version(argv):
    """`git version 2.39.5`, `curl 7.88.1`: what a program says of itself, up to its number."""
    try:
        words = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    except OSError:
        return f"no {argv[0]}"
    number = next((i for i, word in enumerate(words) if word[0].isdigit()), len(words))
    return " ".join(words[: number + 1])


class Report:
    def __init__(self, model, processors, load):
        self.model, self.processors, self.load = model, processors, load
        self.data: dict[str, Any] = {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
            "machine": {"model": model, "processors": processors, "load": round(load, 1)},
            "sections": [],
            "targets": [],
            "skipped": [],
        }
        print(self.machine())

    def machine(self):
        return f"{self.processors} × {self.model}; load at the start {self.load:.1f}"

    def skip(self, peer):
        self.data["skipped"].append(peer)
        print(f"SKIPPED {peer}: the package could not be installed")

    def section(self, title, head, rows, commands):
        """A table; `rows` are lists of text, one a line, and `commands` say how each was made."""
        shown = dict.fromkeys(command.shown for command in commands)
        self.data["sections"].append({"title": title, "head": head, "rows": rows, "commands": list(shown)})
        widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
        print(f"\n== {title}")
        for line in [head, *rows]:
            print(
                "  "
                + "  ".join(
                    cell.ljust(width) if i == 0 else cell.rjust(width)
                    for i, (cell, width) in enumerate(zip(line, widths, strict=True))
                )
            )
        for command in shown:
            print(f"  $ {command}")

    def times(self, title, rows, yardstick, commands):
        head = ["what", "wall ms", "CPU ms", "best CPU ms"] + ([f"wall × {yardstick}"] if yardstick else [])
        lines = []
        for name, row in rows.items():
            line = [name, *(f"{1000 * row[kind]:.2f}" for kind in ("wall", "cpu", "cpu_best"))]
            if yardstick:
                line.append(f"{row['wall'] / rows[yardstick]['wall']:.2f}")
            lines.append(line)
        self.section(title, head, lines, commands)

    def per_call(self, figures, calls):
        head = ["CPU time of each further call", "CPU ms", "best CPU ms", "wall ms"]
        rows = [[who, *(f"{row[kind]:.3f}" for kind in ("cpu", "cpu_best", "wall"))] for who, row in figures.items()]
        self.section(f"A call: (CPU time of {calls} − CPU time of 1) / {calls - 1}", head, rows, [])

    def memory(self, figures, commands, of="all processes of a command together"):
        head = ["what", "PSS MiB", "RSS MiB", "of no file MiB"]
        rows = [[name, *(f"{size / 2**20:.1f}" for size in sizes)] for name, sizes in figures.items()]
        self.section(f"Peak memory, {of} (smaps_rollup, looked at without a pause)", head, rows, commands)

    def target(self, what, value, bound, unit, least=False):
        """`bound` is the most that the value may be, or with `least` the least that it must."""
        self.data["targets"].append(
            {
                "what": what,
                "value": round(value, 3),
                "at_least" if least else "at_most": bound,
                "unit": unit,
                "met": value >= bound if least else value <= bound,
            }
        )

    def target_rows(self):
        return [
            [
                t["what"],
                f"{t['value']:.2f} {t['unit']}",
                f"≥ {t['at_least']} {t['unit']}" if "at_least" in t else f"≤ {t['at_most']} {t['unit']}",
                "met" if t["met"] else "MISSED",
            ]
            for t in self.data["targets"]
        ]

    def targets(self):
        self.section("Targets", ["what", "measured", "target", ""], self.target_rows(), [])

    def versions(self):
        return [
            version(argv)
            for argv in (["git", "--version"], ["python3", "--version"], ["curl", "--version"], ["openssl", "version"])
        ]

    def markdown(self):
        """The page; the targets, printed last, come first."""
        sections = self.data["sections"]
        parts = [
            "# Figures\n",
            f"Measured on {self.data['date']} by `make bench FIGURES=docs/reference/FIGURES.md`, both sides in one run.\n",
            f"Machine: {self.machine()}; {'; '.join(self.versions())}.\n",
            "Times are medians (wall: hyperfine, CPU: user and system of the command and its children, from `wait4`);\n"
            "how each was measured stands in `tests/bench/`.",
        ]
        for peer in self.data["skipped"]:
            parts.append(f"Left out, since it could not be installed: {peer}.\n")
        for section in [sections[-1], *sections[:-1]]:
            head = section["head"]
            parts.append(f"\n## {section['title']}\n")
            parts.append("| " + " | ".join(head) + " |")
            parts.append("|---" + "|--:" * (len(head) - 1) + "|")
            parts += ["| " + " | ".join(row) + " |" for row in section["rows"]]
            if section["commands"]:
                parts.append("\n```text\n" + "\n".join(section["commands"]) + "\n```")
        return "\n".join(parts) + "\n"
