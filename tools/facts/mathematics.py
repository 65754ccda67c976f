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
    1: "3 triangle; 4 quadrilateral; 5 pentagon; 6 hexagon; 7 heptagon|septagon; 8 octagon; "
    "9 nonagon|enneagon; 10 decagon",
    2: "11 hendecagon|undecagon; 12 dodecagon; 20 icosagon; 100 hectogon|hecatontagon",
    3: "13 tridecagon|triskaidecagon; 14 tetradecagon|tetrakaidecagon; "
    "15 pentadecagon|pentakaidecagon; 16 hexadecagon|hexakaidecagon; "
    "17 heptadecagon|heptakaidecagon; 18 octadecagon|octakaidecagon; "
    "19 enneadecagon|enneakaidecagon",
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

NOTATION = """
1 ~ arithmetic ~ n! ~ factorial
1 ~ arithmetic ~ |x| ~ absolute value
1 ~ arithmetic ~ x^(1/2) ~ square root
1 ~ arithmetic ~ x^2 ~ square
1 ~ arithmetic ~ x^3 ~ cube
1 ~ arithmetic ~ % ~ percent; per cent; percentage; per hundred
1 ~ arithmetic ~ a : b ~ ratio; division; quotient
1 ~ arithmetic ~ x < y ~ less than; x is less than y; x less than y; is less than
1 ~ arithmetic ~ x > y ~ greater than; x is greater than y; x greater than y; is greater than
1 ~ arithmetic ~ a + b ~ sum; addition; sum of a and b
1 ~ arithmetic ~ a - b ~ difference; subtraction; difference of a and b
1 ~ arithmetic ~ a * b ~ product; multiplication; product of a and b
2 ~ arithmetic ~ gcd(a, b) ~ greatest common divisor; greatest common factor; highest common
  factor
2 ~ arithmetic ~ lcm(a, b) ~ least common multiple; lowest common multiple; smallest common
  multiple
2 ~ arithmetic ~ a mod b ~ remainder; modulo; remainder of a divided by b
2 ~ arithmetic ~ x^(1/3) ~ cube root; third root
2 ~ arithmetic ~ a | b ~ a divides b; divides; a is a divisor of b; divisibility
2 ~ calculus ~ f'(x) ~ derivative; first derivative
2 ~ statistics ~ P(A) ~ probability; probability of A; probability of event A
2 ~ algebra ~ the bold letter N ~ natural numbers; set of natural numbers
2 ~ algebra ~ the bold letter Z ~ integers; whole numbers; set of integers
2 ~ algebra ~ the bold letter Q ~ rational numbers; rationals; set of rational numbers
2 ~ algebra ~ the bold letter R ~ real numbers; reals; set of real numbers
2 ~ algebra ~ the bold letter C ~ complex numbers; set of complex numbers
3 ~ calculus ~ ln(x) ~ natural logarithm; logarithm to base e
3 ~ calculus ~ f''(x) ~ second derivative
3 ~ calculus ~ [a, b] ~ closed interval; closed interval from a to b
3 ~ linear algebra ~ A^T ~ transpose; transposed matrix; transpose of A; transpose of matrix A
3 ~ linear algebra ~ A^(-1) ~ inverse; inverse matrix; matrix inverse; inverse of A
3 ~ linear algebra ~ det(A) ~ determinant; determinant of A; determinant of matrix A
3 ~ linear algebra ~ tr(A) ~ trace; trace of A; trace of matrix A
3 ~ combinatorics ~ C(n, k) ~ binomial coefficient; combinations; number of combinations; n choose
  k
3 ~ statistics ~ E[X] ~ expected value; expectation; mean; expected value of X
3 ~ statistics ~ Var(X) ~ variance; variance of X
3 ~ logic ~ iff ~ if and only if; equivalence
3 ~ set theory ~ |S| ~ cardinality; size; number of elements; cardinality of S
4 ~ linear algebra ~ ker(f) ~ kernel; null space; kernel of f
4 ~ linear algebra ~ ||v|| ~ norm; length; norm of v; magnitude
4 ~ linear algebra ~ u x v ~ cross product; vector product
4 ~ linear algebra ~ <u, v> ~ inner product; scalar product; dot product
4 ~ complex analysis ~ Re(z) ~ real part; real part of z
4 ~ complex analysis ~ Im(z) ~ imaginary part; imaginary part of z
4 ~ statistics ~ Cov(X, Y) ~ covariance; covariance of X and Y
4 ~ statistics ~ the Greek letter sigma ~ standard deviation; population standard deviation
4 ~ vector calculus ~ div F ~ divergence; divergence of F
4 ~ vector calculus ~ grad f ~ gradient; gradient of f
4 ~ combinatorics ~ n!! ~ double factorial
4 ~ real analysis ~ sgn(x) ~ sign; signum; sign function; signum function; sign of x
5 ~ number theory ~ phi(n) ~ totient; Euler's totient function; Euler's totient; Euler totient
  function; Euler phi function; Euler's phi function; totient function
5 ~ number theory ~ mu(n) ~ Mobius function
5 ~ number theory ~ pi(x) ~ prime-counting function; prime counting function; number of primes up
  to x
5 ~ number theory ~ H_n ~ harmonic number; nth harmonic number; n-th harmonic number
5 ~ group theory ~ GL(n, R) ~ general linear group
5 ~ group theory ~ SL(n, R) ~ special linear group
5 ~ group theory ~ O(n) ~ orthogonal group
5 ~ group theory ~ U(n) ~ unitary group
5 ~ group theory ~ S_n ~ symmetric group; symmetric group on n elements; symmetric group of degree
  n
5 ~ group theory ~ A_n ~ alternating group; alternating group on n elements; alternating group of
  degree n
5 ~ group theory ~ D_n ~ dihedral group; dihedral group of order 2n
5 ~ real analysis ~ erf(x) ~ error function; Gauss error function
"""

