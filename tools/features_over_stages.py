"""How far the features of a study's stages are from its base's, as two rows of Markdown a stage.

    python tools/features_over_stages.py runs/nano sft_long-0-80 grpo-0-40 --work runs/features

All models read the same texts: every sixth response of the base and of each named stage. Of each
stage it prints a crosscoder's classes, and what became of the base's features where the base's
autoencoder was trained on at the stage's activations. The floor is where it was trained on at the
base's, with another order of rows. `--work` holds activations, and may be removed afterwards.
"""

import argparse
import sys
from pathlib import Path

import polars as pl

from metaprobe.benchmark.freeze import load_benchmark
from metaprobe.core.results import FeatureShare
from metaprobe.models.chat import SHOTS
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.runtime import torch
from metaprobe.probes.divergence import response_texts
from metaprobe.probes.features.activations import (
    ActivationStore,
    block_names,
    collect_activations,
)
from metaprobe.probes.features.crosscoder import train_crosscoder
from metaprobe.probes.features.matching import CodedRows, coded_rows, count_changes, match_features
from metaprobe.probes.features.sae import Sae, SaeConfig
from metaprobe.probes.features.sharing import measure_crosscoder
from metaprobe.probes.features.train import activation_batches, held_out_rows, train_sae
from metaprobe.probes.representation import ItemText

CONFIG = SaeConfig(expansion=4, k=16, steps=300)
ON = CONFIG.model_copy(update={"steps": 100, "learning_rate": CONFIG.learning_rate / 4})
EVERY = 6


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("stages", nargs="+", help="ARM-SEED-STEP")
    parser.add_argument("--base", default="nano/qwen3")
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args()
    base = load_model(given.base, dtype=torch.float32)
    names = block_names(base.model)
    module = names[(len(names) - 1) // 2]
    texts = read_texts(given.run, base, ["base-0-0", *given.stages])
    origin = collect_activations(base, texts, [module], given.work / "base")
    sae = train_sae(activation_batches(origin, module, CONFIG), CONFIG)
    here = went_on(origin, module, sae, seed=0)
    show("floor", "", here, went_on(origin, module, sae, seed=1))
    for stage in given.stages:
        arm, seed, step = stage.rsplit("-", 2)
        model = load_model(str(given.run / "stages" / arm / f"seed-{seed}" / f"step-{step}"))
        store = collect_activations(model, texts, [module], given.work / stage)
        show(stage, classes(origin, store, module), here, went_on(store, module, sae, seed=0))


def read_texts(run: Path, base: LoadedModel, stages: list[str]) -> list[ItemText]:
    """Return every sixth response of the stages, with the base's prompts."""
    items = {item.id: item for item in load_benchmark(str(run / "benchmark")).items}
    found = []
    for stage in stages:
        table = pl.read_parquet(run / "responses" / f"{stage}.parquet").gather_every(EVERY)
        asked = [items[name] for name in table["item_id"].to_list()]
        texts = response_texts(base, asked, table["tokens"].to_list(), SHOTS)
        found += [ItemText(i.id, i.cell, t.text) for i, t in zip(asked, texts, strict=True)]
    return found


def went_on(store: ActivationStore, module: str, sae: Sae, *, seed: int) -> CodedRows:
    """Return what the base's autoencoder fires at after it was trained on."""
    config = ON.model_copy(update={"seed": seed})
    found = train_sae(activation_batches(store, module, config), config, start=sae)
    return coded_rows(found, (rows for rows, _ in held_out_rows(store, module)))


def classes(base: ActivationStore, stage: ActivationStore, module: str) -> str:
    """Return a crosscoder's classes, and its explained variances, as cells of a table."""
    found, _ = measure_crosscoder(
        train_crosscoder([base, stage], module, CONFIG), [base, stage], module
    )
    explained = " and ".join(f"{m.quality.explained_variance:.3f}" for m in found.models)
    rotated = found.models[1].rotated
    return " | ".join([*map(cell, [c.features for c in found.classes]), cell(rotated), explained])


def show(stage: str, shares: str, base: CodedRows, other: CodedRows) -> None:
    """Print a row of the crosscoder, where there is one, and a row of the matches."""
    if shares:
        sys.stdout.write(f"| {stage} | {shares} |\n")
    change = count_changes(match_features(base, other))
    matched = map(cell, (change.kept, change.rotated, change.lost, change.gained))
    sys.stdout.write(f"| {stage} | {' | '.join(matched)} |\n")
    sys.stdout.flush()


def cell(found: FeatureShare | None) -> str:
    """Return a share with its interval and n, in per cent."""
    if found is None or found.share is None or found.low is None or found.high is None:
        return "not measured"
    return f"{found.share:.1%} ({found.low:.1%} to {found.high:.1%}; {found.n})"


if __name__ == "__main__":
    main()
