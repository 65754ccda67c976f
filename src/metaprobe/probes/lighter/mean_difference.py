"""The difference of means: where the states of a skill's texts were, and where they are."""

from metaprobe.probes.lighter.evidence import Answer, Evidence
from metaprobe.probes.representation.shift import length_interval


class MeanDifference:
    """Base minus tuned mean state on the skill's texts.

    A skill moved by the length of the mean change of its texts, in units of the spread of all texts
    in the base.
    """

    name = "mean_difference"

    def answer(self, evidence: Evidence) -> Answer:
        """See `Method`."""
        scaled = evidence.moves / evidence.spread
        skills = evidence.skills
        return Answer(
            {s: length_interval(scaled[evidence.members(s)]) for s in skills},
            {s: -scaled[evidence.members(s) & evidence.half].mean(0) for s in skills},
        )
