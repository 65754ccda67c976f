"""coding/diagnostic: where a program or a claim about it breaks."""

from metaprobe.benchmark.families.coding.diagnostic import (
    docstrings,
    failing_tests,
    programs,
)

__all__ = ["docstrings", "failing_tests", "programs"]
