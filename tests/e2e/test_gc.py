"""tlab gc: whatever lies in a lab, nothing but what is listed ever disappears, and nothing of use is listed."""

import fcntl
import json
import os
import random
import re
import shutil
import subprocess
import time

import pytest

from faults import FaultLab, kill_and_reap, strace_here
from lab import TLAB

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
TEMP = ".tlab-tmp-0123456789abcde{}"
HOME = "ai-team/artifacts"


@pytest.fixture
def lab(tmp_path):
    lab = FaultLab(tmp_path / "lab")
    lab.scratch = tmp_path / "scratch"
    lab.scratch.mkdir()
    lab.recipe("run:write('sub/a.txt', 'a')")
    return lab


def old(path):
    os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    return path


def state(*folders):
    """Everything below, links by where they lead, files by what they hold. The index is derived, and left out."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            name = str(path)
            if "/.tlab/" in name or name.endswith(("runs.csv", "/.tlab")):
                continue
            found[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


def gc(lab, *words):
    done = subprocess.run(
        [TLAB, "gc", "--json", *words],
        cwd=lab.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(lab.scratch)},
    )
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    assert answer["kept"] == [], answer
    return {entry["path"]: entry for entry in answer["removed"]}


def covered(lab, path, listed):
    """Whether a path is one of those, or below one."""
    for name in listed:
        full = name if name.startswith("/") else f"{lab.root}/{name}"
        if path == full or path.startswith(full + "/"):
            return True
    return False


def check_gc(lab, *outside):
    """What a dry run lists is what goes, all of it, and nothing else does. Gives what was listed."""
    before = state(lab.root, lab.scratch, *outside)
    listed = gc(lab, "--dry-run")
    assert state(lab.root, lab.scratch, *outside) == before, "a dry run changed something"
    assert set(gc(lab, "--yes")) == set(listed)
    after = state(lab.root, lab.scratch, *outside)
    for path, content in before.items():
        if covered(lab, path, listed):
            assert path not in after, f"listed and still there: {path}"
        else:
            assert path in after and after[path] == content, f"not listed, and gone or changed: {path}"
    assert set(after) <= set(before)
    assert gc(lab, "--dry-run") == {}
    return listed


def finished(lab, name="try"):
    done = lab.tlab(name, "-q")
    assert done.exit == 0, done.err
    return lab.root / done.out.strip()


def test_nothing_of_use_is_listed(lab, tmp_path):
    run = finished(lab)
    lab.tlab("tag", "latest", "kept")
    cut = finished(lab)
    manifest = json.loads((cut / "run.json").read_text())
    (cut / "run.json").write_text(json.dumps({**manifest, "status": "running"}))
    lost = finished(lab)  # somebody removed its manifest: what it made is not ours to throw away
    (lost / "run.json").unlink()
    lab.write(f"notes/{TEMP.format(0)}", "a folder of the person's own")
    (run / ".tlab-tmp-").write_text("not the form")
    (run / "sub" / "x.tmp").write_text("not a blob")
    for path in lab.root.rglob("*"):
        old(path)
    assert check_gc(lab) == {}


def test_each_kind_is_listed_and_goes(lab):
    run = finished(lab)
    temporary = {
        lab.root / TEMP.format(1),
        run / TEMP.format(2),
        run / "sub" / TEMP.format(3),
        run.parent / TEMP.format(4),
        run.parent.parent.parent / TEMP.format(5),
        lab.root / ".tlab" / TEMP.format(6),
        run / "record" / "blobs" / ("0" * 64 + ".tmp"),
    }
    for path in temporary:
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
        old(path)
    link = lab.root / TEMP.format(7)
    link.symlink_to(run / "run.json")
    old(link)
    orphan = run.parent / "000000Z-try-01234567"
    (orphan / "record").mkdir(parents=True)
    (orphan / TEMP.format(8)).write_text("{")
    old(orphan)
    scratch = lab.scratch / "tlab-replay-0123456789abcdef"
    (scratch / "sub").mkdir(parents=True)
    (scratch / "a.txt").write_text("a")
    old(scratch)
    (lab.scratch / "tlab-replay-notes").mkdir()
    listed = check_gc(lab)
    wanted = {str(path.relative_to(lab.root)) for path in {*temporary, link, orphan}} | {str(scratch)}
    assert set(listed) == wanted
    assert listed[str(orphan.relative_to(lab.root))]["kind"] == "folder"
    assert lab.tlab("verify", run).exit == 0


def test_what_is_young_or_held_stays(lab):
    run = finished(lab)
    (run.parent / "000000Z-try-01234567").mkdir()  # of a run that begins now
    (lab.scratch / "tlab-replay-0123456789abcdef").mkdir()
    (lab.root / TEMP.format(1)).symlink_to("x")
    held = run / TEMP.format(2)
    held.write_text("half")
    with open(old(held), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert gc(lab, "--dry-run") == {} == gc(lab, "--yes")
    assert set(gc(lab, "--yes")) == {str(held.relative_to(lab.root))}


def test_a_run_in_progress_stays_and_is_refused_by_name(lab):
    lab.recipe("run:write('a.txt', 'a') tlab.clock.sleep(60000)", name="long")
    process = lab.start("run", "long")
    try:
        until = time.monotonic() + 10
        while not list(lab.root.glob(f"2*/*/*/{HOME}/*/a.txt")) and time.monotonic() < until:
            time.sleep(0.02)
        [run] = lab.root.glob(f"2*/*/*/{HOME}/*")
        for path in [run, *run.rglob("*")]:
            old(path)
        assert gc(lab, "--dry-run") == {}
        done = lab.tlab("gc", run, "--yes")
        assert done.exit == 1 and "in progress" in done.err, done.err
        assert (run / "a.txt").exists()
    finally:
        kill_and_reap(process)
    done = lab.tlab("gc", run, "--yes")
    assert done.exit == 0 and not run.exists(), done.err


@pytest.mark.slow
def test_a_replay_in_progress_keeps_its_folder(lab):
    lab.recipe("run:write('a.txt', 'a') while true do end", name="busy")
    done = lab.tlab("run", "busy", "--limit-cpu=1")
    assert done.exit == 1
    process = lab.start("replay", "latest", env={"TMPDIR": str(lab.scratch)})
    try:
        until = time.monotonic() + 10
        while not list(lab.scratch.glob("tlab-replay-*/a.txt")) and time.monotonic() < until:
            time.sleep(0.01)
        [folder] = lab.scratch.glob("tlab-replay-*")
        old(folder)
        assert gc(lab, "--yes") == {}
    finally:
        kill_and_reap(process)
    assert set(gc(lab, "--yes")) == {str(folder)}


def test_planted_links_are_not_followed(lab, tmp_path):
    run = finished(lab)
    outside = tmp_path / "outside"
    far = outside / "01" / HOME / "000000Z-try-01234567"
    far.mkdir(parents=True)
    (far / TEMP.format(1)).write_text("not yours")
    (outside / TEMP.format(2)).write_text("not yours")
    year = run.parents[4]
    (lab.root / "1999").symlink_to(outside)  # a year, a month, a home, a run: each leads out of the lab
    (year / "13").symlink_to(outside)
    (run.parent / "home").symlink_to(outside)
    (run.parent / "000000Z-try-76543210").symlink_to(far)
    (run / "away").symlink_to(outside)
    (lab.scratch / "tlab-replay-0123456789abcdef").symlink_to(outside)
    orphan = run.parent / "000000Z-try-00000000"
    orphan.mkdir()
    (orphan / TEMP.format(3)).symlink_to(outside)
    (lab.root / ".tlab").mkdir(exist_ok=True)
    (lab.root / ".tlab" / "more").symlink_to(outside)
    for path in [*lab.root.rglob("*"), *lab.scratch.rglob("*"), *outside.rglob("*")]:
        if not path.is_symlink():
            old(path)
    listed = check_gc(lab, outside)
    assert set(listed) == {str(orphan.relative_to(lab.root))}
    assert lab.tlab("gc", run, "--yes").exit == 0
    assert not run.exists() and (outside / TEMP.format(2)).exists() and far.exists()


def test_a_link_that_is_planted_after_the_list(lab, tmp_path):
    """Between the list and the removal a folder on the way becomes a link: what it leads to stays."""
    run = finished(lab)
    outside = tmp_path / "outside"
    shutil.copytree(run.parent, outside / "artifacts")
    for home in (run.parent, outside / "artifacts"):
        old(home / TEMP.format(1) if (home / TEMP.format(1)).write_text("x") else home)
    lab.write(
        "swap.lua",
        f"""
      local core, rubbish = require 'core', require 'host.store.rubbish'
      local found = rubbish.find('{lab.root}')
      assert(#found.entries == 1, #found.entries)
      assert(core.fs.purge('{run.parent}'))
      assert(core.fs.symlink('{outside}/artifacts', '{run.parent}'))
      local gone, err = rubbish.remove('{lab.root}', found.entries[1])
      assert(gone == nil and err.code == 'REFUSED', err and err.message)
      return true
    """,
    )
    done = lab.tlab("--self-test", "swap.lua", env={"TMPDIR": str(lab.scratch)})
    assert done.exit == 0, done.err + done.out
    assert (outside / "artifacts" / TEMP.format(1)).exists()


def random_lab(lab, rng):
    """Names that are almost, or quite, what gc looks for, in places that are or are not its own."""
    days = [
        f"{rng.choice(['2026', '1999', '20x6', '99999'])}/{rng.choice(['01', '1', '12'])}/{rng.choice(['02', 'x'])}"
        for _ in range(3)
    ]
    homes = [
        "",
        "notes",
        ".tlab",
        ".tlab/open",
        *days,
        *(f"{day}/{HOME}" for day in days),
        *(f"{day}/a/b/c/d" for day in days),
    ]
    names = [
        TEMP.format(rng.randrange(10)),
        ".tlab-tmp-",
        ".tlab-tmpx",
        "a.txt",
        "run.json",
        "spec.json",
        "0" * 64 + ".tmp",
        "01234567",
        "runs.csv",
    ]
    for _ in range(40):
        home = lab.root / rng.choice(homes)
        if rng.random() < 0.6:
            home = home / rng.choice(["000000Z-try-01234567", "000000Z-try-0123456", "111111Z-a-b-aaaaaaaa", "x"])
        if rng.random() < 0.3:
            home = home / rng.choice(["record/blobs", "sub", "record"])
        try:
            home.mkdir(parents=True, exist_ok=True)
            path = home / rng.choice(names)
            kind = rng.random()
            if kind < 0.7:
                path.write_text(rng.choice(["", "x", "{}"]))
            elif kind < 0.85:
                path.symlink_to(rng.choice(["/etc", "..", "nowhere", str(lab.root)]))
            else:
                path.mkdir()
        except OSError:
            pass
    for path in lab.root.rglob("*"):
        if rng.random() < 0.8:
            old(path)


def may_go(lab, name, was):
    """By this test's own reading: a temporary name where tlab writes, or a run folder that holds nothing else."""
    if re.fullmatch(r"(\.tlab/(.*/)?|(\d{4}/\d\d/\d\d/.*)?)\.tlab-tmp-[\w-]+", name):
        return True
    if re.fullmatch(r"\d{4}/\d\d/\d\d/.*Z-[a-z0-9_-]+-[0-9a-f]{8}/record/blobs/[0-9a-f]+\.tmp", name):
        return True
    if re.fullmatch(r"\.tlab/open/[^/]+", name):
        return True
    below = [path for path in was if path.startswith(f"{lab.root}/{name}/")]
    files = [path for path in below if was[path] is not None]
    return bool(re.fullmatch(r"\d{4}/\d\d/\d\d/.*\d{6}Z-[a-z0-9_-]+-[0-9a-f]{8}", name)) and all(
        re.search(r"/\.tlab-tmp-[\w-]+$|/record/blobs/[0-9a-f]+\.tmp$", path) for path in files
    )


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(n, marks=pytest.mark.slow) for n in range(6, 120))])
def test_in_labs_of_random_names(lab, seed):
    random_lab(lab, random.Random(seed))
    was = state(lab.root)
    for name in check_gc(lab):
        assert may_go(lab, name, was), name


