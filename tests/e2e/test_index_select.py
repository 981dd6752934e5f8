"""What index.select answers, held against a plain reading of the same runs.csv with Python's csv."""

import csv
import io
import json
import os
import random
import resource
import subprocess
import time

import jsonschema
import pytest

from index import COLUMNS
from lab import ROOT, TLAB, Lab

csv.field_size_limit(1 << 24)
NUMBERS = {"seconds", "tokens_in", "tokens_out", "cost", "effects", "failed", "outputs"}
ODD = [
    "",
    "",
    "plain",
    "a,b",
    'say "x"',
    "=1+1",
    "-7",
    "@x",
    "'quoted",
    "größer",
    "日本語 🙂",
    "A·B",
    '","',
    '""',
    "Paper",
]


def random_row(rng):
    ms = rng.randrange(1_000)
    recipe = rng.choice(["ai", "mine", "summ", "=odd", 'we"ird'])
    run_id = f"{rng.getrandbits(256):064x}"
    day, time = (
        f"2026-{rng.randrange(1, 4):02d}-{rng.randrange(1, 29):02d}",
        f"{rng.randrange(24):02d}{rng.randrange(60):02d}00",
    )
    params = {
        name: rng.choice([1, 2.5, -3, "a", 'q"uote', "2.50", True, "x,y", 'x":1', "back\\slash"])
        for name in rng.sample(["n", "model.name", "tool.name", 'o"dd', "t", "x", "größe"], rng.randrange(4))
    }
    metrics = {"score": rng.randrange(100) / 8} if rng.random() < 0.4 else {}
    text = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if value else ""
    return {
        "started": f"{day}T{time[:2]}:{time[2:4]}:00.{ms:03d}Z",
        "id": run_id,
        "recipe": recipe,
        "status": rng.choice(["succeeded", "failed", "timeout"]),
        "seconds": rng.choice(["", "0.5", "12", "1e-7", "3.25"]),
        "models": rng.choice(["", "m", "m;n", "smollm2;m"]),
        "tags": rng.choice(["", "a", "a b", "b ab", "naïve"]),
        "tokens_in": rng.choice(["", "10", "9"]),
        "tokens_out": rng.choice(["", "100"]),
        "cost": rng.choice(["", "0.25", "0.1"]),
        "currency": rng.choice(["", "USD"]),
        "effects": str(rng.randrange(12)),
        "failed": "0",
        "outputs": "2",
        "commit": f"{rng.getrandbits(160):040x}",
        "dirty": rng.choice(["", "true", "false"]),
        "key": f"{rng.getrandbits(256):064x}",
        "replay_of": "",
        "note": rng.choice(ODD) + rng.choice(ODD),
        "params": text(params),
        "metrics": text(metrics),
        "error": rng.choice(["", "TIMEOUT"]),
        "folder": f"{day.replace('-', '/')}/ai-team/artifacts/{time}Z-{'ai' if recipe[0] in '=w' else recipe}-{run_id[:8]}",
    }


def cell(value):
    guarded = "'" + value if value[:1] in tuple("=+-@'") else value
    return '"' + guarded.replace('"', '""') + '"' if set(guarded) & set(',"') else guarded


def line(row):
    return ",".join(cell(row[name]) for name in COLUMNS) + "\n"


def unguarded(row):
    return {name: value[1:] if value.startswith("'") else value for name, value in zip(COLUMNS, row)}


