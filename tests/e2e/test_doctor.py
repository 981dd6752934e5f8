"""tlab doctor: each line made to warn or to fail by a real condition, and none of them without one."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from faults import FaultLab, kill_and_reap, schema, strace_here
from lab import TLAB
from real_git import git as real_git

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting, and being somebody else, need root")
KEY = "s3cret-value-of-a-key"


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


def checks(done):
    """The lines by name, after what holds for each answer of the doctor."""
    value = json.loads(done.out)
    schema("doctor").validate(value)
    failed = [check["name"] for check in value["checks"] if check["status"] == "fail"]
    assert value["ok"] == (not failed) and done.exit == (1 if failed else 0), done.out
    assert "error[BUG]" not in done.err and done.err == "", done.err
    return {check["name"]: check for check in value["checks"]}


def doctor(lab, *words, env=None, folder=None):
    """TMPDIR is a folder of the test's own: what other tests leave in /tmp is not ours to judge."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [TLAB, "doctor", "--json", *words],
            cwd=folder or lab.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], "TMPDIR": scratch, **(env or {})},
        )
    done.exit, done.out, done.err = done.returncode, done.stdout.decode(), done.stderr.decode()
    return checks(done)


def traced_doctor(lab, *options):
    done = lab.strace(["doctor", "--json", "--quick"], *options)
    assert any("INJECTED" in line for line in done.log), done.log
    return checks(done)


def expect(found, name, status, said):
    check = found[name]
    assert check["status"] == status and said in check["message"], check
    assert status == "ok" or check["mend"], check
    return check


def old(path):
    """Older than a process that has just begun."""
    os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)


def test_a_lab_that_is_well(lab):
    assert lab.tlab(lab.recipe("run:write('a.txt', 'a')")).exit == 0
    os.chmod(lab.root, 0o700)
    found = doctor(lab)
    for name in (
        "tlab",
        "libcurl",
        "libedit",
        "libgit2",
        "openssl",
        "kernel",
        "worker",
        "clock",
        "environment",
        "lab",
        "space",
        "disk",
        "lab folder",
        "git",
        "latest",
        "leftovers",
        "manifests",
    ):
        assert found[name]["status"] == "ok", found[name]
    before = sorted(lab.root.rglob("*"))
    text = lab.tlab("doctor")
    assert (
        text.exit == 0 and text.out.startswith("machine\n") and text.err.endswith(("all is well\n", "nothing fails\n"))
    )
    assert sorted(lab.root.rglob("*")) == before, "looking changed the lab"


def test_outside_a_lab(lab, tmp_path):
    found = doctor(lab, folder=tmp_path)
    expect(found, "lab", "ok", "none in this folder")
    assert "worker" in found and "space" not in found


@pytest.mark.parametrize(
    "text,said",
    [('{"schema":"tlab.lab/1","permit":{}}', "permits"), ("{", "not JSON"), ('{"schema":"tlab.lab/9"}', "tlab.lab/9")],
)
def test_a_lab_file_that_is_wrong(lab, text, said):
    lab.write("lab.json", text)
    expect(doctor(lab), "lab", "fail", said)


def test_who_may_read_and_write(lab):
    lab.write("secrets/.env.lab", f"KEY={KEY}\n")
    os.chmod(lab.root / "secrets", 0o755)
    os.chmod(lab.root / "secrets" / ".env.lab", 0o644)
    os.chmod(lab.root, 0o777)
    found = doctor(lab)
    assert expect(found, "secrets", "fail", "0755")["mend"].startswith("chmod 700 ")
    expect(found, "secrets/.env.lab", "fail", "0644")
    expect(found, "lab folder", "warn", "0777")
    for name in ("secrets", "secrets/.env.lab", "lab folder"):
        subprocess.run(["sh", "-c", found[name]["mend"]], check=True)
    found = doctor(lab)
    assert {found[name]["status"] for name in ("secrets", "secrets/.env.lab", "lab folder")} == {"ok"}


def test_a_folder_of_secrets_as_a_clone_has_it(lab):
    """Git's modes are no matter while only the page and the example are there; with any other file they are."""
    for name in ("README.md", "example.env.lab"):
        lab.write(f"secrets/{name}", "MY_KEY=\n")
    os.chmod(lab.root / "secrets", 0o755)
    expect(doctor(lab), "secrets", "ok", "none in it")
    (lab.root / "secrets/more.txt").write_text(KEY)
    expect(doctor(lab), "secrets", "fail", "others may read it: mode 0755")


