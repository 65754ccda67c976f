"""Whether a response looks again at a step or result of its own.

By phrases, in English. docs/probes/accuracy.md says what counts, what does not and why, and how
often the detector is right on labelled responses (tests/data/self_check).
"""

import re

_OWN = r"(?:answers?|results?|work|solutions?|calculations?|reasoning|steps|this|it)\b"
_VERIFIES = (
    # An act whose object is the response's own: "check if our answer fits", not "check line 2".
    rf"\b(?:check|test|confirm|validat|review|re-?examin|look(?:ing)?(?: back)? (?:over|at))"
    rf"(?:e|es|ed|ing|s)?\b[^.:;\n_(]{{0,30}}?\b{_OWN}",
    # Words that are hardly said of anything else.
    r"\b(?:double[- ]check|re-?check|verif(?:y|ies|ied|ying|ication)\b(?!_|\())",
    r"\bsanity[- ]check",
    # A line of its own; the checks of a shown solution have a number.
    r"(?:^|[.;\n] *)check(?:ing)?:",
)
_CORRECTS = (
    r"(?:^|[.!?\n] *)(?:but |no,? |oh,? )?wait\b(?! (?:for|until|till|in)\b)",
    r"\b(?:hold on|scratch that|oops|on second thoughts?)\b",
    r"\bcorrection:|\bcorrected\b(?: (?:answer|result|solution|step)s?)?:",
    r"\b(?:let me|let's|let us|i(?:'ll| will| should| must| need to)) (?:re-?(?:do|think|consider"
    r"|compute|calculate|read|start|try)|try again|start over|correct|fix)\b",
    r"\bi(?:'ve| have)? (?:made|make|did) (?:a|an|some|the) (?:mistake|error)",
    r"\bi(?: was| am|'m) (?:wrong|mistaken)\b",
    r"\bsteps?\b (?:of (?:yours|mine)|i [^.\n]{1,30}?) (?:is|was|are|were) (?:wrong|incorrect)\b",
    r"\b(?:my|our) (?:mistake|error|(?:previous|earlier|first) (?:answer|result|step))",
    r"\b(?:taken|took) a wrong turn",
    r"\ba more (?:accurate|precise) answer\b",
    r"\banswer is not [^.\n]{1,30}, but\b",
)
_SUBSTITUTES = (
    r"\b(?:plug|put|substitut)\w* [^.\n]{0,40}\bback\b",
    r"\bsubstituting back\b",
)
# Said to the reader, or of the request: "you can verify your answer by running it".
_ADVICE = re.compile(
    r"\b(?:you(?:'ve| have| can| could| may| should)?(?: already)?"
    r"|(?:asking|ready|code|function) to) (?:check|test|verif|confirm)\w* [^.:;\n]{0,30}",
    re.IGNORECASE,
)
_SELF_CHECK = re.compile("|".join((*_VERIFIES, *_CORRECTS, *_SUBSTITUTES)), re.IGNORECASE)


def has_self_check(response: str) -> bool:
    """Return whether the response says that it verifies or corrects itself.

    A diagnostic item asks for the check of a *shown* solution: lines as `Check step 2: 7 + 4 = 11,
    right.` are its work and no self-check. The audit of arXiv 2512.24063 found that its diagnostic
    skill asks for a correct answer *and* an explicit self-check; the two are kept as separate
    columns here.
    """
    own = _ADVICE.sub("", response.replace("’", "'"))
    return _SELF_CHECK.search(own) is not None
