"""Random streams derived from names, never from `seed + i`.

Two streams whose names differ in any part are independent, so a train seed next to an
evaluation seed shares nothing with it.
"""

import hashlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def digest(*parts: object) -> bytes:
    """Return the SHA-256 digest of the parts' texts, which are kept apart by a separator."""
    return hashlib.sha256("\x1f".join(str(p) for p in parts).encode()).digest()


def short_hash(*parts: object) -> str:
    """Return 16 hexadecimal digits that name the parts."""
    return digest(*parts).hex()[:16]


def seed_for(*parts: object) -> int:
    """Return a 63-bit seed that names the parts."""
    return int.from_bytes(digest(*parts)[:8], "big") >> 1


def rng_for(*parts: object) -> random.Random:
    """Return the standard-library stream of that name."""
    return random.Random(digest(*parts))


def numpy_rng_for(*parts: object) -> "np.random.Generator":
    """Return the numpy stream of that name."""
    import numpy as np

    return np.random.Generator(np.random.Philox(seed_for(*parts)))
