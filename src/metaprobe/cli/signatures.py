"""`metaprobe signatures`: signs of trouble in the logs of any trainer."""

from pathlib import Path
from typing import Annotated, Any

import typer


def signatures(
    logs: Annotated[
        list[Path],
        typer.Argument(
            help="metrics.jsonl, trainer_state.json, trainer_log.jsonl, a log of verl, or the "
            "folder of a run."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON instead of text.")
    ] = False,
) -> None:
    """Look for the known signs of trouble in what a training run logged."""
    import json

    found = [_look(place) for place in logs]
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for one in found:
        print(f"{one['log']}: {one['metrics']} metrics, steps {one['first']} to {one['last']}")
        for seen in one["signatures"]:
            print(f"  {_onset(seen):<24}{seen['name'].replace('_', ' ')}: {seen['text']}")
            for line in seen["advice"]:
                print(f"{'':<26}try: {line}")
        if not one["signatures"]:
            print("  no known sign of trouble")
        for name, lack in one["not_looked_for"].items():
            print(f"  not looked for: {name.replace('_', ' ')}, {lack} is not logged often enough")


def _look(place: Path) -> dict[str, Any]:
    from metaprobe.analysis.signatures.metrics import find_log, read_metrics
    from metaprobe.analysis.signatures.training import training_signatures, unseen

    path = find_log(place)
    metrics = read_metrics(path)
    return {
        "log": str(path),
        "metrics": metrics["name"].n_unique(),
        "first": metrics["step"][0],
        "last": metrics["step"][-1],
        "signatures": [seen.model_dump(mode="json") for seen in training_signatures(metrics)],
        "not_looked_for": {str(name): lack for name, lack in unseen(metrics).items()},
    }


def _onset(seen: dict[str, Any]) -> str:
    if seen["onset_low"] is None or seen["onset_high"] is None:
        return f"from step {seen['onset']}"
    return f"step {seen['onset']} ({seen['onset_low']} to {seen['onset_high']})"
