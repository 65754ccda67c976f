"""Texts as vectors whose cosine tells how near two texts are.

Two embedders stand behind one protocol: static word vectors, where the `curate` extra is
installed, and TF-IDF, which needs no weights. Neither runs a network or imports torch.
"""

import math
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from metaprobe.benchmark.wording import words
from metaprobe.core.errors import ConfigError, MissingExtraError, nearest

Vectors = Any
"""Rows of length one (or zero, for a text without words): a numpy array or a scipy CSR matrix."""

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


class Embedder(Protocol):
    """Turns texts into vectors of one space."""

    @property
    def name(self) -> str:
        """What is shown beside every number that rests on it."""

    @property
    def near(self) -> float:
        """Cosine from which two texts count as near duplicates."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text, shape (texts, D)."""


class TfidfEmbedder:
    """Cosine of word counts weighted by how rare the words are in the benchmark.

    weight(w, t) = count(w in t) * idf(w), idf(w) = 1 + ln((1 + n) / (1 + df(w))), n and df over
    the texts that the embedder was made from (the smoothed form of scikit-learn's
    TfidfVectorizer). Words that none of them has share one axis, whose weight is the length of
    their own vector at df = 0: a cosine with one of these texts is exact, one between two others
    is not.
    """

    name = "tf-idf"
    near = 0.8

    def __init__(self, texts: Sequence[str]) -> None:
        found = [set(words(text)) for text in texts]
        df = Counter(word for text in found for word in text)
        self._columns = {word: column for column, word in enumerate(sorted(df))}
        total = 1 + len(texts)
        self._idf = np.array([1 + math.log(total / (1 + df[word])) for word in self._columns])
        self._unseen = 1 + math.log(total)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one sparse row a text."""
        last = len(self._columns)
        ends, columns, values = [0], [], []
        for text in texts:
            unseen = 0.0
            for word, count in Counter(words(text)).items():
                column = self._columns.get(word)
                if column is None:
                    unseen += (count * self._unseen) ** 2
                else:
                    columns.append(column)
                    values.append(count * float(self._idf[column]))
            if unseen:
                columns.append(last)
                values.append(math.sqrt(unseen))
            ends.append(len(columns))
        rows = sparse.csr_array((values, columns, ends), shape=(len(texts), last + 1), dtype=float)
        lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
        return sparse.csr_array(sparse.diags_array(_inverse(lengths)) @ rows)


class StaticEmbedder:
    """Mean of the WordLlama vectors (256 axes) of a text's tokens.

    The vectors are read from the files of the package `wordllama`: its own loader asks a hub for
    the tokenizer that lies beside them.

    Raises:
        MissingExtraError: the package is not installed.
    """

    name = "static (wordllama l2_supercat_256)"
    near = 0.9

    def __init__(self) -> None:
        spec = find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise MissingExtraError(
                "static embeddings need wordllama: pip install 'metaprobe[curate]', "
                "or use --embedder tfidf"
            )
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        folder = Path(spec.origin).parent
        (table,) = load_file(folder / _WEIGHTS).values()
        self._table: NDArray[np.float32] = table.astype(np.float32)
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text, shape (texts, 256)."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        rows = np.zeros((len(texts), self._table.shape[1]), dtype=np.float32)
        for row, encoding in zip(rows, found, strict=True):
            if encoding.ids:
                row[:] = self._table[encoding.ids].mean(axis=0)
        return rows * _inverse(np.linalg.norm(rows, axis=1))[:, None]


def make_embedder(
    kind: str | None, texts: Sequence[str], *, option: str = "--embedder"
) -> Embedder:
    """Return an embedder for comparing anything with `texts`.

    Args:
        kind: `static` or `tfidf`; static vectors where they are installed if None.
        texts: what the others are compared with.
        option: what the user names it with, for messages.

    Raises:
        ConfigError: there is no such embedder.
        MissingExtraError: the static one is asked for and not installed.
    """
    if kind is None:
        kind = "static" if find_spec("wordllama") else "tfidf"
    if kind not in ("static", "tfidf"):
        hint = nearest(kind, ("static", "tfidf"))
        raise ConfigError(f"{option}: unknown embedder {kind!r}{hint}: use static or tfidf")
    return StaticEmbedder() if kind == "static" else TfidfEmbedder(texts)


def _inverse(lengths: NDArray[Any]) -> NDArray[Any]:
    return 1 / np.where(lengths > 0, lengths, 1)
