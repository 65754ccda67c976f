"""What a trainer logged, as one table, whichever trainer it was.

Read are our own metrics.jsonl, `trainer_state.json` of transformers (TRL, LLaMA-Factory) or its
`log_history` alone, LLaMA-Factory's trainer_log.jsonl, and verl's file logger or the lines that it
prints. Metrics that have another name there get the one of our own loops, and all others keep
theirs. A file that is still being written may end in half a line.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from metaprobe.core.errors import InputError

SCHEMA = {"step": pl.Int64, "name": pl.String, "value": pl.Float64}
"""Columns of the table, one row a value; a step has one value of a name."""

NAMES: dict[str, str] = {
    "completions/mean_length": "mean_length",
    "completion_length": "mean_length",
    "completions/clipped_ratio": "truncated_share",
    "frac_reward_zero_std": "zero_variance_share",
    "kl": "kl_base",
    "clip_ratio/region_mean": "clipped_share",
    "lr": "learning_rate",
    # verl's score is what was earned; its reward has the divergence taken off.
    "critic/score/mean": "reward",
    "critic/rewards/mean": "reward",
    "response_length/mean": "mean_length",
    "response_length/clip_ratio": "truncated_share",
    "actor/entropy": "entropy",
    "actor/entropy_loss": "entropy",
    "actor/kl_loss": "kl_base",
    "actor/reward_kl_penalty": "kl_base",
    "actor/ppo_kl": "kl_old",
    "actor/pg_loss": "loss",
    "actor/grad_norm": "grad_norm",
    "actor/lr": "learning_rate",
    "actor/pg_clipfrac": "clipped_share",
    "train/loss": "loss",
    "train/grad_norm": "grad_norm",
    "train/lr": "learning_rate",
}
"""From the names of other trainers to ours; of two that mean one thing the first is taken."""

FILES = ("metrics.jsonl", "trainer_state.json", "trainer_log.jsonl")
"""Logs that are looked for in a folder, the fullest first."""

_REWARD_FUNCTION = re.compile(r"rewards/(?P<function>[^/]+)(?:/mean)?")
_PRINTED = re.compile(r"\bstep:(?P<step>\d+) - (?P<values>.*)")
_NUMPY = re.compile(r"(?:np\.)?\w+\((?P<number>[^()]+)\)")
_STEPS = ("step", "current_steps", "global_step")


def find_log(place: Path) -> Path:
    """Return the log in a folder, or in its newest checkpoint; a file is taken as it is.

    Raises:
        InputError: there is none.
    """
    if place.is_file():
        return place
    for name in FILES:
        if (place / name).is_file():
            return place / name
    states = [p for p in place.glob("checkpoint-*/trainer_state.json") if _number(p.parent.name)]
    if states:
        return max(states, key=lambda p: _number(p.parent.name))
    known = ", ".join(FILES)
    raise InputError(f"{place}: no log of a trainer; name a file, or a folder with {known}")


def read_metrics(path: Path) -> pl.DataFrame:
    """Return the metrics in a log, in order of their steps.

    Where a step was logged twice, as by a run that was resumed, the later value counts. What is
    not a number is left out.

    Returns:
        Columns as in `SCHEMA`; values may be infinite or NaN, as they were logged.

    Raises:
        InputError: the file cannot be read, is no log, or has a broken line before its last one.
    """
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    values: dict[tuple[int, str], float] = {}
    for step, row in _rows(text, path):
        for name, value in _renamed(row).items():
            values[step, name] = value
    if not values:
        raise InputError(f"{path}: no log of a trainer: no line holds a step and a number")
    columns = [(step, name, value) for (step, name), value in values.items()]
    return pl.DataFrame(columns, schema=SCHEMA, orient="row").sort("step", maintain_order=True)


def _rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    whole = _parse(text)
    if isinstance(whole, dict) and isinstance(whole.get("log_history"), list):
        whole = whole["log_history"]
    if isinstance(whole, list):
        return _steps(row for row in whole if isinstance(row, dict))
    if not text.lstrip().startswith("{"):
        return _steps(_printed(text))
    return _steps(_lines(text, path))


def _lines(text: str, path: Path) -> Iterator[dict[str, Any]]:
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    for n, line in lines:
        row = _parse(line)
        if isinstance(row, dict):
            yield row
        elif n != lines[-1][0]:
            raise InputError(f"{path}:{n}: not a JSON object; mend or remove the line")


def _printed(text: str) -> Iterator[dict[str, Any]]:
    for found in _PRINTED.finditer(text):
        row: dict[str, Any] = {"step": _parse(found["step"])}
        for part in found["values"].split(" - "):
            name, _, value = part.strip().rpartition(":")
            wrapped = _NUMPY.fullmatch(value)
            row[name] = _parse(wrapped["number"] if wrapped else value)
        yield row


def _steps(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in rows:
        step = next((row[key] for key in _STEPS if key in row), None)
        if isinstance(step, int) and 0 <= step < 2**63:
            data = row["data"] if isinstance(row.get("data"), dict) else row
            yield step, {key: value for key, value in data.items() if key not in _STEPS}


def _renamed(row: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of a row under our names; a second one for a name keeps its own."""
    numbers = {key: _as_float(value) for key, value in row.items()}
    ours = {key: value for key, value in numbers.items() if value is not None}
    for key in [*NAMES, *numbers]:
        name = NAMES.get(key) or _reward_name(key)
        if key in ours and name not in ours:
            ours[name] = ours.pop(key)
    return ours


def _reward_name(key: str) -> str:
    """Return our name for the mean of one of TRL's reward functions, as far as its name tells."""
    found = _REWARD_FUNCTION.fullmatch(key)
    if found and ("accura" in found["function"] or "correct" in found["function"]):
        return "correct_share"
    return key


def _as_float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _parse(text: str) -> Any:
    """Return a JSON value, or None where the text is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(checkpoint: str) -> int:
    digits = checkpoint.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0
