"""The probes that a study can ask for, behind one protocol.

A probe sees one stage beside its base and gives back a class of `metaprobe.core.results` and the
same values as rows. Where it cannot measure a stage it raises `InputError`, whose line goes into
the report, and the other probes go on. To add one, write the measuring function in
`metaprobe.probes`, a class here, and a switch in `ProbeSettings`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import polars as pl
from pydantic import BaseModel

from metaprobe.analysis.likelihood import likelihood_by_cell
from metaprobe.benchmark.items import Item
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.probes import divergence, likelihood, parameters
from metaprobe.probes.divergence import CellText
from metaprobe.probes.prompts import item_prompts
from metaprobe.study.config import ProbeSettings
from metaprobe.study.values import Value, divergence_values, likelihood_values, parameter_values


@dataclass(frozen=True, kw_only=True)
class ProbedStage:
    """What a probe may look at."""

    label: str
    """Names the stage in random streams."""
    loaded: LoadedModel
    base: LoadedModel | None
    """None where the stage is the base itself."""
    items: Mapping[str, Item]
    """The benchmark's, by id."""
    responses: pl.DataFrame
    """Graded responses of the stage, as `measure_responses` gives them."""
    base_responses: pl.DataFrame
    base_table: pl.DataFrame | None
    """The table that the same probe made of the base; None if it makes none."""
    shots: int
    """Examples before each question for a model without a chat template."""


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

    def measure(self, stage: ProbedStage) -> Measurement | None:
        """Measure a stage; None where there is nothing to measure.

        Raises:
            InputError: the stage cannot be measured; what, where and the fix.
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

    def measure(self, stage: ProbedStage) -> Measurement | None:
        """Measure it on texts of both."""
        if stage.base is None:
            return None
        result = divergence.measure_divergence(
            stage.base,
            stage.loaded,
            first_texts(stage, stage.base, stage.base_responses, self.items),
            first_texts(stage, stage.loaded, stage.responses, self.items),
        )
        return Measurement(result, divergence_values(result))


@dataclass(frozen=True)
class ParametersProbe:
    """Distance between the weights of stage and base."""

    name = "parameters"
    version = parameters.VERSION
    of_base = False

    def measure(self, stage: ProbedStage) -> Measurement | None:
        """Compare the two folders; a model that has none has nothing to compare."""
        if stage.base is None or not stage.base.folder or not stage.loaded.folder:
            return None
        result = parameters.measure_parameters(stage.base.folder, stage.loaded.folder)
        return Measurement(result, parameter_values(result))


def chosen_probes(settings: ProbeSettings) -> list[Probe]:
    """Return the probes that are switched on, in the order in which they run."""
    wanted: list[tuple[bool, Probe]] = [
        (settings.likelihood, LikelihoodProbe()),
        (settings.divergence, DivergenceProbe(settings.divergence_items)),
        (settings.parameters, ParametersProbe()),
    ]
    return [probe for on, probe in wanted if on]


def first_texts(
    stage: ProbedStage, source: LoadedModel, responses: pl.DataFrame, per_cell: int
) -> list[CellText]:
    """Return the first response to each of the first items of every cell, as a text.

    Args:
        stage: has the items.
        source: the model that responded; its template makes the prompts.
        responses: what it said.
        per_cell: items in a cell.
    """
    table = responses.filter(pl.col("sample") == 0)
    texts: list[CellText] = []
    for cell in CELLS:
        rows = table.filter(
            (pl.col("domain") == str(cell.domain)) & (pl.col("skill") == str(cell.skill))
        ).head(per_cell)
        asked = [stage.items[i] for i in rows["item_id"]]
        prompts = item_prompts(source, asked, stage.shots, room=0)
        for prompt, tokens in zip(prompts, rows["tokens"].to_list(), strict=True):
            texts.append(
                CellText(Cell(Domain(cell.domain), Skill(cell.skill)), Text(prompt, tokens))
            )
    return texts
