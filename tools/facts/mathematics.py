"""Write the fact tables of the domain mathematics; needs `mpmath` and `sympy`.

Digits of constants come from `mpmath`. Rules of differentiation and integration are written by hand
and checked by `sympy`: no rule is written to the table that it does not confirm.
"""

import re
from importlib.metadata import version
from pathlib import Path

import mpmath
from sympy import Symbol, diff, simplify
from sympy.parsing.sympy_parser import (
    convert_xor,
    implicit_multiplication,
    parse_expr,
    standard_transformations,
)

FACTS = Path(__file__).parents[2] / "src" / "metaprobe" / "benchmark" / "facts"
HEADER = (
    "# source: compiled by the project; common knowledge\n# version: 1\n# licence: Apache-2.0\n"
)

POLYGONS = {
    1: "3 triangle|trigon; 4 quadrilateral|quadrangle|tetragon; 5 pentagon; 6 hexagon; "
    "7 heptagon|septagon; 8 octagon; 9 nonagon|enneagon; 10 decagon",
    2: "11 hendecagon|undecagon|endecagon; 12 dodecagon; 20 icosagon; "
    "100 hectogon|hecatontagon|hecatogon",
    3: "13 tridecagon|triskaidecagon; 14 tetradecagon|tetrakaidecagon; "
    "15 pentadecagon|pentakaidecagon; 16 hexadecagon|hexakaidecagon; "
    "17 heptadecagon|heptakaidecagon|septadecagon; 18 octadecagon|octakaidecagon; "
    "19 enneadecagon|enneakaidecagon|nonadecagon",
}
REGULAR_SOLIDS = {
    "tetrahedron": (4, 6, 4),
    "cube": (6, 12, 8),
    "octahedron": (8, 12, 6),
    "dodecahedron": (12, 30, 20),
    "icosahedron": (20, 30, 12),
}
"""Faces, edges and vertices."""
ARCHIMEDEAN = {
    "truncated tetrahedron": (8, 18, 12, "triakis tetrahedron"),
    "cuboctahedron": (14, 24, 12, "rhombic dodecahedron"),
    "truncated cube": (14, 36, 24, "triakis octahedron"),
    "truncated octahedron": (14, 36, 24, "tetrakis hexahedron"),
    "rhombicuboctahedron": (26, 48, 24, "deltoidal icositetrahedron"),
    "truncated cuboctahedron": (26, 72, 48, "disdyakis dodecahedron"),
    "snub cube": (38, 60, 24, "pentagonal icositetrahedron"),
    "icosidodecahedron": (32, 60, 30, "rhombic triacontahedron"),
    "truncated dodecahedron": (32, 90, 60, "triakis icosahedron"),
    "truncated icosahedron": (32, 90, 60, "pentakis dodecahedron"),
    "rhombicosidodecahedron": (62, 120, 60, "deltoidal hexecontahedron"),
    "truncated icosidodecahedron": (62, 180, 120, "disdyakis triacontahedron"),
    "snub dodecahedron": (92, 150, 60, "pentagonal hexecontahedron"),
}
"""Faces, edges, vertices and dual."""

DUAL_ALIASES = {
    "disdyakis dodecahedron": "hexakis octahedron|hexoctahedron",
    "deltoidal icositetrahedron": "trapezoidal icositetrahedron|strombic icositetrahedron",
    "deltoidal hexecontahedron": "trapezoidal hexecontahedron|strombic hexecontahedron",
    "disdyakis triacontahedron": "hexakis icosahedron",
    "tetrakis hexahedron": "tetrahexahedron|kiscube",
    "triakis octahedron": "trisoctahedron|kisoctahedron",
    "triakis tetrahedron": "kistetrahedron",
    "triakis icosahedron": "kisicosahedron",
    "pentakis dodecahedron": "kisdodecahedron",
}

