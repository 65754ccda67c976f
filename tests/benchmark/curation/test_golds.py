"""Golds get the type that their corpus gives them, and programs run shut in."""

import ast
import json
import os
import socket
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaprobe.benchmark.answers import (
    ChoiceAnswer,
    FreeFormAnswer,
    IntegerAnswer,
    LiteralAnswer,
    TextAnswer,
)
from metaprobe.benchmark.curation import sandbox
from metaprobe.benchmark.curation.golds import UnresolvedGoldError, typed_gold
from metaprobe.benchmark.curation.readers import Corpus
from metaprobe.benchmark.curation.records import Aliases, Label, Output, RawGold, Written
from metaprobe.benchmark.curation.sandbox import Returned, run_call
from metaprobe.benchmark.literals import read_literal

CORPORA = Path(
    os.environ.get("METAPROBE_CORPORA", Path(__file__).parents[4] / "shared" / "corpora")
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS.filter(lambda v: v not in (float("inf"), -float("inf"))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (Written("so 3\n#### 1,200", True), IntegerAnswer(value=1200)),
        (Label("B", ("A", "B")), ChoiceAnswer(value="B", options=("A", "B"))),
        (Aliases((" ", "1066", "AD 1066")), TextAnswer(value="1066", aliases=("AD 1066",))),
    ],
)
def test_golds_have_the_type_of_their_source(gold: RawGold, answer: object) -> None:
    assert typed_gold(gold) == answer


@pytest.mark.slow
def test_a_written_expression_is_free_form() -> None:
    pytest.importorskip("math_verify")
    answer = typed_gold(Written(r"\boxed{\frac{\pi}{2}}", True))
    assert answer == FreeFormAnswer(value=r"\frac{\pi}{2}")


@pytest.mark.parametrize(
    "gold", [Written("no mark", True), Aliases((" . ",)), Label("Yes", ("Yes", "yes", "No"))]
)
def test_what_cannot_be_graded_has_no_gold(gold: RawGold) -> None:
    with pytest.raises(UnresolvedGoldError):
        typed_gold(gold)


@pytest.mark.slow
@settings(max_examples=40)
@given(VALUES, VALUES)
def test_literals_are_the_same_just_when_type_and_value_are(one: object, other: object) -> None:
    def typed(value: object) -> object:
        if isinstance(value, dict):
            return dict, {key: typed(inner) for key, inner in value.items()}
        inside = [typed(v) for v in value] if isinstance(value, list | tuple) else repr(value)
        return type(value), inside

    assert read_literal(repr(one)) is not None
    assert (read_literal(repr(one)) == read_literal(repr(other))) == (typed(one) == typed(other))


@pytest.mark.parametrize(
    ("gold", "text", "verdict"),
    [
        ("{'a': 1, 'b': 2}", '{"b": 2, "a": 1}', True),
        ("[1, 2]", "(1, 2)", False),
        ("1.0", "1", False),
        ("'abc'", "abc", True),
        ("'abc'", "`'abc'`", True),
        ("'abc'", "ABC", False),
        ("[1]", "one", None),
        ("[1]", "[" * 999, None),
        ("[1]", "f(1)", None),
        ("[1]", "1 " * 9999, None),
        (r"{'a_b': 1}", r"\{'a\_b': 1\}", True),
    ],
)
def test_literals_are_compared_as_values(gold: str, text: str, verdict: bool | None) -> None:
    assert LiteralAnswer(value=gold).compare(text) is verdict


@pytest.fixture(scope="module")
def executes() -> None:
    found = run_call("", "1")
    if found.value is None:
        pytest.skip(str(found.failed))


needs_sandbox = pytest.mark.usefixtures("executes")


@needs_sandbox
@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "call", "stated", "kind"),
    [
        ("def f(x):\n    print('noise')\n    return x + 1", "f(1)", "2", "integer"),
        ("import math\ndef f():\n    return math.pi > 3", "f()", "True", "choice"),
        ("def f(x):\n    return [*x]", "f('ab')", "['a', 'b']", "literal"),
    ],
)
def test_a_program_is_executed_again(code: str, call: str, stated: str, kind: str) -> None:
    answer = typed_gold(Output(code, call, stated))
    assert (answer.kind, answer.compare(stated)) == (kind, True)
    with pytest.raises(UnresolvedGoldError, match="another value than the corpus states"):
        typed_gold(Output(code, call, "'else'"))


ESCAPES = {
    "file": "open('/etc/passwd').read()",
    "parent": "os.listdir('../../..') or 1 / 0",
    "write": "open('x', 'w').write('x')",
    "fork": "os.fork()",
    "kill": "os.kill(PROCESS, 0)",
    "network": "1 // (1 + libc.connect(libc.socket(2, 1, 0), ADDRESS, 16))",
    "memory": "len(bytearray(2**31))",
    "namespace": "1 // (1 + libc.unshare(0x10000000))",
    "root": "1 // (1 + libc.chroot(b'/'))",
}


@needs_sandbox
@pytest.mark.slow
@pytest.mark.parametrize("name", ESCAPES)
def test_a_program_reaches_nothing_outside(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        address = struct.pack("<H", 2) + struct.pack(">H", port) + bytes([127, 0, 0, 1] + [0] * 8)
        call = ESCAPES[name].replace("ADDRESS", repr(address))
        call = call.replace("PROCESS", str(os.getpid()))
        found = run_call("import ctypes, os\nlibc = ctypes.CDLL(None)", call)
    assert str(found.failed).startswith("raised")
    assert found.failed not in ("raised ImportError", "raised NameError", "raised SyntaxError")


@needs_sandbox
@pytest.mark.slow
def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_call("", "[x for x in iter(int, 1)]").value is None
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 1)
    before = threading.active_count()
    assert run_call("import time", "time.sleep(60)").failed == "no value within 1 s"
    assert threading.active_count() == before


@needs_sandbox
@pytest.mark.slow
def test_what_a_program_says_in_place_of_its_worker_is_bounded() -> None:
    flood = "import os\nwhile True:\n    os.write(1, b'x' * 4096)"
    assert run_call(flood, "1").failed == "ended by a limit, or by itself"
    for said in ("[1]", '{"value": 3}', "[" * 9999):
        code = f"import os\nos.write(1, {said.encode()!r})\nos._exit(0)"
        assert run_call(code, "1").value is None


@pytest.mark.slow
def test_without_namespaces_nothing_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "call_worker.py"
    source = sandbox._WORKER.read_text(encoding="utf-8")
    worker.write_text(source.replace("libc.unshare, _NAMESPACES", "libc.unshare, 0x7FFFFFFF"))
    monkeypatch.setattr(sandbox, "_WORKER", worker)
    found = run_call("", "1")
    assert found == Returned(None, found.failed)
    assert str(found.failed).startswith("not executed: this system gives no sandbox")


@needs_sandbox
@pytest.mark.slow
def test_every_gold_of_cruxeval_is_what_its_program_returns() -> None:
    if not (CORPORA / "cruxeval").is_dir():
        pytest.skip(f"no corpora in {CORPORA}; METAPROBE_CORPORA names the folder")
    golds = [record.gold for record in Corpus(str(CORPORA / "cruxeval")).records()][::16]
    for gold in golds:
        assert isinstance(gold, Output)
        answer = typed_gold(gold)
        assert ast.literal_eval(answer.render()) == ast.literal_eval(gold.stated)
        json.loads(answer.model_dump_json())
