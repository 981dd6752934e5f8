"""recipes/post.lua: what an earlier run left behind goes to a program, and comes back as tables and
figures. The fast tests have a program of their own; the slow ones have py_post (`make tools`)."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from lab import BUILD, EXIT, ROOT, TLAB, Lab

PY_POST = BUILD / "tools" / "py_post"
TOLD = {
    "version": "9",
    "inputs": [{"file": "commits.csv", "kind": "commits", "rows": 2}],
    "reports": [
        {
            "kind": "commits",
            "tables": [{"file": "commits-days.csv", "title": "Days | <b>", "rows": 1, "columns": ["day"]}],
            "figures": [{"file": "commits-days.svg", "title": "Over *time*", "subtitle": "2 commits"}],
            "notes": ["1 value of [x](y)"],
        }
    ],
}
GOOD = """
mkdir out
cp commits.csv out/commits-days.csv
echo '<svg/>' > out/commits-days.svg
echo hidden > out/other.txt
echo "$@" >&2
cat <<'END'
%s
END
""" % json.dumps(TOLD)
COMMITS = (
    "sha,author_name,author_email,author_time,files,insertions,deletions,subject\n"
    "1,Ada,a@x,2026-03-02T10:00:00+01:00,1,10,2,one\n"
    '2,"\'=Bo",b@x,2026-03-03T11:00:00+01:00,2,3,4,$two$\n'
)


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


class PostLab(Lab):
    """A lab with a binary of its own, so that `tools` beside it holds what a test puts there."""

    def __init__(self, folder):
        super().__init__(folder / "lab", {"permits": {"allow": {"run": ["py_post"]}}})
        shutil.copy(ROOT / "recipes" / "post.lua", self.root / "recipes")
        self.write("data/commits.csv", COMMITS)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.binary = self.own = pathlib.Path(shutil.copy(TLAB, self.bin))

    def program(self, text):
        path = self.bin / "tools" / "py_post"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)
        return path


@pytest.fixture
def lab(tmp_path):
    return PostLab(tmp_path)


def same_again_without_the_program(lab):
    lab.binary = lab.own
    shutil.rmtree(lab.bin / "tools", ignore_errors=True)
    shutil.rmtree(lab.root / "data", ignore_errors=True)
    assert lab.tlab("verify", "latest").exit == 0
    done = lab.tlab("replay", "latest")
    assert done.exit == 0, done.err
    assert "with the same bytes" in done.out


def test_from_a_table_to_files_and_a_page(lab):
    lab.program(GOOD)
    done = lab.tlab("post", "from=data/commits.csv")
    assert done.exit == 0, done.err
    made = lab.outputs()
    assert sorted(made) == ["README.md", "commits-days.csv", "commits-days.svg", "spec.json"]
    assert made["commits-days.csv"].decode() == COMMITS
    page = made["README.md"].decode()
    assert "- commits.csv in `data`: commits, 2 rows" in page
    assert "![Over \\*time\\*: 2 commits](commits-days.svg)" in page
    assert "| [commits-days.csv](commits-days.csv) | Days \\| \\<b\\> | 1 |" in page
    assert "- 1 value of \\[x\\](y)" in page
    (ran,) = lab.effects("proc.run")
    assert ran["result"]["stderr"].split() == [
        "--json",
        "--out",
        "out",
        "--kind",
        "auto",
        "--format",
        "svg",
        "./commits.csv",
    ]
    same_again_without_the_program(lab)


def test_a_folder_whose_name_is_markup_is_no_part_of_the_page(lab):
    lab.program(GOOD)
    folder = "d`\n# x\x1b"
    lab.write(f"{folder}/commits.csv", COMMITS)
    done = lab.tlab("post", f"from={folder}")
    assert done.exit == 0, done.err
    page = lab.outputs()["README.md"].decode()
    assert "- commits.csv in ``d` # x\\x1b``: commits, 2 rows\n" in page
    assert page.endswith("\nAgain: ``tlab post from=d` # x\\x1b kind=auto format=svg``\n")


def test_more_tables_than_anybody_means(lab):
    lab.program(GOOD)
    for i in range(51):
        lab.write(f"many/{i}.csv", "a\n1\n")
    done = lab.tlab("post", "from=many")
    assert done.exit == 3 and "from=many has 51 files .csv and .jsonl, expected 1 to 50" in done.err, done.err


def test_the_program_is_not_there(lab):
    done = lab.tlab("post", "from=data", env={"PATH": "/usr/bin:/bin"})
    assert done.exit == EXIT["RUN_FAILED"]
    assert "error[NOT_FOUND]: the program py_post is not installed beside tlab" in done.err
    assert "help: make tools" in done.err


def test_it_must_be_allowed(lab):
    lab.write("lab.json", {"schema": "tlab.lab/1"})
    lab.program(GOOD)
    done = lab.tlab("post", "from=data")
    assert done.exit == EXIT["NOT_PERMITTED"]
    assert "help: tlab run --allow-run=py_post recipes/post.lua from=data" in done.err


@pytest.mark.parametrize(
    "program, code, said",
    [
        (
            "echo 'py_post: commits.csv line 3: 1 cell where the header has 8' >&2; exit 1",
            "INVALID",
            "error[INVALID]: py_post: commits.csv line 3: 1 cell where the header has 8",
        ),
        slow("echo one >&2; echo two >&2; exit 7", "RUN_FAILED", "py_post ended with exit code 7: two"),
        slow("exit 1", "RUN_FAILED", "py_post ended with exit code 1"),
        slow("kill -SEGV $$", "RUN_FAILED", "py_post was killed by signal 11"),
        ("echo nonsense", "RUN_FAILED", "py_post said something else than was asked for"),
        slow("echo '[]'", "RUN_FAILED", "py_post said something else than was asked for"),
        slow("head -c 300000000 /dev/zero", "RUN_FAILED", "error[LIMIT]: the program "),
        ("mkdir out; ln -s /etc/passwd out/a.csv; echo '%s'" % json.dumps(TOLD), None, "a.csv"),
    ],
    ids=["data", "exit", "silent", "killed", "nonsense", "list", "flood", "link"],
)
def test_a_program_that_fails(lab, program, code, said):
    lab.program(program)
    done = lab.tlab("post", "from=data/commits.csv")
    if code:
        assert (done.exit, said in done.err) == (EXIT[code], True), done.err
    assert b"root:" not in b"".join(lab.outputs().values())
    assert lab.manifest["status"] == ("failed" if done.exit else "succeeded")


@pytest.mark.parametrize(
    "words, said",
    [
        (["from=nothing.csv"], "from=nothing.csv is not there, expected a file or folder of the lab"),
        slow(["from=recipes"], "from=recipes has 0 files .csv and .jsonl, expected 1 to 50"),
        slow(["from=latest"], "no newer run of this lab that succeeded has commits.jsonl, commits.csv"),
        slow(["from=data/commits.csv", "kind=all"], "expected"),
        (["from=../x.csv"], "goes up with '..'"),
        slow([], "from"),
    ],
)
def test_input_that_cannot_be(lab, words, said):
    lab.program(GOOD)
    done = lab.tlab("post", *words)
    assert done.exit not in (0, EXIT["USAGE"])
    assert said in done.err, done.err


def test_a_file_outside_the_lab_needs_a_permit(lab, tmp_path):
    lab.program(GOOD)
    outside = tmp_path / "commits.csv"
    outside.write_text(COMMITS)
    assert lab.tlab("post", f"from={outside}").exit == EXIT["NOT_PERMITTED"]
    done = lab.tlab("post", f"from={outside}", f"--allow-read={tmp_path}")
    assert done.exit == 0, done.err


def test_latest_is_the_newest_run_that_has_tables(lab):
    recipe = "return { name = 'make', summary = 's', home = 'h', run = function(run) run:write('%s', '%s') end }"
    lab.write("recipes/one.lua", recipe % ("commits.csv", "one"))
    lab.write("recipes/two.lua", recipe % ("x.csv", "two"))
    lab.program(GOOD)
    for name in ("one", "two"):
        assert lab.tlab("run", f"recipes/{name}.lua").exit == 0
    for _ in range(2):  # nor is it one of post's own runs
        done = lab.tlab("post", "from=latest")
        assert done.exit == 0, done.err
        assert lab.outputs()["commits-days.csv"] == b"one"
    lab.program(GOOD.replace("commits.csv out", "x.csv out"))
    assert lab.tlab("post", "from=latest/x.csv").exit == 0
    assert lab.outputs()["commits-days.csv"] == b"two"


@pytest.fixture
def py_post(lab):
    if not PY_POST.exists():
        pytest.skip("py_post is not installed: make tools")
    lab.binary = TLAB  # its tools are those of `make tools`
    return lab


@pytest.mark.slow
@pytest.mark.parametrize("form, start", [("svg", b"<?xml"), ("png", b"\x89PNG")], ids=["svg", "png"])
def test_commits_become_tables_and_figures(py_post, form, start):
    lab = py_post
    done = lab.tlab("post", "from=data", f"format={form}", env={"TZ": "Asia/Tokyo"})
    assert done.exit == 0, done.err
    made = lab.outputs()
    figures = [name for name in made if name.endswith(form)]
    assert figures == [f"commits-{name}.{form}" for name in ("authors", "days", "hours", "sizes")]
    assert all(made[name].startswith(start) for name in figures)
    # A name that a spreadsheet would take for a formula is guarded in what is read, and in what is written.
    assert made["commits-authors.csv"].decode().splitlines()[1:] == [
        "Ada,a@x,1,1,10,2,2026-03-02T10:00:00+01:00,2026-03-02T10:00:00+01:00",
        "'=Bo,b@x,1,2,3,4,2026-03-03T11:00:00+01:00,2026-03-03T11:00:00+01:00",
    ]
    for name in figures:
        assert f"]({name})" in made["README.md"].decode()
    # Another run, the same bytes.
    assert lab.tlab("post", "from=data", f"format={form}").exit == 0
    again = lab.outputs()
    assert {name: again[name] for name in made} == made
    same_again_without_the_program(lab)


@pytest.mark.slow
def test_all_kinds_in_one_folder(py_post):
    lab = py_post
    shutil.copy(ROOT / "tests/recipes/ai/run/answers.jsonl", lab.root / "data")
    lab.write("data/runs.csv", "started,recipe,status\n2026-03-02T10:00:00Z,ai,succeeded\n")
    done = lab.tlab("post", "from=data", "format=none")
    assert done.exit == 0, done.err
    names = {name.split("-")[0] for name in lab.outputs() if name.endswith(".csv")}
    assert names == {"answers", "commits", "runs"}
    assert not [name for name in lab.outputs() if name.endswith(".svg")]


@pytest.mark.slow
def test_a_table_that_is_broken(py_post):
    lab = py_post
    lab.write("data/commits.csv", COMMITS + "3,Ada\n")
    done = lab.tlab("post", "from=data")
    assert done.exit == EXIT["INVALID"]
    assert "error[INVALID]: py_post: commits.csv line 4: 2 cells where the header has 8" in done.err
    assert sorted(lab.outputs()) == ["spec.json"]


@pytest.mark.slow
def test_it_starts_without_home_from_any_folder(py_post, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "in.csv").write_text(COMMITS)
    done = subprocess.run(
        [PY_POST, "--out", "out", "in.csv"],
        cwd=elsewhere,
        env={"PATH": os.defpath},
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    assert sorted(path.name for path in elsewhere.iterdir()) == ["in.csv", "out"]
