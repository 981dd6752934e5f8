"""secrets/.env.lab: whose it may be, who may read it, what is said of a wrong line, and no core that has it."""

import os
import re
import resource
import signal
import subprocess

import pytest

import fault_server as f
from faults import FaultLab
from lab import EXIT, ROOT, wait_for
from test_secrets import KEY, assert_nowhere

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's files take root to make")


def key_lab(tmp_path, port=1):
    lab = FaultLab(
        tmp_path / "lab",
        {"permits": {"allow": {"net": ["127.0.0.1:*"]}}, "secrets": {"LAB_KEY": {"hosts": ["127.0.0.1:*"]}}},
    )
    lab.recipe(
        "tlab.http.send { method = 'POST', body = 'q', url = 'http://127.0.0.1:%d/', headers = "
        "{ authorization = tlab.secret 'LAB_KEY' } }" % port,
        needs="net = { '127.0.0.1:*' }",
    )
    lab.write("secrets/.env.lab", f"LAB_KEY='{KEY}'\n")
    return lab


def refused(lab, exit, *said):
    """The run has not begun: nothing is written."""
    done = lab.tlab("run", "try")
    assert done.exit == exit, done.err
    for text in said:
        assert text in done.err, done.err
    assert not lab.latest.exists() and not list(lab.root.glob("20*"))
    assert_nowhere(lab, done.stdout, done.stderr)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o677])
def test_a_file_that_others_may_touch(tmp_path, mode):
    with f.FaultServer([f.json_answer("x")]) as server:
        lab = key_lab(tmp_path, server.port)
        path = lab.root / "secrets" / ".env.lab"
        path.chmod(mode)
        refused(lab, EXIT["RUN_FAILED"], "error[REFUSED]", f"(mode {mode:04o}); type: chmod 600 secrets/.env.lab")
        assert server.requests == []
        path.chmod(0o600)
        assert lab.tlab("run", "try").exit == 0
        path.chmod(0o400)
        assert lab.tlab("run", "try").exit == 0


@needs_root
def test_a_file_of_another_user(tmp_path):
    lab = key_lab(tmp_path)
    os.chown(lab.root / "secrets" / ".env.lab", NOBODY, NOBODY)
    refused(
        lab,
        EXIT["RUN_FAILED"],
        "error[REFUSED]",
        "belongs to another user (65534, you are 0)",
        "type: sudo chown 0 secrets/.env.lab",
    )


@pytest.mark.parametrize("what", ["file", "folder", "pipe"])
def test_it_is_a_plain_file_of_the_lab(tmp_path, what):
    lab = key_lab(tmp_path)
    theirs = tmp_path / "theirs"
    (lab.root / "secrets").rename(theirs)
    if what == "folder":
        (lab.root / "secrets").symlink_to(theirs)
    else:
        (lab.root / "secrets").mkdir(0o700)
        at = lab.root / "secrets" / ".env.lab"
        at.symlink_to(theirs / ".env.lab") if what == "file" else os.mkfifo(at, 0o600)
    refused(lab, EXIT["RUN_FAILED"], "error[REFUSED]", "plain file" if what == "pipe" else "symbolic link")


@pytest.mark.parametrize(
    "text,said",
    [
        (f"A=b\n{KEY}\n", "secrets/.env.lab:2: expected NAME=value"),
        (f'# x\n\nLAB_KEY="{KEY}\n', "secrets/.env.lab:3: "),
        (f"LAB_KEY='{KEY}'\nLAB_KEY='{KEY}'\n", "secrets/.env.lab:2: LAB_KEY stands in an earlier line"),
        (f"LAB_KEY='{KEY}' and more\n", "secrets/.env.lab:1: something stands behind the value"),
    ],
)
def test_a_wrong_line(tmp_path, text, said):
    lab = key_lab(tmp_path)
    lab.write("secrets/.env.lab", text)
    refused(lab, EXIT["INVALID"], said)


