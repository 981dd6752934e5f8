"""`compare`: models that are right, wrong, silent or hostile; judges; the same bytes without any of them."""

import csv
import json
import re

import pytest

import fault_server as f
from lab import Lab, wait_for

KNOWN = {"France": "Paris", "Japan": "Tokyo", "Peru": "Lima"}
EVIL = "# Title\n<img src=x> [a](javascript:b) | =cmd() \x1b[2J" + "z" * 5000


def knows(connection, request):
    """The model `good` knows all capitals, `bad` one, `evil` says EVIL; `judge` likes short answers; `deaf` fails."""
    asked = json.loads(request.body)
    told = asked["messages"][-1]["content"]
    country = next((c for c in KNOWN if c in told), "")
    if asked["model"] == "deaf":
        f.error(400, "not today")(connection, request)
    elif asked["model"] == "judge":
        data = json.loads(told)
        verdict = {"reason": "it is short", "right": len(data["answer"]) < 20}
        f.json_answer(json.dumps(verdict) if data["answer"] != "no verdict" else "well")(connection, request)
    else:
        said = {"good": f"It is {KNOWN.get(country)}.", "bad": "Paris", "evil": EVIL, "odd": "no verdict"}
        f.json_answer(said[asked["model"]])(connection, request)


@pytest.fixture
def server():
    with f.FaultServer([knows]) as server:
        yield server


@pytest.fixture
def lab(tmp_path):
    prices = {"good": {"input_per_million": 1000, "output_per_million": 0}}
    lab = Lab(tmp_path / "lab", {"prices": prices})
    lab.write("data/capitals.csv", "country,capital\n" + "".join(f"{c},{k}\n" for c, k in KNOWN.items()))
    return lab


def compare(lab, server, names, *words, **more):
    spec = {
        "data": "data/capitals.csv",
        "models": [{"base_url": server.base_url, "name": name} for name in names],
        "prompt": "The capital of {{country}}?",
        "expected": "capital",
        "score": "contains",
        **more,
    }
    lab.write("spec.json", spec)
    return lab.tlab("compare", "spec.json", f"--allow-net=127.0.0.1:{server.port}", *words)


def scores(lab):
    return list(csv.DictReader((lab.latest / "scores.csv").read_text().splitlines()))


def check_replay(lab, server, files=4):
    asked = server.tries
    again = lab.tlab("replay", lab.latest)
    assert again.exit == 0 and f"{files} files with the same bytes" in again.out, again.err
    assert lab.tlab("verify", lab.latest).exit == 0 and server.tries == asked


def test_who_is_right(lab, server):
    assert compare(lab, server, ["good", "bad"], concurrency=3).exit == 0
    good, bad = scores(lab)
    assert (good["model"], good["right"], good["accuracy"], good["low"], good["high"]) == ("good", "3", "1", "", "")
    assert (bad["model"], bad["right"], bad["scored"]) == ("bad", "1", "3")
    assert (good["tokens_in"], good["tokens_out"], good["cost"], good["currency"]) == ("96", "24", "0.096", "USD")
    assert bad["cost"] == "", "a price that nobody named is not 0"
    manifest = lab.manifest
    assert manifest["metrics"] == {"accuracy": 1, "accuracy.good": 1, "accuracy.bad": pytest.approx(1 / 3)}
    assert manifest["tokens"]["input"] == 192 and manifest["cost"] == {
        "amount": pytest.approx(0.096),
        "currency": "USD",
    }
    rows = lab.rows()
    assert [(row["model"], row["question"], row["right"]) for row in rows] == [
        ("good", 1, True),
        ("good", 2, True),
        ("good", 3, True),
        ("bad", 1, True),
        ("bad", 2, False),
        ("bad", 3, False),
    ]
    page = (lab.latest / "compare.md").read_text()
    assert "| `good` − `bad` | +0.67 |" in page and "✗ `Paris`" in page
    assert "<svg" in (lab.latest / "accuracy.svg").read_text()
    check_replay(lab, server)
    # Found again by its metric, the best first; and paid for once.
    first, asked = lab.latest, server.tries
    assert compare(lab, server, ["bad"]).exit == 0
    listed = lab.tlab("runs", "--sort=-metric.accuracy", "--json").out
    assert [run["metrics"]["accuracy"] for run in json.loads(listed)] == [1, pytest.approx(1 / 3)]
    assert server.tries == asked + 3
    assert compare(lab, server, ["good", "bad"], f"--reuse={first}", "--offline", limit=2).exit == 0
    assert server.tries == asked + 3 and [row["asked"] for row in scores(lab)] == ["2", "2"]


