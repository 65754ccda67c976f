"""A benchmark out of the candidates that people accepted, and the card of how it was made."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from metaprobe import __version__
from metaprobe.benchmark.curation.agreement import AgreementTable, agreement
from metaprobe.benchmark.curation.card import card_text
from metaprobe.benchmark.curation.decisions import Outcome, State, final_item
from metaprobe.benchmark.curation.reviews import ReviewStore
from metaprobe.benchmark.freeze import PRESETS, Benchmark, freeze_items, write_benchmark
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import InputError
from metaprobe.core.files import write_json, write_text
from metaprobe.core.vocabulary import CELLS

CARD = "card.json"
CARD_TEXT = "DATA_CARD.md"


class FreezeSettings(BaseModel):
    """Which candidates are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    per_cell: int = Field(default=50, ge=1, le=200)
    """Items in a cell."""
    accepts: int = Field(default=2, ge=1)
    """Reviewers who have to agree, where no adjudicator decides."""
    fill: str | None = None
    """Preset whose generated items fill up the cells; None leaves them short."""


class Frozen(NamedTuple):
    """What is written."""

    benchmark: Benchmark
    card: dict[str, Any]


def freeze(store: ReviewStore, settings: FreezeSettings, name: str) -> Frozen:
    """Return the benchmark of the accepted candidates, the best ones of each cell first.

    Args:
        store: the picks and the decisions on them.
        settings: which candidates.
        name: of the benchmark.

    Raises:
        ConfigError: there is no such preset, or a corpus has the name of a family.
        InputError: no candidate is accepted.
    """
    found = store.outcomes(accepts=settings.accepts)
    decided = store.standing()
    kept: defaultdict[str, list[Item]] = defaultdict(list)
    dropped: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for candidate in sorted(store.candidates.values(), key=lambda one: one.rank):
        one = found[candidate.item.id]
        item = final_item(candidate.item, one)
        if item is None:
            reason = _reason(one, reviewed=candidate.item.id in decided)
        elif len(kept[str(item.cell)]) == settings.per_cell:
            reason = "accepted, more than wanted"
        else:
            kept[str(item.cell)].append(item)
            continue
        dropped[str(item.cell if item else candidate.item.cell)][reason] += 1
    verified = [item for cell in CELLS for item in kept[str(cell)]]
    if not verified:
        raise InputError(
            "no candidate is accepted by this rule; review more, or let --accepts 1 do"
        )
    wanted = dict.fromkeys(CELLS, settings.per_cell)
    benchmark = freeze_items(name, verified, wanted, settings.fill)
    return Frozen(benchmark, _card(store, settings, benchmark, verified, dropped))


def write_frozen(folder: Path, frozen: Frozen) -> None:
    """Write the benchmark, `card.json` and `DATA_CARD.md`."""
    write_json(folder / CARD, frozen.card)
    write_text(folder / CARD_TEXT, card_text(frozen.card))
    write_benchmark(folder, frozen.benchmark)


def _reason(found: Outcome, *, reviewed: bool) -> str:
    if found.state is State.REJECTED:
        return f"rejected: {found.reason}"
    return str(found.state) if reviewed else "not reviewed"


def _card(
    store: ReviewStore,
    settings: FreezeSettings,
    benchmark: Benchmark,
    verified: list[Item],
    dropped: dict[str, Counter[str]],
) -> dict[str, Any]:
    told = store.picks.provenance
    own = Counter(str(item.cell) for item in verified)
    everything = len(benchmark.items)
    items = {item.id: item for item in verified}
    changed = [store.candidates[name].item for name in items]
    table: AgreementTable = agreement(store)
    return {
        "name": benchmark.manifest.name,
        "metaprobe": __version__,
        "content_hash": benchmark.manifest.content_hash,
        "rule": settings.model_dump(),
        "annotators": len({d.annotator for of in store.standing().values() for d in of}),
        "outdated_decisions": store.outdated(),
        "items": everything,
        "verified": len(verified),
        "generated": everything - len(verified),
        "share_generated": (everything - len(verified)) / everything,
        "moved": sum(one.cell != items[one.id].cell for one in changed),
        "answers_fixed": sum(one.answer != items[one.id].answer for one in changed),
        "cells": {
            str(cell): {
                "verified": own[str(cell)],
                "generated": benchmark.manifest.cells.get(str(cell), 0) - own[str(cell)],
                "dropped": dict(sorted(dropped.get(str(cell), Counter()).items())),
                "selection": told.get("cells", {}).get(str(cell)),
            }
            for cell in CELLS
        },
        "sources": _sources(store, verified),
        "fill_levels": list(PRESETS[settings.fill].levels) if settings.fill else None,
        "agreement": table.model_dump(include={"overall", "cells"}),
        "scored_by": told.get("scored_by"),
        "calibrated_cells": sorted(told.get("calibration", {})),
    }


def _sources(store: ReviewStore, verified: list[Item]) -> list[dict[str, Any]]:
    """Return the corpora that items come from, with what the selection read of them."""
    read = {corpus["name"]: corpus for corpus in store.picks.provenance.get("corpora", [])}
    places = Counter(
        (store.candidates[item.id].corpus, store.candidates[item.id].licence) for item in verified
    )
    return [
        {
            "name": name,
            "licence": licence,
            "items": count,
            "files": read.get(name, {}).get("files", {}),
            "hub": read.get(name, {}).get("hub"),
            "revision": read.get(name, {}).get("revision"),
        }
        for (name, licence), count in sorted(places.items(), key=lambda one: str(one[0]))
    ]
