"""`metaprobe features intervene`: edit features while the model samples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from metaprobe.core.results import EditEffect, Intervention, SaeTraining
    from metaprobe.models.sampling import Sampling
    from metaprobe.probes.features.effects import EditPlan, Trial

Mode = Literal["ablate", "amplify", "patch"]

_MOST_CANDIDATES = 5
"""Features of a skill that are taken by AUROC alone, at most."""


def intervene(
    folder: Annotated[Path, typer.Argument(help="What `metaprobe features train` has left.")],
    features: Annotated[
        str | None, typer.Option(help="Numbers of the features, such as 12,40.")
    ] = None,
    skill: Annotated[
        str | None, typer.Option(help="Take the features that `score` found for this skill.")
    ] = None,
    any_feature: Annotated[
        bool, typer.Option("--any", help="With --skill: those by AUROC alone, surviving or not.")
    ] = False,
    mode: Annotated[
        Mode, typer.Option(help="Set them to 0, multiply them, or take the values of --base.")
    ] = "ablate",
    factor: Annotated[float | None, typer.Option(help="Of --mode amplify; 2 by default.")] = None,
    base: Annotated[str | None, typer.Option(help="The model of --mode patch.")] = None,
    benchmark: Annotated[
        str, typer.Option(help="A released benchmark by name, or a frozen folder.")
    ] = "nano",
    items: Annotated[
        int, typer.Option(min=2, help="Items in each cell, none that the features have seen.")
    ] = 15,
    samples: Annotated[int, typer.Option(min=1, help="Responses to each item.")] = 4,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Token limit of a response.")] = 256,
    controls: Annotated[int, typer.Option(min=2, help="Random sets of either kind.")] = 5,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
) -> None:
    """Ablate, amplify or patch features while the model answers items that they have not seen.

    Each skill and cell is set beside the same edit of random features and of random directions.
    FOLDER/interventions holds the result, in a file named after what was done.
    """
    from rich.console import Console

    from metaprobe.core.config import parse_config
    from metaprobe.core.files import read_json, write_json
    from metaprobe.core.results import SaeTraining

    place = folder / "training.json"
    trained = parse_config(SaeTraining, read_json(place), str(place))
    factor = _factor(mode, factor, base)
    chosen = _chosen(folder, features, skill, any_feature=any_feature)

    from metaprobe.models.sampling import Sampling

    sampling = Sampling(samples=samples, max_new_tokens=max_new_tokens)
    with Console(stderr=True).status("loading") as status:
        plan = _plan(chosen, factor, base, controls)
        trial = _trial(folder, trained, benchmark, items, sampling)
        found = _measure(folder, trial, plan, status)
    path = folder / "interventions" / f"{_name(found, skill)}.json"
    write_json(path, found.model_dump(mode="json"))
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        _print(Console(highlight=False), found)


def _factor(mode: Mode, factor: float | None, base: str | None) -> float:
    """Return the factor of a mode.

    Raises:
        ConfigError: an option is missing, or is of another mode.
    """
    from metaprobe.core.errors import ConfigError

    if mode == "patch" and not base:
        raise ConfigError("--mode patch: name the model whose values are taken with --base")
    if mode != "patch" and base:
        raise ConfigError(f"--base {base}: is only read by --mode patch")
    if mode != "amplify" and factor is not None:
        raise ConfigError(f"--factor {factor:g}: is only read by --mode amplify")
    if factor in (0, 1):
        raise ConfigError(f"--factor {factor:g}: changes nothing or ablates; take another")
    return 0.0 if mode != "amplify" else 2.0 if factor is None else factor


def _chosen(
    folder: Path, features: str | None, skill: str | None, *, any_feature: bool
) -> tuple[list[int], str]:
    """Return the features that were asked for, and who chose them.

    Raises:
        ConfigError: neither or both ways of choosing were given, or nothing was found that way.
    """
    from metaprobe.core.config import parse_config
    from metaprobe.core.errors import ConfigError, nearest
    from metaprobe.core.files import read_json
    from metaprobe.core.results import FeatureScores
    from metaprobe.core.vocabulary import Skill

    if (features is None) == (skill is None):
        raise ConfigError("name features as --features 12,40, or a skill as --skill calculation")
    if features is not None:
        try:
            return [int(part) for part in features.split(",")], "named"
        except ValueError as error:
            raise ConfigError(f"--features {features!r}: write numbers as 12,40") from error
    known = [str(s) for s in Skill]
    if skill not in known:
        raise ConfigError(f"--skill {skill!r}: no such skill{nearest(str(skill), known)}")
    place = folder / "scores.json"
    if not place.is_file():
        raise ConfigError(f"{place}: missing; run metaprobe features score {folder} first")
    scores = parse_config(FeatureScores, read_json(place), str(place))
    own = sorted((s for s in scores.scores if s.group == skill), key=lambda s: -s.auroc)
    found = own[:_MOST_CANDIDATES] if any_feature else [s for s in own if s.of_skill]
    if not found:
        raise ConfigError(
            f"--skill {skill}: no feature survives all four controls; "
            "add --any for the best by AUROC, or name some with --features"
            if own
            else f"--skill {skill}: no feature was scored, since it has too few items"
        )
    how = "by AUROC alone" if any_feature else "that survived all four controls"
    return [s.feature for s in found], f"score: features of {skill} {how}"


def _plan(
    chosen: tuple[list[int], str], factor: float, base: str | None, controls: int
) -> "EditPlan":
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.probes.features.effects import EditPlan

    return EditPlan(
        features=chosen[0],
        chosen_by=chosen[1],
        factor=factor,
        base=load_model(base, dtype=torch.float32) if base else None,
        sets=controls,
    )


def _measure(folder: Path, trial: "Trial", plan: "EditPlan", status: "Status") -> "Intervention":
    from metaprobe.probes.features.activations import ActivationStore
    from metaprobe.probes.features.effects import measure_intervention
    from metaprobe.probes.features.store import load_sae

    sae, _ = load_sae(folder / "sae")
    store = ActivationStore(folder / "activations")
    return measure_intervention(
        trial, sae, store, plan, lambda share: status.update(f"responses, {share:.0%}")
    )


def _trial(
    folder: Path,
    trained: "SaeTraining",
    benchmark: str,
    items: int,
    sampling: "Sampling",
) -> "Trial":
    """Load the model, and the items that its features have not seen.

    Raises:
        InputError: the model is not the one whose features these are.
    """
    from collections import Counter

    from metaprobe.benchmark.freeze import baselines, load_benchmark
    from metaprobe.core.errors import InputError
    from metaprobe.models.loading import load_model
    from metaprobe.models.runtime import torch
    from metaprobe.probes.features.activations import ActivationStore, weights_hash
    from metaprobe.probes.features.effects import Trial, unseen

    texts = ActivationStore(folder / "activations").index.texts
    cells = {text.item: text.cell for text in texts}
    most = max(Counter(cells.values()).values())
    frozen = load_benchmark(benchmark, items_per_cell=items + most)
    loaded = load_model(trained.model, dtype=torch.float32)
    if weights_hash(loaded.model) != trained.weights:
        raise InputError(
            f"{trained.model}: its weights are not those that the features were trained on; "
            "train features of this model"
        )
    return Trial(
        loaded=loaded,
        module=trained.module,
        items=unseen(frozen.items, frozenset(cells), items),
        seen=frozenset(cells),
        sampling=sampling,
        majority=baselines(frozen.manifest),
    )


def _name(found: "Intervention", skill: str | None) -> str:
    """Return what a result is called: the mode, and the skill or the features."""
    from metaprobe.core.streams import short_hash

    mode = found.mode if found.factor in (None, 0, 2) else f"{found.mode}-{found.factor:g}"
    which = skill or "-".join(map(str, found.chosen.features))
    return f"{mode}-{which if len(which) <= 60 else short_hash(which)}"


def _print(console: "Console", found: "Intervention") -> None:
    """Print the effects on skills, and cells that move beyond random edits."""
    from rich.table import Table

    kinds = [c.kind for c in found.skills[0].controls]
    table = Table("group", "accuracy", "effect", "q", *(f"less {k}" for k in kinds), "answered")
    table.box = None
    for row in (*found.skills, *(c for c in found.cells if c.beyond_random)):
        table.add_row(*_cells(row))
    sets = found.random_features
    table.caption = (
        f"{found.mode} features {', '.join(map(str, found.chosen.features))} of {found.module} "
        f"({found.chosen_by}); {sum(r.n_items for r in found.skills)} items that they have not "
        f"seen; * beyond {len(sets)} random sets of either kind. Fires {found.chosen.rate:.3g} "
        f"times a token (random features {min(s.rate for s in sets):.3g} to "
        f"{max(s.rate for s in sets):.3g}), mean sum {found.chosen.mass:.3g} "
        f"({min(s.mass for s in sets):.3g} to {max(s.mass for s in sets):.3g})."
    )
    console.print(table)


def _cells(row: "EditEffect") -> list[str]:
    return [
        row.group + (" *" if row.beyond_random else ""),
        f"{row.accuracy:.3f}",
        f"{row.effect:+.3f} ({row.low:+.3f} to {row.high:+.3f})",
        f"{row.q_value:.2g}",
        *(f"{c.gap:+.3f} ({c.gap_low:+.3f} to {c.gap_high:+.3f})" for c in row.controls),
        f"{row.answered:.2f}, {row.answered_edited:.2f}",
    ]
