"""Text of strangers is shown whole, and what is not seen is shown by its number."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.web.text import FOLDED_CHARACTERS, Run, one_line, runs, shown

ANY = st.text(st.characters(exclude_categories=[]))


def written(parts: list[Run]) -> str:
    """The text that was taken apart."""
    return "".join(
        part.text if part.name is None else chr(int(part.text[2:], 16)) for part in parts
    )


@given(ANY)
def test_nothing_is_lost(text: str) -> None:
    assert written(runs(text)) == text


@given(ANY)
def test_no_plain_part_hides_or_turns_anything(text: str) -> None:
    for part in runs(text):
        if part.name is None:
            assert all(c in "\n\t" or unicodedata.category(c)[0] != "C" for c in part.text)
            assert not {"\u2028", "\u2029"} & set(part.text)
        else:
            assert part.name
        part.text.encode()  # no half of a character is left


@settings(max_examples=30)
@given(st.text(max_size=10), st.integers(0, 400))
def test_a_long_text_is_folded_and_whole(unit: str, times: int) -> None:
    text = (unit or "x") * times
    found = shown(text)
    assert written(found.beginning) + written(found.rest) == text
    assert found.characters == len(text)
    assert bool(found.rest) == (len(text) > FOLDED_CHARACTERS)
    assert len(written(found.beginning)) <= FOLDED_CHARACTERS


@given(ANY, st.integers(1, 50))
def test_a_line_has_no_break_and_a_bounded_length(text: str, most: int) -> None:
    found = one_line(text, most)
    assert found == " ".join(found.split())
    assert len(found) <= len("[U+10FFFF]") * (most + 1)


def test_what_deceives_the_eye_is_named() -> None:
    assert runs("a\u202eb") == [
        Run("a", None),
        Run("U+202E", "Right-to-left override"),
        Run("b", None),
    ]
    assert [part.text for part in runs("\x00\u200b\ufeff\ufffd\ud800")] == [
        "U+0000",
        "U+200B",
        "U+FEFF",
        "U+FFFD",
        "U+D800",
    ]
