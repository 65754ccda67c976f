"""All four controls of the features of one model, in order."""

from collections.abc import Callable, Sequence
from pathlib import Path

from metaprobe.benchmark.items import Item
from metaprobe.core.results import FeatureScores
from metaprobe.models.sampling import Sampling
from metaprobe.probes.features.activations import collect_activations
from metaprobe.probes.features.injection import inject_tokens
from metaprobe.probes.features.paraphrase import other_wordings, paraphrased
from metaprobe.probes.features.responses import answered
from metaprobe.probes.features.scoring import (
    LEVEL,
    ItemValues,
    Subject,
    control_shares,
    held_out,
    item_values,
    judged,
    random_directions,
    score_features,
)


def controlled_scores(
    subject: Subject,
    items: Sequence[Item],
    sampling: Sampling,
    folder: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[ItemValues, FeatureScores]:
    """Return the values of the items, and the features' scores under all four controls.

    Where no feature has a q-value below `LEVEL`, there is nothing to refute and the model does not
    read again.

    Args:
        subject: The model and its features.
        items: What it has answered.
        sampling: How it answered, and answers other wordings.
        folder: Where the activations of these go; a stopped call goes on there.
        tell: Told what is being done.

    Raises:
        ConfigError: the module was not collected, or the folder holds something else.
        InputError: a shard is damaged.
        StorageError: the disk has too little room.
    """
    tell("reading activations")
    random = random_directions(subject.sae, subject.store, subject.module)
    values = item_values(subject.sae, random, subject.store, subject.module)
    tell("lexical control, random features")
    scores = score_features(values)
    others = other_wordings(items, values)
    if any(s.q_value < LEVEL for s in scores):
        tell("token injection")
        scores = inject_tokens(subject, values, scores)
    if others and any(s.q_value < LEVEL for s in scores):
        tell(f"paraphrase: {len(others) * sampling.samples} responses")
        texts = answered(subject.loaded, others, sampling)
        tell("paraphrase: activations")
        store = collect_activations(subject.loaded, texts, [subject.module], folder)
        other = item_values(subject.sae, random, store, subject.module)
        scores = paraphrased(values, other, scores)
    scores = judged(scores)
    held = int(held_out(values).sum())
    return values, FeatureScores(
        module=subject.module,
        scores=scores,
        shares=control_shares(scores),
        reworded=len(others),
        not_reworded=held - len(others),
    )