def read(path):
    """The rows of a runs.csv as somebody else's CSV reader sees them."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == COLUMNS
    return [unguarded(row) for row in rows[1:]]


def number(text):
    try:
        return float(text) if text[:1] in tuple("-0123456789") and text else None
    except ValueError:
        return None


def value_of(row, column):
    for prefix, field in (("param.", "params"), ("metric.", "metrics")):
        if column.startswith(prefix):
            values, name = json.loads(row[field] or "{}"), column[len(prefix) :]
            names = [name] if name in values else [key for key in sorted(values) if key.endswith("." + name)]
            if not names:
                return None
            value = values[names[0]]
            return value if isinstance(value, str) else json.dumps(value)
    return row[column] or None


def lowered(text):
    return "".join(c.lower() if c.isascii() else c for c in text)


def holds(row, condition):
    column, op, wanted = condition["column"], condition["op"], condition["value"]
    if column == "run":
        return row["id"].startswith(wanted) or row["folder"].split("/")[-1].startswith(wanted)
    value = value_of(row, column)
    if value is None:
        return False
    if op in ("=", "prefix", "has", "contains"):
        a, b = number(value), number(wanted)
        return {
            "=": value == wanted or (a is not None and a == b),
            "prefix": value.startswith(wanted),
            "has": wanted in value.split(";" if column == "models" else " "),
            "contains": lowered(wanted) in lowered(value),
        }[op]
    if number(wanted) is not None and column != "started":
        value, wanted = number(value), number(wanted)
        if value is None:
            return False
    else:
        value, wanted = value.encode(), wanted.encode()
    return {">=": value >= wanted, ">": value > wanted, "<=": value <= wanted, "<": value < wanted}[op]


def sort_key(row, column):
    value = value_of(row, column)
    return (1, 0, value.encode()) if number(value or "") is None else (0, number(value), b"")


def expected(rows, query):
    lower = lowered(query.get("text", "")).replace('"', '""')
    rows = [row for row in rows if all(holds(row, c) for c in query.get("where", [])) and lower in lowered(line(row))]
    rows.sort(key=lambda row: (row["started"], row["id"]), reverse=True)  # the newest first
    column, down = query.get("sort", "started"), query.get("descending", True)
    if column == "started":
        rows = rows if down else rows[::-1]
    else:
        having = [row for row in rows if value_of(row, column)]
        numbers = [row for row in having if sort_key(row, column)[0] == 0]
        texts = [row for row in having if sort_key(row, column)[0] == 1]
        rows = [
            row
            for part in (numbers, texts)
            for row in sorted(part, key=lambda row: sort_key(row, column), reverse=down)
        ] + [
            row
            for row in sorted(rows, key=lambda row: (row["started"], row["id"]), reverse=True)
            if not value_of(row, column)
        ]
    return rows[: query["limit"]] if query.get("limit") else rows


def random_condition(rng, rows):
    row = rng.choice(rows)
    column = rng.choice(
        COLUMNS
        + [
            "run",
            "started",
            "started",
            "param.n",
            "param.model.name",
            "param.name",
            'param.o"dd',
            "param.x",
            "param.größe",
            "metric.score",
            "status",
            "tags",
            "models",
        ]
    )
    if column == "run":
        whole = rng.choice([row["id"], row["folder"].split("/")[-1]])
        return {"column": column, "op": "prefix", "value": whole[: rng.randrange(1, len(whole))]}
    value = value_of(row, column) or rng.choice(["", "1", "x"])
    op = rng.choice(["=", "=", "prefix", "contains", "has", ">=", ">", "<=", "<"])
    if op in ("prefix", "contains") or (column == "started" and rng.random() < 0.8):
        value = value[: rng.randrange(len(value) + 1)]
    if op == "contains" and rng.random() < 0.5:
        value = value.swapcase() if value.isascii() else value
    if op == "has":
        value = rng.choice((value or "x").split(";" if column == "models" else " "))
    return {"column": column, "op": op, "value": value}


def random_query(rng, rows):
    query = {
        "where": [random_condition(rng, rows) for _ in range(rng.choice([0, 1, 1, 1, 2]))],
        "as": rng.choice(["rows", "csv", "json"]),
    }
    if rng.random() < 0.2:
        query["text"] = rng.choice(["PAPER", 'say "x"', "größer", "zzz", rng.choice(rows)["commit"][:6], '"n":1', ","])
    if rng.random() < 0.5:
        query["limit"] = rng.choice([1, 7, 50, 5000])
    if rng.random() < 0.4:
        query["sort"] = rng.choice(COLUMNS + ["param.n", "metric.score", "param.x"])
    if rng.random() < 0.5:
        query["descending"] = rng.random() < 0.5
    return query


def ask(lab, queries):
    """The answers to the queries, by one process."""
    (lab / "queries").write_text("".join(json.dumps(query) + "\n" for query in queries))
    done = subprocess.run(
        [TLAB, "--self-test", ROOT / "tests/e2e/select.lua"],
        cwd=ROOT,
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, "LAB": str(lab), "QUERIES": str(lab / "queries"), "ANSWERS": str(lab / "answers")},
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(answer) for answer in (lab / "answers").read_text().splitlines()]


def as_object(row):
    """A row as `as = json` gives it."""
    out = {}
    for name, value in row.items():
        if not value:
            continue
        if name in NUMBERS or name in ("params", "metrics", "dirty"):
            value = json.loads(value)
        elif name in ("tags", "models"):
            value = value.split(";" if name == "models" else " ")
        out[name] = value
    return out


def check(query, answer, rows):
    wanted = expected(rows, query)
    if query["as"] == "csv":
        got = [unguarded(row) for row in csv.reader(io.StringIO(answer["text"], newline=""))]
    elif query["as"] == "json":
        got = json.loads("[" + answer["text"] + "]")
        wanted = [as_object(row) for row in wanted]
    else:
        got = answer["rows"]
        wanted = [{name: value for name, value in row.items() if value} for row in wanted]
    assert [row["id"] for row in got] == [row["id"] for row in wanted], json.dumps(query)
    assert got == wanted, json.dumps(query)


def make(lab, rng, count, over=0):
    """A lab of `count` rows in its runs.csv and `over` rows that wait, some for a run that is in it."""
    rows = {row["started"] + row["id"]: row for row in (random_row(rng) for _ in range(count + over))}
    keys = list(rows)
    waiting = keys[count:] + rng.sample(keys[:count], min(count, over // 2))
    lab.mkdir(exist_ok=True)
    (lab / ".tlab" / "rows").mkdir(parents=True)
    with open(lab / "runs.csv", "w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(line(rows[key]) for key in sorted(keys[:count]))
    for key in waiting:
        rows[key] = {**rows[key], "status": "interrupted", "note": "said later"}
        (lab / ".tlab" / "rows" / rows[key]["id"][:16]).write_text(line(rows[key]))
    return list(rows.values())


@pytest.mark.parametrize(
    "count,over,asked",
    [
        (1200, 0, 40),
        (1200, 40, 40),
        (3, 5, 40),
        (0, 3, 20),
        (1, 0, 20),
        pytest.param(2500, 100, 250, marks=pytest.mark.slow),
    ],
)
def test_the_same_rows_as_a_plain_reading(tmp_path, count, over, asked):
    rng = random.Random(f"{count} {over}")
    rows = make(tmp_path / "lab", rng, count, over)
    if over == 0:
        assert sorted(read(tmp_path / "lab" / "runs.csv"), key=lambda r: r["id"]) == sorted(rows, key=lambda r: r["id"])
    queries = [random_query(rng, rows) for _ in range(asked)]
    for query, answer in zip(queries, ask(tmp_path / "lab", queries), strict=True):
        check(query, answer, rows)


def test_no_index_and_an_index_without_rows_have_no_rows(tmp_path):
    assert ask(tmp_path, [{}, {"as": "json", "sort": "cost"}]) == [
        {"rows": [], "text": "", "pages": 1},
        {"rows": [], "text": "", "pages": 1},
    ]
    (tmp_path / "runs.csv").write_text(",".join(COLUMNS) + "\n")
    assert ask(tmp_path, [{}])[0]["rows"] == []


def test_a_long_line_is_read_whole(tmp_path):
    rows = make(tmp_path / "lab", random.Random(1), 40)
    rows[7]["note"] = "long " * 150_000
    (tmp_path / "lab" / "runs.csv").write_text(
        ",".join(COLUMNS) + "\n" + "".join(sorted(line(row) for row in rows)), encoding="utf-8"
    )
    queries = [
        {"as": form, "descending": down, "where": [{"column": "note", "op": "prefix", "value": "long long"}]}
        for form in ("rows", "csv", "json")
        for down in (True, False)
    ]
    for query, answer in zip(queries, ask(tmp_path / "lab", queries), strict=True):
        check(query, answer, rows)


def damaged(tmp_path, change):
    make(tmp_path / "lab", random.Random(2), 2000)
    path = tmp_path / "lab" / "runs.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))
    return ask(
        tmp_path / "lab",
        [
            {"limit": 2000},
            {"descending": False, "as": "json"},
            {"sort": "cost", "as": "csv"},
            {"where": [{"column": "status", "op": "=", "value": "none"}]},
        ],
    )


def joined(lines):
    lines[499] = lines[499][:150]


def swapped(lines):
    lines[1000], lines[1001] = lines[1001], lines[1000]


def doubled(lines):
    lines[700] = lines[699]


def no_header(lines):
    del lines[0]


def empty(lines):
    lines.clear()


def nul(lines):
    lines[300] = lines[300][:150] + b"\0" + lines[300][151:]


def short(lines):
    lines[300] = lines[300][:95] + b"\n"


def blank(lines):
    lines[20] = b"\n"


def endless(lines):
    lines[1200] = lines[1200][:-1] + b"x" * 100_000_000 + b"\n"


def endless_end(lines):
    lines[-1] = lines[-1][:-1] + b"x" * 3_000_000


@pytest.mark.parametrize(
    "change,number,every",
    [
        (joined, 500, False),
        (swapped, 1002, True),
        (doubled, 701, True),
        (no_header, 1, True),
        (empty, 1, True),
        (nul, 301, False),
        (short, 301, False),
        (blank, 21, True),
        (endless, 1201, True),
        (endless_end, 2001, True),
    ],
)
def test_damage_is_named_by_its_line(tmp_path, change, number, every):
    """Whatever asks for the line meets the damage; what can hide a row is met by every question."""
    answers = damaged(tmp_path, change)
    for answer in answers if every else answers[:2]:
        assert answer["error"]["code"] == "PARSE"
        assert answer["error"]["message"].startswith(("runs.csv line %d " % number, "runs.csv was changed")), answer


def test_a_line_that_is_still_being_written_is_not_there_yet(tmp_path):
    rows = make(tmp_path / "lab", random.Random(3), 30)
    with open(tmp_path / "lab" / "runs.csv", "a", encoding="utf-8") as file:
        file.write(line(random_row(random.Random(4)))[:-1])
    check({"as": "rows"}, ask(tmp_path / "lab", [{}])[0], rows)


def test_a_waiting_file_that_holds_no_row_is_named(tmp_path):
    make(tmp_path / "lab", random.Random(5), 3)
    (tmp_path / "lab" / ".tlab" / "rows" / "0123456789abcdef").write_text("2026")
    error = ask(tmp_path / "lab", [{}])[0]["error"]
    assert error == {"code": "PARSE", "message": ".tlab/rows/0123456789abcdef holds no row of the index"}


def test_rows_for_programs_fit_their_schema(tmp_path):
    make(tmp_path / "lab", random.Random(6), 50, 5)
    (tmp_path / "lab" / "lab.json").write_text('{"schema":"tlab.lab/1"}')
    done = subprocess.run([TLAB, "runs", "--json"], cwd=tmp_path / "lab", capture_output=True, check=True)
    rows = json.loads(done.stdout)
    assert len(rows) == 55
    jsonschema.validate(rows, json.loads((ROOT / "schemas/runs.schema.json").read_text()))


SLOW = """return { name = 'slow', summary = 'Waits.', home = 'ai-team/artifacts',
  run = function(run) run:write('began', '') tlab.clock.sleep(60000) end }"""


def test_a_run_in_progress_is_shown_and_found(tmp_path):
    """As running while its process lives, as interrupted when that was killed, with nobody telling."""
    lab = Lab(tmp_path / "lab")
    lab.write("recipes/slow.lua", SLOW)
    process = subprocess.Popen(
        lab.command("slow"),
        cwd=lab.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 30
        while not list(lab.root.glob("*/*/*/*/*/*/began")) and time.monotonic() < until:
            time.sleep(0.02)
        (row,) = json.loads(lab.tlab("runs", "--json").out)
        assert (row["recipe"], row["status"]) == ("slow", "running")
        assert json.loads(lab.tlab("runs", "--json", "--status", "failed").out) == []
        assert "slow" in lab.tlab("runs", "--status", "running").out
        assert json.loads(lab.tlab("show", row["id"][:8], "--json").out)["id"] == row["id"]
        assert " 1 running" in lab.tlab("log", "7d").out
    finally:
        process.kill()
        process.wait()
    (after,) = json.loads(lab.tlab("runs", "--json").out)
    assert (after["id"], after["status"]) == (row["id"], "interrupted")
    assert json.loads(lab.tlab("show", row["id"][:8], "--json").out)["id"] == row["id"]


def test_memory_does_not_grow_with_the_index(tmp_path):
    rows = subprocess.run(
        ["python3", ROOT / "tests/bench/make_index.py", "40000"], capture_output=True, check=True
    ).stdout
    (tmp_path / "runs.csv").write_bytes(rows)
    (tmp_path / "lab.json").write_text('{"schema":"tlab.lab/1"}')
    limit = (24 << 20, 24 << 20)  # bytes of data; all rows at once would take more
    for words in (
        ["--csv"],
        ["--json"],
        ["--sort", "cost", "--csv"],
        ["--sort", "-note", "--json"],
        ["--status", "failed"],
    ):
        done = subprocess.run(
            [TLAB, "runs", *words],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit),
        )
        assert done.returncode == 0, (words, done.stderr)
