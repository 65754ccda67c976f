"""Second solvers for mathematics: sympy, brute force and dictionaries typed in by hand."""

import re
from fractions import Fraction
from itertools import combinations

from solvers import solves
from sympy import divisors as sympy_divisors
from sympy import isprime


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)]


@solves("mathematics/calculation/integer_expression")
def integer_expression(question: str) -> str:
    expression = re.search(r"(\d[\d +*-]*\d)", question)[1]
    return str(eval(expression))  # digits, spaces and operators only


@solves("mathematics/calculation/fraction_arithmetic")
def fraction_arithmetic(question: str) -> str:
    expression = re.search(r"[\d(][\d +*/()-]*[\d)]", question)[0]
    exact = re.sub(r"\d+", r"Fraction(\g<0>)", expression)
    return str(eval(exact, {"Fraction": Fraction}))  # digits, brackets and operators only


@solves("mathematics/calculation/modular_power")
def modular_power(question: str) -> str:
    base, exponent, modulus = numbers(question)
    return str(pow(base, exponent, modulus))


@solves("mathematics/enumeration/divisors")
def divisors(question: str) -> str:
    (number,) = numbers(question)
    return ", ".join(map(str, sympy_divisors(number)))


@solves("mathematics/enumeration/subsets_with_sum")
def subsets_with_sum(question: str) -> str:
    size = ("two", "three", "four", "five").index(re.search("two|three|four|five", question)[0]) + 2
    *pool, target = numbers(question)
    reached = (c for c in combinations(sorted(pool), size) if sum(c) == target)
    return ", ".join("+".join(map(str, c)) for c in reached)


@solves("mathematics/enumeration/primes_in_interval")
def primes_in_interval(question: str) -> str:
    first, last = numbers(question)
    return ", ".join(str(n) for n in range(first, last + 1) if isprime(n))


@solves("mathematics/simulation/recurrence")
def recurrence(question: str) -> str:
    if "digit" in question:
        first, second, last = numbers(question)
        factor = 2 if "twice" in question else 3 if "three times" in question else 1
        before_plus = re.search(r"(twice|three times) the digit before it plus", question)
        near = factor if before_plus else 1
        far = 1 if before_plus else factor
        digits = [first, second]
        for _ in range(last - 2):
            digits.append(int(str(near * digits[-1] + far * digits[-2])[-1]))
        return str(digits[-1])
    first, second = (int(re.search(rf"x\({k}\) = (\d+)", question)[1]) for k in (1, 2))
    rule = re.search(r"the remainder when (.*?) is divided by (\d+)", question)
    body = rule[1].replace("x(n-1)", "a").replace("x(n-2)", "b")
    last = int(re.findall(r"x\((\d+)\)", question)[-1])
    code = compile(body, "rule", "eval")
    state = (first, second)
    for _ in range(last - 2):
        state = (state[1], eval(code, {"a": state[1], "b": state[0]}) % int(rule[2]))
    return str(state[1])


