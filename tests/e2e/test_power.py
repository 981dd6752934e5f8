"""F12: after a power cut everything is there that was told as done, on ext4, xfs and btrfs; the rest is old or new."""

import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from disks import ROOM, Image, Stopped
from faults import FaultLab, check_folder, schema, strace_here, words
from index import index_is_true, rows
from lab import ROOT

KINDS = ["ext4", "xfs", "btrfs"]
# Where the disk changes, and where it is brought up to date: a cut comes just after each of these.
CALLS = [
    "fsync",
    "fdatasync",
    "syncfs",
    "renameat",
    "mkdirat",
    "symlinkat",
    "unlinkat",
    "linkat",
    "ftruncate",
    "pwrite64",
]

traced = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")

# More files than are synced one by one, folders in folders, a copy, a second write of one name.
WIDE = """
  for i = 1, 70 do run:write('deep/' .. i % 7 .. '/' .. i .. '.txt', ('x'):rep(i)) end
  tlab.fs.copy('deep/1/1.txt', 'copy.txt')
  run:write('deep/1/1.txt', 'again')
  tlab.fs.remove('deep/2/2.txt')
"""


@pytest.fixture
def image(request):
    with tempfile.TemporaryDirectory(dir=ROOM, ignore_cleanup_errors=True) as folder:
        made = Image(request.param, pathlib.Path(folder))
        yield made
        made.close()


def new_lab(image):
    """A lab on the image, itself safe from the cut."""
    lab = FaultLab(image.top / "lab")
    lab.recipe(WIDE, name="wide")
    shutil.copy(ROOT / "recipes" / "day.lua", lab.root / "recipes")
    image.settle()
    return lab


class Told:
    """What a lab told as done, held against what a cut leaves of it."""

    def __init__(self, lab):
        self.lab, self.runs, self.ended_later, self.passed = lab, {}, 0, set()
        self.tags = {}

    def run(self, *command):
        done = self.lab.tlab(*command)
        assert done.exit == 0, done.err
        self.add()

    def tag(self, word):
        assert self.lab.tlab("tag", "latest", word).exit == 0
        self.tags.setdefault(self.lab.manifest["id"], []).append(word)

    def add(self):
        folder = self.lab.latest
        self.runs[str(folder.relative_to(self.lab.root))] = (folder / "run.json").read_bytes()

    def holds(self, after):
        """All of it is there, whole; `latest` leads to a run that ended."""
        after = after / "lab"
        for name, manifest in self.runs.items():
            assert (after / name / "run.json").read_bytes() == manifest, f"lost or changed: {name}"
            verified = self.lab.tlab("verify", after / name)
            assert verified.exit == 0, verified.out + verified.err
        found = {row["id"]: row for row in rows((after / "runs.csv").read_text())} if self.runs else {}
        for name, manifest in self.runs.items():
            manifest = json.loads(manifest)
            row = found[manifest["id"]]
            assert row["status"] == manifest["status"], f"no row: {name}"
            assert set(self.tags.get(manifest["id"], [])) <= set(row["tags"].split()), f"a tag is lost: {name}"
        if self.runs:
            text = (after / "latest" / "run.json").read_text()
            assert json.loads(text)["status"] != "running"

    def resumed(self, after):
        """What the cut left running is resumed where its sources are on the disk, and refused by name where not."""
        for folder in sorted((after / "lab").glob("2*/*/*/ai-team/artifacts/*")):
            if str(folder.relative_to(after / "lab")) in self.passed:
                continue
            manifest = folder / "run.json"
            before = manifest.read_bytes() if manifest.exists() else b'{"status":"none"}'
            if json.loads(before)["status"] == "running":
                done = subprocess.run(
                    self.lab.command("resume", folder), cwd=after / "lab", capture_output=True, text=True
                )
                if done.returncode == 0:
                    assert check_folder(folder) == "succeeded"
                    assert self.lab.tlab("verify", folder).exit == 0
                    self.ended_later += 1
                else:  # what it stands on had not reached the disk: said by name, and nothing is touched
                    assert done.returncode == 5, done.stderr
                    assert (
                        "is not what the manifest names" in done.stderr or "the record names it" in done.stderr
                    ), done.stderr
                    assert manifest.read_bytes() == before

    def pass_over(self):
        """What was cut off so far is brought to the disk, and looked at no more."""
        assert self.lab.tlab("runs").exit == 0
        for folder in self.lab.runs():
            self.passed.add(str(folder.relative_to(self.lab.root)))
        subprocess.run(["sync", "-f", self.lab.root], check=True)

    def others(self, after):
        """The runs that were not told as done are old or new: absent, running or ended, and never half."""
        left = set()
        for folder in sorted((after / "lab").glob("2*/*/*/ai-team/artifacts/*")):
            if str(folder.relative_to(after / "lab")) in self.passed | set(self.runs):
                continue
            # What an unfinished run wrote may have any length: its files are synced at its end, before the manifest.
            status = None
            if (folder / "run.json").exists():
                manifest = json.loads((folder / "run.json").read_bytes())
                schema("run").validate(manifest)
                status = manifest["status"]
            if status not in (None, "running"):
                check_folder(folder)
                assert self.lab.tlab("verify", folder).exit == 0, folder
            left.add(status)
        return left


