"""The lexical detector: a table of patterns for each behaviour, in English.

Hits of one behaviour in the same sentence count once, except those of `enumeration` and
`arithmetic`, of which each item and each equation counts. docs/probes/behaviours.md says what each
behaviour is, and what is not counted.

Every repeat in a pattern is bounded and no repeat stands inside another, except where nothing can
be given back, so that the time grows with the length of a text and with nothing else.
"""

import re
from typing import NamedTuple

from metaprobe.core.results import Behaviour

_I = r"(?:i|we|let me|let us|let's|i'll|we'll|i'd|we'd)"
_INTENT = (
    rf"{_I} (?:first |now |then |next )?(?:need|have|want|must|should|will|can|could"
    r"|find|compute|calculate|determine|figure|work|solve|look|consider|start|begin|try|get)\b"
)
# A number with its sign, currency, brackets and percent, and what joins two of them.
_NUMBER = r"\(?+-?+[$€£]?+\d{1,15}+(?:,\d{3}){0,4}+(?:\.\d{1,12}+)?+%?+\)?+"
_OPERATION = r" {0,2}+(?:[-+*/×÷·^%−]|\*\*|//|\\times|\\cdot|\\div|x(?= \d)|mod) {0,2}+"
_STEP = r"(?:^|(?<=[.!?:;\n] )|(?<=\n))"
"""Where a sentence, a line or a step of a worked solution begins."""

PATTERNS: dict[Behaviour, tuple[str, ...]] = {
    Behaviour.VERIFICATION: (
        r"\b(?:double|re|cross)[- ]?check(?:s|ed|ing)?\b",
        r"\bverif(?:y|ies|ied|ying|ication)\b(?![_(])",
        r"\bsanity[- ]check",
        rf"{_STEP}(?:quick )?check(?:ing)?(?=:)",
        rf"\b{_I} (?:now |just |also |quickly |can |should |will |need to |must )?"
        r"(?:check|confirm|validate|test|review|recount|recalculate|recompute|make sure)\b",
        r"\b(?:check|confirm|validate|test)(?:ing)? (?:that |if |whether )?"
        r"(?:this|that|it|our|my|the (?:answer|result|solution|sum|calculation|work))\b",
        r"\b(?:plug|put|substitut)(?:s|e|es|ed|ing|ging|ting)? [^.\n]{0,40}\bback\b",
        r"\b(?:substituting|plugging) back\b",
        rf"{_STEP}(?:recount|counting again|adding again|checking again)(?:ing)?\b",
        r"\bto (?:check|confirm|be (?:sure|safe|certain))\b",
    ),
    Behaviour.BACKTRACKING: (
        rf"{_STEP}(?:but |no,? |oh,? |hmm,? )?wait\b(?! (?:for|until|till|in|on|at|time|list)\b)",
        r"\b(?:hold on|scratch that|oops|on second thoughts?|never ?mind)\b",
        rf"\b{_I} (?:try (?:again|another|a different|something else)|start (?:over|again|afresh)"
        r"|go back|backtrack|redo|reconsider|rethink|re-?do|re-?think|re-?consider|re-?try)\b",
        r"\b(?:try(?:ing)?|take|use) (?:another|a different) (?:approach|way|method|path|sequence"
        r"|combination|strategy|tack|route)\b",
        r"\b(?:this|that|which|it) (?:does not|doesn't|did not|didn't|will not|won't|cannot|can't)"
        r" (?:work|lead anywhere|help|be right)\b",
        r"\bthat(?:'s| is) (?:not right|wrong|incorrect|a dead end)\b",
        r"\bi(?:'ve| have)? (?:made|make) (?:a|an|some|the) (?:mistake|error)\b",
        r"\bi (?:was|am) (?:wrong|mistaken)\b",
        r"\b(?:dead end|start(?:ing)? over|going back to)\b",
        rf"{_STEP}correction\b(?=:)",
    ),
    Behaviour.SUBGOAL_SETTING: (
        rf"\b(?:first|next|then|now|finally|to begin|to start),? {_INTENT}",
        r"\b(?:we|i) (?:first |now |next |then |still )(?:need|have|want) to\b",
        r"\b(?:we|i) (?:need|have|want|must) to (?:first )?(?:find|compute|calculate|determine|get"
        r"|figure out|work out|know|show|prove|solve|consider|identify|count)\b",
        r"\b(?:first|next|second|third|last|final) (?:step|goal|task) (?:is|will be)\b",
        r"\b(?:our|my|the) (?:sub-?goal|plan|aim) is\b",
        r"\bbreak(?:ing)? (?:this|it|the problem|the task) (?:down|up|into)\b",
        rf"{_STEP}(?:sub-?goal|plan|left to do|still to do|to find)(?: \d{{1,2}})?(?=:)",
        r"\bas a first step\b",
    ),
    Behaviour.BACKWARD_CHAINING: (
        r"\bwork(?:s|ed|ing)? backwards?\b",
        r"\b(?:start|begin|go|reason|think)(?:s|ing)? (?:backwards?\b"
        r"|(?:back )?from the (?:end|answer|target|goal|result|last|final)\b)",
        r"\bto (?:get|obtain|reach|have|make|end up with|arrive at) [^.,;:\n]{1,40},? "
        r"(?:we|i|you|it|there) (?:would |will )?(?:need|must|have to|requires?)\b",
        r"\b(?:it )?(?:suffices|is enough|is sufficient) to (?:show|prove|find|know|check)\b",
        r"\bfor (?:this|that|it|the [a-z]{1,20}) to (?:be|hold|work|equal|happen)\b[^.;\n]{0,40}\b"
        r"(?:must|need|has to|have to)\b",
        r"\bif the (?:final |correct )?(?:answer|result|target|goal) (?:is|were|was)\b",
        r"\b(?:the )?(?:last|final) (?:step|operation|move) (?:must|has to|needs to|would)\b",
        r"\bwhat (?:would|do|must) (?:we|i) need (?:to (?:get|reach|obtain))\b",
    ),
    Behaviour.ENUMERATION: (
        r"^[ \t]{0,8}+\(?+(?:\d{1,3}|[a-hA-H]|[ivx]{1,4})[.)] (?=\S)",
        r"(?<=[ ,;:])\(?\d{1,2}\) (?=\w)",
        r"\b(?:case|option|candidate|possibility|scenario|combination) (?:#|no\. )?"
        r"(?:\d{1,3}|[a-hA-H]|one|two|three|four|five)\b(?=[:.,)]| is| where)",
        # The verdict of a candidate at the end of its line or step.
        r"(?<=[,:;] )(?:yes|no)\b(?= {0,2}(?:$|[;.,\n]))",
        rf"{_STEP}(?:starting with|for|try|trying) [^\s:=]{{1,12}}(?: = [^\s:=]{{1,12}})?(?=: ?\S)",
    ),
    Behaviour.RECALL: (
        r"\b(?:recall|remember|recalling|remembering)\b(?! (?:to|me)\b)",
        r"\bby (?:definition|the definition of)\b",
        r"\b(?:is|are|was) (?:defined as|known as|called|also called|named after|denoted)\b",
        r"\b(?:it is|it's|as is) (?:well[- ])?known\b|\bi know (?:that|from)\b|\bwe know that\b",
        r"\b(?:the |by |using |use |apply |applying )(?:(?!theorem|formula|identity|axiom|lemma)"
        r"[a-z'-]{1,20}+ ){0,3}+(?:theorem|formula|identity|axiom|lemma)\b",
        r"\baccording to (?:the )?[a-z'’-]{1,20} (?:law|theorem|rule|principle|formula)\b",
        r"\bstands for\b|\bthe capital of\b|\bthe symbol (?:of|for)\b|\bfrom memory\b",
        rf"{_STEP}(?:capital of|continent of|full form|meaning|word|young of|formula|symbol of)"
        r"[^:\n]{0,30}(?=: ?\S)",
    ),
    Behaviour.ARITHMETIC: (
        rf"(?<![\w.,^]){_NUMBER}(?:{_OPERATION}{_NUMBER}){{1,8}}+"
        rf" {{0,2}}+(?:=|≈|\\approx) {{0,2}}+{_NUMBER}",
        r"\b\d{1,9}(?:\.\d{1,9})? (?:plus|minus|times|multiplied by|divided by|modulo) "
        r"\d{1,9}(?:\.\d{1,9})? (?:is|equals|gives|makes)\b",
        r"\b\d{1,3}(?:\.\d{1,4})?% of \d{1,12}(?:\.\d{1,6})? (?:is|=|equals)",
    ),
}
"""Patterns of each behaviour; word-bounded, and blind to case."""

