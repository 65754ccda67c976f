"""Log-probabilities of given text against the model's own full output."""

import copy
from typing import Any

import numpy as np
import pytest

from metaprobe.models import logprobs
from metaprobe.models.logprobs import (
    Text,
    hidden_states,
    length_batches,
    masked_logits,
    pad_texts,
    token_logprobs,
    use_float32_attention,
)
from metaprobe.models.runtime import torch

MODELS = ("tiny_qwen3", "tiny_qwen2", "tiny_llama", "tiny_llama_biased", "tiny_gpt2")


def texts(count: int) -> list[Text]:
    rng = np.random.default_rng(0)
    ids = rng.integers(10, 290, (count, 40)).tolist()
    return [Text(row[: 1 + n % 5], row[5 : 6 + n * 7 % 20]) for n, row in enumerate(ids)]


@pytest.mark.parametrize("name", MODELS)
def test_they_are_the_log_softmax_of_the_model(name: str, request: Any) -> None:
    model = request.getfixturevalue(name)
    some = texts(12)
    found = token_logprobs(model, some, pad=0)
    for text, row in zip(some, found, strict=True):
        ids = torch.tensor([[*text.prompt, *text.completion]])
        with torch.inference_mode():
            full = model(input_ids=ids).logits[0].double().log_softmax(-1)
        places = range(len(text.prompt) - 1, ids.shape[1] - 1)
        expected = [full[place, ids[0, place + 1]].item() for place in places]
        np.testing.assert_allclose(row.numpy(), expected, atol=1e-4)


def test_neither_chunks_nor_padding_change_them(
    tiny_qwen3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = texts(12)
    together = token_logprobs(tiny_qwen3, some, pad=0)
    other_pad = token_logprobs(tiny_qwen3, some, pad=7)
    monkeypatch.setattr(logprobs, "CHUNK_POSITIONS", 3)
    in_chunks = token_logprobs(tiny_qwen3, some, pad=0)
    alone = [token_logprobs(tiny_qwen3, [text], pad=0)[0] for text in some]
    for rows in zip(together, other_pad, in_chunks, alone, strict=True):
        for row in rows[1:]:
            torch.testing.assert_close(row, rows[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_masked_logits_come_row_by_row(name: str, request: Any) -> None:
    model = copy.deepcopy(request.getfixturevalue(name))
    ids, mask = pad_texts(texts(6), pad=0)
    with torch.inference_mode():
        expected = torch.stack(
            [
                model(input_ids=ids[row : row + 1, : place + 1]).logits[0, -1]
                for row in range(6)
                for place in mask[row].nonzero()[:, 0].tolist()
            ]
        )
        torch.testing.assert_close(masked_logits(model, ids, mask), expected, atol=1e-4, rtol=1e-4)
        use_float32_attention(model)
        torch.testing.assert_close(masked_logits(model, ids, mask), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_the_model_itself(name: str, request: Any) -> None:
    ours = copy.deepcopy(request.getfixturevalue(name)).train()
    theirs = copy.deepcopy(ours)
    ids, mask = pad_texts(texts(6), pad=0)
    use_float32_attention(ours)
    weights = torch.randn(int(mask.sum()), 300, generator=torch.Generator().manual_seed(0))
    (masked_logits(ours, ids, mask) * weights).sum().backward()
    (theirs(input_ids=ids).logits[mask] * weights).sum().backward()
    pairs = zip(ours.named_parameters(), theirs.named_parameters(), strict=True)
    for (name_of, mine), (_, other) in pairs:
        scale = other.grad.abs().max().item()
        torch.testing.assert_close(
            mine.grad,
            other.grad,
            atol=2e-5 * scale,
            rtol=1e-4,
            msg=lambda text, of=name_of: f"{of}: {text}",
        )


def test_hidden_states_are_the_last_ones(tiny_qwen3: Any) -> None:
    ids, _ = pad_texts(texts(3), pad=0)
    with torch.inference_mode():
        expected = tiny_qwen3(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        torch.testing.assert_close(hidden_states(tiny_qwen3, ids), expected, atol=1e-5, rtol=1e-5)


def test_the_mask_marks_what_predicts_the_completion() -> None:
    ids, mask = pad_texts([Text([1, 2, 3], [4, 5]), Text([6], [7, 8, 9])], pad=0)
    assert ids[:, :5].tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 0]]
    assert [row.nonzero()[:, 0].tolist() for row in mask] == [[2, 3], [0, 1, 2]]
    assert ids[:, 5:].eq(0).all()
    assert ids.shape == mask.shape


def test_length_batches_take_every_text_once_within_the_budget() -> None:
    some = texts(40)
    size = [len(t.prompt) + len(t.completion) for t in some]
    batches = list(length_batches(some, tokens=60))
    assert sorted(i for batch in batches for i in batch) == list(range(40))
    assert all(len(batch) * max(size[i] for i in batch) <= 60 for batch in batches)
    assert [len(batch) for batch in length_batches(some, tokens=1)] == [1] * 40
