"""general/simulation: a plan that each day's weather and the days before it change."""

from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida", "Jon")
_WET = ("reading", "painting", "cooking", "sewing")
_DRY = ("walking", "swimming", "running", "riding")
_INSTEAD = ("resting", "shopping", "singing", "writing")
_DAYS = {1: 4, 2: 6, 3: 8, 4: 18, 5: 30}
_DIARY = (
    "{0}'s plan: {1} The weather is {2}. What does {0} do, day by day?",
    "These are {0}'s rules. {1} Days: {2}. What does {0} do on each of them?",
    "What does {0} do on each day, if the days are {2}? Rules: {1}",
)
_STORY = (
    "{0} starts with {1}. {2} The weather of days 1 to {3} is: {4}. {5}",
    "At first {0} has {1}. {2} Days 1 to {3} bring this weather, in order: {4}. {5}",
    "Before day 1 {0} has {1}. {2} This is the weather from day 1 to day {3}: {4}. {5}",
)
_OUTDOORS = ("running", "digging", "climbing", "biking")
_INDOORS = ("reading", "painting", "cooking", "sewing")
_GOODS = ("book", "lamp", "hat", "game")
_WEEK = 7


@family(
    "general/simulation",
    capacity={1: 1_024, 2: 10_000, 3: 10**5, 4: 10**9, 5: 10**15},
)
def day_by_day_plan(rng: Random, level: int) -> Problem:
    """Follow a plan whose next day depends on the weather and on the days before.

    Isolates rules with exceptions that the past decides. A level adds days and a second exception
    (2), a strength that is used up and comes back (3), a weekly day of rest and a limit on
    repeating (4), and money that is earned and spent by a rule of its own (5).
    """
    return _activities(rng, level) if level <= 2 else _strength(rng, level)


def _activities(rng: Random, level: int) -> Problem:
    wet, dry = rng.choice(_WET), rng.choice(_DRY)
    instead = dict(zip((dry, wet), rng.sample(_INSTEAD, 2), strict=True))
    limited = (dry, wet) if level == 2 else (dry,)
    weather = [rng.choice(("dry", "wet")) for _ in range(_DAYS[level])]
    done: list[str] = []
    long = []
    for day, sky in enumerate(weather, start=1):
        plan = dry if sky == "dry" else wet
        again = plan in limited and done[-1:] == [plan]
        done.append(instead[plan] if again else plan)
        long.append(f"{day}: {sky}, {f'not {plan} again, ' if again else ''}{done[-1]}")
    rules = " ".join(
        f"On a {sky} day: {plan}"
        + (f", but {instead[plan]} if the day before was for {plan}." if plan in limited else ".")
        for sky, plan in (("dry", dry), ("wet", wet))
    )
    story = rng.choice(_DIARY).format(rng.choice(_NAMES), rules, ", ".join(weather))
    return Problem(
        question=f"{story} One word a day.",
        answer=SequenceAnswer(items=tuple(done)),
        short=(f"Days: {', '.join(done)}",),
        long=(*long, f"Days: {', '.join(done)}"),
        key=f"day_by_day_plan {rules} {weather}",
    )


def _strength(rng: Random, level: int) -> Problem:
    plan = _Plan(rng, level)
    weather = [rng.choice(plan.skies) for _ in range(_DAYS[level])]
    start = plan.told_start()
    long = [plan.live(day, sky) for day, sky in enumerate(weather, start=1)]
    result = (plan.strength, plan.money) if level == 5 else (plan.strength,)
    end = f"At the end: {', '.join(map(str, result))}"
    ask = (
        "How much strength and how much money are there after the last day? Write two numbers in"
        " this order, like 4, 12."
        if level == 5
        else f"How much strength is there after day {len(weather)}?"
    )
    story = rng.choice(_STORY).format(
        rng.choice(_NAMES), start, plan.rules(), len(weather), ", ".join(weather), ask
    )
    return Problem(
        question=story,
        answer=SequenceAnswer(items=tuple(map(str, result)))
        if level == 5
        else IntegerAnswer(value=plan.strength),
        short=(end,),
        long=(*long, end),
        key=f"day_by_day_plan {start} {plan.rules()} {weather}",
    )


class _Plan:
    """Rules with drawn numbers, and the state that they lead to."""

    def __init__(self, rng: Random, level: int) -> None:
        self.level = level
        self.skies = ("dry", "wet", "snow") if level == 5 else ("dry", "wet")
        self.outdoors, self.indoors = rng.choice(_OUTDOORS), rng.choice(_INDOORS)
        self.goods = rng.choice(_GOODS)
        self.hard, self.light, self.rest = rng.randint(3, 5), rng.randint(1, 2), rng.randint(2, 6)
        self.limit = self.hard + rng.randint(0, 2)
        self.wage, self.fare, self.price = rng.randint(4, 9), rng.randint(1, 3), rng.randint(11, 19)
        self.strength, self.money, self.in_a_row = rng.randint(6, 15), rng.randint(0, 9), 0

    def told_start(self) -> str:
        """Return the state before the first day."""
        strength = f"a strength of {self.strength}"
        return f"{strength} and {self.money} euros" if self.level == 5 else strength

    def rules(self) -> str:
        """Return the rules in words."""
        rests = f"if the strength is below {self.limit} in the morning"
        if self.level >= 4:
            rests += (
                f", or the number of the day is a multiple of {_WEEK}, or the two days before were"
                f" both for {self.outdoors}"
            )
        told = [
            f"A day is for rest {rests}: strength + {self.rest}.",
            f"Otherwise, a dry day is for {self.outdoors}: strength - {self.hard}"
            + (f", money + {self.wage}." if self.level == 5 else "."),
            f"A wet day is for {self.indoors}: strength - {self.light}.",
        ]
        if self.level == 5:
            told.append(
                f"A day of snow is for skating, strength - {self.light + 1} and money -"
                f" {self.fare}, if there are at least {self.fare} euros in the morning, and else it"
                f" is spent like a wet day. In the evening of any day, if there are at least"
                f" {self.price} euros, one {self.goods} is bought: money - {self.price}."
            )
        return " ".join(told)

    def live(self, day: int, sky: str) -> str:
        """Change the state by one day and return what happened."""
        tired = self.strength < self.limit
        weekly = self.level >= 4 and (day % _WEEK == 0 or self.in_a_row == 2)
        before, earned = self.strength, 0
        if tired or weekly:
            name, self.strength = "rest", self.strength + self.rest
        elif sky == "dry":
            name, self.strength = self.outdoors, self.strength - self.hard
            earned = self.wage
        elif sky == "snow" and self.money >= self.fare:
            name, self.strength = "skating", self.strength - self.light - 1
            earned = -self.fare
        else:
            name, self.strength = self.indoors, self.strength - self.light
        self.in_a_row = self.in_a_row + 1 if name == self.outdoors else 0
        line = f"{day}: {sky}, {name}, {_change(before, self.strength)}"
        return line + (self._account(earned) if self.level == 5 else "")

    def _account(self, earned: int) -> str:
        before = self.money
        self.money += earned
        line = f"; money {_change(before, self.money)}"
        if self.money >= self.price:
            before = self.money
            self.money -= self.price
            line += f", {self.goods} {_change(before, self.money)}"
        return line


def _change(before: int, after: int) -> str:
    if before == after:
        return str(after)
    return f"{before} {'+' if after > before else '-'} {abs(after - before)} = {after}"
