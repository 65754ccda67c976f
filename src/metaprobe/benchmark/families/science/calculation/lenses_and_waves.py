"""science/calculation: waves, and images formed by thin lenses."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

from metaprobe.benchmark.answers import DecimalAnswer, RationalAnswer
from metaprobe.benchmark.family import Problem, family

_WAVE_WORDINGS = {
    "v": (
        "A wave has the frequency {a} Hz and the wavelength {b} m. What is its speed, in m/s?",
        "Find the speed in m/s of a wave with a frequency of {a} Hz and a wavelength of {b} m.",
        "A wave oscillates at {a} Hz with a wavelength of {b} m. How fast is it, in m/s?",
    ),
    "f": (
        "A wave moves at {a} m/s and has the wavelength {b} m. What is its frequency, in Hz?",
        "Find the frequency in Hz of a wave with the speed {a} m/s and a wavelength of {b} m.",
        "The speed of a wave is {a} m/s, its wavelength {b} m. What is its frequency in Hz?",
    ),
    "l": (
        "A wave moves at {a} m/s with the frequency {b} Hz. What is its wavelength, in m?",
        "Find the wavelength in m of a wave with the speed {a} m/s and the frequency {b} Hz.",
        "The speed of a wave is {a} m/s, its frequency {b} Hz. What is its wavelength, in m?",
    ),
}
_LENS_WORDINGS = (
    "An object stands {g} cm in front of a thin converging lens of focal length {f} cm. How many "
    "cm behind the lens is its image?",
    "A thin converging lens has the focal length {f} cm. An object is {g} cm in front of it. Find "
    "the distance in cm of the image behind the lens.",
    "The focal length of a thin converging lens is {f} cm, the object distance {g} cm. What is the "
    "image distance, in cm?",
)
_LENSES = {3: 1, 4: 2, 5: 5}
_FOCAL_LENGTHS = {3: (2, 40), 4: (3, 20), 5: (3, 30)}
_LARGEST_GAP = {4: 30, 5: 60}
_LARGEST_DENOMINATOR = {3: 60, 4: 200, 5: 10_000}
_CONVENTION = (
    "Use 1/f = 1/g + 1/b with the object distance g, positive if the object is in front of the "
    "lens, and the image distance b, positive if the image is behind it. "
)
_ONE_LENS = (
    "A thin lens has the focal length f = {fs} cm and an object at the distance g = {g} cm. ",
    "An object is at the distance g = {g} cm from a thin lens with f = {fs} cm. ",
    "A thin lens with f = {fs} cm forms the image of an object at g = {g} cm. ",
)
_MANY_LENSES = (
    "Thin lenses on one axis have, from left to right, f = {fs} cm; the gaps between them are "
    "{gaps} cm. An object is {g} cm in front of (to the left of) the first. ",
    "An object is {g} cm to the left of the first of several thin lenses on one axis. From left "
    "to right they have f = {fs} cm, with gaps of {gaps} cm between them. ",
    "Light from an object passes thin lenses on one axis with f = {fs} cm, in this order from left "
    "to right and {gaps} cm apart; the object is {g} cm to the left of the first. ",
)
_LEFT_IS_FRONT = "Front is left, behind is right, and each image is the object of the next lens. "
_EXACT = " Answer with the number alone, as a whole number or a reduced fraction."


@family(
    "science/calculation",
    capacity={1: 192, 2: 251, 3: 1_000, 4: 10**5, 5: 10**12},
)
def lens_and_wave(rng: Random, level: int) -> Problem:
    """Find speed, frequency or length of a wave, or where lenses form an image.

    Isolates v = f l and the thin-lens formula. Level 1 is about a wave, level 2 about one
    converging lens; level 3 adds diverging lenses and virtual images, levels 4 and 5 put two and
    five lenses in a row.
    """
    if level == 1:
        return _wave(rng)
    if level == 2:
        return _lens(rng)
    low, high = _FOCAL_LENGTHS[level]
    while True:
        focal = [rng.randint(low, high) * rng.choice((-1, 1, 1)) for _ in range(_LENSES[level])]
        gaps = [rng.randint(2, _LARGEST_GAP[level]) for _ in focal[1:]]
        first = rng.randint(2, 60)
        images = _images(first, focal, gaps)
        if images and max(b.denominator for b in images) <= _LARGEST_DENOMINATOR[level]:
            break
    many = level > 3
    fs, between = ", ".join(map(str, focal)), ", ".join(map(str, gaps))
    opening = rng.choice(_MANY_LENSES if many else _ONE_LENS).format(fs=fs, gaps=between, g=first)
    asked = "the last lens" if many else "the lens"
    final = images[-1]
    return Problem(
        question=opening
        + _CONVENTION
        + (_LEFT_IS_FRONT if many else "")
        + f"What is b for {asked}, in cm?"
        + _EXACT,
        answer=RationalAnswer(numerator=final.numerator, denominator=final.denominator),
        short=(f"b = {', '.join(map(str, images))}",),
        long=tuple(_image_steps(first, focal, gaps, images)),
        key=f"lens_and_wave {first} {focal} {gaps}",
    )


def _wave(rng: Random) -> Problem:
    frequency, length = rng.randint(2, 9), rng.randint(2, 9)
    speed = frequency * length
    asked = rng.choice("vfl")
    a, b, value, unit, formula, sign = {
        "v": (frequency, length, speed, "m/s", "v = f * l", "*"),
        "f": (speed, length, frequency, "Hz", "f = v / l", "/"),
        "l": (speed, frequency, length, "m", "l = v / f", "/"),
    }[asked]
    return Problem(
        question=rng.choice(_WAVE_WORDINGS[asked]).format(a=a, b=b),
        answer=DecimalAnswer(value=Decimal(value), unit=unit),
        short=(f"{a} {sign} {b} = {value}",),
        long=(formula, f"{asked} = {a} {sign} {b} = {value}"),
        key=f"lens_and_wave {asked} {a} {b}",
    )


def _lens(rng: Random) -> Problem:
    while True:
        focal, first = rng.randint(2, 40), rng.randint(3, 99)
        if first > focal and (focal * first) % (first - focal) == 0:
            break
    product, gap = focal * first, first - focal
    image = product // gap
    return Problem(
        question=rng.choice(_LENS_WORDINGS).format(f=focal, g=first),
        answer=DecimalAnswer(value=Decimal(image), unit="cm"),
        short=(f"{product} / {gap} = {image}",),
        long=(
            "1/b = 1/f - 1/g, so b = f * g / (g - f)",
            f"f * g = {focal} * {first} = {product}",
            f"g - f = {first} - {focal} = {gap}",
            f"b = {product} / {gap} = {image}",
        ),
        key=f"lens_and_wave {focal} {first}",
    )


def _images(first: int, focal: Sequence[int], gaps: Sequence[int]) -> list[Fraction]:
    """Return the image distance of each lens; nothing where one has no image or no object."""
    images: list[Fraction] = []
    distance = Fraction(first)
    for number, f in enumerate(focal):
        if number:
            distance = gaps[number - 1] - images[-1]
        if distance in (0, f):
            return []
        images.append(f * distance / (distance - f))
    return images


def _image_steps(
    first: int, focal: Sequence[int], gaps: Sequence[int], images: Sequence[Fraction]
) -> list[str]:
    steps = ["1/b = 1/f - 1/g, so b = f * g / (g - f)"]
    distance = Fraction(first)
    for number, (f, b) in enumerate(zip(focal, images, strict=True), start=1):
        if number > 1:
            gap, before = gaps[number - 2], images[number - 2]
            distance = gap - before
            steps.append(f"lens {number}: g = {gap} - {_term(before)} = {distance}")
        product, difference = f * distance, distance - f
        steps.append(f"f * g = {_term(f)} * {_term(distance)} = {product}")
        steps.append(f"g - f = {distance} - {_term(f)} = {difference}")
        steps.append(f"b = {_term(product)} / {_term(difference)} = {b}")
    return steps


def _term(value: Fraction | int) -> str:
    return str(value) if value >= 0 and Fraction(value).denominator == 1 else f"({value})"
