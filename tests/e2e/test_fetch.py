"""git.fetch against git's own server: cloned, updated, offline; and what becomes of it under faults."""

import json
import os
import signal
import subprocess
import time

import pytest

import disks
import git_server as g
import real_git
from lab import EXIT, TLAB, Lab, wait_for

slow = pytest.mark.slow  # in test-all

RECIPE = """
return {
  name = 'fetch', summary = 'Fetch a repository and read it.', home = 'fetch',
  spec = { type = 'object' },
  needs = { net = { '$spec.repo', '$spec.also' }, read = { '$spec.repo' }, secret = { '$spec.token' } },
  run = function(run, spec)
    local options = spec.options or {}
    if spec.token then
      options.secret = tlab.secret(spec.token)
    end
    local got, err = tlab.git.fetch(spec.repo, options)
    if not got then
      error(err)
    end
    run:write_json('got.json', got)
    if got.commit then
      local log = assert(tlab.git.log({ from = got.commit }, got.repo))
      run:write('subjects.txt', log[1].subject .. '\\n' .. #log)
    end
  end,
}
"""


class FetchLab(Lab):
    def __init__(self, folder, config=None):
        super().__init__(folder, config)
        self.write("recipes/fetch.lua", RECIPE)

    def words(self, url, *words, **options):
        self.write("spec.json", {"repo": url, "options": options} if options else {"repo": url})
        return ["run", "recipes/fetch.lua", "spec.json", "--allow-net=127.0.0.1:*", *words]

    def fetch(self, url, *words, env=None, **options):
        done = self.tlab(*self.words(url, *words, **options), env=env)
        done.got = json.loads((self.latest / "got.json").read_text()) if done.exit == 0 else None
        return done

    @property
    def cache(self):
        return self.root / ".tlab" / "cache" / "git"

    def mirrors(self):
        return sorted(path.name for path in self.cache.iterdir() if not path.name.endswith(".lock"))

    def mirror(self):
        [name] = self.mirrors()
        return self.cache / name


@pytest.fixture
def lab(tmp_path):
    return FetchLab(tmp_path / "lab")


@pytest.fixture
def server(tmp_path):
    with g.GitServer(tmp_path / "srv") as server:
        server.repo = g.Repository(tmp_path / "srv" / "own" / "er.git")
        server.repo.commit(text="one")
        server.repo.head = server.repo.commit(text="two")
        server.own = f"{server.url}/own/er.git"
        yield server


