"""general/diagnostic: misspelled words, and instructions that cannot be carried out."""

from dataclasses import dataclass, field
from functools import cache
from random import Random

from metaprobe.benchmark.answers import SetAnswer, StepAnswer, TextAnswer
from metaprobe.benchmark.facts import table
from metaprobe.benchmark.family import Problem, family

CLEAN_SHARE = 0.3
"""Share of problems in which nothing is wrong."""
SPELLING_ERRORS = {
    "missing": "a letter is missing",
    "double": "a letter is doubled",
    "swap": "two neighbouring letters are swapped",
    "vowel": "a vowel is another one",
}
STEP_ERRORS = {
    "closed": "something has to be open and is not",
    "absent": "what is taken out is not in there",
    "twice": "what is opened is open, or what is closed is closed",
    "elsewhere": "what is put in lies in a container",
}
"""By the kind of a step's fault, what is wrong with it."""
_STEP_KINDS = {1: 2, 2: 2, 3: 4, 4: 4, 5: 4}
"""By level, how many kinds of faults occur, counted from the top."""

_WORDS = {1: 3, 2: 5, 3: 9, 4: 18, 5: 36}
_MOST_WRONG = {1: 1, 2: 1, 3: 1, 4: 3, 5: 5}
_VOCABULARY = {1: (1,), 2: (1, 2), 3: (2, 3), 4: (3, 4), 5: (4, 5)}
"""By level, the levels of the words."""
_ONE_SPELLING = (
    "One of these words may be misspelled: {}. Which one?",
    "Is one of these words misspelled: {}?",
    "Check the spelling of these words: {}. One of them may be wrong.",
    "At most one of these words is misspelled: {}. Find it.",
)
_ANY_SPELLING = (
    "Some of these words may be misspelled: {}. Which ones?",
    "Check the spelling of each of these words: {}.",
    "Any number of these words may be misspelled: {}. Find all that are.",
)


