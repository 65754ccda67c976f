"""`metaprobe features diff` from the models to the classes of features."""

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from metaprobe.cli.main import app
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import CrosscoderTraining
from metaprobe.probes.features.crosscoder import load_crosscoder

QUICK = ["--items", "2", "--samples", "1", "--max-new-tokens", "32"]
SETTINGS = ["--set", "steps=20", "--set", "batch=64", "--set", "expansion=2", "--set", "k=8"]


@pytest.mark.slow
def test_a_base_beside_itself_shares_all_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metaprobe.probes.features import activations

    monkeypatch.setattr(activations, "SHARD_TOKENS", 2000)
    command = ["features", "diff", "nano/qwen3", "nano/qwen3", "--layer", "2"]
    command += ["--out", str(tmp_path), *QUICK, *SETTINGS]
    done = CliRunner().invoke(app, [*command, "--json"])
    assert done.exit_code == 0, done.output
    found = CrosscoderTraining.model_validate_json(done.stdout)
    assert found == CrosscoderTraining.model_validate_json((tmp_path / "diff.json").read_text())
    assert (found.module, found.rows) == ("model.layers.1", 20 * 64)
    shared, *others = found.classes
    assert shared.features.count == shared.features.n > 0
    assert [row.features.count for row in others] == [0, 0, 0]
    base, tuned = found.models
    assert base.quality == tuned.quality
    assert tuned.rotated is not None
    assert (tuned.rotated.count, tuned.rotated.n) == (0, shared.features.count)
    crosscoder, metadata = load_crosscoder(tmp_path / "crosscoder")
    assert metadata["weights_sha256"] == [base.weights, tuned.weights]
    table = pl.read_parquet(tmp_path / "features.parquet")
    assert len(table) == found.rare.n == crosscoder.sae.features

    shown = CliRunner().invoke(app, command, env={"COLUMNS": "120"})
    assert shown.exit_code == 0, shown.output
    assert "shared" in shown.stdout
    assert f"{base.quality.explained_variance:.4g}" in shown.stdout


def test_a_wrong_setting_is_told_before_a_model_is_read() -> None:
    done = CliRunner().invoke(app, ["features", "diff", "no/a", "no/b", "--set", "stepz=3"])
    assert isinstance(done.exception, ConfigError)
    assert "unknown key 'stepz'; did you mean 'steps'?" in str(done.exception)
