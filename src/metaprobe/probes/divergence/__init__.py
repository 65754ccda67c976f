"""How far a stage's output distribution is from the base's, over the full vocabulary.

`terms` compares rows of logits, `measure` two models on given texts; `cross_sampling` lets one
model choose some of the tokens of the other.
"""

from metaprobe.probes.divergence.cross_sampling import THRESHOLDS, measure_cross_sampling
from metaprobe.probes.divergence.intervals import ratio_interval
from metaprobe.probes.divergence.measure import (
    HIGH_JS,
    CellText,
    common_vocabulary,
    measure_divergence,
)
from metaprobe.probes.divergence.terms import TERMS, TOP_K, divergence_terms
from metaprobe.probes.divergence.texts import reference_texts, response_texts

VERSION = 2
"""Raised whenever the same models and texts would give other values."""

__all__ = [
    "HIGH_JS",
    "TERMS",
    "THRESHOLDS",
    "TOP_K",
    "VERSION",
    "CellText",
    "common_vocabulary",
    "divergence_terms",
    "measure_cross_sampling",
    "measure_divergence",
    "ratio_interval",
    "reference_texts",
    "response_texts",
]
