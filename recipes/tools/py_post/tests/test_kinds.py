from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Post, Rows, to_csv, to_jsonl

from py_post.reading import Source
from py_post.report import Columns
from py_post.table import AnyTable

Commits = Callable[..., Rows]


def test_commits_by_day_author_and_size(post: Post, commits: Commits) -> None:
    made = commits(
        {},
        {"author_name": "Ada L.", "author_email": "ADA@example.org", "insertions": "0"},
        {"author_time": "2026-03-01T23:30:00-02:00", "author_name": "Bo", "author_email": ""},
    )
    post.make("commits.csv", to_csv(made))
    assert post.table("commits-days") == [
        {"day": "2026-03-02", "commits": "3", "files": "6", "insertions": "20", "deletions": "12"}
    ]
    ada, bo = post.table("commits-authors")
    # One address is one person; of two spellings met equally often the first by its letters.
    assert (ada["author"], ada["commits"], ada["insertions"]) == ("Ada", "2", "10")
    assert (bo["author"], bo["first"]) == ("Bo", "2026-03-01T23:30:00-02:00")
    lines = next(row for row in post.table("commits-sizes") if row["measure"] == "lines")
    assert (lines["count"], lines["least"], lines["median"], lines["sum"]) == ("3", "4", "14", "32")
    hours = {(row["weekday"], row["hour"]): row["commits"] for row in post.table("commits-hours")}
    assert hours[("Monday", "10")] == "2" and hours[("Sunday", "23")] == "1"
    assert not (post.out / "commits-paths.csv").exists()


def test_commits_by_path(post: Post, commits: Commits) -> None:
    files = [
        {"path": "src/core/a.c", "insertions": 5, "deletions": 1},
        {"path": "src/core/b.c", "insertions": 1},
        {"path": "README.md", "insertions": 2, "deletions": 2},
        {"path": "logo.png", "binary": True},
    ]
    post.make("c.jsonl", to_jsonl(commits({"files": files}, {"files": []})))
    paths = {
        row["path"]: (row["commits"], row["insertions"]) for row in post.table("commits-paths")
    }
    assert paths["src/core/a.c"] == ("1", "5") and paths["logo.png"] == ("1", "0")
    assert post.table("commits-folders") == [
        {"folder": "src/core/", "changes": "2", "insertions": "6", "deletions": "1"},
        {"folder": "(top)", "changes": "2", "insertions": "2", "deletions": "2"},
    ]
    days = post.table("commits-days")
    assert (days[0]["files"], days[0]["insertions"]) == ("4", "8")


def test_odd_commits_are_counted_and_told(post: Post, commits: Commits) -> None:
    made = commits({"author_time": "99999-01-01"}, {"insertions": "nan"}, {"deletions": "-1"})
    post.make("commits.csv", to_csv(made))
    notes = [line for line in post.said.splitlines() if line.startswith("note:")]
    where = str(post.folder / "commits.csv")
    assert notes == [
        f"note: 1 value of author_time that are no times: not in what goes by time: {where} line 2",
        f"note: 1 value in insertions that are no finite numbers, left out: {where} line 3",
        f"note: 1 value in deletions below zero, left out: {where} line 4",
    ]
    assert sum(int(row["commits"]) for row in post.table("commits-authors")) == 3


def answer(**change: Any) -> dict[str, Any]:
    usage = {"input": 10, "output": 5, "total": 15}
    reply = {"attempts": 1, "finish_reason": "stop", "usage": usage, "text": "yes", "seed": 1}
    return {"case": 1, "prompt": 1, "sample": 1, "vars": {}, **reply, **change}


def test_answers(post: Post) -> None:
    error = {"code": "TIMEOUT", "message": "no answer in 600 s"}
    failed = {"case": 10, "prompt": 1, "sample": 1, "error": error, "attempts": 3}
    rows = [
        answer(),
        answer(text=" yes\n"),
        answer(text="no", usage={"input": 10, "output": 9}),
        answer(prompt=2, text=None, json={"b": 1, "a": 2}),
        answer(case=2, finish_reason="length"),
        failed,
    ]
    post.make("answers.jsonl", to_jsonl(rows))
    questions = post.table("answers-questions")
    assert [(row["case"], row["prompt"]) for row in questions] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
        ("10", "1"),
    ]
    first = questions[0]
    assert (first["answers"], first["different"], first["agreement"]) == (
        "3",
        "2",
        "0.666666666667",
    )
    assert (first["tokens_in"], first["tokens_out"], first["most_frequent"]) == ("30", "19", "yes")
    assert questions[1]["most_frequent"] == '{"a":2,"b":1}' and questions[1]["agreement"] == ""
    assert questions[2]["cut_short"] == "1"
    assert (questions[3]["failed"], questions[3]["tokens_out"]) == ("1", "")
    assert post.table("answers-errors") == [
        {"code": "TIMEOUT", "answers": "1", "first_message": "no answer in 600 s"}
    ]
    assert [row["case"] for row in post.table("answers-cases")] == ["1", "2", "10"]
    assert [row["answers"] for row in post.table("answers-prompts")] == ["5", "1"]


