"""The process in which math-verify runs: `expression_worker.py CPU_SECONDS MEMORY_BYTES`.

It reads one JSON line `[gold, text]` at a time and answers `true`, `false`, or `null` where either
is no expression. Whatever goes wrong ends it. It imports nothing of metaprobe, so that it starts
without that.

math-verify's reader of plain expressions hands text to Python's `eval`, so only its reader of
LaTeX is used, which is a grammar. That one lets sympy evaluate a numeral, and nothing else gets
through: an audit hook sees what is compiled.
"""

import json
import logging
import os
import re
import resource
import signal
import sys
from functools import partial
from typing import Any

_EVALUATING_READER = "sympy.parsing.sympy_parser"
_NUMERAL = re.compile(r"from sympy import \*|Integer \(\d+ \)|Float \('[\d.]+' \)")


def main() -> None:
    """Answer questions until there is no more."""
    cpu_seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    from math_verify import LatexExtractionConfig, parse, verify

    read = partial(
        parse,
        extraction_config=[LatexExtractionConfig(boxed_match_priority=0)],
        parsing_timeout=None,
        raise_on_error=True,
    )
    same = partial(verify, timeout_seconds=None, raise_on_error=True)
    logging.disable()  # of the warning that nobody keeps the time
    # What cannot start says so before stderr is closed.
    same(read("\\boxed{x+1}"), read("\\boxed{x+2}"))
    replies = _take_output()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.addaudithook(_refuse_code)
    for line in sys.stdin:
        # Without a handler this signal ends the process at once, in the midst of C code too.
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        gold, text = (read(f"\\boxed{{{part}}}") for part in json.loads(line))
        # The last of what is read is the text itself, which is there where nothing else could be.
        alike = gold[-1:] == text[-1:] != []
        known = len(gold) > 1 and len(text) > 1
        reply = True if alike else bool(same(gold, text)) if known else None
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(reply), file=replies, flush=True)


def _take_output() -> Any:
    """Return the pipe to the parent, and keep it and stderr from whatever a library prints."""
    replies = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return replies


def _refuse_code(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse that sympy's reader of plain text, which evaluates, gets more than one numeral."""
    if event != "compile" or sys._getframe(1).f_globals.get("__name__") != _EVALUATING_READER:
        return
    source = arguments[0]
    if not _NUMERAL.fullmatch(source if isinstance(source, str) else bytes(source).decode()):
        raise RuntimeError("text must not be evaluated")


if __name__ == "__main__":
    main()
