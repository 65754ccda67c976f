"""Results of probes as rows, for the tables in `results/`."""

from typing import NamedTuple

from pydantic import BaseModel

from metaprobe.core.results import (
    Behaviours,
    CrossSampling,
    Divergence,
    FeatureChange,
    FeatureShare,
    Lighter,
    Likelihood,
    ParameterChange,
    Representation,
    StageFeatures,
)


class Value(NamedTuple):
    """One measured value."""

    cell: str
    """A cell, `all`, or what else the value belongs to."""
    metric: str
    value: float | None
    low: float | None
    """Ends of the 95 % interval; None where nothing was sampled."""
    high: float | None
    n: int


def divergence_values(divergence: Divergence) -> list[Value]:
    """Return the values of a divergence; `cell` ends in whose text it is."""
    parts = [("all/base_text", divergence.base_text), ("all/own_text", divergence.own_text)]
    if divergence.reference_text is not None:
        parts.append(("all/reference_text", divergence.reference_text))
    parts += [(f"{c.domain}/{c.skill}/{c.text}_text", c) for c in divergence.per_cell]
    metrics = (
        *("kl_forward", "kl_reverse", "js", "top1_agreement", "top_k_overlap", "rank_shift"),
        *("entropy", "entropy_base", "entropy_change", "high_js_share", "legacy_kl"),
    )
    return [
        _value(cell, metric, summary, summary.n_positions)
        for cell, summary in parts
        for metric in metrics
    ]


def parameter_values(change: ParameterChange) -> list[Value]:
    """Return the values of a parameter change; `cell` is `all` or the name of the tensor."""
    values = [("all", "relative_norm", change.relative_norm, change.n)]
    values += [
        ("all", f"changed/{c.dtype}/{c.tolerance:g}", c.share, change.n) for c in change.changed
    ]
    for module in change.per_module:
        values.append((module.name, "relative_norm", module.relative_norm, module.n))
        values.append((module.name, "changed", module.changed, module.n))
    return [Value(cell, metric, value, None, None, n) for cell, metric, value, n in values]


def likelihood_values(likelihood: Likelihood) -> list[Value]:
    """Return the values of a ranking by likelihood."""
    parts = [("all", likelihood.all)]
    parts += [(f"{c.domain}/{c.skill}", c) for c in likelihood.cells]
    return [
        _value(cell, metric, row, row.n_items)
        for cell, row in parts
        for metric in ("accuracy", "unnormalised", "margin", "delta")
    ]


def representation_values(representation: Representation) -> list[Value]:
    """Return the values of a change of hidden states; `metric` ends in the layer."""
    values = []
    parts = [("all", representation.all)]
    parts += [(f"{c.domain}/{c.skill}", c) for c in representation.cells]
    for cell, row in parts:
        for layer in row.layers:
            for metric, low in (("cka", "cka"), ("cosine_drift", "cosine")):
                ends = (getattr(layer, f"{low}_low"), getattr(layer, f"{low}_high"))
                name = f"{metric}/{layer.layer}"
                values.append(Value(cell, name, getattr(layer, metric), *ends, row.n_positions))
        for name, shift in (("published", row.published), ("corrected", row.corrected)):
            if shift is not None:
                ends = (shift.low, shift.high)
                values.append(Value(cell, f"pca_shift/{name}", shift.distance, *ends, row.n_texts))
    for lens in representation.lens or []:
        for metric in ("base", "tuned", "between"):
            value = _value("all", metric, lens, lens.n_positions)
            values.append(value._replace(metric=f"lens/{metric}/{lens.layer}"))
    for found in representation.directions:
        name = f"{found.method}/{found.layer}"
        cell, n = f"all/{found.skill}", found.n_items
        for end, area in (("base", found.auroc_base), ("tuned", found.auroc_tuned)):
            ends = (getattr(found, f"{end}_low"), getattr(found, f"{end}_high"))
            values.append(Value(cell, f"auroc_{end}/{name}", area, *ends, n))
        values.append(Value(cell, f"angle/{name}", found.angle, None, None, n))
        values.append(Value(cell, f"angle_floor/{name}", found.angle_floor, None, None, n))
    return values


def behaviour_values(behaviours: Behaviours) -> list[Value]:
    """Return the values of counted behaviours; `metric` begins with the behaviour."""
    parts = [("all", row) for row in behaviours.all]
    parts += [(f"all/{row.skill}", row) for row in behaviours.skills]
    return [
        _value(cell, metric, row, row.n_items)._replace(metric=f"{row.behaviour}/{metric}")
        for cell, row in parts
        for metric in ("per_response", "per_100_tokens", "share", "delta")
    ]


def cross_sampling_values(mixed: CrossSampling) -> list[Value]:
    """Return the values of mixtures; `cell` has the direction and the JS above which is swapped."""
    values = [_value("all", m, mixed, mixed.n_items) for m in ("base_accuracy", "tuned_accuracy")]
    for row in mixed.rows:
        cell = f"all/{row.direction}/{row.threshold:g}"
        for metric in ("swapped_share", "accuracy", "delta", "control_accuracy", "excess"):
            values.append(_value(cell, metric, row, mixed.n_items))
    return values


def lighter_values(lighter: Lighter) -> list[Value]:
    """Return the values of lighter methods; `metric` begins with the method."""
    values = []
    lost = f"all/{lighter.lost}" if lighter.lost else "all"
    for row in lighter.methods:
        found = [
            Value(f"all/{m.skill}", "movement", m.value, m.low, m.high, m.n_items)
            for m in row.movements or []
        ]
        if row.steering is not None:
            steered, n = row.steering, row.steering.n_items
            found += [_value(lost, m, steered, n) for m in ("effect", "beyond_random")]
        metrics = ("cosine", "cpu_seconds", "peak_mb")
        found += [_value("all", m, row, lighter.n_texts) for m in metrics]
        values += [v._replace(metric=f"{row.method}/{v.metric}") for v in found]
    return values


def feature_values(found: StageFeatures) -> list[Value]:
    """Return the values of features; `cell` is `all`, or ends in a skill or cell."""
    quality, spliced = found.training.quality, found.training.loss_recovered
    explained = (quality.explained_low, quality.explained_high)
    values = [
        Value("all", "explained_variance", quality.explained_variance, *explained, quality.n_texts),
        _value("all", "l0", quality, quality.n_texts),
        _value("all", "recovered", spliced, spliced.n_texts),
    ]
    parts: list[tuple[str, FeatureChange]] = [("all", found.changes.change)]
    parts += [(_group(row.group), row) for row in found.changes.groups]
    for cell, row in parts:
        for metric in ("kept", "rotated", "lost", "gained"):
            share: FeatureShare = getattr(row, metric)
            values.append(Value(cell, metric, share.share, share.low, share.high, share.n))
    for kept in found.scores.shares:
        name = f"survives/{kept.control}"
        values.append(Value(_group(kept.group), name, kept.share, kept.low, kept.high, kept.n))
    for edit in found.interventions:
        for effect in edit.skills:
            name = f"{edit.mode}/effect"
            ends = (effect.low, effect.high)
            values.append(Value(_group(effect.group), name, effect.effect, *ends, effect.n_items))
    return values


def _group(name: str) -> str:
    """Return a cell's own name, and a skill's behind `all`."""
    return name if "/" in name else f"all/{name}"


def _value(cell: str, metric: str, row: BaseModel, n: int) -> Value:
    """Return a field of a result with the ends of its interval, where it has one."""
    low, high = (getattr(row, f"{metric}_{end}", None) for end in ("low", "high"))
    return Value(cell, metric, getattr(row, metric), low, high, n)
