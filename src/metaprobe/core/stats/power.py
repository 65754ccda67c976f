"""What a design can see: the smallest change it finds, and the items that a wanted one needs.

A test finds a change where it exceeds t[1 - level / 2] standard errors, t being the quantiles of
Student's t. One function takes the error from measured changes; the others from a `Design`, before
anything is measured.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from scipy import special

from metaprobe.core.errors import ConfigError
from metaprobe.core.stats.shares import FloatArray

MOST_ITEMS = 100_000
"""Items of one cell beyond which none are counted."""

_QUANTILES = (np.arange(200) + 0.5) / 200


def minimum_detectable_effect(
    differences: FloatArray, power: float = 0.8, level: float = 0.05
) -> float | None:
    """Return the smallest mean change that this design finds, or None with fewer than 2 items.

    (t[1 - level / 2] + t[power]) times the standard error of the paired differences, with n - 1
    degrees of freedom, at most 1. One test is meant; over many tests q-values find a little
    less. The sum of squares counts as at least 1, one item that turned over: without it a pair
    of models that agree everywhere would seem able to find anything.

    Args:
        differences: tuned - base of each item, shape (items,).
        power: Probability of finding the effect.
        level: Two-sided level of the test.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n = differences.size
    if n < 2:
        return None
    squares = max(float(((differences - differences.mean()) ** 2).sum()), 1.0)
    factor = float(special.stdtrit(n - 1, 1 - level / 2) + special.stdtrit(n - 1, power))
    return min(1.0, factor * float(np.sqrt(squares / (n - 1) / n)))


@dataclass(frozen=True, kw_only=True)
class Design:
    """How one cell is measured, and what its answers are like.

    The defaults of `spread` and `correlation` are those of the nano base and of its arms that
    have moved by at most some points (docs/power.md).

    Raises:
        ConfigError: a number is out of range, or one seed is to stand for others.
    """

    items: int
    """Items of the cell."""
    samples: int = 4
    """Responses to an item, of the base and of each tuned model."""
    accuracy: float = 0.6
    """Accuracy of the base, a share."""
    spread: float = 0.4
    """Variance of the items' solve probabilities over accuracy (1 - accuracy): 0 where all items
    are equally hard, 1 where each is solved always or never."""
    correlation: float = 0.9
    """Of the items' solve probabilities before and after."""
    seeds: int = 1
    """Tuned models, whose changes are averaged."""
    seed_sd: float = 0.0
    """Standard deviation of the true change between seeds, a share; 0 is a claim about these
    models alone."""

    def __post_init__(self) -> None:
        if self.items < 2 or self.samples < 1 or self.seeds < 1:
            raise ConfigError(
                f"a design needs 2 items, 1 sample and 1 seed, got {self.items}, {self.samples} "
                f"and {self.seeds}: raise them"
            )
        if not 0 < self.accuracy <= 1:
            raise ConfigError(f"accuracy {self.accuracy}: use a share above 0 and up to 1")
        if not (0 <= self.spread <= 1 and 0 <= self.correlation <= 1 and self.seed_sd >= 0):
            raise ConfigError(
                f"spread {self.spread}, correlation {self.correlation}, seed_sd {self.seed_sd}: "
                "use 0 to 1 for the first two and at least 0 for the last"
            )
        if self.seed_sd > 0 and self.seeds < 2:
            raise ConfigError("one seed says nothing about others: use 2 seeds, or a seed_sd of 0")


def _power(design: Design, items: int, effect: float, level: float) -> float:
    after = max(0.0, design.accuracy - effect)
    before_var, after_var = design.accuracy * (1 - design.accuracy), after * (1 - after)
    shared = 2 * design.correlation * float(np.sqrt(before_var * after_var))
    between = design.spread * (before_var + after_var - shared)
    sampling = (1 - design.spread) / design.samples
    of_items = (between + sampling * before_var) / items
    of_models = sampling * after_var / items / design.seeds
    if design.seed_sd == 0:
        error = np.sqrt(max(of_items + of_models, 1 / (items - 1) / items))
        step = 1 / (items * design.samples * design.seeds)
        critical = special.stdtrit(items - 1, 1 - level / 2)
        return float(special.stdtr(items - 1, (effect - step) / error - critical))
    of_seeds = of_models + design.seed_sd**2 / design.seeds
    free = design.seeds - 1
    seen = of_seeds * special.chdtri(free, _QUANTILES) / free
    of_families = special.stdtrit(items - 1, level / 2) ** 2 * of_items
    reach = np.sqrt(special.stdtrit(free, level / 2) ** 2 * seen + of_families)
    return float(special.ndtr((effect - reach) / np.sqrt(of_items + of_seeds)).mean())


def fall_power(design: Design, effect: float, *, level: float = 0.05) -> float:
    """Return the probability that a fall is found.

    The variance of an item's change is that of its solve probability, which more samples do not
    lessen, plus that of sampling, which they do:
    h (v + w - 2 r sqrt(v w)) + (1 - h) (v + w / seeds) / samples, with v = p (1 - p) before and w
    after, h the `spread` and r the `correlation`; over the items, and the variance between seeds
    over the seeds. Miller, arXiv 2411.00640, section 5. `permutation_p` moves in steps of one
    answer in each direction, which costs it half a step. With a `seed_sd` the test is `arm_change`,
    and the power a mean over what few seeds may show of their variance.

    Args:
        design: How the cell is measured.
        effect: Size of the fall, a share above 0 and up to the accuracy.
        level: Two-sided level of the test. `benjamini_hochberg` at a rate q finds a change that is
            alone among m cells at the level q / m, and any other one more easily.

    Raises:
        ConfigError: there cannot be such a fall.
    """
    _check(design, effect)
    return _power(design, design.items, effect, level)


def detectable_fall(design: Design, *, wanted: float = 0.8, level: float = 0.05) -> float | None:
    """Return the smallest fall found with the wanted power, in steps of 0.001; None if none is.

    Args:
        design: How the cell is measured.
        wanted: Probability of finding the fall.
        level: As in `fall_power`.
    """
    sizes = range(1, int(1000 * design.accuracy + 1e-9) + 1)
    first = bisect_left(
        sizes, wanted, key=lambda size: _power(design, design.items, size / 1000, level)
    )
    return sizes[first] / 1000 if first < len(sizes) else None


def items_needed(
    design: Design, effect: float, *, wanted: float = 0.8, level: float = 0.05
) -> int | None:
    """Return the fewest items that find a fall with the wanted power; None beyond `MOST_ITEMS`.

    Args:
        design: How the cell is measured; its own number of items is not used.
        effect: As in `fall_power`.
        wanted: Probability of finding the fall.
        level: As in `fall_power`.

    Raises:
        ConfigError: there cannot be such a fall.
    """
    _check(design, effect)
    counts = range(2, MOST_ITEMS + 1)
    first = bisect_left(counts, wanted, key=lambda items: _power(design, items, effect, level))
    return counts[first] if first < len(counts) else None


def _check(design: Design, effect: float) -> None:
    if not 0 < effect <= design.accuracy:
        raise ConfigError(
            f"a fall of {effect} from an accuracy of {design.accuracy}: use a share above 0 and up "
            "to the accuracy"
        )
