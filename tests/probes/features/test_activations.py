"""Activations on disk are those of the model, and a collection that was stopped ends the same."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.features import activations
from metaprobe.probes.features.activations import (
    ActivationStore,
    TokenKind,
    block_names,
    collect_activations,
    plan_activations,
)
from metaprobe.probes.features.train import held_out_shards
from metaprobe.probes.representation import ItemText


@pytest.fixture
def loaded(tiny_gpt2: Any, tiny_tokenizer: Any) -> LoadedModel:
    return LoadedModel(name="gpt2", folder=None, model=tiny_gpt2, tokenizer=tiny_tokenizer)


@pytest.fixture
def texts(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[ItemText]:
    monkeypatch.setattr(activations, "SHARD_TOKENS", 60)
    rng = numpy_rng_for("test-activations")

    def ids() -> list[int]:
        return rng.integers(0, len(loaded.tokenizer), rng.integers(2, 20)).tolist()

    return [ItemText(f"i{n // 2}", CELLS[n // 2], Text(ids(), ids())) for n in range(12)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_rows_are_the_states_of_each_text_alone(
    loaded: LoadedModel, texts: list[ItemText], tmp_path: Path
) -> None:
    module = block_names(loaded.model)[0]
    assert module == "transformer.h.0"
    store = collect_activations(loaded, texts, [module], tmp_path)
    assert len(store.index.shards) > 2
    special = set(loaded.tokenizer.all_special_ids)
    owners = [{texts[t].item for t in shard} for shard in store.index.shards]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 6
    seen = 0
    for shard in range(len(store.index.shards)):
        rows, places = store.read(module, shard), store.places(shard)
        for number in places.text.unique().tolist():
            item, cell, text, _ = texts[number]
            entry, mine = store.index.texts[number], places.text == number
            assert (entry.item, entry.cell) == (item, cell)
            ids = [*text.prompt, *text.completion]
            with torch.inference_mode():
                whole = loaded.model(torch.tensor([ids]), output_hidden_states=True)
            torch.testing.assert_close(rows[mine], whole.hidden_states[1][0])
            assert places.token[mine].tolist() == ids
            assert places.position[mine].tolist() == list(range(len(ids)))
            for place, kind in enumerate(places.kind[mine].tolist()):
                expected = TokenKind.PROMPT if place < len(text.prompt) else TokenKind.RESPONSE
                expected = TokenKind.SPECIAL if ids[place] in special else expected
                assert kind == (TokenKind.FIRST if place == 0 else expected)
            seen += len(ids)
    assert seen == store.index.rows == sum(len(t.text.prompt + t.text.completion) for t in texts)
    files = sum(len(b) for name, b in contents(tmp_path).items() if name != "index.json")
    assert 0 <= files - store.index.bytes < 1000 * len(store.index.shards)


def test_a_stopped_collection_goes_on_and_ends_with_the_same_bytes(
    loaded: LoadedModel, texts: list[ItemText], tmp_path: Path
) -> None:
    modules = block_names(loaded.model)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    collect_activations(loaded, texts, modules, whole)

    class StoppedError(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.4:
            raise StoppedError

    with pytest.raises(StoppedError):
        collect_activations(loaded, texts, modules, parts, progress=stop)
    assert 1 < len(contents(parts)) < len(contents(whole))
    with pytest.raises(InputError, match="goes on here"):
        ActivationStore(parts)
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("shard-*")}
    collect_activations(loaded, texts, modules, parts)
    assert contents(parts) == contents(whole)
    assert {name: (parts / name).stat().st_mtime_ns for name in kept} == kept


def test_bad_requests_are_told_before_anything_is_written(
    loaded: LoadedModel, texts: list[ItemText], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    with pytest.raises(ConfigError, match=r"no module 'transformer.h.9'; did you mean"):
        collect_activations(loaded, texts, ["transformer.h.9"], folder)
    with pytest.raises(ConfigError, match="one state for each token"):
        collect_activations(loaded, texts, ["lm_head"], folder)
    longer = [texts[0]._replace(text=Text([1] * 400, [2] * 100))] * 20
    size = plan_activations(loaded, longer, ["transformer.h.0"]).bytes / 2**20
    assert size == pytest.approx(10_000 * (32 * 4 + 13) / 2**20)
    with pytest.raises(ConfigError, match="the limit is 1: take fewer"):
        collect_activations(loaded, longer, ["transformer.h.0"], folder, limit_mb=1)
    assert not folder.exists()


def test_another_models_activations_are_not_mixed_in(
    loaded: LoadedModel, texts: list[ItemText], tmp_path: Path
) -> None:
    collect_activations(loaded, texts, ["transformer.h.0"], tmp_path)
    other = copy.deepcopy(loaded.model)
    with torch.no_grad():
        other.transformer.h[0].ln_1.weight[0] += 1e-3
    with pytest.raises(ConfigError, match="something else"):
        collect_activations(replace(loaded, model=other), texts, ["transformer.h.0"], tmp_path)


def test_damage_is_told_with_its_place(
    loaded: LoadedModel, texts: list[ItemText], tmp_path: Path
) -> None:
    store = collect_activations(loaded, texts, ["transformer.h.0"], tmp_path)
    (tmp_path / "shard-00001.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(InputError, match="shard-00001.safetensors: damaged"):
        store.read("transformer.h.0", 1)
    (tmp_path / "index.json").write_text('{"version": 1}', encoding="utf-8")
    with pytest.raises(InputError, match=r"of version 1, only 2 is read; remove the folder"):
        ActivationStore(tmp_path)
    (tmp_path / "index.json").write_text('{"version": 2}', encoding="utf-8")
    with pytest.raises(InputError, match=r"index.json: model: Field required"):
        ActivationStore(tmp_path)
    with pytest.raises(ConfigError, match="no activations of 'transformer.h.1', only of"):
        store.read("transformer.h.1", 0)


def test_the_shards_held_out_have_a_tenth_of_the_rows_and_no_shard_more(
    loaded: LoadedModel, texts: list[ItemText], tmp_path: Path
) -> None:
    store = collect_activations(loaded, texts, block_names(loaded.model)[:1], tmp_path)
    rows = [sum(store.index.texts[t].tokens for t in shard) for shard in store.index.shards]
    held = held_out_shards(store)
    assert held.stop == len(rows)
    assert sum(rows[held.start :]) >= sum(rows) / 10 > sum(rows[held.start + 1 :])
    short = [
        text.model_copy(update={"tokens": 1}) if n in store.index.shards[-1] else text
        for n, text in enumerate(store.index.texts)
    ]
    store.index = store.index.model_copy(update={"texts": short})
    assert held_out_shards(store).start == len(rows) - 2
