"""Features of the stages of a study: an autoencoder of each, scored, and matched to the base's.

The base's autoencoder is trained from random directions on the base's activations at its own
responses. A stage's begins from the base's and is trained on half as long, at a quarter of the
rate, on the stage's activations at the stage's responses: two that begin apart find different
features in the same activations. Whatever the training alone changes is the noise floor: the base's
autoencoder, trained on in the same way on the base's activations again.

Features are matched on texts that both models read, half of which each of them wrote.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from metaprobe.benchmark.items import Item, write_items
from metaprobe.core.config import parse_config
from metaprobe.core.errors import InputError
from metaprobe.core.files import read_json, write_json
from metaprobe.core.results import (
    FeatureCard,
    FeatureChange,
    FeatureChanges,
    FeatureScores,
    GroupFeatureChange,
    Intervention,
    SaeTraining,
    StageFeatures,
)
from metaprobe.core.vocabulary import Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.features import activations, effects, matching, scoring, train
from metaprobe.probes.features.activations import (
    ActivationStore,
    collect_activations,
    layer_name,
    plan_activations,
)
from metaprobe.probes.features.contexts import feature_cards
from metaprobe.probes.features.controls import controlled_scores
from metaprobe.probes.features.effects import EditPlan, Trial, measure_intervention
from metaprobe.probes.features.fit import fit_key, fit_sae, read_fit, write_fit
from metaprobe.probes.features.responses import unread_majority
from metaprobe.probes.features.sae import Sae, SaeConfig
from metaprobe.probes.representation import ItemText

_VERSION = 1
_PARTS = tuple(part.VERSION for part in (activations, train, scoring, matching, effects))
VERSION = int("".join(f"{version:02}" for version in (_VERSION, *_PARTS)))
"""Another one whenever the same stage would give other values, here or in a part."""

_SLOWER = 4
_RANDOM_SETS = 3
_SCORES = "scores.json"
_CARDS = "cards.json"
_FLOOR = "floor.json"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A model, what it has answered, and where what is found of it is kept."""

    loaded: LoadedModel
    items: Sequence[Item]
    texts: Sequence[ItemText]
    """Its first response to each of the items, in their order."""
    folder: Path
    """For `sae/`, `training.json`, `scores.json`, `cards.json` and `items.jsonl`."""


class Edits(NamedTuple):
    """Which features of a stage are edited, and what it is asked then."""

    skill: Skill
    """Whose features."""
    items: Sequence[Item]
    """None of those that the features are trained or scored on."""


