"""Questions as normalised words, and the n-grams of these.

Normalisation folds what a copyist changes (case, spacing, sentence punctuation, quotes, the kind
of dash) and keeps what a question means: numbers, operators and brackets. `3 + 4` and `3 - 4`
stay different, which the rule of GPT-3, to drop all punctuation, would not give.
"""

import re
import unicodedata
from collections.abc import Sequence

NUMBER_MASK = "#"
"""What stands for every number in a masked question."""

_ONE_FORM = {**dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"), ord("′"): "'"}
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d]\w*|'+(?=\()|[^\w\s.,;:?'\"`‘’“”«»…]")


def words(text: str) -> list[str]:
    """Return the normalised words of a text.

    Unicode compatibility form and case folding; all dashes are one, and hyphens between letters
    separate words; then the words are identifiers, numbers, and every other mark alone, without
    `. , ; : ?`, quotes and spaces. Marks before a bracket are derivatives, as in f''(x), and stay.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_ONE_FORM)
    return _WORD.findall(_HYPHEN.sub(" ", folded))


def masked(of: Sequence[str]) -> list[str]:
    """Return words with every number replaced by `NUMBER_MASK`."""
    return [NUMBER_MASK if word[0].isdigit() else word for word in of]


def ngrams(of: Sequence[str], n: int) -> set[str]:
    """Return the distinct runs of n consecutive words."""
    return {" ".join(of[i : i + n]) for i in range(len(of) - n + 1)}
