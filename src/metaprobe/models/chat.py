"""From a question to the token ids of a prompt, and from a solution to those of a completion."""

from collections.abc import Sequence
from typing import Any

from metaprobe.core.errors import ConfigError

INSTRUCTION = "Put the final answer in \\boxed{}."
"""What is added to every question, so that the answer can be found."""

Tokenizer = Any
"""A transformers tokenizer; the library's own classes are not typed."""


def user_message(question: str) -> str:
    """Return the question with the instruction on the answer's form: the user's turn of a chat."""
    return f"{question}\n{INSTRUCTION}"


def plain_prompt(question: str) -> str:
    """Return the whole prompt of a model that has no chat template."""
    return f"{user_message(question)}\nAnswer:"


def prompt_text(tokenizer: Tokenizer, question: str, *, thinking: bool | None = None) -> str:
    """Return the question as the prompt that the model expects.

    A model without a chat template gets the question followed by `Answer:`.

    Args:
        tokenizer: the model's tokenizer.
        question: the question alone; the instruction on the answer's form is added.
        thinking: passed to the template as `enable_thinking`, where it is given.
    """
    if not getattr(tokenizer, "chat_template", None):
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


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the token ids of `text`, with nothing added."""
    return list(tokenizer.encode(text, add_special_tokens=False))


def encode_prompts(
    tokenizer: Tokenizer, questions: Sequence[str], *, thinking: bool | None = None
) -> list[list[int]]:
    """Return the prompt ids of each question."""
    return [encode(tokenizer, prompt_text(tokenizer, q, thinking=thinking)) for q in questions]


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
