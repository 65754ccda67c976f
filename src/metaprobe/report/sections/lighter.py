"""Methods lighter than a sparse autoencoder: the same three questions, and what they cost."""

from collections.abc import Iterable

from metaprobe.core.results import (
    ArmResult,
    Estimate,
    Lighter,
    LighterMethod,
    LighterRow,
    SteeringEffect,
)
from metaprobe.report.figures.theme import readable
from metaprobe.report.markup import (
    MINUS,
    NOT_MEASURED,
    Html,
    folded,
    interval,
    number,
    points,
    section,
    table,
    tag,
    text,
    with_ends,
)
from metaprobe.report.view import View

_MOVED = (
    "method",
    "with accuracy",
    "inside a stage",
    "moved or not, AUROC",
    "with the autoencoder",
)
_DIRECTED = (
    "method",
    "cosine",
    "by chance",
    "steering, points",
    "beyond random",
    "CPU s",
    "MB",
)
_STEERED = ("stage", "skill", "method", "coefficient", "effect, points", "beyond random", "items")


def lighter(view: View) -> Html:
    """Return the table of methods and what each says of every stage; nothing if none was asked."""
    rows = view.summary.lighter
    if not rows:
        return Html("")
    first = rows[0]
    asked = [
        (f"{arm.arm}, seed {arm.seed}, step {stage.step:,}", stage.lighter)
        for arm in view.summary.arms
        for stage in arm.steps
        if stage.lighter is not None
    ]
    note = (
        f"{first.n_stages} stages with {max(r.n_skills for r in rows)} skills, of which "
        f"{max(r.n_moved for r in rows)} moved, the interval of their accuracy leaving zero. Rank "
        "correlations and AUROC are of the size of a movement; those inside a stage are averaged "
        "over stages. Intervals are 95 %, over stages; those of steering speak of the items. By "
        "chance is what 95 % of random directions stay below. Steering is on the skill that fell "
        f"most, at {first.n_steered} stages where one fell; its coefficient was chosen on other "
        "items, for random directions too. CPU seconds and memory are a method's own: reading the "
        "states of both models took "
        f"{_reading(found for _, found in asked)} beside them."
    )
    return section(
        "lighter",
        "Lighter than an autoencoder",
        table(
            "Which skills moved: rank correlation of a method's movement",
            [text(h) for h in _MOVED],
            list(map(_moved_row, rows)),
        ),
        table(
            "The direction: cosine with the autoencoder's, steering along it, and the cost",
            [text(h) for h in _DIRECTED],
            list(map(_directed_row, rows)),
        ),
        tag("p", text(note), class_="fine"),
        folded(text("Steering, stage by stage"), _steering(asked)),
        folded(text("Movements, stage by stage"), _movements(view.summary.arms)),
        _problems(asked),
    )


def _moved_row(row: LighterRow) -> list[Html]:
    found = (row.accuracy, row.within, row.moved, row.agreement)
    return [text(value) for value in (readable(row.method), *map(_estimate, found))]


def _directed_row(row: LighterRow) -> list[Html]:
    values = [
        readable(row.method),
        _estimate(row.cosine),
        number(row.random_cosine, 2),
        _points(row.effect),
        _points(row.beyond_random),
        number(row.cpu_seconds, 2),
        NOT_MEASURED if row.peak_mb is None else f"{row.peak_mb:.0f}",
    ]
    return [text(value) for value in values]


def _estimate(found: Estimate | None) -> str:
    if found is None:
        return NOT_MEASURED
    ends = [None if e is None else f"{e:.2f}".replace("-", MINUS) for e in (found.low, found.high)]
    value = f"{found.value:.2f}".replace("-", MINUS)
    return value if None in ends else with_ends(value, f"{ends[0]} to {ends[1]}")


def _points(found: Estimate | None) -> str:
    if found is None:
        return NOT_MEASURED
    return with_ends(points(found.value), interval(found.low, found.high, signed=True))


def _reading(stages: Iterable[Lighter]) -> str:
    found = list(stages)
    seconds = sum(s.states_cpu_seconds for s in found) / len(found)
    peaks = [s.states_peak_mb for s in found if s.states_peak_mb is not None]
    return f"{seconds:.1f} s" + (f" and {max(peaks):.0f} MB" if peaks else "")


def _steering(asked: list[tuple[str, Lighter]]) -> Html:
    rows = []
    for name, found in asked:
        if found.change is None or found.lost is None:
            continue
        skill = readable(found.lost)
        rows.append([name, skill, "measured fall", "", _points(found.change), "", ""])
        rows += [
            [name, skill, readable(m.method), *_effect(m.steering)]
            for m in found.methods
            if m.steering is not None
        ]
        rows += [[name, skill, "random direction", *_effect(r)] for r in found.random]
    if not rows:
        return tag("p", text("No skill fell at any stage, so none was steered."))
    cells = [[text(value) for value in row] for row in rows]
    return table("Accuracy of the skill that fell", [text(h) for h in _STEERED], cells)


def _effect(found: SteeringEffect) -> list[str]:
    beyond = interval(found.beyond_random_low, found.beyond_random_high, signed=True)
    return [
        f"{found.coefficient:+g}".replace("-", MINUS),
        with_ends(points(found.effect), interval(found.effect_low, found.effect_high, signed=True)),
        "" if found.beyond_random is None else with_ends(points(found.beyond_random), beyond),
        str(found.n_items),
    ]


def _movements(arms: list[ArmResult]) -> Html:
    rows = []
    for arm in arms:
        for stage in arm.steps:
            if stage.lighter is None:
                continue
            for row in stage.skills:
                name = f"{arm.arm}, seed {arm.seed}, step {stage.step:,}"
                change = interval(row.delta_low, row.delta_high, signed=True)
                own = [_moved(m, row.skill) for m in stage.lighter.methods]
                measured = with_ends(points(row.delta), change)
                rows.append([name, readable(row.skill), measured, *own])
    methods = [readable(m.method) for m in _first(arms).methods]
    head = [text(h) for h in ("stage", "skill", "change, points", *methods)]
    return table(
        "Movement of each skill, in each method's own unit",
        head,
        [[text(value) for value in row] for row in rows],
    )


def _first(arms: list[ArmResult]) -> Lighter:
    return next(s.lighter for arm in arms for s in arm.steps if s.lighter is not None)


def _moved(method: LighterMethod, skill: str) -> str:
    found = next((m for m in method.movements or [] if m.skill == skill), None)
    if found is None:
        return NOT_MEASURED
    return with_ends(number(found.value, 2), f"{number(found.low, 2)} to {number(found.high, 2)}")


def _problems(asked: list[tuple[str, Lighter]]) -> Html:
    lines = [
        f"{readable(m.method)} has no answer at {name}: {m.problem}"
        for name, found in asked
        for m in found.methods
        if m.problem is not None
    ]
    return tag("p", text(" · ".join(lines)), class_="fine") if lines else Html("")
