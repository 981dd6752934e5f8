"""`ai` through toxiproxy: faults in the bytes between it and a server that does nothing wrong."""

import json
import socket
import subprocess
import time
import urllib.request

import pytest

import fault_server as f
from lab import BUILD, EXIT, ROOT, Lab

pytestmark = pytest.mark.tools


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Toxiproxy:
    """Between `base_url` and a server's port, with `toxic` poisons at work."""

    def __init__(self):
        self.admin = f"127.0.0.1:{free_port()}"
        host, port = self.admin.split(":")
        self.process = subprocess.Popen(
            [BUILD / "tools" / "toxiproxy-2.5.0", "-host", host, "-port", port],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                self.call("GET", "/version")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("toxiproxy did not start")

    def call(self, method, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"http://{self.admin}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read()

    def before(self, server):
        port = free_port()
        self.name = f"ai{port}"
        self.call(
            "POST",
            "/proxies",
            {
                "name": self.name,
                "listen": f"127.0.0.1:{port}",
                "upstream": f"127.0.0.1:{server.port}",
            },
        )
        return f"http://127.0.0.1:{port}/v1"

    def toxic(self, kind, toxicity=1.0, **attributes):
        self.call(
            "POST",
            f"/proxies/{self.name}/toxics",
            {
                "type": kind,
                "stream": "downstream",
                "toxicity": toxicity,
                "attributes": attributes,
            },
        )

    def close(self):
        self.call("POST", f"/proxies/{self.name}", {"enabled": False})


@pytest.fixture(scope="module")
def proxy():
    if subprocess.run([ROOT / "tests" / "tools" / "fetch.sh", "toxiproxy"]).returncode != 0:
        pytest.skip("toxiproxy cannot be fetched here")
    proxy = Toxiproxy()
    yield proxy
    proxy.process.terminate()
    proxy.process.wait(10)


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab")


STREAM = f.stream_answer(*["word "] * 20)

FAILS = {
    # name: (toxic, attributes, spec)
    "cut in the headers": ("limit_data", {"bytes": 30}, {}),
    "cut in the stream": ("limit_data", {"bytes": 700}, {"stream": True}),
    "nothing comes": ("limit_data", {"bytes": 0}, {}),
    "reset": ("reset_peer", {"timeout": 0}, {}),
    "closed after a while": ("timeout", {"timeout": 300}, {}),
    "silence": ("timeout", {"timeout": 0}, {"timeouts": {"total_ms": 500}}),
}


@pytest.mark.parametrize("name", FAILS)
def test_fails(lab, proxy, name):
    kind, attributes, spec = FAILS[name]
    with f.FaultServer([STREAM if spec.get("stream") else f.json_answer("Paris.")]) as server:
        url = proxy.before(server)
        proxy.toxic(kind, **attributes)
        done = lab.ai(url, spec={"retries": 1, **spec})
        assert done.exit == EXIT["PROVIDER"], done.err
        assert "(2 tries)" in lab.manifest["error"]["message"]
        assert lab.manifest["status"] == "failed"
        assert "text" not in lab.rows()[0]
        assert b"word" not in b"".join(lab.outputs().values())
        proxy.close()
    assert lab.tlab("replay", lab.latest).exit == 0
    assert lab.tlab("verify", lab.latest).exit == 0


SLOW = {
    "slow": ("bandwidth", {"rate": 1}, {}),
    "seven bytes at a time": ("slicer", {"average_size": 7, "delay": 500}, {"stream": True}),
    "far away": ("latency", {"latency": 300, "jitter": 50}, {}),
}


@pytest.mark.parametrize("name", SLOW)
def test_slow_is_no_failure(lab, proxy, name):
    kind, attributes, spec = SLOW[name]
    with f.FaultServer([STREAM if spec.get("stream") else f.json_answer("word " * 20)]) as server:
        url = proxy.before(server)
        proxy.toxic(kind, **attributes)
        done = lab.ai(url, spec=spec)
        assert done.exit == 0, done.err
        assert lab.rows()[0]["text"] == "word " * 20
        assert server.tries == 1


def test_half_of_all_connections_reset(lab, proxy):
    spec = {"prompt": "{{n}}", "cases": [{"n": n} for n in range(6)], "concurrency": 3, "retries": 12}
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        url = proxy.before(server)
        proxy.toxic("reset_peer", toxicity=0.5, timeout=0)
        done = lab.ai(url, spec=spec, timeout=120)
        assert done.exit == 0, done.err
        assert [row["text"] for row in lab.rows()] == ["Paris."] * 6
        proxy.close()
    before = lab.outputs()
    assert lab.tlab("replay", lab.latest).exit == 0
    assert lab.outputs() == before


def test_disabled_proxy_refuses(lab, proxy):
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        url = proxy.before(server)
        proxy.close()
        done = lab.ai(url, spec={"retries": 1})
        assert done.exit == EXIT["PROVIDER"]
        assert server.tries == 0
