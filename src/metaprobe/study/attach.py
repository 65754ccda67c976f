"""Probing inside a trainer of transformers or TRL, at every save, in its own process."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.results import Look
from metaprobe.models.runtime import torch
from metaprobe.stages.discover import FoundStage, stage_in
from metaprobe.study.config import StudyConfig, load_study
from metaprobe.study.looks import Looks, Measured
from metaprobe.study.run import silent
from metaprobe.study.tasks import forget_models

_LOGGER = logging.getLogger("metaprobe")


def attach(
    trainer: Any,
    study: StudyConfig | str | Path,
    *,
    out: str | Path | None = None,
    fail_on: str | None = None,
    overrides: Sequence[str] = (),
) -> "SaveProbe":
    """Probe each checkpoint that a trainer saves, and log what changed through the trainer.

    Args:
        trainer: of transformers or TRL, which saves whole models with their tokenizer.
        study: base, benchmark, sampling and probes: settings, a TOML file, or a built-in study's
            name; its arms are not used.
        out: folder of the results; `metaprobe` in the trainer's output folder by default.
        fail_on: expression, as of `metaprobe watch`; training stops where it is true.
        overrides: `a.b=value` settings that replace those of the study.

    Returns:
        The callback, which was added to the trainer; `looks` has what it found.

    Raises:
        ConfigError: a setting or the expression is wrong, or the trainer gives no whole models.
        InputError: the base cannot be measured.
    """
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        raise ConfigError(
            "attach: FSDP and DeepSpeed save parts of models; run metaprobe watch on merged ones"
        )
    if overrides and isinstance(study, StudyConfig):
        raise ConfigError("attach: overrides change a file or a name; change the settings instead")
    config = study if isinstance(study, StudyConfig) else load_study(str(study), list(overrides))
    config = config.model_copy(update={"arms": {}, "seeds": [trainer.args.seed]})
    folder = Path(out or Path(trainer.args.output_dir) / "metaprobe")
    callback = SaveProbe(trainer, Looks(config, folder, watch=silent, gate=fail_on))
    trainer.add_callback(callback)
    return callback


class SaveProbe(TrainerCallback):  # type: ignore[misc]
    """Measures every saved checkpoint; the main process does, and the others wait."""

    def __init__(self, trainer: Any, looks: Looks) -> None:
        """Measure the base, so that what is wrong with it is said before training.

        Args:
            trainer: logs what was found.
            looks: measures and remembers.
        """
        self._trainer, self._looks = trainer, looks
        if trainer.is_world_process_zero():
            _measure(looks, [])

    @property
    def looks(self) -> list[Look]:
        """What was found so far."""
        return self._looks.seen

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Measure the checkpoint, log its changes, and stop the training where the gate fails."""
        stop = [False]
        if state.is_world_process_zero:
            look = self._look(Path(args.output_dir), state.global_step)
            if look is not None:
                self._trainer.log(logged(look))
                stop = [look.gate is not None and look.gate.failed]
        broadcast_object_list(stop)  # a process that goes on alone would wait for the others
        if stop[0]:
            _LOGGER.warning("training stops at step %d: the gate failed", state.global_step)
            control.should_training_stop = True
        return control

    def _look(self, folder: Path, step: int) -> Look | None:
        """Measure one checkpoint; training goes on where that is not possible, and says why."""
        path = folder / f"checkpoint-{step}"
        try:
            stage = stage_in(folder, step, path)._replace(seed=self._trainer.args.seed)
            found = _measure(self._looks, [stage])
        except InputError as error:
            _LOGGER.warning("step %d was not measured: %s", step, error)
            return None
        for reason in found.failed.values():
            _LOGGER.warning("step %d was not measured: %s", step, reason)
        return found.looks[0] if found.looks else None


def _measure(looks: Looks, stages: Sequence[FoundStage]) -> Measured:
    """Measure beside a model in training, whose random numbers and memory are left alone."""
    with torch.random.fork_rng():
        try:
            return looks.measure(stages)
        finally:
            forget_models()


def logged(look: Look) -> dict[str, float]:
    """Return what is logged of a look: changes from the base, as shares, by domain and skill.

    `metaprobe/fallen` is the number of cells that fell.
    """
    found = {"metaprobe/fallen": float(sum(g.fell for g in look.since_base if g.kind == "cell"))}
    for group in look.since_base:
        if group.kind != "cell":
            found[f"metaprobe/{group.name}/accuracy"] = group.after
            found[f"metaprobe/{group.name}/change"] = group.change
    return found
