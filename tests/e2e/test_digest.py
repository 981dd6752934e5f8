"""`digest`: a week of real runs and commits; with a model that is hostile or not there; replayed when all of it is gone."""

import datetime
import re
import shutil

import pytest

import fault_server as f
from lab import Lab
from real_git import git, somebody

NOTHING = "return { name = 'nothing', summary = 'Nothing.', home = 'x', run = function(run) run:metric('n', 2) end }"


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab")
    lab.write("recipes/nothing.lua", NOTHING)
    lab.write("recipes/broken.lua", NOTHING.replace("run:metric('n', 2)", "error('no')"))
    git(lab.root, "init", "-q", "-b", "main")
    git(lab.root, "add", "lab.json")
    assert lab.tlab("nothing").exit == 0
    assert lab.tlab("broken").exit == 1
    lab.started = lab.manifest["time"]["started"]
    git(lab.root, "commit", "-q", "-m", "<img src=x> [a](javascript:b)", env=somebody(when=lab.started))
    return lab


def page(lab):
    return (lab.latest / "digest.md").read_text()


def check_replay(lab):
    again = lab.tlab("replay", lab.latest)
    assert again.exit == 0 and "with the same bytes" in again.out, again.err
    assert lab.tlab("verify", lab.latest).exit == 0


def test_this_week(lab):
    done = lab.tlab("digest")
    assert done.exit == 0, done.err
    told = page(lab)
    year, number, _ = datetime.date.fromisoformat(lab.started[:10]).isocalendar()
    assert told.startswith(f"# Week {year}-W{number:02}\n")
    assert "- 2 runs: 1 succeeded, 1 failed;" in told and "- 1 run is open." in told
    assert "| nothing | 2 | 1 succeeded, 1 failed |" in told and "| `n` | nothing | 2 [" in told
    assert "- 1 commit by 1 author, +" in told and r"\<img src=x\> \[a\](javascript:b)" in told
    for link in re.findall(r"\]\((\.\./[^)]*)\)", told):
        assert (lab.latest / link / "run.json").exists(), link
    assert {"runs.svg", "commits.svg"} <= set(lab.outputs())
    assert lab.manifest["metrics"] == {"commits": 1, "runs": 2}
    assert lab.manifest["params"] == {"week": told.split()[2]}
    shutil.rmtree(lab.root / ".git")
    (lab.root / "runs.csv").rename(lab.root / "gone.csv")
    check_replay(lab)
    (lab.root / "gone.csv").rename(lab.root / "runs.csv")
    assert lab.tlab("digest", "week=2025-W01").exit == 0
    assert "- No run.\n- No commits: not in a git repository" in page(lab)
    check_replay(lab)


def test_a_week_that_is_none(lab):
    done = lab.tlab("digest", "week=2025-W53")
    assert done.exit == 3 and "2025-W53 is no week" in done.err
    assert lab.tlab("digest", "week=tomorrow").exit == 3


def test_what_a_model_writes_is_text(lab):
    evil = "# Done\n\nAll <b>well</b>. [a](javascript:b) ![x](http://e.example/x.png) \x1b[2J" + "z" * 9000
    with f.FaultServer([f.json_answer(evil)]) as server:
        words = [f"model.base_url={server.base_url}", "model.name=m", f"--allow-net=127.0.0.1:{server.port}"]
        assert lab.tlab("digest", *words).exit == 0
    told = page(lab)
    opening = told[told.index("24:00 UTC.") : told.index("## In short")]
    assert not re.search(r"(?<!\\)[<\[!]|^# |\x1b", opening, re.M), opening
    assert "Written by `m`, which may err" in opening and len(opening) < 3500
    assert lab.manifest["tokens"]["output"] == 8
    asked = server.posts[0].body.decode()
    assert "1 failed" in asked
    check_replay(lab)
    # Blanks are no work.
    with f.FaultServer([f.json_answer("x" + " " * 300_000 + "y")]) as server:
        words = [f"model.base_url={server.base_url}", "model.name=m", f"--allow-net=127.0.0.1:{server.port}"]
        assert lab.tlab("digest", *words, "--limit-cpu=10").exit == 0
    assert "\nx y\n" in page(lab)
    # Without the model the page is the same below, and the run says what is missing.
    done = lab.tlab("digest", *words, "retries=0")
    assert done.exit == 7 and "1 of 1 openings are missing; the first: " in done.err
    assert "**No opening** (NETWORK)" in page(lab) and "## In short" in page(lab)
    check_replay(lab)
