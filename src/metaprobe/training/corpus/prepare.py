"""From sources to a folder of training data: curate, sample, reject, write.

problems.jsonl      the problems, as items      left_out.jsonl   the rows that are not among them
samples/            journals of all solutions   traces.parquet   the solutions that are kept
train.jsonl         those as chat messages, and train-<variant>.jsonl those of one variant
dataset_info.json   what LLaMA-Factory reads of them
card.json, card.md  what all that is; card.json is written last, and only of whole sets
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metaprobe import __version__
from metaprobe.benchmark.embedding import Embedder, make_embedder
from metaprobe.benchmark.freeze import PRESETS, load_benchmark
from metaprobe.benchmark.items import Item, read_items, write_items
from metaprobe.core.errors import InputError
from metaprobe.core.files import (
    atomic_path,
    read_json,
    sha256_file,
    write_json,
    write_parquet,
    write_text,
)
from metaprobe.core.streams import rng_for, short_hash
from metaprobe.models.chat import user_message
from metaprobe.training.corpus.card import Step, card_text, data_card, variant_card
from metaprobe.training.corpus.collection import Collected, Collection, Progress, Trace
from metaprobe.training.corpus.config import DataConfig
from metaprobe.training.corpus.curation import (
    LeftOut,
    decontaminate,
    drop_duplicates,
    read_problems,
)
from metaprobe.training.corpus.sources import Columns, Source, read_source
from metaprobe.training.corpus.teachers import Teacher

VERSION = 1
"""Raised whenever the same sources and settings would give other problems."""

PROBLEMS, LEFT_OUT, TRACES = "problems.jsonl", "left_out.jsonl", "traces.parquet"
TRAIN, LLAMA_FACTORY = "train.jsonl", "dataset_info.json"
CARD, CARD_TEXT, CURATION = "card.json", "card.md", "curation.json"

Say = Callable[[str], None]


def _silent(line: str) -> None:
    del line


class _Problems(NamedTuple):
    """Curated problems with what the card says of them."""

    items: list[Item]
    steps: list[Step]
    left_out: list[LeftOut]
    benchmarks: list[dict[str, Any]]


def prepare_data(
    config: DataConfig,
    out: Path,
    teacher: Teacher | None,
    *,
    say: Say = _silent,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a set of training data, or go on with it, and return its card.

    Problems that were curated from the same rows with the same settings are taken as they are, and
    solutions that are in a journal are not drawn again.

    Args:
        config: the settings.
        out: folder of the set.
        teacher: solves the problems; only problems are written where None.
        say: called with a line when a step begins.
        progress: called as samples are drawn.

    Raises:
        InputError: a source cannot be read, or no problem remains.
        MissingExtraError: something that is needed is not installed.
    """
    say(f"reading {', '.join(config.sources)}")
    columns = Columns(config.question, config.gold)
    sources = [read_source(name, columns) for name in config.sources]
    problems = _curated(config, sources, out, say)
    if not problems.items:
        raise InputError(f"no problem remains of {', '.join(config.sources)}; see {out / LEFT_OUT}")
    collected = []
    for variant in config.variants if teacher else ():
        assert teacher is not None
        say(f"{teacher.name}: {config.samples} {variant} solutions of each problem")
        collection = Collection(out / "samples", teacher, config.sampling, variant)
        collection.draw(problems.items, config.samples, progress=progress)
        collected.append(collection.collect(problems.items, config.samples, config.keep))
    written = _write(out, problems.items, collected)
    card = data_card(config, sources, problems.items, problems.steps, problems.left_out)
    card["benchmarks"] = problems.benchmarks
    card["teacher"] = None
    if teacher:
        card["teacher"] = {"name": teacher.name, "kind": type(teacher).__name__, "key": teacher.key}
    card["variants"] = [variant_card(one, config.samples) for one in collected]
    card["files"] = {path.name: sha256_file(path) for path in written}
    write_text(out / CARD_TEXT, card_text(card))
    write_json(out / CARD, card)
    return card


def _curated(config: DataConfig, sources: Sequence[Source], out: Path, say: Say) -> _Problems:
    """Return the problems in the folder where they are those of these settings, else curate."""
    settings = config.model_dump_json(include={"against", "embedder", "limit", "question", "gold"})
    frozen = [_frozen_key(name) for name in config.against]
    names = [(s.name, s.content) for s in sources]
    key = short_hash(VERSION, names, settings, config.sampling.seed, frozen)
    paths = (out / PROBLEMS, out / LEFT_OUT)
    if (out / CURATION).is_file():
        state = read_json(out / CURATION)
        hashes = [sha256_file(path) if path.is_file() else None for path in paths]
        if (state.get("key"), state.get("hashes")) == (key, hashes):
            steps = [Step(*step) for step in state["steps"]]
            left_out = _read_left_out(out / LEFT_OUT)
            return _Problems(read_items(paths[0]), steps, left_out, state["benchmarks"])
    problems = _curate(config, sources, say)
    (out / CARD).unlink(missing_ok=True)
    write_items(out / PROBLEMS, problems.items)
    _write_lines(out / LEFT_OUT, (row._asdict() for row in problems.left_out))
    hashes = [sha256_file(path) for path in paths]
    state = {"key": key, "hashes": hashes, "benchmarks": problems.benchmarks}
    write_json(out / CURATION, {**state, "steps": problems.steps})
    return problems


