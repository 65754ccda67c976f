"""Second solvers for general/calculation: one day at a time, and sets of minutes."""

import re
from datetime import date, time, timedelta
from fractions import Fraction

from solvers import solves

MONTHS = [date(2023, n, 1).strftime("%B") for n in range(1, 13)]


def decimal_of(value: Fraction) -> str:
    return str(int(value)) if value.denominator == 1 else f"{float(value):.2f}"


@solves("general/calculation/calendar_offset")
def calendar_offset(question: str) -> str:
    near = re.search(rf"(\d+) ({'|'.join(MONTHS)})\b", question)
    if near:
        day = date(2023, MONTHS.index(near[2]) + 1, int(near[1]))
        for _ in range(int(re.search(r"(\d+) days?", question)[1])):
            day += timedelta(days=1)
        return f"{day.day} {MONTHS[day.month - 1]}"
    start = date.fromisoformat(re.search(r"\d{4}-\d\d-\d\d", question)[0])
    number = sum(
        int(n) * (7 if unit == "weeks" else 1)
        for n, unit in re.findall(r"(\d+) (days|weeks)\b", question)
    )
    back = re.search(r"days before", question)
    day = date.fromordinal(start.toordinal() + (-number if back else number))
    weekday = day.strftime("%A ") if "Write the weekday" in question else ""
    if weekday:
        assert f"{start.isoformat()} is a {start:%A}." in question
    return f"{weekday}{day.isoformat()}"


@solves("general/calculation/percentage_and_discount")
def percentage_and_discount(question: str) -> str:
    lines = re.findall(r"(\d+) times a \w+ for ([\d.]+) euros each, reduced by (\d+)%", question)
    if lines:
        member, tax = (int(p) for p in re.findall(r"(\d+)%", question)[-2:])
        total = sum(int(n) * Fraction(price) * (1 - Fraction(p) / 100) for n, price, p in lines)
        return decimal_of(total * (1 - Fraction(member, 100)) * (1 + Fraction(tax, 100)))
    price = Fraction(re.search(r"([\d.]+) euros", question)[1])
    changes = re.findall(r"(rises|falls) by (\d+)%", question)
    if not changes:
        part = price * int(re.search(r"(\d+)%", question)[1]) / 100
        saving = re.search(r"save|take off|How many euros is", question)
        return decimal_of(part if saving else price - part)
    factor = Fraction(1)
    for word, percent in changes:
        factor *= 1 + Fraction(percent) / 100 * (1 if word == "rises" else -1)
    asked = question.replace(" just before that", "")
    backwards = re.search(r"before|first price|at first", asked)
    return decimal_of(price / factor if backwards else price * factor)


@solves("general/calculation/timetable_sum")
def timetable_sum(question: str) -> str:
    def minute(text: str) -> int:
        moment = time.fromisoformat(text.zfill(5))
        return 60 * moment.hour + moment.minute

    spans = re.findall(r"from (\d+:\d\d) to (\d+:\d\d)( the next day)?", question)
    inside = sum(minute(b) - minute(a) + (1440 if night else 0) for a, b, night in spans) - sum(
        int(n) for n in re.findall(r"break (\d+) minutes", question)
    )
    if "without the time that it stands" in question:
        clocks = [minute(t) for t in re.findall(r"\d+:\d\d", question.partition(" For how")[0])]
        inside = clocks[-1] - clocks[0] - inside
    return f"{inside // 60}:{inside % 60:02}" if "Write hours" in question else str(inside)
