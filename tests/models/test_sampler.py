"""The sampler against transformers' generate, an exact distribution and a chain of known laws."""

import copy
import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

from metaprobe.core.errors import InputError
from metaprobe.models import sampler
from metaprobe.models.decoding import FusedDecoder, HuggingFaceDecoder, decoder_for
from metaprobe.models.forward import fusible
from metaprobe.models.logprobs import Text, token_logprobs, use_float32_attention
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Completion, Request, StopText, sample
from metaprobe.models.sampling import Sampling

FUSED = ("tiny_qwen3", "tiny_qwen2", "tiny_llama", "tiny_llama_biased")
GENERIC = ("tiny_gpt2", "tiny_olmo2")


def prompts(count: int, *, seed: int = 0, longest: int = 12) -> list[list[int]]:
    """Random prompts of different lengths."""
    rng = np.random.default_rng(seed)
    return [rng.integers(10, 290, 1 + n % longest).tolist() for n in range(count)]


def requests_of(ids: list[list[int]]) -> list[Request]:
    return [Request(f"item {n}", prompt) for n, prompt in enumerate(ids)]


def draw(model: Any, requests: list[Request], **settings: Any) -> list[list[Completion]]:
    rows = settings.pop("max_rows", 512)
    stop = settings.pop("stop", 2)
    return sample(model, requests, Sampling(**settings), stop=stop, pad=0, max_rows=rows)


@pytest.mark.parametrize("name", [*FUSED, *GENERIC])
def test_greedy_completions_are_those_of_generate(name: str, request: Any) -> None:
    model = request.getfixturevalue(name)
    ids = prompts(9)
    ours = draw(model, requests_of(ids), temperature=0, samples=1, max_new_tokens=20)
    for prompt, (completion,) in zip(ids, ours, strict=True):
        given = torch.tensor([prompt])
        theirs = model.generate(
            given,
            attention_mask=torch.ones_like(given),
            do_sample=False,
            max_new_tokens=20,
            eos_token_id=2,
            pad_token_id=0,
        )
        assert completion.tokens == theirs[0, len(prompt) :].tolist()


@pytest.mark.parametrize("name", ["tiny_olmo2", "tiny_llama"])
def test_a_model_that_is_being_trained_samples_as_before(name: str, request: Any) -> None:
    model = request.getfixturevalue(name)
    ids = prompts(9)
    trained = copy.deepcopy(model)
    use_float32_attention(trained)
    settings: dict[str, Any] = {"temperature": 1.0, "top_p": 1.0, "samples": 3}
    before, after = (
        draw(m, requests_of(ids), max_new_tokens=20, **settings) for m in (model, trained)
    )
    for group, again in zip(before, after, strict=True):
        assert [c.tokens for c in again] == [c.tokens for c in group]


def test_llama_shaped_models_take_the_fused_path_and_others_do_not(request: Any) -> None:
    assert all(fusible(request.getfixturevalue(name)) for name in FUSED)
    assert not any(fusible(request.getfixturevalue(name)) for name in GENERIC)


@pytest.mark.parametrize("name", FUSED)
def test_both_decoders_compute_the_same_logits(name: str, request: Any) -> None:
    model = request.getfixturevalue(name)
    lengths = torch.tensor([3, 9, 1, 6])
    ids = torch.zeros(4, 9, dtype=torch.long)
    for row, prompt in enumerate(prompts(4, seed=1)):
        ids[row, : lengths[row]] = torch.tensor((prompt * 9)[: lengths[row]])
    rng = np.random.default_rng(2)
    with torch.inference_mode():
        pair = FusedDecoder(model), HuggingFaceDecoder(model)
        compare(*(d.prefill(ids, lengths) for d in pair))
        for rows in ([0, 0, 1, 1, 2, 3, 3], [6, 4, 2, 0], [1, 3]):
            for decoder in pair:
                decoder.select(torch.tensor(rows))
            for _ in range(4):
                tokens = torch.from_numpy(rng.integers(10, 290, len(rows)))
                compare(*(d.step(tokens) for d in pair))


