"""What predicts which cells lose."""

from typing import Literal

from metaprobe.core.results.model import Result

Family = Literal["baseline", "divergence", "weights", "representation", "features", "likelihood"]
Target = Literal["others", "cells"]


class Predictor(Result):
    """Something that may predict a loss."""

    name: str
    family: Family
    measures: str
    """In words."""
    per_cell: bool
    """Whether it has a value for each cell; else a stage has one for all of its cells."""


class Explained(Result):
    """Share of the variance that is explained where the fit has not looked."""

    value: float | None
    """1 minus the squared error over that of the mean; below 0 it does worse than the mean."""
    low: float | None
    """Lower end of the 95 % interval, runs within arms as the unit."""
    high: float | None
    """Upper end of the 95 % interval."""
    reason: str | None = None
    """Why there is no value."""


class PredictorFit(Result):
    """How well one predictor, or a family of them, predicts the change."""

    predictor: str
    """Its name, or that of a family, or `all`."""
    target: Target
    """`others`: mean change over the cells that were not trained; `cells`: each of those cells."""
    form: Literal["linear", "quadratic", "ridge"]
    """`ridge` fits several predictors at once."""
    across_arms: Explained
    """Each arm is predicted from the other arms."""
    across_seeds: Explained
    """Each seed is predicted from the other seeds."""
    n: int
    """Rows: stages, or stages times cells."""


class NestedTest(Result):
    """Whether a statistic of the weights says more about the change than the divergence does."""

    predictor: str
    target: Target
    given: str
    """The predictor that is held fixed, with its square."""
    reduced: Explained
    """Across arms, without the statistic."""
    full: Explained
    """Across arms, with it."""
    p_value: float | None
    """By flipping signs of whole arms; the null: given the other, it has no more to say."""
    p_adjusted: float | None
    """By Holm over the statistics of one target."""
    reason: str | None = None
    """Why there is no p-value."""


class EarlyWarning(Result):
    """How well the first quarter of a run tells which cells will have collapsed at its end."""

    predictor: str
    auroc: float | None
    """Chance that a cell which will collapse has the higher score; None with too few cells."""
    low: float | None
    """Lower end of the 95 % interval, runs within arms as the unit."""
    high: float | None
    """Upper end of the 95 % interval."""
    caught: float | None
    """Share of those that will collapse whose score exceeds that of 90 % of the others."""
    lead: float | None
    """Mean number of stages between the warning and the collapse, of those caught."""
    n_collapsed: int
    """Cells of runs that collapse later."""
    n_kept: int
    """Cells of runs that do not."""
    reason: str | None = None
    """Why there is no value."""


class Prediction(Result):
    """What predicts losses, over all training runs of a study."""

    n_arms: int
    """Arms that were trained; interpolations are left out."""
    n_seeds: int
    n_stages: int
    predictors: list[Predictor]
    """Those that were measured."""
    fits: list[PredictorFit]
    nested: list[NestedTest]
    warnings: list[EarlyWarning]
    """Over cells that are not yet below the base."""
