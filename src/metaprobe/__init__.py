"""metaprobe: what post-training did to a language model, skill by skill and stage by stage."""

import os

__version__ = "0.1.0"

# Threads that spin while they wait make everything several times slower where cores are few. The
# setting is read when torch is imported, which is never before this package.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
