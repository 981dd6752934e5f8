"""What holds of runs.csv whatever happened: one row for each run that has a manifest, in order, as a rebuild has it."""

import csv
import io
import json
import subprocess

COLUMNS = [
    "started",
    "id",
    "recipe",
    "status",
    "seconds",
    "models",
    "tags",
    "tokens_in",
    "tokens_out",
    "cost",
    "currency",
    "effects",
    "failed",
    "outputs",
    "commit",
    "dirty",
    "key",
    "replay_of",
    "note",
    "params",
    "metrics",
    "error",
    "folder",
]


def rows(text):
    """The rows of runs.csv as maps; its form is checked."""
    lines = text.split("\n")
    assert lines[-1] == "", "the last line is torn"
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert found[0] == COLUMNS
    assert len(found) == len(lines) - 1, "a row is not one line"
    assert all(len(row) == len(COLUMNS) for row in found)
    return [dict(zip(COLUMNS, row)) for row in found[1:]]


def index_is_true(lab, root=None):
    """Each manifest of the lab (at `root`: of a copy of it) has its row, and nothing else has one. Returns the rows."""
    root = root or lab.root
    manifests = {}
    for place in [*root.glob("[0-9]*/*/*/run.json"), *root.glob("[0-9]*/*/*/*/*/*/run.json")]:
        manifest = json.loads(place.read_bytes())
        manifests[manifest["id"]] = manifest
    done = subprocess.run(lab.command("runs"), cwd=root, capture_output=True, text=True, timeout=60)
    if not manifests:
        return []
    assert done.returncode == 0, done.stderr  # it takes in what was killed
    found = rows((root / "runs.csv").read_text())
    assert [(row["started"], row["id"]) for row in found] == sorted((row["started"], row["id"]) for row in found)
    by_id = {row["id"]: row for row in found}
    assert len(by_id) == len(found), "a run has two rows"
    assert set(by_id) == set(manifests), (
        "extra",
        [by_id[one] for one in set(by_id) - set(manifests)],
        "missing",
        set(manifests) - set(by_id),
        done.stderr,
    )
    for one, manifest in manifests.items():
        status = "interrupted" if manifest["status"] == "running" else manifest["status"]
        assert by_id[one]["status"] == status and by_id[one]["folder"] == manifest["folder"]
    assert not list((root / ".tlab" / "rows").iterdir())
    # One without content is of a process that ended at birth; it is passed over for a minute.
    assert not [entry for entry in (root / ".tlab" / "open").iterdir() if entry.stat().st_size > 0]
    return found
