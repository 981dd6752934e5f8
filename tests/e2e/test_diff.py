"""tlab diff on real runs: one difference each, both ways round, on damaged, cut-off, copied and replayed runs."""

import json
import os
import pty
import shutil
import subprocess
import time

import pytest

import fault_server as f
from faults import schema
from lab import ROOT, Lab
from real_git import git

SAME, DIFFERENT, TROUBLE = 0, 1, 2

# Says, reads and writes what its spec says, so that a test can change one thing.
RECIPE = """
local helper = require 'helper'
return {
  name = 'one', summary = 'Does what it is told.', home = 'ai-team/artifacts',
  spec = { type = 'object' },
  needs = { env = { 'DIFF_TEST' }, net = { '127.0.0.1:*' } },
  run = function(run, spec)
    local input = run:read('lab:input.txt')
    tlab.fs.stat('lab:' .. (tlab.env.get 'DIFF_TEST' or 'input.txt'))
    run:write('out.txt', 'first\\n' .. helper.word .. '\\nlast\\n')
    run:write('bytes.bin', '\\0' .. helper.word)
    run:metric('length', #input)
    if spec.wait then tlab.clock.sleep(spec.wait) end
  end,
}
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab", {"permits": {"allow": {"env": ["DIFF_TEST"]}}})
    lab.write("recipes/one.lua", RECIPE)
    lab.write("lua/helper.lua", "return { word = 'word' }\n")
    lab.write("input.txt", "hello\n")
    return lab


def run(lab, *words, env=None):
    done = lab.tlab("one", "-q", *words, env=env)
    assert done.exit == 0, done.err
    return lab.root / done.out.strip()


def diff(lab, a, b, expected):
    """The value of --json, which fits its schema; text and exit code agree with it, and so do a and b swapped."""
    done = lab.tlab("diff", a, b, "--json")
    value = json.loads(done.out)
    schema("diff").validate(value)
    back = json.loads(lab.tlab("diff", b, a, "--json").out)
    assert back["differs"] == value["differs"] and back["same"] == value["same"]
    text = lab.tlab("diff", a, b)
    assert done.exit == text.exit == expected, done.out + text.err
    assert text.out.splitlines()[0] == value["verdict"]
    assert lab.tlab("diff", a, b, "--stat").out.splitlines()[0] == value["verdict"]
    return value


def part(value, name):
    return next(part for part in value["parts"] if part["name"] == name)


def reseal(lab, folder, change):
    """A manifest that says something else, with a digest that is right: as if another tlab had written it."""
    manifest = json.loads((folder / "run.json").read_text())
    change(manifest)
    manifest.pop("digest")
    bare = lab.root / "bare.json"
    bare.write_text(json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    manifest["digest"] = lab.tlab("hash", bare).out[:64]
    (folder / "run.json").write_text(
        json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    )


# --- one difference each ---------------------------------------------------------------------------


def test_the_same_run_twice(lab):
    a, b = run(lab), run(lab)
    value = diff(lab, a, b, SAME)
    assert value["verdict"].startswith("same experiment (key ") and value["verdict"].endswith(", same answers")
    assert diff(lab, a, a, SAME)["differs"] == []
    assert lab.tlab("diff", a, b, "-q").out == ""


def test_spec(lab):
    value = diff(lab, run(lab, "x=1", "deep.y=old"), run(lab, "x=1", "deep.y=new"), DIFFERENT)
    assert value["differs"] == ["spec"]
    assert part(value, "spec")["changes"] == [{"at": "/deep/y", "a": "old", "b": "new"}]


def test_recipe_and_module(lab):
    a = run(lab)
    lab.write("recipes/one.lua", RECIPE + "-- a remark\n")
    b = run(lab)
    value = diff(lab, a, b, DIFFERENT)
    assert value["differs"] == ["recipe"]
    assert "+-- a remark\n" in part(value, "recipe")["files"][0]["diff"]
    lab.write("lua/helper.lua", "return { word = 'word' } -- the same\n")
    value = diff(lab, b, run(lab), DIFFERENT)
    assert value["differs"] == ["recipe"] and value["same_experiment"], "a module is not in the key outside git"
    assert part(value, "recipe")["files"][0]["path"] == "record/recipe/helper.lua"


def test_code(lab):
    lab.write("paper.md", "one\n")
    git(lab.root, "init", "-q", "-b", "main")
    git(lab.root, "add", ".")
    git(lab.root, "commit", "-q", "-m", "first")
    a = run(lab)
    git(lab.root, "checkout", "-q", "-b", "other")
    assert diff(lab, a, run(lab), SAME)["differs"] == [], "the branch alone does not count"
    lab.write("paper.md", "two\n")
    dirty = run(lab)
    value = diff(lab, a, dirty, DIFFERENT)
    assert value["differs"] == ["code"]
    assert "++two\n" in part(value, "code")["files"][0]["diff"]
    assert {"at": "/branch", "a": "main", "b": "other"} in part(value, "code")["beside"]
    git(lab.root, "commit", "-q", "-a", "-m", "second")
    value = diff(lab, a, run(lab), DIFFERENT)
    assert value["differs"] == ["code"] and part(value, "code")["changes"][0]["at"] == "/commit"


def test_pins(lab):
    lock = {"nodes": {"nixpkgs": {"locked": {"rev": "1"}}}}
    lab.write("flake.lock", lock)
    a = run(lab)
    lock["nodes"]["nixpkgs"]["locked"]["rev"] = "2"
    lab.write("flake.lock", lock)
    value = diff(lab, a, run(lab), DIFFERENT)
    assert value["differs"] == ["pins"]
    assert {"at": "/inputs/nixpkgs", "a": "1", "b": "2"} in part(value, "pins")["changes"]


def test_permits_and_limits(lab):
    a = run(lab)
    value = diff(lab, a, run(lab, "--allow-net=example.com:443"), DIFFERENT)
    assert value["differs"] == ["permits"]
    assert part(value, "permits")["changes"] == [{"at": "/allowed/net", "b": "example.com:443"}]
    assert diff(lab, a, run(lab, "--limit-seconds=99"), DIFFERENT)["differs"] == ["permits"]


def test_tool(lab):
    a, b = run(lab), run(lab)
    reseal(lab, b, lambda m: m["tool"].update(tlab="9.9.9"))
    value = diff(lab, a, b, DIFFERENT)
    assert value["differs"] == ["tool"] and "different tool; same answers" in value["verdict"]


def test_seed(lab):
    value = diff(lab, run(lab), run(lab, "--seed=7"), DIFFERENT)
    assert value["differs"] == ["model"] and part(value, "model")["changes"][0]["at"] == "/seed"


def test_inputs_and_what_comes_of_them(lab):
    a = run(lab)
    lab.write("input.txt", "hello!\n")
    value = diff(lab, a, run(lab), DIFFERENT)
    assert value["differs"] == ["inputs", "effects", "metrics"]
    assert part(value, "effects")["first"]["op"] == "fs.stat", "its size: reading it is told by the inputs"


def test_effects(lab):
    lab.write("other.txt", "hello\n")
    value = diff(lab, run(lab), run(lab, env={"DIFF_TEST": "other.txt"}), DIFFERENT)
    assert value["differs"] == ["effects"]
    first = part(value, "effects")["first"]
    assert (first["op"], first["what"], first["n"]) == ("env.get", "answer", {"a": 2, "b": 2})


def test_outputs(lab):
    a = run(lab)
    shutil.copytree(a, lab.root / "b")
    lab.write("recipes/one.lua", RECIPE.replace("'first\\n'", "'First\\n'"))
    value = diff(lab, a, run(lab), DIFFERENT)
    assert value["differs"] == ["recipe", "outputs"]
    (file,) = part(value, "outputs")["files"]
    assert file["diff"] == "--- a/out.txt\n+++ b/out.txt\n@@ -1,3 +1,3 @@\n-first\n+First\n word\n last\n"


# --- models ----------------------------------------------------------------------------------------


def completion(text, number, fingerprint="f"):
    body = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1700000000 + number,
        "model": "m",
        "system_fingerprint": fingerprint,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
    return f.status(200, json.dumps(body), headers=[("x-request-id", str(number))])


def ask(lab, text, number, **more):
    # The port is part of the spec, so one server answers all the runs of a test.
    lab.server.script[:] = [completion(text, number, **more)]
    done = lab.ai(lab.server.base_url)
    assert done.exit == 0, done.err
    return lab.latest


@pytest.fixture
def asking(lab):
    with f.FaultServer([]) as server:
        lab.server = server
        yield lab


def test_two_answers_that_say_the_same(asking):
    """Each has its own number, hour and address of the request: none of it counts."""
    assert diff(asking, ask(asking, "Paris.", 1), ask(asking, "Paris.", 2), SAME)["differs"] == []


def test_a_model_that_says_something_else(asking):
    value = diff(asking, ask(asking, "Paris.", 1), ask(asking, "Lyon.", 2), DIFFERENT)
    assert value["differs"] == ["effects", "outputs"] and value["same_experiment"]
    first = part(value, "effects")["first"]
    assert first["op"] == "http.send" and "Paris." in first["a"] and "Lyon." in first["b"]


def test_another_model_under_the_same_name(asking):
    value = diff(asking, ask(asking, "Paris.", 1), ask(asking, "Paris.", 1, fingerprint="g"), DIFFERENT)
    assert value["differs"][0] == "model"
    assert {"at": "/models/0/fingerprint", "a": "f", "b": "g"} in part(value, "model")["changes"]


# --- other runs ------------------------------------------------------------------------------------


def test_a_replay_with_another_recipe_against_its_original(lab):
    a = run(lab)
    lab.write("recipes/two.lua", RECIPE.replace("'first\\n'", "'second\\n'"))
    done = lab.tlab("replay", a, "--with", "recipes/two.lua", "-q")
    assert done.exit == 0, done.err
    value = diff(lab, a, lab.root / done.out.strip(), DIFFERENT)
    assert "recipe" in value["differs"] and "outputs" in value["differs"] and "effects" not in value["differs"]
    assert value["b"]["replay_of"] == value["a"]["id"]


def test_outside_a_lab_and_read_only(lab, tmp_path):
    a, b = run(lab), run(lab, "x=1")
    mailed = tmp_path / "mailed"
    mailed.mkdir()
    shutil.move(a, mailed / "a")
    shutil.move(b, mailed / "b")
    shutil.rmtree(lab.root)
    lab.root = mailed
    for path in [mailed, *mailed.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    before = sorted((str(p), p.stat().st_mtime_ns) for p in mailed.rglob("*"))
    value = diff(lab, "a", "b/run.json", DIFFERENT)
    assert value["differs"] == ["spec"] and value["a"]["folder"] == "a"
    assert sorted((str(p), p.stat().st_mtime_ns) for p in mailed.rglob("*")) == before
    for path in [mailed, *mailed.rglob("*")]:
        path.chmod(0o700)


def test_a_run_of_an_older_tlab(lab):
    old = ROOT / "tests" / "recipes" / "ai" / "run"
    assert diff(lab, old, old, SAME)["differs"] == []
    assert "recipe" in diff(lab, old, run(lab), DIFFERENT)["differs"]


def wait_for_notes(lab, besides):
    """The folder of the run that goes on beside another one, once it has written all its files."""
    end = time.monotonic() + 20
    while not (
        found := [
            p.parents[1]
            for p in lab.root.glob("20*/*/*/ai-team/artifacts/*/record/effects.jsonl")
            if p.parents[1] != besides and b"run.note" in p.read_bytes()
        ]
    ):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found[0]


def test_a_run_that_was_killed(lab):
    whole = run(lab)
    process = subprocess.Popen(
        lab.command("one", "wait:=60000"),
        cwd=lab.root,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    cut = wait_for_notes(lab, whole)
    process.kill()
    process.wait()
    value = diff(lab, whole, cut, DIFFERENT)
    assert value["differs"] == ["spec", "status"], "all that it did until then is the same"
    assert diff(lab, cut, cut, SAME)["b"]["status"] == "running"


def test_a_run_that_was_resumed_is_as_one_that_never_stopped(lab):
    whole = run(lab, "wait:=300")
    process = subprocess.Popen(
        lab.command("one", "wait:=300"),
        cwd=lab.root,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    cut = wait_for_notes(lab, whole)
    process.kill()
    process.wait()
    assert "status" in diff(lab, whole, cut, DIFFERENT)["differs"]
    done = lab.tlab("resume", cut)
    assert done.exit == 0, done.err
    assert diff(lab, whole, cut, SAME)["b"]["status"] == "succeeded"


# --- damage ----------------------------------------------------------------------------------------


def test_a_blob_that_is_missing(lab):
    lab.write(
        "recipes/one.lua", RECIPE.replace("tlab.env.get 'DIFF_TEST' or", "#assert(tlab.env.get 'DIFF_TEST') > 0 and")
    )
    a, b = [run(lab, env={"DIFF_TEST": "x" * 5000 + end}) for end in "ab"]
    assert diff(lab, a, b, DIFFERENT)["differs"] == ["effects"]
    (blob,) = (b / "record" / "blobs").iterdir()
    blob.unlink()
    value = diff(lab, a, b, TROUBLE)
    assert value["verdict"].endswith("not compared: effects") and not value["same"]
    done = lab.tlab("diff", a, b)
    assert f"record/blobs/{blob.name} is missing" in done.err and "help: tlab verify " in done.err
    blob.write_text("forged")
    assert f"record/blobs/{blob.name} is not what the manifest says" in lab.tlab("diff", a, b).err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spec.json", "out.txt", "record/effects.jsonl", "record/recipe/recipe.lua"])
def test_any_file_that_is_needed_and_not_there_or_not_as_it_was(lab, name):
    a = run(lab)
    lab.write(
        "recipes/one.lua",
        RECIPE.replace("'first\\n'", "'First\\n'").replace("run:metric", "tlab.fs.stat('lab:x') run:metric"),
    )
    b = run(lab, "x=1")
    path = b / name
    text = path.read_bytes()
    for damage in [path.unlink, lambda: path.write_bytes(text[:-2]), lambda: path.write_bytes(b"")]:
        damage()
        value = diff(lab, a, b, TROUBLE)
        assert [p["name"] for p in value["parts"] if "trouble" in p] != []
        assert name in lab.tlab("diff", a, b).err


def test_what_is_no_run(lab):
    a = run(lab)
    (lab.root / "empty").mkdir()
    lab.write("bad/run.json", "{")
    lab.write("list/run.json", "[]\n")
    lab.write("later/run.json", '{"schema":"tlab.run/2"}\n')
    for word, said in [
        ("empty", "no run"),
        ("nothing", "no run"),
        ("bad", "no manifest"),
        ("list", "no manifest"),
        ("later", "tlab.run/2"),
    ]:
        for pair in [(a, word), (word, a)]:
            done = lab.tlab("diff", *pair)
            assert done.exit == TROUBLE and said in done.err, done.err
            assert "error" in json.loads(lab.tlab("diff", *pair, "--json").out)


def test_a_result_that_cannot_be_told(lab):
    a = run(lab)
    done = subprocess.run(
        ["sh", "-c", '"$0" diff "$1" "$1" >/dev/full', lab.command()[0], a],
        cwd=lab.root,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == TROUBLE and b"cannot be written" in done.stderr


def test_a_link_to_a_secret_is_not_shown(lab, tmp_path):
    """A run from elsewhere may hold a link: its target's bytes are not what the manifest says, and stay unseen."""
    secret = tmp_path / "secret"
    secret.write_text("canary-of-the-diff\n")
    a = run(lab)
    lab.write("lua/helper.lua", "return { word = 'other' }\n")
    b = run(lab)
    (b / "out.txt").unlink()
    (b / "out.txt").symlink_to(secret)
    done = lab.tlab("diff", a, b)
    assert done.exit == TROUBLE and "canary" not in done.out + done.err


# --- the terminal ----------------------------------------------------------------------------------


def test_on_a_terminal_nothing_hostile_comes_through(lab):
    a = run(lab)
    lab.write("lua/helper.lua", r"return { word = 'x\27[2J\27]52;c;AAAA\7\u{202e}' }")
    b = run(lab)
    master, terminal = pty.openpty()
    done = subprocess.run(
        lab.command("diff", a, b),
        cwd=lab.root,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "TERM": "xterm"},
        check=False,
    )
    os.close(terminal)
    heard = b""
    while True:
        try:
            heard += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    assert done.returncode == DIFFERENT
    assert b"\x1b[32m+x\\x1b[2J\\x1b]52;c;AAAA\\x07\\u{202e}\x1b[0m" in heard
    assert b"\x1b[2J" not in heard and b"\x1b]" not in heard and b"\x07" not in heard
    assert "\x1b[32m" not in lab.tlab("diff", a, b).out, "no colour into a pipe"
