import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Post, Rows, to_csv, to_jsonl

from py_post import __version__

Commits = Callable[..., Rows]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: INPUT"),
        (["--nothing", "x.csv"], "unrecognized arguments: --nothing"),
        (["--kind", "x", "x.csv"], "argument --kind: invalid choice: 'x'"),
        (["x.txt"], "x.txt: expected a folder, or a file .csv or .jsonl"),
        (["\x1b[2J.txt"], "\\x1b[2J.txt: expected"),
    ],
)
def test_wrong_usage(post: Post, words: list[str], said: str) -> None:
    assert post.run(*words) == 2
    assert post.err.startswith(f"py_post: {said}") and post.err.endswith("\ntry: py_post --help\n")


def test_help_and_version(post: Post) -> None:
    for word, said in (
        ("--help", "example:\n  py_post --out post"),
        ("--version", f"py_post {__version__}"),
    ):
        with pytest.raises(SystemExit) as end:
            post.run(word)
        assert end.value.code == 0
        assert said in post.capture.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "commits.csv",
            "sha,author_time\n1\n",
            "commits.csv line 2: 1 cell where the header has 2",
        ),
        (
            "runs.csv",
            "a,b\n",
            "runs.csv line 1: no column recipe; expected the columns of runs.csv, or --kind table",
        ),
        (
            "answers.csv",
            "a,b\n",
            "answers.csv line 1: no case; expected the lines of answers.jsonl, or --kind table",
        ),
        (
            "commits.jsonl",
            '{"a":1}\n',
            "commits.jsonl line 1: no column author_time, author_name or author_email; ",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    post: Post, name: str, content: str, said: str
) -> None:
    kind = name.split(".")[0] if name != "commits.csv" else "auto"
    assert post.run("--kind", kind, post.write(name, content)) == 1
    assert said in post.err and post.err.count("\n") == 1
    assert not post.out.exists()


def test_input_that_is_not_there(post: Post) -> None:
    assert post.run("nothing.csv") == 1
    assert post.err == "py_post: nothing.csv: is not there\n"
    assert post.run(post.folder) == 1
    assert "there is no .csv and no .jsonl file in this folder" in post.err


def test_output_that_cannot_be_written(post: Post, commits: Commits) -> None:
    post.out.write_text("a file")
    assert post.run(post.write("commits.csv", to_csv(commits({})))) == 1
    assert post.err.endswith("/out: cannot be made: file exists\n")
    post.out.unlink()
    (post.out / "commits-days.csv").mkdir(parents=True)
    assert post.run(post.write("commits.csv", to_csv(commits({})))) == 1
    assert post.err.endswith("/commits-days.csv: cannot be written: is a directory\n")
    assert [path.name for path in post.out.iterdir()] == ["commits-days.csv"]


def test_a_folder_gives_what_is_known_in_it(post: Post, commits: Commits) -> None:
    post.write("run/commits.csv", to_csv(commits({}, {})))
    post.write("run/commits.jsonl", to_jsonl(commits({})))
    post.write("run/other.csv", "a\n1\n")
    assert post.run("--format", "none", "--json", post.folder / "run") == 0
    told = json.loads(post.said)
    assert [(Path(entry["file"]).name, entry["rows"]) for entry in told["inputs"]] == [
        ("commits.jsonl", 1)
    ]
    assert [table["file"] for table in told["reports"][0]["tables"]][:2] == [
        "commits-days.csv",
        "commits-authors.csv",
    ]
    (post.folder / "run/commits.csv").unlink()
    (post.folder / "run/commits.jsonl").unlink()
    assert post.run("--format", "none", post.folder / "run") == 0
    assert (post.out / "other-columns.csv").exists()


def test_tables_of_one_name_do_not_overwrite_each_other(post: Post) -> None:
    names = [post.write(f"{folder}/commits.csv", "a\n1\n") for folder in "xyz"]
    assert post.run("--format", "none", *names) == 0
    assert sorted(path.name for path in post.out.glob("*-columns.csv")) == [
        "commits-table-2-columns.csv",
        "commits-table-3-columns.csv",
        "commits-table-columns.csv",
    ]


def test_nobody_listens(post: Post, commits: Commits) -> None:
    path = post.write("commits.csv", to_csv(commits({})))
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "py_post", "--format", "none", "--out", post.out, path],
        stdout=write,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
