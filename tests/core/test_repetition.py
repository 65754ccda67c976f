"""Loops in texts."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.core.repetition import LOOP_SHARE, is_loop, repeated_share


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 5))
def test_the_share_counts_each_occurrence_after_the_first(parts, gram):
    grams = Counter(tuple(parts[n : n + gram]) for n in range(len(parts)) if n + gram <= len(parts))
    total = sum(grams.values())
    expected = sum(count - 1 for count in grams.values()) / total if total else 0.0
    assert abs(repeated_share(parts, gram) - expected) < 1e-12
    assert is_loop(parts, gram) == (expected >= LOOP_SHARE)


def test_only_the_end_of_a_text_counts():
    loop, free = ["a", "b"] * 300, [str(n) for n in range(600)]
    assert is_loop([*free, *loop], 4)
    assert not is_loop([*loop, *free], 4)
