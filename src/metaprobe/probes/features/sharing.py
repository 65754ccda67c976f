"""Which models of a crosscoder a feature stands in.

- NRN = |d^T|_1 / (|d^O|_1 + |d^T|_1) of a tuned model T and its base O, and
  MAS_m = |d^m|_1 / sum_m' |d^m'|_1 (arXiv 2604.25011).
- Latent scaling (Minder and others, arXiv 2504.02922) asks whether a direction that seems absent
  is there after all. With d the direction of the model where the feature is longest,
  beta = argmin_b sum_n |b f_n d - y_n|^2 = sum_n f_n (d . y_n) / (|d|^2 sum_n f_n^2). For y = the
  error of model m with the feature's own part put back, a large beta says that the direction was
  shrunk; for y = the reconstruction of model m, that other features carry it. The biases are left
  out of y, as they hold no feature. Both betas are divided by those of the longest model.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import polars as pl
from torch import Tensor

from metaprobe.core.errors import ConfigError
from metaprobe.core.results import CrosscoderModel, CrosscoderSharing, FeatureClass, FeatureShare
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import ActivationStore
from metaprobe.probes.features.crosscoder import Crosscoder, joined_rows
from metaprobe.probes.features.matching import COSINE, MIN_FIRED, feature_share
from metaprobe.probes.features.metrics import sae_quality

NAMES = ("base", "tuned", "third")
"""What the models are called, the base first."""
SHARED, UNDECIDED = "shared", "undecided"

ABSENT_NORM = 0.1
"""NRN against the longest model up to which a feature may be absent from another."""
ABSENT_ERROR = 0.2
"""Latent scaling on the error, below which it may be."""
ABSENT_RECONSTRUCTION = 0.5
"""Latent scaling on the reconstruction, below which it may be."""
PRESENT_NORM = 0.3
"""NRN against the longest model from which a feature is present."""


class Scaling(NamedTuple):
    """Latent scaling, relative to the model in which a feature is longest; that model has 1."""

    error: Tensor
    """(M, F); not a number where a feature did not fire or has nothing of its own."""
    reconstruction: Tensor
    """(M, F)."""
    fired: Tensor
    """Rows at which each feature fired, (F,)."""
    rows: int


def model_shares(directions: Tensor) -> Tensor:
    """Return MAS of each model and feature, (M, F), from directions (M, F, D).

    With two models the second row is NRN.
    """
    lengths = directions.abs().sum(2)
    return lengths / lengths.sum(0)


@torch.inference_mode()
def latent_scaling(crosscoder: Crosscoder, rows: Iterable[Tensor]) -> Scaling:
    """Return how much of each feature every model has, by least squares instead of by length.

    Args:
        crosscoder: The crosscoder.
        rows: Normalised activations of all models side by side, (B, M times D), in batches.

    Raises:
        ConfigError: there is no row.
    """
    directions = crosscoder.directions
    longest = model_shares(directions).argmax(0)
    along = directions.gather(0, longest[None, :, None].expand(1, -1, directions.shape[2]))[0]
    squares = torch.zeros(len(along), dtype=torch.float64)
    fired, count = torch.zeros(len(along), dtype=torch.long), 0
    sums = torch.zeros(2, crosscoder.models, len(along), dtype=torch.float64)
    for x in rows:
        features = crosscoder.sae.encode(x)
        rebuilt = features @ crosscoder.sae.parameters.decoder
        error = x - crosscoder.sae.parameters.decoder_bias - rebuilt
        for kind, target in enumerate((error, rebuilt)):
            for model in range(crosscoder.models):
                there = target[:, crosscoder.columns(model)] @ along.T
                sums[kind, model] += (features * there).double().sum(0)
        squares += features.double().square().sum(0)
        fired += (features > 0).sum(0)
        count += len(x)
    if not count:
        raise ConfigError("there is no held-out row: collect more items")
    lengths = along.double().square().sum(1)
    betas = sums / (squares * lengths)
    betas[0] += torch.linalg.vecdot(directions.double(), along.double()) / lengths
    tops = betas.gather(1, longest.expand(2, 1, -1))
    ratios = torch.where(tops > 0, betas / tops, torch.nan)
    return Scaling(ratios[0], ratios[1], fired, count)


class Sharing(NamedTuple):
    """Features of a crosscoder by the models that they stand in."""

    table: pl.DataFrame
    """One row a feature; see docs/probes/crosscoder.md."""
    artefacts: int
    """Features that are absent from a model by their norms alone."""
    models: int

    @property
    def judged(self) -> pl.DataFrame:
        """The features that fire often enough."""
        return self.table.filter(pl.col("fired") >= MIN_FIRED)

    def classes(self) -> list[FeatureClass]:
        """Return how many of the judged features each class has, none left out."""
        found = self.judged["class"].to_list()
        names = class_names(self.models)
        return [
            FeatureClass(name=name, features=feature_share(found.count(name), len(found)))
            for name in names
        ]

    def rotated(self, model: int) -> FeatureShare:
        """Return how many shared features have another direction in a model than in the base."""
        shared = self.judged.filter(pl.col("class") == SHARED)
        cosines = shared["cosine"].arr.get(model)
        return feature_share(int((cosines < COSINE).sum()), len(shared))


def class_names(models: int) -> list[str]:
    """Return the names of all classes over so many models.

    Of three models they are `shared`, `base-only`, `tuned-only`, `third-only`, `base and tuned`,
    `base and third`, `tuned and third` and `undecided`.
    """
    names = NAMES[:models]
    pairs = [f"{a} and {b}" for a, b in combinations(names, 2)] if models > 2 else []
    return [SHARED, *(f"{name}-only" for name in names), *pairs, UNDECIDED]


def share_features(crosscoder: Crosscoder, rows: Iterable[Tensor]) -> Sharing:
    """Return which models each feature of a crosscoder stands in.

    A model has a feature where its NRN against the longest model is at least `PRESENT_NORM`. It
    lacks it where that is at most `ABSENT_NORM` and both latent scalings lie below their bounds,
    in either direction. Where it is neither for any model, the feature is undecided.

    Args:
        crosscoder: The crosscoder.
        rows: Held-out normalised activations of all models side by side, (B, M times D), in
            batches.

    Raises:
        ConfigError: there is no row.
    """
    scaling = latent_scaling(crosscoder, rows)
    directions = crosscoder.directions
    shares = model_shares(directions)
    against = shares / (shares + shares.max(0).values)
    seems = against <= ABSENT_NORM
    error, rebuilt = (t.abs().nan_to_num(torch.inf) for t in scaling[:2])
    absent = seems & (error < ABSENT_ERROR) & (rebuilt < ABSENT_RECONSTRUCTION)
    present = against >= PRESENT_NORM
    decided = (present | absent).all(0)
    names = []
    for there, sure in zip(present.T.tolist(), decided.tolist(), strict=True):
        standing = [name for name, yes in zip(NAMES, there, strict=False) if yes]
        label = f"{standing[0]}-only" if len(standing) == 1 else " and ".join(standing)
        names.append((SHARED if all(there) else label) if sure else UNDECIDED)
    judged = scaling.fired >= MIN_FIRED
    columns = {
        "mas": shares,
        "nrn": shares / (shares + shares[0]),
        "error_scaling": scaling.error,
        "reconstruction_scaling": scaling.reconstruction,
        "cosine": torch.cosine_similarity(directions, directions[:1], dim=2),
    }
    table = pl.DataFrame(
        {
            "feature": np.arange(len(names)),
            "class": names,
            "fired": scaling.fired.numpy(),
            **{name: values.T.double().numpy() for name, values in columns.items()},
        }
    ).with_columns(pl.col(*columns).arr.eval(pl.element().fill_nan(None)))
    return Sharing(table, int((judged & (seems & ~absent).any(0)).sum()), len(shares))


def measure_crosscoder(
    crosscoder: Crosscoder, stores: Sequence[ActivationStore], module: str
) -> tuple[CrosscoderSharing, pl.DataFrame]:
    """Return what a crosscoder is worth on held-out rows and whose features it holds.

    Args:
        crosscoder: The crosscoder.
        stores: Activations of its models, in their order.
        module: Whose output.

    Returns:
        The result, and a table with a row for each feature.

    Raises:
        ConfigError: there is nothing held out.
        InputError: a shard is damaged.
    """
    found = share_features(
        crosscoder, (rows for rows, _ in joined_rows(stores, module, crosscoder.scales))
    )
    models = [
        CrosscoderModel(
            name=store.index.model,
            weights=store.index.weights,
            scale=float(crosscoder.scales[n]),
            quality=sae_quality(
                crosscoder.sae,
                joined_rows(stores, module, crosscoder.scales),
                crosscoder.columns(n),
            ),
            rotated=found.rotated(n) if n else None,
        )
        for n, store in enumerate(stores)
    ]
    features = len(found.table)
    result = CrosscoderSharing(
        module=module,
        models=models,
        classes=found.classes(),
        artefacts=found.artefacts,
        rare=feature_share(features - len(found.judged), features),
        absent_norm=ABSENT_NORM,
        absent_error=ABSENT_ERROR,
        absent_reconstruction=ABSENT_RECONSTRUCTION,
        present_norm=PRESENT_NORM,
        cosine_bound=COSINE,
        n_rows=models[0].quality.n_rows,
    )
    return result, found.table
