"""A set of training data: its files, its card, and the arms that are trained on it."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fake_server import FakeServer, chat
from typer.testing import CliRunner

from metaprobe.benchmark.items import read_items
from metaprobe.cli import train
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.files import sha256_file
from metaprobe.core.stats import wilson
from metaprobe.models.chat_server import ServerSettings
from metaprobe.training.corpus import local
from metaprobe.training.corpus.collection import Collection
from metaprobe.training.corpus.config import DataConfig
from metaprobe.training.corpus.curation import read_problems
from metaprobe.training.corpus.load import draw_prepared, load_traces, prepared_key
from metaprobe.training.corpus.prepare import prepare_data
from metaprobe.training.corpus.server import ServerTeacher
from metaprobe.training.corpus.sources import Row, Source
from metaprobe.training.corpus.teachers import Job, TraceSampling


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Thirty sums; one twice, one without a gold."""
    rows = [{"question": f"What is {n} + 41?", "answer": str(n + 41)} for n in range(30)]
    rows += [{"question": "what is 3 +  41?", "answer": "44"}]
    rows += [{"question": "Why | not?", "answer": None}]
    path = tmp_path / "sums" / "train.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (path.parent / "LICENSE").write_text("CC0\n", encoding="utf-8")
    return path.parent


def make(corpus: Path, out: Path, server: FakeServer | None, **settings: Any) -> dict[str, Any]:
    config = DataConfig(sources=(str(corpus),), against=(), samples=3, **settings)
    teacher = None
    if server:
        teacher = ServerTeacher("m", config.sampling, ServerSettings(server.url, pause=0.001))
    return prepare_data(config, out, teacher)


