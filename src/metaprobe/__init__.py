"""metaprobe: what post-training did to a language model, skill by skill and stage by stage."""

import os
from typing import Any

__version__ = "0.1.0"

# Threads that spin while they wait make everything several times slower where cores are few. The
# setting is read when torch is imported, which is never before this package.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def __getattr__(name: str) -> Any:
    """Import `attach` when it is asked for: it needs torch, which reading results does not."""
    if name == "attach":
        from metaprobe.study.attach import attach

        return attach
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
