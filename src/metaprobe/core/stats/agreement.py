"""Agreement of people who label the same items, beyond what chance gives.

The unit is the item. Intervals are percentiles of the Bayesian bootstrap over items (Rubin, Ann.
Statist. 9 (1981) 130), in which half an item on which all agree and half a one on which all
disagree join the seen ones, as in `paired_delta`, with labels that are spread evenly: without them
an interval has no width as long as nobody disagrees, and is too narrow where a label is rare.
Simulated coverage at 95 % of 10 to 50 items of two people is 0.94 on average and 0.90 at worst.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from metaprobe.core.stats.paired import bootstrap_weights
from metaprobe.core.stats.shares import FloatArray, Interval, mean_interval
from metaprobe.core.streams import numpy_rng_for

Label = Hashable | None
"""What a person calls an item; None where the person has not labelled it."""


def raw_agreement(labels: Sequence[Sequence[Label]], *, level: float = 0.95) -> Interval | None:
    """Return the mean share of pairs of labels of an item that are the same.

    Args:
        labels: (items, people); an item with fewer than two labels is passed over.
        level: nominal coverage.

    Returns:
        The mean with its interval and the number of items; None where there are none.
    """
    paired = _paired(labels)
    return mean_interval(1 - _disagreement(_counts(paired, _values(paired))), level=level)


def cohen_kappa(
    labels: Sequence[Sequence[Label]], *, stream: str, draws: int = 2000, level: float = 0.95
) -> Interval | None:
    """Return Cohen's kappa, 1 - D_o / D_e, of two people.

    D_o is the share of items that they call differently, D_e what it would be if each kept to
    the own shares of labels and they knew nothing of the item. Source: Cohen, Educ. Psychol. Meas.
    20 (1960) 37.

    Args:
        labels: (items, 2); an item with fewer than two labels is passed over.
        stream: name of the random stream.
        draws: of the bootstrap.
        level: nominal coverage.

    Returns:
        Kappa with its interval and the number of items; None without items, or where both call
        all items the same.

    Raises:
        ValueError: an item has another number of columns than two.
    """
    if any(len(row) != 2 for row in labels):
        raise ValueError("Cohen's kappa is of two people")
    paired = _paired(labels)
    values = _values(paired)
    if len(values) < 2:
        return None
    first, second = (_counts([[row[who]] for row in paired], values) for who in (0, 1))
    weights = _weights(len(paired), stream, draws)
    expected = 1 - ((weights @ _joined(first)) * (weights @ _joined(second))).sum(axis=1)
    observed = weights @ np.append(_disagreement(first + second), [0.0, 1.0])
    return _beyond(observed, expected, len(paired), level)


def krippendorff_alpha(
    labels: Sequence[Sequence[Label]], *, stream: str, draws: int = 2000, level: float = 0.95
) -> Interval | None:
    """Return Krippendorff's alpha for nominal labels, 1 - D_o / D_e, of any number of people.

    Over the n labels of items with two or more, D_o is the share of pairs within items that
    differ, each item counting by its number of labels, and D_e that of all pairs of the n labels.
    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C.

    Args:
        labels: (items, people), None where a person has not labelled an item; an item with fewer
            than two labels is passed over.
        stream: name of the random stream.
        draws: of the bootstrap.
        level: nominal coverage.

    Returns:
        Alpha with its interval and the number of items; None without items, or where there is
        one label alone.
    """
    paired = _paired(labels)
    values = _values(paired)
    if len(values) < 2:
        return None
    counts = _counts(paired, values)
    weights = _weights(len(paired), stream, draws) * len(paired)
    totals = weights @ _joined(counts)
    n = totals.sum(axis=1)
    expected = (n**2 - (totals**2).sum(axis=1)) / (n * (n - 1))
    sizes = _joined(counts).sum(axis=1)
    observed = weights @ (sizes * np.append(_disagreement(counts), [0.0, 1.0])) / n
    return _beyond(observed, expected, len(paired), level)


def _paired(labels: Sequence[Sequence[Label]]) -> list[list[Hashable]]:
    rows = [[label for label in row if label is not None] for row in labels]
    return [row for row in rows if len(row) > 1]


def _values(rows: Sequence[Sequence[Hashable]]) -> list[Hashable]:
    return list(dict.fromkeys(label for row in rows for label in row))


def _counts(rows: Sequence[Sequence[Hashable]], values: Sequence[Hashable]) -> FloatArray:
    """Return how often each value is given to each item, shape (items, values)."""
    return np.array([[row.count(value) for value in values] for row in rows], dtype=float)


def _joined(counts: FloatArray) -> FloatArray:
    """Return the counts with two more items, of mean size, whose labels are spread evenly."""
    each = counts.sum() / counts.size
    return np.vstack([counts, np.full((2, counts.shape[1]), each)])


def _disagreement(counts: FloatArray) -> FloatArray:
    """Return the share of pairs of an item's labels that differ, shape (items,)."""
    if counts.size == 0:
        return np.zeros(0)
    sizes = counts.sum(axis=1)
    return np.asarray(1 - (counts * (counts - 1)).sum(axis=1) / (sizes * (sizes - 1)))


def _weights(n: int, stream: str, draws: int) -> FloatArray:
    """Return weights of n items and the two that join them, which have none in the first row.

    Shape (1 + draws, n + 2); the first row is the estimate's.
    """
    order = np.append(numpy_rng_for("stats", stream).permutation(n), [n, n + 1])
    seen = np.append(np.full(n, 1 / n), [0.0, 0.0])
    return np.vstack([seen, bootstrap_weights(n, draws)[:, order]])


def _beyond(observed: FloatArray, expected: FloatArray, n: int, level: float) -> Interval:
    value, *drawn = 1 - observed / expected
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(value), min(float(low), float(value)), max(float(high), float(value)), n)
