"""The nano bases' own tokenizer: byte-level BPE with single digits and a few whole phrases."""

from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from metaprobe.models.chat import INSTRUCTION, THINK, THINK_END

END_OF_TEXT = "<|endoftext|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
PHRASES = (
    f"\n{INSTRUCTION}",
    "The answer is \\boxed{",
    "\\boxed{",
)
"""Fixed texts of the chat format that are one token each."""

CHAT_TEMPLATE = """{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if enable_thinking is defined and enable_thinking is false -%}
{{- '<think>\\n\\n</think>\\n\\n' -}}
{%- endif -%}
{%- endif -%}"""
"""Qwen3's template without tools: thinking can be switched off by an empty thought."""

_PIECES = r"\d| ?[A-Za-z]+| ?[+\-*/=<>%,.:;()\[\]]+(?: (?=[\d\-]))?|\n+| ?[^\sA-Za-z\d]| +"


def train_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer of `vocabulary` entries, trained on `texts`.

    Words and runs of operators may become one token each; a digit is always a token of its own.
    Any text can be encoded, byte by byte at worst.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [END_OF_TEXT, TURN_START, TURN_END]
    phrases = [THINK, THINK_END, *PHRASES]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(phrases),
        special_tokens=control,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(p, normalized=False, special=False) for p in phrases])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        chat_template=CHAT_TEMPLATE,
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )
