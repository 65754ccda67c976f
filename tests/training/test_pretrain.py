"""The recipe of the nano bases: it learns, it can be repeated, and every family weighs the same."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from metaprobe.benchmark.freeze import NANO_FAMILIES
from metaprobe.core.errors import ConfigError
from metaprobe.core.vocabulary import CELLS, Split
from metaprobe.models.folders import resolve_model, shipped_models
from metaprobe.models.loading import load_model
from metaprobe.models.runtime import torch
from metaprobe.training.data import draw_items
from metaprobe.training.pretrain import PretrainConfig, balanced, pretrain

SMALL = PretrainConfig(
    hidden=32,
    layers=1,
    vocabulary=700,
    levels=(1,),
    families=("recurrence", "bit_operations"),
    problems=60,
    tokens=150_000,
    batch_tokens=512,
    precision="float32",
)


def train(config: PretrainConfig, out: Path) -> tuple[Any, dict[str, Any]]:
    pretrain(config, out)
    return load_model(str(out)).model, json.loads((out / "pretrain.json").read_text())


def test_a_base_learns_and_the_same_recipe_gives_the_same_weights(tmp_path: Path) -> None:
    model, record = train(SMALL, tmp_path / "first")
    losses = [row["loss"] for row in record["curve"]]
    assert losses[-1] < 0.5 * losses[0]
    assert record["tokens"] >= SMALL.tokens
    assert PretrainConfig.model_validate(record["recipe"]) == SMALL
    again, _ = train(SMALL, tmp_path / "again")
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(weight, again.state_dict()[name], rtol=0, atol=0)
    config = SMALL.model_copy(update={"start": str(tmp_path / "first"), "tokens": 5_000})
    _, longer = train(config, tmp_path / "longer")
    assert longer["curve"][0]["loss"] < 0.5 * losses[0]
    assert (longer["start"], record["start"]) == (record, None)


def test_emphasis_of_a_family_that_is_not_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"emphasis\.recurence.*recurrence"):
        pretrain(SMALL.model_copy(update={"emphasis": {"recurence": 2}}), tmp_path)


def test_every_family_and_level_has_the_same_number_of_texts() -> None:
    items = draw_items(CELLS, (1, 2), 900, split=Split.TRAIN, seed=0, families=NANO_FAMILIES)
    texts = list(balanced(items))
    counts = Counter((item.cell, item.family, item.level) for item, _ in texts)
    assert len(set(counts.values())) == 1
    assert len({(item.id, variant) for item, variant in texts}) == len(texts)
    assert {item.id for item, _ in texts} == {item.id for item in items}


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_base_states_a_recipe_that_the_code_still_accepts(name: str) -> None:
    folder = resolve_model(name)
    assert folder
    record = json.loads((folder / "pretrain.json").read_text())
    last_loss = record["curve"][-1]["loss"]
    while True:
        assert PretrainConfig.model_validate(record["recipe"]).levels == (1, 2)
        if record["start"] is None:
            break
        record = record["start"]
    assert last_loss < 0.2 * record["curve"][0]["loss"]
