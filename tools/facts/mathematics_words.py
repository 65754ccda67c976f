"""Write the fact tables of names in mathematics: notation, theorems and classes of numbers."""

import re

from mathematics import write

NOTATION = """
1 ~ arithmetic ~ n! ~ factorial; n factorial; factorial of n; factorial function
1 ~ arithmetic ~ |x| ~ absolute value; absolute value of x; modulus; modulus of x; magnitude of x
1 ~ arithmetic ~ x^(1/2) ~ square root; square root of x; principal square root
1 ~ arithmetic ~ x^2 ~ square; x squared; squared; square of x; second power; second power of x
1 ~ arithmetic ~ x^3 ~ cube; x cubed; cubed; cube of x; third power; third power of x
1 ~ arithmetic ~ % ~ percent; per cent; percentage; per hundred; out of hundred; out of 100
1 ~ arithmetic ~ a : b ~ ratio; division; quotient; ratio of a to b; a to b; ratio a to b; quotient
  of a and b; proportion
1 ~ arithmetic ~ x < y ~ less than; x is less than y; x less than y; is less than; smaller than; x
  is smaller than y; strictly less than; x is strictly less than y; strict inequality
1 ~ arithmetic ~ x > y ~ greater than; x is greater than y; x greater than y; is greater than;
  larger than; x is larger than y; strictly greater than; x is strictly greater than y; strict
  inequality
1 ~ arithmetic ~ a + b ~ sum; addition; sum of a and b; addition of a and b; a plus b; plus
1 ~ arithmetic ~ a - b ~ difference; subtraction; difference of a and b; difference between a and
  b; subtraction of b from a; a minus b; minus
1 ~ arithmetic ~ a * b ~ product; multiplication; product of a and b; multiplication of a and b; a
  times b; times; a multiplied by b
2 ~ arithmetic ~ gcd(a, b) ~ greatest common divisor; greatest common factor; highest common
  factor; greatest common divisor of a and b; highest common divisor; greatest common factor of a
  and b; highest common factor of a and b
2 ~ arithmetic ~ lcm(a, b) ~ least common multiple; lowest common multiple; smallest common
  multiple; least common multiple of a and b; lowest common multiple of a and b; smallest common
  multiple of a and b
2 ~ arithmetic ~ a mod b ~ remainder; modulo; remainder of a divided by b; a modulo b; modulus
  operation; modulo operation; remainder when a is divided by b; remainder of division of a by b;
  remainder of the division of a by b
2 ~ arithmetic ~ x^(1/3) ~ cube root; third root; cube root of x; cubic root; third root of x;
  cubic root of x
2 ~ arithmetic ~ a | b ~ a divides b; divides; a is a divisor of b; divisibility; a is a factor of
  b; b is divisible by a; b is a multiple of a; a divides b without remainder; a divides b evenly;
  divisibility of b by a
2 ~ calculus ~ f'(x) ~ derivative; first derivative; derivative of f; derivative of f at x;
  derivative of f with respect to x; first derivative of f; derivative of f(x); first derivative of
  f with respect to x; first derivative of f(x); derivative of f(x) with respect to x; derivative of
  the function f; derivative of function f
2 ~ statistics ~ P(A) ~ probability; probability of A; probability of event A; probability of the
  event A; probability that A occurs; probability that event A occurs
2 ~ algebra ~ the bold letter N ~ natural numbers; set of natural numbers; set of all natural
  numbers; natural number
2 ~ algebra ~ the bold letter Z ~ integers; whole numbers; set of integers; set of all integers;
  integer; ring of integers
2 ~ algebra ~ the bold letter Q ~ rational numbers; rationals; set of rational numbers; set of all
  rational numbers; rational number; field of rational numbers
2 ~ algebra ~ the bold letter R ~ real numbers; reals; set of real numbers; set of all real numbers;
  real number; field of real numbers
2 ~ algebra ~ the bold letter C ~ complex numbers; set of complex numbers; set of all complex
  numbers; complex number; field of complex numbers
3 ~ calculus ~ ln(x) ~ natural logarithm; logarithm to base e; natural logarithm of x; natural log;
  natural log of x; logarithm base e
3 ~ calculus ~ f''(x) ~ second derivative; second derivative of f; second derivative of f(x); second
  derivative of f with respect to x; second derivative of f at x
3 ~ calculus ~ [a, b] ~ closed interval; closed interval from a to b; closed interval between a and
  b
3 ~ linear algebra ~ A^T ~ transpose; transposed matrix; transpose of A; transpose of matrix A;
  transpose of the matrix A; matrix transpose
3 ~ linear algebra ~ A^(-1) ~ inverse; inverse matrix; matrix inverse; inverse of A; inverse of
  matrix A; inverse of the matrix A
3 ~ linear algebra ~ det(A) ~ determinant; determinant of A; determinant of matrix A; determinant of
  the matrix A
3 ~ linear algebra ~ tr(A) ~ trace; trace of A; trace of matrix A; trace of the matrix A
3 ~ combinatorics ~ C(n, k) ~ binomial coefficient; combinations; number of combinations; n choose
  k; combination; binomial coefficient n choose k
3 ~ statistics ~ E[X] ~ expected value; expectation; mean; expected value of X; expectation of X;
  mean of X; expected value of the random variable X
3 ~ statistics ~ Var(X) ~ variance; variance of X; variance of the random variable X
3 ~ logic ~ iff ~ if and only if; equivalence; biconditional; logical equivalence
3 ~ set theory ~ |S| ~ cardinality; size; number of elements; cardinality of S; cardinality of the
  set S; number of elements in S; number of elements of S; size of S
4 ~ linear algebra ~ ker(f) ~ kernel; null space; kernel of f; nullspace
4 ~ linear algebra ~ ||v|| ~ norm; length; norm of v; magnitude; length of v; magnitude of v;
  Euclidean norm; norm of the vector v; vector norm
4 ~ linear algebra ~ u x v ~ cross product; vector product; cross product of u and v
4 ~ linear algebra ~ <u, v> ~ inner product; scalar product; dot product; inner product of u and v
4 ~ complex analysis ~ Re(z) ~ real part; real part of z
4 ~ complex analysis ~ Im(z) ~ imaginary part; imaginary part of z
4 ~ statistics ~ Cov(X, Y) ~ covariance; covariance of X and Y; covariance between X and Y
4 ~ statistics ~ the Greek letter sigma ~ standard deviation; population standard deviation
4 ~ vector calculus ~ div F ~ divergence; divergence of F; divergence of the vector field F
4 ~ vector calculus ~ grad f ~ gradient; gradient of f
4 ~ combinatorics ~ n!! ~ double factorial; double factorial of n; n double factorial
4 ~ real analysis ~ sgn(x) ~ sign; signum; sign function; signum function; sign of x; signum of x
5 ~ number theory ~ phi(n) ~ totient; Euler's totient function; Euler's totient; Euler totient
  function; Euler phi function; Euler's phi function; totient function; Euler totient; Euler's
  totient function of n
5 ~ number theory ~ mu(n) ~ Mobius function; Moebius function
5 ~ number theory ~ pi(x) ~ prime-counting function; prime counting function; number of primes up
  to x; number of primes less than or equal to x; number of primes not exceeding x
5 ~ number theory ~ H_n ~ harmonic number; nth harmonic number; n-th harmonic number; n^th harmonic
  number
5 ~ group theory ~ GL(n, R) ~ general linear group; real general linear group; general linear group
  of degree n over R; general linear group over R
5 ~ group theory ~ SL(n, R) ~ special linear group; real special linear group; special linear group
  of degree n over R; special linear group over R
5 ~ group theory ~ O(n) ~ orthogonal group; orthogonal group of degree n; orthogonal group in
  dimension n
5 ~ group theory ~ SU(n) ~ special unitary group; special unitary group of degree n
5 ~ group theory ~ S_n ~ symmetric group; symmetric group on n elements; symmetric group of degree
  n; symmetric group on n letters; symmetric group on n symbols
5 ~ group theory ~ A_n ~ alternating group; alternating group on n elements; alternating group of
  degree n; alternating group on n letters
5 ~ group theory ~ D_n ~ dihedral group; dihedral group of order 2n; nth dihedral group
5 ~ real analysis ~ erf(x) ~ error function; Gauss error function; Gaussian error function
"""

