"""general/fact_retrieval: what a good general education knows."""

from metaprobe.benchmark.families.general.fact_retrieval import (
    places_and_animals,
    words_and_calendar,
)

__all__ = ["places_and_animals", "words_and_calendar"]
