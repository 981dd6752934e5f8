"""`ai` against WireMock: faults made by somebody else's server, tries counted by its own journal."""

import datetime
import json
import socket
import subprocess
import time
import urllib.request

import pytest

import fault_server as f
from lab import BUILD, EXIT, ROOT, Lab

pytestmark = pytest.mark.tools

JSON = {"Content-Type": "application/json"}
EVENTS = {"Content-Type": "text/event-stream"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def call(method, url, value=None):
    data = None if value is None else json.dumps(value).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, JSON, method=method), timeout=10) as r:
        return json.loads(r.read() or b"{}")


class WireMock:
    def __init__(self, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.base_url = self.url + "/v1"
        jar = BUILD / "tools" / "wiremock-standalone-3.13.2.jar"
        self.process = subprocess.Popen(
            [
                "java",
                "-Xmx256m",
                "-jar",
                jar,
                "--port",
                str(port),
                "--bind-address",
                "127.0.0.1",
                "--root-dir",
                folder,
                "--disable-banner",
                "--disable-gzip",
                "--global-response-templating",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                call("GET", self.url + "/__admin/health")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("WireMock did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def script(self, responses):
        """Answers POSTs with these in turn; the last one stays."""
        call("POST", self.url + "/__admin/reset")
        for i, response in enumerate(responses):
            mapping = {
                "request": {"method": "POST", "urlPath": "/v1/chat/completions"},
                "response": response,
                "scenarioName": "script",
                "requiredScenarioState": f"s{i}" if i else "Started",
            }
            if i + 1 < len(responses):
                mapping["newScenarioState"] = f"s{i + 1}"
            call("POST", self.url + "/__admin/mappings", mapping)

    @property
    def tries(self):
        """When each POST came, in seconds."""
        journal = call("GET", self.url + "/__admin/requests")["requests"]
        times = [r["request"]["loggedDate"] / 1000 for r in journal if r["request"]["method"] == "POST"]
        return sorted(times)


@pytest.fixture(scope="module")
def wiremock(tmp_path_factory):
    if subprocess.run([ROOT / "tests" / "tools" / "fetch.sh", "wiremock"]).returncode != 0:
        pytest.skip("WireMock cannot be fetched here")
    server = WireMock(tmp_path_factory.mktemp("wiremock"))
    yield server
    server.stop()


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


def ok(text="Paris."):
    return {"status": 200, "headers": JSON, "body": f.completion(text)}


def stream(*data):
    return {"status": 200, "headers": EVENTS, "body": "".join(f"data: {one}\n\n" for one in data)}


def refusal(status, message, **headers):
    body = json.dumps({"error": {"message": message}})
    return {"status": status, "headers": {**JSON, **headers}, "body": body}


FAILS = {
    # name: (responses, spec, tries, what is said)
    "reset": ([{"fault": "CONNECTION_RESET_BY_PEER"}], {}, 2, "(2 tries)"),
    "empty": ([{"fault": "EMPTY_RESPONSE"}], {}, 2, "(2 tries)"),
    "malformed chunk": ([{"status": 200, "fault": "MALFORMED_RESPONSE_CHUNK"}], {}, 2, "(2 tries)"),
    "random data": ([{"fault": "RANDOM_DATA_THEN_CLOSE"}], {}, 2, "(2 tries)"),
    "late": ([{**ok(), "fixedDelayMilliseconds": 3000}], {"timeouts": {"total_ms": 300}}, 2, "(2 tries)"),
    "401": ([refusal(401, "Invalid API Key")], {}, 1, "answered 401: Invalid API Key"),
    "429 for ever": ([refusal(429, "slow down", **{"Retry-After": "1"})], {}, 2, "answered 429: slow down"),
    "stream without an end": ([stream(f.chunk("The"))], {"stream": True}, 2, "cut off after chunk 1"),
    "error in a stream": (
        [stream(f.chunk("The"), '{"error":{"message":"busy","code":503}}')],
        {"stream": True},
        2,
        "busy",
    ),
    "portal": ([{"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>"}], {}, 1, "'<html>'"),
    "redirect loop": ([{"status": 307, "headers": {"Location": "/v1/chat/completions"}}], {}, None, ""),
}


@pytest.mark.parametrize("name", FAILS)
def test_fails(lab, wiremock, name):
    responses, spec, tries, said = FAILS[name]
    wiremock.script(responses)
    done = lab.ai(wiremock.base_url, spec={"retries": 1, **spec})
    assert done.exit == EXIT["PROVIDER"], done.err
    assert lab.manifest["status"] == "failed" and said in lab.manifest["error"]["message"]
    assert tries is None or len(wiremock.tries) == tries
    assert "text" not in lab.rows()[0]
    count = len(wiremock.tries)
    assert lab.tlab("replay", lab.latest).exit == 0
    assert len(wiremock.tries) == count, "a replay asked the server"


PASSES = {
    # name: (responses, spec)
    "burst": ([refusal(n, f"no {n}") for n in (500, 502, 503, 504)] + [ok()], {}),
    "resets": ([{"fault": "CONNECTION_RESET_BY_PEER"}, {"fault": "EMPTY_RESPONSE"}, ok()], {}),
    "dribble": (
        [{**ok(), "chunkedDribbleDelay": {"numberOfChunks": 10, "totalDuration": 2000}}],
        {"timeouts": {"idle_ms": 1500}},
    ),
    "dribbled stream": (
        [
            {
                **stream(f.chunk("Paris"), f.chunk("."), f.chunk(finish="stop"), "[DONE]"),
                "chunkedDribbleDelay": {"numberOfChunks": 37, "totalDuration": 1500},
            }
        ],
        {"stream": True},
    ),
    "redirect": ([{"status": 307, "headers": {"Location": "/v1/chat/completions"}}, ok()], {}),
}


@pytest.mark.parametrize("name", PASSES)
def test_passes(lab, wiremock, name):
    responses, spec = PASSES[name]
    wiremock.script(responses)
    done = lab.ai(wiremock.base_url, spec=spec)
    assert done.exit == 0, done.err
    assert lab.rows()[0]["text"] == "Paris."
    assert len(wiremock.tries) == len(responses)
    assert lab.tlab("replay", lab.latest).exit == 0


def test_retry_after_is_kept_by_its_journal(lab, wiremock):
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=5)
    date = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    wiremock.script(
        [
            refusal(429, "slow down", **{"Retry-After": "1"}),
            refusal(503, "later", **{"Retry-After": date}),
            ok(),
        ]
    )
    done = lab.ai(wiremock.base_url)
    assert done.exit == 0, done.err
    first, second, third = wiremock.tries
    assert second - first >= 0.99
    assert third >= int(at.timestamp()) - 0.01
