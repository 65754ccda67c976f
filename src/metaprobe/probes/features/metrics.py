"""What a sparse autoencoder is worth: on held-out activations, and in the model's place."""

from collections.abc import Iterable, Sequence

import numpy as np
from torch import Tensor

from metaprobe.core.errors import ConfigError
from metaprobe.core.results import LossRecovered, SaeQuality
from metaprobe.core.stats import FloatArray
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text, length_batches, output_logits, pad_texts
from metaprobe.models.runtime import torch
from metaprobe.probes.divergence.intervals import ratio_interval, signed_ratio_interval
from metaprobe.probes.features.activations import hooked
from metaprobe.probes.features.sae import Sae

_BATCH_TOKENS = 4096
_POSITIONS = 512


@torch.inference_mode()
def sae_quality(
    sae: Sae, rows: Iterable[tuple[Tensor, Tensor]], columns: slice = slice(None)
) -> SaeQuality:
    """Return how well an autoencoder explains activations that it has not seen.

    Explained variance is 1 - sum |x - x_hat|² / sum |x - mean|², both sums over all rows: not a
    mean of ratios over batches.

    Args:
        sae: The autoencoder.
        rows: Batches of activations (N, D) and of the text that each row is of, (N,).
        columns: Of the activations, those whose variance is looked at.

    Raises:
        ConfigError: there is no row, or the rows do not vary.
    """
    fired = torch.zeros(sae.features)
    sums: dict[int, FloatArray] = {}
    origin = sae.parameters.decoder_bias[columns].double()
    offset, total = torch.zeros_like(origin), 0
    for x, texts in rows:
        features = sae.encode(x)
        fired += (features > 0).sum(0)
        error = (x - sae.decode(features))[:, columns].double().square().sum(1)
        centred = x[:, columns].double() - origin
        offset += centred.sum(0)
        total += len(x)
        values = torch.stack(
            [error, centred.square().sum(1), (features > 0).sum(1), torch.ones(len(x))], dim=1
        )
        for text in texts.unique().tolist():
            found = np.asarray(values[texts == text].sum(0).numpy())
            sums[text] = sums.get(text, np.zeros(4)) + found
    if not total:
        raise ConfigError("there is no held-out row: collect more items")
    error_sums, around, active, lengths = np.array(list(sums.values())).T
    # Of each text around the common mean: |x - o|² summed, less the common part of the offset.
    shift = float(offset.square().sum()) / total
    spread = around - shift * lengths / total
    if spread.sum() <= 0:
        raise ConfigError("the held-out rows do not vary: take another module")
    unexplained = ratio_interval(error_sums, spread)
    count = ratio_interval(active, lengths)
    return SaeQuality(
        explained_variance=1 - float(error_sums.sum() / spread.sum()),
        explained_low=None if unexplained is None else 1 - unexplained.high,
        explained_high=None if unexplained is None else 1 - unexplained.low,
        l0=float(active.sum()) / total,
        l0_low=None if count is None else count.low,
        l0_high=None if count is None else count.high,
        silent=float((fired == 0).float().mean()),
        n_features=sae.features,
        n_rows=total,
        n_texts=len(sums),
    )


@torch.inference_mode()
def loss_recovered(
    loaded: LoadedModel, texts: Sequence[Text], module: str, sae: Sae
) -> LossRecovered:
    """Return how much of a module's part in predicting responses its reconstruction keeps.

    (L_zero - L_sae) / (L_zero - L_clean), with L the mean negative log-likelihood of the
    completion tokens in nats when the module returns zero, the reconstruction, or what it does.
    All tokens but the first are replaced, as that one is not trained on.

    Args:
        loaded: The model.
        texts: Prompts and completions.
        module: Whose output the autoencoder stands for.
        sae: The autoencoder.

    Raises:
        ConfigError: there is no such module, or there is no completion token.
    """

    def splice(_: str, states: Tensor) -> Tensor:
        flat = states[:, 1:].flatten(0, 1)
        parts = [sae.decode(sae.encode(h.float().cpu())) for h in flat.split(_POSITIONS)]
        new = torch.cat(parts).to(states).view_as(states[:, 1:])
        return torch.cat([states[:, :1], new], dim=1)

    def erase(_: str, states: Tensor) -> Tensor:
        return torch.cat([states[:, :1], torch.zeros_like(states[:, 1:])], dim=1)

    texts = [t for t in texts if len(t.completion)]
    if not texts:
        raise ConfigError("the texts hold no completion token: pass at least one response")
    lengths = np.array([len(t.completion) for t in texts], dtype=np.float64)
    clean = _losses(loaded, texts)
    with hooked(loaded.model, [module], splice):
        spliced = _losses(loaded, texts)
    with hooked(loaded.model, [module], erase):
        erased = _losses(loaded, texts)
    share = signed_ratio_interval(erased - spliced, erased - clean)
    means = [float(sums.sum() / lengths.sum()) for sums in (clean, spliced, erased)]
    return LossRecovered(
        loss_clean=means[0],
        loss_spliced=means[1],
        loss_zero=means[2],
        recovered=None if share is None else share.value,
        recovered_low=None if share is None else share.low,
        recovered_high=None if share is None else share.high,
        n_texts=len(texts),
        n_positions=int(lengths.sum()),
    )


def _losses(loaded: LoadedModel, texts: Sequence[Text]) -> FloatArray:
    """Return the negative log-likelihood of each completion in nats, (texts,), hooks at work."""
    model = loaded.model
    losses = np.zeros(len(texts))
    for part in length_batches(texts, _BATCH_TOKENS):
        ids, mask = pad_texts([texts[i] for i in part], 0)
        owner = torch.tensor(part).repeat_interleave(mask.sum(1))
        # Not the fused forward pass, which calls no hook.
        states = model.base_model(input_ids=ids.to(model.device), use_cache=False)
        hidden = states.last_hidden_state[mask.to(model.device)]
        targets = torch.cat([torch.as_tensor(texts[i].completion) for i in part])
        for h, target, text in zip(
            *(t.split(_POSITIONS) for t in (hidden, targets, owner)), strict=True
        ):
            logits = output_logits(model, h).float().cpu()
            chosen = logits.gather(1, target[:, None])[:, 0] - logits.logsumexp(1)
            np.subtract.at(losses, text.numpy(), chosen.double().numpy())
    return losses
