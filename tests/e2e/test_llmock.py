"""`ai` judged by llmock: a server that breaks on demand and says whether the client coped."""

import json
import socket
import subprocess
import time
import urllib.request

import pytest

from lab import BUILD, ROOT, Lab

pytestmark = pytest.mark.tools

PROGRAM = BUILD / "tools" / "llmock" / "bin" / "llmock"


class LLMock:
    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                self.call("/_llmock/reset")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("llmock did not start")

    def call(self, path, value=None):
        data = json.dumps(value or {}).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read()

    def verdict(self, *options):
        words = [PROGRAM, "report", "--url", self.url, *options]
        return subprocess.run(words, capture_output=True, text=True)


@pytest.fixture(scope="module")
def llmock():
    if subprocess.run([ROOT / "tests" / "tools" / "fetch.sh", "llmock"]).returncode != 0:
        pytest.skip("llmock cannot be fetched here")
    server = LLMock()
    yield server
    server.process.terminate()
    server.process.wait(10)


def fail(status, **more):
    return {"type": "fail", "status": status, "times": 1, **more}


def stream_fault(kind):
    return {"type": "stream_fault", "kind": kind, "after_chunks": 2}


CASES = {
    # name: (what the server does, the exit code)
    "nothing": (None, 0),
    "429": (fail(429, retry_after=1, times=2), 0),
    "500": (fail(500), 0),
    "503": (fail(503, times=2), 0),
    "400": (fail(400), 7),
    "401": (fail(401), 7),
    "404": (fail(404), 7),
    "disconnect": (stream_fault("disconnect"), 0),
    "truncate": (stream_fault("truncate"), 0),
    "malformed": (stream_fault("malformed"), 7),
    "stall": (stream_fault("stall"), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_verdict(tmp_path, llmock, name):
    behaviour, code = CASES[name]
    llmock.call("/_llmock/reset")
    if behaviour:
        llmock.call("/_llmock/scenario", {"behaviors": [behaviour]})
    lab = Lab(tmp_path / "lab")
    stream = behaviour is not None and behaviour["type"] == "stream_fault"
    spec = {"model": {"name": "gpt-4o-mini"}, "stream": stream, "timeouts": {"idle_ms": 2000}}
    done = lab.ai(llmock.url + "/v1", spec=spec)
    assert done.exit == code, done.err
    # It cannot see that a reader stopped when all has been sent: then it warns, and that is no fault.
    verdict = llmock.verdict(*([] if name == "malformed" else ["--strict"]))
    assert verdict.returncode == 0, verdict.stdout
    if name == "malformed":
        assert "chunk 3 of the stream is not JSON" in lab.rows()[0]["error"]["message"]
    assert lab.tlab("replay", lab.latest).exit == 0
