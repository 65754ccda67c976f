"""From a question to the token ids of a prompt, and from a solution to those of a completion."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from metaprobe.core.errors import ConfigError

INSTRUCTION = "Put the final answer in \\boxed{}."
"""What is added to every question, so that the answer can be found."""

THINK, THINK_END = "<think>", "</think>"
"""Marks of a thought before the answer."""

Tokenizer = Any
"""A transformers tokenizer; the library's own classes are not typed."""


SHOTS = 4
"""Examples that a model without a chat template sees, where nothing else is said."""

NEXT_QUESTION = "Question:"
"""What a model without a chat template writes when it goes on to a question of its own."""


class Example(NamedTuple):
    """A question with its answer, shown before the question that is asked."""

    question: str
    answer: str


def has_chat_template(tokenizer: Tokenizer) -> bool:
    """Return whether the tokenizer brings a chat template; one is never made up."""
    return bool(getattr(tokenizer, "chat_template", None))


def user_message(question: str) -> str:
    """Return the question with the instruction on the answer's form: the user's turn of a chat."""
    return f"{question}\n{INSTRUCTION}"


def plain_prompt(question: str, examples: Sequence[Example] = ()) -> str:
    """Return the prompt of a model without a chat template: examples, the question, `Answer:`."""
    shown = [f"{NEXT_QUESTION} {user_message(e.question)}\nAnswer: {e.answer}" for e in examples]
    return "\n\n".join([*shown, f"{NEXT_QUESTION} {user_message(question)}\nAnswer:"])


def prompt_text(tokenizer: Tokenizer, question: str, *, thinking: bool | None = None) -> str:
    """Return the question as the prompt that the model expects.

    A model without a chat template gets `plain_prompt`.

    Args:
        tokenizer: the model's tokenizer.
        question: the question alone; the instruction on the answer's form is added.
        thinking: passed to the template as `enable_thinking`, where it is given.
    """
    if not has_chat_template(tokenizer):
        return plain_prompt(question)
    extra = {} if thinking is None else {"enable_thinking": thinking}
    return str(
        tokenizer.apply_chat_template(
            [{"role": "user", "content": user_message(question)}],
            tokenize=False,
            add_generation_prompt=True,
            **extra,
        )
    )


def padding(tokenizer: Tokenizer) -> int:
    """Return the padding id, or the one that ends a turn where the tokenizer names none.

    Raises:
        ConfigError: it names neither.
    """
    pad = tokenizer.pad_token_id
    return end_of_turn(tokenizer) if pad is None else int(pad)


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the token ids of `text`, with nothing added."""
    return list(tokenizer.encode(text, add_special_tokens=False))


def encode_prompt(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the token ids of a prompt.

    A chat template writes the token that begins a text, if the model has one; a plain prompt gets
    it where the tokenizer adds it by itself.
    """
    ids = encode(tokenizer, text)
    if has_chat_template(tokenizer) or tokenizer.bos_token_id is None:
        return ids
    added = list(tokenizer.encode(""))
    return [*added[: added[:1] == [tokenizer.bos_token_id]], *ids]


def encode_prompts(
    tokenizer: Tokenizer, questions: Sequence[str], *, thinking: bool | None = None
) -> list[list[int]]:
    """Return the prompt ids of each question."""
    return [
        encode_prompt(tokenizer, prompt_text(tokenizer, q, thinking=thinking)) for q in questions
    ]


def encode_completion(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the ids of a completion, closed by the token that ends a turn."""
    return [*encode(tokenizer, text), end_of_turn(tokenizer)]


def end_of_turn(tokenizer: Tokenizer) -> int:
    """Return the id that ends a turn.

    Raises:
        ConfigError: the tokenizer names no such token.
    """
    token = tokenizer.eos_token_id
    if token is None:
        raise ConfigError("the tokenizer has no end-of-sequence token; set eos_token in its config")
    return int(token)


def split_thought(text: str) -> tuple[str, str]:
    """Return the thought and the answer of a response.

    A thought ends at the first `</think>`; templates that open it leave no `<think>` in the
    response. One that is opened and not closed has no answer.
    """
    thought, closed, answer = text.partition(THINK_END)
    if closed:
        return thought.strip().removeprefix(THINK).strip(), answer.strip()
    if text.lstrip().startswith(THINK):
        return text.strip().removeprefix(THINK).strip(), ""
    return "", text.strip()
