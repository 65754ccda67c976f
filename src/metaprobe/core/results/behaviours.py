"""How often a model verifies, backtracks, plans, enumerates, recalls and computes."""

from enum import StrEnum

from metaprobe.core.results.model import Result
from metaprobe.core.vocabulary import Skill


class Behaviour(StrEnum):
    """Something that a response does on its way to an answer."""

    VERIFICATION = "verification"
    """Checks a result or a step of its own."""
    BACKTRACKING = "backtracking"
    """Gives up a way and takes another."""
    SUBGOAL_SETTING = "subgoal_setting"
    """Names an intermediate goal or step before taking it."""
    BACKWARD_CHAINING = "backward_chaining"
    """Reasons from the goal to what it needs."""
    ENUMERATION = "enumeration"
    """Goes through cases or candidates one by one."""
    RECALL = "recall"
    """States knowledge as known: a definition, a law, a name."""
    ARITHMETIC = "arithmetic"
    """Carries out an operation on numbers."""


class BehaviourRow(Result):
    """One behaviour on a group of responses, by the lexical detector."""

    behaviour: Behaviour
    n_items: int
    n_responses: int
    n_tokens: int
    per_response: float
    """Mean count in a response."""
    per_response_low: float
    """Lower end of the 95 % interval of `per_response`, items as the unit."""
    per_response_high: float
    """Upper end of the 95 % interval of `per_response`."""
    per_100_tokens: float | None
    """Count in 100 tokens; None without a token."""
    per_100_tokens_low: float | None
    """Lower end of the 95 % interval of `per_100_tokens`."""
    per_100_tokens_high: float | None
    """Upper end of the 95 % interval of `per_100_tokens`."""
    share: float
    """Share of responses with at least one, averaged within items first."""
    share_low: float
    """Lower end of the 95 % interval of `share`."""
    share_high: float
    """Upper end of the 95 % interval of `share`."""
    delta: float | None = None
    """Change of the mean count in a response from the base, paired by item; None for the base."""
    delta_low: float | None = None
    """Lower end of the 95 % interval of `delta`; None where all items changed alike."""
    delta_high: float | None = None
    """Upper end of the 95 % interval of `delta`."""


class SkillBehaviour(BehaviourRow):
    """One behaviour in the responses of one skill."""

    skill: Skill


class JudgeAgreement(Result):
    """One behaviour as a judge counts it, beside the lexical detector on the same responses."""

    behaviour: Behaviour
    n: int
    """Responses with a count of the judge; all numbers below are of these."""
    parse_failures: int
    """Answers of the judge without one count."""
    unanswered: int
    """Requests that the server did not answer."""
    per_response: float | None
    """Mean count of the judge; None without one."""
    per_response_low: float | None
    """Lower end of the 95 % interval of `per_response`, items as the unit."""
    per_response_high: float | None
    """Upper end of the 95 % interval of `per_response`."""
    lexical_per_response: float | None
    """Mean count of the detector."""
    kappa: float | None
    """Cohen's kappa on whether there is at least one; None where both always say the same word."""
    kappa_low: float | None
    """Lower end of the 95 % interval of `kappa`."""
    kappa_high: float | None
    """Upper end of the 95 % interval of `kappa`."""
    spearman: float | None
    """Rank correlation of the counts; None where one of them is constant."""
    spearman_low: float | None
    """Lower end of the 95 % interval of `spearman`."""
    spearman_high: float | None
    """Upper end of the 95 % interval of `spearman`."""


class Judgement(Result):
    """The judge beside the detector."""

    model: str
    """The judge's name at its server."""
    agreement: list[JudgeAgreement]


class Behaviours(Result):
    """Behaviours in the responses of one stage."""

    all: list[BehaviourRow]
    skills: list[SkillBehaviour]
    judge: Judgement | None = None
    """None without a server."""
