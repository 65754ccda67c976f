"""`metaprobe bench export`: a frozen benchmark in the form of another harness."""

from pathlib import Path
from typing import Annotated

import typer

_TARGETS = ("lm-eval", "inspect", "datasets")


def export(
    directory: Annotated[Path, typer.Argument(help="Folder of a frozen benchmark.")],
    to: Annotated[str, typer.Option(help="The other harness: lm-eval, inspect or datasets.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    plain: Annotated[
        bool, typer.Option("--plain", help="Ask as models without a chat template are asked.")
    ] = False,
) -> None:
    """Write a frozen benchmark for lm-evaluation-harness, Inspect or Hugging Face datasets.

    The prompts are those of metaprobe's own probe, and the tasks grade through metaprobe, so the
    same responses get the same verdicts. Sampling is set to the probe's defaults.
    """
    from rich.console import Console

    from metaprobe.benchmark.freeze import read_benchmark
    from metaprobe.benchmark.interchange.hub import write_hub
    from metaprobe.benchmark.interchange.inspect_task import write_inspect
    from metaprobe.benchmark.interchange.lm_eval import write_lm_eval
    from metaprobe.core.errors import ConfigError, nearest
    from metaprobe.models.chat import plain_prompt, user_message
    from metaprobe.models.sampling import Sampling

    if to not in _TARGETS:
        raise ConfigError(
            f"--to: unknown form {to!r}{nearest(to, _TARGETS)}: {', '.join(_TARGETS)}"
        )
    benchmark = read_benchmark(directory)
    prompt = plain_prompt if plain else user_message
    sampling = Sampling()
    drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if to == "lm-eval":
        limit = {"max_gen_toks": sampling.max_new_tokens}
        write_lm_eval(out, benchmark, prompt, {"do_sample": True, **drawn, **limit})
    elif to == "inspect":
        write_inspect(out, benchmark, prompt, {**drawn, "max_tokens": sampling.max_new_tokens})
    else:
        write_hub(out, benchmark, prompt)
    console = Console(highlight=False)
    console.print(f"{len(benchmark.items)} items written to {out}", markup=False, soft_wrap=True)
