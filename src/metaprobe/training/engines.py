"""Which settings of an arm the engine `trl` runs as they are meant; the others are refused."""

from typing import Any

from metaprobe.core.errors import ConfigError

_TRL_RUNS: dict[str, dict[str, tuple[Any, ...]]] = {
    "sft": {
        "objective": ("nll", "dft"),
        "kl": ("off",),
        "anchor": (None,),
        "traces_per_problem": (1,),
    },
    "grpo": {
        "advantage": ("group_std", "group_mean", "batch_std"),
        "loss": ("ppo",),
        "updates_per_rollout": (1,),
        "rollouts_from": ("current",),
        "kl": ("off", "k3"),
        "entropy_weight": (0.0,),
        "refill": (0,),
        "token_correction": (None,),
    },
}


def check_engine(settings: dict[str, Any]) -> None:
    """Refuse an arm that its engine cannot run.

    Args:
        settings: all settings of the arm by name.

    Raises:
        ConfigError: one has a value that TRL does not know, or TRL's own keys are set without it.
    """
    kind = settings.get("kind", "")
    if settings["engine"] == "builtin":
        if settings["trl"]:
            raise ConfigError('keys of TRL need engine = "trl"')
        return
    if kind not in _TRL_RUNS:
        raise ConfigError(f'engine = "trl" trains {" and ".join(_TRL_RUNS)}, not {kind}')
    for name, values in _TRL_RUNS[kind].items():
        if settings[name] not in values:
            known = " or ".join(map(repr, values))
            raise ConfigError(
                f'engine = "trl" runs {name} = {known} alone, not {settings[name]!r}; '
                'take engine = "builtin"'
            )
