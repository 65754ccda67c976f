"""Units are products of powers of symbols."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.units import read_unit

symbols = st.sampled_from(["m", "s", "kg", "A", "V", "mol", "K", "µX"])
powers = st.dictionaries(symbols, st.integers(-4, 4).filter(bool), min_size=1, max_size=5)


@given(powers, st.sampled_from(["*", "·", " ", " · "]), st.randoms(use_true_random=False))
def test_order_and_notation_of_a_product_do_not_matter(unit, dot, rng):
    factors = rng.sample(sorted(unit.items()), len(unit))
    text = dot.join(f"{symbol}^{power}" for symbol, power in factors)
    assert read_unit(text) == Counter(unit)
    positive = [f"{s}^{p}" for s, p in factors if p > 0]
    negative = [f"/{s}^{-p}" for s, p in factors if p < 0]
    assert read_unit(dot.join(positive) + "".join(negative)) == Counter(unit)


@given(powers, symbols)
def test_one_factor_more_is_another_unit(unit, symbol):
    text = "*".join(f"{s}^{p}" for s, p in unit.items())
    assert read_unit(f"{text}*{symbol}") != read_unit(text)
    assert read_unit(f"{text}/{symbol}*{symbol}") == read_unit(text)


def test_words_are_their_symbols_and_case_matters_in_symbols_only():
    assert read_unit("Kilograms") == read_unit("kg")
    assert read_unit("metres per second") == read_unit("m/s")
    assert read_unit("Parsecs") == read_unit("parsecs")
    assert read_unit("mW") != read_unit("MW")
    assert read_unit("millimetres") != read_unit("metres")


@given(st.text(max_size=200))
def test_any_text_is_some_unit(text):
    assert read_unit(text) == read_unit(text)
