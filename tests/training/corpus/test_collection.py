"""Samples are drawn once, rejected by answer alone, and a killed run ends like another."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from fake_server import FakeServer, Request, chat, solve
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import Verdict
from metaprobe.models.chat import split_thought
from metaprobe.training.corpus.collection import Collection, TeacherError, problem_key
from metaprobe.training.corpus.curation import read_problems
from metaprobe.training.corpus.sources import Row, Source
from metaprobe.training.corpus.teachers import (
    Job,
    Reply,
    Tell,
    TraceSampling,
    Variant,
    completion,
    fits,
)

SAMPLING = TraceSampling(max_new_tokens=32)


def sums(count: int) -> list[Item]:
    rows = [Row(f"r:{n}", f"What is {n} + 5?", str(n + 5), False, 1) for n in range(count)]
    return read_problems([Source("sums", None, None, (), rows)]).items


class Scripted:
    """A teacher whose replies are decided by the problem and the sample, until it is killed."""

    name = key = "scripted"

    def __init__(self, survives: int | None = None) -> None:
        self.left = survives
        self.drawn: list[tuple[str, int]] = []

    def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
        for job in jobs:
            for number in job.missing:
                if self.left == 0:
                    raise KeyboardInterrupt
                self.left = None if self.left is None else self.left - 1
                self.drawn.append((job.key, number))
                tell(reply_of(job, number, variant))


def reply_of(job: Job, number: int, variant: Variant) -> Reply:
    """Eight kinds of replies in turn."""
    value = int(re.findall(r"\d+", job.question)[0]) + 5
    kind = (value + 3 * number) % 8
    thought = "Let me add." if (variant == "long") != (kind == 5) else ""
    text = {1: f"\\boxed{{{value + 1}}}", 2: "I do not know.", 6: f"<|im_end|>\\boxed{{{value}}}"}
    answer = text.get(kind, f"Sample {number}: \\boxed{{{value}}}")
    error = "HTTP 500" if kind == 4 else None
    return Reply(job.key, number, thought, answer, kind == 3, 7, error)


def test_only_what_the_grader_accepts_is_kept_and_all_is_counted(tmp_path: Path) -> None:
    items, samples, keep = sums(40), 6, 2
    for variant in ("short", "long"):
        collection = Collection(tmp_path, Scripted(), SAMPLING, variant)
        collection.draw(items, samples)
        found = collection.collect(items, samples, keep)
        kinds = Counter((n + 5 + 3 * s) % 8 for n in range(len(items)) for s in range(samples))
        assert found.verdicts == {
            Verdict.CORRECT: kinds[0] + kinds[5] + kinds[6] + kinds[7],
            Verdict.WRONG: kinds[1],
            Verdict.UNPARSED: kinds[2],
            Verdict.TRUNCATED: kinds[3],
            Verdict.ERRORED: kinds[4],
        }
        assert found.other_variant == kinds[5] + kinds[6]
        expected = []
        for n, item in enumerate(items):
            good = [s for s in range(samples) if (n + 5 + 3 * s) % 8 in (0, 7)]
            expected += [(item.id, s) for s in good[:keep]]
        assert [(trace.id, trace.sample) for trace in found.traces] == expected
        golds = {item.id: item.answer.render() for item in items}
        for trace in found.traces:
            boxed = re.findall(r"\\boxed\{(\d+)\}", trace.completion)
            assert boxed == [golds[trace.id]] == [trace.answer]
            assert ("<think>" in trace.completion) == (variant == "long")


@pytest.mark.parametrize("survives", [0, 1, 7, 50])
@pytest.mark.parametrize("torn", ["", '{"problem": "half a li', "\x00\x00"])
def test_an_interrupted_collection_ends_like_an_uninterrupted_one(
    survives: int, torn: str, tmp_path: Path
) -> None:
    items = sums(20)
    whole = Collection(tmp_path / "whole", Scripted(), SAMPLING, "short")
    whole.draw(items, 4)
    cut = Collection(tmp_path / "cut", Scripted(survives), SAMPLING, "short")
    with pytest.raises(KeyboardInterrupt):
        cut.draw(items, 4)
    with cut.path.open("a", encoding="utf-8") as file:
        file.write(torn)
    rest = Scripted()
    again = Collection(tmp_path / "cut", rest, SAMPLING, "short")
    again.draw(items, 4)
    assert again.path.read_bytes() == whole.path.read_bytes()
    errored = sum((n + 5 + 3 * s) % 8 == 4 for n in range(20) for s in range(4))
    done = len(whole.path.read_text(encoding="utf-8").splitlines())
    assert len(rest.drawn) >= 80 - survives >= 80 - done - errored
    assert again.collect(items, 4, 1).traces == whole.collect(items, 4, 1).traces


def test_only_what_failed_is_tried_again_and_more_samples_are_added(tmp_path: Path) -> None:
    items = sums(16)
    Collection(tmp_path, Scripted(), SAMPLING, "short").draw(items, 2)
    failed = {
        (problem_key(items[n]), s) for n in range(16) for s in (0, 1) if (n + 5 + 3 * s) % 8 == 4
    }
    second = Scripted()
    Collection(tmp_path, second, SAMPLING, "short").draw(items, 2)
    assert set(second.drawn) == failed != set()
    third = Scripted()
    Collection(tmp_path, third, SAMPLING, "short").draw(items, 3)
    added = {(problem_key(item), 2) for item in items}
    assert set(third.drawn) == failed | added


def test_another_setting_begins_another_journal(tmp_path: Path) -> None:
    other = TraceSampling(max_new_tokens=33)
    paths = {
        Collection(tmp_path, Scripted(), sampling, variant).path
        for sampling in (SAMPLING, other)
        for variant in ("short", "long")
    }
    assert len(paths) == 4


def test_another_gold_of_the_same_question_is_another_problem() -> None:
    rows = [Row("a", "Q", gold, False, 1) for gold in ("1", "2")]
    items = read_problems([Source("s", None, None, (), rows)]).items
    assert items[0].id == items[1].id
    assert problem_key(items[0]) != problem_key(items[1])


def test_two_processes_do_not_share_a_journal(tmp_path: Path) -> None:
    class Nested(Scripted):
        def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
            Collection(tmp_path, Scripted(), SAMPLING, "short").draw(sums(1), 1)

    with pytest.raises(ConfigError, match="another process"):
        Collection(tmp_path, Nested(), SAMPLING, "short").draw(sums(1), 1)


def test_a_journal_that_was_edited_is_refused_with_its_line(tmp_path: Path) -> None:
    collection = Collection(tmp_path, Scripted(), SAMPLING, "short")
    collection.draw(sums(2), 1)
    text = collection.path.read_text(encoding="utf-8")
    collection.path.write_text('{"problem": 1}\n' + text, encoding="utf-8")
    with pytest.raises(InputError, match=r"jsonl:1: not a line of a journal"):
        collection.draw(sums(2), 1)


HOSTILE = st.text('a5{}\\<|>\n\r\u2028\x00\x1b"', max_size=30) | st.just("\\boxed{5}")


@given(HOSTILE, HOSTILE, st.booleans())
def test_hostile_replies_are_journalled_and_read_back(thought: str, text: str, cut: bool) -> None:
    class Hostile(Scripted):
        def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
            tell(Reply(jobs[0].key, 0, thought, text, cut, None))

    items = sums(1)
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(Path(folder), Hostile(), SAMPLING, "long")
        collection.draw(items, 1)
        found = collection.collect(items, 1, 1)
    assert sum(found.verdicts.values()) == 1
    assert found.verdicts[Verdict.TRUNCATED] >= cut
    for trace in found.traces:
        assert not cut
        assert trace.completion == f"<think>\n{thought}\n</think>\n\n{text}"
        assert "<|" not in trace.completion or "|>" not in trace.completion


@given(st.text("ab \n", max_size=9).map(str.strip), st.text("ab \n", max_size=9).map(str.strip))
def test_thought_and_answer_come_back_from_a_completion(thought: str, text: str) -> None:
    assert split_thought(completion(thought, text)) == (thought, text)
    assert fits("long", thought, text) == bool(thought)
    assert fits("short", thought, text) == (not thought)


@pytest.mark.parametrize(
    ("response", "parts"),
    [
        ("<think>\n\n</think>\n\nYes", ("", "Yes")),
        ("opened by the template</think>Yes", ("opened by the template", "Yes")),
        ("<think>never closed \\boxed{5}", ("never closed \\boxed{5}", "")),
        ("a</think>b</think>c", ("a", "b</think>c")),
    ],
)
def test_a_thought_ends_at_its_first_mark(response: str, parts: tuple[str, str]) -> None:
    assert split_thought(response) == parts


def command(server: FakeServer, corpus: Path, out: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "metaprobe.cli.main", "train", "data", str(corpus)),
        *("--out", str(out), "--against", "none", "--server", server.url, "--parallel", "4"),
        *("--max-new-tokens", "64", "--samples", "3", "--keep", "2"),
    ]


@pytest.mark.slow
def test_a_run_killed_again_and_again_writes_what_an_uninterrupted_one_writes(
    server: FakeServer, tmp_path: Path
) -> None:
    corpus = tmp_path / "sums.jsonl"
    rows = [{"question": f"What is {n} + 77?", "answer": str(n + 77)} for n in range(60)]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    subprocess.run(command(server, corpus, tmp_path / "whole"), check=True, capture_output=True)
    asked = len(server.asked)
    assert asked == 60 * 3 * 2
    server.pause = 0.05
    for target in (40, 150, 250):
        process = subprocess.Popen(
            command(server, corpus, tmp_path / "cut"), stderr=subprocess.DEVNULL
        )
        while len(server.asked) < asked + target and process.poll() is None:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    server.pause = 0
    subprocess.run(command(server, corpus, tmp_path / "cut"), check=True, capture_output=True)
    assert len(server.asked) <= 2 * asked + 3 * 4 + 3, "more than what was in flight was lost"
    for name in ("problems.jsonl", "traces.parquet", "train.jsonl", "card.json", "card.md"):
        cut, whole = (tmp_path / run / name for run in ("cut", "whole"))
        assert cut.read_bytes() == whole.read_bytes(), name


def test_a_server_that_ignores_the_switch_of_thinking_gives_no_traces(
    server: FakeServer, tmp_path: Path
) -> None:
    from metaprobe.models.chat_server import ServerSettings
    from metaprobe.training.corpus.server import ServerTeacher

    def always_think(asked: Request) -> tuple[int, dict[str, str], bytes]:
        return solve({**asked, "chat_template_kwargs": {"enable_thinking": True}})

    server.reply = always_think
    teacher = ServerTeacher("m", SAMPLING, ServerSettings(server.url))
    collection = Collection(tmp_path, teacher, SAMPLING, "short")
    collection.draw(sums(4), 2)
    found = collection.collect(sums(4), 2, 1)
    assert found.traces == []
    assert found.other_variant == found.verdicts[Verdict.CORRECT] > 0


def test_a_teacher_that_never_answers_is_not_asked_for_ever(
    server: FakeServer, tmp_path: Path
) -> None:
    from metaprobe.models.chat_server import ServerSettings
    from metaprobe.training.corpus.server import ServerTeacher

    server.reply = lambda asked: (400, {}, b"unknown field")
    teacher = ServerTeacher("m", SAMPLING, ServerSettings(server.url))
    with pytest.raises(TeacherError, match="none of 64 samples .*unknown field"):
        Collection(tmp_path, teacher, SAMPLING, "short").draw(sums(100), 2)
    assert len(server.asked) <= 64 + 16


def test_errors_of_a_server_are_counted_and_named(server: FakeServer, tmp_path: Path) -> None:
    from metaprobe.models.chat_server import ServerSettings
    from metaprobe.training.corpus.server import ServerTeacher

    def refuse_some(asked: Request) -> tuple[int, dict[str, str], bytes]:
        odd = "What is 3 " in asked["messages"][0]["content"]
        return (400, {}, b"too long") if odd else chat("\\boxed{5}")

    server.reply = refuse_some
    teacher = ServerTeacher("m", SAMPLING, ServerSettings(server.url))
    collection = Collection(tmp_path, teacher, SAMPLING, "short")
    collection.draw(sums(5), 2)
    found = collection.collect(sums(5), 2, 1)
    assert found.verdicts[Verdict.ERRORED] == 2
    assert found.errors == ["HTTP 400: 'too long'"]
    assert found.verdicts[Verdict.CORRECT] == 2
