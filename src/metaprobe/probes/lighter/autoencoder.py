"""The sparse autoencoder that the lighter methods stand beside."""

import numpy as np

from metaprobe.core.results import SaeQuality
from metaprobe.probes.features.metrics import sae_quality
from metaprobe.probes.features.sae import SaeConfig
from metaprobe.probes.features.train import activation_batches, held_out_rows, train_sae
from metaprobe.probes.lighter.evidence import Answer, Evidence, text_means
from metaprobe.probes.representation.shift import length_interval

SETTINGS = SaeConfig(expansion=8, k=16, steps=400, batch=1024, memory_mb=256)
CHANGED = 8
"""Features of a skill that changed most and make up its movement and direction."""


class Autoencoder:
    """The package's own autoencoder, trained on the base's states.

    Features of a skill are those whose mean over its texts changed most, in one half of the texts.
    The skill moved by the length of their mean change on the other half, in units of the spread of
    all features in the base. Its direction is the sum of their decoder directions, each times what
    it lost.
    """

    name = "sae"

    def __init__(self) -> None:
        self.quality: SaeQuality | None = None
        """Of the autoencoder that was trained last."""

    def answer(self, evidence: Evidence) -> Answer:
        """See `Method`."""
        store, module = evidence.stores[0], evidence.module
        sae = train_sae(activation_batches(store, module, SETTINGS), SETTINGS)
        self.quality = sae_quality(sae, held_out_rows(store, module))
        base, tuned = (text_means(s, module, sae.encode) for s in evidence.stores)
        moves, decoder = tuned - base, np.asarray(sae.parameters.decoder.double().numpy())
        spread = float(np.sqrt(base.var(0).sum()))
        movements, directions = {}, {}
        for skill in evidence.skills:
            members = evidence.members(skill)
            mean = moves[members & evidence.half].mean(0)
            top = np.argsort(-np.abs(mean), kind="stable")[:CHANGED]
            movements[skill] = length_interval(moves[members & ~evidence.half][:, top] / spread)
            directions[skill] = -mean[top] @ decoder[top]
        return Answer(movements, directions)
