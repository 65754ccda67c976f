"""The points at which the share of changed weights is taken, and what a tensor's name says."""

import re
from typing import Literal

Comparison = Literal["float32", "bfloat16", "relative"]

ABSOLUTE_TOLERANCES: tuple[float, ...] = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
"""Largest |change| that counts as none, for `float32` and `bfloat16`."""

RELATIVE_TOLERANCES: tuple[float, ...] = (0.0, 1e-4, 1e-3, 1e-2)
"""Largest |change| / max(|before|, |after|) that counts as none, for `relative`."""

CURVE: tuple[tuple[Comparison, float], ...] = (
    *(("float32", t) for t in ABSOLUTE_TOLERANCES),
    *(("bfloat16", t) for t in ABSOLUTE_TOLERANCES),
    *(("relative", t) for t in RELATIVE_TOLERANCES),
)
"""The points of the tolerance curve."""

HEAD = "lm_head.weight"
"""Name of the output head."""

EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight")
"""How the names of input embeddings end."""


def module_of(name: str) -> tuple[str, int | None]:
    """Return the module kind and the layer index in the name of a weight tensor.

    The kind is the last word that names a module, such as `q_proj`; all normalisations are
    `norm`, the input embedding is `embedding`. The layer is the first number; None without one.
    """
    parts = name.split(".")
    numbers = [int(part) for part in parts if part.isdecimal()]
    words = [part for part in parts if not part.isdecimal()]
    word = words[-2] if len(words) > 1 else words[-1]
    if re.search(r"norm|(^|_)ln(_|$)", word):
        word = "norm"
    elif f"{word}.weight" in EMBEDDINGS:
        word = "embedding"
    return word, numbers[0] if numbers else None
