"""The real sops and age: what docs/reference/SOPS.md has people type, and what they say of files that are wrong."""

import re
import shutil
import subprocess

import pytest

import fault_server as f
from lab import BUILD, ROOT
from test_secrets import KEY as CANARY
from test_secrets import assert_nowhere
from test_sops import SopsLab, echo

pytestmark = pytest.mark.tools
SOPS = BUILD.resolve() / "tools" / "sops-3.11.0"


def typed():
    """The lines of the page's ```sh blocks, but for those that install."""
    text = (ROOT / "docs" / "reference" / "SOPS.md").read_text()
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
    return [line for line in lines if not re.match("sudo |go ", line)]


@pytest.fixture(scope="module")
def programs():
    if not shutil.which("age") or subprocess.run([ROOT / "tests" / "tools" / "fetch.sh", "sops"]).returncode != 0:
        pytest.skip("sops and age cannot be had here")
    return f"{SOPS}:/usr/bin:/bin"


class RealLab(SopsLab):
    def __init__(self, tmp_path, port, path, files):
        super().__init__(tmp_path, port, files=files)
        self.home = tmp_path / "home"
        (self.home / ".config" / "sops" / "age").mkdir(parents=True)
        self.env = {"PATH": path, "HOME": str(self.home)}

    def sh(self, line):
        env = {**self.env, "PATH": f"{self.binary.resolve().parent}:{self.env['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", "umask 077; " + line], cwd=self.root, env=env, capture_output=True, timeout=60
        )
        assert done.returncode == 0, (line, done.stderr)
        return done

    def make_key(self):
        self.sh("age-keygen -o ~/.config/sops/age/keys.txt")


@pytest.mark.parametrize(
    "name,text", [("keys.sops.yaml", f"LAB_KEY: '{CANARY}'\nn: 1\n"), ("more.env.age", f"LAB_KEY='{CANARY}'\n")]
)
def test_what_the_page_has_people_type(tmp_path, programs, name, text):
    """Key, encrypted file, run: with each of the two files in turn; then again with nothing of it there."""
    with f.FaultServer([echo]) as server:
        lab = RealLab(tmp_path, server.port, programs, ["keys.sops.yaml", "more.env.age"])
        lab.write("keys.sops.yaml", "OTHER: x\n")
        lab.write("more.env", "")
        lab.write(name.removesuffix(".age"), text)
        lines = typed()
        assert [line.split()[0] for line in lines] == ["age-keygen", "sops", "age", "tlab"]
        (lab.root / "more.env.age").unlink()
        for line in lines:
            lab.sh(line)
        (lab.root / "more.env").unlink()
        assert server.posts[0].headers["authorization"] == f"Bearer {CANARY}"
    assert lab.manifest["secrets"]["from"] == {"LAB_KEY": name}
    programs = lab.manifest["secrets"]["programs"]
    assert [program["name"] for program in programs] == (["sops"] if name == "keys.sops.yaml" else ["sops", "age"])
    assert {program["confined"]["network"] for program in programs} == {"none"}
    assert b"ENC[" in (lab.root / "keys.sops.yaml").read_bytes()
    assert_nowhere(lab)
    shutil.rmtree(lab.home)
    assert lab.tlab("replay", "latest", env={"PATH": "/usr/bin:/bin"}).exit == 0


@pytest.mark.parametrize(
    "form,text",
    [("json", f'{{"LAB_KEY": "{CANARY.replace(chr(34), chr(92) + chr(34))}"}}'), ("env", f"LAB_KEY={CANARY}\n")],
)
def test_the_other_forms_of_sops(tmp_path, programs, form, text):
    with f.FaultServer([echo]) as server:
        lab = RealLab(tmp_path, server.port, programs, [f"keys.{form}"])
        lab.write(f"keys.{form}", text)
        lab.make_key()
        lab.sh(f'sops encrypt --age "$(age-keygen -y ~/.config/sops/age/keys.txt)" --in-place keys.{form}')
        done = lab.go()
        assert done.exit == 0, done.err
        assert server.posts[0].headers["authorization"] == f"Bearer {CANARY}"