def test_a_lab_that_binds_nothing_reads_nothing(tmp_path):
    lab = key_lab(tmp_path)
    lab.write("lab.json", {"schema": "tlab.lab/1"})
    lab.recipe("run:write('x', 'y')")
    (lab.root / "secrets" / ".env.lab").chmod(0o666)
    assert lab.tlab("run", "try").exit == 0
    assert "secrets" not in lab.manifest


def test_a_run_by_root_says_so_in_its_manifest_alone(tmp_path):
    lab = FaultLab(tmp_path / "lab")
    lab.recipe("run:write('x', 'y')")
    done = lab.tlab("run", "try")
    assert done.exit == 0 and "root" not in done.err + done.out.replace(str(tmp_path), "")
    assert lab.manifest["tool"].get("root") == (True if os.geteuid() == 0 else None)
    assert bool(re.search(r"^  user +root$", lab.tlab("show", "latest").out, re.MULTILINE)) == (os.geteuid() == 0)


def test_what_git_ignores_here_and_in_a_new_lab(tmp_path):
    """Of secrets/ git takes the page and the example alone; both are the same in every lab."""
    subprocess.run([FaultLab.binary, "init", tmp_path / "new"], check=True, capture_output=True)
    subprocess.run(["git", "init", "-q", tmp_path / "new"], check=True)
    for name in ("README.md", "example.env.lab"):
        assert (tmp_path / "new" / "secrets" / name).read_text() == (ROOT / "secrets" / name).read_text()
    names = ["README.md", "example.env.lab", ".env.lab", "keys.txt", "a.sops.yaml", "deep/x", ".env", "README.md.age"]
    for root in (ROOT, tmp_path / "new"):
        ignored = subprocess.run(
            ["git", "check-ignore", "--no-index", *[f"secrets/{name}" for name in names]],
            cwd=root,
            capture_output=True,
            text=True,
        ).stdout.split()
        assert ignored == [f"secrets/{name}" for name in names[2:]], root
        assert not subprocess.run(
            ["git", "check-ignore", "--no-index", "keys.sops.yaml", "more.env.age"], cwd=root, capture_output=True
        ).stdout


def test_these_tests_are_run_by_whom_they_should_be():
    """tests/user.sh says who that is."""
    assert os.geteuid() == int(os.environ.get("TESTS_USER", os.geteuid()))


def core_of(tmp_path, name, config, env):
    """Whether the supervisor of a run leaves a core when it crashes, and its limit on one."""
    lab = FaultLab(tmp_path / name, {"permits": {"allow": {"net": ["127.0.0.1:*"]}}, **config})
    with f.FaultServer([f.silence()]) as server:
        lab.recipe(
            f"tlab.http.send {{ method = 'POST', url = 'http://127.0.0.1:{server.port}/' }}",
            needs="net = { '127.0.0.1:*' }",
        )
        process = lab.start(
            "run",
            "try",
            env=env,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            ),
        )
        wait_for(lambda: server.tries == 1)
        limits = open(f"/proc/{process.pid}/limits").read()
        os.kill(process.pid, signal.SIGSEGV)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -signal.SIGSEGV
        process.stdout.close(), process.stderr.close()
    for core in lab.root.glob("core*"):
        core.unlink()
    return os.WCOREDUMP(status), re.search(r"Max core file size +(\S+)", limits)[1]


def test_no_core_has_it(tmp_path):
    try:
        left, limit = core_of(tmp_path, "open", {}, {})
    except ValueError:
        pytest.skip("the limit on cores cannot be raised here")
    assert limit == "unlimited"
    bound = {"secrets": {"LAB_KEY": {"hosts": ["127.0.0.1:*"]}}}
    assert core_of(tmp_path, "closed", bound, {"LAB_KEY": KEY}) == (False, "0")
    if not left:
        pytest.skip("nothing leaves a core here: only the limit was looked at")
