"""What the tokens at which two models disagree are worth (arXiv 2603.22446).

One model writes; wherever its next-token distribution is further than a threshold from that of the
other one, the other chooses the token:

    S = 1 if JS(primary, intervening) > threshold else 0,
    mixture = (1 - S) primary + S intervening.

Forward, the base writes and the stage intervenes: are these tokens enough to gain what the stage
can? Backward, the stage writes and the base intervenes: does it need them? The control swaps as
large a share of the tokens at random positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from torch import Tensor

from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import CrossSampling, CrossSamplingRow
from metaprobe.core.stats import FloatArray, Interval, mean_interval, paired_delta, share_interval
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Verdict
from metaprobe.models.chat import NEXT_QUESTION, SHOTS, end_of_turn, has_chat_template, padding
from metaprobe.models.decoding import Decoder, decoder_for
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Completion, Request, StopText, sample_from
from metaprobe.models.sampling import Sampling
from metaprobe.probes.divergence.measure import common_vocabulary
from metaprobe.probes.divergence.terms import TERMS, position_terms
from metaprobe.probes.prompts import item_prompts

THRESHOLDS = (0.03, 0.1, 0.3)
"""JS in nats above which a token is swapped, where nothing else is said."""

# Logits of one model that a step may hold: fewer rows at once where the vocabulary is large.
_LOGIT_ENTRIES = 2**24

VERSION = 1
"""Raised whenever the same models and items would give other values."""

Rule = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""Which rows are swapped (B,), given both models' logits (B, V), the rows' numbers and the step."""


def measure_cross_sampling(
    base: LoadedModel,
    tuned: LoadedModel,
    items: Sequence[Item],
    sampling: Sampling,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    shots: int = SHOTS,
    tell: Callable[[float], None] | None = None,
) -> CrossSampling:
    """Return the accuracy of mixtures of two models, both ways, with their controls.

    Distributions are compared at temperature 1 over the whole vocabulary; tokens are drawn as
    `sampling` says, with the random numbers that the accuracy probe gives an item's samples. The
    prompt is in the form of the model that writes.

    Args:
        base: The model before post-training.
        tuned: The stage; same vocabulary.
        items: What is asked; ids differ.
        sampling: How tokens are drawn, and how many responses an item has.
        thresholds: JS in nats above which a token is swapped; one row each and direction.
        shots: Worked examples before a question, for models without a chat template.
        tell: Called with the share that is done.

    Raises:
        ConfigError: the vocabularies differ, there is no item or no threshold, or a threshold is
            negative.
        InputError: a model's logits are not finite.
    """
    common_vocabulary(base, tuned)
    if not items:
        raise ConfigError("cross-sampling needs at least one item: ask for more than none")
    if not thresholds or min(thresholds) < 0:
        raise ConfigError(
            f"cross-sampling thresholds {list(thresholds)}: give at least one, none below 0"
        )
    done, runs = 0, 2 * (1 + 2 * len(thresholds))

    def step() -> None:
        nonlocal done
        done += 1
        if tell:
            tell(done / runs)

    alone: dict[str, _Run] = {}
    rows: list[CrossSamplingRow] = []
    directions: dict[Literal["forward", "backward"], tuple[LoadedModel, LoadedModel]] = {
        "forward": (base, tuned),
        "backward": (tuned, base),
    }
    for direction, (writer, other) in directions.items():
        duet = _Duet(writer, other, items, sampling, shots)
        alone[direction] = duet.run(None)
        step()
        mixed = None
        for threshold in sorted(thresholds):
            if mixed is None or mixed.swapped.any():
                mixed = duet.run(duet.where_they_differ(threshold))
            step()
            # Where nothing is swapped, a higher threshold and the control swap nothing either.
            control = duet.run(duet.at_random(mixed.share.value)) if mixed.swapped.any() else mixed
            step()
            row = _row(direction, threshold, alone[direction], mixed, control)
            row["swapped_tokens"] = mixed.swapped.mean() / sampling.samples
            rows.append(CrossSamplingRow.model_validate(row))
    base_accuracy, tuned_accuracy = (alone[d].accuracy for d in ("forward", "backward"))
    return CrossSampling.model_validate(
        {
            **_ends("base_accuracy", base_accuracy),
            **_ends("tuned_accuracy", tuned_accuracy),
            "rows": rows,
            "n_items": len(items),
            "n_samples": sampling.samples,
        }
    )


