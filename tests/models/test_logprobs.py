"""Log-probabilities of given text against the model's own full output."""

import copy
from typing import Any

import numpy as np
import pytest

from metaprobe.models import logprobs
from metaprobe.models.logprobs import (
    Text,
    completion_logprobs,
    hidden_states,
    length_batches,
    masked_logits,
    pad_texts,
    token_logprobs,
    use_float32_attention,
)
from metaprobe.models.runtime import torch

MODELS = ("tiny_qwen3", "tiny_qwen2", "tiny_llama", "tiny_llama_biased", "tiny_gpt2", "tiny_olmo2")


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
    assert_same_gradients(ours, theirs)


def assert_same_gradients(ours: Any, theirs: Any) -> None:
    pairs = zip(ours.named_parameters(), theirs.named_parameters(), strict=True)
    for (name, mine), (_, other) in pairs:
        scale = other.grad.abs().max().item()
        assert scale > 0, name
        torch.testing.assert_close(
            mine.grad,
            other.grad,
            atol=3e-5 * scale,
            rtol=1e-4,
            msg=lambda text, where=name: f"{where}: {text}",
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


def shared_texts(count: int) -> list[Text]:
    """Texts of which several continue the same prompt; some completions are one token."""
    some = texts(count)
    prompts = [some[0].prompt, some[4].prompt, some[2].prompt]
    return [Text(prompts[n % 3], t.completion) for n, t in enumerate(some)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_shared_prompts_change_nothing(name: str, temperature: float, request: Any) -> None:
    model = copy.deepcopy(request.getfixturevalue(name)).train()
    other = copy.deepcopy(model)
    some = shared_texts(11)
    found, entropy = completion_logprobs(model, some, 0, temperature=temperature)
    chosen, spread = [], []
    for text in some:
        ids = torch.tensor([[*text.prompt, *text.completion]])
        start = len(text.prompt) - 1
        row = (other(input_ids=ids).logits[0, start:-1] / temperature).log_softmax(-1)
        chosen.append(row.gather(1, ids[0, start + 1 :, None])[:, 0])
        spread.append(-(row.exp() * row).sum(1).detach())
    expected = torch.cat(chosen)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(entropy, torch.cat(spread), atol=1e-4, rtol=1e-4)
    assert not entropy.requires_grad
    weights = torch.randn(len(found), generator=torch.Generator().manual_seed(0))
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    assert_same_gradients(model, other)


def test_a_batch_of_single_token_completions_is_read(tiny_qwen3: Any) -> None:
    some = [Text([11, 12, 13], [20]), Text([11, 12, 13], [21]), Text([14], [22])]
    found, _ = completion_logprobs(tiny_qwen3, some, 0)
    expected = torch.cat(token_logprobs(tiny_qwen3, some, pad=0))
    torch.testing.assert_close(found.detach(), expected, atol=1e-5, rtol=1e-5)


def test_a_soft_cap_on_the_logits_is_kept(tiny_qwen3: Any) -> None:
    model = copy.deepcopy(tiny_qwen3)
    model.config.final_logit_softcapping = 1.5
    some = texts(5)
    found, _ = completion_logprobs(model, some, 0)
    expected = torch.cat(token_logprobs(model, some, pad=0))
    torch.testing.assert_close(found.detach(), expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(expected, torch.cat(token_logprobs(tiny_qwen3, some, pad=0)))


@pytest.mark.parametrize("name", ["tiny_qwen3", "tiny_llama"])
def test_bfloat16_products_stay_close_to_float32(name: str, request: Any) -> None:
    model = copy.deepcopy(request.getfixturevalue(name)).train()
    some = shared_texts(11)
    results = []
    for enabled in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            found, _ = completion_logprobs(model, some, 0)
        found.mean().backward()
        gradients = torch.cat([p.grad.flatten() for p in model.parameters()])
        results.append((found.detach(), gradients))
    (exact, slope), (rough, rough_slope) = results
    assert (exact - rough).abs().mean() < 0.05
    assert torch.nn.functional.cosine_similarity(slope, rough_slope, dim=0) > 0.99
