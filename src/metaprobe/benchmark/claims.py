"""What a line of working claims: its text without layout, numbering and connecting words.

Two steps are the same where their claims are. A family whose steps may be written in several
right ways names a claim of its own; see `family`.
"""

import re

from metaprobe.benchmark.answers import normalise

MAX_CHARACTERS = 100_000
"""What stands beyond this in a response is not read."""

_TAG = re.compile(r"</?think>")
_BOX = "\\boxed"
_MARKER = re.compile(r"(?:[-*•]|\(?\d{1,4}[.)]) ")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
_GOES_ON = re.compile(
    r"; ?(?=(?:and )?(?:then|next|so|thus|hence|therefore|finally|from there|after that)\b)",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})++(?![\d,])")
_SPACED_SIGN = re.compile(r" ?([^\w\s]) ?")
_SPACE = re.compile(r"\s+")
_CONNECTIVE = re.compile(
    r"(?:(?:and|so|then|thus|hence|therefore|next|now|first|firstly|finally|okay|ok|to begin with"
    r"|from there|after that|this gives|which gives|we (?:have|get|find|obtain)"
    r"|step \d{1,4}(?=[:.)]))\b[,:.)]? ?)+"
)
_OUTER = " .,;:!?*"
_SIGNS = str.maketrans("×·⋅∙÷", "****/")
_COMMA = re.compile(r",(?![^()\[\]{}]*[)\]}])")


def split_steps(text: str) -> list[str]:
    """Return the steps of a solution as they are written, without the statement of the answer.

    A step is a line, a sentence, or a part that begins with a word such as `then`. Numbers and
    bullets before a line and the tags of a thought are left out, and so is the sentence whose
    answer is in a box.
    """
    steps: list[str] = []
    for line in _TAG.sub("\n", text[:MAX_CHARACTERS]).splitlines():
        single = _SPACE.sub(" ", line).strip()
        marker = _MARKER.match(single)
        before, box, _ = single[marker.end() if marker else 0 :].partition(_BOX)
        parts = [part for s in _SENTENCE_END.split(before) for part in _GOES_ON.split(s)]
        steps += [part for part in (parts[:-1] if box else parts) if part.strip(_OUTER)]
    return steps


def claim(step: str) -> str:
    """Return what a step says, in a form that equals that of another wording of it.

    Case, spacing, LaTeX, signs of multiplication and division, thousands separators and leading
    connectives (`Step 3:`, `then:`, `from there we get`) do not count.
    """
    apart = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), step)
    plain = _SPACE.sub(" ", normalise(apart)).casefold().translate(_SIGNS)
    tight = _SPACED_SIGN.sub(r"\1", plain).strip(_OUTER)
    return _CONNECTIVE.sub("", tight, count=1).strip(_OUTER) if _CONNECTIVE.match(tight) else tight


def unordered_claim(step: str) -> str:
    """Return the claim of a step that lists members of a set: their order does not count."""
    head, colon, members = claim(step).rpartition(":")
    return head + colon + ",".join(sorted(_COMMA.split(members)))