def run(**change: str) -> dict[str, str]:
    row = {"started": "2026-03-02T10:00:00.000Z", "id": "a", "recipe": "ai", "status": "succeeded"}
    rest = {"seconds": "2", "models": "m;n", "tokens_in": "3", "tokens_out": "4", "error": ""}
    return {**row, **rest, "cost": "0.1", "currency": "EUR", **change}


def test_runs(post: Post) -> None:
    rows = [run() for _ in range(3)]
    rows += [
        run(status="failed", error="PROVIDER", seconds="", cost=""),
        run(status="odd", recipe="x"),
    ]
    post.make("runs.csv", to_csv(rows))
    ai, x = post.table("runs-recipes")
    assert (ai["recipe"], ai["runs"], ai["succeeded"], ai["failed"]) == ("ai", "4", "3", "1")
    assert (ai["seconds_sum"], ai["tokens_out"], x["other"]) == ("6", "16", "1")
    assert [(row["model"], row["runs"]) for row in post.table("runs-models")] == [
        ("m", "5"),
        ("n", "5"),
    ]
    # 0.1 + 0.1 + 0.1 is 0.3: money is not counted in binary fractions.
    assert [row["cost"] for row in post.table("runs-costs")] == ["0.3", "0.1"]
    assert post.table("runs-errors") == [{"error": "PROVIDER", "recipe": "ai", "runs": "1"}]
    assert post.table("runs-days")[0]["runs"] == "5"


def test_what_one_row_may_bring_is_bounded(post: Post, commits: Commits) -> None:
    models = ";".join(f"m{n:03}" for n in range(150))
    post.make("runs.csv", to_csv([run(models=models), run(cost="1e19"), run(cost="1e17")]))
    assert "1 value in cost" in post.said
    assert [row["cost"] for row in post.table("runs-costs")] == ["100000000000000000.1"]
    assert [row["model"] for row in post.table("runs-models")][-1] == "m099"
    # Of an author's spellings the first fifty count, however often a later one comes.
    names = [{"author_name": f"Ada {n}"} for n in range(50)] + [{"author_name": "Eve"}] * 9
    post.make("commits.csv", to_csv(commits(*names)))
    assert [row["author"] for row in post.table("commits-authors")] == ["Ada 0"]


def test_any_table(post: Post) -> None:
    rows = [
        {
            "n": n % 50,
            "kind": "ab"[n % 2],
            "when": f"2026-03-{n % 28 + 1:02}",
            "none": "NaN",
            "id": n * 1.5,
        }
        for n in range(100)
    ]
    post.make("Some table.csv", to_csv(rows))
    columns = {row["column"]: row for row in post.table("some-table-columns")}
    assert {name: row["holds"] for name, row in columns.items()} == {
        "n": "number",
        "kind": "text",
        "when": "time",
        "none": "empty",
        "id": "number",
    }
    assert (columns["none"]["empty"], columns["kind"]["different"]) == ("100", "2")
    assert (columns["n"]["number_median"], columns["n"]["number_sum"]) == ("24.5", "2450")
    assert (columns["when"]["first_day"], columns["when"]["last_day"]) == (
        "2026-03-01",
        "2026-03-28",
    )
    values = [row for row in post.table("some-table-values") if row["column"] == "kind"]
    assert values == [
        {"column": "kind", "value": "a", "rows": "50"},
        {"column": "kind", "value": "b", "rows": "50"},
    ]


@pytest.mark.parametrize(
    ("numbers", "bars"),
    [
        ([n / 10 for n in range(-5, 500, 7)], ["-5", "0", "5"]),
        (range(100, 130), ["100", "102", "104"]),
        ([10**30 + n * 10**28 for n in range(20)], ["1e+30", "1.01e+30", "1.02e+30"]),
        ([5e-324 * n for n in range(20)], ["0"]),
    ],
)
def test_bars_begin_at_round_numbers(numbers: Sequence[float], bars: list[str]) -> None:
    table, source = AnyTable(), Source(Path("x.csv"))
    table.check(source, ("n",))
    for number in numbers:
        table.add({"n": number}, source)
    (figure,) = table.report().figures
    assert isinstance(figure, Columns)
    assert list(figure.labels[: len(bars)]) == bars
    assert sum(figure.series[0].values) == len(numbers)


def test_lines_of_json_need_not_have_the_same_keys(post: Post) -> None:
    post.make("x.jsonl", '{"a":1}\n{"b":[1]}\n{"a":2}\n')
    columns = {row["column"]: row for row in post.table("x-columns")}
    assert (columns["a"]["filled"], columns["a"]["empty"]) == ("2", "1")
    assert (columns["b"]["filled"], columns["b"]["empty"]) == ("1", "2")


@pytest.mark.parametrize("kind", ["commits", "answers", "runs", "table"])
@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl"])
def test_empty_input(post: Post, kind: str, name: str) -> None:
    post.make(name, "", "--kind", kind)
    assert "has no rows" in post.said
    assert all(path.read_text().count("\n") >= 1 for path in post.out.iterdir())


def test_values_that_are_too_many_are_not_told_apart() -> None:
    table, source = AnyTable(), Source(Path("x.csv"))
    table.check(source, ("n",))
    for number in range(10_500):
        table.add({"n": f"v{number}"}, source)
    assert len(table.columns["n"].values) == 10_000
    assert table.columns["n"].distinct == "> 10000"
