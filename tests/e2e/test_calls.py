"""F4, F5, F8, F16: closing, reading and opening that fail, too few descriptors, and kernels and disks that cannot."""

import json
import resource
import subprocess

import pytest

from faults import ARTIFACTS, FaultLab, check_folder, strace_here, words

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


def inject(lab, command, call, error, when, *more):
    done = lab.strace(command, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}", *more)
    done.hit = [line for line in done.log if "(INJECTED)" in line]
    return done


# --- F5: a file that cannot be read any more ---------------------------------------------------------


@traced
def test_each_file_of_a_run_that_cannot_be_read(lab, server):
    """F5: verify and replay name the file, exit with other than 0, and make nothing up."""
    assert lab.tlab(*words(server)).exit == 0
    run = lab.latest
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    read = 0
    for path in sorted(before):
        name = str(path.relative_to(run))
        for command in ("verify", "replay", "show"):
            done = inject(lab, [command, str(run)], "read,pread64", "EIO", "1+", "-P", str(path))
            if not done.hit:
                assert done.exit == 0, (command, name, done.err)  # it has no need of it
                continue
            read += 1
            assert done.exit in (5, 8), (command, name, done.exit, done.err)
            told = done.out + done.err
            assert path.name in told and "Input/output error" in told, (command, name, told)
            assert "error[BUG]" not in done.err, (command, name, done.err)
    assert read > len(before)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert server.tries == 1


# --- F8: descriptors -----------------------------------------------------------------------------------


def unread(folder):
    """Whether the run's end could not read the record or the folder, and says so: then run.json cannot tell what is in it."""
    error = json.loads((folder / "run.json").read_text())["error"]["message"]
    return "record/effects.jsonl" in error or error.startswith(("cannot open", "cannot read", "cannot list"))


def sweep_open(lab, server, error, step=1):
    """Fails each opening of a run in turn: told, or done without; the next run works."""
    points = lab.points(words(server), ["openat", "openat2"])
    for call, (_, last) in points.items():
        for n in range(1, last + 1, step):
            before = set(lab.runs())
            done = inject(lab, words(server), call, error, n)
            assert done.hit, (call, n)
            new = set(lab.runs()) - before
            for folder in new:
                status = check_folder(folder)
                if not (status == "failed" and unread(folder)):
                    lab.verify_is_true(folder, status)
                assert status != "running" or done.exit != 0, (call, n)
            if done.exit == 0:
                assert [check_folder(folder) for folder in new] == ["succeeded"], (call, n, done.hit)
            elif done.exit != 127:  # the loader's own
                assert done.exit in (1, 8) and "error[" in done.err, (call, n, done.exit, done.err)
                assert "error[BUG]" not in done.err and "stack traceback" not in done.err, (call, n, done.err)
    assert lab.tlab(*words(server)).exit == 0
    assert lab.tlab("verify", "latest").exit == 0


@traced
def test_some_openings_fail(lab, server):
    """F8: the daily sample."""
    sweep_open(lab, server, "EMFILE", step=15)


@traced
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("error", ["EMFILE", "EIO"])
def test_every_opening_fails(lab, server, error):
    """F4, F8: each once, of the process's and of the system's limit, and of a disk that fails."""
    sweep_open(lab, server, error, step=2)


@pytest.mark.slow
def test_few_descriptors(lab, server):
    """F8: a run works with some, and with fewer says so; none of them is lost to the next effect."""
    ends = {}
    for limit in range(4, 40):
        done = subprocess.run(
            lab.command(*words(server)),
            cwd=lab.root,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
        )
        ends[limit] = done.returncode
        assert "error[BUG]" not in done.stderr and "traceback" not in done.stderr, (limit, done.stderr)
        assert done.returncode in (0, 1, 7, 8, 127), (limit, done.returncode, done.stderr)
        assert done.returncode == 0 or "error" in done.stderr, (limit, done.stderr)
    lab.check_all()
    assert ends[39] == 0, ends
    least = min(limit for limit in ends if ends[limit] == 0)
    lab.recipe("for i = 1, 500 do run:write(i .. '.txt', 'x') assert(tlab.fs.read(i .. '.txt')) tlab.fs.read('no') end")
    done = subprocess.run(
        lab.command("run", "try"),
        cwd=lab.root,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (least, least)),
    )
    assert done.returncode == 0, "descriptors leak: " + done.stderr


# --- F4: close -------------------------------------------------------------------------------------------


@traced
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_close_of_a_written_file_fails(lab, server):
    """F4: the last moment at which a disk may tell that it lost what was written."""
    points = lab.points(words(server), ["close"])
    failed = 0
    for n in range(points["close"][0], points["close"][1] + 1):
        before = set(lab.runs())
        done = inject(lab, words(server), "close", "EIO", n, "-y")
        new = set(lab.runs()) - before
        if not new:  # it came before the run had a folder
            assert done.exit != 0 and "error[" in done.err and "error[BUG]" not in done.err, (done.hit, done.err)
            continue
        [run] = new
        status = check_folder(run)
        lab.verify_is_true(run, status)
        if done.exit == 0:  # a folder, a file that was only read, or one that was synced before
            assert status == "succeeded"
        else:
            failed += 1
            assert "error[" in done.err and "error[BUG]" not in done.err, (done.hit, done.err)
    assert failed >= len(ARTIFACTS) + 2, "the closing of each artifact, the spec and the recipe is held to be done"


# --- F16: kernels and file systems that cannot -------------------------------------------------------------


@traced
def test_a_kernel_without_openat2(lab, server):
    """F16: paths cannot be held beneath a folder, so a recipe's path is refused with the reason; never opened otherwise."""
    done = inject(lab, words(server), "openat2", "ENOSYS", "1+")
    assert done.exit != 0 and "openat2" in done.err and "Linux 5.6" in done.err, done.err
    for folder in lab.runs():
        assert check_folder(folder) in (None, "failed")
        assert not (folder / "a.txt").exists()


@traced
@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_a_disk_without_locks(lab, server, error):
    """F16: a run is the same; nothing is swept, since a file in use cannot be told from one that was left."""
    assert lab.tlab(*words(server)).exit == 0
    left = lab.root / ".tlab-tmp-0123456789abcdef"
    left.write_text("somebody's")
    done = inject(lab, words(server), "flock", error, "1+")
    assert done.exit == 0 and done.hit, done.err
    assert check_folder(lab.latest) == "succeeded" and lab.tlab("verify", "latest").exit == 0
    assert left.exists()
    assert lab.tlab(*words(server)).exit == 0
    assert not left.exists(), "with locks it is swept"


@traced
@pytest.mark.parametrize(
    "call,error", [("renameat", "ESTALE"), ("symlinkat", "EPERM"), ("fchmod", "EPERM"), ("getrandom", "ENOSYS")]
)
def test_a_disk_that_cannot(lab, server, call, error):
    """F16: refused with the reason, as a network disk or a FAT stick would have it, or the same result."""
    assert lab.tlab(*words(server)).exit == 0
    before = set(lab.runs())
    done = inject(lab, words(server), call, error, "1+")
    assert done.hit, f"a run makes no {call}"
    for run in set(lab.runs()) - before:
        lab.verify_is_true(run, check_folder(run))
    if done.exit == 0:
        assert lab.manifest["status"] == "succeeded" and lab.latest not in before
    else:
        assert "error[" in done.err and "error[BUG]" not in done.err, done.err
    assert lab.tlab(*words(server)).exit == 0
