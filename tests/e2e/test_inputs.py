"""run:input and run:log: what an experiment is made of, and what it tells for later."""

import hashlib
import json

import pytest

from lab import EXIT, Lab

RECIPE = """
return {
  name = 'try', summary = 'Tries one thing.', home = 'ai-team/artifacts',
  needs = { read = { OUTSIDE } },
  run = function(run)
    BODY
  end,
}
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab")
    (tmp_path / "outside.json").write_text('{"far": true}')
    lab.outside = tmp_path / "outside.json"
    lab.write("data/cities.csv", "\ufeffname,people\nUlm,129942\n")
    lab.write("data/cities.jsonl", '{"name": "Ulm"}\n\n{"name": null}\n')
    lab.write("data/cities.json", '[{"name": "Ulm"}]')
    lab.write("data/cities.txt", "Ulm\n")

    def attempt(body, *words):
        lab.write("recipes/try.lua", RECIPE.replace("BODY", body).replace("OUTSIDE", f"'{lab.outside}'"))
        return lab.tlab("run", "try", *words)

    lab.attempt = attempt
    return lab


def test_what_a_file_is_taken_for(lab):
    done = lab.attempt(
        """
    run:write_json('came.json', {
      csv = run:input 'data/cities.csv', jsonl = run:input 'data/cities.jsonl',
      json = run:input 'lab:data/cities.json', text = run:input 'data/cities.txt',
      forced = run:input('data/cities.txt', { as = 'csv' }), bytes = run:input('data/cities.csv', { as = 'text' }),
      far = run:input 'OUTSIDE',
    })
        """.replace("'OUTSIDE'", f"'{lab.outside}'"),
        f"--allow-read={lab.outside}",
    )
    assert done.exit == 0, done.err
    assert json.loads((lab.latest / "came.json").read_text()) == {
        "csv": [{"name": "Ulm", "people": "129942"}],
        "jsonl": [{"name": "Ulm"}, {"name": None}],
        "json": [{"name": "Ulm"}],
        "text": "Ulm\n",
        "forced": [],
        "bytes": "\ufeffname,people\nUlm,129942\n",
        "far": {"far": True},
    }
    files = {i["path"]: i["sha256"] for i in lab.manifest["inputs"]}
    text = (lab.root / "data/cities.csv").read_bytes()
    assert files["lab:data/cities.csv"] == hashlib.sha256(text).hexdigest()
    assert set(files) == {f"lab:data/cities.{end}" for end in ("csv", "json", "jsonl", "txt")} | {str(lab.outside)}
    for path in (lab.root / "data").iterdir():
        path.write_text("something else")
    assert lab.tlab("replay", "latest").exit == 0


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.json", '{"a":\n1,}', "data/x.json is not JSON, line 2 column 3: "),
        ("x.jsonl", '{"a":1}\n\n{"a"}\n', "data/x.jsonl is not JSON Lines, line 3 column 5: "),
        ("x.csv", "a,b\n1,2\n3\n", "data/x.csv is not CSV, line 3: 1 cells where the header has 2"),
        ("x.csv", 'a\n"1\n', "data/x.csv is not CSV, line 2: a quote is not closed"),
    ],
)
def test_a_file_that_is_not_what_it_claims(lab, name, text, told):
    lab.write(f"data/{name}", text)
    done = lab.attempt(f"run:input 'data/{name}'")
    assert done.exit == EXIT["INVALID"]
    assert f"error[INVALID]: {told}" in done.err and "recipes/try.lua:6" in done.err
    assert lab.manifest["inputs"][0]["path"] == f"lab:data/{name}"


@pytest.mark.parametrize(
    ("call", "code", "told"),
    [
        ("run:input 'data/none.csv'", "NOT_FOUND", "lab:data/none.csv"),
        ("run:input 'OUTSIDE'", "NOT_PERMITTED", "reading OUTSIDE is not allowed"),
        ("run:input 'secrets/key'", "NOT_PERMITTED", "lab:secrets/key is key material"),
        ("run:input '../x'", "REFUSED", "goes up with '..'"),
        ("run:input(7)", "ARGUMENT", "run:input takes a path, not a number"),
        ("run:input('data/cities.csv', { as = 'xml' })", "ARGUMENT", "expected 'text', 'json', 'jsonl' or 'csv'"),
        ("run:log('x', 7)", "ARGUMENT", "run:log takes a map of fields second, not a number"),
        ("run:log('x', { f = print })", "ARGUMENT", "function"),
    ],
)
def test_wrong_use(lab, call, code, told):
    done = lab.attempt(call.replace("OUTSIDE", str(lab.outside)))
    assert f"error[{code}]" in done.err and told.replace("OUTSIDE", str(lab.outside)) in done.err
    assert "recipes/try.lua:6" in done.err


def test_what_is_logged_can_be_read_later(lab):
    done = lab.attempt("run:log('begin'); run:log('half', { done = 3, of = { 'a' } }); run:log(('x'):rep(5000))")
    assert done.exit == 0 and done.err.startswith('begin\nhalf  done=3  of=["a"]\nxxx')
    assert lab.manifest["log"] == 3
    assert lab.outputs().keys() == {"spec.json"}
    page = lab.tlab("show", "latest").out
    assert " s  begin\n" in page and ' s  half  done=3  of=["a"]\n' in page
    lines = json.loads(lab.tlab("show", "latest", "--log", "--json").out)
    assert [line["text"] for line in lines[:2]] == ["begin", "half"]
    assert lines[1]["fields"] == {"done": 3, "of": ["a"]} and lines[0]["at"] <= lines[2]["at"]
    assert lines[2]["text"].startswith("(5000 bytes: record/blobs/")
    assert lab.tlab("show", "latest", "--log").out.count("\n") == 3
    again = lab.tlab("replay", "latest")
    assert again.exit == 0 and "half" not in again.err


def test_nothing_logged_and_a_text_with_escapes(lab):
    assert lab.attempt("run:note('loud', { text = 'log' })").exit == 0
    assert lab.tlab("show", "latest", "--log").out == ""
    assert lab.tlab("show", "latest", "--log", "--json").out == "[]\n"
    assert lab.attempt(r"run:log('a\27[31mb', { ['c\27[2J'] = '\27]0;x\7' })").exit == 0
    for words in (["--log"], []):
        page = lab.tlab("show", "latest", "--color=always", *words).out
        assert "a\\x1b[31mb  c\\x1b[2J=" in page and "\x1b[31m" not in page


def test_the_log_of_a_run_that_was_killed(lab):
    lab.write(
        "recipes/try.lua", RECIPE.replace("BODY", "run:log('here'); tlab.clock.sleep(60000)").replace("OUTSIDE", "")
    )
    process = lab.start("run", "try")
    assert process.stderr.readline() == b"here\n"
    process.kill()
    process.wait()
    folder = next(lab.root.glob("20*/*/*/ai-team/artifacts/*"))
    assert lab.tlab("show", str(folder), "--log").out.endswith(" s  here\n")
