"""`metaprobe diverge`: how far one model's output distribution is from another's."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status
    from rich.table import Table

    from metaprobe.benchmark.freeze import Benchmark
    from metaprobe.core.results import CrossSampling, Divergence
    from metaprobe.models.loading import LoadedModel
    from metaprobe.models.sampling import Sampling

_MEASURES = {
    "kl_forward": "forward KL, nats",
    "kl_reverse": "reverse KL, nats",
    "js": "JS, nats",
    "high_js_share": "share with JS > 0.1",
    "top1_agreement": "same first token",
    "top_k_overlap": "overlap of first 10",
    "rank_shift": "rank shift, ranks",
    "entropy_change": "change of entropy, nats",
}


def diverge(
    base: Annotated[str, typer.Argument(help="A shipped base, a model folder or a hub name.")],
    tuned: Annotated[str, typer.Argument(help="The model that was trained from it.")],
    benchmark: Annotated[
        str, typer.Option(help="A released benchmark by name, or a frozen folder.")
    ] = "nano",
    items: Annotated[int, typer.Option(min=1, help="Items in each cell.")] = 4,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Token limit of a response.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Names the random streams.")] = 0,
    shots: Annotated[
        int | None,
        typer.Option(min=0, help="Worked examples for a model without a chat template."),
    ] = None,
    cross_sampling: Annotated[
        bool, typer.Option("--cross-sampling", help="Let each choose tokens of the other, too.")
    ] = False,
    thresholds: Annotated[
        list[float] | None,
        typer.Option("--threshold", help="JS above which a token is swapped; repeatable."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of tables.")
    ] = False,
) -> None:
    """Compare the next-token distributions of two models on three texts.

    Both answer the benchmark's items; then both read the responses of the one, those of the other
    and the worked solutions. Means are over tokens; intervals are 95 %, with texts as the unit.
    """
    from rich.console import Console

    from metaprobe.benchmark.freeze import load_benchmark
    from metaprobe.core.errors import ConfigError

    if thresholds and not cross_sampling:
        raise ConfigError("--threshold: goes with --cross-sampling; add that or leave this out")
    frozen = load_benchmark(benchmark, items_per_cell=items)

    from metaprobe.models.chat import SHOTS  # torch: a wrong name need not wait for it
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.divergence import THRESHOLDS, measure_cross_sampling

    sampling = Sampling(samples=1, max_new_tokens=max_new_tokens, seed=seed)
    examples = SHOTS if shots is None else shots
    with Console(stderr=True).status("loading") as status:
        models = (load_model(base, dtype=torch.float32), load_model(tuned, dtype=torch.float32))
        divergence = _divergence(models, frozen, sampling, examples, status)
        mixtures = None
        if cross_sampling:
            mixtures = measure_cross_sampling(
                *models,
                frozen.items,
                sampling,
                thresholds=thresholds or THRESHOLDS,
                shots=examples,
                tell=lambda share: status.update(f"cross-sampling, {100 * share:.0f} %"),
            )
    if as_json:
        _print_json(models, benchmark, divergence, mixtures)
    else:
        _print_tables(Console(highlight=False), divergence, mixtures)


def _divergence(
    models: "tuple[LoadedModel, LoadedModel]",
    frozen: "Benchmark",
    sampling: "Sampling",
    shots: int,
    status: "Status",
) -> "Divergence":
    """Let both models answer the items, and compare them on what they said and on solutions."""
    from metaprobe.benchmark.freeze import baselines
    from metaprobe.probes.accuracy import measure_responses
    from metaprobe.probes.divergence import (
        common_vocabulary,
        measure_divergence,
        reference_texts,
        response_texts,
    )

    common_vocabulary(*models)
    texts = []
    for loaded in models:
        status.update(f"{len(frozen.items)} responses of {_plain(loaded.name)}")
        majority = baselines(frozen.manifest)
        responses = measure_responses(loaded, frozen.items, sampling, majority, shots=shots)
        texts.append(response_texts(loaded, frozen.items, responses["tokens"].to_list(), shots))
    status.update("divergence")
    references = reference_texts(models[0], frozen.items, shots)
    return measure_divergence(*models, texts[0], texts[1], references)


def _plain(name: str) -> str:
    from rich.markup import escape

    return escape(repr(name)[1:-1])


def _print_json(
    models: "tuple[LoadedModel, LoadedModel]",
    benchmark: str,
    divergence: "Divergence",
    mixtures: "CrossSampling | None",
) -> None:
    import json

    result = {
        "base": models[0].name,
        "tuned": models[1].name,
        "benchmark": benchmark,
        "divergence": divergence.model_dump(mode="json"),
        "cross_sampling": mixtures.model_dump(mode="json") if mixtures else None,
    }
    print(json.dumps(result, indent=1))


def _print_tables(
    console: "Console", divergence: "Divergence", mixtures: "CrossSampling | None"
) -> None:
    for table in _divergence_tables(divergence):
        console.print(table)
        console.print()
    if mixtures:
        console.print(_cross_sampling_table(mixtures))


def _divergence_tables(divergence: "Divergence") -> "Iterator[Table]":
    kinds = {"base": divergence.base_text, "own": divergence.own_text}
    if divergence.reference_text:
        kinds["reference"] = divergence.reference_text
    headings = [f"{kind} text" for kind in kinds]

    means = _table("", *headings)
    for name, words in _MEASURES.items():
        means.add_row(words, *(_with_ends(summary, name) for summary in kinds.values()))
    means.add_row("legacy estimator, nats", *(_number(s.legacy_kl) for s in kinds.values()))
    means.add_row("texts", *(str(s.n_texts) for s in kinds.values()))
    means.add_row("tokens", *(str(s.n_positions) for s in kinds.values()))
    yield means

    cells: dict[str, dict[str, str]] = {}
    for row in divergence.per_cell:
        cells.setdefault(f"{row.domain}/{row.skill}", {})[row.text] = _with_ends(row, "kl_forward")
    forward = _table("forward KL, nats", *headings)
    for cell, found in cells.items():
        forward.add_row(cell, *(found.get(kind, "") for kind in kinds))
    yield forward

    places: dict[str, dict[str, str]] = {}
    for place in divergence.profile or []:
        name = f"token {place.start:.0f}"
        if place.unit == "share":
            name = f"{100 * place.start:.0f} to {100 * place.stop:.0f} %"
        places.setdefault(name, {})[place.text] = _with_ends(place, "js")
    profile = _table("JS by place, nats", *headings)
    for name, found in places.items():
        profile.add_row(name, *(found.get(kind, "") for kind in kinds))
    yield profile


def _cross_sampling_table(mixtures: "CrossSampling") -> "Table":
    table = _table("cross-sampling", "tokens swapped", "accuracy", "change", "at random", "excess")
    table.add_row("base alone", "", _with_ends(mixtures, "base_accuracy"))
    table.add_row("tuned alone", "", _with_ends(mixtures, "tuned_accuracy"))
    for row in mixtures.rows:
        table.add_row(
            f"{row.direction}, JS > {row.threshold:g}",
            _with_ends(row, "swapped_share"),
            _with_ends(row, "accuracy"),
            _with_ends(row, "delta"),
            _with_ends(row, "control_accuracy"),
            _with_ends(row, "excess"),
        )
    table.caption = f"{mixtures.n_items} items, {mixtures.n_samples} response(s) each"
    return table


def _table(first: str, *others: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, collapse_padding=True, caption_justify="left")
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def _with_ends(row: object, name: str) -> str:
    value, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    ends = "" if low is None else f" ({_number(low)} to {_number(high)})"
    return f"{_number(value)}{ends}"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2g}"
