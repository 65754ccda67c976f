"""One self-contained page out of a summary: inline SVG and CSS, no script, nothing loaded."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from altair.utils.schemapi import debug_mode

from metaprobe.core.files import write_text
from metaprobe.core.results import Summary, read_summary
from metaprobe.report.markup import Html, tag, text
from metaprobe.report.sections import (
    charts,
    closing,
    comparison,
    features,
    inside,
    lighter,
    likelihood,
    opening,
    prediction,
    samples,
    shape,
    signatures,
    tables,
    transfer,
)
from metaprobe.report.view import View, build_view

REPORT_NAME = "report.html"
SUMMARY_NAME = "summary.json"

_CONTENTS = {
    "signatures": "Signs of trouble",
    "comparison": "Comparison",
    "transfer": "Transfer",
    "profile": "Profile",
    "cells": "Cells",
    "shape": "Shape",
    "stages": "Stages",
    "divergence": "Divergence",
    "cross-sampling": "Deciding tokens",
    "weights": "Weights",
    "representation": "Hidden states",
    "features": "Features",
    "behaviours": "Behaviours",
    "lighter": "Lighter methods",
    "likelihood": "Likelihood",
    "prediction": "Prediction",
    "samples": "Responses",
    "base": "Base",
    "arms": "Tables",
    "missing": "Missing",
    "provenance": "Provenance",
}


def render_report(summary: Summary) -> str:
    """Return the page as HTML; equal summaries give equal pages."""
    view = build_view(summary)
    with debug_mode(False):  # altair would check every part of every chart against its schema
        body = _body(view)
    css = files("metaprobe.report").joinpath("style.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(summary.study)} · metaprobe</title>\n<style>{css}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def write_report(directory: Path) -> Path:
    """Write `report.html` beside the `summary.json` of a folder and return its path.

    Raises:
        InputError: the folder has no summary, or one that does not follow the schema.
        StorageError: the page cannot be written.
    """
    path = directory / REPORT_NAME
    write_text(path, render_report(read_summary(directory / SUMMARY_NAME)))
    return path


def _body(view: View) -> Html:
    rest = [
        signatures.signatures(view),
        comparison.comparison(view),
        transfer.transfer(view),
        charts.profiles(view) if view.arms else Html(""),
        charts.cells(view) if view.arms else Html(""),
        shape.shapes(view),
        charts.over_stages(view) if view.arms else Html(""),
        charts.divergences(view),
        inside.cross_sampling(view),
        charts.weights(view),
        inside.representation(view),
        features.features(view),
        inside.behaviours(view),
        lighter.lighter(view),
        likelihood.likelihood(view),
        prediction.prediction(view),
        samples.samples(view),
        tables.base_profile(view),
        tables.last_stages(view),
        closing.missing(view),
        closing.provenance(view),
    ]
    present = [name for name in _CONTENTS if any(f'<section id="{name}"' in part for part in rest)]
    links = [tag("a", text(_CONTENTS[name]), href=f"#{name}") for name in present]
    answer = tag(
        "section",
        tag("h2", text("What each arm did"), id="answer-title"),
        opening.answers(view),
        opening.headlines(view),
        opening.summary_table(view),
        opening.other_findings(view),
        id="answer",
        aria_labelledby="answer-title",
    )
    navigation = tag("nav", *links, aria_label="Contents")
    return tag("main", opening.header(view), answer, navigation, *rest)
