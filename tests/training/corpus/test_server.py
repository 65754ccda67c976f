"""A server that is slow, fails or lies costs samples, never the run, and never a key."""

import time
from pathlib import Path

import pytest
from fake_server import Answer, FakeServer, Request, chat, solve

from metaprobe.core.errors import ConfigError
from metaprobe.models.chat_server import ServerError, ServerSettings
from metaprobe.training.corpus.server import ServerTeacher
from metaprobe.training.corpus.teachers import Job, Reply, TraceSampling, Variant

JOBS = [Job(f"job{n}", f"What is {n} + 5?", (0, 1)) for n in range(6)]
SAMPLING = TraceSampling(temperature=0.5, top_p=0.9, max_new_tokens=77, seed=3)


def ask(
    server: FakeServer,
    jobs: list[Job] = JOBS,
    variant: Variant = "short",
    *,
    parallel: int = 4,
    timeout: float = 20,
    key_variable: str | None = None,
) -> list[Reply]:
    settings = ServerSettings(server.url, parallel, timeout, key_variable, pause=0.001)
    replies: list[Reply] = []
    ServerTeacher("some-model", SAMPLING, settings).solve(jobs, variant, replies.append)
    return replies


def test_every_missing_sample_is_asked_for_once_with_its_settings(server: FakeServer) -> None:
    jobs = [*JOBS, Job("done", "What is 1 + 1?", ())]
    replies = ask(server, jobs, "long")
    expected = {(job.key, n) for job in JOBS for n in (0, 1)}
    assert {(reply.key, reply.sample) for reply in replies} == expected
    assert len(server.asked) == len(replies) == 12
    assert len({asked["seed"] for asked in server.asked}) == 12
    for asked in server.asked:
        assert asked["path"] == "/v1/chat/completions"
        assert asked["model"] == "some-model"
        assert (asked["temperature"], asked["top_p"], asked["max_tokens"]) == (0.5, 0.9, 77)
        assert asked["chat_template_kwargs"] == {"enable_thinking": True}
        assert 0 <= asked["seed"] < 2**31
        assert asked["messages"][0]["content"].endswith("\\boxed{}.")
    assert all(reply.thought and "think" not in reply.text for reply in replies)


def test_no_more_requests_than_allowed_are_in_flight(server: FakeServer) -> None:
    server.pause = 0.02
    ask(server, parallel=3)
    assert server.busiest == 3


def test_a_failure_that_may_pass_is_tried_again(server: FakeServer) -> None:
    seen: set[int] = set()

    def fail_once(asked: Request) -> Answer:
        if asked["seed"] in seen:
            return solve(asked)
        seen.add(asked["seed"])
        status = (429, 500, 503, 408)[len(seen) % 4]
        return status, {"Retry-After": "0"}, b"busy"

    server.reply = fail_once
    replies = ask(server)
    assert [reply.error for reply in replies] == [None] * 12
    assert len(server.asked) == 24


def test_a_prompt_that_is_refused_is_not_asked_again_and_costs_only_itself(
    server: FakeServer,
) -> None:
    def refuse_one(asked: Request) -> Answer:
        refused = "What is 3 " in asked["messages"][0]["content"]
        return (400, {}, b'{"error": "too\nlong"}') if refused else solve(asked)

    server.reply = refuse_one
    replies = ask(server)
    assert {reply.key for reply in replies if reply.error} == {"job3"}
    assert len(server.asked) == 12
    assert {reply.error for reply in replies if reply.error} == {
        'HTTP 400: \'{"error": "too long"}\''
    }


