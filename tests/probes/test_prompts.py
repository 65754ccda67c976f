"""Prompts of models without a chat template: worked examples of the same family and level."""

import copy
from typing import Any

import pytest
from tokenizers.processors import TemplateProcessing

from metaprobe.benchmark.family import families, find_family
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import LEVELS, Split
from metaprobe.models.chat import encode, prompt_text
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.models.tokenizer import END_OF_TEXT
from metaprobe.probes.accuracy import measure_responses
from metaprobe.probes.prompts import examples, item_prompts, item_text

GOLDEN = """\
Question: Use the digits of 12.
Put the final answer in \\boxed{}.
Answer: 1 + 2 = 3
The answer is \\boxed{3}.

Question: Use the digits of 45.
Put the final answer in \\boxed{}.
Answer:"""


@pytest.fixture(scope="module")
def item():
    return find_family("integer_expression").items(split=Split.EVAL, level=1, count=1)[0]


@pytest.fixture
def plain(tiny_gpt2: Any, tiny_tokenizer: Any) -> LoadedModel:
    """A model without a chat template."""
    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.chat_template = None
    return LoadedModel(name="plain", folder=None, model=tiny_gpt2, tokenizer=tokenizer)


def test_the_text_of_a_prompt_with_an_example(plain, item, monkeypatch):
    shown = item.model_copy(
        update={
            "id": "shown",
            "question": "Use the digits of 12.",
            "answer": item.answer.model_copy(update={"value": 3}),
            "long": ("1 + 2 = 3",),
        }
    )
    monkeypatch.setattr("metaprobe.probes.prompts._train_items", lambda *_: (shown,))
    asked = item.model_copy(update={"question": "Use the digits of 45."})
    assert item_text(plain, asked, 1) == GOLDEN
    direct = GOLDEN.replace("1 + 2 = 3\n", "")
    assert item_text(plain, asked, 1, worked=False) == direct
    assert item_text(plain, asked, 0) == GOLDEN.partition("\n\n")[2]


def test_a_model_with_a_chat_template_gets_it_and_no_examples(tiny_qwen3, tiny_tokenizer, item):
    loaded = LoadedModel(name="chat", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)
    assert item_text(loaded, item, 4) == prompt_text(tiny_tokenizer, item.question)
    without = item_text(loaded, item, 4, worked=False)
    assert without == prompt_text(tiny_tokenizer, item.question, thinking=False)


def test_a_model_without_one_is_never_given_one(plain, item):
    text = item_text(plain, item, 3)
    assert text.count("Question: ") == 4
    assert text.endswith(f"{item.question}\nPut the final answer in \\boxed{{}}.\nAnswer:")
    assert "<|" not in text


@pytest.mark.parametrize("family", families()[::7], ids=lambda f: f.name)
@pytest.mark.parametrize("level", LEVELS[::2])
def test_examples_are_other_train_items_of_the_family_and_level(family, level):
    for split in Split:
        train = {
            i.question: i for i in family.stream(split=Split.TRAIN, level=level, seed=0, limit=60)
        }
        for item in family.items(split=split, level=level, count=4):
            shown = examples(item, 4, worked=True)
            assert len({e.question for e in shown} - {item.question}) == 4
            for example in shown:
                gold = train[example.question].answer.render()
                assert example.answer.endswith(f"The answer is \\boxed{{{gold}}}.")
            assert examples(item, 4, worked=True) == shown


def test_items_have_different_examples():
    items = find_family("integer_expression").items(split=Split.EVAL, level=1, count=6)
    assert len({examples(item, 2, worked=True)[0].question for item in items}) > 1


def test_a_family_that_is_not_a_generator_needs_zero_shots(plain, item):
    imported = item.model_copy(update={"family": "imported"})
    with pytest.raises(ConfigError, match=r"imported.*probes\.shots=0"):
        item_text(plain, imported, 2)
    assert item_text(plain, imported, 0).endswith("Answer:")


def test_more_examples_than_there_are_is_an_error(item):
    small = min(families(), key=lambda f: f.capacity[1])
    asked = small.items(split=Split.EVAL, level=1, count=1)[0]
    with pytest.raises(ConfigError, match=r"examples were asked for; set probes\.shots lower"):
        examples(asked, 10_000, worked=True)


def test_prompts_that_do_not_fit_are_an_error(plain, item):
    assert item_prompts(plain, [item], 0, room=100)
    with pytest.raises(ConfigError, match="its context has 512"):
        item_prompts(plain, [item], 2, room=500)


def test_the_token_that_begins_a_text_is_there_where_the_tokenizer_adds_it(plain, item):
    (bare,) = item_prompts(plain, [item], 0, room=1)
    assert bare == encode(plain.tokenizer, item_text(plain, item, 0))
    begin = plain.tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    plain.tokenizer.bos_token = END_OF_TEXT
    plain.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{END_OF_TEXT} $A", special_tokens=[(END_OF_TEXT, begin)]
    )
    assert item_prompts(plain, [item], 0, room=1) == [[begin, *bare]]


def test_a_response_ends_before_the_next_question(plain, item, monkeypatch):
    said = " The answer is \\boxed{7}.\n\nQuestion: What now?\nAnswer: \\boxed{8}"
    script = encode(plain.tokenizer, said)
    (prompt,) = item_prompts(plain, [item], 1, room=0)

    class Decoder:
        device = torch.device("cpu")
        step_number = 0

        def _logits(self) -> Any:
            logits = torch.full((2, len(plain.tokenizer)), -30.0)
            logits[:, script[self.step_number]] = 0
            return logits

        def prefill(self, ids, lengths):
            assert ids[0, : int(lengths[0])].tolist() == prompt
            return self._logits()[:1]

        def select(self, rows):
            pass

        def step(self, tokens):
            self.step_number += 1
            return self._logits()

    monkeypatch.setattr("metaprobe.models.sampler.decoder_for", lambda _: Decoder())
    sampling = Sampling(samples=2, max_new_tokens=len(script))
    majority = {(f"{item.cell}/{item.family}", 1): 0.1}
    table = measure_responses(plain, [item], sampling, majority, shots=1)
    assert set(table["response"]) == {" The answer is \\boxed{7}.\n\n"}
    assert set(table["answer"]) == {"7"}
    assert plain.tokenizer.decode(table["tokens"][0].to_list()).endswith("\n\nQuestion:")
