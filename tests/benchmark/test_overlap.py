"""What a corpus repeats of a benchmark is found, and nothing else is."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.corpus import CorpusRow
from metaprobe.benchmark.embedding import TfidfEmbedder
from metaprobe.benchmark.family import families
from metaprobe.benchmark.freeze import NANO_FAMILIES, build_benchmark
from metaprobe.benchmark.overlap import FEWEST_WORDS, LONG_NGRAM, Kind, find_overlap
from metaprobe.benchmark.wording import masked, words
from metaprobe.core.vocabulary import Split

ITEM = build_benchmark("nano", items_per_cell=1).items[0]
TRAIN = (
    "A train leaves Ulm at 7:40 and needs 95 minutes to Munich, with a stop of 4 minutes on the "
    "way. When does it arrive, if nothing delays it (write hours and minutes)?"
)
SHORT = "What is 3 + 4 * 5?"


def items_of(*questions):
    return [ITEM.model_copy(update={"question": q, "id": str(i)}) for i, q in enumerate(questions)]


def overlap(questions, texts):
    rows = [CorpusRow(f"c:{i}", text) for i, text in enumerate(texts)]
    return find_overlap(items_of(*questions), rows, TfidfEmbedder(questions))


def found(question, text):
    return overlap([question], [text]).items[0].found


@pytest.mark.parametrize(
    "copy",
    [
        TRAIN,
        TRAIN.upper(),
        TRAIN.replace(" ", "\n  "),
        TRAIN.replace(",", " ;").replace("?", " ..."),
        f"Question: {TRAIN}\nAnswer: at 9:19.",
        TRAIN.replace("Ulm", "Ｕlm").replace("needs", "“needs”"),
    ],
)
def test_a_copy_in_other_case_spacing_and_punctuation_is_exact(copy):
    assert found(TRAIN, copy) >= {Kind.EXACT, Kind.NGRAM}
    assert Kind.TEMPLATE not in found(TRAIN, copy)


@pytest.mark.parametrize("question", [TRAIN, SHORT])
def test_other_numbers_make_a_template_and_no_copy(question):
    other = question.replace("4", "6").replace("5", "2.5")
    assert Kind.TEMPLATE in found(question, other)
    assert Kind.EXACT not in found(question, other)


@pytest.mark.parametrize(
    ("question", "other"),
    [
        (SHORT, SHORT.replace("+", "-")),
        (TRAIN, TRAIN.replace("7:40", "7!40")),
        ("Differentiate f'(x).", "Differentiate f''(x)."),
        ("Is x != 3?", "Is x = 3?"),
    ],
)
def test_another_operator_is_no_copy(question, other):
    assert found(question, other).isdisjoint({Kind.EXACT, Kind.TEMPLATE})


def test_a_short_question_inside_another_is_no_copy():
    assert len(words(SHORT)) < FEWEST_WORDS
    assert Kind.EXACT in found(SHORT, SHORT.lower())
    assert Kind.EXACT not in found(SHORT, f"{SHORT} + 6 and then some")


def test_a_few_replaced_words_are_near_by_embedding_and_n_grams():
    other = TRAIN.replace("Ulm", "Bonn").replace("Munich", "Hamburg")
    assert found(TRAIN, other) == {Kind.NGRAM, Kind.JACCARD, Kind.EMBEDDING}


def test_unrelated_text_is_not_reported():
    texts = ["The recipe asks for flour, butter and two eggs.", "", "7", "def f(x):\n    return x"]
    result = overlap([TRAIN, SHORT, ITEM.question], texts)
    assert [one.found for one in result.items] == [frozenset()] * 3
    assert result.n_rows == len(texts)


def test_the_first_row_of_the_highest_score_is_named():
    texts = ["nothing", TRAIN.replace("95", "96"), TRAIN, TRAIN]
    nearest = overlap([TRAIN], texts).items[0].nearest
    assert nearest[Kind.EXACT].row.place == "c:2"
    assert nearest[Kind.TEMPLATE].row.place == "c:1"
    assert nearest[Kind.EMBEDDING].row.place == "c:2"


TEXTS = st.lists(st.sampled_from(["a", "b", "1", "2", "+"]), max_size=30).map(" ".join)


def by_hand(question, row, n):
    """The distinct n-grams of the question, and how many of them stand in the row."""
    of, text = question.split(), row.split()
    grams = {tuple(of[i : i + n]) for i in range(len(of) - n + 1)}
    hits = sum(any(tuple(text[i : i + n]) == g for i in range(len(text))) for g in grams)
    return grams, hits


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=4))
def test_containment_and_jaccard_equal_a_count_by_hand(questions, texts):
    for one in overlap(questions, texts).items:
        question = one.item.question
        length = len(question.split())
        n = min(LONG_NGRAM, length)
        shares = [0.0]
        if length >= FEWEST_WORDS:
            shares += [by_hand(question, t, n)[1] / len(by_hand(question, t, n)[0]) for t in texts]
        jaccards = [0.0]
        for text in texts:
            grams, hits = by_hand(question, text, 3)
            union = len(grams) + len(by_hand(text, question, 3)[0]) - hits
            jaccards += [hits / union] if union else []
        for kind, expected in ((Kind.NGRAM, max(shares)), (Kind.JACCARD, max(jaccards))):
            match = one.nearest.get(kind)
            assert (match.score if match else 0) == pytest.approx(expected)
        assert one.has_ngram == (length >= FEWEST_WORDS)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=4))
def test_copies_and_templates_equal_a_search_by_hand(questions, texts):
    def contains(text, question):
        if len(question) < FEWEST_WORDS:
            return text == question
        return any(text[i : i + len(question)] == question for i in range(len(text)))

    for one in overlap(questions, texts).items:
        question = one.item.question.split()
        copies = [contains(t.split(), question) for t in texts]
        like = [contains(masked(t.split()), masked(question)) for t in texts]
        others = [a and not b for a, b in zip(like, copies, strict=True)]
        assert (Kind.EXACT in one.found, Kind.TEMPLATE in one.found) == (any(copies), any(others))


def peak_of(n_rows):
    rows = (CorpusRow(f"c:{i}", f"{TRAIN} {i} {'word ' * 9}{i * 7}") for i in range(n_rows))
    tracemalloc.start()
    find_overlap(items_of(TRAIN, SHORT), rows, TfidfEmbedder([TRAIN, SHORT]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_corpus():
    peak_of(512)
    assert peak_of(2048) < 1.2 * peak_of(512)


def test_the_splits_of_the_families_share_templates_and_no_question():
    items = build_benchmark("nano", items_per_cell=5).items
    train = [
        CorpusRow("", item.question)
        for family in families()
        if family.name in NANO_FAMILIES
        for item in family.stream(split=Split.TRAIN, level=1, seed=0, limit=8)
    ]
    questions = [item.question for item in items]
    found = [one.found for one in find_overlap(items, train, TfidfEmbedder(questions)).items]
    assert not any(Kind.EXACT in kinds for kinds in found)
    assert sum(Kind.TEMPLATE in kinds for kinds in found) > len(items) // 10
