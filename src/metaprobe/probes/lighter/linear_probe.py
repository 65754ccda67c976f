"""A linear probe of each skill, fitted to the base, read in the tuned model."""

import numpy as np

from metaprobe.core.stats import Interval, t_interval
from metaprobe.core.vocabulary import Skill
from metaprobe.probes.lighter.evidence import Answer, Evidence
from metaprobe.probes.representation.directions import direction


class LinearProbe:
    """Ridge regression of a skill against the others on the base's mean states.

    A skill moved by the mean change of the probe's score on its items, which the probe was not
    fitted to, in standard deviations of the score among them in the base: negative where they look
    less like the skill. The direction is the probe's own.
    """

    name = "linear_probe"

    def answer(self, evidence: Evidence) -> Answer:
        """See `Method`."""
        base, _ = evidence.means
        movements, directions = {}, {}
        for skill in evidence.skills:
            positive = evidence.members(skill)
            directions[skill] = direction(base[evidence.half], positive[evidence.half], "ridge")
            found = self._movement(evidence, skill)
            if found is not None:
                movements[skill] = found
        return Answer(movements, directions)

    def _movement(self, evidence: Evidence, skill: Skill) -> Interval | None:
        (base, _), moves, positive = evidence.means, evidence.moves, evidence.members(skill)
        changes = []
        for train in (evidence.half, ~evidence.half):
            w = direction(base[train], positive[train], "ridge")
            held = positive & ~train
            changes.append(moves[held] @ w / ((base[held] @ w).std() or 1.0))
        return t_interval(np.concatenate(changes))
