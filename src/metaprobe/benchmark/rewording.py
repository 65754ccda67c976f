"""Other wordings of the same items, out of the generators that drew them.

An item's source names the stream that drew it. The draw is repeated with one of its choices made
otherwise, everything else being equal; where the problem has stayed the same and the question has
not, the choice was one of wording. What makes two problems the same is the family's `key`. Only
keys of facts hold the wording, as their last word.
"""

from collections.abc import Collection, Iterator
from random import Random
from typing import Any

from metaprobe.benchmark.family import Problem, families, find_family
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.benchmark.wording import ngrams, words
from metaprobe.core.streams import digest
from metaprobe.core.vocabulary import Skill

MOST_OPTIONS = 12
"""A choice among more options than this is never one of wording."""


class _Otherwise(Random):
    """A stream in which one choice falls `shift` options further; all later draws are the same."""

    place: int | None = None
    shift = 0

    def __init__(self, name: bytes) -> None:
        super().__init__(name)
        self.sizes: list[int] = []

    def choice(self, seq: Any) -> Any:
        return seq[self._option(seq.index(super().choice(seq)), len(seq))]

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        drawn = super().randrange(start, stop, step)
        return self._option(drawn, start) if stop is None else drawn

    def _option(self, option: int, options: int) -> int:
        self.sizes.append(options)
        if len(self.sizes) - 1 == self.place:
            return (option + self.shift) % options
        return option


def reworded(item: Item, avoid: Collection[str] = ()) -> Item | None:
    """Return the same problem in other words, or None where its generator has no other wording.

    Of several wordings it is the one that shares the smallest part of its pairs of words with the
    question. An item of a corpus, or one that its generator would no longer draw, has none.

    Args:
        item: The item.
        avoid: Ids of questions that are no other wording, since they are asked elsewhere.
    """
    pairs = ngrams(words(item.question), 2)

    def shared(question: str) -> tuple[float, str]:
        others = ngrams(words(question), 2)
        return len(pairs & others) / max(1, len(pairs | others)), question

    found = {p.question for p in _wordings(item)}
    question = min((q for q in found if content_hash(q) not in avoid), key=shared, default=None)
    if question is None:
        return None
    return item.model_copy(update={"id": content_hash(question), "question": question})


def _wordings(item: Item) -> Iterator[Problem]:
    kind, _, rest = item.source.partition("/")
    parts = rest.split("/")
    if kind != "generator" or len(parts) != 7:
        return
    domain, skill, name, split, level, seed, number = parts
    if name not in {f.name for f in families()}:
        return
    family = find_family(f"{domain}/{skill}/{name}")
    stream = digest("item", f"{domain}/{skill}", name, split, level, seed, number)
    plain = _Otherwise(stream)
    known = family.draw(plain, item.level)
    if known.question != item.question:
        return
    for place, options in enumerate(plain.sizes):
        for shift in range(1, options if options <= MOST_OPTIONS else 1):
            rng = _Otherwise(stream)
            rng.place, rng.shift = place, shift
            other = family.draw(rng, item.level)
            if _same(known, other, item) and other.question != known.question:
                yield other


def _same(one: Problem, other: Problem, item: Item) -> bool:
    keys = [one.key, other.key]
    if item.skill is Skill.FACT_RETRIEVAL:
        keys = [key.rpartition(" ")[0] for key in keys]
    return keys[0] == keys[1] and one.answer == other.answer
