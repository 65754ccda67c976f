import json

import pytest
from safetensors.torch import save_file
from typer.testing import CliRunner

from metaprobe.cli.main import app
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters import measure_parameters, task_vector_cosine


def folder(path, seed):
    path.mkdir()
    torch.manual_seed(seed)
    weights = {f"layers.{k}.q_proj.weight": torch.randn(6, 4) for k in (0, 1)}
    save_file(weights, path / "model.safetensors")
    return path


@pytest.fixture
def folders(tmp_path):
    return [folder(tmp_path / name, k) for k, name in enumerate(("base", "sft", "grpo"))]


def test_json_holds_what_the_probe_measures(folders):
    names = [str(path) for path in folders]
    done = CliRunner().invoke(app, ["params", *names, "--json", "--spectra", "2"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["base"] == names[0]
    for name, path, stage in zip(names[1:], folders[1:], found["stages"], strict=True):
        change = measure_parameters(folders[0], path, spectra=2)
        assert stage == {"name": name, **change.model_dump(mode="json")}
    (cosine,) = found["cosines"]
    assert cosine["stages"] == names[1:]
    assert cosine["cosine"] == task_vector_cosine(*folders).cosine


def test_tables_show_kinds_layers_curve_movers_and_spectra(folders):
    names = [str(path) for path in folders]
    done = CliRunner().invoke(app, ["params", *names, "--spectra", "2"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    for words in (
        "48 weights",
        "share changed by more than",
        "by module kind",
        "by layer",
        "largest movers",
        "1.q_proj",
        "spectra of the change",
        "cosine between the changes",
    ):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("org/model", ConfigError, "download a model of the hub first"),
        ("nano/nothing", ConfigError, "unknown base"),
        (None, InputError, r"no \.safetensors file"),
    ],
)
def test_names_without_weights_are_refused_in_one_line(folders, tmp_path, name, error, words):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = CliRunner().invoke(app, ["params", str(folders[0]), name or str(empty)])
    assert isinstance(done.exception, error)
    assert done.exception.exit_status == 2
    assert "\n" not in str(done.exception)
    with pytest.raises(error, match=words):
        raise done.exception
