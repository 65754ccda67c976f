"""`metaprobe diverge` on a shipped base."""

import json

import pytest
from typer.testing import CliRunner

from metaprobe.cli.main import app
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import CrossSampling, Divergence
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch

BASE = "nano/qwen3"
FEW = ("--items", "1", "--max-new-tokens", "12")


def call(*arguments):
    result = CliRunner().invoke(
        app, ["diverge", *map(str, arguments)], env={"COLUMNS": "120"}, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    loaded = load_model(BASE, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in loaded.model.parameters():
            weight.add_(0.01 * torch.randn(weight.shape, generator=generator))
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def test_json_is_the_result_with_its_names(tuned):
    printed = json.loads(call(BASE, tuned, *FEW, "--json", "--cross-sampling", "--threshold", 0.1))
    found = Divergence.model_validate(printed["divergence"])
    mixtures = CrossSampling.model_validate(printed["cross_sampling"])
    assert (printed["base"], printed["tuned"]) == (BASE, str(tuned))
    assert found.base_text.n_texts == found.reference_text.n_texts == 20
    assert found.own_text.kl_forward > 0
    assert [(row.direction, row.threshold) for row in mixtures.rows] == [
        ("forward", 0.1),
        ("backward", 0.1),
    ]


def test_tables_show_texts_cells_places_and_mixtures(tuned):
    printed = call(BASE, tuned, *FEW, "--cross-sampling")
    for words in ("base text", "own text", "reference text", "forward KL, nats", "JS by place"):
        assert words in printed
    for words in ("coding/simulation", "token 0", "90 to 100 %", "forward, JS > 0.1", "base alone"):
        assert words in printed


def test_a_model_against_itself_is_nowhere_apart():
    printed = json.loads(call(BASE, BASE, *FEW, "--json"))
    assert printed["cross_sampling"] is None
    for text in ("base_text", "own_text", "reference_text"):
        row = printed["divergence"][text]
        assert row["kl_forward"] == row["kl_reverse"] == row["js"] == row["legacy_kl"] == 0


def test_thresholds_need_cross_sampling():
    with pytest.raises(ConfigError, match=r"^--threshold[^\n]*--cross-sampling[^\n]*$"):
        call(BASE, BASE, "--threshold", 0.1)