THEOREMS = """
1 ~ a^2 + b^2 = c^2 in a right triangle with the hypotenuse c ~ Pythagorean theorem; Pythagoras'
  theorem; Pythagoras theorem; Pythagoras's theorem; theorem of Pythagoras; Pythagoras
1 ~ an angle in a semicircle is a right angle ~ Thales's theorem; Thales' theorem; Thales theorem;
  theorem of Thales; Thales
1 ~ the list of primes never ends ~ Euclid's theorem; Euclid theorem; theorem of Euclid; Euclid;
  infinitude of primes; infinitude of the primes; Euclid's theorem on the infinitude of primes
1 ~ four colours are enough for the countries of any map in the plane ~ four colour theorem; four
  color theorem; 4 color theorem; 4 colour theorem; four-color theorem; four-colour theorem; four
  color map theorem; four colour map theorem; 4-color theorem; 4-colour theorem
1 ~ x^n + y^n = z^n has no solution in positive integers for n > 2 ~ Fermat's last theorem; Fermat
  last theorem; Fermat-Wiles theorem
1 ~ V - E + F = 2 for every convex polyhedron ~ Euler's formula; Euler's polyhedron formula; Euler
  polyhedron formula; Euler's theorem; Euler formula; Euler's polyhedral formula; Euler polyhedral
  formula; Euler's polyhedron theorem; Euler's formula for polyhedra; Euler characteristic formula
1 ~ if n + 1 things are put into n boxes, two of them share a box ~ pigeonhole principle;
  pigeon-hole principle; pigeon hole principle; Dirichlet's box principle; Dirichlet box principle;
  box principle; drawer principle; Dirichlet's drawer principle; Dirichlet drawer principle;
  Dirichlet principle; Dirichlet's principle
1 ~ two sides of a triangle together exceed the third ~ triangle inequality; triangle inequality
  theorem
1 ~ every even number above 2 is a sum of two primes ~ Goldbach's conjecture; Goldbach conjecture;
  Goldbach; strong Goldbach conjecture; binary Goldbach conjecture; Goldbach's strong conjecture
1 ~ there are infinitely many primes p with p + 2 prime ~ twin prime conjecture; twin primes
  conjecture
2 ~ (a + b)^n is a sum with binomial coefficients ~ binomial theorem; binomial formula; binomial
  expansion
2 ~ every whole number above 1 is a product of primes in only one way ~ fundamental theorem of
  arithmetic; unique factorization theorem; unique factorisation theorem; unique prime factorization
  theorem; unique prime factorisation theorem
2 ~ every polynomial of degree n > 0 has a complex root ~ fundamental theorem of algebra;
  d'Alembert's theorem; d'Alembert-Gauss theorem
2 ~ differentiation undoes integration ~ fundamental theorem of calculus; first fundamental theorem
  of calculus; Newton-Leibniz theorem
2 ~ c^2 = a^2 + b^2 - 2 a b cos(C) in every triangle ~ law of cosines; cosine rule; cosine law;
  cosine theorem; cosine formula; al-Kashi's theorem; al-Kashi theorem
2 ~ a / sin(A) = b / sin(B) = c / sin(C) in every triangle ~ law of sines; sine rule; sine law; sine
  theorem; sine formula
2 ~ p divides a^p - a for every prime p and integer a ~ Fermat's little theorem; Fermat little
  theorem
2 ~ e^(i x) = cos(x) + i sin(x) ~ Euler's formula; Euler formula; Euler's identity; Euler identity
2 ~ halving even numbers and taking 3 n + 1 of odd ones leads every n > 0 to 1 ~ Collatz conjecture;
  3n+1 conjecture; Collatz; Collatz problem; 3n+1 problem; 3n + 1 conjecture; 3n + 1 problem; 3x+1
  conjecture; 3x+1 problem; 3x + 1 conjecture; 3x + 1 problem; Syracuse problem; Syracuse
  conjecture; Ulam conjecture; Ulam's conjecture; Kakutani's problem; hailstone problem
2 ~ the area of a triangle is the root of s (s - a) (s - b) (s - c) with s half the perimeter ~
  Heron's formula; Heron formula; Hero's formula; Heron's theorem
3 ~ a continuous function f on [a, b] takes every value between f(a) and f(b) ~ intermediate value
  theorem; IVT; Bolzano's intermediate value theorem
3 ~ the graph of a differentiable function has a tangent parallel to any of its chords ~ mean value
  theorem; Lagrange's mean value theorem; Lagrange mean value theorem; MVT; Lagrange's theorem
3 ~ f(a) = f(b) for a differentiable function forces f' = 0 somewhere between ~ Rolle's theorem;
  Rolle theorem
3 ~ a continuous function on [a, b] has a maximum and a minimum ~ extreme value theorem; Weierstrass
  extreme value theorem; EVT; Weierstrass theorem; Weierstrass' theorem; Weierstrass's theorem;
  Weierstrass's extreme value theorem
3 ~ a limit of the form 0/0 equals the limit of the quotient of the derivatives, if that exists ~
  L'Hopital's rule; L'Hospital's rule; L'Hopital rule; L'Hospital rule; rule of L'Hopital;
  Bernoulli's rule; L'Hopital's theorem; L'Hospital's theorem
3 ~ P(A given B) = P(B given A) P(A) / P(B) ~ Bayes' theorem; Bayes theorem; Bayes's theorem;
  Bayes' rule; Bayes rule; Bayes's rule; Bayes; Bayes' law; Bayes law; Bayes' formula; Bayes formula
3 ~ sums of many independent equally distributed variables of finite variance are nearly normal ~
  central limit theorem; CLT
3 ~ averages of many independent trials approach the expected value ~ law of large numbers; weak law
  of large numbers; strong law of large numbers; LLN; Bernoulli's theorem
3 ~ remainders for pairwise coprime moduli determine a number modulo their product ~ Chinese
  remainder theorem; CRT; Sunzi's theorem
3 ~ (p - 1)! leaves remainder p - 1 modulo a prime p ~ Wilson's theorem; Wilson theorem
4 ~ a subgroup's order divides the order of a finite group ~ Lagrange's theorem; Lagrange theorem
4 ~ a square matrix satisfies its own characteristic equation ~ Cayley-Hamilton theorem; Cayley
  Hamilton theorem; Hamilton-Cayley theorem
4 ~ |<u, v>| is at most |u| |v| ~ Cauchy-Schwarz inequality; Cauchy Schwarz inequality; Schwarz
  inequality; Schwarz's inequality; Cauchy-Bunyakovsky-Schwarz inequality; Cauchy-Bunyakovsky
  inequality; Cauchy-Schwarz; CBS inequality
4 ~ every bounded sequence of reals has a convergent subsequence ~ Bolzano-Weierstrass theorem;
  Bolzano Weierstrass theorem
4 ~ a subset of R^n is compact exactly if it is closed and bounded ~ Heine-Borel theorem; Heine
  Borel theorem; Borel-Lebesgue theorem
4 ~ a continuous map of a closed disk to itself has a fixed point ~ Brouwer fixed-point theorem;
  Brouwer's fixed-point theorem; Brouwer fixed point theorem; Brouwer's fixed point theorem;
  Brouwer; Brouwer's theorem
4 ~ the flux through a closed surface is the integral of the divergence inside ~ divergence theorem;
  Gauss's theorem; Gauss theorem; Gauss' theorem; Ostrogradsky's theorem; Gauss divergence
  theorem; Gauss's divergence theorem; Gauss-Ostrogradsky theorem; Ostrogradsky-Gauss theorem;
  Gauss' divergence theorem
4 ~ the number of primes up to x divided by x / ln(x) tends to 1 ~ prime number theorem; PNT
4 ~ a bounded entire function is constant ~ Liouville's theorem; Liouville theorem
4 ~ the dimensions of the kernel and the image of a linear map add up to that of its domain ~
  rank-nullity theorem; rank nullity theorem; dimension theorem; dimension theorem for vector
  spaces; rank theorem; dimension formula
5 ~ every group is isomorphic to a group of permutations ~ Cayley's theorem; Cayley theorem
5 ~ a finite group has a subgroup of each maximal prime power order ~ Sylow theorems; Sylow's
  theorem; Sylow theorem; Sylow's first theorem; first Sylow theorem; Sylow's theorems; Sylow first
  theorem
5 ~ polynomial rings over Noetherian rings are Noetherian ~ Hilbert's basis theorem; Hilbert basis
  theorem
5 ~ maximal ideals of C[x, y] correspond to points of C^2 ~ Hilbert's Nullstellensatz;
  Nullstellensatz; Hilbert Nullstellensatz; weak Nullstellensatz; Hilbert's weak Nullstellensatz;
  Hilbert's zero-locus theorem
5 ~ arbitrary products of compact spaces are compact ~ Tychonoff's theorem; Tychonoff theorem;
  Tikhonov's theorem; Tychonov's theorem; Tychonoff's product theorem
5 ~ bounded linear functionals extend from a subspace with the same norm ~ Hahn-Banach theorem;
  Hahn Banach theorem; Hahn-Banach extension theorem
5 ~ a contraction of a nonempty complete metric space has exactly one fixed point ~ Banach
  fixed-point theorem; Banach fixed point theorem; contraction mapping theorem; contraction mapping
  principle; Banach's fixed-point theorem; Banach's fixed point theorem; Banach contraction
  principle; Banach contraction mapping theorem; Banach-Caccioppoli theorem; Banach contraction
  theorem; Banach contraction mapping principle
5 ~ a consistent axiom system that a program can list and that contains arithmetic is not complete ~
  Godel's incompleteness theorem; Godel's first incompleteness theorem; first incompleteness
  theorem; incompleteness theorem; Godel incompleteness theorem; Godel's incompleteness theorems;
  Godel-Rosser theorem; Godel's first incompleteness; Godel first incompleteness theorem
5 ~ coprime a and d give infinitely many primes a + n d ~ Dirichlet's theorem; Dirichlet theorem;
  Dirichlet's theorem on arithmetic progressions; Dirichlet's theorem on primes in arithmetic
  progressions; Dirichlet prime number theorem; Dirichlet's prime number theorem; Dirichlet's
  theorem for arithmetic progressions; Dirichlet's theorem on primes in arithmetic progression
5 ~ a complete graph whose edges have two colours has, if it is large enough, a clique of any wanted
  size in one colour ~ Ramsey's theorem; Ramsey theorem
5 ~ one side of a finite bipartite graph can be matched if each of its sets has as many neighbours
  as members ~ Hall's marriage theorem; Hall's theorem; marriage theorem; Hall theorem; Hall
  marriage theorem; Hall's matching theorem
"""

