"""The signatures that a training run leaves in its metrics.

All levels are those between changes at p < `CHANGE_LEVEL`; a metric that is not there, or has fewer
than `MIN_POINTS` points, says nothing.
"""

from collections.abc import Callable

import polars as pl

from metaprobe.analysis.signatures.catalogue import KNOWN
from metaprobe.analysis.signatures.course import Course, Move, course, signature
from metaprobe.core.results.signatures import Signature, SignatureName

REWARD_FALL = 0.25
"""Share of its highest level that the reward has to lose."""
ENTROPY_FALL = 0.5
"""Share of its highest level below which entropy has collapsed."""
KL_FACTOR = 3.0
"""Factor by which a divergence has to rise after it had settled."""
KL_FLOOR = 0.01
"""Nats a token below which a divergence is no blow-up, whatever its factor."""
SETTLING = 0.2
"""Share of a run in which a divergence from the base grows anyway."""
LENGTH_FACTOR = 1.5
"""Factor by which responses have to grow, or to shrink."""
GAMED_RISE = 0.1
"""Least rise of the reward, whose maximum is 1 in most runs."""
GAMED_SHARE = 0.25
"""Share of the reward's rise that the share of correct responses has to stay below."""
DEGENERATE_SHARE = 0.8
"""Share of groups without a signal."""
TRUNCATED_SHARE = 0.25
"""Share of rollouts that end at the limit."""
REPEATED_RISE = 0.1
"""Rise of the share of responses that run in a loop."""


def training_signatures(metrics: pl.DataFrame) -> list[Signature]:
    """Return what the metrics of a run show.

    Args:
        metrics: as from `read_metrics`.
    """
    found = [look(metrics) for look in _DETECTORS]
    return [seen for seen in found if seen is not None]


def unseen(metrics: pl.DataFrame) -> dict[SignatureName, str]:
    """Return the signatures that these metrics cannot show, with the metric that they lack."""
    lacking: dict[SignatureName, str] = {}
    for name, known in KNOWN.items():
        for need in known.needs:
            if course(metrics, *need.split(" or ")) is None:
                lacking.setdefault(name, need)
    return lacking


def _rl_collapse(metrics: pl.DataFrame) -> Signature | None:
    reward = course(metrics, "reward")
    fall = reward.fall() if reward else None
    if reward is None or fall is None or fall.before - fall.after < REWARD_FALL * abs(fall.before):
        return None
    others = [course(metrics, name) for name in ("entropy", "mean_length")]
    logged = [other for other in others if other is not None]
    moved = [other for other in logged if _has_shifted(other)]
    if logged and not moved:
        return None  # harder problems lower the reward too
    text = f"the reward falls from {_of(fall)}"
    for other in moved:
        own = other.move()
        assert own is not None
        text += f", {_WORDS[other.name]} moves from {_of(own)}"
    return signature(
        SignatureName.RL_COLLAPSE,
        f"{text}.",
        [reward.evidence(fall), *(other.evidence() for other in moved)],
    )


def _has_shifted(other: Course) -> bool:
    move = other.move()
    if move is None or min(move.before, move.after) < 0:
        return False
    factor = 1 / ENTROPY_FALL if other.name == "entropy" else LENGTH_FACTOR
    return _shifted(move, factor)


def _shifted(move: Move, factor: float) -> bool:
    low, high = sorted((move.before, move.after))
    return high > 0 and low * factor <= high


def _entropy_collapse(metrics: pl.DataFrame) -> Signature | None:
    entropy = course(metrics, "entropy")
    fall = entropy.fall() if entropy else None
    if entropy is None or fall is None or fall.after > ENTROPY_FALL * fall.before:
        return None
    text = f"the entropy of the policy falls from {_of(fall)} nats a token."
    return signature(SignatureName.ENTROPY_COLLAPSE, text, [entropy.evidence(fall)])


def _kl_blow_up(metrics: pl.DataFrame) -> Signature | None:
    for name in ("kl_base", "kl_old"):
        whole = course(metrics, name)
        settled = whole.after(SETTLING) if whole else None
        rise = settled.rise() if settled else None
        if settled is None or rise is None:
            continue
        if rise.after >= max(KL_FLOOR, KL_FACTOR * rise.before) and rise.before > 0:
            text = f"{_WORDS[name]} rises from {_of(rise)} nats a token, after it had settled."
            return signature(SignatureName.KL_BLOW_UP, text, [settled.evidence(rise)])
    return None


