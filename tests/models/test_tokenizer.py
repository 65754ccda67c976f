"""The nano bases' tokenizer: nothing is lost, digits stand alone, the chat format is Qwen3's."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metaprobe.models.chat import (
    INSTRUCTION,
    THINK,
    THINK_END,
    encode,
    encode_completion,
    prompt_text,
)
from metaprobe.models.tokenizer import (
    END_OF_TEXT,
    PHRASES,
    TURN_END,
    TURN_START,
    train_tokenizer,
)

CONTROL = (END_OF_TEXT, TURN_START, TURN_END)


@given(text=st.text().filter(lambda text: not any(control in text for control in CONTROL)))
@example(text="  two  spaces,\ttabs\r\nand line ends \n\n")
@example(text="<think>\n3 + 4 = 7\n</think>\n\nThe answer is \\boxed{7}.")
@example(text="名前 ñ é 🙂 \x00 a ́")
def test_any_text_survives(tiny_tokenizer: Any, text: str) -> None:
    assert tiny_tokenizer.decode(encode(tiny_tokenizer, text)) == text
    assert tiny_tokenizer.decode(encode(tiny_tokenizer, text), skip_special_tokens=True) == text


@given(number=st.integers(min_value=0))
def test_every_digit_is_a_token(tiny_tokenizer: Any, number: int) -> None:
    ids = encode(tiny_tokenizer, f"x={number}, 5{number}")
    pieces = [tiny_tokenizer.decode([i]) for i in ids]
    digits = [piece for piece in pieces if any(c.isdigit() for c in piece)]
    assert digits == [*str(number), "5", *str(number)]


@pytest.mark.parametrize("phrase", [*CONTROL, THINK, THINK_END, *PHRASES])
def test_phrases_of_the_chat_format_are_one_token(tiny_tokenizer: Any, phrase: str) -> None:
    assert len(encode(tiny_tokenizer, phrase)) == 1
    around = encode(tiny_tokenizer, f"a{phrase}b")
    assert encode(tiny_tokenizer, phrase)[0] in around


def test_thinking_and_boxes_are_not_skipped_as_special(tiny_tokenizer: Any) -> None:
    text = "<think>\n\n</think>\n\nThe answer is \\boxed{7}."
    ids = encode_completion(tiny_tokenizer, text)
    assert ids[-1] == tiny_tokenizer.eos_token_id
    assert tiny_tokenizer.decode(ids, skip_special_tokens=True) == text
    assert tiny_tokenizer.decode(ids) == text + TURN_END


def test_prompts_have_the_shape_of_qwen3(tiny_tokenizer: Any) -> None:
    turn = f"<|im_start|>user\nWhy?\n{INSTRUCTION}<|im_end|>\n<|im_start|>assistant\n"
    assert prompt_text(tiny_tokenizer, "Why?") == turn
    assert prompt_text(tiny_tokenizer, "Why?", thinking=True) == turn
    without = prompt_text(tiny_tokenizer, "Why?", thinking=False)
    assert without == f"{turn}<think>\n\n</think>\n\n"


def test_conversations_have_the_shape_of_qwen3(tiny_tokenizer: Any) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "2"},
    ]
    text = tiny_tokenizer.apply_chat_template(messages, tokenize=False)
    assert text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n1 + 1?<|im_end|>\n"
        "<|im_start|>assistant\n2<|im_end|>\n"
    )


def test_a_tokenizer_has_the_size_asked_for_and_survives_its_folder(tmp_path: Any) -> None:
    from transformers import AutoTokenizer

    first = train_tokenizer(["some words to learn from, and some more words"] * 3, vocabulary=280)
    assert len(first) == 280
    first.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    text = prompt_text(first, "How many words?") + "<think>\n12\n</think>"
    assert prompt_text(again, "How many words?") + "<think>\n12\n</think>" == text
    assert encode(again, text) == encode(first, text)
    assert (again.eos_token_id, again.pad_token_id) == (first.eos_token_id, first.pad_token_id)
