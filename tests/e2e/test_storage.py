"""F1, F4, F7, S8: a disk that is full, failing or read-only is told as such, and the folder tells the truth."""

import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile

import pytest

from faults import FaultLab, check_folder, strace_here, words

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
STORAGE = 8


def check_failed(lab, done, said, heard=True):
    """A clean failure: exit 8, one message that names what, a folder that claims no more than it has."""
    assert done.exit == STORAGE, (done.exit, done.err)
    if heard:
        assert said in done.err and "error[" in done.err, done.err
    assert "stack traceback" not in done.err and "error[BUG]" not in done.err, done.err
    for folder, status in lab.check_all().items():
        lab.verify_is_true(folder, status)
        if heard and status is not None:
            assert f"this run is kept as {status}" in done.err
            assert lab.tlab("show", folder).exit == 0


def sweep(lab, server, call, error, said, when="{n}", step=1):
    """Fails each call of one kind, one run a call; the statuses that were left."""
    first, last = lab.points(words(server), [call])[call]
    ends = set()
    asked = server.tries
    for n in range(first, last + 1, step):
        for folder in lab.runs():
            subprocess.run(["rm", "-rf", folder], check=True)
        inject = f"inject={call}:error={error}:when={when.format(n=n)}"
        done = lab.strace(words(server), "-e", f"trace=renameat,{call}", "-e", inject)
        hit = [line for line in done.log if "(INJECTED)" in line]
        assert hit, (call, n)
        heard = not any(line.startswith("write(2,") for line in hit)
        if all(line.startswith(("write(1,", "write(2,")) for line in hit):
            asked = server.tries
            continue  # the terminal's, not the disk's
        if (
            done.exit != 0 or "warning: runs.csv has not what this run says" not in done.err
        ):  # which a run does not fail of
            check_failed(lab, done, said, heard)
        asked += sum(has_asked(folder) for folder in lab.runs())
        assert server.tries == asked, "a request was sent that the record does not have"
        for status in lab.check_all().values():
            # Once run.json has its name, only a later step can fail: its folder's sync, or `latest`.
            assert status != "succeeded" or named(done.log), (call, n)
        ends |= set(lab.check_all().values())
    assert lab.tlab(*words(server)).exit == 0
    return ends


def has_asked(folder):
    """S8: whether the record says that the request was asked."""
    record = folder / "record" / "effects.jsonl"
    return record.exists() and b'"op":"http.send"' in record.read_bytes()


def named(log):
    """Whether the failing call came after the last manifest had got its name."""
    failed = min(i for i, line in enumerate(log) if "(INJECTED)" in line)
    return sum('"run.json"' in line and line.startswith("renameat(") for line in log[:failed]) == 2


@traced
def test_full_at_some_writes(tmp_path, server):
    """F1, S8: the daily sample of the sweep below."""
    assert "failed" in sweep(FaultLab(tmp_path / "lab"), server, "write", "ENOSPC", "No space left", step=5)


@traced
def test_what_is_not_written_down_is_not_sent(tmp_path, server):
    """S8: the very write that says that the request is asked fails: the server sees nothing."""
    lab = FaultLab(tmp_path / "lab")
    done = lab.strace(words(server), "-e", "trace=write", "-s", "9999")
    writes = [line for line in done.log if line.startswith("write(")]
    [n] = [i for i, line in enumerate(writes, 1) if '\\"op\\":\\"http.send\\"' in line]
    before = server.tries
    for when in (n, f"{n}+"):
        done = lab.strace(words(server), "-e", "trace=write", "-e", f"inject=write:error=ENOSPC:when={when}")
        assert done.exit == STORAGE, done.err
        assert server.tries == before


@traced
def test_all_is_synced_before_it_is_called_done(tmp_path, server):
    """F4, F12: each file, then the manifest, then its name: a run that is told as done survives a power cut."""
    lab = FaultLab(tmp_path / "lab")
    done = lab.strace(words(server), "-y", "-e", "trace=fsync,fdatasync,renameat")
    assert done.exit == 0, done.err
    log = [line for line in done.log if line.endswith(" = 0")]
    last = max(i for i, line in enumerate(log) if line.startswith("renameat(") and '"run.json"' in line)
    synced = [re.search(r"sync\(\d+<([^>]*)>", line)[1] for line in log[:last] if "sync(" in line]
    run = lab.latest
    missing = {str(path) for path in [run, *run.rglob("*")] if path.name != "run.json"} - set(synced)
    assert missing == set()
    temporary = re.search(r'"(\.tlab-tmp-\w+)"', log[last])[1]
    assert synced[-1] == str(run / temporary), synced[-1]
    assert log[last + 1].startswith("fsync(") and f"<{run}>" in log[last + 1]


@traced
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["{n}", "{n}+"])
@pytest.mark.parametrize("error,said", [("ENOSPC", "No space left"), ("EDQUOT", "quota"), ("EIO", "Input/output")])
def test_every_write_fails(tmp_path, server, error, said, when):
    """F1, F3, F4, S8: each write once, and from there on; what is not written down is not sent."""
    sweep(FaultLab(tmp_path / "lab"), server, "write", error, said, when)


