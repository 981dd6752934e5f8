"""A day of the lab: one for each date, whatever is at work meanwhile."""

import json
import os
import shutil
import subprocess

import pytest

from faults import strace_here
from lab import ROOT, Lab

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
HEAD = (
    "started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,"
    "outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder"
)


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path / "lab")
    shutil.copy(ROOT / "recipes" / "day.lua", lab.root / "recipes" / "day.lua")
    return lab


def row(started, number, status, key="k", error="", folder=None, note=""):
    cells = [""] * 23
    cells[0], cells[1], cells[2], cells[3] = started, f"{number:064x}", "ai", status
    cells[16], cells[18], cells[21] = key, note, error
    cells[22] = folder or f"{started[:10].replace('-', '/')}/ai-team/artifacts/r{number}"
    return ",".join(cells)


def readme(lab, day):
    return (lab.root / day.replace("-", "/") / "README.md").read_text()


def test_two_at_once_make_one_day(lab):
    words = [lab.command("day", "date=2026-10-03") for _ in range(8)]
    running = [
        subprocess.Popen(each, cwd=lab.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in words
    ]
    done = [each.communicate(timeout=60) for each in running]
    assert [each.returncode for each in running] == [0] * 8
    assert {out for out, _ in done} == {"2026/10/03\n"}
    assert sum("succeeded in" in err for _, err in done) == 1
    assert sum("is open already" in err for _, err in done) == 7
    assert lab.tlab("verify", "2026/10/03").exit == 0


def cut_off(lab, status):
    """Makes the day one whose process was killed: the manifest as it began, half a record."""
    day = lab.root / "2026/10/03"
    manifest = json.loads((day / "run.json").read_text())
    manifest["status"] = status
    if status == "failed":
        manifest["error"] = {"code": "STORAGE", "message": "cannot write: no space left"}
    if status == "running":
        for field in ("effects", "outputs"):
            del manifest[field]
        manifest["time"] = {"started": manifest["time"]["started"]}
    (day / "run.json").write_text(json.dumps(manifest))
    record = day / "record/effects.jsonl"
    record.write_text("".join(record.read_text().splitlines(keepends=True)[:3]) + '{"at":')
    (day / "knowledge/notes.md").write_text("mine\n")
    (day / "README.md").unlink()
    return manifest["id"]


@pytest.mark.parametrize("status", ["running", slow("interrupted"), slow("failed")])
def test_a_day_that_was_cut_off_is_made_anew(lab, status):
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    before = cut_off(lab, status)
    done = lab.tlab("day", "date=2026-10-03")
    assert (done.exit, done.out) == (0, "2026/10/03\n"), done.err
    assert "succeeded in" in done.err
    # The same experiment: the same run, which says that it was begun twice. The index has it once.
    assert lab.manifest["id"] == before and lab.manifest["status"] == "succeeded"
    assert [(entry["status"], entry["effect"]) for entry in lab.manifest["resumed"]] == [(status, 1)]
    index_is_right(lab, [(before, "succeeded")])
    assert (lab.latest / "knowledge/notes.md").read_text() == "mine\n"
    assert readme(lab, "2026-10-03").startswith("# Saturday")
    assert lab.tlab("verify", "latest").exit == 0
    assert lab.tlab("replay", "latest").exit == 0


def index_is_right(lab, expected):
    rows = json.loads(lab.tlab("runs", "--json").out)
    assert [(row["id"], row["status"]) for row in rows] == expected
    text = (lab.root / "runs.csv").read_bytes()
    assert lab.tlab("runs", "--rebuild").exit == 0
    assert (lab.root / "runs.csv").read_bytes() == text


def test_a_day_that_was_cut_off_of_another_experiment(lab):
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    before = cut_off(lab, "interrupted")
    assert lab.tlab("runs", "--rebuild").exit == 0
    recipe = lab.root / "recipes/day.lua"
    recipe.write_text(recipe.read_text() + "-- changed\n")
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    assert lab.manifest["id"] != before and "resumed" not in lab.manifest
    index_is_right(lab, [(lab.manifest["id"], "succeeded")])


@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
@pytest.mark.parametrize(
    "call, when",
    [
        ("renameat,renameat2", 3),
        slow("renameat,renameat2", 1),
        slow("mkdirat", 5),
        slow("mkdirat", 12),
        slow("fsync,fdatasync", 9),
    ],
)
def test_killed_and_made_anew(lab, call, when):
    killed = subprocess.run(
        [
            "strace",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:signal=SIGKILL:when={when}",
            *lab.command("day", "date=2026-10-03"),
        ],
        cwd=lab.root,
        capture_output=True,
        timeout=60,
    )
    assert killed.returncode == -9
    assert lab.tlab("runs").exit == 0
    done = lab.tlab("day", "date=2026-10-03")
    assert (done.exit, done.out) == (0, "2026/10/03\n"), done.err
    assert lab.tlab("verify", "latest").exit == 0 and lab.tlab("replay", "latest").exit == 0
    assert readme(lab, "2026-10-03").startswith("# Saturday")
    assert (lab.latest / "knowledge/notes.md").exists() and (lab.latest / "analyzer/outputs").is_dir()
    index_is_right(lab, [(lab.manifest["id"], "succeeded")])


def test_killed_before_the_manifest(lab):
    (lab.root / "2026/10/03/record/blobs").mkdir(parents=True)
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    assert lab.tlab("verify", "latest").exit == 0


def test_the_page_says_what_is_open(lab):
    (lab.root / "runs.csv").write_text(
        "\n".join(
            [
                HEAD,
                row("2026-09-20T08:00:00.000Z", 1, "failed", "old"),
                row("2026-10-01T08:00:00.000Z", 2, "interrupted", "a"),
                row("2026-10-01T09:00:00.000Z", 3, "failed", "b", "PROVIDER"),
                row("2026-10-02T09:00:00.000Z", 4, "succeeded", "b"),
                row("2026-10-02T10:00:00.000Z", 5, "timeout", "c", "TIMEOUT"),
                row("2026-10-02T11:00:00.000Z", 6, "failed", "d", folder='"](x) [y'),
                row("2026-10-03T06:00:00.000Z", 7, "succeeded", "e"),
                row("2026-10-04T06:00:00.000Z", 8, "failed", "f"),
            ]
        )
        + "\n"
    )
    (lab.root / "2026/09/30").mkdir(parents=True)
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    text = readme(lab, "2026-10-03")
    # A row that is not written as the index writes them is no reason to fail.
    assert "[2026-09-30](../../../2026/09/30/)" in text

    lines = (lab.root / "runs.csv").read_text().splitlines()
    (lab.root / "runs.csv").write_text("\n".join(line for line in lines if "[y" not in line) + "\n")
    shutil.rmtree(lab.root / "2026/10/03")
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    opened = readme(lab, "2026-10-03").split("## Open\n\n")[1].split("\n\n")[0].splitlines()
    assert opened == [
        "- 2026-10-02 10:00 `00000000` ai timeout (TIMEOUT): [r5](../../../2026/10/02/ai-team/artifacts/r5)"
        ", `tlab resume 00000000`",
        "- 2026-10-01 08:00 `00000000` ai interrupted: [r2](../../../2026/10/01/ai-team/artifacts/r2)"
        ", `tlab resume 00000000`",
    ]
    today = readme(lab, "2026-10-03").split("when this page was made\n\n")[1].split("\n\n")[0]
    assert today == ("- 2026-10-03 06:00 `00000000` ai succeeded: [r7](../../../2026/10/03/ai-team/artifacts/r7)")


def test_of_a_large_index_the_end_is_read(lab):
    rows = [row("2026-10-02T08:00:00.000Z", n, "failed", f"k{n}", note="x" * 400) for n in range(1000)]
    (lab.root / "runs.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    text = readme(lab, "2026-10-03")
    assert "r999]" in text and "r980]" in text and "r979]" not in text
    assert "more: `tlab runs`" in text
    assert sum(f.stat().st_size for f in (lab.latest / "record/blobs").iterdir()) <= 256 << 10
    assert lab.tlab("replay", "latest").exit == 0


@pytest.mark.slow
def test_the_day_before_is_found_over_months_and_years(lab):
    for day, before in [
        ("2026-03-05", None),
        ("2026-03-07", "2026-03-05"),
        ("2026-12-31", "2026-03-07"),
        ("2028-01-01", "2026-12-31"),
        ("2028-02-29", "2028-01-01"),
        ("2027-06-01", "2026-12-31"),
    ]:
        assert lab.tlab("day", f"date={day}").exit == 0
        line = readme(lab, day).splitlines()[2]
        if before:
            path = "../../../" + before.replace("-", "/")
            assert f"The day before: [{before}]({path}/), with its [notes]({path}/knowledge/notes.md)." in line
        else:
            assert "no day before" in line
    assert lab.latest == lab.root / "2027/06/01"


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="no libfaketime")
def test_the_day_is_the_one_in_utc(lab):
    for moment, zone, day in [
        ("2026-10-03 23:59:58", "UTC", "2026/10/03"),
        ("2026-10-04 00:00:01", "UTC", "2026/10/04"),
        ("2026-10-05 01:00:00", "Pacific/Kiritimati", "2026/10/04"),
        ("2026-10-04 23:00:00", "America/New_York", "2026/10/05"),
    ]:
        env = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"@{moment}", "TZ": zone, "FAKETIME_NO_CACHE": "1"}
        done = lab.tlab("day", env=env)
        assert (done.exit, done.out) == (0, day + "\n"), done.err


def test_a_lab_that_cannot_be_written(lab):
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    shutil.rmtree(lab.root / ".tlab")
    (lab.root / ".tlab").write_text("in the way")
    # An open day takes no lock.
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    assert lab.tlab("day", "date=2026-10-04").exit != 0
    assert not (lab.root / "2026/10/04").exists()


def test_a_day_is_not_resumed(lab):
    assert lab.tlab("day", "date=2026-10-03").exit == 0
    cut_off(lab, "running")
    done = lab.tlab("resume", "2026/10/03")
    assert done.exit == 2 and "tlab day date=2026-10-03" in done.err
