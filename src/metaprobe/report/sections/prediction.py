"""What predicts loss: fits on held-out arms and seeds, weights beside divergence, early warning."""

from metaprobe.core.results import EarlyWarning, Explained, NestedTest, Prediction, PredictorFit
from metaprobe.report.markup import (
    NOT_MEASURED,
    Html,
    folded,
    join,
    number,
    p_value,
    percent,
    section,
    table,
    tag,
    text,
)
from metaprobe.report.view import View

_NOTE = (
    "Share of the variance of the change that is explained in arms, or seeds, that the fit has not "
    "seen; 1 is all, 0 is no better than each cell's mean, and below 0 is worse. Others: mean "
    "change over the cells that were not trained; cells: each of these cells. 95 % intervals over "
    "runs and arms."
)
_BEYOND = (
    "Null: given the forward KL on the training task and its square, the statistic says no more "
    "about the change. p by flipping signs of whole arms, Holm over the statistics."
)
_EARLY = (
    "From the last stage within the first quarter of a run's steps: which cells that are not yet "
    "below the base will have collapsed at its end. Caught: share of them whose score exceeds that "
    "of 90 % of the others; lead: stages until their collapse."
)


def prediction(view: View) -> Html:
    """Return the section; empty where there is nothing to predict from."""
    found = view.summary.prediction
    if found is None:
        return Html("")
    parts = [_fits(found), tag("p", text(_NOTE), class_="fine")]
    if found.nested:
        parts.append(folded(text("Weights beside divergence"), _nested(found), _fine(_BEYOND)))
    parts.append(folded(text("Early warning"), _warnings(found), _fine(_EARLY)))
    words = [[text(p.name), text(p.family), text(p.measures)] for p in found.predictors]
    head = [text("predictor"), text("family"), text("measures")]
    parts.append(folded(text("What the predictors are"), table("The predictors", head, words)))
    return section("prediction", "What predicts loss", *parts)


def _fine(words: str) -> Html:
    return tag("p", text(words), class_="fine")


def _fits(found: Prediction) -> Html:
    head = [text(word) for word in ("predictor", "form")]
    for target in ("others", "cells"):
        head += [text(f"{target}, new arms"), text(f"{target}, new seeds")]
    fits: dict[tuple[str, str], dict[str, PredictorFit]] = {}
    for fit in found.fits:
        fits.setdefault((fit.predictor, fit.form), {})[fit.target] = fit
    rows = []
    for (name, form), own in fits.items():
        row = [text(name), text(form)]
        for target in ("others", "cells"):
            one = own.get(target)
            row += [_explained(one.across_arms if one else None)]
            row += [_explained(one.across_seeds if one else None)]
        rows.append(row)
    caption = f"Explained share of the change, over {found.n_arms} arms and {found.n_seeds} seeds"
    return table(caption, head, rows, class_="summary")


def _explained(found: Explained | None) -> Html:
    if found is None:
        return Html("")
    return _value(found.value, found.low, found.high, found.reason)


def _value(value: float | None, low: float | None, high: float | None, reason: str | None) -> Html:
    if value is None:
        words = tag("span", text(NOT_MEASURED), class_="none")
        return join([words, tag("small", text(reason or ""))])
    ends = f"{number(low, 2)} to {number(high, 2)}"
    return join([tag("span", text(number(value, 2)), class_="value"), tag("small", text(ends))])


def _nested(found: Prediction) -> Html:
    head = ["statistic", "target", "KL alone, new arms", "with it, new arms", "p", "p, Holm"]

    def row(test: NestedTest) -> list[Html]:
        why = text(test.reason or p_value(test.p_value))
        ends = [
            _explained(test.reduced),
            _explained(test.full),
            why,
            text(p_value(test.p_adjusted)),
        ]
        return [text(test.predictor), text(test.target), *ends]

    rows = [row(test) for test in found.nested]
    return table("Statistics of the weights beside the forward KL", [text(h) for h in head], rows)


def _warnings(found: Prediction) -> Html:
    head = [
        "score",
        "AUROC",
        "caught",
        "lead in stages",
        "cells that collapse",
        "cells that do not",
    ]

    def row(one: EarlyWarning) -> list[Html]:
        return [
            text(one.predictor),
            _value(one.auroc, one.low, one.high, one.reason),
            text(percent(one.caught)),
            text(number(one.lead, 2)),
            text(one.n_collapsed),
            text(one.n_kept),
        ]

    rows = [row(one) for one in found.warnings]
    return table("Early warning of collapse", [text(h) for h in head], rows)
