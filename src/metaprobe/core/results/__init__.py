"""The result schema: `summary.json`, version `SCHEMA_VERSION`, documented in docs/results.md.

A measured number stands beside its interval and its n. What was not measured is `None`.
"""

from metaprobe.core.results.behaviours import (
    Behaviour,
    BehaviourRow,
    Behaviours,
    JudgeAgreement,
    Judgement,
    SkillBehaviour,
)
from metaprobe.core.results.comparison import ArmComparison, Change, Comparison, PathPoint
from metaprobe.core.results.cross_sampling import CrossSampling, CrossSamplingRow
from metaprobe.core.results.divergence import (
    CellDivergence,
    Divergence,
    DivergenceSummary,
    PositionDivergence,
    TextKind,
)
from metaprobe.core.results.features import (
    FeatureScore,
    FeatureScores,
    LossRecovered,
    SaeQuality,
    SaeTraining,
)
from metaprobe.core.results.likelihood import CellLikelihood, Likelihood, LikelihoodRow
from metaprobe.core.results.parameters import (
    ChangedShare,
    ChangeSpectrum,
    KindCosine,
    ModuleChange,
    ModuleGroup,
    ParameterChange,
    TaskVectorCosine,
)
from metaprobe.core.results.profile import CellResult, DomainResult, ProfileRow, Shape, SkillResult
from metaprobe.core.results.representation import (
    CellRepresentation,
    LayerSimilarity,
    LensLayer,
    PCAPoint,
    PCAShift,
    Representation,
    RepresentationRow,
    SkillDirection,
)
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
    "Behaviour",
    "BehaviourRow",
    "Behaviours",
    "CellDivergence",
    "CellLikelihood",
    "CellRepresentation",
    "CellResult",
    "CellTransfer",
    "Change",
    "ChangeSpectrum",
    "ChangedShare",
    "Comparison",
    "Condition",
    "CrossSampling",
    "CrossSamplingRow",
    "Divergence",
    "DivergenceSummary",
    "DomainResult",
    "FeatureScore",
    "FeatureScores",
    "Finding",
    "Gate",
    "GroupChange",
    "GroupTransfer",
    "JudgeAgreement",
    "Judgement",
    "KindCosine",
    "LayerSimilarity",
    "LensLayer",
    "Likelihood",
    "LikelihoodRow",
    "LossRecovered",
    "ModuleChange",
    "ModuleGroup",
    "PCAPoint",
    "PCAShift",
    "ParameterChange",
    "PathPoint",
    "PositionDivergence",
    "ProfileRow",
    "Representation",
    "RepresentationRow",
    "RunComparison",
    "SaeQuality",
    "SaeTraining",
    "Sample",
    "SampleResponse",
    "Shape",
    "SkillBehaviour",
    "SkillDirection",
    "SkillResult",
    "StageResult",
    "Summary",
    "TaskVectorCosine",
    "TextKind",
    "Transfer",
    "TransferIndex",
    "read_summary",
    "write_summary",
]