THEOREMS = """
1 ~ a^2 + b^2 = c^2 in a right triangle ~ Pythagorean theorem; Pythagoras' theorem; Pythagoras
  theorem; theorem of Pythagoras; Pythagoras
1 ~ an angle in a semicircle is a right angle ~ Thales's theorem; Thales' theorem; Thales theorem;
  theorem of Thales; Thales
1 ~ the list of primes never ends ~ Euclid's theorem; Euclid theorem; theorem of Euclid; Euclid
1 ~ four colours are enough for any map ~ four colour theorem; four color theorem; 4 color
  theorem; four-color theorem; four-colour theorem; four color map theorem
1 ~ x^n + y^n = z^n has no solution for n > 2 ~ Fermat's last theorem; Fermat last theorem
1 ~ V - E + F = 2 for convex solids ~ Euler's formula; Euler's polyhedron formula; Euler
  polyhedron formula; Euler's theorem; Euler formula; Euler's polyhedral formula
1 ~ n + 1 things in n boxes share a box ~ pigeonhole principle; Dirichlet's box principle; box
  principle
1 ~ two sides of a triangle exceed the third ~ triangle inequality
1 ~ every even number above 2 is a sum of two primes ~ Goldbach's conjecture; Goldbach conjecture;
  Goldbach
1 ~ there are infinitely many primes p with p + 2 prime ~ twin prime conjecture
2 ~ (a + b)^n is a sum with binomial coefficients ~ binomial theorem; binomial formula
2 ~ every whole number above 1 is a unique product of primes ~ fundamental theorem of arithmetic;
  unique factorization theorem
2 ~ a polynomial of degree n > 0 has a complex root ~ fundamental theorem of algebra
2 ~ integration undoes differentiation ~ fundamental theorem of calculus
2 ~ c^2 = a^2 + b^2 - 2 a b cos(C) ~ law of cosines; cosine rule; cosine law; cosine theorem
2 ~ a / sin(A) = b / sin(B) = c / sin(C) ~ law of sines; sine rule; sine law; sine theorem
2 ~ p divides a^p - a for every prime p ~ Fermat's little theorem; Fermat little theorem
2 ~ e^(i x) = cos(x) + i sin(x) ~ Euler's formula; Euler formula
2 ~ halving even numbers and taking 3 n + 1 of odd ones leads to 1 ~ Collatz conjecture; 3n+1
  conjecture; Collatz
2 ~ the area of a triangle follows from its three sides ~ Heron's formula; Heron formula; Hero's
  formula
3 ~ a continuous function on [a, b] takes every value between f(a) and f(b) ~ intermediate value
  theorem
3 ~ some tangent is parallel to the chord of a smooth graph ~ mean value theorem; Lagrange's mean
  value theorem
3 ~ f(a) = f(b) forces f' = 0 somewhere between ~ Rolle's theorem; Rolle theorem
3 ~ a continuous function on [a, b] has a maximum ~ extreme value theorem; Weierstrass extreme
  value theorem
3 ~ limits of 0/0 follow from the derivatives of both parts ~ L'Hopital's rule; L'Hospital's rule;
  L'Hopital rule; L'Hospital rule
3 ~ P(A given B) = P(B given A) P(A) / P(B) ~ Bayes' theorem; Bayes theorem; Bayes's theorem;
  Bayes' rule; Bayes rule; Bayes
3 ~ sums of many independent variables are nearly normal ~ central limit theorem
3 ~ averages of many trials approach the expected value ~ law of large numbers
3 ~ remainders for coprime moduli determine a number modulo their product ~ Chinese remainder
  theorem
3 ~ (p - 1)! leaves remainder -1 modulo a prime p ~ Wilson's theorem; Wilson theorem
4 ~ a subgroup's order divides the order of a finite group ~ Lagrange's theorem; Lagrange theorem
4 ~ a square matrix satisfies its own characteristic equation ~ Cayley-Hamilton theorem; Cayley
  Hamilton theorem
4 ~ |<u, v>| is at most |u| |v| ~ Cauchy-Schwarz inequality; Cauchy Schwarz inequality; Schwarz
  inequality; Cauchy-Bunyakovsky-Schwarz inequality
4 ~ every bounded sequence of reals has a convergent subsequence ~ Bolzano-Weierstrass theorem;
  Bolzano Weierstrass theorem
4 ~ a closed bounded subset of R^n is compact ~ Heine-Borel theorem; Heine Borel theorem
4 ~ a continuous map of a closed disk to itself has a fixed point ~ Brouwer fixed-point theorem;
  Brouwer's fixed-point theorem; Brouwer fixed point theorem; Brouwer's fixed point theorem;
  Brouwer
4 ~ the flux through a closed surface is the integral of the divergence ~ divergence theorem;
  Gauss's theorem; Gauss theorem; Gauss' theorem; Ostrogradsky's theorem; Gauss divergence
  theorem; Gauss's divergence theorem
4 ~ the number of primes up to x is about x / ln(x) ~ prime number theorem
4 ~ a bounded entire function is constant ~ Liouville's theorem; Liouville theorem
4 ~ kernel and image of a linear map together have the dimension of its domain ~ rank-nullity
  theorem; rank nullity theorem; dimension theorem
5 ~ every group is isomorphic to a group of permutations ~ Cayley's theorem; Cayley theorem
5 ~ a finite group has a subgroup of each maximal prime power order ~ Sylow theorems; Sylow's
  theorem; Sylow theorem; Sylow's first theorem; first Sylow theorem; Sylow's theorems
5 ~ polynomial rings over Noetherian rings are Noetherian ~ Hilbert's basis theorem; Hilbert basis
  theorem
5 ~ maximal ideals of C[x, y] correspond to points of C^2 ~ Hilbert's Nullstellensatz;
  Nullstellensatz; Hilbert Nullstellensatz; weak Nullstellensatz
5 ~ products of compact spaces are compact ~ Tychonoff's theorem; Tychonoff theorem; Tikhonov's
  theorem
5 ~ bounded linear functionals extend from a subspace with the same norm ~ Hahn-Banach theorem;
  Hahn Banach theorem
5 ~ a contraction of a complete metric space has one fixed point ~ Banach fixed-point theorem;
  Banach fixed point theorem; contraction mapping theorem; contraction mapping principle; Banach's
  fixed-point theorem; Banach contraction principle
5 ~ large enough consistent formal arithmetic leaves true sentences unproved ~ Godel's
  incompleteness theorem; Godel's first incompleteness theorem; first incompleteness theorem;
  incompleteness theorem; Godel incompleteness theorem; Godel's incompleteness theorems
5 ~ coprime a and d give infinitely many primes a + n d ~ Dirichlet's theorem; Dirichlet theorem;
  Dirichlet's theorem on arithmetic progressions; Dirichlet's theorem on primes in arithmetic
  progressions
5 ~ in any large enough complete graph with coloured edges some clique has one colour ~ Ramsey's
  theorem; Ramsey theorem
5 ~ a finite bipartite graph has a perfect matching of one side if every set has enough neighbours
  ~ Hall's marriage theorem; Hall's theorem; marriage theorem; Hall theorem; Hall marriage theorem
"""

