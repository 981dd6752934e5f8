"""A key goes to the hosts that lab.json binds it to, and nowhere else."""

import pytest

import fault_server as f
from lab import EXIT, Lab

KEY = "sk-canary-0d1e2f3a4b"
SPEC = {"model": {"key": "LLM_KEY"}}


def lab_with_key(tmp_path, *hosts):
    lab = Lab(tmp_path / "lab", {"secrets": {"LLM_KEY": {"hosts": list(hosts)}}})
    lab.write("secrets/.env.lab", f"LLM_KEY={KEY}\n")
    return lab


def assert_nowhere(lab, done):
    assert KEY not in done.out + done.err
    for path in lab.root.rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            assert KEY.encode() not in path.read_bytes(), path


def test_sent_to_its_host(tmp_path):
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        lab = lab_with_key(tmp_path, f"127.0.0.1:{server.port}")
        done = lab.ai(server.base_url, spec=SPEC)
    assert done.exit == 0, done.err
    assert server.posts[0].headers["authorization"] == f"Bearer {KEY}"
    assert_nowhere(lab, done)
    assert lab.tlab("replay", lab.latest).exit == 0


def test_not_sent_to_a_host_that_the_spec_names(tmp_path):
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        lab = lab_with_key(tmp_path, "api.example.com:443")
        done = lab.ai(server.base_url, spec=SPEC)
    assert done.exit == EXIT["NOT_PERMITTED"], done.err
    assert server.requests == []
    assert lab.manifest["status"] == "failed"
    assert lab.manifest["error"]["code"] == "NOT_PERMITTED"
    assert "LLM_KEY" in done.err
    assert_nowhere(lab, done)


def test_not_sent_when_it_is_not_bound(tmp_path):
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        lab = Lab(tmp_path / "lab")
        done = lab.ai(server.base_url, spec=SPEC, env={"LLM_KEY": KEY})
    assert done.exit == EXIT["NOT_PERMITTED"], done.err
    assert server.requests == []
    assert_nowhere(lab, done)


def test_from_the_environment(tmp_path):
    with f.FaultServer([f.json_answer("Paris.")]) as server:
        lab = Lab(tmp_path / "lab", {"secrets": {"LLM_KEY": {"hosts": [f"127.0.0.1:{server.port}"]}}})
        done = lab.ai(server.base_url, spec=SPEC, env={"LLM_KEY": KEY})
    assert done.exit == 0, done.err
    assert server.posts[0].headers["authorization"] == f"Bearer {KEY}"
    assert_nowhere(lab, done)


def redirect(to, code=307):
    return f.status(code, "", [("Location", f"{to}/chat/completions")])


def test_a_redirect_to_a_host_without_a_permit_is_not_followed(tmp_path):
    with f.FaultServer([f.json_answer("Paris.")]) as other:
        with f.FaultServer([redirect(other.base_url)]) as server:
            lab = lab_with_key(tmp_path, f"127.0.0.1:{server.port}")
            done = lab.ai(server.base_url, spec=SPEC)
    assert done.exit == EXIT["NOT_PERMITTED"], done.err
    assert other.requests == []
    assert_nowhere(lab, done)


def test_a_redirect_does_not_take_the_key_along(tmp_path):
    with f.FaultServer([f.json_answer("Paris.")]) as other:
        with f.FaultServer([redirect(other.base_url)]) as server:
            lab = lab_with_key(tmp_path, f"127.0.0.1:{server.port}")
            lab.declare_net(f"127.0.0.1:{other.port}")
            done = lab.ai(server.base_url, f"--allow-net=127.0.0.1:{other.port}", spec=SPEC)
    assert "authorization" in server.posts[0].headers
    for request in other.requests:
        assert "authorization" not in request.headers
    assert len(other.posts) == 1 and other.posts[0].body == server.posts[0].body
    assert done.exit == 0, done.err
    assert_nowhere(lab, done)


@pytest.mark.parametrize("where", ["body", "error", "header"])
def test_a_server_that_tells_the_key_back(tmp_path, where):
    answer = {
        "body": f.json_answer(f"your key is {KEY}"),
        "error": f.error(401, f"Incorrect API key provided: {KEY}"),
        "header": f.status(200, f.completion("Paris."), [("X-Debug", f"Bearer {KEY}")]),
    }[where]
    with f.FaultServer([answer]) as server:
        lab = lab_with_key(tmp_path, f"127.0.0.1:{server.port}")
        done = lab.ai(server.base_url, spec=SPEC)
    assert done.exit == (EXIT["PROVIDER"] if where == "error" else 0), done.err
    assert_nowhere(lab, done)
    assert lab.tlab("replay", lab.latest).exit == 0


@pytest.mark.parametrize("split", [1, 5, 12])
def test_a_key_split_over_the_pieces_of_a_stream(tmp_path, split):
    answer = f.stream_answer(*[KEY[at : at + split] for at in range(0, len(KEY), split)])
    whole = f.stream_answer(f"a {KEY} b")
    for script in (answer, whole):
        with f.FaultServer([script]) as server:
            lab = lab_with_key(tmp_path / str(script is whole), f"127.0.0.1:{server.port}")
            done = lab.ai(server.base_url, spec={**SPEC, "stream": True})
        assert done.exit == 0, done.err
        if script is whole:
            assert_nowhere(lab, done)
