"""Results of probes as rows, for the tables in `results/`."""

from typing import NamedTuple

from metaprobe.core.results import Divergence, Likelihood, ParameterChange


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
    parts += [(f"{c.domain}/{c.skill}/{c.text}_text", c) for c in divergence.per_cell]
    metrics = (
        *("kl_forward", "kl_reverse", "js", "top1_agreement", "rank_shift"),
        *("entropy", "entropy_base", "high_js_share"),
    )
    return [
        Value(
            cell,
            metric,
            getattr(summary, metric),
            summary.kl_forward_low if metric == "kl_forward" else None,
            summary.kl_forward_high if metric == "kl_forward" else None,
            summary.n_positions,
        )
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
        Value(
            cell,
            metric,
            getattr(row, metric),
            getattr(row, f"{metric}_low"),
            getattr(row, f"{metric}_high"),
            row.n_items,
        )
        for cell, row in parts
        for metric in ("accuracy", "unnormalised", "margin", "delta")
    ]
