"""mathematics/diagnostic: where a worked solution breaks, or whether it does."""

from dataclasses import dataclass
from random import Random

from metaprobe.benchmark.answers import StepAnswer
from metaprobe.benchmark.family import Problem, family

ARITHMETIC_ERRORS = ("wrong_result", "result_of_another_operation", "wrong_start")
"""A result is off; a result belongs to another operation; a step does not go on from the last."""
DRIFTS = ("another_number", "another_operation", "number_of_another_event")
"""A number is not the story's; an event counts the wrong way; an event takes another's number."""
_CLEAN_SHARE = 0.3

_STEPS = {1: 3, 2: 4, 3: 6, 4: 10, 5: 24}
_OPERAND = {1: (1, 9), 2: (1, 9), 3: (2, 40), 4: (11, 400), 5: (101, 9_999)}
_FACTOR = {1: (2, 3), 2: (2, 4), 3: (2, 9), 4: (2, 12), 5: (3, 29)}
_CEILING = {1: 30, 2: 60, 3: 999, 4: 99_999, 5: 10**9}
_SLIPS = {1: (1, 2), 2: (1, 2, 10), 3: (1, 2, 10), 4: (1, 10, 100), 5: (1, 10, 100, 1_000)}
_STEP_WORDINGS = (
    "Each step goes on with the result of the step before.\n{steps}\n"
    "Which step is the first wrong one?",
    "In this calculation, every step starts with the last result.\n{steps}\n"
    "Find the first wrong step.",
    "A pupil calculates, always going on with the last result:\n{steps}\n"
    "Which step has the first mistake?",
)

_EVENTS = {1: 2, 2: 3, 3: 5, 4: 9, 5: 18}
_AMOUNT = {1: (1, 9), 2: (1, 9), 3: (5, 40), 4: (20, 200), 5: (100, 2_000)}
_GAIN = ("buys", "finds", "wins", "is given")
_LOSS = ("loses", "sells", "gives away", "lends out")
_NAMES = ("Ann", "Ben", "Carla", "Dan", "Eva", "Finn", "Gita", "Hugo", "Ida", "Jon", "Kim", "Leo")
_THINGS = ("pens", "cards", "coins", "shells", "stamps", "beads", "books", "apples")
_DRIFT_WORDINGS = (
    "{story}\n{lines}\nWhich is the first line that does not fit the story?",
    "Story: {story}\nCount:\n{lines}\nFind the first line that does not fit the story.",
    "{story}\nThe count:\n{lines}\nWhich line is the first that does not match the story?",
)


@dataclass(frozen=True)
class _Step:
    left: int
    sign: str
    right: int
    result: int

    def written(self) -> str:
        return f"{self.left} {self.sign} {self.right} = {self.result}"


def _value(left: int, sign: str, right: int) -> int:
    if sign == "*":
        return left * right
    return left + right if sign == "+" else left - right


@family(
    "mathematics/diagnostic",
    capacity={1: 10**4, 2: 10**5, 3: 10**6, 4: 10**9, 5: 10**9},
)
def first_wrong_step_arithmetic(rng: Random, level: int) -> Problem:
    """Find the first wrong step of a chain of calculations, or that there is none.

    Isolates checking: each step is a single operation. 30 % of the chains are right; in the
    others one error of `ARITHMETIC_ERRORS` is planted and everything after it follows from it. A
    level has more steps and larger numbers.
    """
    count = _STEPS[level]
    wrong = None if rng.random() < _CLEAN_SHARE else rng.randrange(count)
    start = rng.randint(*_OPERAND[level])
    chain: list[_Step] = []
    value = start
    for position in range(count):
        step = _right_step(rng, level, value)
        if position == wrong:
            step = _planted(rng, level, step, first=position == 0)
        chain.append(step)
        value = step.result
    steps = "\n".join(f"Step {n}: {s.written()}" for n, s in enumerate(chain, start=1))
    question = rng.choice(_STEP_WORDINGS).format(steps=steps)
    verdict = "No step is wrong" if wrong is None else f"Step {wrong + 1} is wrong"
    return Problem(
        question=f"{question} Answer with the step number, or none.",
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=count),
        short=(verdict,),
        long=(*_checks(chain), verdict),
        key="first_wrong_step_arithmetic " + "; ".join(s.written() for s in chain),
    )


def _right_step(rng: Random, level: int, value: int) -> _Step:
    """Return a right step from `value` whose result is neither negative nor too large."""
    while True:
        sign = rng.choice("++--*")
        right = rng.randint(*(_FACTOR if sign == "*" else _OPERAND)[level])
        result = _value(value, sign, right)
        if 0 <= result <= _CEILING[level]:
            return _Step(value, sign, right, result)


def _planted(rng: Random, level: int, step: _Step, *, first: bool) -> _Step:
    """Return a wrong step of a kind that is possible here."""
    while True:
        kind = rng.choice(ARITHMETIC_ERRORS[:2] if first else ARITHMETIC_ERRORS)
        slip = rng.choice(_SLIPS[level]) * rng.choice((-1, 1))
        if kind == "wrong_start":
            left = step.left + slip
            wrong = _Step(left, step.sign, step.right, _value(left, step.sign, step.right))
            different = left >= 0
        elif kind == "wrong_result":
            wrong = _Step(step.left, step.sign, step.right, step.result + slip)
            different = True
        else:
            other = rng.choice("+-*".replace(step.sign, ""))
            wrong = _Step(step.left, step.sign, step.right, _value(step.left, other, step.right))
            different = wrong.result != step.result
        if different and 0 <= wrong.result <= _CEILING[level]:
            return wrong


