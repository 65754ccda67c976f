"""Features of base and stages: what survives the controls, what changed, and where they fire."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import get_args

from metaprobe.core.results import (
    Control,
    EditControl,
    EditEffect,
    FeatureCard,
    FeatureContext,
    GroupFeatureChange,
    Intervention,
    StageFeatures,
)
from metaprobe.core.vocabulary import Skill
from metaprobe.report.figures.features import feature_changes, read_stages
from metaprobe.report.figures.theme import readable
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    figure,
    folded,
    interval,
    join,
    number,
    p_value,
    percent,
    points,
    section,
    table,
    tag,
    text,
    with_ends,
)
from metaprobe.report.sections.opening import legend
from metaprobe.report.view import View

FINDING = "features"
"""Kind of the findings that the section begins with."""
CONTEXTS = 5
"""Contexts of a card that are shown; `cards.json` has more."""

_SHADES = 4
_Named = list[tuple[str, StageFeatures]]

_CHANGES = (
    "Kept features fire together with one of the other side and point the same way; rotated ones "
    "fire together and point elsewhere; lost and gained ones have no partner. Whiskers and bands "
    "are 95 % intervals over features. The dashed line in its band is the noise floor: the base's "
    "autoencoder trained on as long as a stage's, on the base again. What does not leave the band "
    "may be the training of the autoencoder alone."
)
_SURVIVAL = (
    "Of the scored features that tell one skill from the others on items that did not choose them "
    "(q < 0.05), how many survive each control, with Wilson's 95 % interval. Lexical: more than "
    "the tokens of the same responses tell. Random features: more than random "
    "directions that fire as often. Token injection: its tokens alone, put into other "
    "responses, do not do it. Paraphrase: it stays in other wordings. Only what survives all four "
    "counts as a feature of a skill."
)
_EDITS = (
    "Accuracy on items that the features have not seen, while the features of the skill that fell "
    "most are edited in the model: ablated, or given the values that they have in the base. The "
    "controls are the same edit of random features that fire as often, and of directions turned at "
    "random. Intervals are 95 %. A star marks an effect with q < 0.05 that goes beyond both "
    "controls with q < 0.05."
)


def features(view: View) -> Html:
    """Return the panels of features; nothing where none was measured."""
    named = _named(view)
    if not named:
        return Html("")
    told = [f for f in view.summary.findings if f.kind == FINDING]
    graphic = feature_changes(view)
    parts = [tag("p", text(f.text), class_="answer") for f in told]
    if graphic is not None:
        parts += [legend(view), figure(graphic, _CHANGES, "wide")]
    return section(
        "features",
        "Features",
        *parts,
        tag("h3", text("What survives the controls")),
        _survival(named),
        tag("h3", text("Skill by skill")),
        _by_skill(named),
        _edits(named),
        tag("h3", text("Where features fire")),
        *(_cards(name, found) for name, found in named),
    )


def _named(view: View) -> _Named:
    """Return the base and every stage whose features were measured, with a name for each."""
    named = [("base", f) for f in view.base.features]
    for arm in view.arms:
        for stage in read_stages(arm):
            for n, found in enumerate(stage.features):
                seed = f", {n + 1} of {len(stage.features)}" if len(stage.features) > 1 else ""
                named.append((f"{arm.name}, step {stage.step:,}{seed}", found))
    return named


def _survival(named: _Named) -> Html:
    kinds = (*get_args(Control), "all four")
    rows = []
    for name, found in named:
        shares = {s.control: s for s in found.scores.shares if s.group == "skills"}
        cells = [
            NOT_MEASURED
            if (s := shares.get(kind)) is None
            else f"{s.survived} of {s.n} ({interval(s.low, s.high)} %)"
            for kind in kinds
        ]
        quality = found.training.quality
        rows.append([text(name), *map(text, cells), text(percent(quality.explained_variance))])
    head = ["stage", *kinds, "variance explained"]
    grid = table("Features of skills under four controls", [text(h) for h in head], rows)
    return Html(grid + tag("p", text(_SURVIVAL), class_="fine"))


def _by_skill(named: _Named) -> Html:
    """Return tables of what became of features skill by skill, before and after the controls."""
    survive = any(s.of_skill for _, found in named for s in found.scores.scores)
    parts = [
        _skill_table(
            "Features that tell a skill from the others, before the controls",
            [(name, found.candidates) for name, found in named],
        )
    ]
    if survive:
        parts.append(
            _skill_table(
                "Features that survive all four controls",
                [(name, found.changes.groups) for name, found in named],
            )
        )
    else:
        words = "No feature of the base or of any stage survives all four controls, so there is "
        parts.append(tag("p", text(words + "none of a skill that could be gained or lost.")))
    note = (
        "Lost and rotated out of the base's features of the skill, gained out of the stage's. The "
        "noise floor is the base's own autoencoder against the one trained on from it."
    )
    return join([*parts, tag("p", text(note), class_="fine")])


def _skill_table(caption: str, found: list[tuple[str, list[GroupFeatureChange]]]) -> Html:
    rows = []
    for name, groups in found:
        known = {g.group: g for g in groups}
        cells = [_change_words(known.get(skill)) for skill in Skill]
        rows.append([text("noise floor" if name == "base" else name), *map(text, cells)])
    head = [text("stage"), *(text(readable(skill)) for skill in Skill)]
    return table(caption, head, rows, class_="dense")


def _change_words(row: GroupFeatureChange | None) -> str:
    if row is None:
        return NOT_MEASURED
    if not row.lost.n and not row.gained.n:
        return "none there"
    words = [f"lost {row.lost.count} of {row.lost.n}"]
    words += [f"rotated {row.rotated.count}"] if row.rotated.count else []
    return ", ".join([*words, f"gained {row.gained.count} of {row.gained.n}"])


def _edits(named: _Named) -> Html:
    edits = [(name, edit) for name, found in named for edit in found.interventions]
    if not edits:
        return Html("")
    head = [text("stage, edit"), *(text(readable(skill)) for skill in Skill)]
    rows = []
    for name, edit in edits:
        effects = {effect.group: effect for effect in edit.skills}
        cells = [_effect(effects.get(skill)) for skill in Skill]
        rows.append([text(f"{name}: {_edit_name(edit)}"), *map(text, cells)])
    full = [
        [text(f"{name}: {_edit_name(edit)}"), *map(text, _edit_cells(effect))]
        for name, edit in edits
        for effect in edit.skills
    ]
    titles = [
        *("stage, edit", "skill", "accuracy", "edited", "effect, points"),
        *("beyond random features", "beyond random directions", "items"),
    ]
    chosen = "; ".join(dict.fromkeys(f"{name}, {edit.chosen_by}" for name, edit in edits))
    return join(
        [
            tag("h3", text("Editing features")),
            table("Effect on accuracy in points, by skill", head, rows, class_="dense"),
            tag("p", text(f"{_EDITS} Edited features: {chosen}."), class_="fine"),
            folded(
                text("Every edit beside its controls"),
                table("Edits beside random ones", [text(t) for t in titles], full, class_="dense"),
            ),
        ]
    )


def _edit_name(edit: Intervention) -> str:
    return "the base's values" if edit.mode == "patch" else edit.mode


def _effect(effect: EditEffect | None) -> str:
    if effect is None:
        return NOT_MEASURED
    star = "*" if effect.beyond_random else ""
    ends = interval(effect.low, effect.high, signed=True)
    return with_ends(points(effect.effect) + star, ends)


def _edit_cells(effect: EditEffect) -> list[str]:
    gaps = {control.kind: control for control in effect.controls}
    return [
        readable(effect.group),
        percent(effect.accuracy),
        percent(effect.edited),
        _effect(effect),
        _gap(gaps.get("random features")),
        _gap(gaps.get("random directions")),
        str(effect.n_items),
    ]


def _gap(control: EditControl | None) -> str:
    if control is None:
        return NOT_MEASURED
    return with_ends(points(control.gap), interval(control.gap_low, control.gap_high, signed=True))


def _cards(name: str, found: StageFeatures) -> Html:
    """Return the cards of a stage, folded."""
    shown = [_card(card) for card in found.cards]
    size = f" {len(shown)} feature{'' if len(shown) == 1 else 's'}"
    title = join([text(name), tag("span", text(size), class_="fine")])
    return folded(title, *shown)


def _card(card: FeatureCard) -> Html:
    score = card.score
    verdict = "counts as a feature of it" if score.of_skill else "does not count as one of it"
    title = f"Feature {score.feature}, {readable(score.group)}: {verdict}"
    ends = f"{number(score.low, 2)} to {number(score.high, 2)}"
    facts = (
        f"AUROC {number(score.auroc, 2)} ({ends}) on {score.n_items} items, "
        f"q {p_value(score.q_value)}; fires at {percent(card.fires, 1)} of {card.n_tokens:,} "
        f"response tokens ({100 * card.fires_low:.1f} to {100 * card.fires_high:.1f})"
    )
    badges = [_badge(name, passed) for name, passed in score.survived.items()]
    tops = [tag("code", text(visible(t))) for t in card.top_tokens]
    return tag(
        "article",
        tag("h4", text(title)),
        tag("p", text(facts), class_="fine"),
        tag("p", join(badges, " ")),
        tag("p", text("Strongest on "), join(tops, ", ")) if tops else Html(""),
        *(_context(context) for context in card.contexts[:CONTEXTS]),
        class_="sample",
    )


def _badge(name: str, passed: bool | None) -> Html:
    words = {True: "survives", False: "fails", None: "not put to"}[passed]
    kind = {True: "good", False: "bad", None: "none"}[passed]
    return tag("span", text(f"{words} {name}"), class_=f"badge {kind}")


def _context(context: FeatureContext) -> Html:
    where = f"{context.cell}, {context.verdict or 'not graded'}"
    strongest = max(context.activations, default=0.0)
    shades = [_shade(a, strongest) for a in context.activations]
    runs = groupby(zip(context.tokens, shades, strict=True), key=lambda pair: pair[1])
    written = [_written([t for t, _ in run], shade) for shade, run in runs]
    label = tag("span", text(where), class_="fine")
    return tag("div", label, tag("pre", *written, dir="ltr"), class_="context")


def _shade(activation: float, strongest: float) -> int:
    """Return 0 where a feature is silent, else a shade from 1 up."""
    if activation <= 0 or strongest <= 0:
        return 0
    return min(_SHADES, 1 + int(_SHADES * activation / strongest))


def _written(tokens: Sequence[str], shade: int) -> Html:
    if not shade:
        return text("".join(map(visible, tokens)))
    return join(_marked(token, shade) for token in tokens)


def _marked(token: str, shade: int) -> Html:
    return tag("mark", text(visible(token)), class_=f"fires-{shade}")


def visible(token: str) -> str:
    """Return a token with what cannot be seen, or would turn the line around, written out."""
    return "".join(_written_out(token))


def _written_out(token: str) -> Iterable[str]:
    for character in token:
        if character == "\n":
            yield "↵"
        elif unicodedata.category(character)[0] == "C":
            yield f"⟨U+{ord(character):04X}⟩"
        else:
            yield character
