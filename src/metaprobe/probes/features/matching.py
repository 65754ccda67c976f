"""Features of two autoencoders matched by what they fire on and by their directions.

Two features are partners where each has its greatest correlation of activations with the other, on
the same tokens, and it is at least `CORRELATION`. A base's feature is kept where its partner's
direction has a cosine of at least `COSINE` with its own, rotated where it has not, and lost where
it has no partner; a stage's feature without a partner is gained.

Autoencoders of two seeds find different features in the same activations (Paulo and Belrose, arXiv
2501.16615): what is lost and gained between two seeds of the base is the floor of every count.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from metaprobe.core.errors import ConfigError
from metaprobe.core.results import (
    FeatureChange,
    FeatureChanges,
    FeatureScores,
    FeatureShare,
    GroupFeatureChange,
)
from metaprobe.core.stats import FloatArray, wilson
from metaprobe.probes.features.sae import Sae

VERSION = 1
"""Raised whenever the same autoencoders and activations would give other matches."""

CORRELATION = 0.5
"""Of the activations of features that fire together."""
COSINE = 0.7
"""Between directions that are the same."""
MIN_FIRED = 10
"""Tokens that a feature has to fire at for its correlations to mean anything."""

_BLOCK = 512


class CodedRows(NamedTuple):
    """An autoencoder on the rows of its own model."""

    features: sparse.csr_array
    """Activations, (N, F)."""
    directions: FloatArray
    """Of the decoder, (F, D), of length one."""


class FeatureMatches(NamedTuple):
    """Features of a base beside those of a stage."""

    partner: NDArray[np.int64]
    """Number of the stage's feature of each of the base's, (F,); -1 for none."""
    correlation: FloatArray
    """Greatest correlation of each of the base's features with one of the stage's, (F,)."""
    cosine: FloatArray
    """With the direction of that feature, (F,)."""
    base_fires: NDArray[np.bool_]
    """Whether each of the base's features fires often enough to be counted, (F,)."""
    stage_fires: NDArray[np.bool_]
    """The same of the stage's features."""
    rows: int
    """Tokens that both read."""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which of the base's features have a partner along the same direction, (F,)."""
        return (self.partner >= 0) & (self.cosine >= COSINE)

    @property
    def rotated(self) -> NDArray[np.bool_]:
        """Which of the base's features have a partner along another direction, (F,)."""
        return (self.partner >= 0) & (self.cosine < COSINE)

    @property
    def gained(self) -> NDArray[np.bool_]:
        """Which of the stage's features fire and have no partner."""
        gained = self.stage_fires.copy()
        gained[self.partner[self.partner >= 0]] = False
        return gained


def coded_rows(sae: Sae, rows: Iterable[Tensor]) -> CodedRows:
    """Return the activations of an autoencoder's features on rows (N, D) of its model.

    Args:
        sae: The autoencoder.
        rows: In batches; both sides of a comparison read the same tokens in the same order.

    Raises:
        ConfigError: there is no row.
    """
    parts = [sparse.csr_array(sae.encode(x.float()).numpy()) for x in rows]
    if not parts:
        raise ConfigError("there is no row to match features on: collect more items")
    directions = sae.parameters.decoder.double().numpy()
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return CodedRows(
        sparse.csr_array(sparse.vstack(parts)), directions / np.maximum(lengths, 1e-12)
    )


def match_features(base: CodedRows, stage: CodedRows) -> FeatureMatches:
    """Return the partners of a base's features among a stage's.

    Args:
        base: The base's autoencoder on the base's activations.
        stage: The stage's on the stage's activations at the same tokens.

    Raises:
        ConfigError: the rows or the widths differ in number.
    """
    rows, width = base.features.shape[0], base.directions.shape[1]
    if stage.features.shape[0] != rows or stage.directions.shape[1] != width:
        raise ConfigError(
            f"features of {rows} tokens of width {width} cannot be matched to those of "
            f"{stage.features.shape[0]} of width {stage.directions.shape[1]}: let both models "
            "read the same texts at the same layer"
        )
    sides = [_standardised(side.features) for side in (base, stage)]
    (scaled, means, base_fires), (other, other_means, stage_fires) = sides
    count = len(means)
    best, nearest = np.zeros(count), np.full(count, -1)
    back, back_nearest = np.full(len(other_means), -1.0), np.full(len(other_means), -1)
    for first in range(0, count, _BLOCK):
        part = slice(first, min(first + _BLOCK, count))
        found = (scaled[:, part].T @ other).toarray() - rows * np.outer(means[part], other_means)
        nearest[part] = found.argmax(1)
        best[part] = found.max(1)
        above = found.max(0) > back
        back_nearest[above] = first + found.argmax(0)[above]
        back[above] = found.max(0)[above]
    cosine = np.einsum("fd,fd->f", base.directions, stage.directions[nearest])
    mutual = back_nearest[nearest] == np.arange(count)
    fires = base_fires & stage_fires[nearest]
    partner = np.where(mutual & fires & (best >= CORRELATION), nearest, -1)
    return FeatureMatches(partner, best, cosine, base_fires, stage_fires, rows)


