"""A job of verl says what the arm says, in keys that verl has, and its reward is our grader."""

from typing import Any

import polars as pl
import pytest
import yaml
from cases import ITEMS, MIXED, target, text
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark.grading import grade
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import Verdict
from metaprobe.models.chat import user_message
from metaprobe.training.arms import GRPOConfig
from metaprobe.training.handoff import paper, verl
from metaprobe.training.handoff.data import Corpus, problems
from metaprobe.training.handoff.job import Draft, Target
from metaprobe.training.handoff.reward import compute_score

ACTOR = "actor_rollout_ref.actor"
ROLLOUT = "actor_rollout_ref.rollout"
ARM = GRPOConfig(
    steps=6, prompts=4, group_size=8, learning_rate=1e-5, stages="every:2", max_new_tokens=100
)
GOLDEN = {
    "trainer.total_training_steps": 6,
    "trainer.total_epochs": 6,
    "trainer.save_freq": 2,
    "data.train_batch_size": 4,
    "data.max_prompt_length": 128,
    "data.max_response_length": 100,
    "algorithm.adv_estimator": "grpo",
    "algorithm.norm_adv_by_std_in_grpo": True,
    "algorithm.use_kl_in_reward": False,
    "algorithm.filter_groups.enable": False,
    f"{ACTOR}.optim.lr": 1e-5,
    f"{ACTOR}.optim.lr_warmup_steps": 1,
    f"{ACTOR}.optim.lr_scheduler_type": "cosine",
    f"{ACTOR}.optim.min_lr_ratio": 0.1,
    f"{ACTOR}.optim.zero_indexed_step": False,
    f"{ACTOR}.optim.weight_decay": 0.0,
    f"{ACTOR}.grad_clip": 1.0,
    f"{ACTOR}.fsdp_config.dtype": "bfloat16",
    f"{ACTOR}.ppo_mini_batch_size": 4,
    f"{ACTOR}.ppo_epochs": 1,
    f"{ACTOR}.policy_loss.loss_mode": "vanilla",
    f"{ACTOR}.loss_agg_mode": "token-mean",
    f"{ACTOR}.clip_ratio_low": 0.2,
    f"{ACTOR}.clip_ratio_high": 0.28,
    f"{ACTOR}.clip_ratio_c": 1e9,
    f"{ACTOR}.use_kl_loss": False,
    f"{ACTOR}.entropy_coeff": 0.0,
    f"{ACTOR}.use_dynamic_bsz": True,
    f"{ACTOR}.ppo_max_token_len_per_gpu": 16_384,
    f"{ROLLOUT}.dtype": "bfloat16",
    f"{ROLLOUT}.n": 8,
    f"{ROLLOUT}.temperature": 1.0,
    f"{ROLLOUT}.top_p": 1.0,
    f"{ROLLOUT}.name": "vllm",
    f"{ROLLOUT}.tensor_model_parallel_size": 1,
    "data.shuffle": False,
    "data.seed": 0,
    "data.filter_overlong_prompts": False,
    "data.truncation": "error",
    "actor_rollout_ref.model.use_remove_padding": True,
    "actor_rollout_ref.model.enable_gradient_checkpointing": True,
    "actor_rollout_ref.model.trust_remote_code": False,
    "reward.custom_reward_function.name": "compute_score",
    "trainer.nnodes": 1,
    "trainer.n_gpus_per_node": 1,
    "trainer.project_name": "metaprobe",
    "trainer.experiment_name": "a-0",
    "trainer.logger": ["console"],
    "trainer.max_actor_ckpt_to_keep": None,
    "trainer.resume_mode": "auto",
    "trainer.val_before_train": False,
    "trainer.test_freq": -1,
    "trainer.use_v1": True,
}


def draft(config: GRPOConfig, of: Target, corpus: Corpus | None = None) -> Draft:
    corpus = corpus or verl.arm_corpus(ITEMS, config, of)
    return verl.draft_job(config, corpus, problems(ITEMS[:2]), of, "vllm")


def overrides(made: Draft) -> dict[str, Any]:
    lines = text(made, "overrides.txt").splitlines()
    pairs = [line.partition("=")[::2] for line in lines]
    assert len(dict(pairs)) == len(lines), "a key is there twice"
    return {key: yaml.safe_load(value) for key, value in pairs}


