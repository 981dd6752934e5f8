"""mlflow's search_runs on the rows of a runs.csv, in its SQLite store.

    peer_mlflow_search.py fill runs.csv DB     puts the rows into the tables that mlflow itself has made
    peer_mlflow_search.py search DB            prints {"found", "seconds", "rss"}; seconds: the median of 5

The tables are filled by SQL: by mlflow's own calls 10,000 runs take a quarter of an hour.
"""

import csv
import datetime
import json
import resource
import sqlite3
import statistics
import sys
import time

from mlflow import MlflowClient

FILTER = "tags.recipe = 'ai' and attributes.status = 'FAILED' and params.`params.temperature` = '0.9'"
STATUS = {"succeeded": "FINISHED", "failed": "FAILED", "interrupted": "KILLED", "timeout": "KILLED"}


def milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def tables(rows, experiment):
    """(table, columns, values) of each line that a run is in mlflow."""
    for row in rows:
        run, start = row["id"][:32], milliseconds(row["started"])
        yield "runs", (
            "run_uuid",
            "name",
            "source_type",
            "user_id",
            "status",
            "start_time",
            "end_time",
            "lifecycle_stage",
            "experiment_id",
        ), (
            run,
            row["folder"].rsplit("/", 1)[-1],
            "UNKNOWN",
            "bench",
            STATUS[row["status"]],
            start,
            start + int(float(row["seconds"]) * 1000),
            "active",
            experiment,
        )
        for key, value in {"recipe": row["recipe"], "models": row["models"], "note": row["note"]}.items():
            yield "tags", ("key", "value", "run_uuid"), (key, value, run)
        for key, value in json.loads(row["params"]).items():
            yield "params", ("key", "value", "run_uuid"), (key, str(value), run)
        for key, value in json.loads(row["metrics"] or "{}").items():
            yield "latest_metrics", ("key", "value", "timestamp", "step", "is_nan", "run_uuid"), (
                key,
                value,
                start,
                0,
                False,
                run,
            )


def fill(path, database):
    experiment = int(MlflowClient(f"sqlite:///{database}").create_experiment("bench"))
    statements = {}
    with open(path, newline="") as file:
        for table, columns, values in tables(csv.DictReader(file), experiment):
            marks = ",".join("?" * len(columns))
            sql = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"
            statements.setdefault(sql, []).append(values)
    with sqlite3.connect(database) as db:
        for sql, lines in statements.items():
            db.executemany(sql, lines)


def search(database):
    client, times = MlflowClient(f"sqlite:///{database}"), []
    experiment = client.get_experiment_by_name("bench").experiment_id
    for _ in range(6):
        began = time.perf_counter()
        found = client.search_runs([experiment], FILTER, max_results=50000)
        times.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "found": len(found),
                "seconds": statistics.median(times[1:]),
                "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    (fill if sys.argv[1] == "fill" else search)(*sys.argv[2:])
