"""Sampling of traces that can be killed and goes on, and their rejection by answer.

Every solution is one line of a journal as soon as it is there. A journal is named by a hash of
all that decides what is in it, so that another setting begins another journal, and an old one is
taken up again when the old setting returns.
"""

import fcntl
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from metaprobe.benchmark.grading import Graded, grade
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError, MetaprobeError
from metaprobe.core.files import parse_object, storage_errors
from metaprobe.core.streams import short_hash
from metaprobe.core.vocabulary import Verdict
from metaprobe.training.corpus.teachers import (
    Job,
    Reply,
    Teacher,
    TraceSampling,
    Variant,
    completion,
    fits,
)

VERSION = 1
"""Raised whenever the same teacher and problem would give other lines."""

_EXAMPLES = 5
_HOPELESS = 64
_KEYS = {"problem", "sample", "verdict", "answer", "tokens", "thought", "text"}


Progress = Callable[[int, int], None]
"""Called with how many samples of a variant are done, and of how many."""


class TeacherError(MetaprobeError):
    """A teacher solves nothing at all."""


class Trace(NamedTuple):
    """A solution that was kept."""

    id: str
    """Of the problem."""
    variant: Variant
    sample: int
    completion: str
    """A thought in its marks, where there is one, and the answer."""
    answer: str
    """What the grader read."""
    tokens: int | None
    """In the teacher's tokens."""


class Collected(NamedTuple):
    """What became of the samples of one variant."""

    variant: Variant
    journal: Path
    traces: list[Trace]
    """The kept ones, in the order of the problems."""
    verdicts: dict[Verdict, int]
    """Samples by verdict; `ERRORED` are those that could not be drawn."""
    other_variant: int
    """Correct samples that are not kept, since they think where they must not, or the reverse."""
    accepted: list[int]
    """By problem, how many samples could have been kept."""
    errors: list[str]
    """Some reasons for samples that could not be drawn."""


def problem_key(item: Item) -> str:
    """Return what names a problem and its gold in a journal."""
    return short_hash(item.question, item.answer.model_dump_json())


def judge(item: Item, reply: Reply) -> Graded:
    """Return the verdict on a reply: on its answer alone, and truncated whatever a cut one says."""
    if reply.error:
        return Graded(Verdict.ERRORED, None)
    if reply.truncated:
        return Graded(Verdict.TRUNCATED, None)
    return grade(item.answer, reply.text)


