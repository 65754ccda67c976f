"""Names of Python's vocabulary and of HTTP statuses, recalled from a description or a code."""

from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.facts import rows_of
from metaprobe.benchmark.family import Problem, family

_BUILTIN_WORDINGS = (
    "Which Python built-in {}?",
    "Name the Python built-in that {}.",
    "Python has a built-in that {}. What is its name?",
    "In Python, what is the built-in called that {}?",
    "A programmer needs a Python built-in that {}. Which one is it?",
    "One of the Python built-ins {}. Give its name.",
)
_MODULE_WORDINGS = (
    "Which module of Python's standard library {}?",
    "Name the module of Python's standard library that {}.",
    "Python's standard library has a module that {}. What is its name?",
    "In Python, what is the standard module called that {}?",
    "A programmer needs a module of Python's standard library that {}. Which one is it?",
    "One module of Python's standard library {}. Give its name.",
)
_EXCEPTION_WORDINGS = (
    "Which exception does this Python code raise?\n{}\nAnswer with the class name.",
    "Name the class of the exception that Python raises here.\n{}",
    "This Python code fails. What is the class of the exception?\n{}",
    "Python runs the code below and stops with an exception. Name its class.\n{}",
    "What is the name of the exception class that results from this Python code?\n{}",
    "With which exception does this Python code end? Give the class name.\n{}",
)
_PHRASE_WORDINGS = (
    "What is the standard name of HTTP status {}?",
    "What does HTTP status code {} stand for?",
    "A server answers with HTTP status {}. What is the reason phrase?",
    "Give the reason phrase of HTTP status code {}.",
    "Which words officially go with the HTTP status code {}?",
    "Name the meaning of HTTP code {} by its official phrase.",
)
_CODE_WORDINGS = (
    'What is the HTTP status code for "{}"?',
    'Which number is the HTTP status "{}"?',
    'A server answers "{}". Which HTTP status code is that?',
    'Give the HTTP status code whose reason phrase is "{}".',
    'By which HTTP status code does a server say "{}"?',
    'Name the number of the HTTP status called "{}".',
)
_CLASSES = {
    1: "informational",
    2: "successful",
    3: "a redirection",
    4: "a client error",
    5: "a server error",
}


@family("coding/fact_retrieval", capacity={1: 72, 2: 72, 3: 72, 4: 72, 5: 72})
def builtin_by_purpose(rng: Random, level: int) -> Problem:
    """Name the Python built-in that serves a described purpose.

    Isolates recall of Python's vocabulary; the description never contains the name. A level has
    twelve built-ins, from everyday ones such as len to rarely used ones such as memoryview.
    """
    row = rng.choice(rows_of("python_builtins", level))
    wording = rng.randrange(len(_BUILTIN_WORDINGS))
    name = row["name"]
    return Problem(
        question=_BUILTIN_WORDINGS[wording].format(row["purpose"]),
        answer=TextAnswer(value=name, aliases=(f"{name}()",)),
        long=(f"{row['example']}.", f"So it is {name}."),
        key=f"builtin_by_purpose {name} {wording}",
    )


@family("coding/fact_retrieval", capacity={1: 72, 2: 72, 3: 72, 4: 72, 5: 72})
def stdlib_module_by_purpose(rng: Random, level: int) -> Problem:
    """Name the module of Python's standard library that serves a described purpose.

    Isolates recall of what the standard library offers; the description never contains the name. A
    level has twelve modules, from everyday ones such as math to rarely used ones such as mmap.
    """
    row = rng.choice(rows_of("python_modules", level))
    wording = rng.randrange(len(_MODULE_WORDINGS))
    name = row["name"]
    return Problem(
        question=_MODULE_WORDINGS[wording].format(row["purpose"]),
        answer=TextAnswer(value=name, aliases=(f"{name} module", f"import {name}")),
        long=(f"{row['example']}.", f"So it is {name}."),
        key=f"stdlib_module_by_purpose {name} {wording}",
    )


@family("coding/fact_retrieval", capacity={1: 72, 2: 72, 3: 72, 4: 72, 5: 72})
def exception_raised(rng: Random, level: int) -> Problem:
    """Name the exception that a line of Python raises.

    Isolates recall of the class that belongs to a kind of failure; nothing has to be worked out. A
    level has twelve lines, from division by zero to failures in rarely used modules.
    """
    row = rng.choice(rows_of("python_exceptions", level))
    wording = rng.randrange(len(_EXCEPTION_WORDINGS))
    return Problem(
        question=_EXCEPTION_WORDINGS[wording].format(row["code"]),
        answer=TextAnswer(value=row["exception"], aliases=tuple(row["full_names"].split("|"))),
        long=(f"{row['reason']}.", f"That is {row['exception']}."),
        key=f"exception_raised {row['code']} {wording}",
    )


@family("coding/fact_retrieval", capacity={1: 144, 2: 144, 3: 144, 4: 144, 5: 144})
def http_status(rng: Random, level: int) -> Problem:
    """Name an HTTP status by its code, or give the code of a named one.

    Isolates recall of the registered codes, in both directions. A level has twelve codes, from
    200 and 404 to ones that few servers send.
    """
    row = rng.choice(rows_of("http_statuses", level))
    code, phrase = int(row["code"]), row["phrase"]
    meaning = _CLASSES[code // 100]
    to_phrase = rng.random() < 0.5
    wordings = _PHRASE_WORDINGS if to_phrase else _CODE_WORDINGS
    wording = rng.randrange(len(wordings))
    if to_phrase:
        aliases = (f"{code} {phrase}", *filter(None, row["aliases"].split("|")))
        return Problem(
            question=wordings[wording].format(code),
            answer=TextAnswer(value=phrase, aliases=aliases),
            long=(f"Status {code} is {meaning}.", f"{code} is {phrase}."),
            key=f"http_status to phrase {code} {wording}",
        )
    return Problem(
        question=wordings[wording].format(phrase),
        answer=IntegerAnswer(value=code),
        long=(f"{phrase} is {meaning}.", f"{phrase} is {code}."),
        key=f"http_status to code {code} {wording}",
    )