def test_keys_are_present_or_missing_and_never_shown(tmp_path):
    hosts = {"hosts": ["127.0.0.1:80"]}
    lab = FaultLab(tmp_path / "lab", {"secrets": {"IN_FILE": hosts, "IN_ENV": hosts, "SHORT": hosts, "NOWHERE": hosts}})
    lab.write("secrets/.env.lab", f"IN_FILE={KEY}\nSHORT=abc\n")
    found = doctor(lab, env={"IN_ENV": KEY})
    expect(found, "IN_FILE", "ok", "secrets/.env.lab")
    expect(found, "IN_ENV", "ok", "the environment")
    expect(found, "NOWHERE", "warn", "no value")
    assert found["SHORT"]["status"] == "fail" and "8 characters" in found["SHORT"]["message"]
    assert KEY not in json.dumps(found) and '"abc"' not in json.dumps(found)


def test_variables_that_are_not_used(lab):
    found = doctor(lab, env={"https_proxy": "http://x:1", "LANG": "C", "LUA_PATH": "x"})
    assert expect(found, "environment", "warn", "https_proxy")["mend"] == "unset https_proxy"
    expect(doctor(lab, env={"LANG": "C"}), "environment", "ok", "LANG")


def test_what_libgit2_says_of_the_repository(lab):
    git = functools.partial(real_git, lab.root)
    git("init", "-q")
    expect(doctor(lab), "git", "warn", "no commit yet")
    git("add", "-A")
    git("commit", "-qm", "lab")
    expect(doctor(lab), "git", "ok", "nothing changed")
    lab.write("more.txt", "x")
    expect(doctor(lab), "git", "ok", "and changes of")
    git("config", "core.repositoryformatversion", "1")
    git("config", "extensions.worktreeConfig", "true")
    assert "git clone" in expect(doctor(lab), "git", "fail", "extensions.worktreeconfig")["mend"]


@root
def test_as_an_ordinary_user_in_a_repository_of_another(tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shutil.copy(TLAB, folder)
        lab = FaultLab(pathlib.Path(folder) / "lab")
        subprocess.run(["git", "init", "-q"], cwd=lab.root, check=True)
        subprocess.run(["chown", "-R", "65533", lab.root], check=True)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{folder}/tlab", "doctor", "--json"],
            cwd=lab.root,
            capture_output=True,
            env={"TMPDIR": str(tmp_path)},
        )
        done.exit, done.out, done.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        found = checks(done)
        expect(found, "user", "ok", "ordinary")
        assert "chown" in expect(found, "git", "warn", "another user")["mend"]
        expect(found, "disk", "fail", "Permission denied")
        expect(found, "worker", "ok", "starts")
        expect(found, "programs", "warn", "cannot make a scratch folder")


def test_what_holds_programs_is_seen_by_running_one(lab):
    expect(doctor(lab), "programs", "ok", "no network, and no files but their own")
    done = subprocess.run(
        [
            sys.executable,
            pathlib.Path(__file__).with_name("without.py"),
            "landlock_create_ruleset=ENOSYS",
            "--",
            TLAB,
            "doctor",
            "--json",
        ],
        cwd=lab.root,
        capture_output=True,
        text=True,
    )
    done.exit, done.out, done.err = done.returncode, done.stdout, done.stderr
    expect(checks(done), "programs", "warn", "can reach the user's files")


def test_a_root_user_is_told_once(lab):
    found = doctor(lab)
    assert found["user"]["status"] == ("warn" if os.geteuid() == 0 else "ok")


def test_what_killed_processes_left(lab):
    assert lab.tlab(lab.recipe("run:write('a.txt', 'a')")).exit == 0
    run = lab.latest
    (run / ".tlab-tmp-0123456789abcdef").write_bytes(b"x" * 1000)
    orphan = run.parent / "000000Z-try-01234567"
    orphan.mkdir()
    old(orphan)
    check = expect(doctor(lab), "leftovers", "warn", "2 files and folders of killed processes, 1.0 kB")
    assert check["mend"] == "tlab gc --dry-run"
    assert "leftovers" not in doctor(lab, "--quick")


def test_a_run_that_lost_its_manifest(lab):
    assert lab.tlab(lab.recipe("run:write('a.txt', 'a')")).exit == 0
    folder = lab.latest.relative_to(lab.root)
    (lab.latest / "run.json").unlink()
    found = doctor(lab)
    assert str(folder) in expect(found, "manifests", "fail", "1 run folder without run.json")["mend"]
    expect(found, "latest", "warn", "leads nowhere")
    subprocess.run(["sh", "-c", found["latest"]["mend"]], cwd=lab.root, check=True)
    assert "latest" not in doctor(lab)