@dataclass(frozen=True)
class _Run:
    """What the responses of one mixture come to."""

    correct: FloatArray
    """(items,) share of an item's responses that are correct."""
    swapped: FloatArray
    """(items,) swapped tokens of an item's responses."""
    tokens: FloatArray
    """(items,) tokens of an item's responses."""

    @property
    def accuracy(self) -> Interval:
        return _known(mean_interval(self.correct))

    @property
    def share(self) -> Interval:
        return _known(share_interval(self.swapped, self.tokens))


def _known(interval: Interval | None) -> Interval:
    assert interval is not None, "there is at least one item"
    return interval


def _row(
    direction: Literal["forward", "backward"],
    threshold: float,
    alone: _Run,
    mixed: _Run,
    control: _Run,
) -> dict[str, Any]:
    """Return the fields of `CrossSamplingRow` that follow from these runs."""

    def delta(name: str, before: _Run, after: _Run) -> dict[str, float]:
        stream = f"cross-sampling/{direction}/{threshold}/{name}"
        return _ends(name, paired_delta(before.correct, after.correct, stream=stream))

    return {
        "direction": direction,
        "threshold": threshold,
        **_ends("swapped_share", mixed.share),
        **_ends("accuracy", mixed.accuracy),
        **delta("delta", alone, mixed),
        "control_share": control.share.value,
        **_ends("control_accuracy", control.accuracy),
        **delta("control_delta", alone, control),
        **delta("excess", control, mixed),
    }


