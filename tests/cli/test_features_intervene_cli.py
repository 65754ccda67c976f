"""`metaprobe features intervene`: what it refuses, and from trained features to effects."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metaprobe.cli.main import app
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import (
    FeatureScore,
    FeatureScores,
    Intervention,
    LossRecovered,
    SaeQuality,
    SaeTraining,
)
from metaprobe.probes.features.activations import ActivationStore

QUALITY = SaeQuality(
    explained_variance=0.9,
    explained_low=None,
    explained_high=None,
    l0=8.0,
    l0_low=None,
    l0_high=None,
    silent=0.0,
    n_features=64,
    n_rows=10,
    n_texts=1,
)
RECOVERED = LossRecovered(
    loss_clean=1.0,
    loss_spliced=1.1,
    loss_zero=3.0,
    recovered=None,
    recovered_low=None,
    recovered_high=None,
    n_texts=1,
    n_positions=10,
)
TRAINED = SaeTraining(
    model="nano/qwen3",
    weights="0",
    module="model.layers.1",
    loss=0.1,
    dead=0.0,
    rows=10,
    samples=1,
    max_new_tokens=64,
    cpu_seconds=1.0,
    quality=QUALITY,
    loss_recovered=RECOVERED,
)


def score(feature: int) -> FeatureScore:
    return FeatureScore(
        group="calculation",
        feature=feature,
        auroc=0.9,
        low=0.8,
        high=1.0,
        p_value=0.01,
        q_value=0.01,
        lexical=0.8,
        lexical_gap=0.1,
        gap_low=0.0,
        gap_high=0.2,
        random=0.7,
        survives_lexical=False,
        survives_random=True,
        n_items=40,
        n_group=20,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scores = FeatureScores(
        module=TRAINED.module,
        scores=[score(3), score(5)],
        shares=[],
        reworded=0,
        not_reworded=0,
    )
    (tmp_path / "training.json").write_text(TRAINED.model_dump_json())
    (tmp_path / "scores.json").write_text(scores.model_dump_json())
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name features as --features 12,40, or a skill"),
        (["--features", "1", "--skill", "calculation"], "name features as --features 12,40"),
        (["--features", "one"], "--features 'one': write numbers as 12,40"),
        (["--skill", "calculating"], "no such skill; did you mean 'calculation'?"),
        (["--skill", "simulation"], "no feature was scored"),
        (["--skill", "calculation"], "no feature survives all four controls; add --any"),
        (["--features", "1", "--mode", "patch"], "--mode patch: name the model"),
        (["--features", "1", "--base", "nano/qwen3"], "is only read by --mode patch"),
        (["--features", "1", "--factor", "3"], "is only read by --mode amplify"),
        (["--features", "1", "--mode", "amplify", "--factor", "1"], "changes nothing or ablates"),
    ],
)
def test_bad_requests_are_told_before_a_model_is_read(
    folder: Path, arguments: list[str], words: str
) -> None:
    done = CliRunner().invoke(app, ["features", "intervene", str(folder), *arguments])
    assert isinstance(done.exception, ConfigError)
    assert words in str(done.exception)


def test_a_folder_without_training_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["features", "intervene", str(tmp_path), "--features", "1"])
    assert isinstance(done.exception, InputError)
    assert "training.json" in str(done.exception)


@pytest.mark.slow
def test_effects_follow_from_trained_features_on_items_that_they_have_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metaprobe.probes.features import activations
    from metaprobe.probes.features.effects import Trial

    asked: list[str] = []
    monkeypatch.setattr(activations, "SHARD_TOKENS", 2000)
    monkeypatch.setattr(Trial, "__post_init__", lambda self: asked.extend(i.id for i in self.items))
    quick = ["--items", "2", "--samples", "1", "--max-new-tokens", "24"]
    settings = ["--set", "steps=20", "--set", "batch=64", "--set", "expansion=2", "--set", "k=8"]
    out = ["--layer", "2", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["features", "train", "nano/qwen3", *out, *quick, *settings])
    assert done.exit_code == 0, done.output

    verb = ["features", "intervene", str(tmp_path), *quick, "--controls", "2"]
    command = [*verb, "--features", "1,2"]
    found = {}
    for extra in ([], ["--mode", "patch", "--base", "nano/qwen3"]):
        done = CliRunner().invoke(app, [*command, *extra, "--json"])
        assert done.exit_code == 0, done.output
        result = Intervention.model_validate_json(done.stdout)
        path = tmp_path / "interventions" / f"{result.mode}-1-2.json"
        assert result == Intervention.model_validate_json(path.read_text())
        found[result.mode] = result
    assert (found["ablate"].factor, found["patch"].factor) == (0.0, None)
    # The base is the model itself: the patch changes nothing.
    assert all(row.effect == 0 for row in found["patch"].skills)
    seen = {text.item for text in ActivationStore(tmp_path / "activations").index.texts}
    assert len(set(asked)) == 40
    assert not seen & set(asked)

    shown = CliRunner().invoke(app, [*command, "--mode", "amplify"], env={"COLUMNS": "150"})
    assert (tmp_path / "interventions" / "amplify-1-2.json").is_file()
    assert "items that they have not seen" in " ".join(shown.stdout.split())

    training = json.loads((tmp_path / "training.json").read_text())
    (tmp_path / "training.json").write_text(json.dumps(training | {"weights": "0"}))
    other = CliRunner().invoke(app, command)
    assert isinstance(other.exception, InputError)
    assert "its weights are not those" in str(other.exception)