@traced
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", ["fsync", "fdatasync", "renameat", "mkdirat", "symlinkat"])
@pytest.mark.parametrize("when", ["{n}", "{n}+"])
def test_every_other_call_fails(tmp_path, server, call, when):
    """F4: a sync or rename that failed is never a success, nor retried as one."""
    lab = FaultLab(tmp_path / "lab")
    if call not in lab.points(words(server), [call]):
        pytest.skip(f"a run makes no {call}")
    sweep(lab, server, call, "EIO", "Input/output", when)


@pytest.fixture
def disk(tmp_path):
    """Mounts a tmpfs with these options; unmounted at the end."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, leave):
    """Fills the disk but for so many pages of 4 KiB."""
    stat = os.statvfs(folder)
    (folder / "filler").write_bytes(b"x" * max(0, (stat.f_bavail - leave) * stat.f_frsize))


def levels(lab, folder, server, pages):
    ends = set()
    for leave in pages:
        for run in lab.runs():
            subprocess.run(["rm", "-rf", run], check=True)
        fill(folder, leave)
        done = lab.tlab(*words(server))
        if done.exit == 0:
            assert lab.tlab("verify", "latest").exit == 0
            ends.add("succeeded")
        else:
            check_failed(lab, done, "No space left")
            ends |= set(lab.check_all().values())
        (folder / "filler").unlink()
    assert lab.tlab(*words(server)).exit == 0
    return ends


@root
def test_a_disk_with_little_space(disk, server):
    """F1: real ENOSPC, at some levels between nothing and enough."""
    folder = disk("size=512k")
    ends = levels(FaultLab(folder / "lab"), folder, server, [0, 4, 9, 40])
    assert "succeeded" in ends and len(ends) > 1


@root
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_disk_with_every_amount_of_space(disk, server):
    """F1: the same for each number of free pages."""
    folder = disk("size=512k")
    ends = levels(FaultLab(folder / "lab"), folder, server, range(30))
    assert {"failed", "succeeded"} <= ends


@root
@pytest.mark.slow
def test_a_disk_with_few_inodes(disk, server):
    """F2: files cannot be made any more, at each step of a run."""
    folder = disk("size=4m,nr_inodes=60")
    lab = FaultLab(folder / "lab")
    ends = set()
    for spare in range(40):
        for run in lab.runs():
            subprocess.run(["rm", "-rf", run], check=True)
        free = os.statvfs(folder).f_ffree
        taken = [folder / f"i{i}" for i in range(max(0, free - spare))]
        for path in taken:
            path.touch()
        done = lab.tlab(*words(server))
        if done.exit != 0:
            check_failed(lab, done, "No space left")
        ends |= set(lab.check_all().values())
        for path in taken:
            path.unlink()
    assert {"running", "succeeded"} <= ends  # not even the last manifest finds an inode


@root
def test_a_read_only_disk(disk, server):
    """F7: a run is refused by name; what is there can be shown, verified and replayed."""
    folder = disk("size=4m")
    lab = FaultLab(folder / "lab")
    assert lab.tlab(*words(server)).exit == 0
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    done = lab.tlab(*words(server))
    assert done.exit == STORAGE and "Read-only file system" in done.err, done.err
    assert server.tries == 1 and len(lab.runs()) == 1
    for command in ("show", "verify", "replay"):
        done = lab.tlab(command, "latest")
        assert done.exit == 0, done.err


@root
def test_a_lab_of_somebody_else(server):
    """F1: without the permission to write: told, exit 8, nothing sent."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        lab = FaultLab(folder / "lab")
        binary = pathlib.Path(shutil.copy(lab.command()[0], folder))
        done = subprocess.run(
            [binary, *words(server)],
            cwd=lab.root,
            capture_output=True,
            text=True,
            user=65534,
            group=65534,
            extra_groups=[],
            env={"PATH": os.environ["PATH"]},
        )
        assert done.returncode == STORAGE and "Permission denied" in done.stderr, done.stderr
        assert "error[BUG]" not in done.stderr and server.requests == [] and lab.runs() == []


@pytest.mark.parametrize("target", ["/dev/full", "closed"])
def test_an_output_that_fails(tmp_path, server, target):
    """F15: the run is recorded; the exit code tells that nobody could be told."""
    lab = FaultLab(tmp_path / "lab")
    shell = 'exec "$0" "$@" >&-' if target == "closed" else 'exec "$0" "$@" >/dev/full'
    done = subprocess.run(
        ["sh", "-c", shell, *lab.command(*words(server))], cwd=lab.root, capture_output=True, text=True
    )
    assert done.returncode == STORAGE, done.stderr
    assert check_folder(lab.latest) == "succeeded" and lab.tlab("verify", "latest").exit == 0


@pytest.mark.slow
def test_a_limit_on_file_size(tmp_path, server):
    """F10: SIGXFSZ is ignored; EFBIG is told like a full disk."""
    lab = FaultLab(tmp_path / "lab")
    for limit in (100, 1000, 3000, 4096):
        done = subprocess.run(
            lab.command(*words(server)),
            cwd=lab.root,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        done.exit, done.err = done.returncode, done.stderr
        check_failed(lab, done, "File too large")
        for run in lab.runs():
            subprocess.run(["rm", "-rf", run], check=True)
