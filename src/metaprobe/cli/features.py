"""`metaprobe features`: sparse autoencoders on the activations of a model."""

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
from metaprobe.cli.features_diff import diff
from metaprobe.cli.features_intervene import intervene

if TYPE_CHECKING:
    from rich.console import Console

    from metaprobe.core.results import FeatureScore, FeatureScores, SaeTraining
    from metaprobe.probes.features.scoring import Subject

app = typer.Typer(no_args_is_help=True, help="Sparse autoencoders on a model's activations.")
app.command("diff")(diff)
app.command("intervene")(intervene)


@app.command("train")
def train(
    model: Annotated[str, typer.Argument(help="A shipped base, a model folder or a hub name.")],
    layer: Layer = None,
    out: Annotated[Path, typer.Option(help="Where activations and autoencoder go.")] = Path(
        "runs/features"
    ),
    benchmark: BenchmarkName = "nano",
    items: Items = 25,
    samples: Annotated[int, typer.Option(min=1, help="Responses to each item.")] = 4,
    max_new_tokens: MaxNewTokens = 256,
    limit_mb: LimitMb = 4096,
    settings: Settings = None,
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
    from metaprobe.benchmark.items import write_items
    from metaprobe.core.config import apply_overrides, parse_config

    frozen = load_benchmark(benchmark, items_per_cell=items)
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.features.activations import collect_activations, layer_name
    from metaprobe.probes.features.fit import fit_sae, write_fit
    from metaprobe.probes.features.responses import answered
    from metaprobe.probes.features.sae import SaeConfig

    config = parse_config(SaeConfig, apply_overrides({}, settings or []), "--set")
    with Console(stderr=True).status(f"{len(frozen.items) * samples} responses") as status:
        loaded = load_model(model, dtype=torch.float32)
        module = layer_name(loaded, layer)
        sampling = Sampling(samples=samples, max_new_tokens=max_new_tokens)
        texts = answered(loaded, frozen.items, sampling)
        write_items(out / "items.jsonl", frozen.items)

        def tell(share: float) -> None:
            status.update(f"activations, {share:.0%}")

        store = collect_activations(
            loaded, texts, [module], out / "activations", limit_mb=limit_mb, progress=tell
        )
        sae, found = fit_sae(loaded, texts, store, config, sampling, tell=status.update)
        write_fit(out, sae, found, store, config)
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

    The model reads again for two of the four controls. FOLDER/scores.json holds all of it, and
    FOLDER/cards.json where the best features are strongest.
    """
    from rich.console import Console

    from metaprobe.benchmark.items import read_items
    from metaprobe.core.config import parse_config
    from metaprobe.core.files import read_json, write_json
    from metaprobe.core.results import SaeTraining

    place = folder / "training.json"
    trained = parse_config(SaeTraining, read_json(place), str(place))
    items = read_items(folder / "items.jsonl")

    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.features.contexts import feature_cards
    from metaprobe.probes.features.controls import controlled_scores

    sampling = Sampling(samples=trained.samples, max_new_tokens=trained.max_new_tokens)
    with Console(stderr=True).status("loading") as status:
        subject = _subject(folder, trained)
        values, found = controlled_scores(
            subject, items, sampling, folder / "reworded", status.update
        )
        status.update("contexts")
        cards = feature_cards(subject, values, found.scores)
    write_json(folder / "scores.json", found.model_dump(mode="json"))
    write_json(folder / "cards.json", cards.model_dump(mode="json"))
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        _print_scores(Console(highlight=False), found)


def _subject(folder: Path, trained: "SaeTraining") -> "Subject":
    """Load the model that the features are of, with its autoencoder and activations.

    Raises:
        ConfigError: a model of that name has other weights by now.
    """
    from metaprobe.core.errors import ConfigError
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.probes.features.activations import ActivationStore, weights_hash
    from metaprobe.probes.features.scoring import Subject
    from metaprobe.probes.features.store import load_sae

    sae, _ = load_sae(folder / "sae")
    store = ActivationStore(folder / "activations")
    loaded = load_model(trained.model, dtype=torch.float32)
    if not weights_hash(loaded.model) == trained.weights == store.index.weights:
        raise ConfigError(
            f"{folder}: {trained.model} has other weights than the features were trained on; "
            "bring these back, or train the features again"
        )
    return Subject(loaded, sae, store, trained.module)


def _print_scores(console: "Console", found: "FeatureScores") -> None:
    """Print the feature with the greatest AUROC of each group, and what survives each control."""
    from rich.table import Table

    best: dict[str, FeatureScore] = {}
    for row in found.scores:
        held = best.get(row.group)
        if held is None or row.auroc > held.auroc:
            best[row.group] = row
    titles = ("AUROC", "q", "gap to words", "random", "tokens alone", "other wording", "survives")
    table = Table("group", "feature", *titles, box=None)
    for row in best.values():
        table.add_row(
            row.group,
            str(row.feature),
            _ends(row.auroc, row.low, row.high),
            f"{row.q_value:.2g}",
            _ends(row.lexical_gap, row.gap_low, row.gap_high),
            f"{row.random:.3f}",
            _ends(row.injection, row.injection_low, row.injection_high),
            _ends(row.paraphrase, row.paraphrase_low, row.paraphrase_high),
            f"{sum(map(bool, row.survived.values()))} of {len(row.survived)}",
        )
    console.print(table)
    columns: dict[str, dict[str, str]] = {}
    for share in found.shares:
        survived = f"{share.survived} of {share.n} ({share.low:.2f} to {share.high:.2f})"
        columns.setdefault(share.control, {})[share.group] = survived
    groups = list(dict.fromkeys(share.group for share in found.shares))
    shares = Table("survive, of those with q < 0.05", *columns, box=None)
    for group in groups:
        shares.add_row(group, *(column.get(group, "not measured") for column in columns.values()))
    shares.caption = (
        f"{found.reworded} held-out items have another wording, {found.not_reworded} have none"
    )
    if groups:
        console.print(shares)
    else:
        console.print("no feature has q < 0.05: nothing is left to refute")


def _ends(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "not measured"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


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
