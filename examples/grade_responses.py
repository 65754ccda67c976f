"""Grade strings against typed golds; needs no model and no torch.

A verdict says why a response does not count: no answer of the gold's type is not a wrong answer.
"""

from decimal import Decimal

from metaprobe.benchmark.answers import (
    Answer,
    ChoiceAnswer,
    DecimalAnswer,
    RationalAnswer,
    SetAnswer,
)
from metaprobe.benchmark.grading import grade

CASES: tuple[tuple[Answer, str], ...] = (
    (RationalAnswer(numerator=3, denominator=4), r"So it is \boxed{0.75}."),
    (RationalAnswer(numerator=3, denominator=4), r"So it is \boxed{\frac{6}{8}}."),
    (
        DecimalAnswer(value=Decimal("9.8"), unit="m/s^2", tolerance=Decimal("0.05")),
        r"\boxed{9.81 m/s^2}",
    ),
    (
        DecimalAnswer(value=Decimal("9.8"), unit="m/s^2", tolerance=Decimal("0.05")),
        r"\boxed{9.81 km}",
    ),
    (SetAnswer(items=("2", "3", "5")), r"The primes are \boxed{5, 2, 3}."),
    (ChoiceAnswer(value="yes", options=("yes", "no")), r"\boxed{perhaps}"),
    (ChoiceAnswer(value="yes", options=("yes", "no")), "Yes, but without a box."),
)


def main() -> None:
    """Print the gold, the verdict and the response of each case."""
    for gold, response in CASES:
        verdict = grade(gold, response).verdict
        print(f"{gold.render():<10} {verdict:<9} {response}")


if __name__ == "__main__":
    main()
