"""Secrets from encrypted files: what tlab does with sops and age, whatever those do.

The real programs are at work in test_sops_real.py; here stand-ins say what real ones never would."""

import hashlib
import json
import stat

import pytest

import fault_server as f
from faults import FaultLab, check_folder
from lab import EXIT
from test_secrets import KEY as CANARY
from test_secrets import assert_nowhere

ANSWER = json.dumps({"LAB_KEY": CANARY})
IDENTITY = "AGE-SECRET-KEY-1TESTTESTTEST"
BODY = """
local headers = { authorization = { 'Bearer ', tlab.secret 'LAB_KEY' } }
local reply, err = tlab.http.send { method = 'POST', body = 'q', url = 'URL', headers = headers }
if not reply then error(tostring(err)) end
run:write('reply.txt', reply.body)
"""


def echo(connection, request):
    body = request.headers.get("authorization", "").encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


class SopsLab(FaultLab):
    """A lab with one secret, an encrypted file that names it, an age key, and a `sops` that does as it is told."""

    def __init__(self, tmp_path, port, files=("keys.sops.yaml",), declares=True):
        super().__init__(
            tmp_path / "lab",
            {
                "permits": {"allow": {"net": ["127.0.0.1:*"]}},
                "secrets": {"LAB_KEY": {"hosts": [f"127.0.0.1:{port}"]}},
                "secret_files": list(files),
            },
        )
        for name in files:
            self.write(name, "cipher: text\n")
        needs = "net = { '127.0.0.1:*' }" + (", secret = { 'LAB_KEY' }" if declares else "")
        self.recipe(BODY.replace("URL", f"http://127.0.0.1:{port}/v1"), needs=needs)
        self.bin, self.keys = tmp_path / "bin", tmp_path / "keys.txt"
        self.bin.mkdir()
        self.keys.write_text(IDENTITY + "\n")
        self.keys.chmod(0o600)
        self.env = {"PATH": f"{self.bin}:/usr/bin:/bin", "SOPS_AGE_KEY_FILE": str(self.keys), "HOME": str(tmp_path)}

    def program(self, name, script):
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return path

    def says(self, values, name="sops"):
        """The program checks what it is given as the real one would, then says this."""
        text = values if isinstance(values, str) else json.dumps(values)
        self.write("../answer", text)
        return self.program(
            name,
            f"""
case " $* " in *" secret.cipher "*) ;; *) echo "$name 9.9.9"; exit 0 ;; esac
test "$(cat secret.cipher)" = "cipher: text" || exit 90
test "$(cat)" = "{IDENTITY}" || exit 91
cat <<'END'
{text}
END
""",
        )

    def go(self, *words, env=None):
        return self.tlab("run", "try", *words, env={**self.env, **(env or {})})


@pytest.fixture
def server():
    with f.FaultServer([echo]) as server:
        yield server


