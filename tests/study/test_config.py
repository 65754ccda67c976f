"""Settings of a study: what is accepted, what is refused and how the refusal reads."""

import tomllib
from pathlib import Path

import pytest

from metaprobe.benchmark.freeze import NANO_FAMILIES
from metaprobe.core.config import parse_config
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.study.config import StudyConfig, load_study
from metaprobe.study.layout import Layout
from metaprobe.study.plan import plan_study
from metaprobe.study.toml import dump_toml


def test_the_builtin_study_is_the_default_and_has_four_arms():
    assert set(load_study("nano").arms) == {"sft_short", "sft_long", "sft_on_policy", "grpo"}


def test_overrides_replace_single_settings():
    config = load_study("nano", ["arms.grpo.steps=7", "seeds=[0, 1]", "base=some/where"])
    assert config.arms["grpo"].steps == 7
    assert config.seeds == [0, 1]
    assert config.base == "some/where"


def test_a_benchmark_may_be_named_alone():
    named, plain = (load_study("nano", [s]) for s in ("benchmark=picks/frozen", "name=x"))
    assert named.benchmark.name == "picks/frozen"
    assert named.benchmark.items_per_cell is None
    assert plain.benchmark.items_per_cell is not None


def test_an_unknown_key_names_the_nearest_known_one():
    with pytest.raises(ConfigError, match=r"'arms\.grpo\.stepz'; did you mean 'steps'") as error:
        load_study("nano", ["arms.grpo.stepz=7"])
    assert "\n" not in str(error.value)


def test_an_unknown_key_is_named_before_what_is_missing_because_of_it():
    with pytest.raises(ConfigError, match="unknown key 'bas'; did you mean 'base'"):
        parse_config(StudyConfig, {"name": "x", "bas": "nano/qwen3"}, "x.toml")


def test_an_unknown_study_names_the_nearest_one():
    with pytest.raises(ConfigError, match="did you mean 'nano'"):
        load_study("nanno")


def test_a_wrong_value_names_its_place():
    with pytest.raises(ConfigError, match=r"sampling\.top_p"):
        load_study("nano", ["sampling.top_p=2"])


def test_an_unknown_cell_is_refused():
    with pytest.raises(ConfigError, match="mathematic"):
        load_study("nano", ['data.cells=["mathematic/*"]'])


def test_the_families_of_a_preset_can_be_named_by_it():
    assert load_study("nano").data.families == NANO_FAMILIES
    assert load_study("nano", ["data.families=default"]).data.families is None
    listed = load_study("nano", ['data.families=["recurrence"]']).data.families
    assert listed == ("recurrence",)


@pytest.mark.parametrize(
    ("value", "hint"),
    [("nanno", "did you mean 'nano'"), ('["recurence"]', "did you mean 'recurrence'")],
)
def test_an_unknown_preset_or_family_is_refused(value, hint):
    with pytest.raises(ConfigError, match=hint):
        load_study("nano", [f"data.families={value}"])


def test_an_override_without_a_value_is_refused():
    with pytest.raises(ConfigError, match="--set"):
        load_study("nano", ["arms.grpo.steps"])


def test_a_stage_outside_the_arm_is_refused():
    with pytest.raises(ConfigError, match="stages"):
        load_study("nano", ["arms.grpo.stages=[1, 9999]"])


def test_a_missing_file_and_broken_toml_are_one_line(tmp_path):
    with pytest.raises(ConfigError):
        load_study(str(tmp_path / "absent"))
    with pytest.raises(InputError):
        load_study(str(tmp_path / "absent.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("name = \n")
    with pytest.raises(ConfigError, match="line 1"):
        load_study(str(broken))


def test_the_resolved_file_reads_back_as_the_same_study(tmp_path):
    config = load_study("nano", ["arms.grpo.clip_low=0.1"])
    text = dump_toml(config.model_dump(mode="json", exclude_none=True))
    assert tomllib.loads(text)["arms"]["grpo"]["clip_low"] == 0.1
    path = tmp_path / "study.toml"
    path.write_text(text)
    assert load_study(str(path)) == config


BETWEEN = "arms.between={kind='interpolation',of='sft_long'}"


def test_an_interpolation_needs_a_trained_arm_of_the_study() -> None:
    assert "between" in load_study("nano", [BETWEEN]).arms
    for other in ("sft_lnog", "between"):
        with pytest.raises(ConfigError, match=f"arms.between.of: no trained arm '{other}'"):
            load_study("nano", [BETWEEN.replace("sft_long", other)])


def test_an_interpolation_waits_for_its_arm_and_changes_with_it(tmp_path: Path) -> None:
    keys = {}
    for steps in (80, 90):
        config = load_study("nano", [BETWEEN, f"arms.sft_long.steps={steps}"])
        planned = {p.unit.name: p for p in plan_study(config, Layout(tmp_path), "hash")}
        made = planned["train-between-0"]
        assert made.unit.after == ("train-sft_long-0",)
        assert [path.parent.name for path in made.outputs] == ["step-25", "step-50", "step-75"]
        keys[steps] = made.key
    assert keys[80] != keys[90]


def test_prepared_traces_have_no_steps_to_change() -> None:
    prepared = ["data.prepared=some/folder"]
    assert load_study("nano", prepared).data.prepared == "some/folder"
    with pytest.raises(ConfigError, match="arms.sft_long.quality"):
        load_study("nano", [*prepared, "arms.sft_long.quality=shuffled"])
