"""Items are spread evenly, batches waste little, labels are the next tokens."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.family import families, families_of
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import Split, parse_cells
from metaprobe.training.data import Example, collate, draw_items, token_batches
from metaprobe.training.losses import IGNORED

token = st.integers(1, 99)
examples_of = st.lists(
    st.builds(
        Example,
        st.lists(token, min_size=1, max_size=9),
        st.lists(token, min_size=1, max_size=9),
    ),
    min_size=1,
    max_size=6,
)


@given(examples_of)
def test_labels_are_the_next_tokens_of_completions(examples: list[Example]) -> None:
    batch = collate(examples, pad=0)
    assert batch.input_ids.shape == batch.labels.shape
    for row, example in enumerate(examples):
        read = [
            (place, label)
            for place, label in enumerate(batch.labels[row].tolist())
            if label != IGNORED
        ]
        text = [*example.prompt, *example.completion]
        assert [label for _, label in read] == list(example.completion)
        for place, label in read:
            assert batch.input_ids[row, : place + 1].tolist() == text[: place + 1]
            assert text[place + 1] == label
        assert batch.input_ids[row, len(text) :].eq(0).all()


@given(st.lists(st.integers(2, 90), min_size=1, max_size=300), st.integers(1, 400))
def test_an_epoch_has_every_text_once_within_the_budget(lengths: list[int], tokens: int) -> None:
    stream = token_batches(lengths, tokens, stream="test")
    for _ in range(2):
        seen: list[int] = []
        while len(seen) < len(lengths):
            batch = next(stream)
            longest = max(lengths[i] for i in batch)
            assert len(batch) == 1 or len(batch) * longest <= tokens
            seen += batch
        assert sorted(seen) == list(range(len(lengths)))


def test_epochs_and_streams_differ_in_order() -> None:
    lengths = [5] * 64
    first = token_batches(lengths, 20, stream="a")
    epochs = [list(islice(first, 16)) for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert list(islice(token_batches(lengths, 20, stream="a"), 16)) == epochs[0]
    assert list(islice(token_batches(lengths, 20, stream="b"), 16)) != epochs[0]


def test_texts_of_one_batch_are_of_similar_length() -> None:
    lengths = [10 + n % 100 for n in range(4000)]
    batches = list(islice(token_batches(lengths, 2000, stream="x"), 100))
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths[i] for batch in batches for i in batch)


def test_items_are_spread_over_cells_families_and_levels() -> None:
    cells = parse_cells(["mathematics/*", "coding/simulation"])
    places = [(f.cell, f.name, level) for c in cells for f in families_of(c) for level in (1, 2)]
    items = draw_items(cells, (1, 2), 5 * len(places), split=Split.TRAIN, seed=0)
    counts = Counter((item.cell, item.family, item.level) for item in items)
    assert counts == dict.fromkeys(places, 5)
    assert len({item.id for item in items}) == len(items)
    assert {item.split for item in items} == {Split.TRAIN}


def test_an_exhausted_family_is_made_up_for_by_the_others() -> None:
    small = min(families(), key=lambda f: f.capacity[1])
    others = families_of(small.cell)
    count = (small.capacity[1] + 5) * len(others)
    items = draw_items([small.cell], (1,), count, split=Split.TRAIN, seed=0)
    assert len({item.id for item in items}) == count
    assert 0 < Counter(item.family for item in items)[small.name] <= small.capacity[1]


def test_more_problems_than_exist_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = min(families(), key=lambda f: f.capacity[1])
    monkeypatch.setattr("metaprobe.training.data.families_of", lambda *_: (small,))
    with pytest.raises(ConfigError, match="ask for fewer or add levels"):
        draw_items([small.cell], (1,), small.capacity[1] + 1, split=Split.TRAIN, seed=0)


def test_the_same_seed_gives_the_same_items() -> None:
    cells = parse_cells(["general/enumeration"])
    first, again, other = (
        [i.id for i in draw_items(cells, (1,), 12, split=Split.TRAIN, seed=seed)]
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
