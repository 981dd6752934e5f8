"""T1–T4: clocks that jump, run wild or stand still; midnight, leap days, time zones; a replay in thirty years.

libfaketime stands between the binary and the clock of the day; the monotonic clock, which no one can set, is left.
"""

import calendar
import json
import os
import pathlib
import subprocess
import time

import pytest

from faults import FaultLab, check_folder
from lab import wait_for

FAKE = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
pytestmark = pytest.mark.skipif(not FAKE, reason="libfaketime is not installed")

LOOKS = """
  local before = tlab.clock.now()
  tlab.clock.sleep(%d)
  run:write_json('times.json', { before = before, after = tlab.clock.now() })
"""


PASSES = """
  local before = tlab.clock.now()
  run:write('begun.txt', '')
  repeat
    tlab.clock.sleep(200)
  until tlab.clock.now() ~= before
"""


def fake(clock, **more):
    """The environment in which it is this time; without `@` the clock stands still."""
    return {
        "LD_PRELOAD": str(FAKE[0]),
        "FAKETIME": clock,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
        **more,
    }


def second(text):
    """A UTC time as libfaketime takes it whatever TZ is, with FAKETIME_FMT=%s."""
    return str(calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S")))


def set_clock(file, clock):
    """At once: half a file would be the time of day."""
    file.with_suffix(".new").write_text(clock)
    file.with_suffix(".new").rename(file)


@pytest.fixture
def lab(tmp_path):
    lab = FaultLab(tmp_path / "lab")
    lab.recipe(LOOKS % 200)
    return lab


def check_run(lab):
    """Whole, replayable, and no time in it runs backward. Returns the manifest."""
    manifest = lab.manifest
    assert check_folder(lab.latest, None) == "succeeded"
    assert 0.19 < manifest["time"]["seconds"] < 30, manifest["time"]
    for line in (lab.latest / "record" / "effects.jsonl").read_text().splitlines():
        effect = json.loads(line)
        assert effect.get("at", 0) >= 0 and effect["took"] >= 0, effect
    folder = manifest["time"]["started"][:10].replace("-", "/")
    assert manifest["folder"].startswith(
        f"{folder}/ai-team/artifacts/{manifest['time']['started'][11:19].replace(':', '')}Z-"
    )
    assert lab.tlab("verify", "latest").exit == 0
    replayed = lab.tlab("replay", "latest")
    assert replayed.exit == 0, replayed.err
    return manifest


@pytest.mark.parametrize(
    "clock,year",
    [
        ("-10y", None),
        *(
            pytest.param(*row, marks=pytest.mark.slow)
            for row in [
                ("@2099-06-01 12:00:00", "2099"),
                ("@1970-01-02 00:00:01", "1970"),
                ("+0 x1000", None),
                ("@1950-01-01 00:00:00", "1950"),
                ("@9999-12-30 00:00:00", "9999"),
            ]
        ),
    ],
)
def test_a_wrong_clock(lab, clock, year):
    """T1: the folder is that of the clock, the duration is not; an old `latest` is replaced whatever its date."""
    assert lab.tlab("run", "try").exit == 0
    first = lab.latest
    done = lab.tlab("run", "try", env=fake(clock))
    assert done.exit == 0, done.err
    assert lab.latest != first
    manifest = check_run(lab)
    assert year is None or manifest["time"]["started"].startswith(year)


@pytest.mark.slow
def test_a_clock_that_jumps_back_while_a_run_is_at_work(lab, tmp_path):
    """T1: ten years back in the middle: the start decides the folder, the monotonic clock the duration."""
    lab.recipe(LOOKS % 600)
    now = tmp_path / "now"
    set_clock(now, "+0")
    env = fake("", FAKETIME_TIMESTAMP_FILE=str(now))
    del env["FAKETIME"]
    process = lab.start("run", "try", env=env)
    wait_for(lambda: lab.runs() and (lab.runs()[0] / "record" / "effects.jsonl").exists())
    time.sleep(0.2)
    set_clock(now, "-10y")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    times = json.loads((lab.latest / "times.json").read_text())
    assert times["after"] < times["before"], "the clock did not jump"
    check_run(lab)


@pytest.mark.parametrize(
    "start,after",
    [
        ("2024-02-29 23:59:59", "2024-03-01"),
        *(
            pytest.param(*row, marks=pytest.mark.slow)
            for row in [("2023-02-28 23:59:59", "2023-03-01"), ("2023-12-31 23:59:59", "2024-01-01")]
        ),
    ],
)
def test_midnight_passes_during_a_run(lab, tmp_path, start, after):
    """T2: one start time decides the folder: 29 February is a day, and stays the run's."""
    lab.recipe(PASSES)
    now = tmp_path / "now"
    set_clock(now, second(start))  # stands still until the run is at work, however long that takes
    env = fake("", FAKETIME_TIMESTAMP_FILE=str(now), FAKETIME_FMT="%s")
    del env["FAKETIME"]
    process = lab.start("run", "try", env=env)
    wait_for(lambda: lab.runs() and (lab.runs()[0] / "begun.txt").exists())
    set_clock(now, second(f"{after} 00:00:01"))
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    manifest = check_run(lab)
    assert manifest["folder"].startswith(start[:10].replace("-", "/"))
    assert manifest["time"]["ended"].startswith(after)


@pytest.mark.parametrize(
    "zone",
    [
        "Pacific/Kiritimati",
        *(
            pytest.param(zone, marks=pytest.mark.slow)
            for zone in ["America/St_Johns", "Europe/Berlin", ":/nowhere", "<+99>-24"]
        ),
    ],
)
def test_a_time_zone_changes_nothing(lab, zone):
    """T2: UTC in names and files, at the hour that summer time takes away as well."""
    env = fake("@" + second("2024-03-31 01:30:00"), FAKETIME_FMT="%s", TZ=zone)
    done = lab.tlab("run", "try", env=env)
    assert done.exit == 0, done.err
    assert check_run(lab)["time"]["started"].startswith("2024-03-31T01:30:")


def test_a_clock_that_stands_still(lab):
    """T3: the same recipe and spec in the same millisecond: ids and folders differ all the same."""
    lab.recipe("")
    env = {"PATH": os.environ["PATH"], **fake(second("2024-05-06 07:08:09"), FAKETIME_FMT="%s")}
    shell = 'seq 16 | xargs -P 8 -I{} "$0" run try'
    subprocess.run(["sh", "-c", shell, lab.command()[0]], cwd=lab.root, env=env, check=True, capture_output=True)
    manifests = [json.loads((run / "run.json").read_text()) for run in lab.runs()]
    assert len(manifests) == 16 == len({one["id"] for one in manifests}) == len({one["folder"] for one in manifests})
    assert len({one["time"]["started"] for one in manifests}) == 1 == len({one["key"] for one in manifests})
    assert all(one["time"]["seconds"] >= 0 for one in manifests)
    assert lab.manifest["status"] == "succeeded"


@pytest.mark.parametrize("clock", ["+30y", pytest.param("-30y", marks=pytest.mark.slow)])
def test_a_replay_years_later(lab, clock):
    """T4: byte for byte the same, since the clock is served from the record; and nothing says otherwise."""
    assert lab.tlab("run", "try").exit == 0
    before = {path: path.read_bytes() for path in lab.latest.rglob("*") if path.is_file()}
    for command in ("verify", "replay", "show"):
        done = lab.tlab(command, "latest", env=fake(clock))
        assert done.exit == 0, done.err
    assert {path: path.read_bytes() for path in lab.latest.rglob("*") if path.is_file()} == before
