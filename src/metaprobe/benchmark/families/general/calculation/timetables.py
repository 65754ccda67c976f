"""general/calculation: adding up the spans of a timetable."""

from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_TWO_SPANS = (
    "A course runs from {0} to {1} and from {2} to {3}. How many minutes is that in all?",
    "A shop is open from {0} to {1} and from {2} to {3}. For how many minutes is it open?",
    "Ann works from {0} to {1} and from {2} to {3}. How many minutes does she work in all?",
    "Music is on from {0} to {1} and from {2} to {3}. How many minutes of music are there?",
)
_STOPS = {3: 4, 4: 8}
"""By level, stops between the first and the last station."""
_STATIONS = "ABCDEFGHIJ"
_TRAIN = (
    "Timetable of a train: it leaves A at {0}{1}, and arrives at {2} at {3}.",
    "A train departs from A at {0}{1}, and gets to {2} at {3}.",
    "A bus leaves A at {0}{1}, and ends at {2} at {3}.",
)
_STANDING = "How many minutes does it stand at the stops between A and {0}, added up?"
_MOVING = (
    "For how long is it on its way from stop to stop, without the time that it stands? Write hours"
    " and minutes, like 5:07."
)
_SHIFTS = 14
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORK = (
    "{0} notes working hours and unpaid breaks: {1}. How long are the paid hours altogether?",
    "These are the shifts of {0}, with breaks that do not count as work: {1}. How long does {0}"
    " work in all, without the breaks?",
    "The work plan of {0}: {1}. The breaks are not paid. For how much time is {0} paid?",
)
_NAMES = ("Ann", "Ben", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida")
_NIGHT = 24 * 60


@family(
    "general/calculation",
    capacity={1: 20_000, 2: 20_000, 3: 10**9, 4: 10**12, 5: 10**15},
)
def timetable_sum(rng: Random, level: int) -> Problem:
    """Add up the spans of time between the entries of a timetable.

    Isolates differences of clock times and their sum. A level has two spans within an hour (1) or
    over its end (2), the stops of a train (3), its time in motion over nine stages (4), and two
    weeks of shifts with breaks and nights (5).
    """
    if level <= 2:
        return _two_spans(rng, level)
    return _train(rng, level) if level <= 4 else _shifts(rng)


def _two_spans(rng: Random, level: int) -> Problem:
    times, long, lengths = [], [], []
    hour = rng.randint(6, 10)
    for _ in range(2):
        if level == 1:
            begin, end = sorted(rng.sample(range(0, 60, 5), 2))
            long.append(f"{end} - {begin} = {end - begin}")
        else:
            begin, end = rng.randrange(20, 60, 5), 60 + rng.randrange(5, 60, 5)
            long.append(f"60 - {begin} = {60 - begin}")
            long.append(f"{60 - begin} + {end - 60} = {end - begin}")
        times += [_clock(60 * hour + begin), _clock(60 * hour + end)]
        lengths.append(end - begin)
        hour += rng.randint(2, 4)
    total = sum(lengths)
    long.append(f"{lengths[0]} + {lengths[1]} = {total}")
    return Problem(
        question=rng.choice(_TWO_SPANS).format(*times),
        answer=IntegerAnswer(value=total),
        short=(long[-1],),
        long=tuple(long),
        key=f"timetable_sum {times}",
    )


def _train(rng: Random, level: int) -> Problem:
    now = rng.randint(5 * 60, 9 * 60)
    start, told, total = _clock(now), "", 0
    long: list[str] = []
    wanted = "stands" if level == 3 else "moves"
    for stop in range(1, _STOPS[level] + 2):
        # The longest trip from the latest start ends before midnight.
        there = now + rng.randint(7, 80)
        leaves = there + rng.randint(2, 19)
        end = stop == _STOPS[level] + 1
        if wanted == "moves":
            total = _added(long, now, there, total)
        elif not end:
            total = _added(long, there, leaves, total)
        if not end:
            told += f", is at {_STATIONS[stop]} from {_clock(there)} to {_clock(leaves)}"
        now = there if end else leaves
    last = _STATIONS[_STOPS[level] + 1]
    story = rng.choice(_TRAIN).format(start, told, last, _clock(now))
    answer: IntegerAnswer | TextAnswer = IntegerAnswer(value=total)
    if level == 4:
        answer = _hours(long, total)
    return Problem(
        question=f"{story} {_STANDING.format(last) if level == 3 else _MOVING}",
        answer=answer,
        short=(f"Minutes: {total}", f"Sum: {answer.render()}")[level == 3 :],
        long=(*long, f"Sum: {answer.render()}"),
        key=f"timetable_sum {wanted} {start}{told} {now}",
    )


def _shifts(rng: Random) -> Problem:
    told, total, over = [], 0, 0
    long: list[str] = []
    for number in range(_SHIFTS):
        # A shift begins after the night shift before it is over.
        begin = rng.randint(max(5 * 60, over + 1), 23 * 60)
        lasts, pause = rng.randint(240, 590), rng.randint(11, 59)
        end = begin + lasts
        over = end - _NIGHT
        week, day = divmod(number, len(_DAYS))
        night = " the next day" if end >= _NIGHT else ""
        told.append(
            f"{_DAYS[day]} of week {week + 1} from {_clock(begin)} to {_clock(end % _NIGHT)}"
            f"{night}, break {pause} minutes"
        )
        total = _added(long, begin, end, total)
        long.append(f"{total} - {pause} = {total - pause}")
        total -= pause
    answer = _hours(long, total)
    story = rng.choice(_WORK).format(rng.choice(_NAMES), "; ".join(told))
    return Problem(
        question=f"{story} Write hours and minutes, like 45:07.",
        answer=answer,
        short=(f"Minutes: {total}", f"Sum: {answer.value}"),
        long=(*long, f"Sum: {answer.value}"),
        key=f"timetable_sum {told}",
    )


def _added(long: list[str], begin: int, end: int, total: int) -> int:
    """Write down how a span is added to a total in minutes, and return the new total."""
    lasts = end - begin
    day = " + 24:00" if end >= _NIGHT else ""
    long.append(f"{_clock(end % _NIGHT)}{day} - {_clock(begin)} = {_clock(lasts)}")
    if lasts >= 60:
        long.append(f"{lasts // 60} * 60 + {lasts % 60} = {lasts}")
    long.append(f"{total} + {lasts} = {total + lasts}")
    return total + lasts


def _hours(long: list[str], total: int) -> TextAnswer:
    """Write down the change into hours and minutes, and return it."""
    long.append(f"{total} = {total // 60} * 60 + {total % 60}")
    return TextAnswer(value=_clock(total), aliases=(_clock(total).zfill(5),))


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
