"""`metaprobe train data`: problems out of corpora, and traces of a teacher that got them right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from metaprobe.models.chat_server import ServerSettings
    from metaprobe.training.corpus.config import DataConfig
    from metaprobe.training.corpus.teachers import Teacher

_VARIANTS = {"short": ("short",), "long": ("long",), "both": ("short", "long")}


_Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="JSONL or Parquet files, folders of them, or data sets of the hub as "
        "owner/name[@configuration][:split]; the published 47K set by default.",
    ),
]
_Out = Annotated[Path, typer.Option(help="Folder of the set; goes on with what is there.")]
_Question = Annotated[
    str | None, typer.Option(help="Column of the questions; found by name by default.")
]
_Gold = Annotated[
    str | None,
    typer.Option(help="Column of the answers; found by name by default; a.b is a nested one."),
]
_Against = Annotated[
    list[str] | None,
    typer.Option(
        help="Benchmark that must not be trained on: a preset or a frozen folder; may be "
        "repeated; nano by default, none for none."
    ),
]
_Embedder = Annotated[str | None, typer.Option(help="Also compare embeddings: static or tfidf.")]
_Limit = Annotated[int | None, typer.Option(min=1, help="Most problems, drawn at random.")]
_Teacher = Annotated[
    str | None,
    typer.Option(
        help="Model that solves the problems: shipped, a folder or a hub name; with --server "
        "its name there, Qwen/Qwen3-32B by default."
    ),
]
_Server = Annotated[
    str | None,
    typer.Option(help="OpenAI-compatible server, as http://localhost:8000/v1."),
]
_KeyVariable = Annotated[
    str | None,
    typer.Option(help="Environment variable with the server's key; none is sent without it."),
]
_Variants = Annotated[str, typer.Option(help="short (no thinking), long (thinking) or both.")]
_Samples = Annotated[
    int, typer.Option(min=1, help="Solutions sampled of each problem and variant.")
]
_Keep = Annotated[
    int, typer.Option(min=1, help="Most correct ones kept of each problem and variant.")
]
_Temperature = Annotated[float, typer.Option(min=0, help="Softmax temperature.")]
_TopP = Annotated[float, typer.Option(help="Probability mass of the nucleus.")]
_MaxNewTokens = Annotated[
    int, typer.Option(min=1, help="Token limit of a solution; cut ones are not kept.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Names the random streams.")]
_Parallel = Annotated[int, typer.Option(min=1, help="Requests to the server at a time.")]
_Timeout = Annotated[
    float, typer.Option(min=1, help="Longest wait for a solution of the server, in seconds.")
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print the data card as JSON.")]


def data(
    sources: _Sources = None,
    *,
    out: _Out,
    question: _Question = None,
    gold: _Gold = None,
    against: _Against = None,
    embedder: _Embedder = None,
    limit: _Limit = None,
    teacher: _Teacher = None,
    server: _Server = None,
    key_variable: _KeyVariable = None,
    variants: _Variants = "both",
    samples: _Samples = 4,
    keep: _Keep = 1,
    temperature: _Temperature = 0.6,
    top_p: _TopP = 0.95,
    max_new_tokens: _MaxNewTokens = 16384,
    seed: _Seed = 0,
    parallel: _Parallel = 16,
    timeout: _Timeout = 1800.0,
    as_json: _AsJson = False,
) -> None:
    """Make training data: curate problems, sample a teacher, keep what it got right.

    Without a teacher only the problems are written. Killed at any moment, the same command goes on.
    """
    from metaprobe.core.config import parse_config
    from metaprobe.core.errors import ConfigError, nearest
    from metaprobe.models.chat_server import ServerSettings
    from metaprobe.training.corpus.config import PUBLISHED_TEACHER, DataConfig

    if variants not in _VARIANTS:
        hint = nearest(variants, _VARIANTS)
        raise ConfigError(f"--variants {variants!r}{hint}: use {', '.join(_VARIANTS)}")
    table: dict[str, Any] = {
        **({"sources": sources} if sources else {}),
        **({"against": () if against == ["none"] else against} if against else {}),
        "question": question,
        "gold": gold,
        "embedder": embedder,
        "limit": limit,
        "teacher": teacher or (PUBLISHED_TEACHER if server else None),
        "variants": _VARIANTS[variants],
        "samples": samples,
        "keep": keep,
        "sampling": {
            "temperature": temperature,
            "top_p": top_p,
            "max_new_tokens": max_new_tokens,
            "seed": seed,
        },
    }
    config = parse_config(DataConfig, table, "metaprobe train data")
    settings = ServerSettings(server, parallel, timeout, key_variable) if server else None
    _prepare(config, out, _teacher(config, settings), as_json=as_json)


def _teacher(config: "DataConfig", server: "ServerSettings | None") -> "Teacher | None":
    if config.teacher is None:
        return None
    if server:
        from metaprobe.training.corpus.server import ServerTeacher

        return ServerTeacher(config.teacher, config.sampling, server)
    from metaprobe.training.corpus.local import LocalTeacher

    return LocalTeacher(config.teacher, config.sampling, config.samples)


def _prepare(config: "DataConfig", out: Path, teacher: "Teacher | None", *, as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.progress import Progress

    from metaprobe.training.corpus.prepare import CARD_TEXT, prepare_data

    console = Console(stderr=True, highlight=False)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as display:
        bar = display.add_task("samples", total=None)

        def say(line: str) -> None:
            console.print(line, style="dim", markup=False)

        card = prepare_data(
            config,
            out,
            teacher,
            say=say,
            progress=lambda done, total: display.update(bar, completed=done, total=total),
        )
    if as_json:
        print(json.dumps(card))
        return
    print(_summary(card))
    print(f"data card: {out / CARD_TEXT}")


def _summary(card: dict[str, Any]) -> str:
    lines = [f"{step['problems']:>8}  {step['name']}" for step in card["steps"]]
    for one in card["variants"]:
        solved = one["problems_solved"]
        lines.append(
            f"{one['traces']:>8}  {one['variant']} traces; of {one['samples']} samples "
            f"{one['correct']} correct, {one['wrong']} wrong, {one['unparsed']} unparsed, "
            f"{one['truncated']} truncated, {one['errored']} errored; problems solved "
            f"{solved['value']:.3f} ({solved['low']:.3f} to {solved['high']:.3f})"
        )
        lines += [f"          for instance: {reason}" for reason in one["errors"][:1]]
    return "\n".join(lines)