def test_a_run_that_was_killed(lab):
    process = lab.start("run", lab.recipe("run:write('a.txt', 'a') tlab.clock.sleep(60000)"))
    until = time.monotonic() + 10
    while not list(lab.root.glob("2*/*/*/ai-team/artifacts/*/a.txt")) and time.monotonic() < until:
        time.sleep(0.02)
    assert "interrupted" not in doctor(lab), "it is in progress"
    kill_and_reap(process)
    [run] = lab.runs()
    found = doctor(lab, "--quick")
    assert expect(found, "interrupted", "warn", "1 run was cut off")["mend"] == f"tlab resume {run.name[-8:]}"


def test_the_index_against_the_folders(lab):
    name = lab.recipe("run:write('a.txt', 'a')")
    for _ in range(3):
        assert lab.tlab(name).exit == 0
    first, second, _ = lab.runs()
    expect(doctor(lab), "index", "ok", "3 rows")
    lines = (lab.root / "runs.csv").read_text().splitlines(keepends=True)
    gone = str(first.relative_to(lab.root))
    (lab.root / "runs.csv").write_text("".join(line for line in lines if gone not in line))
    expect(doctor(lab), "index", "warn", f"1 run has no row: {gone}")
    (lab.root / "runs.csv").write_text("".join(lines))
    shutil.rmtree(second)
    expect(doctor(lab), "index", "warn", "1 row without a run: " + str(second.relative_to(lab.root)))
    (lab.root / "runs.csv").write_text("garbage\n")
    found = doctor(lab)
    assert found["index"]["status"] != "ok" and "--rebuild" in found["index"]["mend"], found["index"]
    assert lab.tlab("runs", "--rebuild").exit == 0
    expect(doctor(lab), "index", "ok", "2 rows")


def test_a_file_where_latest_should_be(lab):
    lab.write("latest", "x")
    expect(doctor(lab), "latest", "warn", "a file is in the way")


def test_a_run_that_is_still_to_come(lab):
    (lab.root / "2099/12/31/ai-team/235959Z-try-01234567").mkdir(parents=True)
    expect(doctor(lab), "time", "warn", "2099-12-31T23:59:59.000Z")


@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not here")
def test_a_clock_that_is_wrong(lab):
    done = subprocess.run(
        ["faketime", "1999-01-01", TLAB, "doctor", "--json", "--quick"], cwd=lab.root, capture_output=True
    )
    done.exit, done.out, done.err = done.returncode, done.stdout.decode(), ""
    expect(checks(done), "clock", "fail", "1999-01-01")


@traced
@pytest.mark.parametrize(
    "call,error,name,status,said",
    [
        ("openat2", "ENOSYS", "kernel", "fail", "no openat2"),
        ("memfd_create", "ENOSYS", "memfd", "fail", "no memfd"),
        ("socketpair", "EMFILE", "worker", "fail", "does not start"),
        ("flock", "ENOLCK", "disk", "warn", "no locks"),
        ("symlinkat", "EPERM", "disk", "fail", "a symbolic link fails"),
        ("landlock_create_ruleset", "ENOSYS", "worker", "warn", "lacks landlock"),
    ],
)
def test_a_kernel_or_file_system_that_lacks_something(lab, call, error, name, status, said):
    found = traced_doctor(lab, "-f", "-e", f"trace={call}", "-e", f"inject={call}:error={error}")
    expect(found, name, status, said)
    left = [path.name for path in lab.root.iterdir() if path.name.startswith(".tlab-tmp-")]
    assert left == [], left


@pytest.fixture
def disk(tmp_path):
    """Mounts a tmpfs with these options; unmounted at the end."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr}")
        return folder

    yield mount
    subprocess.run(["umount", "-l", folder], capture_output=True)


@root
def test_a_full_disk(disk):
    lab = FaultLab(disk("size=8M") / "lab")
    expect(doctor(lab), "space", "warn", "only")
    try:
        (lab.root / "fill").write_bytes(b"x" * (16 << 20))
    except OSError:
        pass
    found = doctor(lab)
    expect(found, "space", "fail", "0 B free")
    expect(found, "disk", "fail", "No space left")


@root
def test_no_room_for_another_file(disk):
    lab = FaultLab(disk("nr_inodes=30") / "lab")
    for n in range(30):
        try:
            (lab.root / str(n)).write_text("")
        except OSError:
            break
    expect(doctor(lab), "space", "fail", "0 files")


@root
def test_a_disk_that_is_read_only(disk):
    folder = disk("size=8M")
    lab = FaultLab(folder / "lab")
    assert lab.tlab(lab.recipe("run:write('a.txt', 'a')")).exit == 0
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    found = doctor(lab)
    expect(found, "disk", "warn", "read-only")
    expect(found, "manifests", "ok", "1 run")