def _ends(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


class _Duet:
    """A model that writes, another one that may choose tokens, and what they are asked."""

    def __init__(
        self,
        writer: LoadedModel,
        other: LoadedModel,
        items: Sequence[Item],
        sampling: Sampling,
        shots: int,
    ) -> None:
        self.writer, self.other, self.items, self.sampling = writer, other, items, sampling
        prompts = item_prompts(writer, items, shots, room=sampling.max_new_tokens)
        self.requests = [Request(i.id, p) for i, p in zip(items, prompts, strict=True)]
        plain = not has_chat_template(writer.tokenizer)
        self.stop_text = StopText(writer.tokenizer, NEXT_QUESTION) if plain else None
        with torch.inference_mode():
            self.decoders = decoder_for(writer.model), decoder_for(other.model)

    def where_they_differ(self, threshold: float) -> Callable[[Sequence[Request]], Rule]:
        """Return, for a batch, the rule that swaps where JS is above the threshold."""

        def rule(ours: Tensor, theirs: Tensor, rows: Tensor, step: int) -> Tensor:
            del rows, step
            anything = torch.zeros(len(ours), dtype=torch.long, device=ours.device)
            js = position_terms(ours, theirs.to(ours.device), anything)[:, TERMS.index("js")]
            if not bool(js.isfinite().all()):
                raise InputError(
                    f"{self.writer.name} or {self.other.name}: logits are not finite; the weights "
                    "are damaged or the training diverged, probe an earlier stage"
                )
            return js > threshold

        return lambda _: rule

    def at_random(self, share: float) -> Callable[[Sequence[Request]], Rule]:
        """Return, for a batch, the rule that swaps this share of the tokens, whatever they are."""

        def of_batch(batch: Sequence[Request]) -> Rule:
            draws = [
                numpy_rng_for("cross-sampling", self.sampling.seed, request.name, copy).random(
                    self.sampling.max_new_tokens
                )
                for request in batch
                for copy in range(self.sampling.samples)
            ]
            swapped = torch.from_numpy(np.stack(draws)) < share

            def rule(ours: Tensor, theirs: Tensor, rows: Tensor, step: int) -> Tensor:
                del theirs
                return swapped[rows, step].to(ours.device)

            return rule

        return of_batch

    def run(self, rule_of: Callable[[Sequence[Request]], Rule] | None) -> _Run:
        """Sample and grade; without a rule, the model that writes is alone."""
        copies, limit = self.sampling.samples, self.sampling.max_new_tokens
        mixtures: list[tuple[Sequence[Request], _MixedDecoder]] = []

        def decoder_of(batch: Sequence[Request]) -> Decoder:
            if rule_of is None:
                return self.decoders[0]
            prompts: dict[tuple[int, ...], int] = {}
            for number, request in enumerate(batch):
                prompts.setdefault(tuple(request.prompt), number * copies)
            swapped = torch.zeros(len(batch) * copies, limit, dtype=torch.bool)
            first = torch.tensor(list(prompts.values()))
            mixed = _MixedDecoder(*self.decoders, rule_of(batch), first, swapped)
            mixtures.append((batch, mixed))
            return mixed

        tokenizer = self.writer.tokenizer
        vocabulary = self.writer.model.config.get_text_config().vocab_size
        completions = sample_from(
            decoder_of,
            self.requests,
            self.sampling,
            stop=end_of_turn(tokenizer),
            pad=padding(tokenizer),
            stop_text=self.stop_text,
            max_rows=max(1, min(512, _LOGIT_ENTRIES // vocabulary)),
        )
        swaps = {
            request.name: mixed.swapped[number * copies : (number + 1) * copies]
            for batch, mixed in mixtures
            for number, request in enumerate(batch)
        }
        return self._graded(completions, swaps)

    def _graded(
        self, completions: Sequence[Sequence[Completion]], swaps: dict[str, Tensor]
    ) -> _Run:
        correct, swapped, tokens = np.zeros((3, len(self.items)))
        for n, (item, group) in enumerate(zip(self.items, completions, strict=True)):
            texts = self.writer.tokenizer.batch_decode(
                [c.tokens for c in group], skip_special_tokens=True
            )
            for copy, (completion, text) in enumerate(zip(group, texts, strict=True)):
                if self.stop_text:
                    text = text.partition(self.stop_text.text)[0]
                graded = grade(item.answer, text, truncated=completion.truncated)
                correct[n] += graded.verdict == Verdict.CORRECT
                tokens[n] += len(completion.tokens)
                if item.id in swaps:
                    swapped[n] += int(swaps[item.id][copy, : len(completion.tokens)].sum())
        return _Run(correct / self.sampling.samples, swapped, tokens)


@dataclass
class _MixedDecoder:
    """Two models over the same rows; the logits are the second's where the rule says so."""

    primary: Decoder
    intervening: Decoder
    rule: Rule
    first: Tensor
    """(P,) row that is the first to continue each prompt."""
    swapped: Tensor
    """(R, steps) whether the token of a row was the second's choice; filled in."""
    rows: Tensor | None = field(default=None, init=False)
    steps: int = field(default=0, init=False)
    device: torch.device = field(init=False)

    def __post_init__(self) -> None:
        self.device = self.primary.device

    def prefill(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See `Decoder.prefill`."""
        there = self.intervening.device
        theirs = self.intervening.prefill(ids.to(there), lengths.to(there))
        return self._mixed(self.primary.prefill(ids, lengths), theirs, self.first)

    def select(self, rows: Tensor) -> None:
        """See `Decoder.select`."""
        self.primary.select(rows)
        self.intervening.select(rows.to(self.intervening.device))
        rows = rows.cpu()
        if self.rows is None:  # so far there were prompts; now each of their rows is named
            self.swapped[:, 0] = self.swapped[self.first[rows], 0]
            self.rows = torch.arange(len(rows))
        else:
            self.rows = self.rows[rows]

    def step(self, tokens: Tensor) -> Tensor:
        """See `Decoder.step`."""
        assert self.rows is not None, "rows are selected before the first step"
        theirs = self.intervening.step(tokens.to(self.intervening.device))
        return self._mixed(self.primary.step(tokens), theirs, self.rows)

    def _mixed(self, ours: Tensor, theirs: Tensor, rows: Tensor) -> Tensor:
        swap = self.rule(ours, theirs, rows, self.steps)
        self.swapped[rows, self.steps] = swap.cpu()
        self.steps += 1
        return torch.where(swap[:, None], theirs.to(ours.device), ours)
