"""Text of strangers on a page: shown as it is, and never as markup.

Templates escape all text. What escaping leaves is text that deceives the eye: characters that are
not seen, and those that turn the direction of what follows. They are shown by their number.
"""

import unicodedata
from typing import NamedTuple

FOLDED_CHARACTERS = 1500
"""Of a longer text only the beginning is shown; the rest opens on a press."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, formats (among them all that turn the direction), halves, private and unassigned
characters, and separators of lines and paragraphs; see Unicode Standard Annex 44."""

_REPLACEMENT = "\ufffd"
_LONGEST_BREAK = 200


class Run(NamedTuple):
    """A part of a text: plain, or one character that is shown by its number."""

    text: str
    """Plain text, or `U+202E`."""
    name: str | None
    """Unicode's name of the character; None for plain text."""


class Shown(NamedTuple):
    """A text as it stands on the page."""

    beginning: list[Run]
    rest: list[Run]
    """Empty where the text is short."""
    characters: int
    """Of the whole text."""


def runs(text: str) -> list[Run]:
    """Return a text in parts, in which every unseen character stands on its own."""
    found: list[Run] = []
    plain: list[str] = []
    for character in text:
        if not _is_unseen(character):
            plain.append(character)
            continue
        if plain:
            found.append(Run("".join(plain), None))
            plain = []
        name = "bytes that are no UTF-8" if character == _REPLACEMENT else _name(character)
        found.append(Run(f"U+{ord(character):04X}", name))
    if plain:
        found.append(Run("".join(plain), None))
    return found


def shown(text: str) -> Shown:
    """Return a text for the page; a long one is cut after a line or a word."""
    cut = len(text)
    if len(text) > FOLDED_CHARACTERS:
        near = text[FOLDED_CHARACTERS - _LONGEST_BREAK : FOLDED_CHARACTERS]
        back = max(near.rfind("\n"), near.rfind(" "))
        cut = FOLDED_CHARACTERS - (_LONGEST_BREAK - back - 1 if back >= 0 else 0)
    return Shown(runs(text[:cut]), runs(text[cut:]), len(text))


def one_line(text: str, most: int) -> str:
    """Return the beginning of a text on one line, with unseen characters by their number.

    Args:
        text: of any length.
        most: characters of it that are kept; a longer text ends in an ellipsis.
    """
    flat = " ".join(text[: 4 * most].split())
    cut = flat[:most] + ("…" if len(flat) > most or len(text) > 4 * most else "")
    return "".join(run.text if run.name is None else f"[{run.text}]" for run in runs(cut))


def _is_unseen(character: str) -> bool:
    if character in "\n\t":
        return False
    return character == _REPLACEMENT or unicodedata.category(character) in _UNSEEN


def _name(character: str) -> str:
    # Controls have no name of their own in Unicode.
    return unicodedata.name(character, "").capitalize() or "character without a name"
