import os
import subprocess
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[1] / "install.sh"


def install(python: str, into: Path) -> tuple[int, str]:
    environment = {"PATH": os.defpath, "PYTHON": python}
    done = subprocess.run([INSTALL, into], env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 127", "no Python of version 3.11 or later; on Debian: apt-get install python3"),
        ("[ $1 = -m ] && exit 1; echo Python 3.11.2", "apt-get install python3-venv"),
    ],
    ids=["no python", "no venv"],
)
def test_what_is_missing_is_named(tmp_path: Path, script: str, said: str) -> None:
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    code, err = install(str(python), tmp_path / "tools")
    assert code == 1
    assert err.startswith("py_post: ") and said in err and err.count("\n") == 1
    assert not (tmp_path / "tools" / "py_post").exists()
