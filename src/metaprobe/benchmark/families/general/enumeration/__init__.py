"""general/enumeration: complete lists of times, orders, things, words, meals and routes."""

from metaprobe.benchmark.families.general.enumeration import choices, plans, words

__all__ = ["choices", "plans", "words"]
