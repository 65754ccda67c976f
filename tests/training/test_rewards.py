"""Rewards against their closed forms, and what training on a wrong one shows."""

import copy
from pathlib import Path
from typing import Any

import pytest
from toys import ITEMS, metrics_of, toy_run

from metaprobe.benchmark.family import find_family
from metaprobe.benchmark.steps import check_steps
from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import Split
from metaprobe.models.chat import encode_prompts
from metaprobe.training.arms import GRPOConfig
from metaprobe.training.grpo import train_grpo
from metaprobe.training.rewards import RewardSettings, answer_correctness, has_form, reward_for
from metaprobe.training.rollouts import RolloutSettings, roll_out

ITEM = find_family("integer_expression").items(split=Split.TRAIN, level=3, count=1)[0]
STEPS = list(ITEM.long)
RIGHT, WRONG = ITEM.answer.render(), "123456789"


def response(steps: list[str], answer: str) -> str:
    return "<think>\n" + "\n".join(steps) + f"\n</think>\n\nThe answer is \\boxed{{{answer}}}."


def reward(kind: Any, text: str, weight: float = 1.0, stream: str = "s") -> float:
    correct = answer_correctness(ITEM, text, truncated=False)
    return reward_for(RewardSettings(kind, weight), ITEM, text, correct=correct, stream=stream)


HALF = len(STEPS) // 2
CASES = {
    "gold": (response(STEPS, RIGHT), 1.0, 1.0),
    "right without all steps": (response(STEPS[:HALF], RIGHT), 1.0, HALF / len(STEPS)),
    "wrong at the end": (response(STEPS, WRONG), 0.0, 1.0),
    "guessed": (response([], RIGHT), 1.0, 0.0),
    "nothing": ("", 0.0, 0.0),
}


@pytest.mark.parametrize(("text", "answer", "steps"), CASES.values(), ids=CASES)
def test_rewards_have_their_closed_forms(text: str, answer: float, steps: float) -> None:
    assert check_steps(ITEM, text).share == steps
    assert reward("answer", text) == answer
    assert reward("steps", text) == steps
    for weight in (0.0, 0.25, 0.8):
        assert reward("steps", text, weight) == pytest.approx(
            (1 - weight) * answer + weight * steps
        )
    assert reward("strict", text) == (answer == steps == 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (response(STEPS, RIGHT), True),
        (response([], WRONG), True),
        ("well\n</think>\nIt is \\boxed{7}", True),
        ("<think>\n\n</think>\n\n4 + 3 = 7\nThe answer is \\boxed{7}.", True),
        ("<think>\nIt is \\boxed{7}", False),
        ("It is \\boxed{7}", False),
        ("<think>It is \\boxed{7}</think> as I said", False),
        ("<think>well</think>It is \\boxed{seven}", False),
        ("<think>well</think>It is \\boxed{}", False),
        ("<think>well</think>It is \\boxed{7", False),
        ("<think>a</think>\\boxed{7}<think>b</think>\\boxed{8}", False),
        ("<think>a<think>b</think>\\boxed{7}", False),
        ("", False),
    ],
)
def test_only_the_form_counts_for_the_form(text: str, expected: bool) -> None:
    assert has_form(ITEM, text) is expected
    assert reward("format", text) == expected


def test_the_random_reward_is_a_coin_with_a_name() -> None:
    texts = [CASES["gold"][0], CASES["nothing"][0]]
    tosses = [[reward("random", text, stream=f"r/{n}") for n in range(2000)] for text in texts]
    assert tosses[0] == tosses[1]
    assert set(tosses[0]) == {0.0, 1.0}
    assert abs(sum(tosses[0]) / 2000 - 0.5) < 4 * (0.25 / 2000) ** 0.5
    others = [reward("random", texts[0], stream=f"q/{n}") for n in range(2000)]
    agreeing = sum(a == b for a, b in zip(tosses[0], others, strict=True)) / 2000
    assert abs(agreeing - 0.5) < 4 * (0.25 / 2000) ** 0.5


def test_rollouts_know_their_answer_whatever_is_rewarded(
    unsure_model: Any, tiny_tokenizer: Any
) -> None:
    prompts = encode_prompts(tiny_tokenizer, [item.question for item in ITEMS])
    found = {}
    for kind in ("answer", "format", "random"):
        settings = RolloutSettings(8, 1.0, 24, RewardSettings(kind))
        groups = roll_out(unsure_model, tiny_tokenizer, ITEMS, prompts, settings, stream="test")
        found[kind] = [r for group in groups for r in group]
    assert all(r.reward == r.correct for r in found["answer"])
    assert len({tuple(r.correct for r in rollouts) for rollouts in found.values()}) == 1
    for kind in ("format", "random"):
        assert any(r.reward != r.correct for r in found[kind])
    # Each rollout of a group has a toss of its own.
    assert len({tuple(r.reward for r in found["random"][n : n + 8]) for n in (0, 8, 16, 24)}) > 1


def test_a_reward_for_form_is_earned_without_correct_answers(
    unsure_model: Any, tiny_tokenizer: Any, tmp_path: Path
) -> None:
    run = toy_run(tmp_path, "grpo")
    config = GRPOConfig(
        reward="format", steps=12, prompts=8, group_size=8, max_new_tokens=24,
        learning_rate=2e-3, stages=[12], precision="float32",
    )  # fmt: skip
    train_grpo(copy.deepcopy(unsure_model), tiny_tokenizer, config, ITEMS, run)
    rows = metrics_of(run)
    last = [sum(row[name] for row in rows[-4:]) / 4 for name in ("reward", "correct_share")]
    assert last[0] > 0.9
    assert last[1] < 0.8


@pytest.mark.parametrize(
    ("table", "named"),
    [({"reward": "anwser"}, "reward"), ({"step_weight": 1.5}, "step_weight")],
)
def test_a_wrong_reward_is_refused(table: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse_config(GRPOConfig, table, "x.toml")
