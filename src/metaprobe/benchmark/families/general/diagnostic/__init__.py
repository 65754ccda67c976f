"""general/diagnostic: where a text, a plan or a list goes wrong, if it does."""

from metaprobe.benchmark.families.general.diagnostic import consistency, spelling_and_steps

__all__ = ["consistency", "spelling_and_steps"]