@traced
@pytest.mark.slow
def test_killed_at_any_step(lab):
    """Killed before each removal, of leftovers and of a named run: what is left is what was not listed, and it can go on."""
    run = finished(lab)
    kept = finished(lab)
    before = state(kept)

    def plant():
        for n in range(3):
            old(kept.parent / TEMP.format(n) if (kept.parent / TEMP.format(n)).write_text("x") else kept)
        orphan = kept.parent / "000000Z-try-01234567"
        (orphan / "record").mkdir(parents=True, exist_ok=True)
        old(orphan)
        if not run.exists():
            shutil.copytree(lab.root.parent / "copy", run)
            assert lab.tlab("runs", "--rebuild").exit == 0

    shutil.copytree(run, lab.root.parent / "copy")
    env = {"TMPDIR": str(lab.scratch)}
    for words in (["gc", "--yes"], ["gc", str(run), "--yes"]):
        killed = 0
        for n in range(1, 60):
            plant()
            done = lab.strace(words, "-e", "trace=unlinkat", "-e", f"inject=unlinkat:signal=SIGKILL:when={n}", env=env)
            if done.exit == 0:
                break
            killed += 1
            assert dict(state(kept)) == before
            if (run / "run.json").exists():
                done = lab.tlab(*words, env=env)
                assert done.exit == 0, done.err
            # A run that is not there has no row: it went before the manifest did.
            assert (run.name in lab.tlab("runs", "--json").out) == (len(words) == 2)
            if run.exists() and len(words) == 3:
                assert lab.tlab(*words, env=env).exit == 0
            assert run.exists() == (len(words) == 2)
        assert killed >= 4, killed
    assert lab.tlab("verify", kept).exit == 0