NUMBER_CLASSES = """
1 ~ is divisible by 2 ~ even
1 ~ is a whole number but not divisible by 2 ~ odd
1 ~ has exactly two positive divisors ~ prime
1 ~ is a whole number above 1 but not prime ~ composite
1 ~ is a whole number times itself ~ square; perfect square
1 ~ is below 0 ~ negative
1 ~ is above 0 ~ positive
1 ~ reads the same backwards ~ palindrome; palindromic
1 ~ is a quotient of two integers ~ rational
1 ~ is real but no quotient of two integers ~ irrational
2 ~ is a sum 1 + 2 + ... + n ~ triangular; triangle
2 ~ is a product 1 * 2 * ... * n ~ factorial
2 ~ is a whole number times itself times itself ~ cube; perfect cube; cubic
2 ~ is the sum of its proper divisors ~ perfect
2 ~ is in the list 1, 1, 2, 3, 5, 8, 13, 21 ~ Fibonacci
2 ~ is the square root of a negative number ~ imaginary; purely imaginary
2 ~ has the form a + b i with real a and b ~ complex
2 ~ is prime and differs by 2 from another prime ~ twin prime; twin
3 ~ is less than the sum of its proper divisors ~ abundant
3 ~ is more than the sum of its proper divisors ~ deficient; defective
3 ~ has the form 2^n - 1 ~ Mersenne
3 ~ has the form 2^(2^n) + 1 ~ Fermat
3 ~ is divisible by no square above 1 ~ square-free; squarefree; square free
3 ~ is a root of a nonzero polynomial with integer coefficients ~ algebraic
3 ~ is a root of no nonzero polynomial with integer coefficients ~ transcendental
3 ~ has the form n (3 n - 1) / 2 ~ pentagonal
3 ~ has the form n (n + 1) ~ pronic; oblong; heteromecic; rectangular
3 ~ has the form n (n + 1) (n + 2) / 6 ~ tetrahedral; triangular pyramidal
4 ~ is divisible by the sum of its digits ~ Harshad; Niven
4 ~ is the sum of its digits, each to the power of the number of digits ~ narcissistic; Armstrong;
  pluperfect digital invariant
4 ~ is in the list 2, 1, 3, 4, 7, 11, 18, 29 ~ Lucas
4 ~ has the form C(2 n, n) / (n + 1) ~ Catalan
4 ~ counts all partitions of a set of n elements ~ Bell
4 ~ is a prime p for which 2 p + 1 is prime too ~ Sophie Germain prime; Sophie Germain; Germain
  prime
4 ~ is composite and divides a^n - a for every integer a, n being the number itself ~ Carmichael
4 ~ is the product of two primes ~ semiprime; biprime; 2-almost prime
4 ~ has the form a + b i with integers a and b ~ Gaussian integer; Gaussian
4 ~ is written with the digit 1 only ~ repunit
5 ~ is composite and has the digit sum of its prime factors together ~ Smith
5 ~ is abundant but no sum of some of its proper divisors ~ weird
5 ~ has more divisors than every smaller positive number ~ highly composite
5 ~ counts the permutations without a fixed point ~ derangement; subfactorial
5 ~ counts the partitions of n elements into k nonempty sets ~ Stirling number of the second kind;
  Stirling
5 ~ is a prime p whose square divides 2^(p - 1) - 1 ~ Wieferich prime; Wieferich
5 ~ is an odd k with k 2^n + 1 composite for every positive n ~ Sierpinski; Sierpinski number of the
  second kind
5 ~ is B_n in x / (e^x - 1) = sum of B_n x^n / n! ~ Bernoulli
5 ~ is a real algebraic integer above 1 with all its conjugates inside the unit circle ~ Pisot;
  Pisot-Vijayaraghavan; PV
5 ~ has the form a + b w with integers a, b and w = e^(2 pi i / 3) ~ Eisenstein integer; Eisenstein
"""
"""Definitions, to be read after 'a number that', and names that `number` can follow."""
NOUNS = ("palindrome", "factorial", "cube", "repunit", "semiprime")
"""Names that are complete without `number`."""

