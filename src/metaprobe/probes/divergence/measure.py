"""The divergence of a stage from its base on given texts.

Both models read the same texts and their next-token distributions are compared at every
completion position. Nothing is sampled or truncated: the sums run over all tokens. The output
layers run on a few positions at a time, and on no position that is not compared.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import (
    CellDivergence,
    Divergence,
    DivergenceSummary,
    PositionDivergence,
    TextKind,
)
from metaprobe.core.stats import FloatArray, Interval, share_interval
from metaprobe.core.vocabulary import CELLS, Cell
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text, hidden_states, length_batches, output_logits, pad_texts
from metaprobe.models.runtime import torch
from metaprobe.probes.divergence.intervals import ratio_interval, signed_ratio_interval
from metaprobe.probes.divergence.terms import COLUMNS, TERMS, position_terms

HIGH_JS = 0.1
"""JS divergence in nats above which a position counts as changed (arXiv 2603.22446)."""

FIRST_TOKENS = 4
"""Tokens at the start of a response that the profile shows one by one."""

TENTHS = 10
"""Parts of equal length into which the profile divides a response."""

LEGACY_FLOOR = 1e-10
"""What the estimator of arXiv 2507.00432 adds to a probability before its logarithm."""

_SUMS = (*COLUMNS, "high_js_share", "legacy", "n_positions")
_POSITIVE = ("kl_forward", "kl_reverse", "js", "rank_shift")
_SHARES = ("top1_agreement", "top_k_overlap", "high_js_share")

_BATCH_TOKENS = 4096
# The output layers run on this many positions of a small vocabulary, and on fewer of a large one,
# but on no fewer than make a matrix product efficient.
_LOGIT_POSITIONS = 512
_LOGIT_ENTRIES = 2**23
_LEAST_POSITIONS = 64


class CellText(NamedTuple):
    """A text and the cell of the item that it answers."""

    cell: Cell
    text: Text


def measure_divergence(
    base: LoadedModel,
    tuned: LoadedModel,
    base_texts: Sequence[CellText],
    own_texts: Sequence[CellText],
    reference_texts: Sequence[CellText] | None = None,
) -> Divergence:
    """Return the divergence of a stage from its base, over all texts, per cell and by place.

    Every number is a mean over completion positions, so a long text weighs more than a short
    one. Intervals have texts as their unit.

    Memory: the logits of both models at a few hundred positions at most, never of a whole batch.

    Args:
        base: The model before post-training.
        tuned: The stage; same vocabulary.
        base_texts: Responses of the base.
        own_texts: Responses of the stage.
        reference_texts: Given solutions, where they are to be read too.

    Raises:
        ConfigError: the vocabularies differ, a kind of text has no completion token, a prompt is
            empty or a token id is outside the vocabulary.
        InputError: a model's logits are not finite.
    """
    vocabulary = common_vocabulary(base, tuned)
    kinds: dict[TextKind, Sequence[CellText]] = {"base": base_texts, "own": own_texts}
    if reference_texts is not None:
        kinds["reference"] = reference_texts
    for kind, texts in kinds.items():
        _check_texts(kind, texts, vocabulary)
    summaries: dict[TextKind, DivergenceSummary] = {}
    per_cell: list[CellDivergence] = []
    profile: list[PositionDivergence] = []
    for kind, texts in kinds.items():
        places = _place_sums(base, tuned, [t.text for t in texts])
        sums = places[:, FIRST_TOKENS:].sum(1)
        summaries[kind] = DivergenceSummary.model_validate(_means(sums))
        cells = [t.cell for t in texts]
        for cell in CELLS:
            rows = sums[[c == cell for c in cells]]
            if rows[:, -1].sum() > 0:
                where = {"domain": cell.domain, "skill": cell.skill, "text": kind}
                per_cell.append(CellDivergence.model_validate(where | _means(rows)))
        profile += _profile(kind, places)
    return Divergence(
        base_text=summaries["base"],
        own_text=summaries["own"],
        reference_text=summaries.get("reference"),
        per_cell=per_cell,
        profile=profile,
    )


def common_vocabulary(base: LoadedModel, tuned: LoadedModel) -> int:
    """Return the number of tokens of both models.

    Raises:
        ConfigError: they differ.
    """
    sizes = [m.model.config.get_text_config().vocab_size for m in (base, tuned)]
    if sizes[0] != sizes[1]:
        raise ConfigError(
            f"{base.name} has a vocabulary of {sizes[0]} tokens and {tuned.name} one of "
            f"{sizes[1]}: both need the same; undo the resizing of the embeddings, or name "
            "the base that the stage was trained from"
        )
    return int(sizes[0])


def _check_texts(kind: TextKind, texts: Sequence[CellText], vocabulary: int) -> None:
    if not any(len(t.text.completion) for t in texts):
        raise ConfigError(f"the {kind} texts hold no completion token: pass at least one response")
    for cell, text in texts:
        if len(text.prompt) == 0:
            raise ConfigError(f"a {kind} text of {cell} has an empty prompt: begin it with a token")
        ids = [*text.prompt, *text.completion]
        if min(ids) < 0 or max(ids) >= vocabulary:
            raise ConfigError(
                f"a {kind} text of {cell} holds token {max(ids)}, outside the vocabulary of "
                f"{vocabulary}: encode it with the tokenizer of the base"
            )


def _place_sums(base: LoadedModel, tuned: LoadedModel, texts: Sequence[Text]) -> FloatArray:
    """Return the sums over the positions at each place of each text.

    Shape (texts, `FIRST_TOKENS` + `TENTHS`, `_SUMS`): every position is in one of the tenths.
    """
    places = FIRST_TOKENS + TENTHS
    sums = torch.zeros(len(texts) * places, len(_SUMS), dtype=torch.float64)
    with torch.inference_mode():
        for indices in length_batches(texts, _BATCH_TOKENS):
            batch = [texts[i] for i in indices]
            lengths = torch.tensor([len(t.completion) for t in batch])
            rows = _batch_rows(base, tuned, batch)
            offset = torch.cat([torch.arange(n) for n in lengths.tolist()])
            rows[:, _SUMS.index("legacy")] *= offset > 0
            first = torch.tensor(indices).repeat_interleave(lengths) * places
            tenth = TENTHS * offset // lengths.repeat_interleave(lengths)
            sums.index_add_(0, first + FIRST_TOKENS + tenth, rows)
            early = offset < FIRST_TOKENS
            sums.index_add_(0, (first + offset)[early], rows[early])
    for name, column in ((base.name, "entropy_base"), (tuned.name, "entropy")):
        if not bool(sums[:, _SUMS.index(column)].isfinite().all()):
            raise InputError(
                f"{name}: its logits are not finite; the weights are damaged or the training "
                "diverged, probe an earlier stage"
            )
    return sums.view(len(texts), places, len(_SUMS)).numpy()


def _batch_rows(base: LoadedModel, tuned: LoadedModel, batch: Sequence[Text]) -> Tensor:
    """Return the columns of `_SUMS` at each completion position of a batch, text by text."""
    # The padding is never seen: attention is causal and padding stands on the right.
    ids, mask = pad_texts(batch, 0)
    tokens = ids[:, 1:][mask[:, :-1]]
    chunk = max(_LEAST_POSITIONS, _LOGIT_ENTRIES // base.model.config.get_text_config().vocab_size)
    chunk = min(chunk, _LOGIT_POSITIONS)
    hidden = [_completion_states(m, ids, mask).split(chunk) for m in (base, tuned)]
    rows = [
        _chunk_rows(
            output_logits(base.model, hidden_base),
            output_logits(tuned.model, hidden_tuned),
            chunk_tokens,
        )
        for hidden_base, hidden_tuned, chunk_tokens in zip(
            *hidden, tokens.split(chunk), strict=True
        )
    ]
    return torch.cat(rows)


def _completion_states(model: LoadedModel, ids: Tensor, mask: Tensor) -> Tensor:
    """Return the last hidden states (N, D) of the N positions that predict completion tokens."""
    return hidden_states(model.model, ids.to(model.device))[mask.to(model.device)]


def _chunk_rows(base_logits: Tensor, tuned_logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the columns of `_SUMS` at each position, shape (positions, `_SUMS`), on the CPU."""
    device = base_logits.device
    rows = position_terms(base_logits, tuned_logits.to(device), tokens.to(device)).cpu()
    logp, logp_base = (rows[:, COLUMNS.index(f"token_logprob{x}")] for x in ("", "_base"))
    high = rows[:, TERMS.index("js")] > HIGH_JS
    legacy = (logp.exp() + LEGACY_FLOOR).log() - (logp_base.exp() + LEGACY_FLOOR).log()
    return torch.cat([rows, torch.stack([high, legacy, torch.ones_like(legacy)], dim=1)], dim=1)


