"""What all Python tests share."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tlab_binary():
    """Absolute path of the binary under test ($BUILD/tlab)."""
    path = ROOT / os.environ.get("BUILD", "build") / "tlab"
    if not path.exists():
        pytest.fail(f"{path} is not there: type make first")
    return str(path)