@cache
def _spellings(level: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the words of a level, each with its misspelled forms."""
    return tuple(
        (row["word"], tuple(row["misspellings"].split(";")))
        for row in table("words")
        if int(row["level"]) in _VOCABULARY[level]
    )


@family(
    "general/diagnostic",
    capacity={1: 50_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
)
def misspelled_word(rng: Random, level: int) -> Problem:
    """Find the misspelled word of a list, or all of them, and spell it right.

    Isolates checking each word against its known spelling. The planted errors are a missing, a
    doubled or a wrong letter and two swapped ones; in 30 % of the problems every word is right. A
    level adds words and makes them rarer; from level 4 on several of them may be wrong.
    """
    listed = rng.sample(_spellings(level), _WORDS[level])
    wrong: set[int] = set()
    if rng.random() >= CLEAN_SHARE:
        wrong = set(rng.sample(range(len(listed)), rng.randint(1, _MOST_WRONG[level])))
    shown, long = [], []
    for position, (word, forms) in enumerate(listed):
        text = rng.choice(forms) if position in wrong else word
        shown.append(text)
        long.append(f"{text}: {f'wrong, {word}' if position in wrong else 'right'}")
    found = tuple(word for position, (word, _) in enumerate(listed) if position in wrong)
    written = ", ".join(found) or "none"
    several = _MOST_WRONG[level] > 1
    story = rng.choice(_ANY_SPELLING if several else _ONE_SPELLING).format(", ".join(shown))
    told = "their right spellings, with commas between them" if several else "its right spelling"
    return Problem(
        question=f"{story} Answer with {told}, or none if all words are right.",
        answer=SetAnswer(items=found) if several else TextAnswer(value=written),
        short=(f"Right spelling: {written}",) if level > 1 else (),
        long=(*long, f"Right spelling: {written}"),
        key=f"misspelled_word {shown}",
    )


_TABLE = "table"
_CONTAINERS = ("box", "bag", "case", "chest", "basket", "trunk")
_THINGS = ("cup", "pen", "hat", "key", "book", "ball", "lamp", "rope")
_BRIEF = {1: (3, 4), 2: (3, 6)}
"""By level, how many containers and things occur; the first ones have short names."""
_HOLDERS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}
_LOOSE = {1: 3, 2: 4, 3: 3, 4: 4, 5: 5}
_STEPS = {1: 4, 2: 5, 3: 9, 4: 15, 5: 28}
_ONE_HOLDER = "The {0} is closed and empty. Things go in or out only while it is open."
_HOLDERS_BEGIN = (
    "The {0} are closed and empty, and all things lie on the table. A container can be opened only"
    " while it is closed, and closed only while it is open. A thing can be put in or taken out only"
    " while the container is open. Only what lies on the table can be put in, and what is taken out"
    " goes to the table."
)
_INSIDE = (
    " A container can be put into another one like a thing, open or closed, and stays as it is."
    " Nothing can be done with what is inside a closed container, at any depth. To take something"
    " out of a container, it must lie directly in that container."
)
_FAILING = (
    "Which step fails first?",
    "Find the first step that fails.",
    "Which step, if any, fails first?",
    "Which step is first to fail?",
)
_IMPOSSIBLE = (
    "Which step is the first that cannot be done?",
    "Find the first step that is not possible.",
    "Which step, if any, is the first impossible one?",
    "What is the number of the first step that cannot be carried out?",
)
Step = tuple[str, str, str]
"""The verb, the thing (the container itself for open and close) and the container."""
_SAID = {
    "open": "Open the {0}.",
    "close": "Close the {0}.",
    "put": "Put the {0} in the {1}.",
    "take": "Take the {0} out of the {1}.",
}
_SAID_BRIEFLY = _SAID | {"put": "Put the {0} in.", "take": "Take the {0} out."}
_OFTEN = ("put", "put", "put", "take", "take", "open", "open", "close")
"""Possible steps are drawn in these proportions, so that lids do not just open and close."""


@family(
    "general/diagnostic",
    capacity={1: 1_400, 2: 15_000, 3: 10**9, 4: 10**12, 5: 10**15},
)
def wrong_step_in_instructions(rng: Random, level: int) -> Problem:
    """Find the first step of a list of instructions that cannot be carried out.

    Isolates checking each step's condition in the state that the steps before it lead to. The
    planted errors are a closed container, a thing that is not in it and, from level 3 on,
    opening or closing twice and putting in what lies elsewhere; 30 % of the lists have no error. A
    level adds steps and containers, which may lie inside one another from level 4 on.
    """
    boxes, loose = _BRIEF.get(level, (None, None))
    holders = rng.sample(_CONTAINERS[:boxes], _HOLDERS[level])
    things = rng.sample(_THINGS[:loose], _LOOSE[level])
    world = _World(holders, things, nested=level >= 4)
    earliest = _STEPS[level] // 3 if world.nested else 0
    wrong = None if rng.random() < CLEAN_SHARE else rng.randrange(earliest, _STEPS[level])
    kinds = tuple(STEP_ERRORS)[: _STEP_KINDS[level]]
    phrases = _SAID if level >= 3 else _SAID_BRIEFLY
    said, worked = [], []
    for position in range(_STEPS[level]):
        step = _draw_step(rng, world, kinds if position == wrong else ())
        fault = world.fault(step)
        said.append(f"{position + 1}. {phrases[step[0]].format(*step[1:])}")
        worked.append(f"{position + 1}: {fault[1] if fault else world.carry_out(step)}")
    end = len(said) if wrong is None else wrong + 1
    number = "none" if wrong is None else str(wrong + 1)
    ask = rng.choice(_IMPOSSIBLE if level >= 3 else _FAILING)
    return Problem(
        question="\n".join((_rules(world), *said, f"{ask} Answer with its number, or none.")),
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=len(said)),
        short=(worked[end - 1],),
        long=(*worked[:end], f"Step: {number}"),
        key=f"wrong_step_in_instructions {holders} {said}",
    )


@dataclass
class _World:
    """Which containers are open, and where everything lies."""

    holders: list[str]
    things: list[str]
    nested: bool
    opened: set[str] = field(default_factory=set)
    place: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = dict.fromkeys((*self.holders, *self.things), _TABLE)

    def steps(self) -> list[Step]:
        """Return all steps that can be said, possible or not."""
        movable = (*self.things, *(self.holders if self.nested else ()))
        return [
            *((verb, holder, holder) for verb in ("open", "close") for holder in self.holders),
            *(
                (verb, thing, holder)
                for verb in ("put", "take")
                for holder in self.holders
                for thing in movable
                if thing != holder and thing not in self._around(holder)
            ),
        ]

    def fault(self, step: Step) -> tuple[str, str] | None:
        """Return the kind of a step's fault with its description, or None."""
        verb, thing, holder = step
        shut = next((name for name in self._around(holder) if name not in self.opened), None)
        if shut is not None:
            return "closed", f"not possible, {shut} is closed"
        is_open = holder in self.opened
        if verb in ("open", "close"):
            state = "open" if is_open else "closed"
            twice = is_open == (verb == "open")
            return ("twice", f"not possible, {holder} is {state}") if twice else None
        if not is_open:
            return "closed", f"not possible, {holder} is closed"
        where = self.place[thing]
        if where == (_TABLE if verb == "put" else holder):
            return None
        lies = "on table" if where == _TABLE else f"in {where}"
        return "elsewhere" if verb == "put" else "absent", f"not possible, {thing} is {lies}"

    def carry_out(self, step: Step) -> str:
        """Change the state and return what has changed."""
        verb, thing, holder = step
        if verb == "open":
            self.opened.add(holder)
            return f"{holder} open"
        if verb == "close":
            self.opened.remove(holder)
            return f"{holder} closed"
        self.place[thing] = holder if verb == "put" else _TABLE
        return f"{thing} in {holder}" if verb == "put" else f"{thing} on table"

    def _around(self, name: str) -> list[str]:
        """Return the containers around something, from the inside out."""
        found = []
        while (name := self.place[name]) != _TABLE:
            found.append(name)
        return found


def _rules(world: _World) -> str:
    if len(world.holders) == 1:
        return _ONE_HOLDER.format(world.holders[0])
    listed = ", the ".join(world.holders[:-1]) + f" and the {world.holders[-1]}"
    return _HOLDERS_BEGIN.format(listed) + (_INSIDE if world.nested else "")


def _draw_step(rng: Random, world: _World, kinds: tuple[str, ...]) -> Step:
    """Return a possible step or, where kinds are given, one with a fault of one of them."""
    groups: dict[str, list[Step]] = {}
    for step in world.steps():
        fault = world.fault(step)
        name = fault[0] if fault else step[0]
        if (name in kinds) if kinds else fault is None:
            groups.setdefault(name, []).append(step)
    names = [name for name in kinds or _OFTEN if name in groups]
    return rng.choice(groups[rng.choice(names)])
