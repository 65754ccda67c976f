"""The recipe of the nano bases: tokenizer and model from nothing, on low-level items of all cells.

The text is what a base model has seen of the skills: worked solutions in mixed styles, part of
them long (a thought before the answer) and part short, so that what post-training prefers can
move. Prompts take no part in the loss. Left out: packing (length-sorted batches waste little),
weight averaging, and evaluation, which is the probes' work.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from metaprobe.benchmark.family import families
from metaprobe.benchmark.freeze import NANO_FAMILIES
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, nearest
from metaprobe.core.files import read_json, storage_errors, write_json
from metaprobe.core.streams import seed_for
from metaprobe.core.vocabulary import CELLS, Cell, Split
from metaprobe.models.chat import encode, encode_completion, prompt_text
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import load_model
from metaprobe.models.logprobs import use_float32_attention
from metaprobe.models.runtime import default_device, matmul_precision, torch
from metaprobe.models.tokenizer import train_tokenizer
from metaprobe.training.data import Example, collate, draw_items, token_batches
from metaprobe.training.losses import next_token_loss
from metaprobe.training.traces import TEACHERS, choose_length, solution_text, style_of

_RECORD = "pretrain.json"


class PretrainConfig(BaseModel):
    """The recipe of one base."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    architecture: str = "qwen3"
    """Model type of transformers."""
    hidden: int = 160
    """Width of the residual stream."""
    layers: int = 4
    """Number of transformer blocks."""
    vocabulary: int = 1536
    """Entries of the tokenizer."""
    levels: tuple[int, ...] = (1, 2)
    """Levels of the training items."""
    families: tuple[str, ...] | None = NANO_FAMILIES
    """The only families; all where null."""
    emphasis: dict[str, PositiveInt] = {}
    """Families that have this many times as many texts as the others."""
    problems: int = 120_000
    """Distinct training problems; families with few of them are repeated (see `balanced`)."""
    long_share: float = Field(default=0.8, ge=0, le=1)
    """Share of texts whose solution is long."""
    tokens: int = 40_000_000
    """Tokens to train on, prompts and padding included."""
    batch_tokens: int = 2048
    """Padded tokens in a batch."""
    learning_rate: float = 0.02
    """Of Muon, on the matrices of the blocks: peak; linear warm-up, then cosine to a fiftieth."""
    embedding_rate: float = 4e-3
    """Of AdamW, on embeddings and norms; the same course."""
    weight_decay: float = 0.05
    """Of the matrices of the blocks."""
    seed: int = 0
    """Names the streams of data and initialisation."""
    start: str | None = None
    """A model to go on from, with its tokenizer; from nothing where it is not given."""
    precision: str = "auto"
    """Of matrix products: float32, bfloat16 or auto."""


def pretrain(
    config: PretrainConfig, out: Path, *, report: Callable[[dict[str, Any]], None] | None = None
) -> None:
    """Train a base and write it to `out` as a Hugging Face folder.

    Beside the model, `pretrain.json` holds the recipe, tokens, seconds and loss curve, and as
    `start` the same file of the model that it went on from, or null.

    Args:
        config: the recipe.
        out: folder to write.
        report: called with `{step, tokens, loss, learning_rate, seconds}` every few steps.

    Raises:
        ConfigError: a family of `emphasis` is not among those that are trained.
    """
    known = config.families or tuple(family.name for family in families())
    for name in config.emphasis:
        if name not in known:
            raise ConfigError(f"emphasis.{name}: no such family is trained{nearest(name, known)}")
    items = draw_items(
        CELLS,
        config.levels,
        config.problems,
        split=Split.TRAIN,
        seed=config.seed,
        families=config.families,
    )
    if config.start is None:
        tokenizer = train_tokenizer(_tokenizer_texts(items), vocabulary=config.vocabulary)
        torch.manual_seed(seed_for("pretrain", config.seed))
        model = build_model(config, tokenizer)
    else:
        loaded = load_model(config.start, dtype=torch.float32)
        model, tokenizer = loaded.model, loaded.tokenizer
    examples = _examples(config, items, tokenizer)
    del items  # gigabytes that training has no use for
    curve = _train(config, model, tokenizer.pad_token_id, examples, report)
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
    recipe = config.model_dump(mode="json")
    started_from = _record_of(config.start) if config.start else None
    write_json(
        out / _RECORD, {"recipe": recipe, **curve[-1], "curve": curve, "start": started_from}
    )


