"""Weights between a base and a tuned model: post-hoc, without a step of training.

The line between the two often keeps what fine-tuning taught and gives back what it cost (WiSE-FT,
arXiv 2109.01903).
"""

from metaprobe.core.errors import InputError
from metaprobe.models.loading import Model, load_model
from metaprobe.models.runtime import torch
from metaprobe.stages.store import arm_folder, save_stage, stored_stages
from metaprobe.training.arms import InterpolationConfig
from metaprobe.training.session import ArmRun


def interpolated(base: Model, tuned: Model, share: float) -> dict[str, torch.Tensor]:
    """Return the weights `(1 - share) * base + share * tuned`, each in float32.

    Args:
        base: a model.
        tuned: another one of the same shape.
        share: 0 is the base, 1 the tuned model.

    Raises:
        InputError: the models differ in a name or a shape.
    """
    ours, theirs = base.state_dict(), tuned.state_dict()
    for name in sorted(ours.keys() | theirs.keys()):
        shapes = [tuple(side[name].shape) if name in side else None for side in (ours, theirs)]
        if shapes[0] != shapes[1]:
            raise InputError(f"{name} has shape {shapes[0]} in the base and {shapes[1]} in the arm")
    return {name: ours[name].float().lerp(theirs[name].float(), share) for name in ours}


def interpolate_arm(config: InterpolationConfig, run: ArmRun) -> None:
    """Write a stage for each share, named by its percentage of the way.

    Time and tokens are those of the arm that was trained; the stages are no points in time, so
    that none has a compute of its own.

    Args:
        config: which arm, and which shares.
        run: name of this arm, its base and the folder of all stages.

    Raises:
        InputError: the arm has no stage, or its shape is not the base's.
    """
    stages = stored_stages(run.root, config.of, run.seed)
    if not stages:
        raise InputError(f"{arm_folder(run.root, config.of, run.seed)}: no stage to interpolate")
    source = stages[-1]
    base = load_model(run.base, dtype=torch.float32)
    tuned = load_model(str(source.folder), dtype=torch.float32)
    start = {name: value.clone() for name, value in base.model.state_dict().items()}
    for share, percent in zip(config.shares, config.planned_stages, strict=True):
        base.model.load_state_dict(start)
        base.model.load_state_dict(interpolated(base.model, tuned.model, share))
        info = source.info.model_copy(
            update={
                "arm": run.arm,
                "kind": config.kind,
                "step": percent,
                "forward_tokens": None,
                "base": run.base,
                "config": config.model_dump(mode="json"),
                "metrics": {},
            }
        )
        save_stage(run.root, base.model, base.tokenizer, info)
