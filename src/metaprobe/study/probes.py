"""The probes that a study can ask for, behind one protocol.

A probe sees one stage beside its base and gives back a class of `metaprobe.core.results` and the
same values as rows. Where it cannot measure a stage it raises an error, whose line goes into
the report, and the other probes go on. To add one, write the measuring function in
`metaprobe.probes`, a class here, and a switch in `ProbeSettings`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl
from pydantic import BaseModel

from metaprobe.analysis.likelihood import likelihood_by_cell
from metaprobe.analysis.profile import item_accuracies
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import CELLS, Skill, Verdict
from metaprobe.models.chat import SHOTS, has_chat_template
from metaprobe.models.loading import LoadedModel
from metaprobe.models.sampling import Sampling
from metaprobe.probes import (
    behaviours,
    divergence,
    lighter,
    likelihood,
    parameters,
    representation,
)
from metaprobe.probes.divergence import CellText, cross_sampling
from metaprobe.probes.features import stages
from metaprobe.probes.features.sae import SaeConfig
from metaprobe.probes.representation import ItemText
from metaprobe.study.config import FeatureSettings, ProbeSettings
from metaprobe.study.values import (
    Value,
    behaviour_values,
    cross_sampling_values,
    divergence_values,
    feature_values,
    lighter_values,
    likelihood_values,
    parameter_values,
    representation_values,
)


@dataclass(frozen=True, kw_only=True)
class ProbedStage:
    """What a probe may look at."""

    label: str
    """Names the stage in random streams."""
    loaded: LoadedModel
    base: LoadedModel
    """What the stage is compared with; the base itself where that is measured."""
    is_base: bool
    items: Mapping[str, Item]
    """The benchmark's, by id."""
    responses: pl.DataFrame
    """Graded responses of the stage, as `measure_responses` gives them."""
    base_responses: pl.DataFrame
    base_table: pl.DataFrame | None
    """The table that the same probe made of the base; None if it makes none."""
    sampling: Sampling
    """How responses were drawn."""
    shots: int
    """Examples before each question for a model without a chat template."""
    kept: Path
    """Folder of what the probe keeps of the stage, whatever is measured again."""
    base_kept: Path
    """The same of the base."""


class Measurement(NamedTuple):
    """What a probe found."""

    result: BaseModel
    values: list[Value]
    table: pl.DataFrame | None = None
    """Rows by item, kept beside the result."""


class Probe(Protocol):
    """One kind of measurement."""

    @property
    def name(self) -> str:
        """Its folder in `results/`, and its field in a stage's result."""

    @property
    def version(self) -> int:
        """Raised whenever the same stage would give other values."""

    @property
    def of_base(self) -> bool:
        """Whether the base itself is measured too."""

    def measure(self, stage: ProbedStage) -> Measurement:
        """Measure a stage.

        Raises:
            InputError: the stage cannot be measured; what, where and the fix.
            ConfigError: the stage and the base cannot be compared.
        """


@dataclass(frozen=True)
class LikelihoodProbe:
    """Golds ranked against wrong answers by log-likelihood."""

    name = "likelihood"
    version = likelihood.VERSION
    of_base = True

    def measure(self, stage: ProbedStage) -> Measurement:
        """Rank the items; a stage's changes are from the base's table."""
        items = list(stage.items.values())
        table = likelihood.measure_likelihood(stage.loaded, items, shots=stage.shots)
        result = likelihood_by_cell(table, stage.base_table, stream=stage.label)
        return Measurement(result, likelihood_values(result), table)


@dataclass(frozen=True)
class DivergenceProbe:
    """Distance between the output distributions of stage and base."""

    items: int
    """Items in a cell whose first response is a text."""
    name = "divergence"
    version = divergence.VERSION
    of_base = False

    def measure(self, stage: ProbedStage) -> Measurement:
        """Measure it on texts of both."""
        items = first_items(stage, self.items)

        def answered(model: LoadedModel, responses: pl.DataFrame) -> list[CellText]:
            tokens = first_responses(responses, items)
            return divergence.response_texts(model, items, tokens, stage.shots)

        result = divergence.measure_divergence(
            stage.base,
            stage.loaded,
            answered(stage.base, stage.base_responses),
            answered(stage.loaded, stage.responses),
            divergence.reference_texts(stage.base, items, stage.shots),
        )
        return Measurement(result, divergence_values(result))