def _means(sums: FloatArray) -> dict[str, float | int | None]:
    """Return the fields of `DivergenceSummary` for texts with these sums (texts, `_SUMS`)."""
    spoken = sums[sums[:, -1] > 0]
    lengths = spoken[:, -1]
    column = dict(zip(_SUMS, spoken.T, strict=True))
    means = {
        name: float(column[name].sum() / lengths.sum())
        for name in (*TERMS, "top_k_overlap", "high_js_share")
    }
    change = column["entropy"] - column["entropy_base"]
    intervals: dict[str, Interval | None] = {
        **{name: ratio_interval(column[name], lengths) for name in _POSITIVE},
        **{name: _text_share(column[name], lengths) for name in _SHARES},
        "entropy_change": signed_ratio_interval(change, lengths),
    }
    ends: dict[str, float | None] = {}
    for name, interval in intervals.items():
        ends[f"{name}_low"] = interval.low if interval else None
        ends[f"{name}_high"] = interval.high if interval else None
    longer = lengths > 1
    legacy = column["legacy"][longer] / (lengths[longer] - 1)
    return {
        **means,
        **ends,
        "entropy_change": means["entropy"] - means["entropy_base"],
        "legacy_kl": abs(float(legacy.mean())) if legacy.size else None,
        "n_texts": len(spoken),
        "n_positions": int(lengths.sum()),
    }


