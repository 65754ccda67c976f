"""Words for numbers: whole percentage points, counts and lists."""

from collections.abc import Sequence

_LABELS = {
    "sft_short": "SFT on short traces",
    "sft_long": "SFT on long traces",
    "sft_mixed": "SFT on mixed traces",
    "sft_own": "SFT on its own traces",
    "sft_on_policy": "SFT on its own traces",
}

_NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def label(arm_name: str, kind: str) -> str:
    """Return a readable name of an arm: `SFT on short traces`, `GRPO`, or the arm's own name."""
    if arm_name == kind and kind.isalpha():
        return kind.upper()
    return _LABELS.get(arm_name, arm_name)


def number(n: int) -> str:
    """Return a number as a word, up to ten."""
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)


def cells(n: int) -> str:
    """Return `one cell`, `two cells` and so on."""
    return f"{number(n)} cell" if n == 1 else f"{number(n)} cells"


def capitalised(text: str) -> str:
    """Return a text with its first letter as a capital one."""
    return text[:1].upper() + text[1:]


def whole(share: float) -> str:
    """Return a share in whole points, such as `−7`."""
    n = round(100 * share)
    return f"−{-n}" if n < 0 else str(n)


def points(share: float) -> str:
    """Return a size without its sign, such as `12 points`."""
    n = round(100 * abs(share))
    if n == 0:
        return "less than a point"
    return "1 point" if n == 1 else f"{n} points"


def span(low: str, high: str) -> str:
    """Return `low to high`, or one of them where they are equal."""
    return low if low == high else f"{low} to {high}"


def size_range(values: Sequence[float]) -> str:
    """Return `9 points`, or `5 to 9 points` where the seeds differ."""
    low, high = min(values), max(values)
    if whole(low) == whole(high):
        return points(low) if low >= 0 else f"−{points(low)}".replace("−less", "less")
    return f"{whole(low)} to {whole(high)} points"


def joined(parts: Sequence[str]) -> str:
    """Return the parts as a list with commas and a final `and`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
