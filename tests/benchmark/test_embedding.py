"""Embedders give unit vectors whose cosines equal an independent computation."""

import importlib.util
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark import embedding
from metaprobe.benchmark.embedding import StaticEmbedder, TfidfEmbedder, make_embedder
from metaprobe.core.errors import ConfigError, MissingExtraError
from metaprobe.core.streams import rng_for

DOCS = Path(__file__).parents[2] / "docs"
GSM8K = Path(__file__).parents[3] / "shared" / "corpora" / "gsm8k"
TEXTS = st.lists(st.lists(st.sampled_from(list("abcdef")), max_size=8).map(" ".join), min_size=1)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("wordllama") is None, reason="metaprobe[curate] is not installed"
)


def cosine_by_hand(texts, one, other):
    df = Counter(word for text in texts for word in set(text.split()))

    def weights(text):
        counts = Counter(text.split())
        return {w: n * (1 + math.log((1 + len(texts)) / (1 + df[w]))) for w, n in counts.items()}

    a, b = weights(one), weights(other)
    length = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
    return sum(v * b.get(w, 0) for w, v in a.items()) / length if length else 0.0


@given(TEXTS, TEXTS)
def test_tfidf_cosines_equal_those_by_hand(texts, others):
    embedder = TfidfEmbedder(texts)
    cosines = (embedder.encode(others) @ embedder.encode(texts).T).toarray()
    expected = [[cosine_by_hand(texts, text, other) for text in texts] for other in others]
    np.testing.assert_allclose(cosines, np.array(expected), atol=1e-12)


def test_without_the_extra_tfidf_is_taken_and_static_says_what_to_install(monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    assert make_embedder(None, ["a"]).name == "tf-idf"
    with pytest.raises(MissingExtraError, match=r"metaprobe\[curate\]"):
        make_embedder("static", ["a"])


def test_an_unknown_embedder_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'tfidf'"):
        make_embedder("tf-idf", ["a"])


@needs_weights
def test_static_vectors_have_length_one_and_know_that_words_are_near():
    embedder = StaticEmbedder()
    vectors = embedder.encode(["The cat sleeps.", "A cat is asleep.", "Integrate x squared.", ""])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0], atol=1e-5)
    near, far, empty = vectors[1:] @ vectors[0]
    assert near > 0.5 > far
    assert empty == 0


@pytest.fixture(scope="module")
def gsm8k():
    if not GSM8K.is_dir():
        pytest.skip("the GSM8K corpus is not here")
    return {
        name: [
            json.loads(line)["question"]
            for line in (GSM8K / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for name in ("train", "test")
    }


def highest(embedder, texts, corpus):
    """The highest cosine of each text with any of the corpus."""
    vectors = embedder.encode(texts)
    parts = [embedder.encode(corpus[i : i + 500]) for i in range(0, len(corpus), 500)]
    cosines = [part @ vectors.T for part in parts]
    dense = [c if isinstance(c, np.ndarray) else c.toarray() for c in cosines]
    return np.vstack(dense).max(axis=0)


def replaced(texts, pool):
    """The texts with a tenth of their words taken from others."""
    rng = rng_for("replaced words")
    return [
        " ".join(rng.choice(pool) if rng.random() < 0.1 else w for w in text.split())
        for text in texts
    ]


@pytest.mark.parametrize(
    ("kind", "unrelated", "changed"),
    [("tfidf", 6, 1303), pytest.param("static", 8, 1228, marks=needs_weights)],
)
def test_real_questions_are_near_as_often_as_the_page_says(gsm8k, kind, unrelated, changed):
    texts, train = gsm8k["test"], gsm8k["train"]
    embedder = make_embedder(kind, texts)
    assert (highest(embedder, texts, train) >= embedder.near).sum() == unrelated
    copies = embedder.encode(replaced(texts, " ".join(train).split()))
    cosines = [float((a * b).sum()) for a, b in zip(embedder.encode(texts), copies, strict=True)]
    assert (np.array(cosines) >= embedder.near).sum() == changed
    page = (DOCS / "overlap.md").read_text(encoding="utf-8")
    name = {"tfidf": "TF-IDF", "static": "static"}[kind]
    assert f"| {name} | {embedder.near} | {unrelated} | {changed:,} |" in page
