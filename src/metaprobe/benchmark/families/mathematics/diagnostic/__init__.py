"""mathematics/diagnostic: where a solution, a set of statements or an argument breaks."""

from metaprobe.benchmark.families.mathematics.diagnostic import (
    chains,
    counterexamples,
    equations,
    statements,
)

__all__ = ["chains", "counterexamples", "equations", "statements"]