def _text_share(hits: FloatArray, lengths: FloatArray) -> Interval | None:
    return share_interval(hits, lengths) if len(lengths) > 1 else None


def _profile(kind: TextKind, places: FloatArray) -> list[PositionDivergence]:
    """Return the divergence at each place, from the sums of `_place_sums`."""
    found = []
    for number in range(places.shape[1]):
        spoken = places[places[:, number, -1] > 0, number]
        if len(spoken) == 0:
            continue
        column = dict(zip(_SUMS, spoken.T, strict=True))
        lengths = spoken[:, -1]
        n = lengths.sum()
        kl, js = (ratio_interval(column[name], lengths) for name in ("kl_forward", "js"))
        tenth = number - FIRST_TOKENS
        found.append(
            PositionDivergence(
                text=kind,
                unit="token" if tenth < 0 else "share",
                start=number if tenth < 0 else tenth / TENTHS,
                stop=number + 1 if tenth < 0 else (tenth + 1) / TENTHS,
                kl_forward=column["kl_forward"].sum() / n,
                kl_forward_low=kl.low if kl else None,
                kl_forward_high=kl.high if kl else None,
                js=column["js"].sum() / n,
                js_low=js.low if js else None,
                js_high=js.high if js else None,
                high_js_share=column["high_js_share"].sum() / n,
                entropy_change=float(np.sum(column["entropy"] - column["entropy_base"]) / n),
                n_texts=len(spoken),
                n_positions=int(n),
            )
        )
    return found
