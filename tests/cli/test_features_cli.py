"""`metaprobe features train` from the model to the saved autoencoder."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metaprobe.cli.main import app
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import FeatureCards, FeatureScores, SaeTraining
from metaprobe.probes.features.activations import ActivationStore
from metaprobe.probes.features.store import load_sae

QUICK = ["--items", "6", "--samples", "1", "--max-new-tokens", "32"]
SETTINGS = ["--set", "steps=20", "--set", "batch=64", "--set", "expansion=2", "--set", "k=8"]


@pytest.mark.slow
def test_train_leaves_activations_autoencoder_and_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metaprobe.probes.features import activations

    monkeypatch.setattr(activations, "SHARD_TOKENS", 4000)
    command = ["features", "train", "nano/qwen3", "--layer", "2", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*command, *QUICK, *SETTINGS, "--json"])
    assert done.exit_code == 0, done.output
    found = SaeTraining.model_validate_json(done.stdout)
    assert found.module == "model.layers.1"
    assert found == SaeTraining.model_validate_json((tmp_path / "training.json").read_text())
    assert 0 < found.quality.explained_variance < 1
    assert found.rows == 20 * 64
    sae, metadata = load_sae(tmp_path / "sae")
    index = ActivationStore(tmp_path / "activations").index
    assert (sae.width, sae.features) == (index.widths[found.module], found.quality.n_features)
    assert metadata["weights_sha256"] == found.weights == index.weights
    assert len(index.texts) == 120

    table = CliRunner().invoke(app, [*command, *QUICK, *SETTINGS], env={"COLUMNS": "120"})
    assert table.exit_code == 0, table.output
    assert f"{found.quality.explained_variance:.4g}" in table.stdout

    scored = CliRunner().invoke(app, ["features", "score", str(tmp_path), "--json"])
    assert scored.exit_code == 0, scored.output
    assert scored.stdout.strip() == FeatureScores.model_validate_json(
        (tmp_path / "scores.json").read_text()
    ).model_dump_json(indent=1)
    shown = CliRunner().invoke(app, ["features", "score", str(tmp_path)], env={"COLUMNS": "120"})
    assert "all four" in shown.stdout
    assert ActivationStore(tmp_path / "reworded").index.texts
    cards = FeatureCards.model_validate_json((tmp_path / "cards.json").read_text())
    assert [c for card in cards.cards for c in card.contexts if c.verdict]

    training = tmp_path / "training.json"
    training.write_text(training.read_text().replace(found.weights, "0" * 64), encoding="utf-8")
    other = CliRunner().invoke(app, ["features", "score", str(tmp_path)])
    assert isinstance(other.exception, ConfigError)
    assert "nano/qwen3 has other weights" in str(other.exception)

    wrong = CliRunner().invoke(app, ["features", "train", "nano/qwen3", "--layer", "99", *QUICK])
    assert isinstance(wrong.exception, ConfigError)
    assert "layer 99: nano/qwen3 has" in str(wrong.exception)


def test_a_wrong_setting_is_told_before_a_model_is_read() -> None:
    done = CliRunner().invoke(app, ["features", "train", "no/model", "--set", "stepz=3"])
    assert isinstance(done.exception, ConfigError)
    assert "unknown key 'stepz'; did you mean 'steps'?" in str(done.exception)


def test_settings_are_json_and_back() -> None:
    from metaprobe.probes.features.sae import SaeConfig

    config = SaeConfig(prefixes=(0.25, 0.5))
    assert SaeConfig.model_validate_json(json.dumps(config.model_dump(mode="json"))) == config