def refs(folder):
    return real_git.told(folder, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")


def check_mirror(lab, server):
    """The same branches, tags, HEAD and objects as the source has, and nothing beside."""
    mirror = lab.mirror()
    assert refs(mirror) == refs(server.repo.path)
    assert real_git.told(mirror, "symbolic-ref", "HEAD") == real_git.told(server.repo.path, "symbolic-ref", "HEAD")
    real_git.told(mirror, "fsck", "--full", "--strict")
    assert not [path for path in mirror.rglob("*") if path.name.endswith(".lock") or "_git2_" in path.name]


def check_failed(lab, done, code, words):
    assert done.exit == EXIT.get(code, 1), (done.exit, done.err)
    assert f"error[{code}]" in done.err and words in done.err, done.err
    if lab.cache.exists():
        assert [name for name in lab.mirrors() if name.endswith(".new")] == []


# --- as it should be ---


def test_clone_then_update(lab, server):
    server.repo.commit("topic/a", "side")
    server.repo.git("tag", "-a", "-m", "v", "v1", "main")
    first = lab.fetch(server.own)
    assert first.exit == 0, first.err
    assert first.got["fetched"] is True and first.got["head"] == "main" and first.got["commit"] == server.repo.head
    assert [b["name"] for b in first.got["branches"]] == ["main", "topic/a"]
    assert first.got["repo"] == f"lab:.tlab/cache/git/{lab.mirror().name}"
    assert first.got["bytes"] > 0
    assert (lab.latest / "subjects.txt").read_text() == "two on main\n2"
    check_mirror(lab, server)
    # Upstream: a commit more, one branch gone, one in its place that could not lie beside it, one forced.
    server.repo.git("update-ref", "-d", "refs/heads/topic/a")
    server.repo.commit("topic", "now a file")
    server.repo.commit(text="three")
    server.repo.git("tag", "-f", "v1", "topic")
    again = lab.fetch(server.own)
    assert [b["name"] for b in again.got["branches"]] == ["main", "topic"]
    check_mirror(lab, server)
    server.repo.commit(text="other history", parent=False)
    server.repo.git("symbolic-ref", "HEAD", "refs/heads/topic")
    forced = lab.fetch(server.own)
    assert forced.got["head"] == "topic"
    check_mirror(lab, server)
    # Nothing new: one question, no pack.
    asked = len(server.requests)
    nothing = lab.fetch(server.own).got
    assert {**nothing, "bytes": 0} == {**forced.got, "bytes": 0}
    assert len(server.requests) == asked + 1


def test_replay_needs_no_mirror_and_no_network(lab, server):
    done = lab.fetch(server.own)
    assert done.exit == 0
    run = lab.latest
    subprocess.run(["rm", "-rf", lab.root / ".tlab" / "cache"], check=True)
    words = [str(TLAB), "replay", str(run)]
    alone = ["unshare", "-rn", *words]
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode != 0:
        alone = words
    replay = subprocess.run(
        alone, cwd=lab.root, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False
    )
    assert replay.returncode == 0, replay.stderr
    assert not lab.cache.exists()
    assert len(server.requests) == 2


def test_offline_and_unreachable_are_answered_by_the_mirror(lab, server):
    before = lab.fetch(server.own, "--offline")
    check_failed(lab, before, "NOT_RECORDED", "offline")
    assert lab.fetch(server.own).exit == 0
    asked = len(server.requests)
    offline = lab.fetch(server.own, "--offline")
    assert offline.got["fetched"] is False and "offline" in offline.got["why"]
    assert offline.got["commit"] == server.repo.head
    assert len(server.requests) == asked
    server.http.shutdown()
    server.http.server_close()
    gone = lab.fetch(server.own)
    assert gone.exit == 0 and gone.got["fetched"] is False and "nothing listens" in gone.got["why"]
    other = lab.fetch(f"{server.url}/other.git")
    check_failed(lab, other, "NETWORK", "nothing listens")


@slow
def test_file_urls(lab, server):
    url = f"file://{server.repo.path}"
    refused = lab.fetch(url)
    assert refused.exit == EXIT["NOT_PERMITTED"] and "--allow-read=" in refused.err
    done = lab.fetch(url, f"--allow-read={server.repo.path}")
    assert done.exit == 0, done.err
    check_mirror(lab, server)
    server.repo.commit(text="three")
    server.repo.commit("more", "side")
    done = lab.fetch(url, f"--allow-read={server.repo.path}")
    assert [b["name"] for b in done.got["branches"]] == ["main", "more"]
    check_mirror(lab, server)


@slow
def test_empty_and_detached(lab, tmp_path):
    g.Repository(tmp_path / "srv" / "empty.git")
    loose = g.Repository(tmp_path / "srv" / "loose.git")
    head = loose.commit()
    loose.git("update-ref", "--no-deref", "HEAD", head)
    loose.commit(text="on the branch alone")
    with g.GitServer(tmp_path / "srv") as server:
        empty = lab.fetch(f"{server.url}/empty.git")
        assert empty.exit == 0, empty.err
        assert empty.got["branches"] == [] and "commit" not in empty.got
        detached = lab.fetch(f"{server.url}/loose.git")
        assert detached.got["commit"] == head and "head" not in detached.got


# --- what it asks, and whom ---


def test_the_server_gets_what_git_would_send(lab, server):
    lab.fetch(
        server.own,
        env={
            "http_proxy": "http://127.0.0.1:1",
            "ALL_PROXY": "http://127.0.0.1:1",
            "GIT_SSL_NO_VERIFY": "1",
            "GIT_DIR": "/nonexistent",
        },
    )
    [refs_, pack] = server.requests
    assert refs_[:2] == ("GET", "/own/er.git/info/refs?service=git-upload-pack")
    assert pack[:2] == ("POST", "/own/er.git/git-upload-pack")
    assert pack[2]["content-type"] == "application/x-git-upload-pack-request"
    assert refs_[2]["user-agent"].startswith("git/")


@slow
def test_configuration_of_the_user_and_of_the_mirror_is_not_obeyed(lab, server, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    config = (
        f'[url "http://127.0.0.1:1/"]\n insteadOf = {server.url}/\n[http]\n proxy = http://127.0.0.1:1\n'
        f'[credential]\n helper = "!touch {tmp_path}/ran"\n[core]\n fsmonitor = "touch {tmp_path}/ran"\n'
    )
    (home / ".gitconfig").write_text(config)
    server.fault = g.instead(401, [("www-authenticate", "Basic realm=x")])
    asked = lab.fetch(server.own, env={"HOME": str(home)})
    check_failed(lab, asked, "REFUSED", "asks for a login")
    server.fault = None
    assert lab.fetch(server.own, env={"HOME": str(home)}).got["fetched"] is True
    assert not (tmp_path / "ran").exists()


def test_a_permit_is_needed_for_the_host(lab, server):
    lab.write("spec.json", {"repo": server.own})
    done = lab.tlab("run", "recipes/fetch.lua", "spec.json")
    assert done.exit == EXIT["NOT_PERMITTED"], done.err
    assert f"--allow-net={server.host}" in done.err
    assert server.requests == []


@slow
def test_redirects(lab, server, tmp_path):
    with g.GitServer(tmp_path / "srv") as other:
        tail = "/own/er.git/info/refs?service=git-upload-pack"
        server.fault = g.only("refs", g.instead(301, [("location", other.url + tail)]))
        # recipes declare what they touch: the other host is not in this one's needs
        lab.write("spec.json", {"repo": server.own})
        words = ["run", "recipes/fetch.lua", "spec.json"]
        done = lab.tlab(*words, "--allow-net=127.0.0.1:*")
        assert done.exit == EXIT["NOT_PERMITTED"] and other.host in done.err, done.err
        assert other.requests == []
        lab.write("spec.json", {"repo": server.own, "also": other.host})
        done = lab.tlab(*words, "--allow-net=127.0.0.1:*")
        assert done.exit == 0, done.err
        assert [method for method, *_ in other.requests] == ["GET", "POST"]
        assert [method for method, *_ in server.requests] == ["GET", "GET"]
        server.fault = g.only("refs", g.instead(302, [("location", other.url + "/login")]))
        other.fault = g.instead(200, [("content-type", "application/x-git-upload-pack-advertisement")], b"x")
        done = lab.tlab(*words, "--allow-net=127.0.0.1:*")
        check_failed(lab, done, "REFUSED", "points to")
        server.fault = g.only("pack", g.instead(307, [("location", other.url + "/own/er.git/git-upload-pack")]))
        done = lab.fetch(f"{server.url}/own/er.git/")
        assert done.exit == 0  # nothing to fetch, so no second exchange
        server.repo.commit(text="three")
        check_failed(lab, lab.fetch(server.own), "REFUSED", "points elsewhere")


@slow
@pytest.mark.parametrize(
    "url, code, words",
    [
        ("git://127.0.0.1/x", "INVALID", "only http and https"),
        ("ssh://git@host/x", "INVALID", "only http and https"),
        ("git@host:owner/name.git", "REFUSED", "ssh is not spoken"),
        ("http://user:password1@127.0.0.1:1/x", "INVALID", "use a secret"),
        ("http://127.0.0.1:1/x\r\nHost: y", "REFUSED", "line break"),
        ("http://127.0.0.1:1/x?y=1", "REFUSED", "no ?"),
        ("ftp://127.0.0.1/x", "INVALID", "only http and https"),
        ("/srv/x", "ARGUMENT", "is a path"),
    ],
)
def test_urls_that_are_refused(lab, url, code, words):
    done = lab.fetch(url)
    assert done.exit != 0 and words in done.err, done.err
    assert "password1" not in done.err
    assert not lab.cache.exists()


# --- servers that misbehave ---


@slow
@pytest.mark.parametrize(
    "fault, code, words",
    [
        (g.instead(404), "NOT_FOUND", "no git repository"),
        (g.instead(401, [("www-authenticate", "Basic realm=x")]), "REFUSED", "asks for a login"),
        (g.instead(403), "REFUSED", "403"),
        (g.instead(503), "PROVIDER", "503"),
        (g.instead(200, [("content-type", "text/html")], b"<html>hello"), "NETWORK", "text/html"),
        (g.instead(200, [("content-type", "text/plain")], b"0" * 40 + b"\trefs/heads/main\n"), "NETWORK", "text/plain"),
        (g.only("refs", g.cut(20)), "NETWORK", "cut after 20 bytes"),
        (g.only("refs", g.flipped(b"\n0000", 1)), "NETWORK", "makes no sense"),
        (g.only("pack", g.cut(60)), "NETWORK", "cut after 60 bytes"),
        (g.only("pack", g.cut(30, reset=True)), "NETWORK", ""),
        (g.only("pack", g.instead(500)), "PROVIDER", "500"),
        (g.only("pack", g.instead(200, [("content-type", "text/html")], b"no")), "NETWORK", "text/html"),
        (g.only("pack", g.flipped(b"PACK", 40)), "NETWORK", "makes no sense"),
        (
            g.only("pack", g.instead(200, [("content-type", "application/x-git-upload-pack-result")], b"")),
            "NETWORK",
            "",
        ),
    ],
)
def test_faults_of_the_server(lab, server, fault, code, words):
    """A first fetch fails and leaves nothing; with a mirror there, that answers unless the server said no."""
    server.fault = fault
    check_failed(lab, lab.fetch(server.own), code, words)
    assert lab.mirrors() == []
    server.fault = None
    first = lab.fetch(server.own)
    assert first.exit == 0, first.err
    server.repo.commit(text="three")
    server.fault = fault
    later = lab.fetch(server.own)
    if code in ("NETWORK", "PROVIDER"):
        assert later.exit == 0, later.err
        assert later.got["fetched"] is False and words in later.got["why"]
        assert later.got["commit"] == server.repo.head
    else:
        check_failed(lab, later, code, words)
    server.fault = None
    assert lab.fetch(server.own).got["fetched"] is True
    check_mirror(lab, server)


@slow
def test_silence_and_slowness_end_at_their_limits(lab, server):
    server.fault = g.only("pack", g.stall(40, 30))
    done = lab.fetch(server.own, idle_timeout_ms=300)
    check_failed(lab, done, "TIMEOUT", "idle_timeout_ms")
    server.fault = g.only("refs", g.stall(0, 30))
    check_failed(lab, lab.fetch(server.own, idle_timeout_ms=300), "TIMEOUT", "idle_timeout_ms")
    server.fault = g.drip(20, 0.05)
    check_failed(lab, lab.fetch(server.own, timeout_ms=500), "TIMEOUT", "timeout_ms")
    done = lab.fetch(server.own, idle_timeout_ms=2000)
    assert done.exit == 0, done.err
    check_mirror(lab, server)


@slow
def test_a_repository_that_is_too_large(lab, server):
    server.repo.commit(text="large", padding=300_000)
    done = lab.fetch(server.own, max_bytes=100_000)
    check_failed(lab, done, "LIMIT", "max_bytes")
    assert lab.mirrors() == []


@slow
def test_sha256(lab, tmp_path):
    g.Repository(tmp_path / "srv" / "new.git", "--object-format=sha256").commit()
    g.Repository(tmp_path / "srv" / "none.git", "--object-format=sha256")
    with g.GitServer(tmp_path / "srv") as server:
        check_failed(lab, lab.fetch(f"{server.url}/new.git"), "UNSUPPORTED", "sha256")
        assert lab.fetch(f"{server.url}/none.git").got["branches"] == []  # as empty as any other
        allow = f"--allow-read={tmp_path}"
        check_failed(lab, lab.fetch(f"file://{tmp_path}/srv/new.git", allow), "UNSUPPORTED", "objectformat")


@slow
def test_sources_that_are_not_whole(lab, server, tmp_path):
    server.repo.commit(text="three")
    shallow, borrowed = tmp_path / "srv" / "shallow.git", tmp_path / "srv" / "borrowed.git"
    real_git.told(tmp_path, "clone", "-q", "--bare", "--depth=1", f"file://{server.repo.path}", shallow)
    real_git.told(tmp_path, "clone", "-q", "--bare", "--shared", server.repo.path, borrowed)
    allow = f"--allow-read={tmp_path}"
    check_failed(lab, lab.fetch(f"file://{shallow}", allow), "UNSUPPORTED", "shallow")
    check_failed(lab, lab.fetch(f"file://{borrowed}", allow), "REFUSED", "alternates")
    done = lab.fetch(f"{server.url}/shallow.git")
    check_failed(lab, done, "UNSUPPORTED", "shallow")


# --- cut off here ---


@slow
@pytest.mark.parametrize("clean_first", [True, False])
def test_killed_while_it_fetches(lab, server, clean_first):
    """At many moments: the next fetch works, whatever the killed one left; gc removes it, too."""
    for size in range(40):
        server.repo.commit(f"b{size}", "x" * size, padding=2000)
    server.fault = g.drip(1000, 0.05)
    for delay in (0.05, 0.15, 0.3, 0.6):
        with lab.start(*lab.words(server.own)) as process:
            time.sleep(delay)
            process.kill()
    assert [name[-4:] for name in lab.mirrors()] == [".new"]
    until, listed = time.monotonic() + 5, []
    while not listed and time.monotonic() < until:  # the killed one's child goes a moment later
        entries = json.loads(lab.tlab("gc", "--dry-run", "--json").out)["removed"]
        listed = [entry["path"] for entry in entries if entry["kind"] == "mirror"]
    assert listed == [f".tlab/cache/git/{lab.mirrors()[0]}"]
    if clean_first:
        assert lab.tlab("gc", "--yes").exit == 0
        assert lab.mirrors() == []
    server.fault = None
    done = lab.fetch(server.own)
    assert done.exit == 0, done.err
    check_mirror(lab, server)
    for n in range(3):
        server.repo.commit(text=f"more {n}", padding=100_000)
        server.fault = g.drip(8000, 0.02)
        with lab.start(*lab.words(server.own)) as process:
            time.sleep(0.1 * (n + 1))
            process.send_signal(signal.SIGKILL)
    server.fault = None
    done = lab.fetch(server.own)
    assert done.exit == 0, done.err
    check_mirror(lab, server)


@slow
def test_gc_leaves_a_whole_mirror_alone(lab, server):
    assert lab.fetch(server.own).exit == 0
    half = lab.mirror() / "objects" / "pack" / "pack_git2_4711"
    half.write_text("half a pack")
    done = json.loads(lab.tlab("gc", "--yes", "--json").out)
    below = [entry["path"] for entry in done["removed"] if entry["kind"] != "scratch"]  # that is the whole machine's
    assert below == [str(half.relative_to(lab.root))]
    assert not half.exists()
    check_mirror(lab, server)


@slow
def test_interrupted_by_a_person(lab, server):
    server.fault = g.only("pack", g.stall(40, 30))
    with lab.start(*lab.words(server.own), text=True) as process:
        wait_for(lambda: len(server.requests) == 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert process.returncode == 130, err
    server.fault = None
    assert lab.fetch(server.own).got["fetched"] is True
    check_mirror(lab, server)


@slow
def test_two_runs_at_once(lab, server):
    server.fault = g.only("pack", g.drip(30, 0.02))
    words = lab.words(server.own)
    both = [lab.start(*words, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("waiting for it" in err for err in said) == 1
    assert [method for method, *_ in server.requests].count("POST") == 1
    check_mirror(lab, server)


PAUSING = RECIPE.replace("    run:write_json", "    tlab.clock.sleep(spec.pause or 0)\n    run:write_json")


def killed_when(lab, words, ready):
    with lab.start(*words) as process:
        try:
            wait_for(ready, 20)
        finally:
            process.kill()
    [folder] = (lab.root / ".tlab/open").iterdir()
    return folder.read_text().strip()


@slow
def test_resumed(lab, server):
    """Killed after the fetch: the mirror is read on. Killed while it fetched: that is done again."""
    lab.write("recipes/fetch.lua", PAUSING)
    lab.write("spec.json", {"repo": server.own, "pause": 3000})
    words = ["run", "recipes/fetch.lua", "spec.json", "--allow-net=127.0.0.1:*"]

    def recorded():
        return any('"repo":"lab:' in path.read_text() for path in lab.root.glob("2*/*/*/fetch/*/record/effects.jsonl"))

    run = killed_when(lab, words, recorded)
    asked = len(server.requests)
    done = lab.tlab("resume", run)
    assert done.exit == 0, done.err
    assert len(server.requests) == asked
    assert (lab.root / run / "subjects.txt").read_text() == "two on main\n2"
    again = lab.tlab("run", "--reuse", run, *words[1:])
    assert again.exit == 0 and len(server.requests) == asked, again.err

    subprocess.run(["rm", "-rf", lab.cache], check=True)
    server.fault = g.only("pack", g.stall(40, 30))
    run = killed_when(lab, words, lambda: len(server.requests) == asked + 2)
    server.fault = None
    done = lab.tlab("resume", run)
    assert done.exit == 0, done.err
    check_mirror(lab, server)
    assert lab.tlab("verify", run).exit == 0 and lab.tlab("replay", run).exit == 0


@slow
def test_no_run_reads_a_mirror_that_it_has_not_fetched(lab, server):
    lab.fetch(server.own)
    path = f"lab:.tlab/cache/git/{lab.mirror().name}"
    lab.write(
        "recipes/peek.lua",
        """return { name = 'peek', summary = 'x', home = 'x', run = function(run, spec)
      for _, path in ipairs { spec.path, spec.path .. '/', spec.path .. '/objects', 'lab:.tlab/./cache/git/x' } do
        local fine, err = pcall(tlab.git.log, { limit = 1 }, path)
        assert(not fine and err.code == 'NOT_PERMITTED', path)
        fine, err = pcall(tlab.fs.list, path)
        assert(not fine and err.code == 'NOT_PERMITTED', path)
      end
    end }""",
    )
    done = lab.tlab("run", "recipes/peek.lua", f"path={path}")
    assert done.exit == 0, done.err


@slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("size", ["3m", "5m", "7m"])
def test_the_disk_is_full(tmp_path, server, size):
    """While the pack comes, or is indexed: told as the disk's failure, and nothing half stays."""
    folder = tmp_path / "disk"
    folder.mkdir()
    disks.mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        lab = FetchLab(folder / "lab")
        first = lab.fetch(server.own)
        assert first.exit == 0, first.err
        for n in range(8):
            server.repo.commit(f"b{n}", f"large {n}", padding=1_000_000)
        done = lab.fetch(server.own)
        check_failed(lab, done, "STORAGE", "")
        assert lab.fetch(server.own, "--offline").got["commit"] == server.repo.head
        subprocess.run(["rm", "-rf", lab.cache], check=True)
        check_failed(lab, lab.fetch(server.own), "STORAGE", "")
        assert lab.mirrors() == []
        disks.mount("-o", "remount,size=64m", folder)
        assert lab.fetch(server.own).exit == 0
        check_mirror(lab, server)
    finally:
        disks.unmount(folder)


# --- certificates and secrets ---


@pytest.fixture
def certificate(tmp_path):
    file = tmp_path / "own.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            file,
            "-out",
            tmp_path / "crt.pem",
        ],
        check=True,
        capture_output=True,
    )
    with open(file, "ab") as out:
        out.write((tmp_path / "crt.pem").read_bytes())
    return file


@slow
def test_certificates_are_checked(lab, server, certificate):
    with g.GitServer(server.root, certificate) as tls:
        url = f"{tls.url}/own/er.git"
        for variable in "GIT_SSL_NO_VERIFY", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO":
            done = lab.fetch(url, env={variable: str(certificate)})
            check_failed(lab, done, "REFUSED", "cannot prove who it is")
        assert tls.requests == []


@slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a mount of its own needs root")
def test_https(lab, server, certificate):
    """With an authority that the system knows: in a mount namespace, where its list is another."""
    with g.GitServer(server.root, certificate) as tls:
        words = lab.words(f"{tls.url}/own/er.git")
        script = f'mount --bind {certificate} /etc/ssl/certs/ca-certificates.crt && exec "$@"'
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", *lab.command(*words)],
            cwd=lab.root,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
            check=False,
        )
        if "unshare" in done.stderr or "mount:" in done.stderr:
            pytest.skip(done.stderr)
        assert done.returncode == 0, done.stderr
        check_mirror(lab, server)
        assert len(tls.requests) == 2


TOKEN = "t0ken-of-thirty-two-characters!!"


@slow
def test_a_secret_goes_to_its_host_alone(tmp_path, server):
    import base64

    login = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()

    def wants_login(handler, answer):
        if handler.headers.get("authorization") != login:
            return g.instead(401, [("www-authenticate", "Basic realm=x")])(handler, answer)
        return None

    server.fault = wants_login
    lab = FetchLab(tmp_path / "lab", {"secrets": {"TOKEN": {"hosts": [server.host]}}})
    check_failed(lab, lab.fetch(server.own), "REFUSED", "asks for a login")

    def fetch(url, token="TOKEN", value=TOKEN, **more):
        lab.write("spec.json", {"repo": url, "token": token, **more})
        return lab.tlab("run", "recipes/fetch.lua", "spec.json", "--allow-net=127.0.0.1:*", env={"TOKEN": value})

    done = fetch(server.own)
    assert done.exit == 0, done.err
    check_failed(lab, fetch(server.own, value="not the token"), "REFUSED", "does not take this secret")
    with g.GitServer(server.root) as other:
        assert fetch(f"{other.url}/own/er.git").exit == EXIT["NOT_PERMITTED"]
        assert other.requests == []
        tail = "/own/er.git/info/refs?service=git-upload-pack"
        server.fault = g.instead(302, [("location", other.url + tail)])
        server.repo.commit(text="three")
        done = fetch(server.own, also=other.host)
        assert done.exit == 0, done.err
        assert [headers.get("authorization") for *_, headers in other.requests] == [None, None]
    for path in lab.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            assert TOKEN.encode() not in data and login[10:-4].encode() not in data, path
