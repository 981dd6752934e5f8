"""How much of what rust_extractor tells of a patch with whole contents it tells of the patch alone, by path, kind, name and fate:
`python3 tests/bench/hunks_alone.py build/tools/rust_extractor REPOSITORY COMMITS`; the newest commits that are no merges.
"""

import collections
import json
import pathlib
import resource
import subprocess
import sys
import tempfile


def git(repo, *words):
    return subprocess.run(["git", "-C", repo, *words], check=True, capture_output=True).stdout


def contents(repo, commit, folder):
    """The files of both sides of a commit, in `old` and `new` below the folder."""
    changed = git(repo, "diff-tree", "-r", "-M", "-z", "--no-commit-id", "--diff-filter=MR", commit).split(b"\0")
    while len(changed) > 1:
        head = changed.pop(0).split()
        old = changed.pop(0)
        new = changed.pop(0) if head[4][:1] == b"R" else old
        if b"160000" in head[:2] or head[0] == b":120000":
            continue
        for side, blob, path in (("old", head[2], old), ("new", head[3], new)):
            target = folder / side / path.decode("utf-8", "surrogateescape")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(git(repo, "cat-file", "blob", blob.decode()))


def told(program, folder):
    """Of each language, how often each symbol is told."""
    done = subprocess.run([program, folder], check=True, capture_output=True)
    symbols = collections.defaultdict(collections.Counter)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        if "summary" not in row:
            symbols[row["language"]][row["path"], row["kind"], row["name"], row["change"]] += 1
    return symbols


def main(program, repo, most):
    there, found, right = collections.Counter(), collections.Counter(), collections.Counter()
    spent = {"patch": 0.0, "whole": 0.0}
    for commit in git(repo, "rev-list", "--no-merges", f"-n{most}", "HEAD").decode().split():
        with tempfile.TemporaryDirectory() as name:
            folder, sides = pathlib.Path(name), {}
            (folder / "commit.json").write_text(json.dumps({"sha": commit}))
            (folder / "diff.patch").write_bytes(git(repo, "show", "--format=", "-p", "-M", commit))
            for side in spent:
                if side == "whole":
                    contents(repo, commit, folder)
                before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
                sides[side] = told(program, folder)
                spent[side] += resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            for language in {*sides["patch"], *sides["whole"]}:
                patch, whole = sides["patch"][language], sides["whole"][language]
                both = (patch & whole).total()
                there[language] += whole.total()
                right[language] += patch.total()
                found[language] += both
    print(f"processor time: patches alone {spent['patch']:.1f} s, with whole contents {spent['whole']:.1f} s")
    for language, n in there.most_common():
        if n >= 100:
            print(
                f"{language}: {n} symbols, found {found[language] / n:.1%}, right {found[language] / right[language]:.1%}"
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
