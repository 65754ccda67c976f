"""Embedders give unit vectors whose cosines equal an independent computation."""

import importlib.util
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark import embedding
from metaprobe.benchmark.embedding import StaticEmbedder, TfidfEmbedder, make_embedder
from metaprobe.core.errors import ConfigError, MissingExtraError

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
