"""`metaprobe signatures` and `metaprobe demo` as a user calls them."""

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from metaprobe.cli.main import main

DATA = Path(__file__).parents[1] / "data" / "signatures"


def call(*arguments):
    """Run the command line in this process: exit status, output and error output."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["metaprobe", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    return left.value.code or 0, out.getvalue(), err.getvalue()


def test_logs_are_searched_and_what_was_not_looked_for_is_named():
    status, out, err = call("signatures", DATA / "format-reward.jsonl", DATA / "nano-grpo.jsonl")
    assert (status, err) == (0, "")
    assert "from step 1             degenerate groups: 98 % of groups have equal rewards" in out
    assert "try: Draw prompts until enough groups have a signal" in out
    assert "  no known sign of trouble" in out
    assert "not looked for: repetition, repeated_share is not logged often enough" in out


def test_json_holds_the_same():
    status, out, _ = call("signatures", DATA / "format-reward.jsonl", "--json")
    assert status == 0
    (found,) = json.loads(out)
    assert [seen["name"] for seen in found["signatures"]] == ["degenerate_groups"]
    assert (found["first"], found["last"]) == (1, 40)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("signatures", "{tmp}"), "no log of a trainer"),
        (("signatures", "{tmp}/none.jsonl"), "no log of a trainer"),
        pytest.param(
            ("demo", "healty", "--out", "{tmp}/x"), "did you mean 'healthy'", marks=pytest.mark.slow
        ),
    ],
)
def test_wrong_input_is_one_clear_line(tmp_path, arguments, words):
    status, out, err = call(*(part.format(tmp=tmp_path) for part in arguments))
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_demos_are_listed():
    status, out, _ = call("demo")
    assert status == 0
    assert "entropy_collapse" in out
    assert next(iter(json.loads(call("demo", "--list", "--json")[1]))) == "healthy"