def _record_of(model: str) -> Any:
    folder = resolve_model(model)
    path = folder / _RECORD if folder else None
    return read_json(path) if path and path.is_file() else None


def build_model(config: PretrainConfig, tokenizer: Any) -> Any:
    """Return a freshly initialised model of the configured shape."""
    from transformers import AutoConfig, AutoModelForCausalLM

    head = 32
    shape = AutoConfig.for_model(
        config.architecture,
        vocab_size=len(tokenizer),
        hidden_size=config.hidden,
        intermediate_size=3 * config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=head,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return AutoModelForCausalLM.from_config(shape)


def _examples(config: PretrainConfig, items: list[Item], tokenizer: Any) -> list[Example]:
    examples = []
    for item, variant in balanced(items, config.emphasis):
        length = choose_length(item, "mixed", config.long_share, variant)
        text = solution_text(item, style_of(item, "base", variant), length)
        prompt = encode(tokenizer, prompt_text(tokenizer, item.question))
        examples.append(Example(prompt, encode_completion(tokenizer, text)))
    return examples


def balanced(
    items: Sequence[Item], emphasis: Mapping[str, int] | None = None
) -> Iterator[tuple[Item, int]]:
    """Yield items with a variant number, as many of each family and level.

    A family with few problems is gone through again and again, each time as another variant, so
    that a hundred facts weigh as much in training as a million sums. `emphasis` multiplies the
    number of a family by name.
    """
    groups: dict[tuple[Cell, str, int], list[Item]] = {}
    for item in items:
        groups.setdefault((item.cell, item.family, item.level), []).append(item)
    share = max(map(len, groups.values()))
    for (_, family, _), group in groups.items():
        for n in range(share * (emphasis or {}).get(family, 1)):
            yield group[n % len(group)], n // len(group)


def _tokenizer_texts(items: list[Item]) -> list[str]:
    texts = []
    for item in items[:: max(1, len(items) // 40_000)]:
        texts.append(f"user\n{item.question}\nassistant\n")
        texts.append(solution_text(item, style_of(item, "base"), "long"))
    for styles in TEACHERS.values():
        for style in styles:
            # Repeated so that a teacher's words are vocabulary, as they are for real models.
            texts += [solution_text(item, style, "long") for item in items[:300]]
    return texts


def _train(
    config: PretrainConfig,
    model: Any,
    pad: int,
    examples: list[Example],
    report: Callable[[dict[str, Any]], None] | None,
) -> list[dict[str, Any]]:
    device = default_device()
    model.to(device).train()
    use_float32_attention(model)
    optimizers = _optimizers(model, config)
    lengths = [e.length for e in examples]
    curve: list[dict[str, Any]] = []
    seen, step, started = 0, 0, time.monotonic()
    running = 0.0
    for indices in token_batches(lengths, config.batch_tokens, stream=f"pretrain/{config.seed}"):
        share = _schedule(seen / config.tokens)
        for group in (g for optimizer in optimizers for g in optimizer.param_groups):
            group["lr"] = share * group["initial_lr"]
        batch = collate([examples[i] for i in indices], pad)
        with matmul_precision(config.precision, device):
            loss = next_token_loss(model, batch.input_ids.to(device), batch.labels.to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen, step = seen + batch.input_ids.numel(), step + 1
        running += (loss.item() - running) / min(step, 50)
        done = seen >= config.tokens
        if step % 50 == 0 or done:
            row = {
                "step": step,
                "tokens": seen,
                "loss": round(running, 4),
                "learning_rate": share * config.learning_rate,
                "seconds": round(time.monotonic() - started, 1),
            }
            curve.append(row)
            if report:
                report(row)
        if done:
            return curve
    raise AssertionError("token_batches never ends")


def _optimizers(model: Any, config: PretrainConfig) -> tuple[torch.optim.Optimizer, ...]:
    """Return Muon (arXiv 2502.16982) for the matrices of the blocks, and AdamW for the rest."""
    blocks = {p for p in model.base_model.layers.parameters() if p.ndim == 2}
    rest = [p for p in model.parameters() if p not in blocks]
    muon = torch.optim.Muon(
        [p for p in model.parameters() if p in blocks],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    adamw = torch.optim.AdamW(
        rest, lr=config.embedding_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )
    for group in (*muon.param_groups, *adamw.param_groups):
        group["initial_lr"] = group["lr"]
    return muon, adamw


def _schedule(progress: float) -> float:
    warm, end = 0.02, 0.02
    if progress < warm:
        return progress / warm
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warm) / (1 - warm))))
    return end + (1 - end) * cosine