def compare(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["tiny_qwen3", "tiny_gpt2"])
def test_a_completion_does_not_depend_on_what_stands_beside_it(name: str, request: Any) -> None:
    model = request.getfixturevalue(name)
    requests = requests_of(prompts(8))
    settings = {"samples": 3, "max_new_tokens": 16, "temperature": 1.0, "stop": 40}
    together = tokens_of(draw(model, requests, **settings))
    assert tokens_of(draw(model, requests, **settings, max_rows=4)) == together
    assert tokens_of(draw(model, requests[::-1], **settings))[::-1] == together
    alone = [draw(model, [request], **settings)[0] for request in requests]
    assert tokens_of(alone) == together
    fewer = draw(model, requests, **{**settings, "samples": 2})
    assert tokens_of(fewer) == [group[:2] for group in together]


def tokens_of(groups: list[list[Completion]]) -> list[list[list[int]]]:
    return [[c.tokens for c in group] for group in groups]


def test_names_and_seeds_decide_what_is_drawn(tiny_qwen3: Any) -> None:
    prompt = [11, 12, 13]
    twins = [Request("a", prompt), Request("a", prompt), Request("b", prompt)]
    settings = {"samples": 2, "max_new_tokens": 12, "temperature": 1.0}
    first, same, other = draw(tiny_qwen3, twins, **settings)
    assert first == same
    assert first != other
    assert draw(tiny_qwen3, twins, seed=1, **settings)[0] != first


def test_logprobs_are_those_of_the_text_at_temperature_one(tiny_qwen3: Any) -> None:
    requests = requests_of(prompts(6))
    groups = draw(tiny_qwen3, requests, samples=2, max_new_tokens=16, temperature=0.7, stop=40)
    flat = [(r.prompt, c) for r, group in zip(requests, groups, strict=True) for c in group]
    again = token_logprobs(tiny_qwen3, [Text(p, c.tokens) for p, c in flat], pad=0)
    for (_, completion), expected in zip(flat, again, strict=True):
        np.testing.assert_allclose(completion.logprobs, expected.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("temperature", "top_p"), [(1.0, 1.0), (0.6, 0.95), (0.8, 0.5), (1.5, 0.9)]
)
def test_frequencies_are_those_of_the_exact_nucleus(
    tiny_qwen3: Any, temperature: float, top_p: float
) -> None:
    prompt, count = [17, 40, 99, 120], 5000
    with torch.inference_mode():
        logits = tiny_qwen3(torch.tensor([prompt])).logits[0, -1].double().numpy()
    expected = nucleus(logits / temperature, top_p)
    (group,) = draw(
        tiny_qwen3,
        [Request("law", prompt)],
        samples=count,
        max_new_tokens=1,
        temperature=temperature,
        top_p=top_p,
        max_rows=count,
    )
    seen = np.zeros(len(logits))
    for token, times in Counter(c.tokens[0] for c in group).items():
        seen[token] = times
    assert seen[expected == 0].sum() == 0
    common = expected * count >= 5
    observed = np.append(seen[common], seen[~common].sum())
    wanted = np.append(expected[common], expected[~common].sum()) * count
    used = wanted > 0
    assert stats.chisquare(observed[used], wanted[used]).pvalue > 0.001


def nucleus(scaled: np.ndarray, top_p: float) -> np.ndarray:
    """The distribution cut to the fewest tokens that hold `top_p`, token by token."""
    share = np.exp(scaled - scaled.max())
    share /= share.sum()
    kept, held = np.zeros_like(share), 0.0
    for token in np.argsort(-share):
        if held >= top_p:
            break
        kept[token] = share[token]
        held += share[token]
    return kept / kept.sum()


