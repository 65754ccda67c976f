"""What an edit of features does to each skill and cell, beside the same edit of random sets.

The unit is the item, on items that had no part in training or choosing the features. An effect is
paired: the same items and random numbers with the edit and without. Two controls run the same edit:

- random features: for each feature another one, drawn from those nearest in firing rate and in mean
  value at a token;
- random directions: the same features written along directions that are turned at random, which
  moves each state as far.

An effect is set beside that of one more random set, not beside their mean (`random_gap`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import ControlKind, EditControl, EditedSet, EditEffect, Intervention
from metaprobe.core.stats import (
    FloatArray,
    benjamini_hochberg,
    paired_delta,
    permutation_p,
    random_gap,
)
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import CELLS, Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import Majority
from metaprobe.probes.features.activations import ActivationStore, weights_hash
from metaprobe.probes.features.interventions import (
    Edit,
    Patch,
    patch,
    sample_edited,
    scale,
    subset,
    turned,
)
from metaprobe.probes.features.sae import Sae
from metaprobe.probes.features.train import TRAINED_KINDS

VERSION = 1
"""Raised whenever the same model, features and items would give other effects."""

NEAREST = 10
"""Features that one to be controlled for is replaced by one of, at random."""

_ANSWERED = ("correct", "wrong")
_LEVEL = 0.05
_ROWS = 4096

Tables = Mapping[ControlKind, Sequence[pl.DataFrame]]
"""Graded responses under the edit of each random set."""


class FeatureRates(NamedTuple):
    """How features fire at tokens that are edited, each of shape (F,)."""

    rate: FloatArray
    """Share of tokens at which the feature fires."""
    mass: FloatArray
    """Its mean value."""

    def of(self, features: Sequence[int]) -> EditedSet:
        """Return a set with its rate and mass."""
        chosen = list(features)
        rate, mass = (float(values[chosen].sum()) for values in self)
        return EditedSet(features=chosen, rate=rate, mass=mass)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Who is asked what while its states are edited.

    Raises:
        ConfigError: there is no item, or one that had a part in training or choosing the features.
    """

    loaded: LoadedModel
    module: str
    items: Sequence[Item]
    seen: frozenset[str]
    """Ids of the items that the features were trained, scored or chosen on."""
    sampling: Sampling
    majority: Majority

    def __post_init__(self) -> None:
        known = [item.id for item in self.items if item.id in self.seen]
        if known:
            raise ConfigError(
                f"{len(known)} items, such as {known[0]}, had a part in choosing the features: "
                "take items that they have not seen"
            )
        if not self.items:
            raise ConfigError("no item that the features have not seen: name another benchmark")

    @cached_property
    def unedited(self) -> pl.DataFrame:
        """Graded responses without an edit, asked for once however many edits there are."""
        return self.responses(None)

    def responses(self, edit: Edit | Patch | None) -> pl.DataFrame:
        """Return graded responses under an edit; see `sample_edited`."""
        return sample_edited(
            self.loaded, self.items, self.sampling, self.majority, module=self.module, edit=edit
        )


@dataclass(frozen=True, kw_only=True)
class EditPlan:
    """Which features are edited, and how."""

    features: Sequence[int]
    chosen_by: str
    """Who chose them, in words."""
    factor: float = 0.0
    """That their values are multiplied with; 0 ablates them."""
    base: LoadedModel | None = None
    """Model whose values they are given instead."""
    sets: int = 5
    """Random sets of either kind."""

    @property
    def mode(self) -> Literal["ablate", "amplify", "patch"]:
        """What is done in a word."""
        if self.base:
            return "patch"
        return "amplify" if self.factor else "ablate"

    def edit(self, features: Sae) -> Edit | Patch:
        """Return the edit of a set, which `subset` returned."""
        return patch(features, self.base) if self.base else scale(features, self.factor)


