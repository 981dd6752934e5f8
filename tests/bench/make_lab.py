"""A lab with many runs, made without running them: `python3 tests/bench/make_lab.py FOLDER RUNS`.

One run is made by tlab itself, so that the manifests have today's form; the others are that one with
other names, times, numbers and words. What nobody checks while an index is built (digest, hashes of
what is not there) stays as it was. With --whole each run has all the files of the first one, otherwise
its run.json alone. The same arguments give the same runs. 100,000 runs take about 10 s.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

RECIPE = """return {
  name = 'ai',
  summary = 'Notes a little of everything.',
  home = 'ai-team/artifacts',
  run = function(run, spec)
    run:note('model', { asked = spec.model.name, answered = spec.model.name })
    run:note('usage', { input = 512, output = 128 })
    run:note('cost', { amount = 0.0125, currency = 'USD' })
    run:note('params', { temperature = spec.temperature, max_tokens = 256 })
    run:note('tag', { tag = 'bench' })
    run:metric('score', 0.75)
    run:write('answers.txt', 'an answer')
  end,
}
"""
SPEC = {"model": {"name": "model-a"}, "n": 1, "prompt": "Question number 1: what is a Merkle tree?", "temperature": 0}
RECIPES = ("ai", "analyze", "day", "eval", "mine")
MODELS = ("model-a", "model-b", "smollm2-135m", "provider/large-3", "=formula")
TAGS = ("baseline", "keep", "wrong", "week-2", "paper")
STATUS = ("succeeded",) * 17 + ("failed", "timeout", "interrupted")
NOTES = ("the first that is right, by far", 'said "no", twice', "see\nbelow", "+1")
FIRST = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
DAY_MS = 86_400_000


def template(tlab):
    """A folder (to be removed by the caller) with one run of RECIPE, and that run's folder in it."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="tlab-template-"))
    (home / "recipes").mkdir()
    (home / "recipes" / "ai.lua").write_text(RECIPE)
    (home / "lab.json").write_text('{"schema":"tlab.lab/1"}')
    (home / "spec.json").write_text(json.dumps(SPEC))
    subprocess.run([tlab, "run", "ai", "spec.json", "--quiet"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    return home, home / os.readlink(home / "latest")


def instant(ms):
    return (FIRST + datetime.timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def vary(manifest, dice, n, ms):
    """Makes the manifest that of run number n, which started `ms` after FIRST."""
    name, model = dice.choice(RECIPES), dice.choice(MODELS)
    started, seconds = instant(ms), round(dice.expovariate(0.2), 3)
    run_id = hashlib.sha256(b"%d %d" % (n, ms)).hexdigest()
    folder = f"{started[11:19].replace(':', '')}Z-{name}-{run_id[:8]}"
    manifest.update(
        id=run_id,
        key=hashlib.sha256(b"key %d" % (n // 3)).hexdigest(),
        nonce=f"{dice.getrandbits(64):016x}",
        name=folder,
        folder=f"{started[:10].replace('-', '/')}/ai-team/artifacts/{folder}",
        status=dice.choice(STATUS),
        tags=["bench", *dice.sample(TAGS, dice.randrange(3))],
        time={"started": started, "ended": instant(ms + int(seconds * 1000)), "seconds": seconds},
    )
    manifest.pop("error", None)
    if manifest["status"] != "succeeded":
        manifest["error"] = {"code": dice.choice(("NETWORK", "TIMEOUT", "RUN_FAILED")), "message": "as it happens"}
    manifest["recipe"]["name"] = name
    manifest["models"][0].update(asked=model, answered=model)
    manifest["tokens"].update(input=dice.randrange(9000), output=dice.randrange(900))
    manifest["cost"]["amount"] = round(dice.random() / 50, 6)
    manifest["metrics"]["score"] = round(dice.random(), 4)
    manifest["params"]["temperature"] = dice.choice((0, 0.2, 0.7))
    values = manifest["spec"].get("values")
    if values:
        values.update({"n": n, "model.name": model, "temperature": manifest["params"]["temperature"]})
    return manifest


def times(runs, days, dice):
    """When each run starts: sorted milliseconds since FIRST."""
    return sorted(dice.randrange(days * DAY_MS) for _ in range(runs))


def write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.write(fd, text.encode())
    os.close(fd)


def fill(root, manifest, model_run, dice):
    """Makes the folder of one run, with all files of `model_run` unless that is None."""
    home = root / manifest["folder"]
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    if model_run:
        shutil.copytree(model_run, home)
        (home / "run.json").unlink()
    else:
        os.mkdir(home, 0o700)
    write(home / "run.json", text)
    if dice.random() < 0.05:
        at = manifest["time"]["ended"]
        write(
            home / "notes.jsonl",
            "".join(
                json.dumps({"at": at, "kind": kind, "text": word}, sort_keys=True, separators=(",", ":")) + "\n"
                for kind, word in (("tag", dice.choice(TAGS)), ("note", dice.choice(NOTES)))
            ),
        )


def make(root, runs, tlab, days=0, whole=False, seed=1):
    """Plants `runs` runs below root, on `days` days (one for each 500 runs); returns their manifests' folders."""
    root, dice, made = pathlib.Path(root), random.Random(seed), []
    home, model_run = template(tlab)
    manifest = json.loads((model_run / "run.json").read_text())
    day = None
    for n, ms in enumerate(times(runs, days or runs // 500 + 1, dice)):
        vary(manifest, dice, n, ms)
        made.append(manifest["folder"])
        if day != manifest["folder"][:10]:
            day = manifest["folder"][:10]
            (root / day / "ai-team" / "artifacts").mkdir(parents=True, exist_ok=True)
        fill(root, manifest, model_run if whole else None, dice)
    shutil.rmtree(home)
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("runs", type=int)
    parser.add_argument("--days", type=int, default=0)
    parser.add_argument("--whole", action="store_true", help="all files of a run, not its run.json alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tlab", default=pathlib.Path(os.environ.get("BUILD", "build"), "tlab"), type=pathlib.Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    config = options.folder / "lab.json"
    if not config.exists():
        config.write_text('{"schema":"tlab.lab/1"}\n')
    make(options.folder, options.runs, options.tlab.resolve(), options.days, options.whole, options.seed)


if __name__ == "__main__":
    main()