NUMBER_CLASSES = """
1 ~ is divisible by 2 ~ even
1 ~ is a whole number that 2 does not divide ~ odd
1 ~ has exactly two positive divisors ~ prime
1 ~ is a whole number above 1 but not prime ~ composite
1 ~ is a whole number times itself ~ square; perfect square
1 ~ is below 0 ~ negative; negative real
1 ~ is above 0 ~ positive; positive real
1 ~ reads the same backwards ~ palindrome; palindromic number; numeral palindrome
1 ~ is a quotient of two integers ~ rational
1 ~ is real but no quotient of two integers ~ irrational
2 ~ is a sum 1 + 2 + ... + n ~ triangular; triangle
2 ~ is a product 1 * 2 * ... * n ~ factorial; factorial number
2 ~ is a whole number times itself times itself ~ cube; perfect cube; cube number; cubic number
2 ~ is the sum of its proper divisors ~ perfect
2 ~ is in the sequence that starts 1, 1, 2, 3, 5, 8, 13, 21 ~ Fibonacci
2 ~ is the square root of a negative number ~ imaginary; purely imaginary; pure imaginary
2 ~ has the form a + b i with real a and b ~ complex
2 ~ is prime and differs by 2 from another prime ~ twin prime
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
  pluperfect digital invariant; plus perfect
4 ~ is in the sequence that starts 2, 1, 3, 4, 7, 11, 18, 29 ~ Lucas
4 ~ has the form C(2 n, n) / (n + 1) ~ Catalan
4 ~ counts all partitions of a set of n elements ~ Bell
4 ~ is a prime p for which 2 p + 1 is prime too ~ Sophie Germain prime; Germain prime;
  Sophie Germain
4 ~ is composite and, called n, divides a^n - a for every integer a ~ Carmichael; absolute Fermat
  pseudoprime; absolute pseudoprime
4 ~ is the product of two primes, equal or not ~ semiprime; biprime; 2-almost prime;
  semiprime number
4 ~ has the form a + b i with integers a and b ~ Gaussian integer
4 ~ is written with the digit 1 only ~ repunit
5 ~ is composite and whose digit sum is that of all its prime factors together ~ Smith
5 ~ is abundant but not the sum of any choice of its proper divisors ~ weird
5 ~ has more divisors than every smaller positive number ~ highly composite; antiprime; anti-prime
5 ~ counts the permutations of n elements without a fixed point ~ derangement; subfactorial; de
  Montmort; rencontres
5 ~ counts the partitions of n elements into k nonempty sets ~ Stirling number of the second kind;
  Stirling partition number
5 ~ is a prime p whose square divides 2^(p - 1) - 1 ~ Wieferich prime
5 ~ is an odd k with k 2^n + 1 composite for every positive n ~ Sierpinski
5 ~ is c_n in x / (e^x - 1) = sum of c_n x^n / n! ~ Bernoulli
5 ~ is a real algebraic integer above 1 with its other conjugates inside the unit circle ~ Pisot;
  Pisot-Vijayaraghavan; PV
5 ~ has the form a + b w with integers a, b and w = e^(2 pi i / 3) ~ Eisenstein integer
"""
"""Definitions, to be read after 'a number that', and names that `number` can follow."""
NOUNS = ("palindrome", "factorial", "cube", "repunit", "semiprime", "prime", "integer", "kind")
"""Last words of names that are complete without `number`."""


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
        if name.split()[-1] in NOUNS and name != "prime":
            plural = [
                re.sub(r"^(Stirling (?:partition )?number|.*)", r"\1s", s, count=1) for s in stems
            ]
            forms = [*stems, *plural]
        else:
            forms = [form for s in stems for form in (f"{s} number", s, f"{s} numbers")]
        rows.append([level, definition, forms[0], "|".join(forms[1:])])
    return rows


def main() -> None:
    """Write all tables."""
    write("notation", ["level", "field", "notation", "meaning", "aliases"], text_rows(NOTATION))
    write("theorems", ["level", "statement", "name", "aliases"], text_rows(THEOREMS))
    write("number_classes", ["level", "definition", "name", "aliases"], class_rows())


if __name__ == "__main__":
    main()
