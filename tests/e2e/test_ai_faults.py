"""`ai` against servers that fail in every way: what is said, how often it asks, what is kept."""

import datetime
import email.utils
import json
import signal
import socket
import subprocess
import threading
import time

import pytest

import fault_server as f
from lab import EXIT, Lab

STREAM = {"stream": True}
QUICK = {"retries": 1}


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


def check_failed(lab, done, server, tries, said, code="PROVIDER"):
    """The promises that every failed run keeps."""
    assert done.exit == EXIT[code], done.err
    manifest = lab.manifest
    assert manifest["status"] == "failed"
    assert manifest["error"]["code"] == code
    assert said in manifest["error"]["message"]
    assert said in done.err
    if server:
        assert server.tries == tries
    assert "Traceback" not in done.err and "stack traceback" not in done.err
    row = lab.rows()[-1]
    assert "text" not in row and "json" not in row
    assert row["attempts"] == tries
    check_replay(lab)


def check_replay(lab):
    """A replay needs no server, and ends as the run did with the same files."""
    run, before = lab.latest, lab.outputs()
    again = lab.tlab("replay", run)
    assert again.exit == 0, again.err + again.out
    assert lab.outputs() == before
    assert lab.tlab("verify", run).exit == 0


FAULTS = {
    # name: (answers, spec, tries, what is said)
    "reset": ([f.reset()], QUICK, 2, "(2 tries)"),
    "closed": ([f.raw("")], QUICK, 2, "(2 tries)"),
    "cut in the status line": ([f.raw("HTTP/1.1 2")], QUICK, 2, "(2 tries)"),
    "cut in the headers": ([f.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")], QUICK, 2, "(2 tries)"),
    "cut body": (
        [f.raw("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + f.completion("Par"))],
        QUICK,
        2,
        "(2 tries)",
    ),
    "not HTTP": ([f.raw("\x01\x02garbage garbage\n")], QUICK, 2, "(2 tries)"),
    "bad chunk": (
        [f.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")],
        QUICK,
        2,
        "(2 tries)",
    ),
    "two lengths": ([f.raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello")], QUICK, 2, ""),
    "never answers": ([f.silence()], {**QUICK, "timeouts": {"total_ms": 300}}, 2, "(2 tries)"),
    "401": ([f.error(401, "Invalid API Key")], {}, 1, "answered 401: Invalid API Key"),
    "400 context": ([f.error(400, "request (4531 tokens) exceeds the context")], {}, 1, "4531 tokens"),
    "404": ([f.status(404, "nothing here", kind="text/plain")], {}, 1, "answered 404: 'nothing here'"),
    "429 for ever": (
        [f.error(429, "slow down", [("Retry-After", "0")])],
        QUICK,
        2,
        "answered 429: slow down (2 tries)",
    ),
    "429 for a day": ([f.error(429, "come tomorrow", [("Retry-After", "86400")])], {}, 1, "it asks to wait until "),
    "no money": ([f.error(429, "out of money", code="insufficient_quota")], {}, 1, "out of money"),
    "500 that repeats": ([f.error(500, "peg-native")], {}, 2, "the same answer twice"),
    "HTML": (
        [f.status(200, "<html>log in\x1b[2J</html>", kind="text/html")],
        {},
        1,
        "is not JSON: '<html>log in [2J</html>'",
    ),
    "empty": ([f.status(200, "")], {}, 1, "an empty answer"),
    "cut JSON": ([f.status(200, f.completion("Paris.")[:40])], {}, 1, "is not JSON"),
    "bad UTF-8": ([f.status(200, f.completion("PARIS").encode().replace(b"PARIS", b"\xff\xfe"))], {}, 1, "is not JSON"),
    "no choices": ([f.status(200, '{"choices": []}')], {}, 1, "no choices"),
    "huge header": (
        [f.raw("HTTP/1.1 200 OK\r\nX-A: " + "a" * 200000 + "\r\nContent-Length: 2\r\n\r\n{}")],
        QUICK,
        None,
        "",
    ),
    "redirect loop": ([f.status(307, "", [("Location", "/v1/chat/completions")])], QUICK, None, ""),
    "stream cut": ([f.events(f.chunk("The"), end=b"")], {**STREAM, **QUICK}, 2, "(2 tries)"),
    "stream without an end": ([f.events(f.chunk("The"))], {**STREAM, **QUICK}, 2, "cut off after chunk 1"),
    "stream closed, no length": (
        [f.raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + f.chunk("The") + "\n\nda")],
        {**STREAM, **QUICK},
        2,
        "cut off after chunk 1",
    ),
    "bad JSON in a stream": (
        [f.events(f.chunk("The"), '{"choices":', f.chunk(finish="stop"), "[DONE]")],
        STREAM,
        1,
        "chunk 2 of the stream is not JSON",
    ),
    "error in a stream": (
        [f.events(f.chunk("The"), '{"error":{"message":"overloaded","code":503}}')],
        {**STREAM, **QUICK},
        2,
        "answered 503: overloaded (2 tries)",
    ),
    "stall in a stream": (
        [
            f.silence(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + f.chunk("The").encode() + b"\n\n"
            )
        ],
        {**STREAM, **QUICK, "timeouts": {"idle_ms": 1000}},
        2,
        "(2 tries)",
    ),
    "schema, cut": (
        [f.status(200, f.completion('{"a":').replace('"stop"', '"length"'))],
        {"response_schema": {"type": "object"}},
        1,
        "max_tokens",
    ),
    "schema, not kept": (
        [f.json_answer('{"city": 7}')],
        {"response_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
        1,
        "does not fit the schema: /city: expected a string",
    ),
    "schema, no JSON": ([f.json_answer("Sure!")], {"response_schema": {"type": "object"}}, 1, "'Sure!'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(lab, name):
    answers, spec, tries, said = FAULTS[name]
    with f.FaultServer(answers) as server:
        done = lab.ai(server.base_url, spec=spec)
    if tries is None:  # what counts as a try is not what the server sees
        assert 1 <= server.tries <= 12
        check_failed(lab, done, None, lab.rows()[-1]["attempts"], said)
    else:
        check_failed(lab, done, server, tries, said)


def test_refused(lab):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = lab.ai(f"http://127.0.0.1:{port}/v1", spec=QUICK)
    check_failed(lab, done, None, 2, f"127.0.0.1:{port}")


def test_unknown_host(lab):
    done = lab.ai("http://nowhere.invalid:80/v1")
    check_failed(lab, done, None, 1, "nowhere.invalid")


RECOVERIES = {
    "reset": [f.reset(), f.json_answer("Paris.")],
    "garbage": [f.raw("garbage\n"), f.json_answer("Paris.")],
    "5xx": [f.error(n, f"no {n}") for n in (500, 502, 503, 504)] + [f.json_answer("Paris.")],
    "loading": [f.error(503, "Loading model")] * 6 + [f.json_answer("Paris.")],
}
SLOW = ["5xx", "loading"]


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in RECOVERIES])
def test_recovers(lab, name):
    script = RECOVERIES[name]
    with f.FaultServer(script) as server:
        done = lab.ai(server.base_url)
    assert done.exit == 0, done.err
    assert server.tries == len(script)
    row = lab.rows()[0]
    assert row["text"] == "Paris." and row["attempts"] == len(script)
    assert len(lab.effects("clock.sleep")) == len(script) - 1
    start = time.monotonic()
    check_replay(lab)
    if name in SLOW:
        assert time.monotonic() - start < 5, "a replay waited"
    if name == "loading":
        assert done.err.count("Loading model") == 1


def test_stream_recovers(lab):
    script = [f.events(f.chunk("Wrong"), end=b""), f.stream_answer("Pa", "ris", ".")]
    with f.FaultServer(script) as server:
        done = lab.ai(server.base_url, spec=STREAM)
    assert done.exit == 0, done.err
    assert lab.rows()[0]["text"] == "Paris."
    assert b"Wrong" not in b"".join(lab.outputs().values())
    check_replay(lab)


def test_slow_but_alive(lab):
    body = f.completion("Paris.").encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with f.FaultServer([f.dribble(head + body)]) as server:
        done = lab.ai(server.base_url, spec={"timeouts": {"idle_ms": 1000}})
    assert done.exit == 0, done.err
    assert server.tries == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after(lab, kind):
    def busy(connection, request):
        at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=3)
        value = "2" if kind == "seconds" else email.utils.format_datetime(at, usegmt=True)
        f.error(429, "slow down", [("Retry-After", value)])(connection, request)

    with f.FaultServer([busy, f.json_answer("Paris.")]) as server:
        done = lab.ai(server.base_url)
    assert done.exit == 0, done.err
    assert server.posts[1].at - server.posts[0].at >= 1.9
    assert lab.rows()[0]["attempts"] == 2
    check_replay(lab)


def test_one_failure_keeps_the_other_answers(lab):
    script = [f.json_answer("one"), f.error(400, "no"), f.json_answer("three")]
    spec = {"prompt": "{{x}}", "cases": [{"x": "a"}, {"x": "b"}, {"x": "c"}], "answer_files": True}
    with f.FaultServer(script) as server:
        done = lab.ai(server.base_url, spec=spec)
    assert done.exit == EXIT["PROVIDER"]
    assert "1 of 3 answers failed; the first, case 2, sample 1: " in lab.manifest["error"]["message"]
    assert [row.get("text") for row in lab.rows()] == ["one", None, "three"]
    assert lab.rows()[1]["error"] == {"code": "PROVIDER", "message": f"{server.base_url} answered 400: no"}
    names = [name for name in lab.outputs() if name.startswith("answers/")]
    assert names == ["answers/case-0001-sample-1.txt", "answers/case-0003-sample-1.txt"]
    check_replay(lab)


def test_a_wrong_schema_asks_nothing(lab):
    with f.FaultServer([f.json_answer("{}")]) as server:
        done = lab.ai(server.base_url, spec={"response_schema": {"type": "objekt"}})
    assert done.exit == EXIT["INVALID"], done.err
    assert "response_schema" in done.err and server.requests == []
    check_replay(lab)


def test_offline_opens_no_connection(lab):
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        done = lab.ai(server.base_url, "--offline")
    assert done.exit == EXIT["NOT_RECORDED"], done.err
    assert server.requests == []
    check_replay(lab)


def test_interrupted_while_it_waits(lab):
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "
    with f.FaultServer([f.silence(start + f.chunk("The").encode() + b"\n\n")]) as server:
        spec = {"model": {"base_url": server.base_url}, "prompt": "x", "stream": True}
        lab.write("spec.json", spec)
        words = lab.command("run", "recipes/ai.lua", "spec.json", f"--allow-net=127.0.0.1:{server.port}")
        run = subprocess.Popen(words, cwd=lab.root, stderr=subprocess.PIPE)
        while not server.posts:
            time.sleep(0.02)
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        assert run.wait(5) == EXIT["INTERRUPTED"]
    assert lab.manifest["status"] == "interrupted"
    assert list(lab.outputs()) == ["spec.json"]
    assert lab.tlab("verify", lab.latest).exit == 0


def test_other_model_than_asked(lab):
    with f.FaultServer([f.json_answer("Paris.", model="another")]) as server:
        done = lab.ai(server.base_url)
    assert done.exit == 0
    assert "'another'" in done.err
    model = lab.manifest["models"][0]
    assert (model["asked"], model["answered"]) == ("m", "another")


PRICE = {"input_per_million": 1.5, "output_per_million": 2}


@pytest.mark.parametrize("where", ["spec", "lab"])
def test_cost(tmp_path, where):
    """32 tokens in, 8 out; a replay finds the price although lab.json has gone."""
    lab = Lab(tmp_path / "lab", {"prices": {"m*": PRICE}} if where == "lab" else None)
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        done = lab.ai(server.base_url, spec={"price": PRICE} if where == "spec" else {})
    assert done.exit == 0, done.err
    assert lab.manifest["cost"] == {"amount": 0.000064, "currency": "USD"}
    lab.write("lab.json", {"schema": "tlab.lab/1"})
    check_replay(lab)


def test_a_hint_to_copy(lab):
    with f.FaultServer([f.error(401, "Invalid API Key")]) as server:
        done = lab.ai(server.base_url)
    assert "secrets/.env.lab" in done.err
    assert "secrets/.env.lab" in lab.manifest["error"]["hint"]


def test_misspelt_variable_asks_nothing(lab):
    with f.FaultServer([f.json_answer("x")]) as server:
        done = lab.ai(server.base_url, spec={"prompt": "{{topik}}", "cases": [{"topic": "x"}]})
    assert server.tries == 0
    assert done.exit == EXIT["INVALID"], done.err
    assert "'topik'" in done.err and "topic" in done.err


def test_answers_in_order_with_concurrency(lab):
    together = threading.Barrier(4)

    def answer(connection, request):
        n = json.loads(request.body)["messages"][0]["content"]
        if int(n) < 4:
            together.wait(10)  # only when four are asked at once
        time.sleep(0.02 * (9 - int(n)))
        f.json_answer(n)(connection, request)

    spec = {"prompt": "{{n}}", "cases": [{"n": n} for n in range(10)], "concurrency": 4}
    with f.FaultServer([answer]) as server:
        done = lab.ai(server.base_url, spec=spec)
    assert done.exit == 0, done.err
    assert [row["text"] for row in lab.rows()] == [str(n) for n in range(10)]
    check_replay(lab)
