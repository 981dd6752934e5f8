"""Answers of models: how many, how alike, how long, what failed. Made of `answers.jsonl`."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

from py_post.counting import Groups, Numbers
from py_post.errors import DataError
from py_post.oddities import Oddities
from py_post.reading import Row, Source, number_of, text_of
from py_post.report import (
    QUANTILES,
    Bars,
    Cell,
    Report,
    Series,
    Spread,
    Spreads,
    Table,
    quantiles,
    rest_of,
)
from py_post.text import count, label

SHOWN = 20
TEXTS = 100_000  # different answers whose beginnings are kept
SAMPLE = 200  # letters of an answer that a table shows
DONE = ("stop", "")  # reasons to end that are none to worry about
QUESTIONS = 20_000

Key = tuple[str, str]


@dataclass
class _Question:
    answers: int = 0
    failed: int = 0
    cut: int = 0
    alike: Counter[bytes] = field(default_factory=Counter)
    texts: dict[bytes, str] = field(default_factory=dict)
    tokens_in: Numbers = field(default_factory=Numbers)
    tokens_out: Numbers = field(default_factory=Numbers)

    def say(self, text: str, *, keep: bool) -> bool:
        """One answer; spaces and line breaks make no difference. Gives whether it was kept."""
        text = " ".join(text.split())
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self.alike[key] += 1
        if not keep or key in self.texts:
            return False
        self.texts[key] = text[:SAMPLE]
        return True

    def most_common(self) -> tuple[int, str]:
        """How often the most frequent answer came, and how it begins."""
        if not self.alike:
            return 0, ""
        key = min(self.alike, key=lambda k: (-self.alike[k], self.texts.get(k, "")))
        return self.alike[key], self.texts.get(key, "")

    @property
    def agreement(self) -> float | None:
        """The share of the most frequent answer among those that came; None of a single one."""
        good = self.answers - self.failed
        return self.most_common()[0] / good if good > 1 else None


def _order(text: str) -> tuple[int, int | float, str]:
    number = number_of(text)
    return (0, number, text) if number is not None else (1, 0, text)


class Answers:
    """Collects answers a row at a time."""

    kind = "answers"

    @staticmethod
    def fits(columns: tuple[str, ...]) -> bool:
        """Whether a file with these columns is of this kind."""
        return "case" in columns and bool(
            {"finish_reason", "usage", "error", "text", "json"} & set(columns)
        )

    def __init__(self) -> None:
        """None yet."""
        self.questions: Groups[Key, _Question] = Groups(_Question, QUESTIONS)
        self.cases: Groups[str, _Question] = Groups(_Question, QUESTIONS)
        self.prompts: Groups[str, _Question] = Groups(_Question, QUESTIONS)
        self.errors: dict[str, tuple[int, str]] = {}
        self.sizes = {
            name: Numbers() for name in ("tokens_in", "tokens_out", "letters", "attempts")
        }
        self.rows = self.texts = 0
        self.odd = Oddities()

    def check(self, source: Source, columns: tuple[str, ...]) -> None:
        """Whether these columns are enough, for whoever said that this is of this kind."""
        if columns and "case" not in columns:
            raise DataError(
                f"{source.name} line 1: no case; expected the lines of answers.jsonl, "
                "or --kind table"
            )

    def add(self, row: Row, source: Source) -> None:
        """One answer."""
        self.rows += 1
        case, prompt = text_of(row.get("case")), text_of(row.get("prompt"))
        usage = row.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        tokens_in = self.odd.amount(usage, "input", source)
        tokens_out = self.odd.amount(usage, "output", source)
        text = text_of(row["json"] if row.get("json") is not None else row.get("text"))
        error = row.get("error")
        attempts = self.odd.amount(row, "attempts", source)
        question = self.questions.of((case, prompt))
        if not error:
            self.texts += question.say(text, keep=self.texts < TEXTS)
        for group in (question, self.cases.of(case), self.prompts.of(prompt)):
            group.answers += 1
            group.failed += bool(error)
            group.cut += not error and text_of(row.get("finish_reason")) not in DONE
            for numbers, value in ((group.tokens_in, tokens_in), (group.tokens_out, tokens_out)):
                if value is not None:
                    numbers.add(value)
        letters = None if error else len(text)
        for name, value in zip(self.sizes, (tokens_in, tokens_out, letters, attempts), strict=True):
            if value is not None:
                self.sizes[name].add(value)
        if error:
            self._add_error(error)

    def _add_error(self, error: object) -> None:
        parts = error if isinstance(error, dict) else {"message": error}
        code = text_of(parts.get("code"))[:SAMPLE] or "(no code)"
        times, first = self.errors.get(code, (0, text_of(parts.get("message"))[:SAMPLE]))
        if times or len(self.errors) < QUESTIONS:
            self.errors[code] = (times + 1, first)

    def report(self) -> Report:
        """Tables and figures of all that was added."""
        report = Report(self.kind, notes=self.odd.notes())
        columns = ("answers", "failed", "cut_short", "different", "agreement")
        tokens = ("tokens_in", "tokens_out", "tokens_out_median")
        questions = sorted(
            self.questions.items(), key=lambda item: (_order(item[0][0]), _order(item[0][1]))
        )
        rows: list[tuple[Cell, ...]] = [
            (*key, *self._cells(question), question.most_common()[1]) for key, question in questions
        ]
        report.tables.append(
            Table(
                "questions",
                "Answers to each question (a case with a prompt)",
                ("case", "prompt", *columns, *tokens, "most_frequent"),
                rows,
            )
        )
        for name, groups in (("cases", self.cases), ("prompts", self.prompts)):
            what = name[:-1]
            rows = [
                (key, *self._cells(group, alike=False))
                for key, group in sorted(groups.items(), key=lambda item: _order(item[0]))
            ]
            report.tables.append(
                Table(name, f"Answers by {what}", (what, *columns[:3], *tokens), rows)
            )
        report.tables.append(
            Table(
                "sizes",
                "How long questions and answers are",
                ("measure", *QUANTILES),
                [(name, *quantiles(numbers)) for name, numbers in self.sizes.items()],
            )
        )
        failures = sorted(self.errors.items(), key=lambda item: (-item[1][0], item[0]))
        report.tables.append(
            Table(
                "errors",
                "Why answers are missing",
                ("code", "answers", "first_message"),
                [(code, times, first) for code, (times, first) in failures],
            )
        )
        self._draw_agreement(report, questions)
        self._draw_tokens(report)
        self._draw_cases(report)
        return report

    @staticmethod
    def _cells(group: _Question, *, alike: bool = True) -> tuple[Cell, ...]:
        cells: tuple[Cell, ...] = (group.answers, group.failed, group.cut)
        if alike:
            cells += (len(group.alike), group.agreement)
        return (
            *cells,
            group.tokens_in.sum if group.tokens_in.count else None,
            group.tokens_out.sum if group.tokens_out.count else None,
            group.tokens_out.quantile(0.5),
        )

    @staticmethod
    def _name(key: Key) -> str:
        case, prompt = key
        return label(f"case {case}" + (f", prompt {prompt}" if prompt else ""), 32)

    def _draw_agreement(self, report: Report, questions: list[tuple[Key, _Question]]) -> None:
        several = [(key, q) for key, q in questions if q.agreement is not None]
        if not several:
            return
        # Where models agree there is nothing to see: those that differ most come first.
        shown = sorted(several, key=lambda item: item[1].agreement or 0)[:SHOWN]
        whole = sum(q.agreement == 1 for _, q in several)
        report.figures.append(
            Bars(
                "agreement",
                "How often the same answer came",
                "share of the most frequent answer; spaces make no difference. "
                f"{whole} of {count(len(several), 'question')} had one answer only",
                [self._name(key) for key, _ in shown],
                [Series("agreement", [100 * (q.agreement or 0) for _, q in shown])],
                "% of the answers to a question",
                percent=True,
                footer=(
                    f"the {len(shown)} of {count(len(several), 'question')} that agree least"
                    if len(several) > len(shown)
                    else ""
                ),
            )
        )

    def _draw_tokens(self, report: Report) -> None:
        groups = self.prompts if len(self.prompts) > 1 else self.cases
        what = "prompt" if groups is self.prompts else "case"
        order = sorted(groups.items(), key=lambda item: _order(item[0]))
        lines = [
            Spread.of(label(f"{what} {key}" if key else f"no {what}", 32), group.tokens_out)
            for key, group in order
            if group.tokens_out.count
        ]
        out = self.sizes["tokens_out"]
        if lines:
            report.figures.append(
                Spreads(
                    "tokens",
                    "How long the answers are",
                    f"{out.sum:,.0f} tokens in {count(out.count, 'answer')}",
                    lines[:SHOWN],
                    "tokens an answer",
                    footer=(
                        f"the first {SHOWN} of {count(len(lines), what)}"
                        if len(lines) > SHOWN
                        else ""
                    ),
                )
            )

    def _draw_cases(self, report: Report) -> None:
        order = sorted(
            self.cases.items(), key=lambda item: (-item[1].failed - item[1].cut, _order(item[0]))
        )
        shown = order[:SHOWN]
        failed = sum(group.failed for _, group in order)
        cut = sum(group.cut for _, group in order)
        if not shown:
            return
        report.figures.append(
            Bars(
                "cases",
                "What came of each case",
                f"{count(self.rows, 'question')} asked: {self.rows - failed - cut:,} answered, "
                f"{cut:,} cut short, {failed:,} failed",
                [label(f"case {key}", 32) for key, _ in shown],
                [
                    Series("answered", [g.answers - g.failed - g.cut for _, g in shown]),
                    Series("cut short", [g.cut for _, g in shown], 1),
                    Series("failed", [g.failed for _, g in shown], 2),
                ],
                "answers",
                footer=rest_of(
                    len(shown),
                    len(order),
                    "case",
                    self.rows - sum(group.answers for _, group in shown),
                    "answer",
                ),
            )
        )