def measure_intervention(
    trial: Trial,
    sae: Sae,
    store: ActivationStore,
    plan: EditPlan,
    progress: Callable[[float], None] = lambda _: None,
) -> Intervention:
    """Return what an edit of features does to each skill and cell.

    Args:
        trial: Who is asked what.
        sae: The autoencoder.
        store: Activations of the module, on which firing rates are counted.
        plan: The edit.
        progress: Told the share that is done.

    Raises:
        ConfigError: see `Trial`, `sample_edited`, `subset` and `random_sets`; or there are too few
            random sets or items.
        InputError: a shard is damaged.
    """
    began = time.process_time()
    first = subset(sae, plan.features, trial.loaded.device)
    rates = feature_rates(sae, store, trial.module)
    sets = random_sets(rates, plan.features, plan.sets)
    parts = [first, *(subset(sae, s, trial.loaded.device) for s in sets)]
    parts += [turned(first, str(n)) for n in range(plan.sets)]
    tables = [trial.unedited]
    for part in parts:
        progress(len(tables) / (1 + len(parts)))
        tables.append(trial.responses(plan.edit(part)))
    last = 2 + plan.sets
    random: Tables = {"random features": tables[2:last], "random directions": tables[last:]}
    skills, cells = edit_effects(tables[0], tables[1], random)
    return Intervention(
        model=trial.loaded.name,
        weights=weights_hash(trial.loaded.model),
        module=trial.module,
        mode=plan.mode,
        factor=None if plan.base else plan.factor,
        base=plan.base.name if plan.base else None,
        base_weights=weights_hash(plan.base.model) if plan.base else None,
        chosen_by=plan.chosen_by,
        chosen=rates.of(plan.features),
        random_features=[rates.of(s) for s in sets],
        skills=skills,
        cells=cells,
        cpu_seconds=time.process_time() - began,
    )


def unseen(items: Sequence[Item], seen: frozenset[str], per_cell: int) -> list[Item]:
    """Return the first items of each cell that are not among those seen.

    Args:
        items: To choose from.
        seen: Ids that are left out.
        per_cell: At most so many of each cell.
    """
    fresh = [item for item in items if item.id not in seen]
    return [i for cell in CELLS for i in [f for f in fresh if f.cell == cell][:per_cell]]


def feature_rates(sae: Sae, store: ActivationStore, module: str) -> FeatureRates:
    """Return how often and how strongly features fire at the tokens of a store that are edited.

    Raises:
        ConfigError: the module was not collected, or there is no such token.
        InputError: a shard is damaged.
    """
    sums, n = torch.zeros(2, sae.features, dtype=torch.float64), 0
    for shard in range(len(store.index.shards)):
        mask = torch.isin(store.places(shard).kind, torch.tensor(TRAINED_KINDS))
        for x in store.read(module, shard)[mask].float().split(_ROWS):
            f = sae.encode(x)
            sums += torch.stack([(f > 0).double().sum(0), f.double().sum(0)])
            n += len(x)
    if not n:
        raise ConfigError(f"{store.folder}: no token that is edited: collect more items")
    return FeatureRates(*(np.asarray(s.numpy()) for s in sums / n))


def random_sets(rates: FeatureRates, chosen: Sequence[int], count: int) -> list[list[int]]:
    """Return sets of other features that fire about as often and as strongly, one for one.

    Each is drawn from the `NEAREST`, by the distance of log rate plus that of log mean value, or is
    the next nearest where the set holds them already. Sets of one feature differ, up to `NEAREST`.

    Args:
        rates: Of all features.
        chosen: The features that they stand for, all of which fire.
        count: Number of sets.

    Raises:
        ConfigError: a feature never fires, or too few others do.
    """
    silent = [f for f in chosen if rates.rate[f] == 0]
    if silent:
        raise ConfigError(f"feature {silent[0]} never fires: name one that does")
    firing = [f for f in np.flatnonzero(rates.rate).tolist() if f not in chosen]
    if len(firing) < len(chosen):
        raise ConfigError(
            f"only {len(firing)} other features fire, fewer than the {len(chosen)} that are edited"
        )
    places = np.log(np.stack([rates.rate[firing], rates.mass[firing]]))
    orders = []
    for feature in chosen:
        own = np.log([[rates.rate[feature]], [rates.mass[feature]]])
        distance = np.abs(places - own).sum(0)
        order = [firing[n] for n in np.argsort(distance, kind="stable")]
        near = order[:NEAREST]
        rng_for("features", "random features", feature).shuffle(near)
        orders.append((near, order[NEAREST:]))
    sets: list[list[int]] = [[] for _ in range(count)]
    for number, found in enumerate(sets):
        for near, rest in orders:
            turn = number % len(near)
            queue = (*near[turn:], *near[:turn], *rest)
            found.append(next(f for f in queue if f not in found))
    return sets


