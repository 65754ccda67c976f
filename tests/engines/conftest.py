"""Makes `environment` importable from the tests beside it, and the engines from there."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from environment import Engine, engine


@pytest.fixture(scope="session")
def llama_factory() -> Engine:
    """LLaMA-Factory's environment."""
    return engine("llamafactory")


@pytest.fixture(scope="session")
def verl() -> Engine:
    """verl's environment."""
    return engine("verl")