@dataclass(frozen=True)
class ParametersProbe:
    """Distance between the weights of stage and base."""

    name = "parameters"
    version = parameters.VERSION
    of_base = False

    def measure(self, stage: ProbedStage) -> Measurement:
        """Compare the files of the two.

        Raises:
            InputError: a model is of a hub, so that its files are not known, or see
                `measure_parameters`.
        """
        result = parameters.measure_parameters(_folder(stage.base), _folder(stage.loaded))
        return Measurement(result, parameter_values(result))


@dataclass(frozen=True)
class RepresentationProbe:
    """Distance between the hidden states of stage and base."""

    items: int
    """Items in a cell whose first response of the base is a text."""
    name = "representation"
    version = representation.VERSION
    of_base = False

    def measure(self, stage: ProbedStage) -> Measurement:
        """Measure it on responses of the base, so that all stages read the same positions."""
        items = first_items(stage, self.items)
        texts = item_texts(stage.base, stage.base_responses, items, stage.shots)
        result = representation.measure_representation(stage.base, stage.loaded, texts)
        return Measurement(result, representation_values(result))


@dataclass(frozen=True)
class BehavioursProbe:
    """How often responses verify, backtrack, plan, enumerate, recall and compute."""

    name = "behaviours"
    version = behaviours.VERSION
    of_base = True

    def measure(self, stage: ProbedStage) -> Measurement:
        """Count them in the responses; a stage's changes are paired with the base by item."""
        before = None if stage.is_base else stage.base_responses
        result = behaviours.measure_behaviours(stage.responses, before)
        return Measurement(result, behaviour_values(result))


@dataclass(frozen=True)
class CrossSamplingProbe:
    """What the tokens at which stage and base disagree are worth."""

    items: int
    """Items in a cell that the mixtures answer."""
    name = "cross_sampling"
    version = cross_sampling.VERSION
    of_base = False

    def measure(self, stage: ProbedStage) -> Measurement:
        """Let each model choose some of the tokens of the other."""
        result = divergence.measure_cross_sampling(
            stage.base,
            stage.loaded,
            first_items(stage, self.items),
            stage.sampling,
            shots=stage.shots,
        )
        return Measurement(result, cross_sampling_values(result))


@dataclass(frozen=True)
class LighterProbe:
    """Methods lighter than a sparse autoencoder, beside one, and steering along what they find."""

    items: int
    """Items in a cell whose first response of the base is a text."""
    name = "lighter"
    version = lighter.VERSION
    of_base = False

    def measure(self, stage: ProbedStage) -> Measurement:
        """Ask every method, and let the stage answer again while it is steered."""
        graded = [
            dict(item_accuracies(table).select("item_id", "accuracy").iter_rows())
            for table in (stage.base_responses, stage.responses)
        ]
        items = [i for i in first_items(stage, self.items) if all(i.id in g for g in graded)]
        keys = stage.responses.select("domain", "skill", "family", "level", "majority").unique()
        outcomes = lighter.Outcomes(
            items={item.id: item for item in items},
            base=graded[0],
            tuned=graded[1],
            sampling=stage.sampling.model_copy(update={"samples": 1}),
            majority={(f"{d}/{s}/{f}", level): m for d, s, f, level, m in keys.iter_rows()},
            shots=stage.shots,
        )
        texts = item_texts(stage.base, stage.base_responses, items, stage.shots)
        result = lighter.measure_lighter(stage.base, stage.loaded, texts, outcomes)
        return Measurement(result, lighter_values(result))


