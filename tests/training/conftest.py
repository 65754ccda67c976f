"""Makes `toys` importable from the tests beside it, and a tiny model that half knows something."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toys import noisy_model


@pytest.fixture(scope="session")
def unsure_model(tiny_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model whose sampled answers to the toy problems are correct about half of the time."""
    return noisy_model(tiny_tokenizer, tmp_path_factory.mktemp("unsure"))
