"""The signatures that show in the accuracies of an arm's stages, with the base as stage 0.

Which cells have fallen or risen is decided by the q-values of the whole study. When it began is the
place of the one step that fits the mean curve of their items best; its interval is over items,
which are drawn again with all their stages, so that what is common to the stages cancels.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from metaprobe.analysis.profile import Q_LEVEL, is_above, is_below
from metaprobe.analysis.signatures.course import signature
from metaprobe.analysis.wording import cells as count_cells
from metaprobe.analysis.wording import joined, points
from metaprobe.core.repetition import WORD_GRAM, is_loop
from metaprobe.core.results.profile import CellResult
from metaprobe.core.results.signatures import CurvePoint, Evidence, Signature, SignatureName
from metaprobe.core.results.summary import ArmResult
from metaprobe.core.stats import FloatArray, permutation_p
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Domain, Verdict

REVERSALS = 2
"""Turns of a curve, each clearer than noise, from which on it is unstable."""
LOOPING_RISE = 0.1
"""Rise of the share of responses that run in a loop."""

_DRAWS = 1000
_SHOWN = 3


class Curves(NamedTuple):
    """One arm and seed, item by item, over the stages that were measured."""

    stream: str
    steps: list[int]
    """0 for the base, then the stages in order."""
    groups: NDArray[np.str_]
    """The cell of each item, `domain/skill`, shape (items,)."""
    accuracy: FloatArray
    """Accuracy of each item, shape (stages, items)."""
    looping: FloatArray | None
    """Share of an item's responses that run in a loop, (stages, items); None without texts."""


def arm_curves(stream: str, base: pl.DataFrame, stages: Mapping[int, pl.DataFrame]) -> Curves:
    """Return the curves of the items that the base and every stage have graded.

    Args:
        stream: Name of the random stream.
        base: The base's item accuracies, with `looping` where its texts are known.
        stages: The same of each stage, by step.
    """
    tables = [base, *(stages[step] for step in sorted(stages))]
    shared = base.select("item_id", "domain", "skill")
    for n, table in enumerate(tables):
        own = [pl.col(name).alias(f"{name}{n}") for name in _VALUES if name in table.columns]
        shared = shared.join(
            table.select("item_id", *own), on="item_id", how="inner", maintain_order="left"
        )

    def stack(name: str) -> FloatArray | None:
        names = [f"{name}{n}" for n in range(len(tables))]
        known = all(own in shared.columns for own in names)
        return np.stack([shared[own].to_numpy() for own in names]) if known else None

    accuracy = stack("accuracy")
    assert accuracy is not None
    groups = (shared["domain"].cast(pl.String) + "/" + shared["skill"].cast(pl.String)).to_numpy()
    return Curves(stream, [0, *sorted(stages)], groups.astype(str), accuracy, stack("looping"))


_VALUES = ("accuracy", "looping")