def test_temperature_zero_ignores_seed_and_name(tiny_qwen3: Any) -> None:
    settings = {"samples": 2, "max_new_tokens": 12, "temperature": 0}
    (first,) = draw(tiny_qwen3, [Request("a", [20, 30])], **settings)
    (second,) = draw(tiny_qwen3, [Request("b", [20, 30])], seed=5, **settings)
    assert first[0] == first[1] == second[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("settings", [{}, {"top_p": 1}, {"temperature": 0}])
def test_weights_that_are_no_numbers_give_no_tokens(
    tiny_qwen3: Any, value: float, settings: dict[str, Any]
) -> None:
    broken = copy.deepcopy(tiny_qwen3)
    with torch.no_grad():
        broken.model.layers[0].mlp.down_proj.weight[0, 0] = value
    with pytest.raises(InputError, match="logits are NaN or infinite"):
        draw(broken, [Request("a", [20, 30])], max_new_tokens=4, samples=1, **settings)


class Chain:
    """A decoder whose next token depends on the last one alone, and which counts its rows."""

    def __init__(self, table: torch.Tensor) -> None:
        self.table = table
        self.device = torch.device("cpu")
        self.prefilled: list[int] = []
        self.stepped: list[int] = []
        self.rows = 0

    def prefill(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        self.prefilled.append(len(ids))
        return self.table[ids[torch.arange(len(ids)), lengths - 1]]

    def select(self, rows: torch.Tensor) -> None:
        self.rows = len(rows)

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        assert len(tokens) == self.rows
        self.stepped.append(len(tokens))
        return self.table[tokens]


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain on five tokens that stops (token 4) with probability 0.3 at every step."""
    others = torch.tensor([[4.0, 2, 1, 0], [1, 1, 1, 1], [0, 0, 3, 4], [5, 1, 1, 1], [1] * 4])
    going_on = others / others.sum(1, keepdim=True) * 0.7
    table = torch.cat([going_on, torch.full((5, 1), 0.3)], dim=1).log()
    spy = Chain(table)
    monkeypatch.setattr(sampler, "decoder_for", lambda _: spy)
    return spy


def test_each_distinct_prompt_is_read_once(chain: Chain) -> None:
    ids = [[0, 1], [2], [0, 1], [3, 3, 3], [2], [0, 1]]
    draw(None, requests_of(ids), samples=5, max_new_tokens=4, temperature=1.0, stop=4)
    assert chain.prefilled == [3]


def test_rows_that_have_ended_leave_the_batch(chain: Chain) -> None:
    groups = draw(
        None, requests_of([[0], [1]]), samples=100, max_new_tokens=30, temperature=1.0, stop=4
    )
    lengths = [len(c.tokens) for group in groups for c in group]
    assert chain.stepped == sorted(chain.stepped, reverse=True)
    for step, rows in enumerate(chain.stepped, start=1):
        alive = sum(length > step for length in lengths)
        assert alive <= rows <= alive / 0.75 + 1
    # The lengths of a chain that stops with 0.3 are geometric.
    assert abs(np.mean(lengths) - 1 / 0.3) < 4 * np.sqrt(0.7) / 0.3 / np.sqrt(len(lengths))


def test_a_completion_ends_with_the_stop_token_or_is_truncated(chain: Chain) -> None:
    (group,) = draw(None, [Request("x", [0])], samples=200, max_new_tokens=3, stop=4, top_p=1)
    assert {c.truncated for c in group} == {True, False}
    for completion in group:
        assert 4 not in completion.tokens[:-1]
        assert completion.truncated == (completion.tokens[-1] != 4)
        assert len(completion.tokens) == len(completion.logprobs)
        assert len(completion.tokens) == 3 or not completion.truncated


def test_zero_probability_tokens_are_never_drawn(chain: Chain) -> None:
    for top_p in (1.0, 0.9):
        (group,) = draw(None, [Request("x", [2])], samples=500, max_new_tokens=1, top_p=top_p)
        assert {c.tokens[0] for c in group} <= {2, 3, 4}


def test_no_requests_give_no_completions(tiny_qwen3: Any) -> None:
    assert draw(tiny_qwen3, []) == []
    assert isinstance(decoder_for(tiny_qwen3), FusedDecoder)


@pytest.mark.parametrize("name", ["tiny_qwen3", "tiny_gpt2"])
def test_a_text_ends_a_completion_where_it_first_appears(
    name: str, tiny_tokenizer: Any, request: Any
) -> None:
    model, requests = request.getfixturevalue(name), requests_of(prompts(12))
    sampling = Sampling(samples=2, max_new_tokens=24, temperature=1, top_p=1)
    whole = sample(model, requests, sampling, stop=2, pad=0)
    text = tiny_tokenizer.decode(whole[3][1].tokens)[4:6]
    stop_text = StopText(tiny_tokenizer, text)
    cut = sample(model, requests, sampling, stop=2, pad=0, stop_text=stop_text)
    ended = 0
    for before, after in zip(itertools.chain(*whole), itertools.chain(*cut), strict=True):
        count = len(before.tokens)
        lengths = range(1, count + 1)
        hits = [n for n in lengths if text in tiny_tokenizer.decode(before.tokens[:n])]
        assert after.tokens == before.tokens[: hits[0] if hits else count]
        assert after.truncated == (before.truncated and not hits)
        ended += bool(hits)
    assert ended
