"""Whether a text runs in a loop."""

from collections.abc import Hashable, Sequence

WORD_GRAM = 4
"""Words whose sequence counts as one unit."""
TOKEN_GRAM = 8
"""Tokens whose sequence counts as one unit: about as much text as `WORD_GRAM` words."""
LOOP_SHARE = 0.5
"""Share of repeated units from which on a text runs in a loop."""

_LAST = 400
"""Units at the end of a text that are looked at: a loop, once entered, is not left."""


def repeated_share(parts: Sequence[Hashable], gram: int) -> float:
    """Return the share of n-grams that occurred before: seq-rep-n of arXiv 1908.04319.

    Args:
        parts: Words or tokens; only the last 400 count.
        gram: The n.
    """
    last = tuple(parts[-_LAST:])
    grams = [last[n : n + gram] for n in range(len(last) - gram + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def is_loop(parts: Sequence[Hashable], gram: int) -> bool:
    """Return whether at least `LOOP_SHARE` of the n-grams occurred before."""
    return repeated_share(parts, gram) >= LOOP_SHARE