def test_the_card_counts_what_the_files_hold(
    corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    card = make(corpus, out, server, keep=2)
    assert [step["problems"] for step in card["steps"]] == [32, 31, 30, 30]
    assert card["left_out"]["exact duplicate"] == card["left_out"]["unreadable gold"] == 1
    assert card["examples"]["exact duplicate"][0]["other"] == "sums/train.jsonl:4"
    assert card["sources"][0]["licence"] == "CC0"
    assert len((out / "left_out.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    for name, digest in card["files"].items():
        assert sha256_file(out / name) == digest
    traces = pl.read_parquet(out / "traces.parquet")
    for one in card["variants"]:
        # Independently: the fake server is right unless the seed is a multiple of four.
        thinks = one["variant"] == "long"
        asked = [a for a in server.asked if a["chat_template_kwargs"]["enable_thinking"] == thinks]
        right = [a for a in asked if a["seed"] % 4]
        per_problem = Counter(a["messages"][0]["content"] for a in right)
        assert one["samples"] == len(asked) == 90
        assert (one["correct"], one["wrong"]) == (len(right), 90 - len(right))
        assert one["traces"] == sum(min(2, n) for n in per_problem.values())
        assert one["traces"] == len(traces.filter(pl.col("variant") == one["variant"]))
        assert one["problems_solved"] == wilson(len(per_problem), 30)._asdict()
        assert one["samples_accepted"]["value"] == pytest.approx(len(right) / 90)
        assert one["tokens"]["n"] == one["traces"]
    text = (out / "card.md").read_text(encoding="utf-8")
    assert "| sums | 32 | CC0 |" in text
    assert "Why" not in text.replace("Why \\| not?", "")


def test_train_jsonl_holds_messages_that_answer_the_gold(
    corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    make(corpus, out, server)
    golds = {i.id: (i.question, i.answer.render()) for i in read_items(out / "problems.jsonl")}
    described = json.loads((out / "dataset_info.json").read_text(encoding="utf-8"))
    assert set(described) == {"short_traces", "long_traces"}
    rows = []
    for entry in described.values():
        text = (out / entry["file_name"]).read_text(encoding="utf-8")
        rows += [json.loads(line) for line in text.splitlines()]
    whole = (out / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in whole] == rows
    for row in rows:
        user, assistant = row["messages"]
        question, gold = golds[row["id"]]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        assert user["content"].startswith(question)
        assert re.findall(r"boxed\{(\d+)\}", assistant["content"]) == [gold]
        assert assistant["content"].startswith("<think>\n") == (row["variant"] == "long")


def test_the_same_command_draws_nothing_twice_and_writes_the_same_bytes(
    corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    make(corpus, tmp_path / "out", server)
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    asked = len(server.asked)
    make(corpus, tmp_path / "out", server)
    assert len(server.asked) == asked
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()} == before


def test_a_changed_setting_redoes_what_it_touches_alone(
    corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = make(corpus, out, server)
    asked = len(server.asked)
    fewer = make(corpus, out, server, limit=10)
    assert len(server.asked) == asked
    assert [one["samples"] for one in fewer["variants"]] == [30, 30]
    hotter = TraceSampling(temperature=1.0)
    make(corpus, out, server, limit=10, variants=("long",), sampling=hotter)
    assert len(server.asked) == asked + 30
    assert not (out / "train-short.jsonl").exists()
    assert make(corpus, out, server) == first
    assert len(server.asked) == asked + 30


def test_problems_that_were_edited_are_curated_again(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    card = make(corpus, out, None)
    problems = (out / "problems.jsonl").read_bytes()
    (out / "problems.jsonl").write_bytes(problems[:100])
    assert make(corpus, out, None) == card
    assert (out / "problems.jsonl").read_bytes() == problems
    assert sorted(card["files"]) == ["left_out.jsonl", "problems.jsonl"]


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "Q", "answer": ""}\n', encoding="utf-8")
    with pytest.raises(InputError, match="no problem remains"):
        make(tmp_path / "a.jsonl", tmp_path / "out", None)


def test_a_set_is_loaded_and_drawn_from(corpus: Path, server: FakeServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    server.reply = lambda asked: chat("\\boxed{50}")
    make(corpus, out, server)
    prepared = load_traces(out)
    assert len(prepared.items) == 30
    (solved,) = (item for item in prepared.items if item.question == "What is 9 + 41?")
    assert prepared.traces == {"short": {solved.id: ["\\boxed{50}"]}, "long": {}}
    assert draw_prepared(prepared, 1, lengths=["short"], seed=0) == [solved]
    assert len({i.id for i in draw_prepared(prepared, 20, lengths=[], seed=0)}) == 20
    with pytest.raises(ConfigError, match="has 0 with long traces"):
        draw_prepared(prepared, 1, lengths=["long"], seed=0)


def test_an_unfinished_or_edited_set_is_not_loaded(
    corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    make(corpus, out, server)
    key = prepared_key(out)
    (out / "traces.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"traces\.parquet: missing or changed"):
        load_traces(out)
    make(corpus, out, server)
    assert prepared_key(out) == key
    (out / "card.json").unlink()
    with pytest.raises(InputError, match="make or finish"):
        load_traces(out)


@pytest.mark.slow
@pytest.mark.parametrize("arm", [{"kind": "sft", "traces": "long"}, {"kind": "grpo", "prompts": 1}])
def test_an_arm_is_trained_on_prepared_problems(
    arm: dict[str, Any], corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    from metaprobe.study.config import DataSettings, StudyConfig
    from metaprobe.study.tasks import TrainTask
    from metaprobe.training.session import ArmRun

    make(corpus, tmp_path / "out", server)
    if arm["kind"] == "grpo":
        arm = {**arm, "group_size": 2, "max_new_tokens": 4}
    study = StudyConfig.model_validate(
        {"name": "x", "base": "nano/qwen3", "arms": {"a": {**arm, "steps": 1, "stages": [1]}}}
    )
    data = DataSettings(prepared=str(tmp_path / "out"), problems=4)
    base, config = "nano/qwen3", study.arms["a"]
    run = ArmRun(arm="a", seed=0, base=base, root=tmp_path / "stages")
    task = TrainTask(arm=run, config=config, data=data)
    items, solutions = task._problems()
    assert {item.source for item in items} <= {f"sums/train.jsonl:{n}" for n in range(1, 31)}
    assert solutions is not None
    assert all("<think>" in solutions["long"][item.id][0] for item in items if arm["kind"] == "sft")
    task.run(lambda share: None)
    assert (tmp_path / "stages" / "a" / "seed-0" / "step-1" / "model.safetensors").is_file()


def test_a_prepared_trace_is_what_the_model_is_trained_to_write(tiny_tokenizer: Any) -> None:
    from metaprobe.training.arms import SFTConfig
    from metaprobe.training.sft import teacher_examples

    rows = [Row("r", "What is 1 + 1?", "2", False, 1)]
    (item,) = read_problems([Source("s", None, None, (), rows)]).items
    solutions = {"short": {item.id: ["So 2."]}, "long": {item.id: ["<think>\nOh.\n</think>\n\n2"]}}
    expected = {"short": "<think>\n\n</think>\n\nSo 2.", "long": "<think>\nOh.\n</think>\n\n2"}
    for length in ("short", "long"):
        config = SFTConfig(traces=length)
        (example,) = teacher_examples(tiny_tokenizer, config, [item], solutions=solutions)
        assert tiny_tokenizer.decode(example.completion[:-1]) == expected[length]


@pytest.fixture
def tiny_folder(tiny_qwen3: Any, tiny_tokenizer: Any, tmp_path: Path) -> str:
    tiny_qwen3.save_pretrained(tmp_path / "tiny")
    tiny_tokenizer.save_pretrained(tmp_path / "tiny")
    return str(tmp_path / "tiny")


def test_a_local_teacher_that_was_interrupted_draws_what_it_would_have_drawn(
    tiny_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_CHUNK", 3)
    rows = [Row(f"r:{n}", f"What is {n} + 5?", str(n + 5), False, 1) for n in range(8)]
    items = read_problems([Source("s", None, None, (), rows)]).items
    sampling = TraceSampling(max_new_tokens=12)

    def collection(name: str) -> Collection:
        return Collection(
            tmp_path / name, local.LocalTeacher(tiny_folder, sampling, 2), sampling, "short"
        )

    whole, cut = collection("whole"), collection("cut")
    whole.draw(items, 2)
    lines = whole.path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 16
    cut.path.parent.mkdir()
    cut.path.write_text("".join(lines[:5]) + lines[5][:20], encoding="utf-8")
    cut.draw(items, 2)
    assert cut.path.read_bytes() == whole.path.read_bytes()


def test_a_local_teacher_refuses_what_does_not_fit_its_context(tiny_folder: str) -> None:
    teacher = local.LocalTeacher(tiny_folder, TraceSampling(), 1)
    with pytest.raises(ConfigError, match=r"--max-new-tokens 16384: .*ask for at most \d+"):
        teacher.solve([Job("k", "What is 1 + 1?", (0,))], "short", lambda reply: None)


def call(*arguments: object) -> Any:
    return CliRunner().invoke(train.app, ["data", *map(str, arguments)])


def test_the_command_line_makes_a_set_and_prints_its_card(
    corpus: Path, server: FakeServer, tmp_path: Path
) -> None:
    common = (corpus, "--out", tmp_path / "out", "--against", "none", "--variants", "short")
    result = call(*common, "--server", server.url, "--samples", 2)
    assert result.exit_code == 0, result.output
    assert {asked["model"] for asked in server.asked} == {"Qwen/Qwen3-32B"}
    assert "short traces; of 60 samples" in result.stdout
    card = json.loads(call(*common, "--json").stdout)
    assert card["teacher"] is None
    assert card["variants"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--variants", "shrt"), "did you mean 'short'"),
        (("--samples", 2, "--keep", 3), "--keep 3 is more than --samples 2"),
        (("--top-p", 2), "top_p"),
        (("--server", "nowhere"), "--server"),
        (("--teacher", "nano/qwen4"), "nano/qwen3"),
        (("--against", "nanno"), "nano"),
        (("--gold", "ansver"), "did you mean 'answer'"),
    ],
)
def test_a_wrong_argument_is_one_line(
    arguments: tuple[object, ...], message: str, corpus: Path, tmp_path: Path
) -> None:
    result = call(corpus, "--out", tmp_path / "out", *arguments)
    assert getattr(result.exception, "exit_status", None) == 2, result.exception
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