RULES = """
1 ~ derivative ~ 5 ~ 0
1 ~ derivative ~ x ~ 1
1 ~ derivative ~ x^2 ~ 2x
1 ~ derivative ~ x^3 ~ 3x^2
1 ~ derivative ~ x^4 ~ 4x^3
1 ~ derivative ~ sin(x) ~ cos(x)
1 ~ derivative ~ cos(x) ~ -sin(x)
1 ~ derivative ~ e^x ~ e^x
1 ~ derivative ~ ln(x) ~ 1/x
1 ~ derivative ~ 1/x ~ -1/x^2
2 ~ antiderivative ~ 1 ~ x
2 ~ antiderivative ~ x ~ x^2/2
2 ~ antiderivative ~ x^2 ~ x^3/3
2 ~ antiderivative ~ x^3 ~ x^4/4
2 ~ antiderivative ~ cos(x) ~ sin(x)
2 ~ antiderivative ~ sin(x) ~ -cos(x)
2 ~ antiderivative ~ e^x ~ e^x
2 ~ antiderivative ~ 1/x ~ ln|x|
2 ~ antiderivative ~ 1/x^2 ~ -1/x
2 ~ antiderivative ~ 2x ~ x^2
3 ~ derivative ~ sinh(x) ~ cosh(x)
3 ~ derivative ~ cosh(x) ~ sinh(x)
3 ~ derivative ~ tan(x) ~ 1/cos(x)^2
3 ~ derivative ~ cot(x) ~ -1/sin(x)^2
3 ~ derivative ~ sec(x) ~ sec(x) tan(x)
3 ~ derivative ~ csc(x) ~ -csc(x) cot(x)
3 ~ derivative ~ 2^x ~ 2^x ln(2)
3 ~ derivative ~ arctan(x) ~ 1/(1 + x^2)
3 ~ antiderivative ~ sinh(x) ~ cosh(x)
3 ~ antiderivative ~ cosh(x) ~ sinh(x)
4 ~ antiderivative ~ 1/(1 + x^2) ~ arctan(x)
4 ~ antiderivative ~ 1/sqrt(1 - x^2) ~ arcsin(x)
4 ~ antiderivative ~ sec(x)^2 ~ tan(x)
4 ~ antiderivative ~ csc(x)^2 ~ -cot(x)
4 ~ antiderivative ~ sec(x) tan(x) ~ sec(x)
4 ~ antiderivative ~ csc(x) cot(x) ~ -csc(x)
4 ~ antiderivative ~ ln(x) ~ x ln(x) - x
4 ~ derivative ~ arcsin(x) ~ 1/sqrt(1 - x^2)
4 ~ derivative ~ arccos(x) ~ -1/sqrt(1 - x^2)
4 ~ derivative ~ tanh(x) ~ 1/cosh(x)^2
5 ~ derivative ~ arsinh(x) ~ 1/sqrt(x^2 + 1)
5 ~ derivative ~ arcosh(x) ~ 1/sqrt(x^2 - 1)
5 ~ derivative ~ artanh(x) ~ 1/(1 - x^2)
5 ~ derivative ~ coth(x) ~ -1/sinh(x)^2
5 ~ antiderivative ~ 1/sqrt(x^2 + 1) ~ arsinh(x)
5 ~ antiderivative ~ 1/sqrt(x^2 - 1) ~ arcosh(x)
5 ~ antiderivative ~ 1/cosh(x)^2 ~ tanh(x)
5 ~ antiderivative ~ 1/sinh(x)^2 ~ -coth(x)
5 ~ antiderivative ~ tanh(x) ~ ln(cosh(x))
5 ~ antiderivative ~ cot(x) ~ ln|sin(x)|
"""
"""Antiderivatives stand without the constant of integration."""

CONSTANTS = {
    "pi": mpmath.pi,
    "e": mpmath.e,
    "the square root of 2": lambda: mpmath.sqrt(2),
    "the square root of 3": lambda: mpmath.sqrt(3),
    "the golden ratio": mpmath.phi,
    "ln(2)": mpmath.ln2,
    "Euler's constant gamma": mpmath.euler,
    "Catalan's constant": mpmath.catalan,
    "zeta(3)": mpmath.apery,
}
PLACES = {
    1: {"pi": (1, 6), "e": (1, 6), "the square root of 2": (1, 4)},
    2: {"pi": (7, 10), "e": (7, 10), "the golden ratio": (1, 4), "the square root of 3": (1, 4)},
    3: {"pi": (11, 20), "e": (11, 20), "ln(2)": (1, 6), "Euler's constant gamma": (1, 4)},
    4: {"pi": (21, 40), "e": (21, 40), "zeta(3)": (1, 6), "Catalan's constant": (1, 6)},
    5: {"pi": (41, 100), "e": (41, 80), "zeta(3)": (7, 20), "Euler's constant gamma": (5, 20)},
}
"""By level and constant, the first and the last decimal place that is asked for."""


