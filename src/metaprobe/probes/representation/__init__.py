"""How far the hidden states of a stage are from its base's, layer by layer.

Both models read the same texts, responses of the base, and their states are compared at the
completion positions: `similarity` (CKA), `shift` (PCA shift), cosine drift, `lens` (logit lens) and
`directions` (linear probes of the skills). `states` reads the models, `measure` puts it together.
"""

from metaprobe.probes.representation.measure import VERSION as VERSION
from metaprobe.probes.representation.measure import (
    measure_representation as measure_representation,
)
from metaprobe.probes.representation.states import ItemText as ItemText