_COMPILED = {
    behaviour: re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE)
    for behaviour, patterns in PATTERNS.items()
}
_EACH = frozenset({Behaviour.ENUMERATION, Behaviour.ARITHMETIC})
_SENTENCE_END = re.compile(r"[.!?;\n]")
# Said to the reader, or a shown solution's check: "you can verify it", "Check step 2: ...".
_NOT_OWN = re.compile(
    r"\byou(?:'ve| have| can| could| may| might| should| must)? (?:also |now )?(?:to )?"
    r"(?:check|test|verify|confirm|double[- ]check|try|recall|remember|need)\b"
    r"|\bcheck (?:step|line|row|statement|entry|test)? ?\d{1,3}:",
    re.IGNORECASE,
)


class Span(NamedTuple):
    """Where a behaviour stands in a text."""

    behaviour: Behaviour
    start: int
    end: int
    """One behind the last character."""


def find_behaviours(text: str) -> list[Span]:
    """Return all behaviours found in a text, each kind from left to right.

    Args:
        text: a response; anything at all.
    """
    # Both replacements keep the length, so that spans hold for the text as it is.
    plain = text.replace("’", "'").replace("\r", "\n")
    own = _NOT_OWN.sub(lambda found: "\0" * len(found.group()), plain)
    spans = []
    for behaviour, pattern in _COMPILED.items():
        source = plain if behaviour in _EACH else own
        found = [Span(behaviour, *match.span()) for match in pattern.finditer(source)]
        spans += found if behaviour in _EACH else _one_a_sentence(found, source)
    return spans


def _one_a_sentence(spans: list[Span], text: str) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and not _SENTENCE_END.search(text, merged[-1].end, span.start):
            merged[-1] = merged[-1]._replace(end=span.end)
        else:
            merged.append(span)
    return merged
