"""Logs of several trainers as one table."""

import json
from math import isnan

import polars as pl
import pytest

from metaprobe.analysis.signatures.metrics import find_log, read_metrics
from metaprobe.core.errors import InputError

OURS = {1: {"reward": 0.5, "entropy": 0.25}, 2: {"reward": 0.75, "entropy": 0.125}}
VERL = {"reward": "critic/score/mean", "entropy": "actor/entropy"}


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_verl(values):
    return {VERL[name]: value for name, value in values.items()}


FORMS = {
    "metrics.jsonl": lines({"step": step, **values} for step, values in OURS.items()),
    "trainer_state.json": json.dumps(
        {
            "global_step": 2,
            "log_history": [{**values, "step": step} for step, values in OURS.items()],
        },
        indent=2,
    ),
    "history.json": json.dumps([{**values, "step": step} for step, values in OURS.items()]),
    "verl.jsonl": lines({"step": step, "data": as_verl(values)} for step, values in OURS.items()),
    "trainer_log.jsonl": lines(
        {"current_steps": step, **values, "elapsed_time": "0:01"} for step, values in OURS.items()
    ),
    "verl.log": "Ray started\n"
    + "".join(
        f"(TaskRunner pid=7) step:{step} - critic/score/mean:np.float64({values['reward']})"
        f" - actor/entropy:{values['entropy']}\n"
        for step, values in OURS.items()
    )
    + "Training Progress: 100%\n",
}


def as_rows(table):
    rows = {}
    for step, name, value in table.iter_rows():
        rows.setdefault(step, {})[name] = value
    return rows


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_table(tmp_path, name):
    path = tmp_path / name
    path.write_text(FORMS[name])
    table = read_metrics(path)
    assert table.schema == {"step": pl.Int64, "name": pl.String, "value": pl.Float64}
    assert as_rows(table) == OURS


def test_a_broken_last_line_is_left_out_and_another_one_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(FORMS["metrics.jsonl"].encode() + '{"step": 3, "word": "ü'.encode()[:-1])
    assert as_rows(read_metrics(path)) == OURS
    path.write_text('{"step": 1, "a\n' + FORMS["metrics.jsonl"])
    with pytest.raises(InputError, match=r"metrics\.jsonl:1: not a JSON object"):
        read_metrics(path)


def test_a_step_that_was_logged_again_has_its_later_value(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        lines([{"step": 2, "loss": 1.0}, {"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}])
    )
    assert as_rows(read_metrics(path)) == {1: {"loss": 3.0}, 2: {"loss": 2.0}}


def test_names_of_trainers_become_ours_and_unknown_ones_are_kept(tmp_path):
    path = tmp_path / "log.jsonl"
    row = {
        "completions/clipped_ratio": 0.1,
        "frac_reward_zero_std": 0.2,
        "rewards/accuracy_reward/mean": 0.3,
        "rewards/format_reward/mean": 0.4,
        "actor/ppo_kl": 0.5,
        "critic/score/mean": 0.6,
        "critic/rewards/mean": 0.7,
        "mine": 1,
        "text": "x",
        "flag": True,
        "none": None,
        "huge": 10**400,
    }
    path.write_text(lines([{"step": 1, **row}]) + '{"step": 2, "mine": NaN}\n')
    rows = as_rows(read_metrics(path))
    assert rows[1] == {
        "truncated_share": 0.1,
        "zero_variance_share": 0.2,
        "correct_share": 0.3,
        "rewards/format_reward/mean": 0.4,
        "kl_old": 0.5,
        "reward": 0.6,
        "critic/rewards/mean": 0.7,
        "mine": 1.0,
    }
    assert isnan(rows[2]["mine"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello\n",
        "[1, 2]",
        "[" * 100_000,
        '{"loss": 1}\n',
        '{"step": -1, "a": 1}\n',
        '{"step": 1}\n',
    ],
)
def test_what_is_no_log_is_one_clear_line(tmp_path, text):
    path = tmp_path / "log"
    path.write_text(text)
    with pytest.raises(InputError, match="no log of a trainer"):
        read_metrics(path)


def test_the_log_of_a_folder_is_the_fullest_or_that_of_its_newest_checkpoint(tmp_path):
    with pytest.raises(InputError, match="no log of a trainer"):
        find_log(tmp_path)
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert find_log(tmp_path).parent.name == "checkpoint-10"
    for name in ("trainer_log.jsonl", "metrics.jsonl"):
        (tmp_path / name).write_text("")
        assert find_log(tmp_path) == tmp_path / name
