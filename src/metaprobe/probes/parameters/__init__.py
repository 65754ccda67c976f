"""How far the weights of a stage are from those of its base, read from their safetensors files.

A single share of changed parameters means nothing: the same update is 0 % or 100 % "changed"
depending on number format and tolerance (arXiv 2505.11711 counts |change| <= 1e-5 in bfloat16 as
unchanged). So the share is a curve over tolerances, in three ways of comparing. No model is built:
both files are read in blocks, in parallel, and memory does not grow with the model.
"""

from metaprobe.probes.parameters.cosine import task_vector_cosine
from metaprobe.probes.parameters.curve import (
    ABSOLUTE_TOLERANCES,
    CURVE,
    RELATIVE_TOLERANCES,
    Comparison,
    module_of,
)
from metaprobe.probes.parameters.measure import MEMORY_MB, measure_parameters

VERSION = 3
"""Raised whenever the same models would give other values."""

__all__ = [
    "ABSOLUTE_TOLERANCES",
    "CURVE",
    "MEMORY_MB",
    "RELATIVE_TOLERANCES",
    "VERSION",
    "Comparison",
    "measure_parameters",
    "module_of",
    "task_vector_cosine",
]
