"""What each signature is called, what it needs, and what to try against it."""

from typing import NamedTuple

from metaprobe.core.results.signatures import SignatureName


class Known(NamedTuple):
    """One signature."""

    title: str
    needs: tuple[str, ...]
    """Metrics without which it cannot be looked for in a log; empty where it is seen in stages."""
    advice: tuple[str, ...]


_ANCHOR = (
    "Anchor the loss on the base: a KL on its own responses, or replay of them "
    "(docs/training/sft.md)."
)
_ON_POLICY = "Train on the model's own correct solutions: on-policy data forget less (2510.18874)."

KNOWN: dict[SignatureName, Known] = {
    SignatureName.COLLAPSE: Known(
        "Collapse",
        (),
        (
            "Take the last stage before the onset, or average its weights with the base's.",
            _ANCHOR,
            _ON_POLICY,
        ),
    ),
    SignatureName.DIP_AND_RECOVERY: Known(
        "Dip and recovery",
        (),
        (
            "Do not judge the recipe at the dip; train on, and compare the last stages "
            "(2604.06628).",
            "Lower the peak learning rate or warm up longer if the dip must not be shipped.",
        ),
    ),
    SignatureName.OVER_SPECIALISATION: Known(
        "Over-specialisation",
        (),
        (_ON_POLICY, _ANCHOR, "Mix problems of the cells that fall into the training data."),
    ),
    SignatureName.UNSTABLE_CURVES: Known(
        "Unstable curves",
        (),
        (
            "Lower the learning rate, or decay it to a tenth by the last step.",
            "Average the weights of the last stages before they are compared.",
        ),
    ),
    SignatureName.FAILURE_ACROSS_DOMAINS: Known(
        "Failure across domains",
        (),
        (
            "Read the responses first: a lost answer format fails everywhere at once.",
            "Lower the learning rate, or train a LoRA adapter, which forgets less (2405.09673).",
            _ANCHOR,
        ),
    ),
    SignatureName.RL_COLLAPSE: Known(
        "RL collapse",
        ("reward",),
        (
            "Go back to the last stage before the onset with a lower learning rate.",
            "Correct for the difference between sampler and trainer, where they are two engines "
            "(`token_correction`; truncated importance sampling in verl and TRL).",
            "Hold the policy at the base with a small KL term (2402.03300).",
        ),
    ),
    SignatureName.ENTROPY_COLLAPSE: Known(
        "Entropy collapse",
        ("entropy",),
        (
            "Raise the upper clipping bound alone, such as 0.2 below and 0.28 above (2503.14476).",
            "Clip or penalise the few tokens of high covariance (2505.22617).",
            "Pay a small bonus for entropy, and watch that it does not rise without limit.",
        ),
    ),
    SignatureName.KL_BLOW_UP: Known(
        "KL blow-up",
        ("kl_base or kl_old",),
        (
            "Lower the learning rate, or take fewer updates of each batch of rollouts.",
            "Set a KL term, or raise its weight (2402.03300).",
            "Bound the loss of tokens with a negative advantage by dual clipping (1912.09729).",
        ),
    ),
    SignatureName.LENGTH_GAMING: Known(
        "Length gaming",
        ("mean_length", "correct_share or reward"),
        (
            "Divide the loss by a constant instead of each response's length, and do not divide "
            "advantages by their spread (2503.20783).",
            "Where responses grow: a penalty that sets in softly before the limit (2503.14476).",
            "Where they shrink: look whether the reward can be had without the reasoning.",
        ),
    ),
    SignatureName.FORMAT_GAMING: Known(
        "Format gaming",
        ("reward", "correct_share"),
        (
            "Reward the correct answer, and make form a condition of it instead of a term.",
            "Read responses with a high reward and a wrong answer; mend the grader they exploit.",
        ),
    ),
    SignatureName.DEGENERATE_GROUPS: Known(
        "Degenerate groups",
        ("zero_variance_share",),
        (
            "Draw prompts until enough groups have a signal (`refill`; dynamic sampling, "
            "2503.14476).",
            "Take prompts that the model solves sometimes: a curriculum by pass rate "
            "(docs/training/curricula.md).",
            "Sample more rollouts of a prompt, or look whether the reward can vary at all.",
        ),
    ),
    SignatureName.TRUNCATION_STARVATION: Known(
        "Truncation starvation",
        ("truncated_share",),
        (
            "Raise the limit of new tokens.",
            "Leave truncated rollouts out of the loss, or penalise length softly before the limit "
            "(2503.14476).",
        ),
    ),
    SignatureName.REPETITION: Known(
        "Repetition",
        ("repeated_share",),
        (
            "Look whether the end of a turn is trained: it must take part in the loss.",
            "Look for loops in the training data, and take them out.",
            "Go back to the last stage before the onset with a lower learning rate.",
        ),
    ),
}
"""Every signature; numbers such as 2503.14476 are arXiv papers."""
