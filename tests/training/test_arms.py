"""Settings of arms: where stages fall, and which settings are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from metaprobe.core.errors import ConfigError
from metaprobe.training.arms import Arm, GRPOConfig, OnPolicySFTConfig, SFTConfig, stage_steps

counts = st.integers(1, 3000)


@given(number=st.integers(1, 40), steps=counts)
def test_log_stages_ascend_without_repeats_to_the_last_step(number: int, steps: int) -> None:
    stages = stage_steps(f"log:{number}", steps)
    assert stages == sorted(set(stages))
    assert len(stages) == min(number, steps)
    assert stages[0] >= 1
    assert stages[-1] == steps


def test_log_stages_are_spaced_by_a_factor() -> None:
    assert stage_steps("log:6", 64) == [2, 4, 8, 16, 32, 64]
    assert stage_steps("log:3", 1000) == [10, 100, 1000]
    assert stage_steps("log:1", 7) == [7]
    assert stage_steps("log:6", 4) == [1, 2, 3, 4]


@given(every=st.integers(1, 50), steps=counts)
def test_every_takes_the_multiples_and_the_last_step(every: int, steps: int) -> None:
    expected = {n for n in range(1, steps + 1) if n % every == 0} | {steps}
    assert stage_steps(f"every:{every}", steps) == sorted(expected)


def test_lists_are_steps_and_shares_are_of_the_steps() -> None:
    assert stage_steps([5, 1, 5], 9) == [1, 5, 9]
    assert stage_steps([1], 1) == [1]
    assert stage_steps([0.25, 0.5, 1.0], 10) == [3, 5, 10]
    assert stage_steps([0.01], 10) == [1, 10]


@pytest.mark.parametrize(
    "spec",
    ["log", "log:", "log:0", "log:x", "log:-1", "all:3", "", [], [0], [11], [-1, 5], [1.5], [0.0]],
)
def test_stages_that_cannot_be_are_refused_in_one_line(spec: str | list[int]) -> None:
    with pytest.raises(ConfigError, match="stages") as error:
        stage_steps(spec, 10)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [SFTConfig, OnPolicySFTConfig, GRPOConfig])
def test_every_kind_checks_its_stages_and_its_keys(kind: type[SFTConfig]) -> None:
    with pytest.raises(ValidationError, match=r"every stage must lie in 1\.\.4"):
        kind(steps=4, stages=[5])
    with pytest.raises(ValidationError, match="Extra inputs"):
        kind(learning_rat=1.0)
    with pytest.raises(ValidationError, match="frozen"):
        kind().steps = 3


def test_kind_tells_which_settings_are_meant() -> None:
    adapter: TypeAdapter[Arm] = TypeAdapter(Arm)
    for kind in (SFTConfig, OnPolicySFTConfig, GRPOConfig):
        config = kind(steps=7)
        assert adapter.validate_python(config.model_dump()) == config
    with pytest.raises(ValidationError, match="dpo"):
        adapter.validate_python({"kind": "dpo"})


@pytest.mark.parametrize(
    "settings", [{"group_size": 1}, {"temperature": 0}, {"steps": 0}, {"advantage": "none"}]
)
def test_settings_without_a_meaning_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GRPOConfig(**settings)
