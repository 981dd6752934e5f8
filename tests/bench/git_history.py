"""What git says that commits changed, and what a run's record says of them: to be equal, commit by commit."""

import json
import subprocess


def fields(file):
    """One file of git.changes as a tuple; git's own words in the same order are told_by_git's."""
    return (
        file["path"],
        file.get("old_path"),
        file["status"],
        file["old_mode"],
        file["new_mode"],
        file["old_id"],
        file["new_id"],
        file.get("insertions"),
        file.get("deletions"),
    )


def told_by_git(repo, *words):
    """{commit: [fields]} of `git log --raw --numstat -M` with further words."""
    out = subprocess.run(
        [
            "git",
            "-C",
            repo,
            "-c",
            "diff.renameLimit=1000",
            "log",
            "-z",
            "--raw",
            "--numstat",
            "--no-abbrev",
            "-M",
            "--format=@%H",
            *words,
        ],
        check=True,
        capture_output=True,
    ).stdout
    tokens = iter(out.decode(errors="surrogateescape").split("\0"))
    commits, files = {}, None
    for token in tokens:
        token = token.removeprefix("\n")
        if token.startswith("@"):
            files = commits.setdefault(token[1:], {})
        elif token.startswith(":"):
            old_mode, new_mode, old_id, new_id, status = token[1:].split(" ")
            old = next(tokens) if status[0] == "R" else None
            path = next(tokens)
            files[path] = [path, old, status[0], old_mode, new_mode, old_id, new_id]
        elif token:
            insertions, deletions, path = token.split("\t", 2)
            path = path or (next(tokens), next(tokens))[1]
            files[path] += [None, None] if insertions == "-" else [int(insertions), int(deletions)]
    return {commit: [tuple(file) for file in files.values()] for commit, files in commits.items()}


def plain(value, blobs):
    """A string of the record, wherever it is kept; bytes that are no UTF-8 as Python's file names have them."""
    if isinstance(value, dict) and "$blob" in value:
        return (blobs / value["$blob"]).read_bytes().decode(errors="surrogateescape")
    return value


def changes(folder):
    """Each commit that a run's git.changes told of, in order."""
    blobs = folder / "record" / "blobs"
    with open(folder / "record" / "effects.jsonl") as lines:
        for line in lines:
            effect = json.loads(line)
            if effect.get("op") == "git.changes":
                for commit in effect["result"]:
                    for file in commit["files"]:
                        for key in ("path", "old_path"):
                            if key in file:
                                file[key] = plain(file[key], blobs)
                    if "patch" in commit:
                        commit["patch"] = plain(commit["patch"], blobs)
                    yield commit


def told_by_record(folder):
    """The same as told_by_git, from the record of a run."""
    return {commit["commit"]: [fields(file) for file in commit["files"]] for commit in changes(folder)}


def differences(ours, gits):
    """Lines that say where they differ; none where all is equal."""
    lines = [f"{commit}: told by one alone" for commit in ours.keys() ^ gits.keys()]
    for commit in ours.keys() & gits.keys():
        if sorted(ours[commit], key=str) != sorted(gits[commit], key=str):
            lines.append(f"{commit}: {sorted(set(ours[commit]) ^ set(gits[commit]), key=str)[:4]}")
    return lines