def _checks(chain: list[_Step]) -> list[str]:
    lines = []
    for number, step in enumerate(chain, start=1):
        check = f"Check step {number}: "
        if number > 1:
            before = chain[number - 2].result
            check += f"start {_off(step.left, before)}; "
            if step.left != before:
                lines.append(f"{check.removesuffix('; ')}, wrong.")
                break
        right = _value(step.left, step.sign, step.right)
        check += f"{step.left} {step.sign} {step.right} = {right}, {_off(step.result, right)}"
        if right != step.result:
            lines.append(f"{check}, wrong.")
            break
        lines.append(f"{check}, right.")
    return lines


def _off(given: int, due: int) -> str:
    return f"off by {given} - {due} = {given - due}"


@dataclass(frozen=True)
class _Event:
    verb: str
    amount: int

    @property
    def sign(self) -> str:
        return "+" if self.verb in _GAIN else "-"


@family(
    "mathematics/diagnostic",
    capacity={1: 5_000, 2: 10**5, 3: 10**6, 4: 10**9, 5: 10**9},
)
def solution_of_another_problem(rng: Random, level: int) -> Problem:
    """Find the first line of a flawless count that belongs to another story, or that none does.

    Isolates holding a solution against its problem: every calculation is right in itself. 30 %
    of the counts fit; in the others one drift of `DRIFTS` is planted. A level has more events and
    larger numbers.
    """
    count = _EVENTS[level]
    events = _events(rng, level)
    start = rng.randint(*_AMOUNT[level]) + 1 - min(_totals(0, events))
    wrong, told = None, events
    if rng.random() >= _CLEAN_SHARE:
        wrong, told = _drifted(rng, level, events, start)
    totals = _totals(start, told)
    written = [
        f"{before} {event.sign} {event.amount} = {after}"
        for before, event, after in zip(totals[:-1], told, totals[1:], strict=True)
    ]
    name, things = rng.choice(_NAMES), rng.choice(_THINGS)
    question = rng.choice(_DRIFT_WORDINGS).format(
        story=_story(name, things, start, events),
        lines="\n".join(f"Line {n}: {text}" for n, text in enumerate(written, start=1)),
    )
    verdict = "Every line fits" if wrong is None else f"Line {wrong + 1} does not fit"
    return Problem(
        question=f"{question} Answer with the line number, or none.",
        answer=StepAnswer(index=None if wrong is None else wrong + 1, steps=count),
        short=(verdict,),
        long=(*_comparison(events, told), verdict),
        key=f"solution_of_another_problem {_story('', '', start, events)} | {'; '.join(written)}",
    )


def _events(rng: Random, level: int) -> list[_Event]:
    """Return events in which no verb and no amount is repeated in neighbours."""
    events: list[_Event] = []
    while len(events) < _EVENTS[level]:
        event = _Event(rng.choice(rng.choice((_GAIN, _LOSS))), rng.randint(*_AMOUNT[level]))
        if not events or (event.verb != events[-1].verb and event.amount != events[-1].amount):
            events.append(event)
    return events


def _totals(start: int, events: list[_Event]) -> list[int]:
    totals = [start]
    for event in events:
        totals.append(_value(totals[-1], event.sign, event.amount))
    return totals


def _drifted(rng: Random, level: int, events: list[_Event], start: int) -> tuple[int, list[_Event]]:
    """Return the position of the first drift and the events that the count follows."""
    while True:
        kind, position, told = rng.choice(DRIFTS), rng.randrange(len(events)), list(events)
        event = events[position]
        if kind == "another_number":
            slip = rng.choice(_SLIPS[level]) * rng.choice((-1, 1))
            told[position] = _Event(event.verb, event.amount + slip)
        elif kind == "another_operation":
            verb = _LOSS[0] if event.sign == "+" else _GAIN[0]
            told[position] = _Event(verb, event.amount)
        else:
            told[position] = _Event(event.verb, rng.choice(events).amount)
        changed = (event.sign, event.amount) != (told[position].sign, told[position].amount)
        if changed and told[position].amount > 0 and min(_totals(start, told)) >= 0:
            return position, told


def _story(name: str, things: str, start: int, events: list[_Event]) -> str:
    parts = [f"{event.verb} {event.amount}" for event in events]
    listed = ", ".join(parts[:-1]) + f" and then {parts[-1]}"
    return f"{name} has {start} {things}, {listed}.".strip()


def _comparison(events: list[_Event], told: list[_Event]) -> list[str]:
    lines = []
    for number, (event, line) in enumerate(zip(events, told, strict=True), start=1):
        check = (
            f"Check line {number}: {event.verb} {event.amount} is {event.sign} {event.amount}, "
            f"line {line.sign} {line.amount}"
        )
        if event.sign != line.sign:
            lines.append(f"{check}, other sign, wrong.")
            break
        check += f", same sign, {_off(line.amount, event.amount)}"
        if event.amount != line.amount:
            lines.append(f"{check}, wrong.")
            break
        lines.append(f"{check}, right.")
    return lines
