#!/usr/bin/env python3
"""Invents a runs.csv: rows such as years of work leave behind, always the same ones for a number.

tests/bench/make_index.py N [--seed S] > runs.csv
"""

import argparse
import itertools
import random
import sys

HEADER = (
    "started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,"
    "outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder"
)
DAY_MS = 86_400_000
FIRST_MS = 1_700_000_000_000  # 2023-11-14
SPAN_DAYS = 1000  # the runs lie in as many days, however many they are

RECIPES = ["ai"] * 6 + ["summ", "summ", "mine", "day"]
HOMES = {"ai": "ai-team/artifacts", "summ": "analyzer/outputs", "mine": "analyzer/inputs", "day": "ai-team/artifacts"}
STATUS = ["succeeded"] * 90 + ["failed"] * 7 + ["interrupted"] * 2 + ["timeout"]
ERROR = {"succeeded": "", "failed": "PROVIDER", "interrupted": "INTERRUPTED", "timeout": "TIMEOUT"}
MODELS = ["smollm2-135m-instruct", "gpt-4.1-mini", "claude-sonnet-4-5", "qwen2.5-7b;llama-3.1-8b"]
TAGS = ["", "", "", "baseline", "paper", "baseline paper", "naïve 测试"]
NOTES = [""] * 8 + [
    "better than the one before · keep",
    '"the good one", see the table',
    "'=SUM(A1) looks odd",
    "größer 🙂 gedacht",
]


def civil(days):
    """Year, month, day of a number of days since 1970-01-01 (see lua/host/store/tree.lua)."""
    era, of_era = divmod(days + 719468, 146097)
    of_year_count = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * of_year_count + of_year_count // 4 - of_year_count // 100)
    from_march = (5 * of_year + 2) // 153
    month = (from_march + 2) % 12 + 1
    return of_year_count + era * 400 + (month <= 2), month, of_year - (153 * from_march + 2) // 5 + 1


def quoted(text):
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in '",') else text


def params(recipe, rng):
    if recipe != "ai":
        return f'{{"limit":{rng.randrange(10, 500)},"repo":"owner/name"}}'
    return (
        f'{{"concurrency":4,"model.base_url":"http://127.0.0.1:8080/v1","model.name":"smollm2","n":{rng.randrange(1, 9)},'
        f'"params.max_tokens":64,"params.seed":{rng.randrange(100)},"params.temperature":{rng.randrange(11) / 10:g}}}'
    )


def rows(count, seed):
    rng = random.Random(seed)
    # What takes time is invented a few hundred times and then chosen from.
    pool = []
    for _ in range(997):
        recipe, status = rng.choice(RECIPES), rng.choice(STATUS)
        asks = recipe in ("ai", "summ")
        cost = f"{rng.randrange(1, 40000) / 1e6:.6g},USD" if asks and rng.random() < 0.6 else ","
        pool.append(
            (
                f"{recipe},{status},{rng.randrange(20, 60000) / 1000:g},{rng.choice(MODELS) if asks else ''},{rng.choice(TAGS)},"
                + (f"{rng.randrange(10, 9000)},{rng.randrange(10, 3000)}" if asks else ",")
                + f",{cost},{rng.randrange(1, 400)},{rng.choice([0, 0, 0, 1])},{rng.randrange(1, 9)},"
                f"{rng.getrandbits(160):040x},{rng.choice(['', 'yes'])},{rng.getrandbits(256):064x},,",
                quoted(rng.choice(NOTES))
                + ","
                + quoted(params(recipe, rng))
                + ","
                + quoted(f'{{"score":{rng.randrange(1000) / 1000:g}}}' if rng.random() < 0.3 else "")
                + f",{ERROR[status]}",
                recipe,
            )
        )
    chosen = itertools.cycle(rng.sample(pool, len(pool)))
    step = SPAN_DAYS * DAY_MS / max(count, 1)
    day, date, folder = -1, "", ""
    for i in range(count):
        ms = FIRST_MS + int((i + rng.random()) * step)
        if ms // DAY_MS != day:
            day = ms // DAY_MS
            year, month, of_month = civil(day)
            date, folder = f"{year:04d}-{month:02d}-{of_month:02d}T", f"{year:04d}/{month:02d}/{of_month:02d}"
        rest = ms % DAY_MS
        h, m, s = rest // 3_600_000, rest // 60_000 % 60, rest // 1000 % 60
        name = f"{rng.getrandbits(256):064x}"
        head, tail, recipe = next(chosen)
        yield (
            f"{date}{h:02d}:{m:02d}:{s:02d}.{rest % 1000:03d}Z,{name},{head}{tail},"
            f"{folder}/{HOMES[recipe]}/{h:02d}{m:02d}{s:02d}Z-{recipe}-{name[:8]}\n"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=4)
    args = parser.parse_args()
    out = sys.stdout.buffer
    out.write(HEADER.encode() + b"\n")
    lines = rows(args.count, args.seed)
    while block := "".join(itertools.islice(lines, 10_000)):
        out.write(block.encode())


if __name__ == "__main__":
    main()
