"""The accuracy probe of a stage, against lm-evaluation-harness' hf back end on the exported tasks.

Both sides ask the nano base the same 20 cells with 50 items, draw 4 responses of at most 256
tokens with temperature 0.6 and top-p 0.95, and grade them. The peer runs the tasks that
`metaprobe bench export --to lm-eval` writes, with `repeats: 4`; it grades the first of the four
only. A step is one whole probe, without imports and loading.
"""

import sys
import tempfile
from pathlib import Path

from common import Bench, Turn, main

MODEL = "nano/qwen3"
BENCHMARK, ITEMS = "nano", 50
BATCH = 256
"""Rows that the peer samples at once."""
FROZEN, TASKS = "benchmark", "tasks"


def write_benchmark_and_tasks(folder: Path) -> None:
    """Write the frozen benchmark, and the same as tasks of the peer."""
    from metaprobe.benchmark.freeze import build_benchmark, write_benchmark
    from metaprobe.benchmark.interchange.lm_eval import write_lm_eval
    from metaprobe.models.chat import user_message
    from metaprobe.models.sampling import Sampling

    benchmark, sampling = build_benchmark(BENCHMARK, items_per_cell=ITEMS), Sampling()
    write_benchmark(folder / FROZEN, benchmark)
    # The back end would otherwise take the 50 most likely tokens only.
    drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
    limit = {"max_gen_toks": sampling.max_new_tokens}
    write_lm_eval(folder / TASKS, benchmark, user_message, {"do_sample": True, **drawn, **limit})
    for task in (folder / TASKS).glob("metaprobe_*.yaml"):
        task.write_text(f"{task.read_text()}repeats: {sampling.samples}\n")


def ours(base: str | None) -> None:
    """Our probe, as a study runs it."""
    from metaprobe.benchmark.freeze import baselines, read_benchmark
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import set_threads
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.accuracy import measure_responses

    set_threads(1)
    benchmark, loaded = read_benchmark(Path(str(base)) / FROZEN), load_model(MODEL)
    majority, turn, seed = baselines(benchmark.manifest), Turn(), 0
    while True:
        turn.start()
        rows = measure_responses(loaded, benchmark.items, Sampling(seed=seed), majority)
        turn.stop(len(rows))
        seed += 1


def peer(base: str | None) -> None:
    """The exported tasks through `simple_evaluate`."""
    import torch
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from metaprobe.models.folders import resolve_model

    torch.set_num_threads(1)
    model = HFLM(
        pretrained=str(resolve_model(MODEL)), device="cpu", dtype="float32", batch_size=BATCH
    )
    tasks = TaskManager(include_path=str(Path(str(base)) / TASKS))
    turn, seed = Turn(), 0
    while True:
        turn.start()
        found = simple_evaluate(
            model=model,
            tasks=["metaprobe"],
            task_manager=tasks,
            apply_chat_template=True,
            bootstrap_iters=0,
            torch_random_seed=seed,
        )
        assert found is not None
        turn.stop(sum(len(s["resps"][0]) for rows in found["samples"].values() for s in rows))
        seed += 1


BENCH = Bench(
    name="probe",
    peer="lm-eval hf",
    sides={"ours": ours, "peer": peer},
    unit="responses",
    packages=("torch", "transformers", "lm-eval"),
    needs={"peer": "lm-eval"},
    warm_up=0,
    turns=1,
)


if __name__ == "__main__":
    if "--side" in sys.argv:
        main(BENCH)
    else:
        with tempfile.TemporaryDirectory() as place:
            write_benchmark_and_tasks(Path(place))
            sys.argv += ["--base", place]
            main(BENCH)
