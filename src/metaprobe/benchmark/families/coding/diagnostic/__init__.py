"""coding/diagnostic: where a program or a claim about it breaks."""

from metaprobe.benchmark.families.coding.diagnostic import (
    bug_lines,
    docstrings,
    exceptions,
    failing_tests,
    loop_bounds,
)

__all__ = ["bug_lines", "docstrings", "exceptions", "failing_tests", "loop_bounds"]