def _curate(config: DataConfig, sources: Sequence[Source], say: Say) -> _Problems:
    steps = [Step("rows", sum(len(source.rows) for source in sources))]
    say("reading golds")
    read = read_problems(sources)
    steps.append(Step("with a question and a readable gold", len(read.items)))
    say("looking for duplicates")
    distinct = drop_duplicates(read.items, _embedder(config, read.items))
    steps.append(Step("distinct", len(distinct.items)))
    items, benchmarks, contaminated = distinct.items, [], []
    for name in config.against:
        say(f"looking for the benchmark {name}")
        benchmark = load_benchmark(name)
        manifest = benchmark.manifest
        clean = decontaminate(items, benchmark.items, _embedder(config, benchmark.items))
        benchmarks.append(
            {"name": name, "items": len(benchmark.items), "content_hash": manifest.content_hash}
        )
        contaminated += clean.left_out
        items = clean.items
    steps.append(Step("not in a benchmark", len(items)))
    if config.limit is not None and config.limit < len(items):
        rng = rng_for("problems", config.sampling.seed)
        items = [items[i] for i in sorted(rng.sample(range(len(items)), config.limit))]
        steps.append(Step("drawn at random", len(items)))
    left_out = [*read.left_out, *distinct.left_out, *contaminated]
    return _Problems(items, steps, left_out, benchmarks)


def _embedder(config: DataConfig, items: Sequence[Item]) -> Embedder | None:
    if config.embedder is None or not items:
        return None
    return make_embedder(config.embedder, [item.question for item in items])


def _frozen_key(name: str) -> str:
    """Return what names the items of a benchmark without building a preset."""
    if name in PRESETS and not Path(name).is_dir():
        return f"{name} of {__version__}"
    return load_benchmark(name).manifest.content_hash


def _read_left_out(path: Path) -> list[LeftOut]:
    from metaprobe.core.files import read_jsonl
    from metaprobe.training.corpus.curation import Reason

    return [LeftOut(**{**row, "reason": Reason(row["reason"])}) for row in read_jsonl(path)]


def _write(out: Path, items: Sequence[Item], collected: Sequence[Collected]) -> list[Path]:
    """Write the traces in all their forms; nothing of an earlier set stays."""
    (out / CARD).unlink(missing_ok=True)
    for old in (*out.glob("train*.jsonl"), out / TRACES, out / LLAMA_FACTORY):
        old.unlink(missing_ok=True)
    if not collected:
        return [out / PROBLEMS, out / LEFT_OUT]
    import polars as pl

    traces = [trace for one in collected for trace in one.traces]
    schema = {
        **dict.fromkeys(("id", "variant"), pl.String),
        "sample": pl.Int32,
        **dict.fromkeys(("completion", "answer"), pl.String),
        "tokens": pl.Int32,
    }
    write_parquet(out / TRACES, pl.DataFrame(traces, schema=schema, orient="row"))
    asked = {item.id: user_message(item.question) for item in items}
    _write_lines(out / TRAIN, (_messages(trace, asked) for trace in traces))
    for one in collected:
        _write_lines(out / _train_file(one), (_messages(trace, asked) for trace in one.traces))
    write_json(out / LLAMA_FACTORY, {f"{o.variant}_traces": _data_set(o) for o in collected})
    names = (PROBLEMS, LEFT_OUT, TRACES, TRAIN, *map(_train_file, collected), LLAMA_FACTORY)
    return [out / name for name in names]


def _train_file(one: Collected) -> str:
    return f"train-{one.variant}.jsonl"


def _messages(trace: Trace, asked: dict[str, str]) -> dict[str, Any]:
    turns = (("user", asked[trace.id]), ("assistant", trace.completion))
    messages = [{"role": role, "content": content} for role, content in turns]
    return {"messages": messages, "id": trace.id, "variant": trace.variant}


def _data_set(one: Collected) -> dict[str, Any]:
    """Return LLaMA-Factory's description of a file of chat messages."""
    tags = {"role_tag": "role", "content_tag": "content"}
    tags |= {"user_tag": "user", "assistant_tag": "assistant", "system_tag": "system"}
    columns = {"messages": "messages"}
    return {
        "file_name": _train_file(one),
        "formatting": "sharegpt",
        "columns": columns,
        "tags": tags,
    }


def _write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Write JSON lines one by one: traces of thousands of tokens fill the memory otherwise."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
