"""`metaprobe features diff`: which features models share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from metaprobe.cli.feature_options import (
    BenchmarkName,
    Items,
    Layer,
    LimitMb,
    MaxNewTokens,
    Settings,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from metaprobe.benchmark.freeze import Benchmark
    from metaprobe.core.results import CrosscoderTraining, FeatureShare
    from metaprobe.models.loading import LoadedModel
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.features.activations import ActivationStore
    from metaprobe.probes.features.sae import SaeConfig
    from metaprobe.probes.representation import ItemText


def diff(
    base: Annotated[str, typer.Argument(help="A shipped base, a model folder or a hub name.")],
    tuned: Annotated[str, typer.Argument(help="A model that was trained from it.")],
    third: Annotated[str | None, typer.Argument(help="Another one.")] = None,
    layer: Layer = None,
    out: Annotated[Path, typer.Option(help="Where activations and crosscoder go.")] = Path(
        "runs/features-diff"
    ),
    benchmark: BenchmarkName = "nano",
    items: Items = 25,
    samples: Annotated[int, typer.Option(min=1, help="Responses of each model to an item.")] = 2,
    max_new_tokens: MaxNewTokens = 256,
    limit_mb: LimitMb = 4096,
    settings: Settings = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of tables.")
    ] = False,
) -> None:
    """Train a crosscoder over a base and one or two tuned models, and say what they share.

    Each model answers the benchmark, all models read all responses, and the crosscoder is trained
    on a layer's output in all of them. OUT/crosscoder holds it, OUT/features.parquet what was
    measured of each feature, and OUT/diff.json the result. Interrupted, the same command goes on
    from its activations.
    """
    from rich.console import Console

    from metaprobe.benchmark.freeze import load_benchmark
    from metaprobe.core.config import apply_overrides, parse_config

    frozen = load_benchmark(benchmark, items_per_cell=items)

    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.divergence import common_vocabulary
    from metaprobe.probes.features.activations import collect_activations, layer_name
    from metaprobe.probes.features.sae import SaeConfig

    config = parse_config(SaeConfig, apply_overrides({}, settings or []), "--set")
    with Console(stderr=True).status("loading") as status:
        models = [load_model(name, dtype=torch.float32) for name in (base, tuned, third) if name]
        for other in models[1:]:
            common_vocabulary(models[0], other)
        module = layer_name(models[0], layer)
        sampling = Sampling(samples=samples, max_new_tokens=max_new_tokens)
        texts = _answers(models, frozen, sampling, status)
        stores = []
        for place, model in enumerate(models):
            status.update(f"activations of {model.name}")
            folder, limit = out / "activations" / str(place), limit_mb // len(models)
            stores.append(collect_activations(model, texts, [module], folder, limit_mb=limit))
        found = _train(models, stores, config, out, status)
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        _print_tables(Console(highlight=False), found)


def _answers(
    models: "list[LoadedModel]", frozen: "Benchmark", sampling: "Sampling", status: "Status"
) -> "list[ItemText]":
    """Let every model answer, and return what all of them read."""
    from metaprobe.probes.features.responses import answered

    texts = []
    for model in models:
        status.update(f"{len(frozen.items) * sampling.samples} responses of {model.name}")
        texts += answered(model, frozen.items, sampling)
    return texts


def _train(
    models: "list[LoadedModel]",
    stores: "list[ActivationStore]",
    config: "SaeConfig",
    out: Path,
    status: "Status",
) -> "CrosscoderTraining":
    """Train, measure and save."""
    import time

    from metaprobe.core.files import write_json, write_parquet
    from metaprobe.core.results import CrosscoderTraining
    from metaprobe.probes.features.crosscoder import save_crosscoder, train_crosscoder
    from metaprobe.probes.features.sharing import measure_crosscoder
    from metaprobe.probes.features.train import Progress

    (module,) = stores[0].index.widths
    last = Progress(0, 0.0, 0.0)

    def tell(now: Progress) -> None:
        nonlocal last
        last = now
        status.update(f"step {now.step + 1} of {config.steps}, error {now.loss:.4f}")

    began = time.process_time()
    crosscoder = train_crosscoder(stores, module, config, device=models[0].device, progress=tell)
    seconds = time.process_time() - began
    status.update("measuring")
    metadata = {
        "module": module,
        "models": [s.index.model for s in stores],
        "weights_sha256": [s.index.weights for s in stores],
        "activations": [s.index.digest for s in stores],
        "training": config.model_dump(mode="json"),
    }
    save_crosscoder(out / "crosscoder", crosscoder, metadata)
    found, table = measure_crosscoder(crosscoder, stores, module)
    write_parquet(out / "features.parquet", table)
    result = CrosscoderTraining(
        **dict(found), dead=last.dead, rows=config.steps * config.batch, cpu_seconds=seconds
    )
    write_json(out / "diff.json", result.model_dump(mode="json"))
    return result


def _print_tables(console: "Console", found: "CrosscoderTraining") -> None:
    from rich.table import Table

    classes = Table("features", "share", "of", box=None, title_justify="left")
    for row in found.classes:
        classes.add_row(row.name, _share(row.features), str(row.features.n))
    classes.add_row("fire too rarely to be judged", _share(found.rare), str(found.rare.n))
    classes.caption = (
        f"{found.artefacts} are undecided because latent scaling finds them where their "
        f"directions are short; {found.dead:.2%} were dead at the end of the training"
    )
    console.print(classes)
    models = Table("model", "explained variance", "shared, other direction", box=None)
    for model in found.models:
        quality = model.quality
        ends = ""
        if quality.explained_low is not None and quality.explained_high is not None:
            ends = f" ({quality.explained_low:.4g} to {quality.explained_high:.4g})"
        models.add_row(
            model.name,
            f"{quality.explained_variance:.4g}{ends}",
            "" if model.rotated is None else _share(model.rotated),
        )
    quality = found.models[0].quality
    models.caption = f"on {quality.n_rows:,} held-out tokens of {quality.n_texts:,} texts"
    console.print(models)


def _share(found: "FeatureShare") -> str:
    if found.share is None or found.low is None or found.high is None:
        return "not measured"
    return f"{found.share:.1%} ({found.low:.1%} to {found.high:.1%})"
