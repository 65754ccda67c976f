"""The lighter way: methods that need no sparse autoencoder, asked the same questions as one.

Which skills moved, along what direction, and does steering along it restore the skill that fell
most? `linear_probe`, `mean_difference`, `pca_of_change`, `difference_lens` and `weights` are
methods, `autoencoder` is what they stand beside, `evidence` what all of them read, `steering` the
third question, `cost` what each takes, and `measure` puts it together.
"""

from metaprobe.probes.lighter.measure import Outcomes as Outcomes
from metaprobe.probes.lighter.measure import measure_lighter as measure_lighter

VERSION = 1
"""Raised whenever the same models and texts would give other values."""
