"""general/simulation: processes that are followed step by step."""

from metaprobe.benchmark.families.general.simulation import boards_and_queues, days, updates

__all__ = ["boards_and_queues", "days", "updates"]