class Collection:
    """The samples of one variant, drawn by one teacher with one sampling."""

    def __init__(
        self, folder: Path, teacher: Teacher, sampling: TraceSampling, variant: Variant
    ) -> None:
        self.teacher, self.variant = teacher, variant
        name = short_hash(VERSION, teacher.key, sampling.model_dump_json(), variant)
        self.path = folder / f"{variant}-{name}.jsonl"
        self.errors: Counter[str] = Counter()

    def draw(
        self, items: Sequence[Item], samples: int, *, progress: Progress | None = None
    ) -> None:
        """Draw the samples that the journal lacks.

        Args:
            items: the problems.
            samples: of each problem.
            progress: called before the first sample and after each.

        Raises:
            ConfigError: another process draws into the same journal.
            InputError: the journal was changed by hand.
            StorageError: it cannot be written.
            TeacherError: the teacher fails from the first sample on.
        """
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("a", encoding="utf-8")
        with file:
            _lock(file, self.path)
            _drop_cut_line(self.path)
            self._draw_into(file, items, samples, progress)

    def _draw_into(
        self, file: TextIO, items: Sequence[Item], samples: int, progress: Progress | None
    ) -> None:
        done: dict[str, set[int]] = {}
        for row in _lines(self.path):
            done.setdefault(row["problem"], set()).add(row["sample"])
        jobs = []
        for item in items:
            key = problem_key(item)
            missing = tuple(n for n in range(samples) if n not in done.get(key, ()))
            jobs.append(Job(key, item.question, missing))
        total = len(items) * samples
        left = sum(len(job.missing) for job in jobs)
        if progress:
            progress(total - left, total)
        by_key = {job.key: item for job, item in zip(jobs, items, strict=True)}

        def tell(reply: Reply) -> None:
            nonlocal left
            left -= 1
            if progress:
                progress(total - left, total)
            if reply.error:  # not in the journal: the next run tries again
                self.errors[reply.error] += 1
                if not done and self.errors.total() >= _HOPELESS:
                    raise TeacherError(
                        f"{self.teacher.name}: none of {_HOPELESS} samples could be drawn: "
                        f"{reply.error}"
                    )
                return
            done.setdefault(reply.key, set()).add(reply.sample)
            line = _line(reply, judge(by_key[reply.key], reply))
            with storage_errors(self.path):
                file.write(line + "\n")
                file.flush()

        self.teacher.solve(jobs, self.variant, tell)

    def collect(self, items: Sequence[Item], samples: int, keep: int) -> Collected:
        """Return what the journal has of these problems: up to `keep` correct traces of each.

        The first correct samples are kept, each text once.
        """
        places = {problem_key(item): place for place, item in enumerate(items)}
        verdicts: Counter[Verdict] = Counter()
        correct: list[dict[int, dict[str, Any]]] = [{} for _ in items]
        seen: set[tuple[str, int]] = set()
        other_variant = 0
        for row in _lines(self.path):
            place, number = places.get(row["problem"]), row["sample"]
            if place is None or number >= samples or (row["problem"], number) in seen:
                continue
            seen.add((row["problem"], number))
            verdict = Verdict(row["verdict"])
            verdicts[verdict] += 1
            if verdict is Verdict.CORRECT:
                if fits(self.variant, row["thought"], row["text"]):
                    correct[place][number] = row
                else:
                    other_variant += 1
        verdicts[Verdict.ERRORED] = len(items) * samples - len(seen)
        traces = [
            trace
            for item, rows in zip(items, correct, strict=True)
            for trace in _first_distinct(item, self.variant, rows, keep)
        ]
        accepted = [len(rows) for rows in correct]
        errors = [reason for reason, _ in self.errors.most_common(_EXAMPLES)]
        return Collected(
            self.variant,
            self.path,
            traces,
            {v: verdicts[v] for v in Verdict},
            other_variant,
            accepted,
            errors,
        )


def _first_distinct(
    item: Item, variant: Variant, rows: dict[int, dict[str, Any]], keep: int
) -> list[Trace]:
    kept: dict[str, Trace] = {}
    for number in sorted(rows):
        row = rows[number]
        text = completion(row["thought"], row["text"])
        if len(kept) < keep:
            trace = Trace(item.id, variant, number, text, row["answer"], row["tokens"])
            kept.setdefault(text, trace)
    return list(kept.values())


def _line(reply: Reply, graded: Graded) -> str:
    row = {
        "problem": reply.key,
        "sample": reply.sample,
        "verdict": str(graded.verdict),
        "answer": graded.answer,
        "tokens": reply.tokens,
        "thought": reply.thought,
        "text": reply.text,
    }
    return json.dumps(row)  # in ASCII: no text of a model can break a line or the encoding


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            row = parse_object(line, f"{path}:{number}")
            if not row.keys() >= _KEYS:
                raise InputError(f"{path}:{number}: not a line of a journal; delete that line")
            yield row


def _lock(file: TextIO, path: Path) -> None:
    """Keep the journal to this process for as long as the file is open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(f"{path}: another process draws samples into it; wait for it") from error


def _drop_cut_line(path: Path) -> None:
    """Cut off a last line that was not written to its end."""
    if not path.is_file():
        return
    with storage_errors(path), path.open("r+b") as file:
        end = file.seek(0, 2)
        while end:
            start = max(0, end - 65536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        file.truncate(end)