MALFORMED = {
    "no JSON": b"<html>busy</html>",
    "no object": b"[]",
    "no choice": b'{"choices": []}',
    "no message": b'{"choices": [{}]}',
    "content of another type": b'{"choices": [{"message": {"content": {"a": 1}}}]}',
    "half a character": b'{"choices": [{"message": {"content": "\\ud800"}}]}',
    "bytes that are no text": b'{"choices": [{"message": {"content": "\xff"}}]}',
    "deep nesting": b"[" * 100_000,
    "nothing": b"",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_answer_is_an_error_of_that_sample(body: bytes, server: FakeServer) -> None:
    server.reply = lambda asked: (200, {}, body)
    (reply,) = ask(server, [Job("job", "What is 1 + 1?", (0,))])
    assert reply.error is not None
    assert reply.error.startswith("malformed answer")
    assert reply.text == reply.thought == ""


def test_an_endless_answer_is_cut_off(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metaprobe.models.chat_server._MOST_BYTES", 10_000)
    server.reply = lambda asked: chat("x" * 20_000)
    (reply,) = ask(server, [Job("job", "What is 1 + 1?", (0,))])
    assert reply.error == "an answer of more than 10000 bytes"


def test_a_slow_answer_is_given_up(server: FakeServer) -> None:
    server.pause = 0.5
    begun = time.monotonic()
    (reply,) = ask(server, [Job("job", "What is 1 + 1?", (0,))], timeout=0.05)
    assert reply.error == "no whole answer within 0.05 s"
    assert time.monotonic() - begun < 2


def test_a_connection_that_breaks_is_tried_again(server: FakeServer) -> None:
    broken = iter([True, True, False])

    def cut(asked: Request) -> Answer:
        status, headers, body = solve(asked)
        longer = {"Content-Length": str(len(body) + 9), "Connection": "close"}
        return status, longer if next(broken) else headers, body

    server.reply = cut
    (reply,) = ask(server, [Job("job", "What is 1 + 1?", (0,))], timeout=0.2)
    assert reply.error is None
    assert len(server.asked) == 3


def test_a_server_that_stops_answering_ends_the_run(server: FakeServer) -> None:
    server.reply = lambda asked: (503, {}, b"down")
    jobs = [Job(f"job{n}", "What is 1 + 1?", (0,)) for n in range(1000)]
    with pytest.raises(ServerError, match=r"4 requests in a row .*down.*goes on from here"):
        ask(server, jobs)
    assert len(server.asked) <= 4 * 5 + 4


def test_nobody_listening_is_told_in_one_line() -> None:
    with FakeServer() as fake:
        pass
    with pytest.raises(ServerError) as raised:
        ask(fake)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_ends_the_run_at_once(status: int, server: FakeServer) -> None:
    server.reply = lambda asked: (status, {}, b"no such model")
    with pytest.raises(ConfigError, match=f"HTTP {status}: 'no such model'"):
        ask(server)
    assert len(server.asked) <= 8


def test_the_key_comes_from_the_named_variable_alone(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "other")
    monkeypatch.setenv("SECRET", "abc")
    ask(server, JOBS[:1])
    ask(server, JOBS[:1], key_variable="SECRET")
    sent = [headers.get("Authorization") for headers in server.headers]
    assert sent == [None, None, "Bearer abc", "Bearer abc"]
    with pytest.raises(ConfigError, match="ABSENT"):
        ask(server, key_variable="ABSENT")


@pytest.mark.parametrize("url", ["ftp://x/v1", "localhost:8000", "http://me:word@x/v1", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--server"):
        ServerTeacher("m", SAMPLING, ServerSettings(url))


def test_a_thought_that_the_server_keeps_apart_is_read(server: FakeServer) -> None:
    for name in ("reasoning_content", "reasoning"):
        server.reply = lambda asked, name=name: chat("\\boxed{2}", **{name: "One and one."})
        (reply,) = ask(server, [Job("job", "What is 1 + 1?", (0,))], "long")
        assert (reply.thought, reply.text) == ("One and one.", "\\boxed{2}")


def test_a_message_without_content_is_a_response_without_an_answer(server: FakeServer) -> None:
    server.reply = lambda asked: chat(None, reason="length")
    (reply,) = ask(server, [Job("job", "What is 1 + 1?", (0,))])
    assert (reply.text, reply.truncated, reply.error) == ("", True, None)


def test_a_teacher_is_the_same_behind_another_address(tmp_path: Path) -> None:
    one, other = (ServerTeacher("m", SAMPLING, ServerSettings(u)) for u in ("http://a", "http://b"))
    assert one.key == other.key
    assert one.key != ServerTeacher("n", SAMPLING, ServerSettings("http://a")).key