RULES = """
1 ~ derivative ~ 5 ~ 0
1 ~ derivative ~ x ~ 1
1 ~ derivative ~ x^2 ~ 2x; 2 x; 2*x
1 ~ derivative ~ x^3 ~ 3x^2; 3 x^2; 3*x^2
1 ~ derivative ~ x^4 ~ 4x^3; 4 x^3; 4*x^3
1 ~ derivative ~ sin(x) ~ cos(x)
1 ~ derivative ~ cos(x) ~ -sin(x)
1 ~ derivative ~ e^x ~ e^x; exp(x)
1 ~ derivative ~ ln(x) ~ 1/x; x^-1; x^(-1)
1 ~ derivative ~ 1/x ~ -1/x^2; -x^-2; -x^(-2)
2 ~ antiderivative ~ 1 ~ x
2 ~ antiderivative ~ x ~ x^2/2; 1/2 x^2; (1/2) x^2; 0.5x^2; (x^2)/2
2 ~ antiderivative ~ x^2 ~ x^3/3; 1/3 x^3; (1/3) x^3; (x^3)/3
2 ~ antiderivative ~ x^3 ~ x^4/4; 1/4 x^4; (1/4) x^4; (x^4)/4
2 ~ antiderivative ~ cos(x) ~ sin(x)
2 ~ antiderivative ~ sin(x) ~ -cos(x)
2 ~ antiderivative ~ e^x ~ e^x; exp(x)
2 ~ antiderivative ~ 1/x ~ ln(x); ln|x|; ln(|x|); log(x); log|x|; log(|x|)
2 ~ antiderivative ~ 1/x^2 ~ -1/x; -x^-1; -x^(-1)
2 ~ antiderivative ~ 2x ~ x^2
3 ~ derivative ~ sinh(x) ~ cosh(x)
3 ~ derivative ~ cosh(x) ~ sinh(x)
3 ~ derivative ~ tan(x) ~ 1/cos(x)^2; 1/cos^2(x); sec(x)^2; sec^2(x); 1 + tan(x)^2; 1 + tan^2(x)
3 ~ derivative ~ cot(x) ~ -1/sin(x)^2; -1/sin^2(x); -csc(x)^2; -csc^2(x); -1 - cot(x)^2
3 ~ derivative ~ sec(x) ~ sec(x) tan(x); sec(x)*tan(x); tan(x) sec(x); sec(x)tan(x)
3 ~ derivative ~ csc(x) ~ -csc(x) cot(x); -csc(x)*cot(x); -cot(x) csc(x); -csc(x)cot(x)
3 ~ derivative ~ 2^x ~ 2^x ln(2); 2^x*ln(2); ln(2) 2^x; ln(2)*2^x; 2^x log(2)
3 ~ derivative ~ arctan(x) ~ 1/(1 + x^2); 1/(x^2 + 1); 1/(1+x^2); 1/(x^2+1)
3 ~ antiderivative ~ sinh(x) ~ cosh(x)
3 ~ antiderivative ~ cosh(x) ~ sinh(x)
4 ~ antiderivative ~ 1/(1 + x^2) ~ arctan(x); atan(x); tan^-1(x); -arccot(x)
4 ~ antiderivative ~ 1/sqrt(1 - x^2) ~ arcsin(x); asin(x); sin^-1(x); -arccos(x)
4 ~ antiderivative ~ sec(x)^2 ~ tan(x)
4 ~ antiderivative ~ csc(x)^2 ~ -cot(x)
4 ~ antiderivative ~ sec(x) tan(x) ~ sec(x); 1/cos(x)
4 ~ antiderivative ~ csc(x) cot(x) ~ -csc(x); -1/sin(x)
4 ~ antiderivative ~ ln(x) ~ x ln(x) - x; x*ln(x) - x; x ln x - x; x (ln(x) - 1); x(ln(x) - 1)
4 ~ derivative ~ arcsin(x) ~ 1/sqrt(1 - x^2); 1/sqrt(1-x^2); (1 - x^2)^(-1/2); 1/(1 - x^2)^(1/2)
4 ~ derivative ~ arccos(x) ~ -1/sqrt(1 - x^2); -1/sqrt(1-x^2); -(1 - x^2)^(-1/2)
4 ~ derivative ~ tanh(x) ~ 1/cosh(x)^2; 1/cosh^2(x); sech(x)^2; sech^2(x); 1 - tanh(x)^2
5 ~ derivative ~ asinh(x) ~ 1/sqrt(x^2 + 1); 1/sqrt(1 + x^2); 1/sqrt(x^2+1); 1/sqrt(1+x^2)
5 ~ derivative ~ acosh(x) ~ 1/sqrt(x^2 - 1); 1/sqrt(x^2-1)
5 ~ derivative ~ atanh(x) ~ 1/(1 - x^2); 1/(1-x^2); -1/(x^2 - 1)
5 ~ derivative ~ coth(x) ~ -1/sinh(x)^2; -1/sinh^2(x); -csch(x)^2; -csch^2(x); 1 - coth(x)^2
5 ~ antiderivative ~ 1/sqrt(x^2 + 1) ~ asinh(x); arsinh(x); arcsinh(x); sinh^-1(x)
5 ~ antiderivative ~ 1/sqrt(x^2 - 1) ~ acosh(x); arcosh(x); arccosh(x); cosh^-1(x)
5 ~ antiderivative ~ 1/cosh(x)^2 ~ tanh(x)
5 ~ antiderivative ~ 1/sinh(x)^2 ~ -coth(x)
5 ~ antiderivative ~ tanh(x) ~ ln(cosh(x)); log(cosh(x)); ln|cosh(x)|; ln cosh x; ln(cosh x)
5 ~ antiderivative ~ cot(x) ~ ln(sin(x)); ln|sin(x)|; ln(|sin(x)|); log|sin(x)|; ln|sin x|
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
        rows.append(["3", name, "edges", str(edges), ""])
        rows.append(["3", name, "vertices", str(vertices), ""])
    for name, (faces, edges, vertices, dual) in ARCHIMEDEAN.items():
        rows.append(["4", name, "faces", str(faces), ""])
        rows.append(["5", name, "edges", str(edges), ""])
        rows.append(["5", name, "vertices", str(vertices), ""])
        rows.append(["5", name, "dual", dual, ""])
    return sorted(rows, key=lambda row: row[0])


def text_rows(text: str) -> list[list[str]]:
    """Return the fields of every line, with the aliases of the last field on their own.

    An indented line continues the one before.
    """
    rows = []
    for line in re.sub(r"\n +", " ", text).strip().splitlines():
        *fields, last = line.split(" ~ ")
        value, *aliases = last.split("; ")
        rows.append([*fields, value, "|".join(aliases)])
    return rows


def class_rows() -> list[list[str]]:
    """Return level, definition, name and aliases of every class of numbers."""
    rows = []
    for level, definition, name, aliases in text_rows(NUMBER_CLASSES):
        stems = [name, *aliases.split("|")] if aliases else [name]
        forms = [form for stem in stems for form in (f"{stem} number", stem, f"{stem} numbers")]
        noun = name in NOUNS or name.endswith((" prime", " kind", " integer"))
        value, *others = [name, *forms] if noun else forms
        rows.append([level, definition, value, "|".join(o for o in others if o != value)])
    return rows


def rule_rows() -> list[list[str]]:
    """Return level, kind, function, value and aliases of every rule, confirmed by `sympy`."""
    x = Symbol("x", positive=True)
    transformations = (*standard_transformations, convert_xor, implicit_multiplication)
    names = {"x": x, "e": parse_expr("E")}

    def read(text: str) -> object:
        spelled = re.sub(r"\barc(\w+)", r"a\1", text).replace("ln", "log")
        return parse_expr(spelled, names, transformations)

    rows = []
    for level, kind, function, value, aliases in text_rows(RULES):
        before, after = (function, value) if kind == "derivative" else (value, function)
        difference = diff(read(before), x) - read(after)
        if simplify(difference.rewrite("exp")) != 0 and simplify(difference) != 0:
            raise ValueError(f"{kind} of {function} is not {value}")
        forms = [value, *(aliases.split("|") if aliases else [])]
        latex = [re.sub(r"([a-z]{2,})(?=[(^|])", r"\\\1", form) for form in forms]
        spaced = [re.sub(r"\(x\)", " x", form) for form in (*forms, *latex)]
        others = dict.fromkeys(f for f in (*forms, *latex, *spaced) if f != value)
        rows.append([level, kind, function, value, "|".join(o.replace("|", "¦") for o in others)])
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
    write("notation", ["level", "field", "notation", "meaning", "aliases"], text_rows(NOTATION))
    write("theorems", ["level", "statement", "name", "aliases"], text_rows(THEOREMS))
    write("number_classes", ["level", "definition", "name", "aliases"], class_rows())
    checked = header("sympy", "BSD-3-Clause", "; rules by the project, each confirmed by it")
    write("calculus", ["level", "kind", "function", "value", "aliases"], rule_rows(), checked)
    digits = header("mpmath", "BSD-3-Clause")
    write("digits", ["level", "constant", "place", "digit"], digit_rows(), digits)


if __name__ == "__main__":
    main()
