"""Principal axes of the change, whatever the skill."""

import numpy as np

from metaprobe.probes.lighter.evidence import Answer, Evidence
from metaprobe.probes.representation.shift import length_interval

COMPONENTS = 4
"""Axes that are kept."""


class PcaOfChange:
    """Singular vectors of the texts' changes, around zero, so that a common change counts.

    The axes come from one half of the texts of all skills. A skill moved by the length of its mean
    change within the first axes, in units of the spread of all texts in the base. Its direction is
    the axis along which it moved furthest, towards the base.
    """

    name = "pca_of_change"

    def answer(self, evidence: Evidence) -> Answer:
        """See `Method`."""
        scaled = evidence.moves / evidence.spread
        axes = np.linalg.svd(scaled[evidence.half], full_matrices=False)[2][:COMPONENTS]
        inside = scaled @ axes.T
        movements, directions = {}, {}
        for skill in evidence.skills:
            members = evidence.members(skill)
            movements[skill] = length_interval(inside[members])
            moved = inside[members & evidence.half].mean(0)
            most = int(np.abs(moved).argmax())
            directions[skill] = -np.sign(moved[most]) * axes[most]
        return Answer(movements, directions)