def count_changes(matches: FeatureMatches) -> FeatureChange:
    """Return how many features are kept, rotated, lost and gained, among all that fire."""
    return FeatureChange(**_shares(matches, matches.base_fires, matches.stage_fires))


def changes_by_skill(
    matches: FeatureMatches,
    base_scores: FeatureScores,
    stage_scores: FeatureScores,
) -> list[GroupFeatureChange]:
    """Return what became of the features of each skill and cell: those that survive all controls.

    Args:
        matches: Of the two autoencoders.
        base_scores: Of the base's features.
        stage_scores: Of the stage's features.

    Returns:
        One entry for each group that either side scored, in the order in which they were scored.
    """
    groups = dict.fromkeys(s.group for s in (*base_scores.scores, *stage_scores.scores))
    changes = []
    for group in groups:
        base, stage = np.zeros_like(matches.base_fires), np.zeros_like(matches.stage_fires)
        for scores, chosen in ((base_scores, base), (stage_scores, stage)):
            named = [s.feature for s in scores.scores if s.group == group and s.of_skill]
            chosen[named] = True
        base, stage = base & matches.base_fires, stage & matches.stage_fires
        paired = matches.partner >= 0
        still = base & paired & stage[matches.partner]
        recruited = ~base & paired & stage[matches.partner]
        changes.append(
            GroupFeatureChange(
                group=group,
                still=int(still.sum()),
                recruited=int(recruited.sum()),
                **_shares(matches, base, stage),
            )
        )
    return changes


def feature_changes(
    matches: FeatureMatches,
    floor: FeatureMatches | None,
    base_scores: FeatureScores,
    stage_scores: FeatureScores,
) -> FeatureChanges:
    """Return what became of a base's features, of all and of each skill and cell.

    Args:
        matches: Of the base's autoencoder and the stage's.
        floor: Of two autoencoders of the base that differ by seed; None where there is one only.
        base_scores: Of the base's features.
        stage_scores: Of the stage's features.
    """
    return FeatureChanges(
        correlation_bound=CORRELATION,
        cosine_bound=COSINE,
        change=count_changes(matches),
        floor=None if floor is None else count_changes(floor),
        groups=changes_by_skill(matches, base_scores, stage_scores),
        n_rows=matches.rows,
    )


def _shares(
    matches: FeatureMatches, base: NDArray[np.bool_], stage: NDArray[np.bool_]
) -> dict[str, FeatureShare]:
    n_base, n_stage = int(base.sum()), int(stage.sum())
    kept, rotated = (int((base & found).sum()) for found in (matches.kept, matches.rotated))
    return {
        "kept": feature_share(kept, n_base),
        "rotated": feature_share(rotated, n_base),
        "lost": feature_share(n_base - kept - rotated, n_base),
        "gained": feature_share(int((stage & matches.gained).sum()), n_stage),
    }


def feature_share(count: int, n: int) -> FeatureShare:
    """Return a count of features with its share and interval."""
    found = wilson(count, n)
    low, high = (None, None) if found is None else (found.low, found.high)
    return FeatureShare(count=count, n=n, share=count / n if n else None, low=low, high=high)


def _standardised(
    features: sparse.csr_array,
) -> tuple[sparse.csc_array, FloatArray, NDArray[np.bool_]]:
    """Return columns whose products, less rows * means * means, are correlations.

    Beside them stand the means of the columns, and which fire often enough; others are zero.
    """
    rows = features.shape[0]
    fires = np.bincount(features.indices, minlength=features.shape[1]) >= MIN_FIRED
    columns = sparse.csc_array(features, dtype=np.float64)
    means = np.asarray(columns.sum(0)) / rows
    squares = np.asarray((columns * columns).sum(0))
    spread = np.sqrt(np.maximum(squares - rows * means**2, 0.0))
    fires &= spread > 0
    scale = np.where(fires, 1 / np.where(spread > 0, spread, 1.0), 0.0)
    return sparse.csc_array(columns @ sparse.diags_array(scale)), means * scale, fires
