"""`metaprobe features`: sparse autoencoders on the activations of a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from metaprobe.cli.features_intervene import intervene

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from metaprobe.benchmark.freeze import Benchmark
    from metaprobe.core.results import FeatureScore, FeatureScores, SaeTraining
    from metaprobe.models.loading import LoadedModel
    from metaprobe.probes.features.activations import ActivationStore
    from metaprobe.probes.features.sae import SaeConfig
    from metaprobe.probes.representation import ItemText

app = typer.Typer(no_args_is_help=True, help="Sparse autoencoders on a model's activations.")
app.command("intervene")(intervene)


@app.command("train")
def train(
    model: Annotated[str, typer.Argument(help="A shipped base, a model folder or a hub name.")],
    layer: Annotated[
        int | None, typer.Option(min=1, help="Layer whose output is read; the middle by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where activations and autoencoder go.")] = Path(
        "runs/features"
    ),
    benchmark: Annotated[
        str, typer.Option(help="A released benchmark by name, or a frozen folder.")
    ] = "nano",
    items: Annotated[int, typer.Option(min=2, help="Items in each cell.")] = 25,
    samples: Annotated[int, typer.Option(min=1, help="Responses to each item.")] = 4,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Token limit of a response.")] = 256,
    limit_mb: Annotated[int, typer.Option(min=1, help="The most activations may take.")] = 4096,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the training, such as k=16; repeatable."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
) -> None:
    """Train an autoencoder on a layer's output while the model answers the benchmark.

    OUT/sae holds it in the format of SAELens, OUT/activations what it was trained on, and
    OUT/training.json the measures. Interrupted, the same command goes on from its activations.
    """
    from rich.console import Console

    from metaprobe.benchmark.freeze import load_benchmark
    from metaprobe.core.config import apply_overrides, parse_config
    from metaprobe.core.files import write_json

    frozen = load_benchmark(benchmark, items_per_cell=items)

    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.features.activations import collect_activations
    from metaprobe.probes.features.sae import SaeConfig

    config = parse_config(SaeConfig, apply_overrides({}, settings or []), "--set")
    with Console(stderr=True).status("loading") as status:
        loaded = load_model(model, dtype=torch.float32)
        module = _module(loaded, layer)
        sampling = Sampling(samples=samples, max_new_tokens=max_new_tokens)
        texts = _responses(loaded, frozen, sampling, status)
        store = collect_activations(
            loaded,
            texts,
            [module],
            out / "activations",
            limit_mb=limit_mb,
            progress=lambda share: status.update(f"activations, {share:.0%}"),
        )
        found = _train(loaded, texts, store, config, out, status)
    write_json(out / "training.json", found.model_dump(mode="json"))
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        _print_table(Console(highlight=False), found)


@app.command("score")
def score(
    folder: Annotated[Path, typer.Argument(help="What `metaprobe features train` has left.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
) -> None:
    """Score the features against each skill and cell, on items that did not choose them.

    FOLDER/scores.json holds all of it. Two controls run, a classifier of the words and random
    directions; token injection and paraphrase do not, so no feature is called one of a skill.
    """
    from rich.console import Console

    from metaprobe.core.config import parse_config
    from metaprobe.core.files import read_json, write_json
    from metaprobe.core.results import FeatureScores, SaeTraining

    place = folder / "training.json"
    trained = parse_config(SaeTraining, read_json(place), str(place))

    from metaprobe.probes.features.activations import ActivationStore
    from metaprobe.probes.features.scoring import (
        CONTROLS,
        CONTROLS_MISSING,
        item_values,
        score_features,
    )
    from metaprobe.probes.features.store import load_sae

    sae, _ = load_sae(folder / "sae")
    with Console(stderr=True).status("reading activations"):
        values = item_values(sae, ActivationStore(folder / "activations"), trained.module)
        found = FeatureScores(
            module=trained.module,
            scores=score_features(values),
            controls=list(CONTROLS),
            controls_missing=list(CONTROLS_MISSING),
        )
    write_json(folder / "scores.json", found.model_dump(mode="json"))
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        _print_scores(Console(highlight=False), found)


def _module(loaded: "LoadedModel", layer: int | None) -> str:
    """Return the name of a layer, the first being 1.

    Raises:
        ConfigError: the model has no such layer.
    """
    from metaprobe.core.errors import ConfigError
    from metaprobe.probes.features.activations import block_names

    names = block_names(loaded.model)
    number = (len(names) + 1) // 2 if layer is None else layer
    if number > len(names):
        raise ConfigError(f"--layer {number}: {loaded.name} has {len(names)} layers")
    return names[number - 1]


def _responses(
    loaded: "LoadedModel", frozen: "Benchmark", sampling: Any, status: "Status"
) -> "list[ItemText]":
    """Let the model answer, and return its responses with the prompts that it saw."""
    from metaprobe.benchmark.freeze import baselines
    from metaprobe.models.chat import SHOTS
    from metaprobe.probes.accuracy import measure_responses
    from metaprobe.probes.divergence import response_texts
    from metaprobe.probes.representation import ItemText

    status.update(f"{len(frozen.items) * sampling.samples} responses")
    table = measure_responses(loaded, frozen.items, sampling, baselines(frozen.manifest))
    items = {item.id: item for item in frozen.items}
    asked = [items[name] for name in table["item_id"].to_list()]
    read = response_texts(loaded, asked, table["tokens"].to_list(), SHOTS)
    return [ItemText(i.id, i.cell, t.text) for i, t in zip(asked, read, strict=True)]


def _train(
    loaded: "LoadedModel",
    texts: "list[ItemText]",
    store: "ActivationStore",
    config: "SaeConfig",
    out: Path,
    status: "Status",
) -> "SaeTraining":
    """Train, measure and save."""
    import time

    from metaprobe.core.results import SaeTraining
    from metaprobe.probes.features.metrics import loss_recovered, sae_quality
    from metaprobe.probes.features.store import save_sae
    from metaprobe.probes.features.train import (
        Progress,
        activation_batches,
        held_out_rows,
        held_out_texts,
        train_sae,
    )

    (module,) = store.index.widths
    last = Progress(0, 0.0, 0.0)

    def tell(now: Progress) -> None:
        nonlocal last
        last = now
        status.update(f"step {now.step + 1} of {config.steps}, error {now.loss:.4f}")

    began = time.process_time()
    batches = activation_batches(store, module, config)
    sae = train_sae(batches, config, device=loaded.device, progress=tell)
    seconds = time.process_time() - began
    status.update("measuring")
    found = SaeTraining(
        model=store.index.model,
        weights=store.index.weights,
        module=module,
        loss=last.loss,
        dead=last.dead,
        rows=config.steps * config.batch,
        cpu_seconds=seconds,
        quality=sae_quality(sae, held_out_rows(store, module)),
        loss_recovered=loss_recovered(
            loaded, [texts[n].text for n in held_out_texts(store)], module, sae
        ),
    )
    metadata = {
        "model_name": found.model,
        "hook_name": module,
        "weights_sha256": found.weights,
        "activations": store.index.digest,
        "training": config.model_dump(mode="json"),
        "l0": found.quality.l0,
        "explained_variance": found.quality.explained_variance,
    }
    save_sae(out / "sae", sae, metadata)
    return found


def _print_scores(console: "Console", found: "FeatureScores") -> None:
    """Print the feature with the greatest AUROC of each group."""
    from rich.table import Table

    best: dict[str, FeatureScore] = {}
    for row in found.scores:
        held = best.get(row.group)
        if held is None or row.auroc > held.auroc:
            best[row.group] = row
    table = Table("group", "feature", "AUROC", "q", "words", "gap to words", "random", box=None)
    for row in best.values():
        table.add_row(
            row.group,
            str(row.feature),
            f"{row.auroc:.3f} ({row.low:.3f} to {row.high:.3f})",
            f"{row.q_value:.2g}",
            f"{row.lexical:.3f}",
            f"{row.lexical_gap:+.3f} ({row.gap_low:+.3f} to {row.gap_high:+.3f})",
            f"{row.random:.3f}",
        )
    table.caption = f"controls that did not run: {', '.join(found.controls_missing)}"
    console.print(table)


def _print_table(console: "Console", found: "SaeTraining") -> None:
    from rich.table import Table

    quality, spliced = found.quality, found.loss_recovered

    def ends(value: float | None, low: float | None, high: float | None) -> str:
        if value is None or low is None or high is None:
            return "not measured" if value is None else f"{value:.4g}"
        return f"{value:.4g} ({low:.4g} to {high:.4g})"

    table = Table("measure", "value", box=None)
    for words, text in {
        "features": f"{quality.n_features:,} of {found.module}",
        "explained variance": ends(
            quality.explained_variance, quality.explained_low, quality.explained_high
        ),
        "active features of a token": ends(quality.l0, quality.l0_low, quality.l0_high),
        "dead in training": f"{found.dead:.2%}",
        "silent on held-out tokens": f"{quality.silent:.2%}",
        "loss recovered": ends(spliced.recovered, spliced.recovered_low, spliced.recovered_high),
        "held-out tokens, texts": f"{quality.n_rows:,}, {quality.n_texts:,}",
    }.items():
        table.add_row(words, text)
    console.print(table)
