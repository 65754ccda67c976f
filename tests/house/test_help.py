"""The command line answers at once, and says what is wrong in one line."""

import subprocess
import sys

RUN = "import sys; sys.argv[0] = 'metaprobe'; from metaprobe.cli.main import main; main()"
HEAVY = {"torch", "transformers", "tokenizers", "trl"}


def metaprobe(*arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, *options, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_the_verbs() -> None:
    done = metaprobe("--help")
    assert done.returncode == 0, done.stderr
    for verb in ("run", "probe", "bench", "train", "report"):
        assert verb in done.stdout.split()


def test_help_does_not_import_torch() -> None:
    done = metaprobe("--help", options=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    roots = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "metaprobe" in roots, "the import times were not read"
    assert roots & HEAVY == set()


def test_an_unknown_command_leaves_with_2() -> None:
    done = metaprobe("no-such-verb")
    assert done.returncode == 2
    assert "no-such-verb" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_typer_app_has_every_verb_of_help() -> None:
    from typer.main import get_command

    from metaprobe.cli.main import app

    verbs = get_command(app).commands
    shown = metaprobe("--help").stdout
    assert verbs
    assert [verb for verb in verbs if verb not in shown] == []
