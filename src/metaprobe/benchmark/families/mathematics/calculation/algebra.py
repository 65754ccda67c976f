"""mathematics/calculation: matrices of two rows, and polynomials with their derivatives."""

from collections.abc import Callable, Sequence
from math import isqrt
from random import Random

from metaprobe.benchmark.answers import Answer, IntegerAnswer, SequenceAnswer
from metaprobe.benchmark.family import Problem, family

_ENTRY = {1: (0, 9), 2: (-9, 9), 3: (-9, 9), 4: (-30, 30), 5: (-99, 99)}
_EIGENVALUE = {3: (-9, 9), 4: (-40, 40), 5: (-300, 300)}
_MATRIX_WORDINGS = (
    "The 2x2 matrix A has the rows {rows}. What is {asked}?",
    "A is the 2x2 matrix with the rows {rows}. Compute {asked}.",
    "Let A be the 2x2 matrix with rows {rows}, in this order. Find {asked}.",
)
_EIGENVALUE_WORDINGS = (
    "The 2x2 matrix A has the rows {rows}. What are its two eigenvalues?",
    "A is the 2x2 matrix with the rows {rows}. Compute both eigenvalues of A.",
    "Let A be the 2x2 matrix with rows {rows}, in this order. Find the eigenvalues of A.",
)
_TWO_WORDINGS = (
    "The 2x2 matrix A has the rows {rows}, and B has the rows {second}. What is {asked}?",
    "A is the 2x2 matrix with the rows {rows}, B the one with the rows {second}. Compute {asked}.",
    "Let A have the rows {rows} and B the rows {second}, as 2x2 matrices. Find {asked}.",
)

_DEGREE = {1: 2, 2: 3, 3: 4, 4: 6, 5: 9}
_COEFFICIENT = {1: (1, 5), 2: (1, 9), 3: (-9, 9), 4: (-20, 20), 5: (-99, 99)}
_AT = {1: (1, 5), 2: (2, 5), 3: (-6, 6), 4: (-15, 15), 5: (-40, 40)}
_DERIVATIVES = {1: (0, 1), 2: (0, 1), 3: (0, 1), 4: (0, 2), 5: (1, 3)}
_MARKS = ("", "'", "''", "'''")
_POLYNOMIAL_WORDINGS = (
    "Let p(x) = {p}. What is p{mark}({x})?",
    "For the polynomial p(x) = {p}, compute p{mark}({x}).",
    "Given p(x) = {p}, find p{mark}({x}).",
)
_DERIVATIVE_REMARK = {
    0: "",
    1: " (p' is the derivative.)",
    2: " (p'' is the second derivative.)",
    3: " (p''' is the third derivative.)",
}

_Matrix = tuple[tuple[int, int], tuple[int, int]]


@family(
    "mathematics/calculation",
    capacity={1: 10_000, 2: 10**5, 3: 10**5, 4: 10**6, 5: 10**9},
)
def matrix_2x2(rng: Random, level: int) -> Problem:
    """Compute a trace, a determinant or the eigenvalues of matrices of two rows.

    Isolates the rules of matrix arithmetic. Level 1 asks for trace and determinant, level 2 for
    those of a square too; eigenvalues come from level 3 on, and a level has larger entries, then
    products of two matrices and higher powers.
    """
    task = rng.choice(_TASKS[level])
    return task(rng, level)


def _trace(rng: Random, level: int) -> Problem:
    a = _matrix(rng, level)
    return _matrix_problem(rng, a, None, "the trace of A", *_trace_of(a, "A"))


def _determinant(rng: Random, level: int) -> Problem:
    a = _matrix(rng, level)
    return _matrix_problem(rng, a, None, "the determinant of A", *_determinant_of(a, "A"))


