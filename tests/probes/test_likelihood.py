"""The likelihood probe against closed forms and against transformers' own forward pass."""

import copy
import math
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.analysis.likelihood import likelihood_by_cell
from metaprobe.benchmark.answers import TextAnswer
from metaprobe.benchmark.family import find_family
from metaprobe.benchmark.freeze import NANO_FAMILIES
from metaprobe.core.vocabulary import Split
from metaprobe.models.chat import prompt_text
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.runtime import torch
from metaprobe.probes import likelihood
from metaprobe.probes.likelihood import measure_likelihood, rank


class Unigram(torch.nn.Module):
    """A causal language model whose next token has the same law everywhere."""

    dtype = torch.float32
    device = torch.device("cpu")
    config = SimpleNamespace(model_type="unigram")

    def __init__(self, logprobs: Any) -> None:
        super().__init__()
        self.head = torch.nn.Linear(1, len(logprobs), bias=False)
        self.head.weight.data = torch.as_tensor(logprobs, dtype=torch.float32)[:, None]

    def base_model(self, input_ids: Any, use_cache: bool) -> Any:
        return SimpleNamespace(last_hidden_state=torch.ones(*input_ids.shape, 1))

    def get_output_embeddings(self) -> Any:
        return self.head


def loaded(model: Any, tokenizer: Any) -> LoadedModel:
    return LoadedModel(name="toy", folder=None, model=model, tokenizer=tokenizer)


def without_template(tokenizer: Any) -> Any:
    plain = copy.deepcopy(tokenizer)
    plain.chat_template = None
    return plain


@pytest.fixture(scope="module")
def items():
    names = ("integer_expression", "primes_in_interval", "notation_meaning", "state_machine")
    return [i for n in names for i in find_family(n).items(split=Split.EVAL, level=1, count=3)]


def test_scores_are_sums_and_means_per_byte_of_known_probabilities(
    tiny_tokenizer, items, monkeypatch
):
    # p(7) = e^-2 and p(3) = e^-1: six threes are less likely than a seven, but more so per byte.
    law = torch.full((len(tiny_tokenizer),), 1e-4, dtype=torch.float64)
    for text, value in (("7", -2.0), ("3", -1.0), ("}", -0.5)):
        (token,) = tiny_tokenizer.encode(text, add_special_tokens=False)
        law[token] = math.exp(value)
    shift = law.sum().log().item()
    item = items[0].model_copy(update={"answer": items[0].answer.model_copy(update={"value": 7})})
    monkeypatch.setattr(likelihood, "distractors", lambda _: ["333333"])
    model = Unigram((law / law.sum()).log())
    row = measure_likelihood(loaded(model, tiny_tokenizer), [item], shots=0).row(0, named=True)
    assert row["options"] == ["7", "333333"]
    assert row["bytes"] == [2, 7]
    gold, wrong = -2.5 - 2 * shift, -6.5 - 7 * shift
    assert row["logprobs"] == pytest.approx([gold, wrong], abs=1e-4)
    assert (row["unnormalised"], row["correct"], row["chance"]) == (1, 0, 0.5)
    assert row["margin"] == pytest.approx(gold / 2 - wrong / 7, abs=1e-4)


@given(
    st.lists(st.integers(-50, -1), min_size=2, max_size=4),
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
)
def test_the_best_wins_and_a_tie_is_shared(logprobs, lengths):
    lengths = lengths[: len(logprobs)]
    found = rank(logprobs, lengths)
    for scores, share in (
        (logprobs, found.unnormalised),
        ([value / n for value, n in zip(logprobs, lengths, strict=True)], found.correct),
    ):
        ahead = sum(s > scores[0] for s in scores)
        level = sum(s == scores[0] for s in scores)
        assert share == (0 if ahead else 1 / level)
    assert (found.margin > 0) == (found.correct == 1)


@pytest.mark.parametrize("name", ["tiny_qwen3", "tiny_llama", "tiny_gpt2"])
@pytest.mark.parametrize("chat", [True, False])
def test_log_likelihoods_are_those_of_the_whole_text(name, chat, request, tiny_tokenizer, items):
    model = request.getfixturevalue(name)
    tokenizer = tiny_tokenizer if chat else without_template(tiny_tokenizer)
    table = measure_likelihood(loaded(model, tokenizer), items, shots=0)
    for item, row in zip(items, table.iter_rows(named=True), strict=True):
        prompt = prompt_text(tokenizer, item.question, thinking=False)
        context = prompt + ("" if chat else " ") + "The answer is \\boxed{"
        start = len(tokenizer.encode(context))
        for answer, found in zip(row["options"], row["logprobs"], strict=True):
            ids = tokenizer.encode(f"{context}{answer}}}")
            with torch.inference_mode():
                law = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
            expected = sum(law[n - 1, ids[n]].item() for n in range(start, len(ids)))
            assert found == pytest.approx(expected, abs=2e-3)
        assert row["bytes"] == [len(f"{answer}}}".encode()) for answer in row["options"]]


def test_a_token_over_the_border_belongs_to_every_answer(monkeypatch):
    class Merging:
        """Letters are tokens, but `{` takes a minus that follows it."""

        chat_template = "yes"

        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            return [ord(c) for c in text.replace("{-", "\u20ac")]

    prompt, brace = "Q", [ord("{")]
    texts = likelihood._texts(loaded(None, Merging()), prompt, ["-5", "5"])
    assert [text.completion for text in texts] == [
        [ord("\u20ac"), ord("5"), ord("}")],
        [*brace, ord("5"), ord("}")],
    ]
    assert texts[0].prompt == texts[1].prompt == [ord(c) for c in "QThe answer is \\boxed"]


def test_neither_order_nor_company_change_a_row(tiny_qwen3, tiny_tokenizer, items):
    model = loaded(tiny_qwen3, tiny_tokenizer)
    together = measure_likelihood(model, items, shots=0)
    apart = pl.concat([measure_likelihood(model, [i], shots=0) for i in reversed(items)])
    keys = ["item_id", "options", "correct", "unnormalised"]
    assert together.select(keys).equals(apart.reverse().select(keys))
    assert (together["margin"] - apart.reverse()["margin"]).abs().max() < 1e-4
    assert together.equals(measure_likelihood(model, items, shots=0))


def test_an_item_without_wrong_answers_is_left_out_and_counted(tiny_qwen3, tiny_tokenizer, items):
    fact = items[0].model_copy(update={"answer": TextAnswer(value="Paris"), "family": "imported"})
    table = measure_likelihood(loaded(tiny_qwen3, tiny_tokenizer), [*items, fact], shots=0)
    assert table["correct"].to_list()[-1] is None
    found = likelihood_by_cell(table, None, stream="test")
    assert (found.all.n_items, found.all.left_out) == (len(items), 1)


@pytest.mark.slow
def test_the_nano_base_is_above_chance_in_most_cells():
    asked = [
        item
        for name in NANO_FAMILIES
        for level in (1, 2)
        for item in find_family(name).items(split=Split.EVAL, level=level, count=5)
    ]
    model = load_model("nano/qwen3", dtype=torch.float32)
    found = likelihood_by_cell(measure_likelihood(model, asked, shots=0), None, stream="test")
    assert len(found.cells) == 20
    above = [c for c in found.cells if c.accuracy > c.chance]
    assert len(above) > 12, [f"{c.domain}/{c.skill}" for c in above]
    assert found.all.accuracy_low > found.all.chance
    assert found.all.left_out == 0