def edit_effects(
    plain: pl.DataFrame, edited: pl.DataFrame, random: Tables
) -> tuple[list[EditEffect], list[EditEffect]]:
    """Return the effects on skills and on cells with two items or more.

    Args:
        plain: Graded responses of the model as it is, as `measure_responses` gives them.
        edited: Those of the edited model, to the same items in the same order.
        random: Those of the random edits; at least two sets of each kind.

    Raises:
        ConfigError: no skill has two items.
    """
    correct = [_shares(table, "correct") for table in (plain, edited)]
    answered = [_shares(table, *_ANSWERED) for table in (plain, edited)]
    controls = {
        kind: np.stack([_shares(t, "correct") for t in tables]) for kind, tables in random.items()
    }
    items = plain.unique("item_id", maintain_order=True)
    skills, domains = items["skill"].to_numpy(), items["domain"].to_numpy()
    samples = len(plain) // len(items)
    names = {str(s): skills == str(s) for s in Skill}
    cells = {str(c): (skills == str(c.skill)) & (domains == str(c.domain)) for c in CELLS}
    found = []
    for groups in (names, cells):
        rows = [
            _effect(
                name,
                [values[own] for values in (*correct, *answered)],
                {kind: values[:, own] for kind, values in controls.items()},
                samples,
            )
            for name, own in groups.items()
            if own.sum() > 1
        ]
        found.append(_with_q_values(rows))
    if not found[0]:
        raise ConfigError("no skill has two items: take more items")
    return found[0], found[1]


def _shares(table: pl.DataFrame, *verdicts: str) -> FloatArray:
    """Return the share of each item's responses with one of the verdicts, shape (items,)."""
    shares = table.group_by("item_id", maintain_order=True).agg(
        pl.col("verdict").is_in(verdicts).mean()
    )
    return np.asarray(shares["verdict"].to_numpy(), dtype=np.float64)


def _effect(
    name: str,
    shares: Sequence[FloatArray],
    random: Mapping[ControlKind, FloatArray],
    samples: int,
) -> EditEffect:
    plain, edited, answered, answered_edited = shares
    effect = paired_delta(plain, edited, stream=f"intervention/{name}")
    return EditEffect(
        group=name,
        accuracy=float(plain.mean()),
        edited=float(edited.mean()),
        effect=effect.value,
        low=effect.low,
        high=effect.high,
        p_value=permutation_p(plain, edited, stream=f"intervention/{name}"),
        q_value=1.0,
        answered=float(answered.mean()),
        answered_edited=float(answered_edited.mean()),
        controls=[_control(kind, plain, edited, values) for kind, values in random.items()],
        beyond_random=False,
        n_items=len(plain),
        n_samples=len(plain) * samples,
    )


def _control(
    kind: ControlKind, plain: FloatArray, edited: FloatArray, random: FloatArray
) -> EditControl:
    gap = random_gap(edited, random)
    if gap is None:
        raise ConfigError(f"{len(random)} sets of {kind}: take two or more")
    return EditControl(
        kind=kind,
        effects=(random - plain).mean(1).tolist(),
        gap=gap.value,
        gap_low=gap.low,
        gap_high=gap.high,
        p_value=gap.p_value,
        q_value=1.0,
    )


def _with_q_values(rows: list[EditEffect]) -> list[EditEffect]:
    of_effects = benjamini_hochberg(np.array([row.p_value for row in rows]))
    of_gaps = iter(benjamini_hochberg(np.array([c.p_value for r in rows for c in r.controls])))
    found = []
    for row, q in zip(rows, of_effects.tolist(), strict=True):
        controls = [c.model_copy(update={"q_value": float(next(of_gaps))}) for c in row.controls]
        beyond = q < _LEVEL and all(c.q_value < _LEVEL and c.gap * row.effect > 0 for c in controls)
        update = {"q_value": q, "controls": controls, "beyond_random": beyond}
        found.append(row.model_copy(update=update))
    return found