def _trace_of_power(rng: Random, level: int) -> Problem:
    exponent = {2: 2, 3: 3, 4: 4, 5: 7}[level]
    a = _matrix(rng, min(level, 4))
    power, steps = a, []
    for n in range(2, exponent + 1):
        power, work = _product(power, a, f"A^{n}")
        steps += work
    value, last = _trace_of(power, f"A^{exponent}")
    return _matrix_problem(rng, a, None, f"the trace of A^{exponent}", value, [*steps, *last])


def _determinant_of_combination(rng: Random, level: int) -> Problem:
    a, b = _matrix(rng, level), _matrix(rng, level)
    product, steps = _product(a, b, "AB")
    if level >= 5:
        other, more = _product(b, a, "BA")
        name, steps = "AB - BA", [*steps, *more]
    else:
        other, name = a, "AB - A"
    combined = tuple((p[0] - q[0], p[1] - q[1]) for p, q in zip(product, other, strict=True))
    matrix: _Matrix = (combined[0], combined[1])
    steps.append(f"{name} = {_rows(matrix)}")
    value, last = _determinant_of(matrix, name)
    return _matrix_problem(rng, a, b, f"the determinant of {name}", value, [*steps, *last])


def _eigenvalues(rng: Random, level: int) -> Problem:
    """A has the eigenvalues p and q if its trace is p + q and its determinant p q."""
    low, high = _EIGENVALUE[level]
    while True:
        p, q = sorted(rng.sample(range(low, high + 1), 2))
        a = rng.randint(low, high)
        d = p + q - a
        rest = a * d - p * q
        divisors = [n for n in range(1, isqrt(abs(rest)) + 1) if rest % n == 0]
        if divisors:
            b = rng.choice(divisors) * rng.choice((-1, 1))
            break
    matrix: _Matrix = ((a, b), (rest // b, d))
    trace, first = _trace_of(matrix, "A")
    determinant, second = _determinant_of(matrix, "A")
    discriminant = trace * trace - 4 * determinant
    root = isqrt(discriminant)
    steps = [
        *first,
        *second,
        f"x^2 {_signed(-trace)} x {_signed(determinant)} = 0",
        f"{_inner(trace)}^2 - 4 * {_inner(determinant)} = {discriminant}, its root is {root}",
        f"({trace} - {root}) / 2 = {p}",
        f"({trace} + {root}) / 2 = {q}",
    ]
    rows = _rows(matrix)
    question = rng.choice(_EIGENVALUE_WORDINGS).format(rows=rows)
    return Problem(
        question=f"{question} Answer in increasing order, separated by a comma.",
        answer=SequenceAnswer(items=(str(p), str(q))),
        short=(f"Eigenvalues: {p}, {q}",),
        long=(*steps, f"Eigenvalues: {p}, {q}"),
        key=f"matrix_2x2 eigenvalues {rows}",
    )


_TASKS: dict[int, tuple[Callable[[Random, int], Problem], ...]] = {
    1: (_trace, _determinant),
    2: (_trace, _determinant, _trace_of_power),
    3: (_eigenvalues, _determinant_of_combination, _trace_of_power),
    4: (_eigenvalues, _determinant_of_combination, _trace_of_power),
    5: (_eigenvalues, _determinant_of_combination, _trace_of_power),
}


def _matrix(rng: Random, level: int) -> _Matrix:
    a, b, c, d = (rng.randint(*_ENTRY[level]) for _ in range(4))
    return (a, b), (c, d)


def _matrix_problem(
    rng: Random, a: _Matrix, b: _Matrix | None, asked: str, value: int, steps: Sequence[str]
) -> Problem:
    rows = _rows(a)
    second = "" if b is None else _rows(b)
    wordings = _MATRIX_WORDINGS if b is None else _TWO_WORDINGS
    answer: Answer = IntegerAnswer(value=value)
    return Problem(
        question=rng.choice(wordings).format(rows=rows, second=second, asked=asked),
        answer=answer,
        short=(f"It is {value}",),
        long=(*steps, f"It is {value}"),
        key=f"matrix_2x2 {asked} {rows} {second}",
    )


def _rows(matrix: _Matrix) -> str:
    return " and ".join(f"({row[0]}, {row[1]})" for row in matrix)


def _inner(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _signed(number: int) -> str:
    return f"- {-number}" if number < 0 else f"+ {number}"


def _trace_of(matrix: _Matrix, name: str) -> tuple[int, list[str]]:
    (a, _), (_, d) = matrix
    return a + d, [f"trace of {name}: {a} + {_inner(d)} = {a + d}"]


def _determinant_of(matrix: _Matrix, name: str) -> tuple[int, list[str]]:
    (a, b), (c, d) = matrix
    steps = [
        f"{a} * {_inner(d)} = {a * d}",
        f"{b} * {_inner(c)} = {b * c}",
        f"determinant of {name}: {a * d} - {_inner(b * c)} = {a * d - b * c}",
    ]
    return a * d - b * c, steps


def _product(left: _Matrix, right: _Matrix, name: str) -> tuple[_Matrix, list[str]]:
    rows, steps = [], []
    for row in left:
        entries = []
        for column in range(2):
            first, second = row[0] * right[0][column], row[1] * right[1][column]
            products = " + ".join(
                f"{n} * {_inner(m)}" for n, m in zip(row, (r[column] for r in right), strict=True)
            )
            steps.append(f"{products} = {first} + {_inner(second)} = {first + second}")
            entries.append(first + second)
        rows.append((entries[0], entries[1]))
    matrix: _Matrix = (rows[0], rows[1])
    return matrix, [*steps, f"{name} = {_rows(matrix)}"]


@family(
    "mathematics/calculation",
    capacity={1: 1_250, 2: 10**4, 3: 10**5, 4: 10**9, 5: 10**12},
)
def polynomial_evaluate_derive(rng: Random, level: int) -> Problem:
    """Compute the value of a polynomial, or of one of its derivatives, at a given place.

    Isolates differentiation by the power rule and evaluation. A level has a higher degree, larger
    coefficients and places, and higher derivatives.
    """
    order = rng.randint(*_DERIVATIVES[level])
    x = rng.choice([n for n in range(_AT[level][0], _AT[level][1] + 1) if n])
    coefficients = [rng.randint(*_COEFFICIENT[level]) for _ in range(_DEGREE[level] + 1)]
    coefficients[0] = coefficients[0] or 1
    text = _polynomial(coefficients)
    steps = []
    derived = coefficients
    for n in range(1, order + 1):
        degree = len(derived) - 1
        derived = [c * (degree - k) for k, c in enumerate(derived[:-1])]
        steps.append(f"p{_MARKS[n]}(x) = {_polynomial(derived)}")
    value = derived[0]
    for coefficient in derived[1:]:
        product = value * x
        total = product + coefficient
        steps.append(
            f"{value} * {_inner(x)} = {product}, {product} {_signed(coefficient)} = {total}"
        )
        value = total
    mark = _MARKS[order]
    question = rng.choice(_POLYNOMIAL_WORDINGS).format(p=text, mark=mark, x=x)
    return Problem(
        question=question + _DERIVATIVE_REMARK[order],
        answer=IntegerAnswer(value=value),
        short=(f"p{mark}({x}) = {value}",),
        long=(*steps, f"p{mark}({x}) = {value}"),
        key=f"polynomial_evaluate_derive {text} {mark} {x}",
    )


def _polynomial(coefficients: Sequence[int]) -> str:
    """Return a polynomial as text; coefficients are given from the highest power down."""
    text = ""
    degree = len(coefficients) - 1
    for power, coefficient in zip(range(degree, -1, -1), coefficients, strict=True):
        if coefficient == 0 and degree:
            continue
        variable = {0: "", 1: "x"}.get(power, f"x^{power}")
        size = "" if abs(coefficient) == 1 and variable else str(abs(coefficient))
        sign = "-" if coefficient < 0 else "+"
        term = size + variable
        text += f" {sign} {term}" if text else f"-{term}" if coefficient < 0 else term
    return text
