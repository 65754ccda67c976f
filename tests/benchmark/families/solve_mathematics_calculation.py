"""Second solvers for mathematics/calculation: sympy, and Python's own readers of numbers."""

import re

import sympy
from solvers import solves


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"-?\d+", text)]


@solves("mathematics/calculation/prime_factorisation")
def prime_factorisation(question: str) -> str:
    (number,) = numbers(question)
    return ", ".join(str(p) for p, e in sorted(sympy.factorint(number).items()) for _ in range(e))


@solves("mathematics/calculation/base_conversion")
def base_conversion(question: str) -> str:
    digits = re.search(r"(?:digits|Convert|written) ([0-9A-F]+)", question)[1]
    source = int(re.search(r"(?:in|from) base (\d+)", question)[1])
    target = int(re.findall(r"base (\d+)", question)[-1])
    value = int(digits, source)
    if target == 10:
        return str(value)
    found = sympy.ntheory.digits(value, target)[1:]
    return "".join("0123456789ABCDEF"[d] for d in found)


@solves("mathematics/calculation/matrix_2x2")
def matrix_2x2(question: str) -> str:
    rows = [list(map(int, r)) for r in re.findall(r"\((-?\d+), (-?\d+)\)", question)]
    a = sympy.Matrix(rows[:2])
    if "eigenvalues" in question:
        return ", ".join(map(str, sorted(a.eigenvals())))
    asked = re.search(r"(trace|determinant) of (A[AB ^0-9-]*)", question)
    names = {"A": a, "B": sympy.Matrix(rows[2:]) if len(rows) > 2 else None}
    code = re.sub("(?<=[AB])(?=[AB])", "*", asked[2].strip()).replace("^", "**")
    matrix = eval(code, names)  # letters, digits and operators only
    return str(matrix.trace() if asked[1] == "trace" else matrix.det())


@solves("mathematics/calculation/polynomial_evaluate_derive")
def polynomial_evaluate_derive(question: str) -> str:
    text = re.search(r"p\(x\) = (.*?)(?:\. What|, compute|, find)", question)[1]
    marks, at = re.search(r"(?:is|compute|find) p('*)\((-?\d+)\)", question).groups()
    x = sympy.Symbol("x")
    code = re.sub(r"(\d)x", r"\1*x", text).replace("^", "**")
    polynomial = sympy.Poly(sympy.sympify(code), x)
    for _ in marks:
        polynomial = polynomial.diff(x)
    return str(polynomial.eval(int(at)))