def spoil(lab, what):
    encrypted, plain = lab.root / "keys.sops.yaml", f"LAB_KEY: '{CANARY}'\n"
    if what == "clear":
        encrypted.write_text(plain)
    elif what == "a value changed":
        text = encrypted.read_text()
        at = text.index("data:") + 5
        encrypted.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    elif what == "a value added":
        encrypted.write_text("ADDED: value\n" + encrypted.read_text())
    elif what == "another's":
        (lab.home / ".config/sops/age/keys.txt").unlink()
        lab.make_key()
    elif what == "no key":
        (lab.home / ".config/sops/age/keys.txt").write_text("nothing\n")
    elif what == "cut":
        encrypted.write_text(encrypted.read_text()[:60])


@pytest.mark.parametrize(
    "what,said",
    [
        ("clear", "is not encrypted; type: sops encrypt"),
        ("a value changed", "was changed after it was encrypted"),
        ("a value added", "was changed after it was encrypted"),
        ("another's", "is not encrypted to your age key"),
        ("no key", "what was found as the age key is none"),
        ("cut", "keys.sops.yaml"),
    ],
)
def test_a_file_that_is_wrong(tmp_path, programs, what, said):
    lab = RealLab(tmp_path, 1, programs, ["keys.sops.yaml"])
    lab.write("keys.sops.yaml", f"LAB_KEY: '{CANARY}'\n")
    lab.make_key()
    lab.sh('sops encrypt --age "$(age-keygen -y ~/.config/sops/age/keys.txt)" --in-place keys.sops.yaml')
    spoil(lab, what)
    done = lab.go()
    assert done.exit != 0 and said in done.err, done.err
    if what == "clear":
        (lab.root / "keys.sops.yaml").unlink()
    assert_nowhere(lab, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "what,said",
    [
        ("clear", "is not encrypted by age"),
        ("another's", "is not encrypted to your age key"),
        ("passphrase", "passphrase"),
        ("no names", "a.env.age:1: expected NAME=value"),
    ],
)
def test_a_file_of_age_that_is_wrong(tmp_path, programs, what, said):
    lab = RealLab(tmp_path, 1, programs, ["a.env.age"])
    lab.make_key()
    text = CANARY if what == "no names" else f"LAB_KEY='{CANARY}'"
    lab.write("a.env", text + "\n")
    lab.sh('age -r "$(age-keygen -y ~/.config/sops/age/keys.txt)" -o a.env.age a.env')
    if what == "clear":
        shutil.copy(lab.root / "a.env", lab.root / "a.env.age")
    elif what == "another's":
        (lab.home / ".config/sops/age/keys.txt").unlink()
        lab.make_key()
    elif what == "passphrase":
        (lab.root / "a.env.age").write_bytes(
            b"age-encryption.org/v1\n-> scrypt 6X1vhGX9OM3sPAOmRKyLiA 10\n"
            b"ncsFdm8TNGeTHi1uZKGF7qjm4Z1qpfTBB3q4w5sAFjE\n--- F0TMAvWbZ8M0PAUyCIKuEvpLSBdGGtqiFzYxuRc5nlE\n"
        )
    done = lab.go()
    assert done.exit != 0 and said in done.err, done.err
    for name in ("a.env", "a.env.age"):
        (lab.root / name).unlink()
    assert_nowhere(lab, done.stdout, done.stderr)


def test_doctor_knows_the_versions(tmp_path, programs):
    lab = RealLab(tmp_path, 1, programs, ["keys.sops.yaml"])
    lab.make_key()
    said = lab.tlab("doctor", "--quick", env=lab.env).out
    assert re.search(r"ok +sops +3\.11\.0, /", said) and re.search(r"ok +age +1\.\d", said), said