def _length_gaming(metrics: pl.DataFrame) -> Signature | None:
    length = course(metrics, "mean_length")
    correct = course(metrics, "correct_share", "reward")
    move = length.move() if length else None
    if length is None or correct is None or move is None or not _shifted(move, LENGTH_FACTOR):
        return None
    if correct.levels[-1] > correct.levels[0]:
        return None
    text = (
        f"responses {'grow' if move.after > move.before else 'shrink'} from {_of(move)} tokens, "
        f"while {_WORDS[correct.name]} does not rise ({_levels(correct)})."
    )
    return signature(SignatureName.LENGTH_GAMING, text, [length.evidence(move), correct.evidence()])


def _format_gaming(metrics: pl.DataFrame) -> Signature | None:
    reward, correct = course(metrics, "reward"), course(metrics, "correct_share")
    rise = reward.rise() if reward else None
    if reward is None or correct is None or rise is None or rise.after - rise.before < GAMED_RISE:
        return None
    gain = correct.levels[-1] - correct.levels[0]
    if gain >= GAMED_SHARE * (rise.after - rise.before):
        return None
    text = (
        f"the reward rises from {_of(rise)}, while the share of correct responses does not "
        f"follow ({_levels(correct)})."
    )
    return signature(SignatureName.FORMAT_GAMING, text, [reward.evidence(rise), correct.evidence()])


def _degenerate_groups(metrics: pl.DataFrame) -> Signature | None:
    what = "of groups have equal rewards"
    return _high_share(
        SignatureName.DEGENERATE_GROUPS, metrics, "zero_variance_share", DEGENERATE_SHARE, what
    )


def _truncation_starvation(metrics: pl.DataFrame) -> Signature | None:
    what = "of rollouts end at the token limit"
    return _high_share(
        SignatureName.TRUNCATION_STARVATION, metrics, "truncated_share", TRUNCATED_SHARE, what
    )


def _high_share(
    name: SignatureName, metrics: pl.DataFrame, metric: str, threshold: float, what: str
) -> Signature | None:
    """Return a signature where a share ends at a level that is at least the threshold."""
    own = course(metrics, metric)
    if own is None or own.levels[-1] < threshold:
        return None
    below = [n for n, level in enumerate(own.levels) if level < threshold]
    told = f"{_percent(own.levels[-1])} {what}"
    if not below:
        return signature(
            name,
            f"{told}, from the first step on.",
            [own.evidence().model_copy(update=_FROM_THE_START | {"onset": own.steps[0]})],
        )
    move = Move(own.levels[0], own.levels[-1], own.changes[below[-1]])
    return signature(name, f"{told}, at first {_percent(move.before)}.", [own.evidence(move)])


_FROM_THE_START = {"onset_low": None, "onset_high": None, "p_value": None}


def _repetition(metrics: pl.DataFrame) -> Signature | None:
    repeated = course(metrics, "repeated_share")
    rise = repeated.rise() if repeated else None
    if repeated is None or rise is None or rise.after - rise.before < REPEATED_RISE:
        return None
    text = (
        f"rollouts that run in a loop rise from {_percent(rise.before)} to {_percent(rise.after)}."
    )
    return signature(SignatureName.REPETITION, text, [repeated.evidence(rise)])


_DETECTORS: tuple[Callable[[pl.DataFrame], Signature | None], ...] = (
    _rl_collapse,
    _entropy_collapse,
    _kl_blow_up,
    _length_gaming,
    _format_gaming,
    _degenerate_groups,
    _truncation_starvation,
    _repetition,
)

_WORDS = {
    "entropy": "entropy",
    "mean_length": "the length of responses",
    "correct_share": "the share of correct responses",
    "reward": "the reward",
    "kl_base": "the divergence from the base",
    "kl_old": "the divergence from the policy that sampled",
}


def _of(move: Move) -> str:
    return f"{move.before:.3g} to {move.after:.3g}"


def _levels(own: Course) -> str:
    levels = own.levels
    if len(levels) == 1:
        return f"{levels[0]:.3g} throughout"
    return f"{levels[0]:.3g} at the start, {levels[-1]:.3g} at the end"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
