"""Makes `fake_server` importable from the tests beside it, and starts one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fake_server import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A chat server in a thread, which answers sums."""
    with FakeServer() as fake:
        yield fake
