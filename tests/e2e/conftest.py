"""Fixtures of the runs under faults."""

import pytest

import fault_server as f
from faults import REPLY


@pytest.fixture
def server():
    """A server that answers recipes/many.lua as it should."""
    with f.FaultServer([f.status(200, REPLY, kind="application/octet-stream")]) as server:
        yield server
