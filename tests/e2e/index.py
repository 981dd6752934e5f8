"""What holds of runs.csv whatever happened: one row for each run that has a manifest, in order, as a rebuild has it."""

import csv
import io
import json

COLUMNS = ("started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,"
           "dirty,key,replay_of,note,params,metrics,error,folder").split(",")


def rows(text):
    """The rows of runs.csv as maps; its form is checked."""
    lines = text.split("\n")
    assert lines[-1] == "", "the last line is torn"
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert found[0] == COLUMNS
    assert len(found) == len(lines) - 1, "a row is not one line"
    assert all(len(row) == len(COLUMNS) for row in found)
    return [dict(zip(COLUMNS, row)) for row in found[1:]]


def index_is_true(lab):
    """Each manifest of the lab has its row, and nothing else has one."""
    path = lab.root / "runs.csv"
    if not path.exists():
        return
    done = lab.tlab("runs")  # which takes in what was killed
    assert done.exit == 0, done.err
    found = rows(path.read_text())
    assert [(row["started"], row["id"]) for row in found] == sorted((row["started"], row["id"]) for row in found)
    by_id = {row["id"]: row for row in found}
    assert len(by_id) == len(found), "a run has two rows"
    manifests = {}
    for place in [*lab.root.glob("[12]*/*/*/run.json"), *lab.root.glob("[12]*/*/*/*/*/*/run.json")]:
        manifest = json.loads(place.read_bytes())
        manifests[manifest["id"]] = manifest
    assert set(by_id) == set(manifests)
    for one, manifest in manifests.items():
        status = "interrupted" if manifest["status"] == "running" else manifest["status"]
        assert by_id[one]["status"] == status and by_id[one]["folder"] == manifest["folder"]