def with_loops(items: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Return a table of `item_accuracies` with the column `looping`, where the texts are known.

    It is the share of an item's graded responses that run in a loop.

    Args:
        items: One row an item.
        responses: Graded responses of the same stage.
    """
    graded = responses.filter(pl.col("verdict") != Verdict.ERRORED)
    if "response" not in graded.columns or graded["response"].null_count():
        return items
    loops = [is_loop(text.split(), WORD_GRAM) for text in graded["response"]]
    own = graded.select("item_id", looping=pl.Series(loops, dtype=pl.Float64))
    shares = own.group_by("item_id").agg(pl.col("looping").mean())
    return items.join(shares, on="item_id", how="left", maintain_order="left")


def curve_signatures(run: ArmResult, curves: Curves, trained: set[str]) -> list[Signature]:
    """Return what the stages of an arm show.

    Args:
        run: The arm and seed, after `assign_q_values`.
        curves: Its items.
        trained: Cells that it was trained on; empty where they are not known.
    """
    if not curves.groups.size or not run.steps:
        return []
    found = [look(run, curves, trained) for look in _DETECTORS]
    return [seen for seen in found if seen is not None]


_Look = Callable[[ArmResult, Curves, set[str]], Signature | None]


def _name(row: CellResult) -> str:
    return f"{row.domain}/{row.skill}"


def _worst_first(evidence: list[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda e: (e.after - e.before, e.subject))


def _collapse(run: ArmResult, curves: Curves, trained: set[str]) -> Signature | None:
    del trained
    fallen = {_name(row): row.q_value for row in run.steps[-1].cells if row.collapsed}
    evidence = [_moved(curves, [name], name, -1, q) for name, q in fallen.items()]
    if not evidence:
        return None
    told = (
        "falls below the base and stays" if len(evidence) == 1 else "fall below the base and stay"
    )
    text = f"{count_cells(len(evidence))} {told} there: {_falls(evidence)}."
    found = signature(SignatureName.COLLAPSE, text, _worst_first(evidence))
    first = min(evidence, key=lambda e: e.onset or 0)
    return found.model_copy(
        update={
            "onset": first.onset,
            "onset_low": first.onset_low,
            "onset_high": first.onset_high,
        }
    )


def _falls(evidence: Sequence[Evidence]) -> str:
    worst = _worst_first(list(evidence))[:_SHOWN]
    told = [
        f"{e.subject} by {points(e.after - e.before)} from step {e.onset} on ({_between(e)})"
        for e in worst
    ]
    rest = len(evidence) - len(worst)
    return joined([*told, f"{rest} more"] if rest else told)


def _between(evidence: Evidence) -> str:
    return f"after step {evidence.onset_low}, by step {evidence.onset_high}"


def _dip(run: ArmResult, curves: Curves, trained: set[str]) -> Signature | None:
    del trained
    last = {_name(row) for row in run.steps[-1].cells if not is_below(row)}
    dipped = sorted(
        {_name(row) for stage in run.steps[:-1] for row in stage.cells if is_below(row)} & last
    )
    tests = len(run.steps[-1].cells)
    evidence = [e for e in (_recovered(curves, name, tests) for name in dipped) if e is not None]
    if not evidence:
        return None
    evidence.sort(key=lambda e: (e.lowest or 0.0) - e.before)
    told = [
        f"{e.subject} by {points((e.lowest or 0.0) - e.before)} at step {e.onset}"
        for e in evidence[:_SHOWN]
    ]
    rest = len(evidence) - len(told)
    listed = joined([*told, f"{rest} more"] if rest else told)
    fall = (
        "falls below the base and comes" if len(evidence) == 1 else "fall below the base and come"
    )
    text = f"{count_cells(len(evidence))} {fall} back: {listed}."
    return signature(SignatureName.DIP_AND_RECOVERY, text, evidence)


def _recovered(curves: Curves, name: str, tests: int) -> Evidence | None:
    """Return the dip of a cell if its last stage is clearly above its lowest one.

    The lowest of all stages and one of `tests` cells was chosen, hence Bonferroni.
    """
    own = curves.accuracy[:, curves.groups == name]
    if not own.size or len(own) < 3:
        return None
    lowest = 1 + int(own[1:-1].mean(axis=1).argmin())
    stream = f"{curves.stream}/{name}/recovery"
    p_value = permutation_p(own[lowest], own[-1], stream=stream)
    p_value = min(1.0, p_value * (len(own) - 2) * tests)
    if own[-1].mean() <= own[lowest].mean() or p_value >= Q_LEVEL:
        return None
    drawn = _resampled(curves, own)[:, 1:-1].argmin(axis=1) + 1
    low, high = _ends(drawn)
    return _evidence(curves, own, name, p_value).model_copy(
        update={
            "lowest": float(own[lowest].mean()),
            "onset": curves.steps[lowest],
            "onset_low": curves.steps[low],
            "onset_high": curves.steps[high],
        }
    )


def _over_specialisation(run: ArmResult, curves: Curves, trained: set[str]) -> Signature | None:
    stage = run.steps[-1]
    risen = [_name(row) for row in stage.cells if is_above(row)]
    fallen = [_name(row) for row in stage.cells if is_below(row)]
    jagged = stage.shape.uneven_p if stage.shape else None
    narrow = not trained or set(risen) & trained
    if not risen or not fallen or not narrow or jagged is None or jagged >= Q_LEVEL:
        return None
    evidence = [
        _moved(curves, fallen, f"{count_cells(len(fallen))} that fell", -1, jagged),
        _moved(curves, risen, f"{count_cells(len(risen))} that rose", 1, jagged),
    ]
    assert stage.shape is not None
    text = (
        f"{evidence[1].subject}: {points(_gain(evidence[1]))} up on average; {evidence[0].subject} "
        f"below the base: {points(_gain(evidence[0]))} down; the changes of cells differ by "
        f"{points(stage.shape.jaggedness.value)} (standard deviation)."
    )
    return signature(SignatureName.OVER_SPECIALISATION, text, evidence)


def _gain(evidence: Evidence) -> float:
    return evidence.after - evidence.before


def _failure(run: ArmResult, curves: Curves, trained: set[str]) -> Signature | None:
    del trained
    fallen = {row.domain: row.q_value for row in run.steps[-1].domains if is_below(row)}
    if len(fallen) < 2:
        return None
    evidence = _worst_first(
        [_moved(curves, _cells_of(curves, d), str(d), -1, q) for d, q in fallen.items()]
    )
    told = joined([f"{e.subject} by {points(_gain(e))}" for e in evidence])
    text = f"{len(fallen)} of {len(run.steps[-1].domains)} domains end below the base: {told}."
    return signature(SignatureName.FAILURE_ACROSS_DOMAINS, text, evidence)


def _cells_of(curves: Curves, domain: Domain) -> list[str]:
    return [str(name) for name in np.unique(curves.groups) if name.startswith(f"{domain}/")]


def _unstable(run: ArmResult, curves: Curves, trained: set[str]) -> Signature | None:
    del run, trained
    evidence, told = [], []
    for domain in Domain:
        names = _cells_of(curves, domain)
        if not names:
            continue
        own = curves.accuracy[:, np.isin(curves.groups, names)]
        pivots = turning_points(own, tests=len(Domain))
        if len(pivots) - 2 >= REVERSALS:
            turn = {"onset": curves.steps[pivots[1]]}
            evidence.append(_evidence(curves, own, str(domain), None).model_copy(update=turn))
            levels = [f"{100 * own[p].mean():.0f} % at step {curves.steps[p]}" for p in pivots]
            told.append(f"{domain} goes {', '.join(levels)}")
    if not evidence:
        return None
    text = f"{'; '.join(told)}: every move is clearer than sampling noise."
    return signature(SignatureName.UNSTABLE_CURVES, text, evidence)


def turning_points(accuracy: FloatArray, *, tests: int) -> list[int]:
    """Return the stages between which a curve moves one way, each move clearer than noise.

    A move is clear where its mean over items is further from zero than the two-sided 5 % quantile
    of a normal variable, divided by the number of pairs of stages times `tests` (Bonferroni), in
    standard errors of the paired difference. Less than four stages have no turn worth a word.

    Args:
        accuracy: Shape (stages, items).
        tests: Curves that are looked at.

    Returns:
        The first stage, each turn, and the end of the last clear move; the first alone where
        nothing moves clearly.
    """
    stages, items = accuracy.shape
    pivots = [0]
    if items < 2 or stages < 4:
        return pivots
    bound = float(norm.ppf(1 - 0.025 / (stages * (stages - 1) / 2 * tests)))

    def move(start: int, end: int) -> int:
        difference = accuracy[end] - accuracy[start]
        error = difference.std(ddof=1) / np.sqrt(items)
        if abs(difference.mean()) <= bound * error:
            return 0
        return int(np.sign(difference.mean()))

    level = accuracy.mean(axis=1)
    direction = 0
    for stage in range(1, stages):
        way = move(pivots[-1], stage)
        if direction and (level[stage] - level[pivots[-1]]) * direction > 0:
            pivots[-1] = stage  # further on in the same direction
        elif way:
            pivots.append(stage)
            direction = way
    return pivots


def _repetition(run: ArmResult, curves: Curves, trained: set[str]) -> Signature | None:
    del run, trained
    own = curves.looping
    if own is None or own[-1].mean() - own[0].mean() < LOOPING_RISE:
        return None
    p_value = permutation_p(own[0], own[-1], stream=f"{curves.stream}/loops")
    if p_value >= Q_LEVEL:
        return None
    evidence = _step(curves, own, "responses in a loop", 1, p_value)
    text = (
        f"responses that run in a loop rise from {100 * evidence.before:.0f} % to "
        f"{100 * evidence.after:.0f} % ({_between(evidence)})."
    )
    return signature(SignatureName.REPETITION, text, [evidence])


_DETECTORS: tuple[_Look, ...] = (
    _collapse,
    _dip,
    _over_specialisation,
    _unstable,
    _failure,
    _repetition,
)


def _moved(
    curves: Curves, names: Sequence[str], subject: str, sign: int, p_value: float | None
) -> Evidence:
    """Return the change of some cells together, from the base to the last stage."""
    return _step(curves, curves.accuracy[:, np.isin(curves.groups, names)], subject, sign, p_value)


def _step(
    curves: Curves, own: FloatArray, subject: str, sign: int, p_value: float | None
) -> Evidence:
    """Return a curve of (stages, items) with the step that fits it best in one direction."""
    onset = int(_step_places(own.mean(axis=1)[None], sign)[0])
    low, high = _ends(_step_places(_resampled(curves, own), sign))
    return _evidence(curves, own, subject, p_value).model_copy(
        update={
            "onset": curves.steps[onset],
            "onset_low": curves.steps[min(low, onset) - 1],
            "onset_high": curves.steps[max(high, onset)],
        }
    )


def _step_places(curves: FloatArray, sign: int) -> NDArray[np.int64]:
    """Return the first stage of the new level in each of (curves, stages): least squares."""
    stages = curves.shape[1]
    before = np.arange(1, stages)
    total = np.cumsum(curves, axis=1)
    means = total[:, :-1] / before, (total[:, -1:] - total[:, :-1]) / (stages - before)
    gain = sign * (means[1] - means[0]) * np.sqrt(before * (stages - before) / stages)
    return np.asarray(gain.argmax(axis=1) + 1)


def _resampled(curves: Curves, own: FloatArray) -> FloatArray:
    """Return mean curves (draws, stages) of items that are drawn with replacement."""
    n = own.shape[1]
    rng = numpy_rng_for("signatures", curves.stream, n)
    return np.asarray(rng.multinomial(n, np.full(n, 1 / n), _DRAWS) / n @ own.T)


def _ends(drawn: NDArray[np.int64]) -> tuple[int, int]:
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    return int(low), int(high)


def _evidence(curves: Curves, own: FloatArray, subject: str, p_value: float | None) -> Evidence:
    means = [float(value) for value in own.mean(axis=1)]
    shown = [CurvePoint(step=s, value=v) for s, v in zip(curves.steps, means, strict=True)]
    return Evidence(
        subject=subject,
        before=means[0],
        after=means[-1],
        n=own.shape[1],
        p_value=p_value,
        curve=shown,
    )