def test_the_keys_and_values_are_these() -> None:
    assert overrides(draft(ARM, target())) == GOLDEN


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"advantage": "group_mean"}, {"algorithm.norm_adv_by_std_in_grpo": False}),
        (
            {"advantage": "leave_one_out"},
            {"algorithm.adv_estimator": "rloo", "algorithm.norm_adv_by_std_in_grpo": False},
        ),
        (
            {"advantage": "batch_std"},
            {
                "algorithm.adv_estimator": "reinforce_plus_plus_baseline",
                "algorithm.norm_adv_by_std_in_grpo": False,
            },
        ),
        ({"aggregation": "sequence_mean"}, {f"{ACTOR}.loss_agg_mode": "seq-mean-token-mean"}),
        (
            {"aggregation": "constant"},
            {
                f"{ACTOR}.loss_agg_mode": "seq-mean-token-sum-norm",
                f"{ACTOR}.loss_scale_factor": 100,
            },
        ),
        ({"loss": "cispo"}, {f"{ACTOR}.policy_loss.loss_mode": "cispo"}),
        ({"loss": "gspo"}, {f"{ACTOR}.policy_loss.loss_mode": "gspo"}),
        ({"updates_per_rollout": 3}, {f"{ACTOR}.ppo_epochs": 3}),
        ({"clip_low": 3e-4}, {f"{ACTOR}.clip_ratio_low": 3e-4}),
        ({"clip_high": 4e-4}, {f"{ACTOR}.clip_ratio_high": 4e-4}),
        ({"dual_clip": 3.0}, {f"{ACTOR}.clip_ratio_c": 3.0}),
        (
            {"kl": "k3", "kl_weight": 0.02},
            {
                f"{ACTOR}.use_kl_loss": True,
                f"{ACTOR}.kl_loss_type": "k3",
                f"{ACTOR}.kl_loss_coef": 0.02,
            },
        ),
        ({"entropy_weight": 0.01}, {f"{ACTOR}.entropy_coeff": 0.01}),
        (
            {"refill": 2},
            {"algorithm.filter_groups.enable": True, "algorithm.filter_groups.metric": "acc"},
        ),
        (
            {"token_correction": 2.0},
            {
                "algorithm.rollout_correction.rollout_is": "token",
                "algorithm.rollout_correction.rollout_is_threshold": 2.0,
            },
        ),
        ({"temperature": 0.8}, {f"{ROLLOUT}.temperature": 0.8}),
        ({"schedule": "constant"}, {f"{ACTOR}.optim.lr_scheduler_type": "constant"}),
        ({"warmup": 0.5}, {f"{ACTOR}.optim.lr_warmup_steps": 3}),
        ({"weight_decay": 0.1}, {f"{ACTOR}.optim.weight_decay": 0.1}),
        ({"max_grad_norm": 0.3}, {f"{ACTOR}.grad_clip": 0.3}),
        (
            {"precision": "float32"},
            {f"{ACTOR}.fsdp_config.dtype": "float32", f"{ROLLOUT}.dtype": "float32"},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_every_setting_reaches_its_key(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert overrides(draft(ARM.model_copy(update=changes), target())) == GOLDEN | expected


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kl": "exact"}, "exact"),
        ({"mask_truncated": True}, "mask_truncated"),
        ({"rollouts_from": "base"}, "rollouts_from"),
        ({"curriculum": "pass_rate"}, "pass_rate"),
        ({"group_size": 3, "prompts": 3}, "devices"),
    ],
)
def test_what_verl_cannot_do_is_refused_in_one_line(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as error:
        draft(ARM.model_copy(update=changes), target(gpus=8))
    assert "\n" not in str(error.value)


def test_a_sampler_that_verl_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'vllm'"):
        verl.draft_job(ARM, verl.arm_corpus(ITEMS, ARM, target()), [], target(), "vlm")


@pytest.mark.parametrize("base", paper.MODELS)
def test_the_preset_is_what_was_published(base: str) -> None:
    many = Corpus(problems(ITEMS * 50), in_order=False)
    layout = paper.rl_layout(base)
    of = target(base=base, preset="paper", nodes=layout.nodes, gpus=layout.gpus)
    read = overrides(draft(ARM, of, many))
    published = {
        "algorithm.adv_estimator": "grpo",
        "algorithm.use_kl_in_reward": False,
        f"{ACTOR}.use_kl_loss": False,
        f"{ACTOR}.clip_ratio_low": 0.2,
        f"{ACTOR}.clip_ratio_high": 0.28,
        f"{ACTOR}.clip_ratio_c": 10.0,
        "data.max_prompt_length": 2048,
        "data.max_response_length": 20480,
        "+reward.reward_kwargs.overlong_buffer_cfg.len": 4096,
        "+reward.reward_kwargs.overlong_buffer_cfg.penalty_factor": 1.0,
        "reward.reward_manager.name": "dapo",
        f"{ACTOR}.loss_agg_mode": "token-mean",
        "algorithm.filter_groups.metric": "acc",
        "data.train_batch_size": 512,
        f"{ROLLOUT}.n": 16,
        f"{ACTOR}.ppo_mini_batch_size": 32,
        f"{ACTOR}.optim.lr": 1e-6,
        f"{ACTOR}.optim.lr_warmup_steps": 10,
        f"{ACTOR}.optim.weight_decay": 0.1,
        f"{ACTOR}.grad_clip": 1.0,
        f"{ACTOR}.entropy_coeff": 0,
        f"{ROLLOUT}.temperature": 1.0,
        f"{ROLLOUT}.top_p": 1.0,
        f"{ROLLOUT}.val_kwargs.top_p": 0.7,
        "trainer.total_epochs": 1,
        "trainer.save_freq": 5,
        "actor_rollout_ref.model.path": base,
    }
    assert published.items() <= read.items()
    assert read[f"{ACTOR}.ppo_max_token_len_per_gpu"] >= 2048 + 20480


def test_too_few_problems_for_a_step_are_refused() -> None:
    with pytest.raises(ConfigError, match="512"):
        draft(ARM, target(base=paper.MODELS[0], preset="paper", gpus=8))


def test_the_table_has_one_schema_for_golds_of_any_kind() -> None:
    table = verl.table(problems(MIXED))
    assert table.schema["reward_model"] == pl.Struct(
        {"style": pl.String, "ground_truth": pl.String}
    )
    assert table.schema == verl.table(problems(MIXED[:1])).schema
    turns = [[{"role": "user", "content": user_message(i.question)}] for i in MIXED]
    assert table["prompt"].to_list() == turns
    golds = [row["ground_truth"] for row in table["reward_model"].to_list()]
    assert golds == [i.answer.model_dump_json() for i in MIXED]


@settings(max_examples=15)
@given(question=st.text(min_size=1, max_size=300))
def test_no_prompt_exceeds_its_limit(question: str) -> None:
    asked = question.encode(errors="replace").decode()
    items = [Item(**{**ITEMS[0].model_dump(), "question": asked})] * 4
    limit = overrides(draft(ARM, target(), verl.arm_corpus(items, ARM, target())))
    assert limit["data.max_prompt_length"] >= len(user_message(asked).encode()) + 64


@given(
    number=st.integers(0, 2),
    response=st.one_of(
        st.text(max_size=200),
        st.integers(-3, 5).map(lambda n: f"so \\boxed{{{n}}}"),
        st.sampled_from(["\\boxed{1/3}", "\\boxed{0.5}", "\\boxed{\\frac13}", "\\boxed{{", "2"]),
        st.text(max_size=20).map(lambda t: f"<think>\\boxed{{2}}</think> \\boxed{{{t}}}"),
    ),
)
def test_the_reward_is_the_grader(number: int, response: str) -> None:
    item = [*MIXED[:2], ITEMS[4]][number]
    gold = item.answer.model_dump_json()
    given_reward = compute_score(
        data_source="d", solution_str=response, ground_truth=gold, extra_info={}, num_turns=1
    )
    correct = grade(item.answer, response).verdict is Verdict.CORRECT
    assert given_reward == {"score": float(correct), "acc": float(correct)}


def test_differences_are_said() -> None:
    uneven = ARM.model_copy(update={"stages": [1, 4, 6], "refill": 1, "advantage": "batch_std"})
    job = draft(uneven, target()).job
    assert job.stages == [2, 4, 6]
    said = " ".join(job.differences)
    for word in ("[1, 4, 6]", "refill", "over tokens"):
        assert word in said
