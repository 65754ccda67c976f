"""Changed traces are what they are called, by the judgement of the step checkers and of grading."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from toys import ITEMS, fresh_model, metrics_of, toy_run

from metaprobe.benchmark.family import families
from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.benchmark.steps import check_steps
from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import Split, Verdict
from metaprobe.models.chat import encode_prompts
from metaprobe.training.arms import SFTConfig
from metaprobe.training.rollouts import RolloutSettings, roll_out
from metaprobe.training.sft import teacher_text, train_sft, with_variants
from metaprobe.training.traces import PARAPHRASES, solution_text

CHANGED = ("wrong_steps", "shuffled", "truncated", "paraphrased", "unverified")


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """One of every family."""
    return [next(f.stream(split=Split.TRAIN, level=2, seed=9, limit=1)) for f in families()]


def text_of(item: Item, quality: Any = "verified", variant: int = 0, **settings: Any) -> str:
    config = SFTConfig(**{"traces": "long", "quality": quality, **settings})
    return teacher_text(item, config, variant)


def shares(items: list[Item], quality: Any) -> list[float]:
    return [check_steps(item, text_of(item, quality)).share for item in items]


def test_paraphrases_keep_every_step_in_words_of_their_own(items: list[Item]) -> None:
    for n, item in enumerate(items):
        style = PARAPHRASES[n % len(PARAPHRASES)]
        for length in ("short", "long"):
            text = solution_text(item, style, length)
            assert check_steps(item, text).share == 1, text
            assert grade(item.answer, text).verdict is Verdict.CORRECT
            assert text.count("\\boxed{") == 1


@pytest.mark.parametrize("traces", ["short", "long"])
@pytest.mark.parametrize("quality", CHANGED)
def test_only_an_unverified_teacher_has_wrong_answers(
    items: list[Item], quality: Any, traces: Any
) -> None:
    for item in items:
        text = text_of(item, quality, traces=traces)
        wanted = Verdict.WRONG if quality == "unverified" else Verdict.CORRECT
        assert grade(item.answer, text).verdict is wanted, text


def test_verified_steps_fall_as_each_change_says(items: list[Item]) -> None:
    assert set(shares(items, "verified")) == {1.0}
    assert set(shares(items, "paraphrased")) == {1.0}
    several = [item for item in items if len(set(item.long)) > 2 and item.short]
    assert len(several) > 80
    for quality in ("wrong_steps", "shuffled", "truncated"):
        assert max(shares(several, quality)) < 1, quality
    found = dict(zip((i.family for i in items), shares(items, "unverified"), strict=True))
    # A unit that stands inside of its one step leaves nothing to change in it.
    assert {family for family, share in found.items() if share == 1} <= {"si_unit_of_quantity"}


def test_the_changes_are_no_more_than_they_say(items: list[Item]) -> None:
    for item in items:
        right, style = item.long, "Step {n}: {step}"
        steps = {
            quality: text_of(item, quality).partition("</think>")[0].splitlines()[1:]
            for quality in ("verified", "shuffled", "truncated", "wrong_steps")
        }
        assert steps["verified"] == [style.format(n=n, step=s) for n, s in enumerate(right, 1)]
        assert [s for s in steps["truncated"] if s] == steps["verified"][: len(right) // 2]
        bare = [line.partition(": ")[2] for line in steps["shuffled"]]
        assert Counter(bare) == Counter(right)
        assert len(steps["wrong_steps"]) == len(right)
        for wrong, own in zip(steps["wrong_steps"], steps["verified"], strict=True):
            if any(c.isdigit() for c in own.partition(": ")[2]):
                assert sum(a != b for a, b in zip(wrong, own, strict=True)) == 1


@pytest.mark.parametrize("quality", CHANGED)
def test_untouched_traces_are_those_of_the_verified_arm(items: list[Item], quality: Any) -> None:
    verified = [text_of(item) for item in items]
    touched = {
        share: [text_of(item, quality, quality_share=share) for item in items]
        for share in (0.0, 0.3, 0.6, 1.0)
    }
    assert touched[0.0] == verified
    assert touched[1.0] == [text_of(item, quality) for item in items]
    for n, (own, part, more, whole) in enumerate(
        zip(verified, touched[0.3], touched[0.6], touched[1.0], strict=True)
    ):
        assert part in (own, whole), n
        assert more == whole or part == more == own
    for share in (0.3, 0.6):
        changed = sum(a != b for a, b in zip(touched[share], verified, strict=True))
        possible = sum(a != b for a, b in zip(touched[1.0], verified, strict=True))
        assert abs(changed - share * possible) < 4 * (share * (1 - share) * possible) ** 0.5


def test_another_corruption_touches_the_same_traces(items: list[Item]) -> None:
    def changed(quality: Any) -> set[str]:
        return {i.id for i in items if text_of(i, quality, quality_share=0.4) != text_of(i)}

    assert changed("truncated") <= changed("unverified")
    assert changed("shuffled") <= changed("truncated")


def test_eight_traces_of_a_problem_are_all_different_and_right(items: list[Item]) -> None:
    for item in items[::3]:
        for traces in ("short", "long", "mixed"):
            texts = [text_of(item, traces=traces, variant=v) for v in range(8)]
            assert len(set(texts)) == 8
            assert texts[0] == text_of(item, traces=traces)
            assert all(check_steps(item, text).share == 1 for text in texts)
            paraphrased = {text_of(item, "paraphrased", traces=traces, variant=v) for v in range(8)}
            assert len(paraphrased) == 8


def test_a_problem_that_is_met_again_has_its_next_trace() -> None:
    batches = [[0, 1], [1, 0], [0, 2], [0, 0]]
    assert list(with_variants(batches, 3)) == [
        [(0, 0), (1, 0)],
        [(1, 1), (0, 1)],
        [(0, 2), (2, 0)],
        [(0, 0), (0, 1)],
    ]
    assert all(v == 0 for rows in with_variants(batches, 1) for _, v in rows)
    assert next(islice(with_variants(batches, 3), 2, None)) == [(0, 2), (2, 0)]


@pytest.mark.slow
def test_a_teacher_without_a_check_teaches_wrong_answers(
    tiny_tokenizer: Any, tmp_path: Path
) -> None:
    correct = {}
    for quality in ("verified", "unverified"):
        model, run = fresh_model(tiny_tokenizer), toy_run(tmp_path, quality)
        config = SFTConfig(
            steps=80, learning_rate=1e-2, batch_size=8, quality=quality, teacher="base",
            stages=[80], precision="float32",
        )  # fmt: skip
        train_sft(model, tiny_tokenizer, config, ITEMS, run)
        assert metrics_of(run)[-1]["loss"] < 0.1 * metrics_of(run)[0]["loss"]
        prompts = encode_prompts(tiny_tokenizer, [item.question for item in ITEMS])
        settings = RolloutSettings(8, 0.5, 24)
        groups = roll_out(model, tiny_tokenizer, ITEMS, prompts, settings, stream="test")
        correct[quality] = sum(r.correct for group in groups for r in group) / 64
    assert correct["verified"] > 0.6
    assert correct["unverified"] < 0.2


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"quality": "wrong"}, "quality"),
        ({"quality_share": 1.2}, "quality_share"),
        ({"traces_per_problem": 9}, "traces_per_problem"),
        ({"traces_per_problem": 0}, "traces_per_problem"),
    ],
)
def test_a_wrong_setting_is_refused(table: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse_config(SFTConfig, table, "x.toml")
