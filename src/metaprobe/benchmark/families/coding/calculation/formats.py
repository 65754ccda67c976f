"""coding/calculation: how numbers are written in bits and bytes."""

from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, RationalAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_VALUE_WORDINGS = (
    "What is the value of {} in Python?",
    "What does Python print for print({})?",
    "Python evaluates {}. What is the result?",
    "In Python, x = {}. What is x?",
)
_TEXT_WORDINGS = (
    "Which text does the Python expression {} give? Answer without quotes.",
    "What does Python print for print({})?",
    "Python evaluates {}. What is the result, without quotes?",
)
_BYTES_WORDINGS = (
    "Read the bytes {data} (hexadecimal, in this order) as {kind}. Which number is it?",
    "Which number do the bytes {data} (hexadecimal, in this order) hold as {kind}?",
    "A file holds the bytes {data} (hexadecimal, in this order). What is their value as {kind}?",
)
_BASE = {"b": 2, "o": 8, "x": 16}
_BITS = {"b": 1, "o": 3, "x": 4}
_ORDERS = ("big-endian", "little-endian")
_EXACT = "Give it exactly, as a decimal number or a fraction."


@family(
    "coding/calculation",
    capacity={1: 124, 2: 480, 3: 10**4, 4: 10**5, 5: 10**5},
)
def number_formats(rng: Random, level: int) -> Problem:
    """Convert a number between the formats in which programs write it.

    Isolates place values in bases 2, 8 and 16 and the meaning of bits. Level 1 converts up to six
    bits from or to decimal, level 2 two hexadecimal digits, level 3 between bases 2, 8 and 16,
    level 4 is two's complement in two bytes, level 5 the IEEE 754 formats of 16 and 32 bits.
    """
    if level <= 2:
        return _from_or_to_decimal(rng, level)
    return (_between_bases, _two_complement, _floating_point)[level - 3](rng)


def _from_or_to_decimal(rng: Random, level: int) -> Problem:
    letter = "b" if level == 1 else "x"
    number = rng.randint(2, 63) if level == 1 else rng.randint(16, 255)
    digits = f"{number:{letter}}"
    base = _BASE[letter]
    if rng.random() < 0.5:
        question = rng.choice(_VALUE_WORDINGS).format(f'int("{digits}", {base})')
        return Problem(
            question=question,
            answer=IntegerAnswer(value=number),
            long=tuple(_place_values(digits, base)),
            key=f"number_formats int {number} {base}",
        )
    question = rng.choice(_TEXT_WORDINGS).format(f'format({number}, "{letter}")')
    return Problem(
        question=question,
        answer=TextAnswer(value=digits),
        long=tuple(_divisions(number, base)),
        key=f"number_formats format {number} {base}",
    )


def _place_values(digits: str, base: int) -> list[str]:
    """Return the steps from digits to a number: the last result times the base, plus a digit."""
    value, steps = int(digits[0], base), [f"{digits[0]} is {int(digits[0], base)}"]
    for digit in digits[1:]:
        old, value = value, value * base + int(digit, base)
        steps.append(f"{old} * {base} + {int(digit, base)} = {value}")
    return steps


def _divisions(number: int, base: int) -> list[str]:
    """Return the steps from a number to digits: repeated division, last digit first."""
    steps, digits = [], ""
    while number:
        quotient, rest = divmod(number, base)
        digits = f"{rest:x}{digits}"
        name = f" is {rest:x}" if rest > 9 else ""
        steps.append(f"{number} = {quotient} * {base} + {rest}{name}")
        number = quotient
    return [*steps, f"digits {digits}"]


def _between_bases(rng: Random) -> Problem:
    source, target = rng.sample("box", 2)
    number = rng.randint(512, 65535)
    given, wanted = f"{number:#{source}}", f"{number:{target}}"
    bits = f"{number:b}"
    steps = [] if source == "b" else [_in_bits(given[2:], source)]
    if target != "b":
        padded = bits.zfill(-(-len(bits) // _BITS[target]) * _BITS[target])
        groups = [padded[k : k + _BITS[target]] for k in range(0, len(padded), _BITS[target])]
        steps.append(", ".join(f"{group} is {int(group, 2):x}" for group in groups))
    return Problem(
        question=rng.choice(_TEXT_WORDINGS).format(f'format({given}, "{target}")'),
        answer=TextAnswer(value=wanted),
        short=(f"digits {wanted}",),
        long=(*steps, f"digits {wanted}"),
        key=f"number_formats {given} {target}",
    )


def _in_bits(digits: str, letter: str) -> str:
    return ", ".join(f"{d} is {int(d, 16):0{_BITS[letter]}b}" for d in digits)


def _two_complement(rng: Random) -> Problem:
    number = rng.randint(-(2**15), 2**15 - 1)
    unsigned = number % 2**16
    order = rng.choice(_ORDERS)
    low, high = f"{unsigned % 256:02x}", f"{unsigned // 256:02x}"
    data = f"{high} {low}" if order == _ORDERS[0] else f"{low} {high}"
    kind = f"a signed 16-bit integer ({order}, two's complement)"
    steps = [f"the high byte is {high}, the low byte {low}"]
    steps += _place_values(high + low, 16)
    if unsigned >= 2**15:
        steps.append(f"{unsigned} >= 32768, {unsigned} - 65536 = {number}")
    else:
        steps.append(f"{unsigned} < 32768, so it is {number}")
    return Problem(
        question=rng.choice(_BYTES_WORDINGS).format(data=data, kind=kind),
        answer=IntegerAnswer(value=number),
        short=(f"0x{high}{low} is {number}",),
        long=tuple(steps),
        key=f"number_formats {data} {order} integer",
    )


def _floating_point(rng: Random) -> Problem:
    width, exponent_bits, fraction_bits = rng.choice(((16, 5, 10), (32, 8, 23)))
    bias = 2 ** (exponent_bits - 1) - 1
    sign, exponent = rng.randrange(2), rng.randint(-5, 9)
    used = rng.randint(3, 8)
    fraction = (rng.randrange(2**used) | 1) << (fraction_bits - used)
    bits = f"{sign}{exponent + bias:0{exponent_bits}b}{fraction:0{fraction_bits}b}"
    data = [f"{int(bits[k : k + 8], 2):02x}" for k in range(0, width, 8)]
    order = rng.choice(_ORDERS)
    if order == _ORDERS[1]:
        data.reverse()
    value = (-1) ** sign * Fraction(2) ** exponent * (1 + Fraction(fraction, 2**fraction_bits))
    significand = (fraction >> (fraction_bits - used)) + 2**used
    steps = [
        f"bits {bits}",
        f"sign bit {sign}, exponent bits {bits[1 : 1 + exponent_bits]} = {exponent + bias}",
        f"{exponent + bias} - {bias} = {exponent}",
        f"1.{bits[1 + exponent_bits :].rstrip('0')} in base 2 = {significand} / {2**used}",
        f"{'-' * sign}{significand} / {2**used} * 2^{exponent} = {value}",
    ]
    shown = " ".join(data)
    kind = f"a {order} IEEE 754 floating-point number of {width} bits"
    question = rng.choice(_BYTES_WORDINGS).format(data=shown, kind=kind)
    return Problem(
        question=f"{question} {_EXACT}",
        answer=RationalAnswer(numerator=value.numerator, denominator=value.denominator),
        short=(f"it is {value}",),
        long=tuple(steps),
        key=f"number_formats {shown} {order} float",
    )
