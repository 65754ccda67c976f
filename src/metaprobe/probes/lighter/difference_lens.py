"""The activation-difference lens: the change on texts that have nothing to do with any skill.

Source: Minder and others, arXiv 2510.13900: the mean difference of the states of tuned model and
base at the first tokens of unrelated texts, read as tokens through the output matrix. They draw web
pages; here tokens are drawn at random, which no training wrote.
"""

import numpy as np
from torch import Tensor

from metaprobe.core.errors import ConfigError
from metaprobe.core.stats import FloatArray, t_interval
from metaprobe.core.streams import numpy_rng_for
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import output_logits
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import hooked
from metaprobe.probes.lighter.evidence import Answer, Evidence
from metaprobe.probes.representation.lens import final_norm

TEXTS = 256
POSITIONS = 5
"""Tokens of a text that are read, behind the first, whose state is unlike all others."""
TOKENS = 8
"""Tokens that are told."""


class DifferenceLens:
    """The mean change on random tokens, and the tokens that it promotes.

    A skill moved by how much more its responses' tokens are promoted than those of all items, in
    standard deviations over the vocabulary, times the length of the mean change in units of the
    spread of all texts in the base. There is one direction, for all skills: towards the base.
    """

    name = "difference_lens"

    def answer(self, evidence: Evidence) -> Answer:
        """See `Method`."""
        change = mean_change(evidence.base, evidence.tuned, evidence.module)
        read = lens_scores(evidence.base, change)
        size = float(np.linalg.norm(change)) / evidence.spread
        items = np.array([size * read[list(t.text.completion)].mean() for t in evidence.texts])
        movements = {}
        for skill in evidence.skills:
            found = t_interval(items[evidence.members(skill)] - items.mean())
            if found is not None:
                movements[skill] = found
        top = [[int(token)] for token in np.argsort(-read, kind="stable")[:TOKENS]]
        tokens = evidence.base.tokenizer.batch_decode(top)
        return Answer(movements, dict.fromkeys(evidence.skills, -change), tokens)


@torch.inference_mode()
def mean_change(base: LoadedModel, tuned: LoadedModel, module: str) -> FloatArray:
    """Return the mean change of a module's output on random tokens, (D,)."""
    special = set(base.tokenizer.all_special_ids)
    known = np.array([n for n in range(len(base.tokenizer)) if n not in special])
    drawn = numpy_rng_for("lighter", "lens").choice(known, (TEXTS, POSITIONS + 1))
    ids = torch.from_numpy(drawn)
    means = []
    for loaded in (base, tuned):
        found: dict[str, Tensor] = {}
        with hooked(loaded.model, [module], found.__setitem__):
            loaded.model.base_model(input_ids=ids.to(loaded.device), use_cache=False)
        means.append(found[module][:, 1:].cpu().double().mean((0, 1)))
    return np.asarray((means[1] - means[0]).numpy())


@torch.inference_mode()
def lens_scores(loaded: LoadedModel, change: FloatArray) -> FloatArray:
    """Return how much a change (D,) promotes each token, standardised over the vocabulary, (V,).

    Raises:
        ConfigError: the model has no norm before its output matrix that could be found, or the
            change is zero.
    """
    norm = final_norm(loaded.model)
    if norm is None:
        raise ConfigError(f"{loaded.name}: no norm before its output matrix was found")
    if not change.any():
        raise ConfigError("the states at random tokens did not change")
    row = torch.from_numpy(change)[None].to(loaded.model.device, loaded.model.dtype)
    logits = np.asarray(output_logits(loaded.model, norm(row))[0].double().cpu().numpy())
    return np.asarray((logits - logits.mean()) / logits.std())