@dataclass(frozen=True)
class FeaturesProbe:
    """Sparse autoencoders of base and stage: which features there are, and what became of them."""

    settings: FeatureSettings
    name = "features"
    version = stages.VERSION
    of_base = True

    def measure(self, stage: ProbedStage) -> Measurement:
        """Train an autoencoder on the first responses, and set a stage's beside the base's.

        Raises:
            ConfigError: other wordings would be asked after another number of examples, or see
                `measure_base_features`.
        """
        settings = self.settings
        if stage.shots != SHOTS and not has_chat_template(stage.loaded.tokenizer):
            raise ConfigError(
                f"features ask for other wordings after {SHOTS} examples: leave probes.shots there"
            )
        plan = stages.FeaturePlan(
            layer=None if settings.layer == "middle" else settings.layer,
            sae=SaeConfig(expansion=settings.width, k=settings.k, steps=settings.steps),
            sampling=stage.sampling.model_copy(update={"samples": 1}),
        )
        items = first_items(stage, settings.items)

        def reader(loaded: LoadedModel, responses: pl.DataFrame, kept: Path) -> stages.Reader:
            texts = item_texts(loaded, responses, items, stage.shots)
            graded = responses.filter(pl.col("sample") == 0).select("item_id", "verdict")
            verdicts = dict(graded.iter_rows())
            read = [text._replace(verdict=Verdict(verdicts[text.item])) for text in texts]
            return stages.Reader(loaded=loaded, items=items, texts=read, folder=kept)

        base = reader(stage.base, stage.base_responses, stage.base_kept)
        if stage.is_base:
            result = stages.measure_base_features(base, plan)
        else:
            own = reader(stage.loaded, stage.responses, stage.kept)
            result = stages.measure_stage_features(own, base, plan, self._edits(stage, items))
        return Measurement(result, feature_values(result))

    def _edits(self, stage: ProbedStage, read: Sequence[Item]) -> stages.Edits | None:
        """Return the skill that fell most, or gained least, and items that no feature has seen."""
        settings, known = self.settings, {item.id for item in read}
        unread = first_items(stage, settings.items + settings.edit_items)
        items = [item for item in unread if item.id not in known]
        if not items:
            return None

        def by_skill(table: pl.DataFrame) -> dict[str, float]:
            right = item_accuracies(table).group_by("skill").agg(pl.col("accuracy").mean())
            return dict(right.sort("skill").iter_rows())

        before, after = by_skill(stage.base_responses), by_skill(stage.responses)
        graded = [skill for skill in before if skill in after]
        if not graded:
            return None
        fallen = min(graded, key=lambda skill: after[skill] - before[skill])
        return stages.Edits(Skill(fallen), items)


def chosen_probes(settings: ProbeSettings) -> list[Probe]:
    """Return the probes that are switched on, in the order in which they run."""
    wanted: list[tuple[bool, Probe]] = [
        (settings.likelihood, LikelihoodProbe()),
        (settings.divergence, DivergenceProbe(settings.divergence_items)),
        (settings.parameters, ParametersProbe()),
        (settings.behaviours, BehavioursProbe()),
        (settings.representation, RepresentationProbe(settings.representation_items)),
        (settings.cross_sampling, CrossSamplingProbe(settings.cross_sampling_items)),
        (settings.lighter, LighterProbe(settings.lighter_items)),
    ]
    if settings.features:
        wanted.append((True, FeaturesProbe(settings.features)))
    return [probe for on, probe in wanted if on]


def _folder(model: LoadedModel) -> Path:
    if model.folder is None:
        raise InputError(f"{model.name}: weights are read from files; download it, name its folder")
    return model.folder


def first_items(stage: ProbedStage, per_cell: int) -> list[Item]:
    """Return the first items of every cell, in the order of the grid."""
    items: list[Item] = []
    for cell in CELLS:
        items += [item for item in stage.items.values() if item.cell == cell][:per_cell]
    return items


def first_responses(responses: pl.DataFrame, items: Sequence[Item]) -> list[list[int]]:
    """Return the tokens of the first response to each item."""
    first = responses.filter(pl.col("sample") == 0).select("item_id", "tokens")
    tokens = dict(first.iter_rows())
    return [tokens[item.id] for item in items]


def item_texts(
    model: LoadedModel, responses: pl.DataFrame, items: Sequence[Item], shots: int
) -> list[ItemText]:
    """Return the first response to each item, with the prompt that the model saw."""
    texts = divergence.response_texts(model, items, first_responses(responses, items), shots)
    return [ItemText(i.id, i.cell, t.text) for i, t in zip(items, texts, strict=True)]