def test_a_model_that_does_not_answer(lab, server):
    done = compare(lab, server, ["good", "deaf"], retries=0)
    assert done.exit == 7 and "3 of 6 answers are not scored; the first: " in done.err and "not today" in done.err
    good, deaf = scores(lab)
    assert (good["accuracy"], deaf["accuracy"], deaf["scored"], deaf["asked"]) == ("1", "", "0", "3")
    assert lab.manifest["metrics"] == {"accuracy": 1, "accuracy.good": 1}
    assert "| – PROVIDER |" in (lab.latest / "compare.md").read_text()
    check_replay(lab, server)


def test_a_judge(lab, server):
    judge = {"base_url": server.base_url, "name": "judge"}
    assert compare(lab, server, ["good", "evil"], score="judge", judge=judge, rubric="Be kind.").exit == 0
    assert [row["right"] for row in lab.rows()] == [True] * 3 + [False] * 3
    assert lab.rows()[0]["reason"] == "it is short"
    asked = [json.loads(r.body) for r in server.posts if json.loads(r.body)["model"] == "judge"]
    system, data = (message["content"] for message in asked[0]["messages"])
    assert system.endswith("Be kind.")
    assert json.loads(data) == {"question": "The capital of France?", "answer": "It is Paris.", "expected": "Paris"}
    check_replay(lab, server)
    done = compare(lab, server, ["good", "odd"], score="judge", judge=judge, retries=0)
    assert done.exit == 7 and "3 of 6 answers are not scored" in done.err and "not JSON" in done.err
    odd = scores(lab)[1]
    assert (odd["scored"], odd["tokens_in"]) == ("0", "96"), "it did answer"


def test_what_a_model_says_is_text(lab, server):
    lab.write("data/capitals.csv", 'country,capital\n"France\n<b>|</b>",\'=x\nJapan,"# Tokyo"\n')
    assert compare(lab, server, ["evil", "good"]).exit == 0
    page = (lab.latest / "compare.md").read_text()
    outside = re.sub(r"(`+)[^`].*?\1", "", page)
    assert not re.search(r"[<\x1b]|javascript|^# Title", outside, re.M), outside
    assert max(len(line) for line in page.splitlines()) < 700, "5,000 z are cut"
    assert lab.rows()[0]["text"] == EVIL and lab.rows()[0]["expected"] == "=x"
    check_replay(lab, server)


def test_a_data_set_that_will_not_do_costs_nothing(lab, server):
    for data, words in {
        "country,capital\nFrance\n": "data/capitals.csv is not CSV, line 2: 1 cells where the header has 2",
        "country,capital\n": "data/capitals.csv has no rows",
        "country,city\nFrance,Paris\n": "row 1: there is no 'capital' (there are: city, country)",
        "land,capital\nFrance,Paris\n": "row 1: the template wants 'country'",
    }.items():
        lab.write("data/capitals.csv", data)
        done = compare(lab, server, ["good"])
        assert done.exit == 3 and words in done.err, done.err
    assert server.tries == 0


def test_cut_off_and_resumed(lab, server):
    assert compare(lab, server, ["good", "bad"]).exit == 0
    whole, asked = lab.outputs(), server.tries
    server.script = [knows] * (asked + 4) + [f.silence()]
    run = lab.start("compare", "spec.json", f"--allow-net=127.0.0.1:{server.port}")
    wait_for(lambda: server.tries == asked + 5)
    run.kill()
    run.communicate()
    server.script = [knows]
    newest = json.loads(lab.tlab("runs", "--limit=1", "--json").out)[0]
    assert newest["status"] == "interrupted"
    assert lab.tlab("resume", newest["id"][:8], f"--allow-net=127.0.0.1:{server.port}").exit == 0
    assert lab.latest == lab.root / newest["folder"] and lab.outputs() == whole
    assert server.tries == asked + 5 + 2, "what was answered is not asked again"