@pytest.mark.parametrize(
    "image", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS[1:])], indirect=True
)
def test_a_cut_after_each_success(image, server):
    """F12: what exit code 0 stood for is on the disk, the first time of all and later."""
    lab = new_lab(image)
    told = Told(lab)
    for command in (words(server), ["run", "wide"]):
        told.run(*command)
        with image.cut() as after:
            told.holds(after)
            assert told.others(after) == set()


@pytest.mark.slow
@pytest.mark.parametrize("image", KINDS, indirect=True)
def test_a_cut_after_each_change(image):
    """F12: the same of tags, a rebuilt index and a day; the doctor finds nothing of the lab broken."""
    lab = new_lab(image)
    told = Told(lab)
    told.run("run", "wide")
    for change in (
        lambda: told.tag("one"),
        lambda: told.tag("two"),
        lambda: told.run("runs", "--rebuild"),
        lambda: told.run("day"),
        lambda: told.tag("day"),
        lambda: told.run("run", "wide"),
    ):
        change()
        with image.cut() as after:
            told.holds(after)
            doctor = subprocess.run(lab.command("doctor", "--json"), cwd=after / "lab", capture_output=True).stdout
            lab_checks = [
                check for check in json.loads(doctor)["checks"] if check["group"] not in ("machine", "library")
            ]
            assert all(check["status"] != "fail" for check in lab_checks), lab_checks


@traced
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("image", KINDS[:1], indirect=True)
@pytest.mark.parametrize("command", [["note", "latest", "word"], ["runs", "--rebuild"]], ids=lambda one: one[0])
def test_a_cut_at_each_step_of_a_command(image, command):
    """F12: what was there before it is there still, and asking works."""
    lab = new_lab(image)
    told = Told(lab)
    told.run("run", "wide")
    told.tag("early")
    _, cuts = cuts_during(image, lab, told, command, CALLS, 1)
    assert cuts > 1


def cuts_during(image, lab, told, command, calls, step):
    """A cut just after each of these calls of a command; how the unfinished runs were left, and how many cuts."""
    left, cuts = set(), 0
    points = lab.points(command, calls)
    told.add()
    for call, (_, last) in points.items():
        for n in range(1, last + 1, step):
            with Stopped(lab, command, points, (call, n)) as stopped:
                if stopped.held():
                    cuts += 1
                    with image.cut() as after:
                        told.holds(after)
                        left |= told.others(after)
                        index_is_true(lab, after / "lab")
                        told.resumed(after)
                        index_is_true(lab, after / "lab")
            told.pass_over()
    told.run(*command)
    with image.cut() as after:
        told.holds(after)
    return left, cuts


@traced
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("image", KINDS, indirect=True)
def test_a_cut_at_each_step_of_a_run(image, server):
    """F12: earlier runs are as they were told; the one that was cut off is old or new."""
    lab = new_lab(image)
    told = Told(lab)
    told.run("run", "wide")
    left, cuts = cuts_during(image, lab, told, words(server), CALLS, 1)
    assert told.ended_later > 0
    assert cuts >= 20 and left <= {None, "running", "succeeded"}, (cuts, left)
