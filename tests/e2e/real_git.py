"""The real git, at a fixed time and by a fixed name, with no configuration but a repository's own."""

import os
import subprocess

NOBODY = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}


def somebody(name="A U Thor", email="a@example.com", when="1700000000 +0000"):
    """NOBODY, and who makes commits, and when."""
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", email), ("DATE", when))
    }
    return {**NOBODY, **who}


def git(folder, *words, data=None, env=None):
    """What git prints, in bytes; `env` is put over `somebody`."""
    done = subprocess.run(
        ["git", *map(str, words)], cwd=folder, input=data, capture_output=True, env={**somebody(), **(env or {})}
    )
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def told(folder, *words, **more):
    """The same as text, without what is blank around it."""
    return git(folder, *words, **more).strip().decode(errors="surrogateescape")