@dataclass(frozen=True, kw_only=True)
class FeaturePlan:
    """How features are found."""

    layer: int | None
    """Whose output is read, the first being 1; the middle one where None."""
    sae: SaeConfig
    """How the base's autoencoder is trained."""
    sampling: Sampling
    """How responses were drawn, and other wordings are answered."""

    @property
    def further(self) -> SaeConfig:
        """How an autoencoder is trained on from the base's."""
        rate = self.sae.learning_rate / _SLOWER
        steps = max(1, self.sae.steps // 2)
        return self.sae.model_copy(update={"steps": steps, "learning_rate": rate, "seed": 1})


def measure_base_features(base: Reader, plan: FeaturePlan) -> StageFeatures:
    """Return the features of a base, with the noise floor of every change.

    Args:
        base: The base.
        plan: How features are found.

    Raises:
        ConfigError: the model has no such layer, or there are too few items.
        InputError: the activations are not finite.
        StorageError: the disk has too little room.
    """
    module = layer_name(base.loaded, plan.layer)
    (base.folder / _SCORES).unlink(missing_ok=True)  # no stage may read those of other settings
    store = _collected(base, base.texts, module)
    key = fit_key(store, plan.sae)
    sae, training = _fitted(base, store, plan.sae, plan.sampling, (None, key))
    further, _ = fit_sae(base.loaded, base.texts, store, plan.further, plan.sampling, start=sae)
    scores, cards = _scored(base, sae, store, plan.sampling)
    again = scoring.Subject(base.loaded, further, store, module)
    _, others = controlled_scores(again, base.items, plan.sampling, _work(base) / "reworded")
    changes = _changes((sae, scores, store), (further, others, store), module, floor=None)
    write_json(base.folder / _FLOOR, changes[0].change.model_dump(mode="json"))
    return _concluded(base, training, scores, cards, changes)


def measure_stage_features(
    stage: Reader, base: Reader, plan: FeaturePlan, edits: Edits | None
) -> StageFeatures:
    """Return the features of a stage, what became of the base's, and what editing them does.

    Args:
        stage: The stage.
        base: The base, of which `measure_base_features` has filled the folder.
        plan: How features are found; the same as for the base.
        edits: What is edited, where anything is.

    Raises:
        ConfigError: see `measure_base_features` and `measure_intervention`.
        InputError: the base's features are not there.
        StorageError: the disk has too little room.
    """
    known = read_fit(base.folder)
    places = [base.folder / name for name in (_SCORES, _FLOOR)]
    if known is None or not all(place.is_file() for place in places):
        raise InputError(f"{base.folder}: the base's features are missing; measure the base again")
    base_sae, base_training, start = known
    module = base_training.module
    base_scores = parse_config(FeatureScores, read_json(places[0]), str(places[0]))
    floor = parse_config(FeatureChange, read_json(places[1]), str(places[1]))
    store = _collected(stage, stage.texts, module)
    key = fit_key(store, plan.further, start)
    sae, training = _fitted(stage, store, plan.further, plan.sampling, (base_sae, key))
    scores, cards = _scored(stage, sae, store, plan.sampling)
    # Every second item in the words of either, so that both models read the same tokens.
    shared = [pair[n % 2] for n, pair in enumerate(zip(base.texts, stage.texts, strict=True))]
    of_base, of_stage = (
        collect_activations(loaded, shared, [module], _work(stage) / name)
        for name, loaded in (("base", base.loaded), ("stage", stage.loaded))
    )
    changes = _changes(
        (base_sae, base_scores, of_base), (sae, scores, of_stage), module, floor=floor
    )
    subject = scoring.Subject(stage.loaded, sae, store, module)
    edited = _edited(subject, base.loaded, scores, plan, edits) if edits else []
    return _concluded(stage, training, scores, cards, changes, edited)


def _work(reader: Reader) -> Path:
    """Return the folder of what can be had again, which goes once the model is measured."""
    return reader.folder / "work"


def _collected(reader: Reader, texts: Sequence[ItemText], module: str) -> ActivationStore:
    """Return the activations at the texts; a stopped call goes on, one on other texts begins."""
    digest = plan_activations(reader.loaded, texts, [module]).digest
    marker = _work(reader) / "digest.json"
    if not marker.is_file() or read_json(marker) != digest:
        shutil.rmtree(_work(reader), ignore_errors=True)
        write_json(marker, digest)
    return collect_activations(reader.loaded, texts, [module], _work(reader) / "own")


def _fitted(
    reader: Reader,
    store: ActivationStore,
    config: SaeConfig,
    sampling: Sampling,
    start: tuple[Sae | None, str],
) -> tuple[Sae, SaeTraining]:
    """Return the autoencoder of the key behind `start`; it is trained where it is not there."""
    begin, key = start
    known = read_fit(reader.folder, key)
    if known is not None:
        return known[0], known[1]
    sae, found = fit_sae(reader.loaded, reader.texts, store, config, sampling, start=begin)
    write_fit(reader.folder, sae, found, store, config, key)
    return sae, found


def _scored(
    reader: Reader, sae: Sae, store: ActivationStore, sampling: Sampling
) -> tuple[FeatureScores, list[FeatureCard]]:
    """Return scores under all controls and the cards of skills, and keep both."""
    (module,) = store.index.widths
    subject = scoring.Subject(reader.loaded, sae, store, module)
    values, scores = controlled_scores(subject, reader.items, sampling, _work(reader) / "reworded")
    cards = feature_cards(subject, values, scores.scores)
    write_json(reader.folder / _SCORES, scores.model_dump(mode="json"))
    write_json(reader.folder / _CARDS, cards.model_dump(mode="json"))
    write_items(reader.folder / "items.jsonl", reader.items)
    shown = [c for c in cards.cards if c.score.of_skill or c.score.group in set(Skill)]
    return scores, shown


_Side = tuple[Sae, FeatureScores, ActivationStore]
_Changes = tuple[FeatureChanges, list[GroupFeatureChange]]


def _changes(base: _Side, stage: _Side, module: str, floor: FeatureChange | None) -> _Changes:
    coded = [matching.coded_rows(sae, _rows(store, module)) for sae, _, store in (base, stage)]
    matches = matching.match_features(*coded)
    changes = matching.feature_changes(matches, None, base[1], stage[1])
    below = [_candidates(scores) for _, scores, _ in (base, stage)]
    return changes.model_copy(update={"floor": floor}), matching.changes_by_skill(matches, *below)


def _candidates(scores: FeatureScores) -> FeatureScores:
    """Return the scores of skills as if there were no controls."""
    kept = [s for s in scores.scores if s.group in set(Skill)]
    named = [s.model_copy(update={"of_skill": s.q_value < scoring.LEVEL}) for s in kept]
    return scores.model_copy(update={"scores": named})


def _edited(
    subject: scoring.Subject,
    base: LoadedModel,
    scores: FeatureScores,
    plan: FeaturePlan,
    edits: Edits,
) -> list[Intervention]:
    """Ablate the features of a skill, and give them the values that they have in the base."""
    of_group = [s for s in scores.scores if s.group == edits.skill]
    survivors = [s for s in of_group if s.of_skill]
    chosen = sorted({s.feature for s in survivors or of_group})
    if not chosen:
        return []
    why = "survive all controls" if survivors else "tell it best, as none survives all controls"
    trial = Trial(
        loaded=subject.loaded,
        module=subject.module,
        items=edits.items,
        seen=frozenset(entry.item for entry in subject.store.index.texts),
        sampling=plan.sampling,
        majority=unread_majority(edits.items),
    )
    return [
        measure_intervention(
            trial,
            subject.sae,
            subject.store,
            EditPlan(
                features=chosen, chosen_by=f"{edits.skill}: {why}", base=given, sets=_RANDOM_SETS
            ),
        )
        for given in (None, base)
    ]


def _rows(store: ActivationStore, module: str) -> Iterator[Tensor]:
    """Yield the activations (N, D) that autoencoders are trained on, shard by shard."""
    kinds = torch.tensor(train.TRAINED_KINDS)
    for shard in range(len(store.index.shards)):
        yield store.read(module, shard)[torch.isin(store.places(shard).kind, kinds)]


def _concluded(
    reader: Reader,
    training: SaeTraining,
    scores: FeatureScores,
    cards: list[FeatureCard],
    changes: _Changes,
    edited: Sequence[Intervention] = (),
) -> StageFeatures:
    shutil.rmtree(_work(reader))
    told = [s for s in scores.scores if s.of_skill or s.group in set(Skill)]
    return StageFeatures(
        training=training,
        n_items=len(reader.items),
        scores=scores.model_copy(update={"scores": told}),
        cards=cards,
        changes=changes[0],
        candidates=changes[1],
        interventions=list(edited),
    )
