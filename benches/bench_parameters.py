"""Weights of two checkpoints compared, against torch with both loaded and subtracted in float32.

The pair has the shape of a Qwen2 model of 0.48 billion parameters in bfloat16, 0.97 GB and two
shards each; the second differs from the first in a fifth of its entries. Our side and torch
compute the same curve, norms and cosine of each tensor; `read` only reads both files. With
`--peers PYTHON`, the interpreter of an environment that has them, mergelens and modeldelta measure
the same pair once, with the figures that they have by default.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import Bench, Turn, main

LAYERS, WIDTH, INNER, KEYS, VOCABULARY = 24, 1024, 3584, 256, 151_936
NOISE, SHARE = 0.002, 0.2
SHARDS = 2
SIDES = ("first", "second")


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the tensors of the model."""
    found: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "model.norm.weight": (WIDTH,),
    }
    for layer in range(LAYERS):
        place = f"model.layers.{layer}"
        for name, shape in {
            "self_attn.q_proj.weight": (WIDTH, WIDTH),
            "self_attn.q_proj.bias": (WIDTH,),
            "self_attn.k_proj.weight": (KEYS, WIDTH),
            "self_attn.k_proj.bias": (KEYS,),
            "self_attn.v_proj.weight": (KEYS, WIDTH),
            "self_attn.v_proj.bias": (KEYS,),
            "self_attn.o_proj.weight": (WIDTH, WIDTH),
            "mlp.gate_proj.weight": (INNER, WIDTH),
            "mlp.up_proj.weight": (INNER, WIDTH),
            "mlp.down_proj.weight": (WIDTH, INNER),
            "input_layernorm.weight": (WIDTH,),
            "post_attention_layernorm.weight": (WIDTH,),
        }.items():
            found[f"{place}.{name}"] = shape
    return found


def write_pair(folder: Path, copies: int = 1) -> None:
    """Write the two checkpoints, which are `copies` times as large."""
    import torch
    from safetensors.torch import save_file

    names = [
        (name if copy == 0 else f"copy.{copy}.{name}", shape)
        for copy in range(copies)
        for name, shape in shapes().items()
    ]
    generator = torch.Generator().manual_seed(0)
    shards = SHARDS * copies
    maps: dict[str, str] = {}
    for shard in range(shards):
        pair: list[dict[str, Any]] = [{}, {}]
        for name, shape in names[shard::shards]:
            before = 0.02 * torch.randn(shape, generator=generator)
            noise = NOISE * torch.randn(shape, generator=generator)
            moved = torch.rand(shape, generator=generator) < SHARE
            pair[0][name] = before.bfloat16()
            pair[1][name] = (before.bfloat16().float() + noise * moved).bfloat16()
            maps[name] = f"model-{shard}.safetensors"
        for side, tensors in zip(SIDES, pair, strict=True):
            (folder / side).mkdir(exist_ok=True)
            save_file(tensors, folder / side / f"model-{shard}.safetensors", {"format": "pt"})
    for side in SIDES:
        index = json.dumps({"metadata": {}, "weight_map": maps})
        (folder / side / "model.safetensors.index.json").write_text(index)
        (folder / side / "config.json").write_text(json.dumps({"model_type": "qwen2"}))


def ours(base: str | None) -> None:
    """Compare in blocks, with one thread."""
    from metaprobe.probes.parameters import measure_parameters

    turn, folder = Turn(), Path(str(base))
    while True:
        turn.start()
        result = measure_parameters(*(folder / side for side in SIDES), threads=1)
        turn.stop(result.n)


def read(base: str | None) -> None:
    """Read both checkpoints into a buffer and forget them."""
    turn, files = Turn(), sorted(Path(str(base)).rglob("*.safetensors"))
    buffer = bytearray(2**20)
    while True:
        turn.start()
        for path in files:
            with path.open("rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass
        turn.stop(sum(path.stat().st_size for path in files) // 4)


def naive(base: str | None) -> None:
    """Load both checkpoints and compare whole tensors in float32."""
    import torch
    from safetensors.torch import load_file

    from metaprobe.probes.parameters import ABSOLUTE_TOLERANCES, RELATIVE_TOLERANCES

    def load(side: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in sorted((Path(str(base)) / side).glob("*.safetensors")):
            found |= load_file(path)
        return found

    turn = Turn()
    while True:
        turn.start()
        before, after = (load(side) for side in SIDES)
        n = 0
        for name in before:
            a, b = before[name].float(), after[name].float()
            change = b - a
            rounded = b.bfloat16().float() - a.bfloat16().float()
            larger = torch.maximum(a.abs(), b.abs())
            for tolerance in ABSOLUTE_TOLERANCES:
                int((change.abs() > tolerance).sum())
                int((rounded.abs() > tolerance).sum())
            for tolerance in RELATIVE_TOLERANCES:
                int((change.abs() > tolerance * larger).sum())
            float(change.norm() / a.norm())
            float((a * b).sum() / a.norm() / b.norm())
            int((a * b < 0).sum())
            float(change.abs().max())
            n += a.numel()
        turn.stop(n)


BENCH = Bench(
    name="parameters",
    peer="torch",
    sides={"ours": ours, "read": read, "naive": naive},
    unit="weights",
    packages=("torch", "numba", "safetensors"),
    warm_up=1,
    turns=3,
)


def peers(python: str, folder: Path) -> None:
    """Print what each of the peers takes for the pair, imports and all."""
    for name in ("mergelens", "modeldelta"):
        program = str(Path(python).with_name(name))
        if not Path(program).is_file():
            print(f"{BENCH.name}: left out {name}, which is not beside {python}")
            continue
        command = [program, *_PEER_ARGUMENTS[name], *(str(folder / side) for side in SIDES)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        print(f"{BENCH.name}: {name}: {seconds:.1f} CPU s, {peak:.0f} MB, status {status}")


_PEER_ARGUMENTS = {"mergelens": ["compare"], "modeldelta": []}


def run() -> None:
    """Write the pair and let the sides take turns on it."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--peers", help="interpreter that has mergelens and modeldelta")
    arguments, rest = parser.parse_known_args()
    if "--side" in rest:
        main(BENCH)
        return
    if importlib.util.find_spec("numba") is None:
        print(f"{BENCH.name}: left out, since numba is not installed")
        return
    with tempfile.TemporaryDirectory() as place:
        write_pair(Path(place))
        if arguments.peers:
            peers(arguments.peers, Path(place))
        else:
            print(f"{BENCH.name}: left out mergelens and modeldelta: no --peers PYTHON")
        sys.argv = [sys.argv[0], *rest, "--base", place]
        main(BENCH)


if __name__ == "__main__":
    run()
