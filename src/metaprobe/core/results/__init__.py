"""The result schema: `summary.json`, version `SCHEMA_VERSION`, documented in docs/results.md.

A measured number stands beside its interval and its n. What was not measured is `None`.
"""

from metaprobe.core.results.comparison import ArmComparison, Change, Comparison, PathPoint
from metaprobe.core.results.divergence import CellDivergence, Divergence, DivergenceSummary
from metaprobe.core.results.likelihood import CellLikelihood, Likelihood, LikelihoodRow
from metaprobe.core.results.parameters import ChangedShare, ModuleChange, ParameterChange
from metaprobe.core.results.profile import CellResult, DomainResult, ProfileRow, Shape, SkillResult
from metaprobe.core.results.runs import ArmChange, Condition, Gate, GroupChange, RunComparison
from metaprobe.core.results.summary import (
    SCHEMA_VERSION,
    ArmResult,
    BaseInfo,
    Finding,
    Sample,
    SampleResponse,
    StageResult,
    Summary,
    read_summary,
    write_summary,
)
from metaprobe.core.results.transfer import (
    ArmTransfer,
    CellTransfer,
    GroupTransfer,
    Transfer,
    TransferIndex,
)

__all__ = [
    "SCHEMA_VERSION",
    "ArmChange",
    "ArmComparison",
    "ArmResult",
    "ArmTransfer",
    "BaseInfo",
    "CellDivergence",
    "CellLikelihood",
    "CellResult",
    "CellTransfer",
    "Change",
    "ChangedShare",
    "Comparison",
    "Condition",
    "Divergence",
    "DivergenceSummary",
    "DomainResult",
    "Finding",
    "Gate",
    "GroupChange",
    "GroupTransfer",
    "Likelihood",
    "LikelihoodRow",
    "ModuleChange",
    "ParameterChange",
    "PathPoint",
    "ProfileRow",
    "RunComparison",
    "Sample",
    "SampleResponse",
    "Shape",
    "SkillResult",
    "StageResult",
    "Summary",
    "Transfer",
    "TransferIndex",
    "read_summary",
    "write_summary",
]
