"""Lends the fake chat server of the corpus tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "training" / "corpus"))
from fake_server import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A chat server in a thread."""
    with FakeServer() as fake:
        yield fake
