"""Counts of behaviours per response and per token, and how far a judge agrees with them."""

from typing import NamedTuple

import numpy as np
import polars as pl

from metaprobe.core.association import kappa, rate_interval, spearman
from metaprobe.core.results import (
    Behaviour,
    BehaviourRow,
    Behaviours,
    JudgeAgreement,
    Judgement,
    SkillBehaviour,
)
from metaprobe.core.stats import FloatArray, mean_interval, t_interval
from metaprobe.core.vocabulary import Skill
from metaprobe.probes.behaviours.lexical import find_behaviours

VERSION = 1
"""Raised whenever the same responses would give other values."""


class _Counted(NamedTuple):
    """Sums over the responses of each item, all of shape (items,)."""

    items: list[str]
    responses: FloatArray
    tokens: FloatArray
    events: FloatArray
    with_any: FloatArray
    """Responses with at least one."""


def behaviour_spans(responses: pl.DataFrame) -> pl.DataFrame:
    """Return where the detector found each behaviour.

    Args:
        responses: `item_id, sample, response`, a row a response, with others or without.

    Returns:
        One row a span: `item_id, sample, behaviour, start, end`, in characters.
    """
    rows = [
        (item, sample, str(span.behaviour), span.start, span.end)
        for item, sample, text in responses.select("item_id", "sample", "response").iter_rows()
        for span in find_behaviours(text)
    ]
    numbers = dict.fromkeys(("start", "end"), pl.Int64)
    schema = {"item_id": pl.String, "sample": pl.Int64, "behaviour": pl.String} | numbers
    return pl.DataFrame(rows, schema=schema, orient="row")


def measure_behaviours(responses: pl.DataFrame, base: pl.DataFrame | None = None) -> Behaviours:
    """Return how often the behaviours are found in the responses of a stage.

    Args:
        responses: `item_id, skill, sample, response, tokens`, a row a response, as
            `measure_responses` returns it.
        base: the base's responses; without them there is no `delta`.
    """
    counts = _count(responses)
    before = None if base is None else _count(base)
    rows: list[BehaviourRow] = []
    by_skill: list[SkillBehaviour] = []
    if counts.height:
        rows = [BehaviourRow.model_validate(_row(counts, before, b)) for b in Behaviour]
    for skill in Skill:
        of_skill = pl.col("skill") == str(skill)
        part = counts.filter(of_skill)
        if part.height:
            earlier = None if before is None else before.filter(of_skill)
            by_skill += [
                SkillBehaviour.model_validate({"skill": skill} | _row(part, earlier, b))
                for b in Behaviour
            ]
    return Behaviours(all=rows, skills=by_skill)


def judgement(responses: pl.DataFrame, judged: pl.DataFrame, model: str) -> Judgement:
    """Return how far a judge's counts agree with the detector's on the same responses.

    Args:
        responses: `item_id, sample, response`, at least those that were judged.
        judged: what `judge_behaviours` returned for them.
        model: the judge's name.
    """
    spans = behaviour_spans(responses).group_by("item_id", "sample", "behaviour").len("lexical")
    paired = judged.join(
        spans, on=["item_id", "sample", "behaviour"], how="left", maintain_order="left"
    ).with_columns(pl.col("lexical").fill_null(0))
    rows = [_agreement(paired.filter(pl.col("behaviour") == str(b)), b) for b in Behaviour]
    return Judgement(model=model, agreement=rows)


def _count(responses: pl.DataFrame) -> pl.DataFrame:
    """Return a row a response with the count of each behaviour."""
    found = []
    for text in responses["response"]:
        spans = find_behaviours(text)
        found.append([sum(span.behaviour == b for span in spans) for b in Behaviour])
    columns = {
        str(b): pl.Series([row[n] for row in found], dtype=pl.Int64)
        for n, b in enumerate(Behaviour)
    }
    kept = responses.select("item_id", "skill", pl.col("tokens").list.len().alias("n_tokens"))
    return kept.with_columns(**columns)


def _per_item(counts: pl.DataFrame, behaviour: Behaviour) -> _Counted:
    column = pl.col(str(behaviour))
    table = counts.group_by("item_id", maintain_order=True).agg(
        pl.len().alias("responses"),
        pl.col("n_tokens").sum(),
        column.sum().alias("events"),
        (column > 0).sum().alias("with_any"),
    )
    names = ("responses", "n_tokens", "events", "with_any")
    values = [table[name].cast(pl.Float64).to_numpy() for name in names]
    return _Counted(table["item_id"].to_list(), *values)


def _row(
    counts: pl.DataFrame, before: pl.DataFrame | None, behaviour: Behaviour
) -> dict[str, object]:
    found = _per_item(counts, behaviour)
    each = rate_interval(found.events, found.responses)
    token = rate_interval(found.events, found.tokens)
    share = mean_interval(found.with_any / found.responses)
    if each is None or share is None:
        raise ValueError("no response")
    row: dict[str, object] = {
        "behaviour": behaviour,
        "n_items": len(found.items),
        "n_responses": int(found.responses.sum()),
        "n_tokens": int(found.tokens.sum()),
        "per_response": each.value,
        "per_response_low": each.low,
        "per_response_high": each.high,
        "per_100_tokens": 100 * token.value if token else None,
        "per_100_tokens_low": 100 * token.low if token else None,
        "per_100_tokens_high": 100 * token.high if token else None,
        "share": share.value,
        "share_low": share.low,
        "share_high": share.high,
    }
    return row | _delta(found, None if before is None else _per_item(before, behaviour))


def _delta(found: _Counted, before: _Counted | None) -> dict[str, float]:
    """Return the change of the mean count, over the items that both have."""
    if before is None:
        return {}
    old = dict(zip(before.items, before.events / before.responses, strict=True))
    new = zip(found.items, found.events / found.responses, strict=True)
    changes = np.array([value - old[item] for item, value in new if item in old])
    if not changes.size:
        return {}
    interval = t_interval(changes) if np.ptp(changes) else None  # no spread, no telling its size
    ends = {"delta_low": interval.low, "delta_high": interval.high} if interval else {}
    return {"delta": float(changes.mean())} | ends


def _agreement(paired: pl.DataFrame, behaviour: Behaviour) -> JudgeAgreement:
    unanswered = paired["error"].is_not_null()
    known = paired.filter(pl.col("count").is_not_null())
    items = known.group_by("item_id", maintain_order=True).agg(
        pl.len().alias("responses"), pl.col("count").sum()
    )
    rate = rate_interval(
        items["count"].cast(pl.Float64).to_numpy(),
        items["responses"].cast(pl.Float64).to_numpy(),
    )
    judge, lexical = (known[c].cast(pl.Float64).to_numpy() for c in ("count", "lexical"))
    both = {
        "kappa": kappa(np.sign(judge), np.sign(lexical)),
        "spearman": spearman(judge, lexical),
        "per_response": rate,
    }
    values: dict[str, float | None] = {}
    for name, found in both.items():
        values |= {
            name: found.value if found else None,
            f"{name}_low": found.low if found else None,
            f"{name}_high": found.high if found else None,
        }
    return JudgeAgreement.model_validate(
        {
            "behaviour": behaviour,
            "n": known.height,
            "parse_failures": paired.height - known.height - int(unanswered.sum()),
            "unanswered": int(unanswered.sum()),
            "lexical_per_response": float(lexical.mean()) if known.height else None,
        }
        | values
    )
