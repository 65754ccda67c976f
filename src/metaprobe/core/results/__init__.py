"""The result schema: `summary.json`, version `SCHEMA_VERSION`, documented in docs/results.md.

A measured number stands beside its interval and its n. What was not measured is `None`.
"""

from metaprobe.core.results.comparison import ArmComparison, Change, Comparison, PathPoint
from metaprobe.core.results.divergence import CellDivergence, Divergence, DivergenceSummary
from metaprobe.core.results.likelihood import CellLikelihood, Likelihood, LikelihoodRow
from metaprobe.core.results.parameters import (
    ChangedShare,
    ChangeSpectrum,
    GroupChange,
    KindCosine,
    ModuleChange,
    ParameterChange,
    TaskVectorCosine,
)
from metaprobe.core.results.profile import CellResult, DomainResult, ProfileRow, Shape, SkillResult
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

__all__ = [
    "SCHEMA_VERSION",
    "ArmComparison",
    "ArmResult",
    "BaseInfo",
    "CellDivergence",
    "CellLikelihood",
    "CellResult",
    "Change",
    "ChangeSpectrum",
    "ChangedShare",
    "Comparison",
    "Divergence",
    "DivergenceSummary",
    "DomainResult",
    "Finding",
    "GroupChange",
    "KindCosine",
    "Likelihood",
    "LikelihoodRow",
    "ModuleChange",
    "ParameterChange",
    "PathPoint",
    "ProfileRow",
    "Sample",
    "SampleResponse",
    "Shape",
    "SkillResult",
    "StageResult",
    "Summary",
    "TaskVectorCosine",
    "read_summary",
    "write_summary",
]