@solves("mathematics/simulation/collatz")
def collatz(question: str) -> str:
    start = int(re.search(r"(?:Start with|starting with|is fed) (\d+)", question)[1])
    count = int(re.search(r"(\d+) times|output number (\d+)", question).expand(r"\1\2"))
    seen = {0: start}
    for k in range(count):
        seen[k + 1] = (seen[k] // 2, 3 * seen[k] + 1)[seen[k] & 1]
    return str(seen[count])


CHANGES = (
    (r"add the sum of its digits to it", lambda v, _: v + sum(int(d) for d in str(v))),
    (r"add (\d+)", lambda v, g: v + g[0]),
    (r"subtract (\d+)", lambda v, g: v - g[0]),
    (r"double it", lambda v, _: v + v),
    (r"if it is even, halve it, otherwise add (\d+)", lambda v, g: v + g[0] if v % 2 else v // 2),
    (
        r"if it is above (\d+), subtract (\d+), otherwise add (\d+)",
        lambda v, g: v - g[1] if v > g[0] else v + g[2],
    ),
    (r"multiply it by (\d+) and add (\d+)", lambda v, g: v * g[0] + g[1]),
    (r"reverse the order of its digits.*", lambda v, _: int("".join(reversed(str(v))))),
    (r"keep only its last three digits.*", lambda v, _: int(str(v)[-3:])),
)


@solves("mathematics/simulation/queue_of_operations_on_a_number")
def queue_of_operations_on_a_number(question: str) -> str:
    value = numbers(question)[0]
    rounds = re.search(r"(\d+) times", question)
    listing = re.search(r": (.*?)\. (?:Which|What)", question)[1].split("; ")
    for text in listing * (int(rounds[1]) if rounds else 1):
        for pattern, change in CHANGES:
            match = re.fullmatch(pattern, text)
            if match:
                value = change(value, [int(g) for g in match.groups()])
                break
        else:
            raise AssertionError(text)
    return str(value)


@solves("mathematics/diagnostic/first_wrong_step_arithmetic")
def first_wrong_step_arithmetic(question: str) -> str:
    last = None
    for number, left, right in re.findall(r"Step (\d+): (.*) = (\d+)", question):
        if eval(left) != int(right) or last not in (None, left.split()[0]):
            return number
        last = right
    return "none"


@solves("mathematics/diagnostic/solution_of_another_problem")
def solution_of_another_problem(question: str) -> str:
    story, *lines = question.split("\nLine ")
    gain = {"buys", "finds", "wins", "given"}
    amounts = re.findall(r"(\w+) (\d+)", story)
    for number, ((verb, amount), line) in enumerate(zip(amounts[1:], lines, strict=True), start=1):
        signed = int(amount) if verb in gain else -int(amount)
        before, after = int(line.split()[1]), int(re.search(r"= (\d+)", line)[1])
        if after - before != signed:
            return str(number)
    return "none"


POLYGONS = {
    "tri": 3, "quadri": 4, "penta": 5, "hexa": 6, "hepta": 7, "octa": 8, "nona": 9, "deca": 10,
    "hendeca": 11, "dodeca": 12, "trideca": 13, "tetradeca": 14, "pentadeca": 15, "hexadeca": 16,
    "heptadeca": 17, "octadeca": 18, "enneadeca": 19, "icosa": 20, "hecto": 100,
}  # fmt: skip
VERTEX_FIGURES = {
    "tetrahedron": (4, (3, 3, 3)),
    "cube": (8, (4, 4, 4)),
    "octahedron": (6, (3, 3, 3, 3)),
    "dodecahedron": (20, (5, 5, 5)),
    "icosahedron": (12, (3, 3, 3, 3, 3)),
    "truncated tetrahedron": (12, (3, 6, 6)),
    "cuboctahedron": (12, (3, 4, 3, 4)),
    "truncated cube": (24, (3, 8, 8)),
    "truncated octahedron": (24, (4, 6, 6)),
    "rhombicuboctahedron": (24, (3, 4, 4, 4)),
    "truncated cuboctahedron": (48, (4, 6, 8)),
    "snub cube": (24, (3, 3, 3, 3, 4)),
    "icosidodecahedron": (30, (3, 5, 3, 5)),
    "truncated dodecahedron": (60, (3, 10, 10)),
    "truncated icosahedron": (60, (5, 6, 6)),
    "rhombicosidodecahedron": (60, (3, 4, 5, 4)),
    "truncated icosidodecahedron": (120, (4, 6, 10)),
    "snub dodecahedron": (60, (3, 3, 3, 3, 5)),
}
"""Number of vertices and the polygons around each."""
DUALS = {
    "triakis tetrahedron": "truncated tetrahedron",
    "rhombic dodecahedron": "cuboctahedron",
    "triakis octahedron": "truncated cube",
    "tetrakis hexahedron": "truncated octahedron",
    "deltoidal icositetrahedron": "rhombicuboctahedron",
    "disdyakis dodecahedron": "truncated cuboctahedron",
    "pentagonal icositetrahedron": "snub cube",
    "rhombic triacontahedron": "icosidodecahedron",
    "triakis icosahedron": "truncated dodecahedron",
    "pentakis dodecahedron": "truncated icosahedron",
    "deltoidal hexecontahedron": "rhombicosidodecahedron",
    "disdyakis triacontahedron": "truncated icosidodecahedron",
    "pentagonal hexecontahedron": "snub dodecahedron",
}


def polygon_name(sides: int) -> str:
    prefix = {n: p for p, n in POLYGONS.items()}[sides]
    return {3: "triangle", 4: "quadrilateral"}.get(sides, f"{prefix}gon")


def mentioned(names, text: str) -> str:
    return max((n for n in names if re.search(rf"\b{re.escape(n)}\b", text)), key=len)


@solves("mathematics/fact_retrieval/polygon_and_solid_names")
def polygon_and_solid_names(question: str) -> str:
    if numbers(question):
        return polygon_name(numbers(question)[0])
    if "dual" in question:
        solid = mentioned(DUALS.values(), question)
        return next(dual for dual, original in DUALS.items() if original == solid)
    if "sides" in question:
        names = {polygon_name(n): n for n in POLYGONS.values()}
        return str(names[mentioned(names, question)])
    vertices, around = VERTEX_FIGURES[mentioned(VERTEX_FIGURES, question)]
    edges = vertices * len(around) // 2
    faces = sum(Fraction(vertices, sides) for sides in around)
    assert vertices - edges + faces == 2
    return str(
        {"vertices": vertices, "edges": edges, "faces": faces}[
            mentioned(("vertices", "edges", "faces"), question)
        ]
    )


WRITTEN_AS = {
    "factorial": "n!", "absolute value": "|x|", "square root": "x^(1/2)",
    "square": "x^2", "cube": "x^3", "percent": "%", "ratio": "a : b",
    "less than": "x < y", "greater than": "x > y", "sum": "a + b",
    "difference": "a - b", "product": "a * b", "greatest common divisor": "gcd(a, b)",
    "least common multiple": "lcm(a, b)", "remainder": "a mod b", "cube root": "x^(1/3)",
    "divides": "a | b", "derivative": "f'(x)", "probability": "P(A)",
    "natural numbers": "letter N", "integers": "letter Z", "rational numbers": "letter Q",
    "real numbers": "letter R", "complex numbers": "letter C",
    "natural logarithm": "ln(x)", "second derivative": "f''(x)",
    "closed interval": "[a, b]", "transpose": "A^T", "inverse": "A^(-1)",
    "determinant": "det(A)", "trace": "tr(A)", "binomial coefficient": "C(n, k)",
    "expected value": "E[X]", "variance": "Var(X)", "if and only if": "iff",
    "cardinality": "|S|", "kernel": "ker(f)", "norm": "||v||",
    "cross product": "u x v", "inner product": "<u, v>", "real part": "Re(z)",
    "imaginary part": "Im(z)", "covariance": "Cov(X, Y)",
    "standard deviation": "letter sigma", "divergence": "div F", "gradient": "grad f",
    "double factorial": "n!!", "sign": "sgn(x)", "totient": "phi(n)",
    "Mobius function": "mu(n)", "prime counting function": "pi(x)",
    "harmonic number": "H_n", "general linear group": "GL(n, R)",
    "special linear group": "SL(n, R)", "orthogonal group": "O(n)",
    "special unitary group": "SU(n)", "symmetric group": "S_n", "alternating group": "A_n",
    "dihedral group": "D_n", "error function": "erf(x)",
}  # fmt: skip


@solves("mathematics/fact_retrieval/notation_meaning")
def notation_meaning(question: str) -> str:
    plain = question.replace("?", " ").replace(". ", "  ")
    found = [term for term, sign in WRITTEN_AS.items() if f" {sign} " in f" {plain}"]
    return max(found, key=lambda term: len(WRITTEN_AS[term]))


CLUES = {
    "c^2 in a right": "Pythagoras", "semicircle": "Thales", "list of primes": "Euclid",
    "any map": "four color theorem", "x^n + y^n": "Fermat's last theorem",
    "V - E": "Euler's polyhedron formula", "boxes": "pigeonhole principle",
    "exceed the third": "triangle inequality", "sum of two primes": "Goldbach",
    "p + 2": "twin prime conjecture", "(a + b)^n": "binomial theorem",
    "in only one way": "fundamental theorem of arithmetic",
    "complex root": "fundamental theorem of algebra",
    "undoes": "fundamental theorem of calculus", "cos(C)": "cosine rule", "sin(A)": "sine rule",
    "a^p": "Fermat little theorem", "e^(i x)": "Euler's formula", "halving": "Collatz",
    "half the perimeter": "Heron's formula", "takes every value": "intermediate value theorem",
    "tangent": "mean value theorem", "f(a) = f(b)": "Rolle's theorem",
    "has a maximum": "extreme value theorem", "0/0": "L'Hospital's rule", "given": "Bayes",
    "nearly normal": "central limit theorem", "averages": "law of large numbers",
    "coprime moduli": "Chinese remainder theorem", "(p - 1)!": "Wilson's theorem",
    "subgroup's order": "Lagrange's theorem", "characteristic equation": "Cayley-Hamilton theorem",
    "<u, v>": "Cauchy-Schwarz inequality", "subsequence": "Bolzano-Weierstrass theorem",
    "closed and bounded": "Heine-Borel theorem", "closed disk": "Brouwer",
    "flux": "Gauss's theorem",
    "x / ln(x)": "prime number theorem", "entire": "Liouville's theorem",
    "kernel": "rank-nullity theorem", "permutations": "Cayley's theorem",
    "maximal prime power": "Sylow's theorem", "Noetherian": "Hilbert's basis theorem",
    "maximal ideals": "Nullstellensatz", "compact spaces": "Tychonoff's theorem",
    "functionals": "Hahn-Banach theorem", "contraction": "Banach fixed-point theorem",
    "axiom system": "incompleteness theorem", "a + n d": "Dirichlet's theorem",
    "clique": "Ramsey's theorem", "bipartite": "Hall's theorem",
}  # fmt: skip


@solves("mathematics/fact_retrieval/named_theorem")
def named_theorem(question: str) -> str:
    statement = re.search(r": (.*?)[?.]", question)[1]
    (name,) = [name for clue, name in CLUES.items() if clue in statement]
    return name
