"""Tiny models and their tokenizer; tests that train or change one work on a copy."""

from typing import Any

import pytest
from hypothesis import settings

from metaprobe.models.runtime import torch

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

LONGEST = ("tests/study/", "tests/house/test_studies.py", "tests/training/", "tests/cli/")
"""Modules that take longest come first, or one worker would be left alone with them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first; the others keep their order."""

    def rank(item: pytest.Item) -> int:
        place = item.nodeid if item.nodeid.startswith("tests/") else f"tests/{item.nodeid}"
        return next((n for n, start in enumerate(LONGEST) if place.startswith(start)), len(LONGEST))

    items.sort(key=rank)


TEXTS = (
    "Compute the sum of the numbers. The answer is yes, then no; check: 3 + 4 = 7.",
    "First we carry the one, then we write the digit. Which word is the longest here?",
    "user\nName all of them in order.\nassistant\nSo the answer is near, and we are done.",
)


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Any:
    """A tokenizer of 300 entries."""
    from metaprobe.models.tokenizer import train_tokenizer

    return train_tokenizer(TEXTS, vocabulary=300)


def _build(kind: str, tokenizer: Any, **shape: Any) -> Any:
    """A model with weights so large that its next-token distributions are far from flat."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    special = {
        "vocab_size": len(tokenizer),
        "initializer_range": 0.2,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **special, **shape))
    with torch.no_grad():  # norm weights and biases that do nothing would hide an error in them
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


LLAMA_SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}


@pytest.fixture(scope="session")
def tiny_qwen3(tiny_tokenizer: Any) -> Any:
    """Qwen3 with a head size that is not width / heads."""
    return _build("qwen3", tiny_tokenizer, head_dim=16, **LLAMA_SHAPE)


@pytest.fixture(scope="session")
def tiny_qwen2(tiny_tokenizer: Any) -> Any:
    """Qwen2, which has biases on query, key and value."""
    return _build("qwen2", tiny_tokenizer, **LLAMA_SHAPE)


@pytest.fixture(scope="session")
def tiny_llama(tiny_tokenizer: Any) -> Any:
    """Llama with an output matrix of its own."""
    model = _build("llama", tiny_tokenizer, **LLAMA_SHAPE)
    model.config.tie_word_embeddings = False
    with torch.no_grad():
        model.lm_head.weight = torch.nn.Parameter(0.2 * torch.randn_like(model.lm_head.weight))
    return model


@pytest.fixture(scope="session")
def tiny_llama_biased(tiny_tokenizer: Any) -> Any:
    """Llama with a bias on every projection of the attention."""
    return _build("llama", tiny_tokenizer, attention_bias=True, **LLAMA_SHAPE)


@pytest.fixture(scope="session")
def tiny_olmo2(tiny_tokenizer: Any) -> Any:
    """OLMo 2, which attends as Llama does and normalises what its layers return."""
    return _build("olmo2", tiny_tokenizer, **LLAMA_SHAPE)


@pytest.fixture(scope="session")
def tiny_gpt2(tiny_tokenizer: Any) -> Any:
    """GPT-2, whose learned positions and layout no fused path covers."""
    shape = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}
    dropouts = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return _build("gpt2", tiny_tokenizer, **shape, **dropouts)
