"""`ai` with a real model server on this machine, then with the server gone."""

import json
import pathlib
import shutil
import signal
import subprocess

import pytest

from git_repo import Repo
from lab import BUILD, ROOT, Lab

pytestmark = pytest.mark.real

MODEL_DIR = BUILD / "model"
MODEL = "smollm2-135m-instruct-q4_1"
SPEC = {
    "model": {"name": MODEL},
    "system": "You answer in one sentence.",
    "prompt": "What is the capital of {{country}}?",
    "cases": [{"country": "France"}, {"country": "Japan"}],
    "params": {"temperature": 0, "seed": 7, "max_tokens": 32},
}


class Server:
    def __init__(self, *options):
        python = MODEL_DIR / "venv" / "bin" / "python"
        self.process = subprocess.Popen(
            [python, ROOT / "tests" / "model" / "serve.py", *options], stdout=subprocess.PIPE
        )
        self.base_url = json.loads(self.process.stdout.readline())["base_url"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


@pytest.fixture(scope="module")
def installed():
    done = subprocess.run([ROOT / "tests" / "model" / "fetch.sh", MODEL_DIR], cwd=ROOT)
    if done.returncode != 0:
        pytest.skip("the model cannot be fetched here")


@pytest.fixture
def server(installed):
    server = Server("--parallel", "2")
    yield server
    server.stop()


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


def check_without_server(lab, server):
    """The run alone is enough: replayed byte for byte, and verified."""
    server.stop()
    run, before = lab.latest, lab.outputs()
    again = lab.tlab("replay", run)
    assert again.exit == 0, again.err
    assert {name: (run / name).read_bytes() for name in before} == before
    assert lab.tlab("verify", run).exit == 0


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_run_replay_verify(lab, server, stream):
    done = lab.ai(server.base_url, spec={**SPEC, "stream": stream})
    assert done.exit == 0, done.err
    assert [row["text"] for row in lab.rows()] == [
        "The capital of France is Paris.",
        "The capital of Japan is Tokyo.",
    ]
    manifest = lab.manifest
    assert manifest["status"] == "succeeded"
    model = manifest["models"][0]
    assert (model["asked"], model["answered"]) == (MODEL, MODEL)
    assert model["meta"]["n_params"] == 134515008 and model["owned_by"] == "llamacpp"
    assert manifest["tokens"]["output"] == 16
    assert manifest["params"]["temperature"] == 0
    check_without_server(lab, server)


def test_samples_at_once(lab, server):
    spec = {**SPEC, "samples": 2, "concurrency": 2}
    spec["params"] = {"temperature": 0.8, "seed": 7, "max_tokens": 24}
    assert lab.ai(server.base_url, spec=spec).exit == 0
    first = lab.rows()
    assert [(row["case"], row["sample"], row["seed"]) for row in first] == [
        (1, 1, 7),
        (1, 2, 8),
        (2, 1, 7),
        (2, 2, 8),
    ]
    assert sorted(lab.manifest["seeds"]) == [7, 8]
    spec["concurrency"] = 1
    assert lab.ai(server.base_url, spec=spec).exit == 0
    assert lab.rows() == first, "the same seeds, one after the other"
    check_without_server(lab, server)


def test_schema(lab, server):
    schema = {
        "type": "object",
        "required": ["city"],
        "additionalProperties": False,
        "properties": {"city": {"type": "string", "maxLength": 20}},
    }
    done = lab.ai(server.base_url, spec={**SPEC, "response_schema": schema})
    assert done.exit == 0, done.err
    for row in lab.rows():
        assert list(row["json"]) == ["city"] and "text" not in row
    check_without_server(lab, server)


def test_schema_cut(lab, server):
    spec = {**SPEC, "response_schema": {"type": "object"}, "params": {"max_tokens": 2}}
    done = lab.ai(server.base_url, spec=spec)
    assert done.exit == 7
    assert "max_tokens" in lab.manifest["error"]["message"]
    check_without_server(lab, server)


def test_a_commit_summarised(lab, server, tmp_path):
    repo = Repo(tmp_path / "repo")
    repo.write("greet.py", "def greet(name):\n    return 'hello ' + name\n")
    repo.commit("first")
    repo.write("greet.py", "def greet(name):\n    return 'good morning ' + name\n")
    repo.commit("second", "Say good morning")
    done = lab.tlab(
        "summ",
        f"repo={repo.root}",
        f"--allow-read={repo.root}",
        f"model={MODEL}",
        f"base_url={server.base_url}",
        f"--allow-net={server.base_url.split('/')[2]}",
        timeout=300,
    )
    assert done.exit == 0, done.err
    model = json.loads((lab.latest / "summary.json").read_text())["model"]
    assert model["headline"] and model["failed"] == [] and model["tokens"]["output"] > 0
    # The server holds its answers to the schema, which lists the files.
    assert {claim["file"] for claim in model["claims"]} == {"greet.py"} and model["dropped"] == []
    shutil.rmtree(repo.root)
    check_without_server(lab, server)


def test_a_data_set_compared(lab, server):
    lab.write("data/capitals.csv", "country,capital\nFrance,Paris\nJapan,Tokyo\nPeru,Lima\n")
    model = {"base_url": server.base_url, "name": MODEL}
    spec = {
        "data": "data/capitals.csv",
        "system": "You answer in one sentence.",
        "prompt": "What is the capital of {{country}}?",
        "expected": "capital",
        "score": "contains",
        "models": [model, {"base_url": server.base_url, "name": "another"}],
        "params": {"temperature": 0, "seed": 7, "max_tokens": 32},
    }
    lab.write("compare.json", spec)
    allow = f"--allow-net={server.base_url.split('/')[2]}"
    done = lab.tlab("compare", "compare.json", allow, timeout=300)
    assert done.exit == 0, done.err
    rows = lab.rows()
    assert [row["right"] for row in rows[:2]] == [True, True]
    assert [row["text"] for row in rows[:3]] == [row["text"] for row in rows[3:]], "it is the same model"
    lines = (lab.latest / "compare.md").read_text().splitlines()
    assert f"| `{MODEL}` − `another` | +0.00 | – | too few questions |" in lines
    assert lab.manifest["metrics"]["accuracy"] >= 0.6
    check_without_server(lab, server)


def test_facts_of_a_file(lab, server):
    lab.write("notes/oak.txt", "The oak was planted in 1904.\n")
    fact = {
        "type": "object",
        "required": ["tree", "year"],
        "additionalProperties": False,
        "properties": {"tree": {"type": "string", "maxLength": 20}, "year": {"type": "string", "maxLength": 4}},
    }
    model = {"base_url": server.base_url, "name": MODEL}
    spec = {"files": "notes/*.txt", "fact": fact, "model": model, "most": 1, "params": {"temperature": 0}}
    lab.write("extract.json", spec)
    allow = f"--allow-net={server.base_url.split('/')[2]}"
    done = lab.tlab("extract", "extract.json", allow, timeout=300)
    assert done.exit == 0, done.err
    for line in (lab.latest / "facts.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert set(row["fact"]) == {"tree", "year"} and row["file"] == "notes/oak.txt"
        assert row["found"] == (" ".join(row["quote"].split()) in "The oak was planted in 1904.")
    check_without_server(lab, server)


def test_a_week_with_an_opening(lab, server):
    assert lab.ai(server.base_url, spec=SPEC).exit == 0
    words = [f"model.base_url={server.base_url}", f"model.name={MODEL}"]
    done = lab.tlab("digest", *words, f"--allow-net={server.base_url.split('/')[2]}", timeout=300)
    assert done.exit == 0, done.err
    page = (lab.latest / "digest.md").read_text()
    assert f"Written by `{MODEL}`" in page and "- 1 run: 1 succeeded;" in page
    check_without_server(lab, server)


def seen_commands():
    """The command line of every process there is."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            pass


def test_the_key_is_nowhere(lab, installed):
    key = "sk-canary-5f2b7c9d1e"
    key_file = lab.write("../key", key)
    lab.write("lab.json", {"schema": "tlab.lab/1", "secrets": {"CANARY": {"hosts": ["127.0.0.1:*"]}}})
    lab.write("secrets/.env.lab", f"CANARY={key}\n")
    server = Server("--api-key-file", key_file)
    try:
        wrong = lab.ai(server.base_url, spec=SPEC)
        assert wrong.exit == 7 and "401" in wrong.err
        spec = {**SPEC, "model": {"name": MODEL, "key": "CANARY"}, "stream": True, "concurrency": 1}
        full = {**spec, "model": {**spec["model"], "base_url": server.base_url}}
        lab.write("spec.json", full)
        words = lab.command("run", "recipes/ai.lua", "spec.json", f"--allow-net={server.base_url.split('/')[2]}")
        run = subprocess.Popen(words, cwd=lab.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while run.poll() is None:
            assert not any(key.encode() in line for line in seen_commands())
        assert run.returncode == 0, run.stdout.read()
        assert key.encode() not in run.stdout.read()
        assert lab.rows()[0]["text"] == "The capital of France is Paris."
        for path in lab.root.rglob("*"):
            if path.is_file() and path != lab.root / "secrets" / ".env.lab":
                assert key.encode() not in path.read_bytes(), path
        assert '"$secret":"CANARY"' in (lab.latest / "record" / "effects.jsonl").read_text()
    finally:
        server.stop()
    assert lab.tlab("replay", lab.latest).exit == 0
