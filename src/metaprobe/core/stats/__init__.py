"""Every statistical decision of the package, one function each.

The unit is the item: the samples of an item are averaged before anything else, and a change is
paired by item. All accuracies and changes are shares (1.0 is 100 percentage points). Each
interval and each test was chosen by simulation; tests/core/ repeats it.
"""

from metaprobe.core.stats.agreement import cohen_kappa, krippendorff_alpha, raw_agreement
from metaprobe.core.stats.controls import Gap, random_gap
from metaprobe.core.stats.hierarchical import ArmChange, arm_change
from metaprobe.core.stats.multiplicity import benjamini_hochberg, holm
from metaprobe.core.stats.paired import (
    PRIOR_ITEMS,
    bca_delta,
    flipped_sums,
    mcnemar_p,
    paired_delta,
    permutation_p,
)
from metaprobe.core.stats.passk import pass_at_k, pass_hat_k
from metaprobe.core.stats.power import (
    MOST_ITEMS,
    Design,
    detectable_fall,
    fall_power,
    items_needed,
    minimum_detectable_effect,
)
from metaprobe.core.stats.shares import (
    FloatArray,
    Interval,
    chance_corrected,
    mean_interval,
    share_interval,
    t_interval,
    wilson,
)

__all__ = [
    "MOST_ITEMS",
    "PRIOR_ITEMS",
    "ArmChange",
    "Design",
    "FloatArray",
    "Gap",
    "Interval",
    "arm_change",
    "bca_delta",
    "benjamini_hochberg",
    "chance_corrected",
    "cohen_kappa",
    "detectable_fall",
    "fall_power",
    "flipped_sums",
    "holm",
    "items_needed",
    "krippendorff_alpha",
    "mcnemar_p",
    "mean_interval",
    "minimum_detectable_effect",
    "paired_delta",
    "pass_at_k",
    "pass_hat_k",
    "permutation_p",
    "random_gap",
    "raw_agreement",
    "share_interval",
    "t_interval",
    "wilson",
]
