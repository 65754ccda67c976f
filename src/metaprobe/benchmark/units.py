"""Units of measurement, read as products of powers of symbols.

`m/s`, `m s^-1`, `m·s⁻¹` and `metres per second` are one unit; `ms` and `m s` are two. Nothing is
converted: `1 km` is not `1000 m`.
"""

import re
from collections import Counter

_LONGEST = 80
_PREFIXES = {
    **{"giga": "G", "mega": "M", "kilo": "k", "deci": "d", "centi": "c", "milli": "m"},
    **{"micro": "μ", "nano": "n"},
}
_NAMES = {
    **{"metre": "m", "meter": "m", "gram": "g", "second": "s", "minute": "min", "hour": "h"},
    **{"ampere": "A", "amp": "A", "mole": "mol", "litre": "L", "liter": "L", "tonne": "t"},
    **{"electronvolt": "eV", "volt": "V", "ohm": "Ω", "watt": "W", "joule": "J", "coulomb": "C"},
    **{"newton": "N", "pascal": "Pa", "hertz": "Hz", "kelvin": "K", "euro": "€", "eur": "€"},
}
_NAMED = re.compile(rf"({'|'.join(_PREFIXES)})?({'|'.join(_NAMES)})s?")
_FRACTION = re.compile(r"\\[cdt]?frac\{([^{}]+)\}\{([^{}]+)\}")
_POWER = re.compile(r"(.+)\^([+-]?\d{1,2})")
_WRITTEN_OUT = 4


def read_unit(text: str) -> Counter[str]:
    """Return the power of every symbol of a unit that is in plain characters.

    Case matters in a symbol, since mW is not MW, and does not in a word of four letters or more.
    """
    if len(text) > _LONGEST:
        return Counter({text: 1})
    text = re.sub(r"\bper\b", "/", _FRACTION.sub(r"\1/\2", text))
    powers: Counter[str] = Counter()
    sign = 1
    for part in re.findall(r"[*·/]|[^\s*·/]+", text):
        if part in "*·/":
            sign = -1 if part == "/" else 1
            continue
        match = _POWER.fullmatch(part)
        symbol, power = match.groups() if match else (part, "1")
        powers[_symbol(symbol)] += sign * int(power)
        sign = 1
    return powers


def _symbol(word: str) -> str:
    small = word.casefold()
    match = _NAMED.fullmatch(small)
    if match:
        return _PREFIXES.get(match[1] or "", "") + _NAMES[match[2]]
    return small.removesuffix("s") if small.isalpha() and len(small) >= _WRITTEN_OUT else word
