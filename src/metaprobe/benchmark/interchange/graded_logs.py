"""Graded responses out of the logs of lm-eval and Inspect, scored by the harness itself.

A log may score a response in several ways; which of them says what is correct is asked for and
never guessed. Tasks that metaprobe exported log its own verdicts, which are taken over.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from metaprobe.benchmark.interchange.inspect_log import read_output
from metaprobe.core.errors import InputError, nearest
from metaprobe.core.vocabulary import Verdict

_SAMPLES = re.compile(r"samples_(.+)_([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9.\-]+)\.jsonl")
_OWN = ("correct", "wrong", "unparsed")
"""What metaprobe's tasks in lm-eval score; truncated responses are among the unparsed there."""

_LETTERS = {"C": Verdict.CORRECT, "I": Verdict.WRONG, "N": Verdict.UNPARSED}
"""Grades of Inspect; partial credit has no place among the verdicts."""


def lm_eval_rows(
    samples: Sequence[dict[str, Any]], path: Path, metrics: Sequence[str]
) -> list[dict[str, Any]]:
    """Return one row a sample of lm-eval, scored by one metric of one filter.

    The task, and the model beside it in `results_*.json`, are known by the file names that lm-eval
    gives; a document is named by its hash, so that tasks may be run on parts of their data.

    Args:
        samples: lines of a `samples_*.jsonl`.
        path: of that file.
        metrics: `METRIC` or `METRIC,FILTER`; the first that the file has counts.

    Raises:
        InputError: several metrics could be meant, or the one asked for is neither 0 nor 1.
    """
    match = _SAMPLES.fullmatch(path.name)
    task = match[1] if match else path.stem
    model = _model_beside(path, match[2]) if match else None
    own = all(set(_OWN) <= set(sample) for sample in samples)
    chosen = "correct" if own else _metric(samples, path, metrics)
    name, _, wanted = chosen.partition(",")
    told = " ".join(_OWN if own else _OWN[:2])
    rows = []
    for sample in samples:
        if wanted and sample.get("filter") != wanted:
            continue
        doc = sample["doc"] if isinstance(sample["doc"], dict) else {}
        ours = own and {"id", "cell"} <= set(doc)
        kinds = _OWN if own else (name,)
        verdict = next((kind for kind in kinds if sample.get(kind)), "wrong")
        rows.append(
            {
                "model": model,
                "item": str(doc["id"] if ours else sample.get("doc_hash", sample.get("doc_id"))),
                "cell": str(doc["cell"]) if ours else task,
                "verdict": verdict if own else ("correct" if verdict == name else "wrong"),
                "told": told,
                "self_check": bool(sample["self_check"]) if "self_check" in sample else None,
            }
        )
    return rows


def _model_beside(path: Path, date: str) -> str | None:
    """Return the name in the results of the same run, where they still lie beside the samples."""
    results = path.parent / f"results_{date}.json"
    try:
        name = json.loads(results.read_text(encoding="utf-8")).get("model_name")
    except (OSError, ValueError, AttributeError):
        return None
    return name if isinstance(name, str) else None


def _metric(samples: Sequence[dict[str, Any]], path: Path, wanted: Sequence[str]) -> str:
    """Return `METRIC,FILTER` of the metric that says what is correct."""
    values: dict[str, list[Any]] = {}
    for sample in samples:
        for name in _metric_names(sample):
            values.setdefault(f"{name},{sample.get('filter', 'none')}", []).append(sample.get(name))
    for asked in wanted:
        found = [name for name in values if asked in (name, name.partition(",")[0])]
        if len(found) == 1:
            if not _is_binary(values[found[0]]):
                raise InputError(f"{path}: {found[0]} is not 0 or 1 in every sample")
            return found[0]
    fit = [name for name, given in values.items() if _is_binary(given)]
    if len(fit) == 1 and not wanted:
        return fit[0]
    listed = ", ".join(sorted(fit)) or "nothing that is 0 or 1"
    hint = nearest(wanted[0], fit) if wanted else ""
    raise InputError(f"{path}: scored by {listed}{hint}; choose one with --metric METRIC,FILTER")


def _metric_names(sample: Mapping[str, Any]) -> Iterator[str]:
    names = sample.get("metrics")
    if isinstance(names, list):
        yield from (name for name in names if isinstance(name, str) and name in sample)


def _is_binary(values: Sequence[Any]) -> bool:
    return all(isinstance(v, int | float) and v in (0, 1) for v in values)


def inspect_rows(log: Any, path: Path, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row a sample and epoch of an Inspect log, scored by one of its scorers.

    Args:
        log: as inspect-ai reads it.
        path: of its file.
        metrics: names of scorers; the first that the log has counts.

    Raises:
        InputError: several scorers could be meant, or a score is no grade.
    """
    samples = list(log.samples or ())
    names = sorted({name for sample in samples for name in sample.scores or {}})
    chosen = next((name for name in metrics if name in names), None)
    if chosen is None and len(names) == 1 and not metrics:
        chosen = names[0]
    if chosen is None and any(not sample.error for sample in samples):
        listed = ", ".join(names) or "nothing"
        raise InputError(f"{path}: scored by {listed}; choose one with --metric SCORER")
    rows = []
    for sample in samples:
        score = (sample.scores or {}).get(chosen)
        metadata = sample.metadata or {}
        verdict, told = _inspect_verdict(sample, score, path)
        value = score.value if score is not None else None
        checks = value.get("self_check") if isinstance(value, dict) else None
        rows.append(
            {
                "model": log.eval.model,
                "item": str(sample.id),
                "cell": str(metadata.get("cell", log.eval.task)),
                "verdict": str(verdict),
                "told": " ".join(told),
                "self_check": None if checks is None else bool(checks),
            }
        )
    return rows


def _inspect_verdict(sample: Any, score: Any, path: Path) -> tuple[Verdict, Sequence[Verdict]]:
    """Return the verdict on a sample, and which verdicts could have been told."""
    own = (getattr(score, "metadata", None) or {}).get("verdict")
    told = list(Verdict)
    if own not in told:
        told.remove(Verdict.UNPARSED)
    if sample.error:
        return Verdict.ERRORED, told
    if own in list(Verdict):
        return Verdict(own), told
    value = None if score is None else score.value
    if isinstance(value, str) and value in _LETTERS:
        verdict = _LETTERS[value]
    elif isinstance(value, int | float) and value in (0, 1):
        verdict = Verdict.CORRECT if value else Verdict.WRONG
    else:
        name = str(sample.id)[:40]
        raise InputError(f"{path}: sample {name!r}: {value!r:.40} is not one of C, I, N, 0 and 1")
    cut = read_output(sample.output)[1] or sample.limit is not None
    return (Verdict.TRUNCATED if cut and verdict != Verdict.CORRECT else verdict), told
