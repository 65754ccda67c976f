"""Training a sparse autoencoder on cached activations, against SAELens, sparsify and a plain loop.

Activations are sums of planted directions with power-law frequencies, about 24 a row, around a mean
far from the origin. Every side trains on batches of 4096 rows with 32 features a row: all but
sparsify, which takes the 32 of each row, the BatchTopK of the batch. After the speeds, sides train
anew for the CPU seconds that sparsify takes for `STEPS` steps, and explain held-out rows; the
larger shape would take an hour. The top of the last line is the smaller shape.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import OURS, Bench, Turn, main, measure, print_table, record
from rich.console import Console
from rich.table import Table

SHAPES = {"128x8": (128, 8, 131_072), "768x16": (768, 16, 32_768)}
"""By name: width, features for each dimension, rows."""
BATCH, K, ACTIVE, NOISE = 4096, 32, 24, 0.02
HELD_OUT = 8192
STEPS = 150
"""Steps of sparsify in the comparison of quality."""
WARM_UP = 6
"""Ours reads four batches before its first step, which also compiles."""
ENDLESS = 10**6

Batches = Iterator[Any]
Explain = Callable[[Any], tuple[Any, Any]]
"""Rows to reconstructions and features."""


def write_rows(folder: Path, width: int, rows: int) -> None:
    """Write activations, of which the last `HELD_OUT` are for measuring."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(4 * width, width, generator=generator)
    directions = torch.nn.functional.normalize(directions, dim=1)
    rates = torch.arange(1, 4 * width + 1).float() ** -0.7
    for _ in range(20):  # no rate above 0.9
        rates = (rates * ACTIVE / rates.sum()).clamp(max=0.9)
    mean = torch.randn(width, generator=generator)
    parts = []
    for _ in range((rows + HELD_OUT) // BATCH):
        on = torch.rand(BATCH, 4 * width, generator=generator) < rates
        strength = 0.5 + torch.rand(BATCH, 4 * width, generator=generator)
        noise = NOISE * torch.randn(BATCH, width, generator=generator)
        parts.append((on * strength) @ directions + mean + noise)
    save_file({"rows": torch.cat(parts)}, folder / "rows.safetensors")


def load(folder: str) -> tuple[Any, Any]:
    """Return rows to train on and those held out."""
    from safetensors.torch import load_file

    rows = load_file(Path(folder) / "rows.safetensors")["rows"]
    return rows[:-HELD_OUT], rows[-HELD_OUT:]


def batches(rows: Any, turn: Turn | None = None) -> Batches:
    """Yield mixed batches without end; what is done with one is a turn."""
    import torch

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    while True:
        order = torch.randperm(len(rows), generator=generator)
        for part in order.split(BATCH):
            if turn:
                turn.start()
            yield rows[part]
            if turn:
                turn.stop(BATCH)


def ours(source: Batches, steps: int, expansion: int) -> Explain:
    """Train as `metaprobe features train` does."""
    from metaprobe.probes.features.sae import SaeConfig
    from metaprobe.probes.features.train import train_sae

    sae = train_sae(source, SaeConfig(expansion=expansion, k=K, batch=BATCH, steps=steps))

    def explain(x: Any) -> tuple[Any, Any]:
        features = sae.encode(x)
        return sae.decode(features), features

    return explain


def plain(source: Batches, steps: int, expansion: int) -> Explain:
    """The same loss and optimiser in dense PyTorch."""
    import torch

    x = next(source)
    scale = x.square().mean().sqrt()
    decoder = torch.nn.functional.normalize(torch.randn(expansion * x.shape[1], x.shape[1]), dim=1)
    start = (0.3 * decoder, torch.zeros(len(decoder)), decoder, x.mean(0) / scale)
    encoder, bias, decoder, origin = parameters = [p.requires_grad_() for p in start]
    optimiser = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    for _ in range(steps):
        x = next(source) / scale
        pre = torch.addmm(bias, x - origin, encoder.T).relu().flatten()
        kept = pre.topk(K * len(x))
        active = torch.zeros_like(pre).scatter(0, kept.indices, kept.values).view(len(x), -1)
        optimiser.zero_grad()
        (active @ decoder + origin - x).square().mean().backward()
        with torch.no_grad():
            assert decoder.grad is not None
            decoder.grad -= (decoder.grad * decoder).sum(1, keepdim=True) * decoder
            optimiser.step()
            decoder /= decoder.norm(dim=1, keepdim=True)
    least = float(kept.values[-1])

    def explain(x: Any) -> tuple[Any, Any]:
        pre = torch.addmm(bias, x / scale - origin, encoder.T).detach()
        active = pre * (pre > least)
        return (active @ decoder + origin).detach() * scale, active

    return explain


def sparsify(source: Batches, steps: int, expansion: int) -> Explain:
    """The default optimiser and step of sparsify's trainer, fed from the cache."""
    import torch
    from schedulefree import ScheduleFreeWrapper
    from sparsify import SparseCoder, SparseCoderConfig
    from sparsify.sign_sgd import SignSGD

    x = next(source)
    config = SparseCoderConfig(expansion_factor=expansion, k=K)
    coder = SparseCoder(x.shape[1], config, dtype=torch.float32)
    coder.b_dec.data = x.mean(0)
    rate = 5e-3 / (coder.num_latents / 2**14) ** 0.5
    groups = [{"params": coder.parameters(), "lr": rate}]
    optimiser = ScheduleFreeWrapper(SignSGD(groups), momentum=0.95)
    optimiser.train()
    for _ in range(steps):
        x = next(source)
        coder.set_decoder_norm_to_unit_norm()
        coder(x).fvu.backward()
        coder.remove_gradient_parallel_to_decoder_directions()
        optimiser.step()
        optimiser.zero_grad()
    optimiser.eval()

    def explain(x: Any) -> tuple[Any, Any]:
        with torch.no_grad():
            found = coder(x)
        features = torch.zeros(len(x), coder.num_latents)
        features.scatter_(1, found.latent_indices, found.latent_acts)
        return found.sae_out, features

    return explain


def sae_lens(source: Batches, steps: int, expansion: int) -> Explain:
    """SAELens' trainer with its defaults."""
    import torch
    from sae_lens import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig
    from sae_lens.config import SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    width = next(source).shape[1]
    config = BatchTopKTrainingSAEConfig(d_in=width, d_sae=expansion * width, k=K)
    settings = SAETrainerConfig(
        total_training_samples=steps * BATCH, train_batch_size_samples=BATCH, lr_end=3e-4
    )
    sae = SAETrainer(settings, BatchTopKTrainingSAE(config), source).fit()

    def explain(x: Any) -> tuple[Any, Any]:
        with torch.no_grad():
            features = sae.encode(x)
            return sae.decode(features), features

    return explain


SIDES = {OURS: ours, "plain": plain, "sparsify": sparsify, "sae-lens": sae_lens}
NEEDS = {"sparsify": "eai-sparsify", "sae-lens": "sae-lens"}


def timed(side: str) -> Callable[[str | None], None]:
    """Return what trains without end, a step a turn."""

    def run_side(base: str | None) -> None:
        turn, folder = Turn(), str(base)
        expansion = SHAPES[Path(folder).name][1]
        SIDES[side](batches(load(folder)[0], turn), ENDLESS, expansion)

    return run_side


def quality(side: str, folder: str, steps: int) -> dict[str, float]:
    """Return unexplained variance and silent features on held-out rows, and the CPU seconds."""
    rows, held_out = load(folder)
    source = batches(rows)
    next(source)
    began = time.process_time()
    explain = SIDES[side](source, steps, SHAPES[Path(folder).name][1])
    seconds = time.process_time() - began
    found, features = explain(held_out)
    unexplained = (found - held_out).square().sum() / (held_out - held_out.mean(0)).square().sum()
    return {
        "steps": steps,
        "cpu_s": round(seconds, 1),
        "unexplained": round(float(unexplained), 4),
        "l0": round(float((features > 0).sum(1).float().mean()), 2),
        "silent": round(float((features > 0).any(0).logical_not().float().mean()), 4),
    }


def compare_quality(folder: Path, seconds: dict[str, float]) -> dict[str, dict[str, float]]:
    """Train each side for the CPU seconds that `STEPS` steps of sparsify take; print a table."""
    budget = STEPS * seconds.get("sparsify", seconds[OURS])
    found: dict[str, dict[str, float]] = {}
    for side, step in seconds.items():
        done = subprocess.run(
            [sys.executable, sys.argv[0], "--quality", side, str(int(budget / step)), str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
            check=True,
        )
        found[side] = json.loads(done.stdout.splitlines()[-1])
    table = Table("side", *found[OURS], title=f"{HELD_OUT:,} held-out rows of {folder.name}")
    for side, row in found.items():
        table.add_row(side, *map(str, row.values()))
    Console().print(table)
    return found


def bench(shape: str, missing: set[str]) -> Bench:
    """Return the comparison for one shape, without the sides whose package is missing."""
    sides = {side: timed(side) for side in SIDES if side not in missing}
    return Bench(
        name=f"sae {shape}",
        peer=list(sides)[-1],
        sides=sides,
        unit="activations",
        packages=("torch", "numba", *NEEDS.values()),
        warm_up=WARM_UP,
    )


def compare(shapes: list[str], turns: int, missing: set[str]) -> dict[str, Any]:
    """Write the activations, let the sides take turns on them, and return the last line."""
    found: dict[str, dict[str, Any]] = {}
    for shape in shapes:
        width, _, rows = SHAPES[shape]
        with tempfile.TemporaryDirectory() as place:
            cache = Path(place) / shape
            cache.mkdir()
            write_rows(cache, width, rows)
            chosen = bench(shape, missing)
            results = measure(chosen, turns, str(cache))
            print_table(chosen, results)
            found[shape] = record(chosen, results)
            if shape == next(iter(SHAPES)):
                seconds = {name: side.seconds for name, side in results.items()}
                found[shape]["quality"] = compare_quality(cache, seconds)
    return found[shapes[0]] | {"bench": "sae", "shapes": found}


def run() -> None:
    """Run one side, where the command line names one, or else all of them and the comparison."""
    if "--quality" in sys.argv:
        side, steps, folder = sys.argv[2:]
        print(json.dumps(quality(side, folder, int(steps))))
        return
    if "--side" in sys.argv:
        main(bench(next(iter(SHAPES)), set()))
        return
    parser = argparse.ArgumentParser(description="sae: ours against SAELens, sparsify, plain loop")
    parser.add_argument("--turns", type=int, default=3, help="measured steps of a side")
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    arguments = parser.parse_args()
    if importlib.util.find_spec("numba") is None:
        print("sae: left out, since numba is not installed")
        return
    missing = {side for side in NEEDS if importlib.util.find_spec(side.replace("-", "_")) is None}
    for side in missing:
        print(f"sae: left out {NEEDS[side]}, which is not installed: pip install {NEEDS[side]}")
    print(json.dumps(compare(arguments.shapes, arguments.turns, missing)))


if __name__ == "__main__":
    run()