def test_a_value_from_an_encrypted_file(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    program = lab.says({"OTHER": "x", "LAB_KEY": CANARY})
    done = lab.go()
    assert done.exit == 0, done.err
    assert server.posts[0].headers["authorization"] == f"Bearer {CANARY}"
    assert lab.outputs()["reply.txt"] == b"Bearer <secret:LAB_KEY>"
    told = lab.manifest["secrets"]
    assert told["from"] == {"LAB_KEY": "keys.sops.yaml"}
    [sops] = told["programs"]
    assert sops["name"] == "sops" and sops["sha256"] == hashlib.sha256(program.read_bytes()).hexdigest()
    assert sops["confined"]["network"] == "none"
    assert "LAB_KEY from keys.sops.yaml, opened by sops" in lab.tlab("show", "latest").out
    check_folder(lab.latest, None)
    assert_nowhere(lab, done.stdout, done.stderr)


def test_replay_needs_neither_program_nor_key(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.says({"LAB_KEY": CANARY})
    assert lab.go().exit == 0
    (lab.bin / "sops").unlink()
    lab.keys.unlink()
    lab.write("keys.sops.yaml", "gone")
    done = lab.tlab("replay", "latest", env=lab.env)
    assert done.exit == 0, done.err
    assert lab.tlab("verify", "latest").exit == 0


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_order_of_the_places(tmp_path, server, where):
    """The environment, then .env.lab: with a value there no program is started."""
    lab = SopsLab(tmp_path, server.port)
    lab.program("sops", f"touch {tmp_path}/started; exit 1")
    env = {}
    if where == "file":
        lab.write("secrets/.env.lab", f"LAB_KEY='{CANARY}'\n")
    else:
        lab.write("secrets/.env.lab", "LAB_KEY=another-value\n")
        env["LAB_KEY"] = CANARY
    done = lab.go(env=env)
    assert done.exit == 0, done.err
    assert server.posts[0].headers["authorization"] == f"Bearer {CANARY}"
    assert lab.manifest["secrets"] == {
        "from": {"LAB_KEY": {"file": "secrets/.env.lab", "environment": "the environment"}[where]}
    }


def test_files_are_looked_through_in_their_order(tmp_path, server):
    lab = SopsLab(tmp_path, server.port, files=["a.json", "b.age", "c.env"])
    lab.says({"OTHER": CANARY})
    lab.says(f"# age\nLAB_KEY='{CANARY}'", name="age")
    assert lab.go().exit == 0
    assert lab.manifest["secrets"]["from"] == {"LAB_KEY": "b.age"}
    assert [p["name"] for p in lab.manifest["secrets"]["programs"]] == ["sops", "age"]


def test_nothing_is_opened_for_a_recipe_that_declares_nothing(tmp_path, server):
    lab = SopsLab(tmp_path, server.port, declares=False)
    lab.program("sops", f"touch {tmp_path}/started; exit 1")
    done = lab.go()
    assert done.exit == EXIT["RUN_FAILED"] and "needs = { secret = { 'LAB_KEY' } }" in done.err, done.err
    assert "secrets" not in lab.manifest and server.requests == []


# What a stand-in does, and what is said of it. The run ends where the secret is asked for; nothing is sent.
FAILURES = {
    "not there": (None, "sops is not installed"),
    "not encrypted": (f"echo 'sops metadata not found: {CANARY}' >&2; exit 1", "is not encrypted; type: sops encrypt"),
    "another's key": ("exit 128", "not encrypted to your age key"),
    "no key in it": (
        "printf 'failed to parse age\\n      | identities: unknown identity\\n      | type. Did' >&2; exit 128",
        "what was found as the age key is none",
    ),
    "changed": ("exit 51", "MAC"),
    "a value changed": ("exit 25", "was changed after it was encrypted"),
    "quotes the text": (f"echo 'yaml: line 3: cannot unmarshal {CANARY}' >&2; exit 1", "sops ended with 1"),
    "says a value and fails": (f'echo \'{{"LAB_KEY":"{CANARY}"}}\'; exit 3', "sops ended with 3"),
    "no JSON": (f"echo 'LAB_KEY: {CANARY}'", "expected names with a text each"),
    "a list": (f"echo '[\"{CANARY}\"]'", "expected names with a text each"),
    "a number": ("echo '{\"LAB_KEY\":12345678}'", "LAB_KEY is a int, expected a text in quotes"),
    "a line break": ('printf \'{"LAB_KEY":"abcdefgh\\\\nX-Evil: 1"}\'', "has a control character"),
    "no such name": ("echo '{}'", "nor in the files of secret_files"),
    "too much": ("yes 0123456789012345678901234567890123456789 | head -c 3000000", "said more than 1048576 bytes"),
    "old": (
        "case $* in *--version*) echo 'sops 3.6.1 (latest)';; *) exit 1;; esac",
        "sops 3.6.1 is too old, 3.7 or later",
    ),
    "killed": ("kill -9 $$", "sops ended with 137"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_file_that_cannot_be_opened(tmp_path, server, name):
    script, said = FAILURES[name]
    lab = SopsLab(tmp_path, server.port)
    if script:
        lab.program("sops", script)
    done = lab.go()
    assert done.exit != 0 and said in done.err, done.err
    assert server.requests == []
    assert_nowhere(lab, done.stdout, done.stderr)
    lab.write("secrets/.env.lab", f"LAB_KEY='{CANARY}'\n")  # what still works
    assert lab.go().exit == 0


def test_a_run_that_gets_by_without(tmp_path, server):
    """What cannot be opened is told where it is asked for, and only there."""
    lab = SopsLab(tmp_path, server.port)
    lab.program("sops", "exit 128")
    lab.recipe("run:write('x', 'y')", needs="net = { '127.0.0.1:*' }, secret = { 'LAB_KEY' }")
    done = lab.go()
    assert done.exit == 0, done.err
    assert "secrets" not in lab.manifest


@pytest.mark.slow
def test_a_program_that_does_not_end(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.program("sops", "sleep 1000")
    done = lab.go()
    assert done.exit == EXIT["RUN_FAILED"] and "ran longer than 20 s" in done.err, done.err


def test_what_the_program_can_reach(tmp_path, server):
    """No network, no file of the user's, and no byte to any disk, its own folder's included."""
    lab = SopsLab(tmp_path, server.port)
    (tmp_path / "mine.txt").write_text("private")
    lab.program(
        "sops",
        f"""
cat {tmp_path}/mine.txt && exit 70
(echo x > secret.plain) && test -s secret.plain && exit 71
(echo x > {tmp_path}/secret.plain) && exit 72
(exec 3<>/dev/tcp/127.0.0.1/{server.port}) && exit 73
env | grep -q LAB_ && exit 74
cat <<'END'
{ANSWER}
END
""",
    )
    text = lab.bin.joinpath("sops").read_text().replace("#!/bin/sh", "#!/bin/bash")
    lab.bin.joinpath("sops").write_text(text)
    done = lab.go()
    assert done.exit == 0, done.err
    assert len(server.requests) == 1


def test_the_age_key_is_judged_like_a_secret(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.says({"LAB_KEY": CANARY})
    lab.keys.chmod(0o640)
    done = lab.go()
    assert done.exit != 0 and f"chmod 600 {lab.keys}" in done.err, done.err
    lab.keys.unlink()
    done = lab.go()
    assert done.exit != 0 and f"age-keygen -o '{lab.keys}'" in done.err, done.err
    default = tmp_path / ".config" / "sops" / "age"
    default.mkdir(parents=True)
    (default / "keys.txt").write_text(IDENTITY)
    (default / "keys.txt").chmod(stat.S_IRUSR)
    del lab.env["SOPS_AGE_KEY_FILE"]
    assert lab.go().exit == 0
    (default / "keys.txt").unlink()
    done = lab.go(env={"SOPS_AGE_KEY": IDENTITY})
    assert done.exit == 0, done.err
    assert_nowhere(lab, done.stdout, done.stderr)


def test_neither_key_nor_value_on_a_command_line(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.program(
        "sops",
        f"""
tr '\\0' '\\n' < /proc/self/cmdline | grep -q 'SECRET-KEY' && exit 80
env | grep -q 'SECRET-KEY' && exit 81
test "$(cat)" = "{IDENTITY}" || exit 82
cat <<'END'
{ANSWER}
END
""",
    )
    done = lab.go()
    assert done.exit == 0, done.err


def test_no_recipe_is_given_the_age_key(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.recipe("run:write('x', tostring(tlab.env.get 'SOPS_AGE_KEY'))", needs="env = { 'SOPS_AGE_KEY' }")
    done = lab.go("--allow-env=SOPS_AGE_KEY", env={"SOPS_AGE_KEY": IDENTITY})
    assert done.exit == EXIT["NOT_PERMITTED"] and IDENTITY not in done.err, done.err
    assert_nowhere(lab, done.stdout)


def test_a_link_is_not_followed(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.says({"LAB_KEY": CANARY})
    (tmp_path / "theirs.yaml").write_text("cipher: text\n")
    (lab.root / "keys.sops.yaml").unlink()
    (lab.root / "keys.sops.yaml").symlink_to(tmp_path / "theirs.yaml")
    done = lab.go()
    assert done.exit != 0 and "symbolic link" in done.err, done.err


def test_doctor_says_what_opens_them(tmp_path, server):
    lab = SopsLab(tmp_path, server.port)
    lab.says({"LAB_KEY": CANARY})
    lab.program(
        "sops", lab.bin.joinpath("sops").read_text().replace("#!/bin/sh\n", "").replace("$name 9.9.9", "sops 3.11.0")
    )
    lab.program("age", "echo v1.1.1")

    def doctor():
        done = lab.tlab("doctor", "--quick", "--json", env=lab.env)
        return {check["name"]: check for check in json.loads(done.out)["checks"]}

    found = doctor()
    assert found["LAB_KEY"]["message"] == "a key, in keys.sops.yaml", found["LAB_KEY"]
    assert found["sops"]["status"] == "ok" and "3.11.0" in found["sops"]["message"]
    assert found["age"]["status"] == "ok"
    lab.program("sops", "echo sops 3.5.0")
    assert doctor()["sops"]["status"] == "fail"
    lab.keys.chmod(0o644)
    found = doctor()
    assert found["age key"]["status"] == "warn" and "chmod 600" in found["age key"]["message"]
    assert CANARY not in json.dumps(found)