def shape_rows() -> list[list[str]]:
    """Return level, name, property, value and aliases of every shape fact."""
    rows = []
    for level, text in POLYGONS.items():
        for entry in text.split("; "):
            number, names = entry.split(" ")
            name, *aliases = names.split("|")
            rows.append([str(level), name, "sides", number, "|".join(aliases)])
    for name, (faces, edges, vertices) in REGULAR_SOLIDS.items():
        rows.append(["2", name, "faces", str(faces), ""])
        # Other polyhedra with eight faces are octahedra too.
        regular = name if name == "cube" else f"regular {name}"
        rows.append(["3", regular, "edges", str(edges), ""])
        rows.append(["3", regular, "vertices", str(vertices), ""])
    for name, (faces, edges, vertices, dual) in ARCHIMEDEAN.items():
        rows.append(["4", name, "faces", str(faces), ""])
        rows.append(["5", name, "edges", str(edges), ""])
        rows.append(["5", name, "vertices", str(vertices), ""])
        rows.append(["5", name, "dual", dual, DUAL_ALIASES.get(dual, "")])
    return sorted(rows, key=lambda row: row[0])


def rule_rows() -> list[list[str]]:
    """Return level, kind, function and value of every rule, confirmed by `sympy`."""
    x = Symbol("x", positive=True)
    transformations = (*standard_transformations, convert_xor, implicit_multiplication)
    names = {"x": x, "e": parse_expr("E")}

    def read(text: str) -> object:
        spelled = re.sub(r"\barc?(?=sin|cos|tan|cot)", "a", text).replace("ln", "log")
        # ln|f| and ln(f) have the same derivative.
        return parse_expr(re.sub(r"\|(.*)\|", r"(\1)", spelled), names, transformations)

    rows = []
    for line in RULES.strip().splitlines():
        level, kind, function, value = line.split(" ~ ")
        before, after = (function, value) if kind == "derivative" else (value, function)
        difference = diff(read(before), x) - read(after)
        if simplify(difference.rewrite("exp")) != 0 and simplify(difference) != 0:
            raise ValueError(f"{kind} of {function} is not {value}")
        rows.append([level, kind, function, value])
    return rows


def digit_rows() -> list[list[str]]:
    """Return level, constant, decimal place and digit."""
    rows = []
    with mpmath.workdps(150):
        for level, places in PLACES.items():
            for constant, (first, last) in places.items():
                decimals = mpmath.nstr(+CONSTANTS[constant](), 130).split(".")[1]
                for place in range(first, last + 1):
                    rows.append([str(level), constant, str(place), decimals[place - 1]])
    return rows


def header(package: str, licence: str, remark: str = "") -> str:
    """Return the provenance lines of a table that rests on a package."""
    source = f"# source: {package} (PyPI){remark}\n"
    return f"{source}# version: {version(package)}\n# licence: {licence}\n"


def write(name: str, columns: list[str], rows: list[list[str]], provenance: str = HEADER) -> None:
    """Write one table with its provenance lines."""
    lines = ["\t".join(row) + "\n" for row in [columns, *rows]]
    (FACTS / f"{name}.tsv").write_text(provenance + "".join(lines), encoding="utf-8")


def main() -> None:
    """Write all tables."""
    write("shapes", ["level", "name", "property", "value", "aliases"], shape_rows())
    checked = header("sympy", "BSD-3-Clause", "; rules by the project, each confirmed by it")
    write("calculus", ["level", "kind", "function", "value"], rule_rows(), checked)
    digits = header("mpmath", "BSD-3-Clause")
    write("digits", ["level", "constant", "place", "digit"], digit_rows(), digits)


if __name__ == "__main__":
    main()
