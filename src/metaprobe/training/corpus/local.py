"""A model on this machine as a teacher, by metaprobe's own sampler."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaprobe.core.errors import ConfigError
from metaprobe.core.files import sha256_file
from metaprobe.core.streams import short_hash
from metaprobe.models.chat import THINK, encode_prompts, end_of_turn, padding, split_thought
from metaprobe.models.folders import resolve_model, weight_files
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.sampler import Request, sample
from metaprobe.models.sampling import Sampling
from metaprobe.training.corpus.teachers import (
    Job,
    Reply,
    Tell,
    TraceSampling,
    Variant,
)

_CHUNK = 32
_WORDS = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


class LocalTeacher:
    """A model on this machine.

    Problems are solved in chunks that do not depend on what is missing, so that a run that is
    interrupted and goes on draws what an uninterrupted one draws, to the bit.
    """

    def __init__(self, name: str, sampling: TraceSampling, samples: int) -> None:
        """Name the teacher; it is loaded when there is something to solve.

        Raises:
            ConfigError: there is no such model.
            InputError: its files are incomplete.
        """
        self.name, self.samples = name, samples
        self.sampling = Sampling(samples=samples, **sampling.model_dump())
        folder = resolve_model(name)
        self.key = short_hash("local", *(_hashes(folder) if folder else ["hub", name]))
        self._loaded: LoadedModel | None = None

    def solve(self, jobs: Sequence[Job], variant: Variant, tell: Tell) -> None:
        """Draw the missing samples and tell each; see `Teacher`.

        Raises:
            ConfigError: prompt and trace do not fit into the model's context.
        """
        for start in range(0, len(jobs), _CHUNK):
            chunk = jobs[start : start + _CHUNK]
            if any(job.missing for job in chunk):
                self._solve_chunk(chunk, variant, tell)

    def _solve_chunk(self, chunk: Sequence[Job], variant: Variant, tell: Tell) -> None:
        loaded = self._loaded = self._loaded or load_model(self.name)
        tokenizer = loaded.tokenizer
        thinking = variant == "long"
        prompts = encode_prompts(tokenizer, [job.question for job in chunk], thinking=thinking)
        _check_room(loaded, max(map(len, prompts)), self.sampling.max_new_tokens)
        names = [f"teacher/{variant}/{job.key}" for job in chunk]
        groups = sample(
            loaded.model,
            [Request(name, prompt) for name, prompt in zip(names, prompts, strict=True)],
            self.sampling,
            stop=end_of_turn(tokenizer),
            pad=padding(tokenizer),
        )
        for job, prompt, group in zip(chunk, prompts, groups, strict=True):
            opened = _opens_thought(tokenizer, prompt)
            for number in job.missing:
                drawn = group[number]
                text = opened + tokenizer.decode(drawn.tokens, skip_special_tokens=True)
                thought, answer = split_thought(text)
                tell(Reply(job.key, number, thought, answer, drawn.truncated, len(drawn.tokens)))


def _hashes(folder: Path) -> list[str]:
    words = [folder / name for name in _WORDS if (folder / name).is_file()]
    return [sha256_file(path) for path in (*weight_files(folder), *words)]


def _check_room(loaded: LoadedModel, prompt: int, tokens: int) -> None:
    limit = getattr(loaded.model.config, "max_position_embeddings", None)
    if limit and prompt + tokens > limit:
        raise ConfigError(
            f"--max-new-tokens {tokens}: with a prompt of {prompt} tokens this does not fit into "
            f"the context of {loaded.name}, {limit}; ask for at most {max(1, limit - prompt)}"
        )


def _opens_thought(tokenizer: Any, prompt: Sequence[int]) -> str:
    """Return the mark that opens a thought where a chat template ends its prompts with it."""
    end = tokenizer.decode(prompt[-8:]).rstrip()
    return THINK if end.endswith(THINK) else ""
