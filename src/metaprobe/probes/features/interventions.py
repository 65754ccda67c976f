"""Edits of what a module returns while the model samples, and the responses that come of them.

With h the state of a token, S a set of features of an autoencoder, f their values at h and d their
directions:

- ablate: h - sum over S of f d; the rest of h, what no feature explains included, stays;
- amplify by a factor c: h + (c - 1) sum over S of f d;
- patch base to tuned: h + sum over S of (f at the base's state - f) d, the base reading the same
  tokens beside the tuned model;
- steer: h + alpha times a direction.

Every token is edited, prompt and response alike, but the first of a text and those of the template:
autoencoders are not trained on these. Models are run through transformers, since the fused decoder
calls no hook; what is compared with an edited model has to be sampled in the same way
(`sample_edited` without an edit).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl
from torch import Tensor

from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError
from metaprobe.core.streams import seed_for
from metaprobe.models.decoding import Decoder, HuggingFaceDecoder
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import Majority, measure_responses
from metaprobe.probes.features.activations import hooked
from metaprobe.probes.features.sae import Parameters, Sae

Edit = Callable[[Tensor], Tensor]
"""From the states (B, T, D) that a module returns to those that the model goes on with."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """An edit that also sees what the base computes on the same tokens."""

    base: LoadedModel
    change: Callable[[Tensor, Tensor], Tensor]
    """From the states (B, T, D) and those of the base to those that the model goes on with."""


def sample_edited(
    loaded: LoadedModel,
    items: Sequence[Item],
    sampling: Sampling,
    majority: Majority,
    *,
    module: str,
    edit: Edit | Patch | None,
) -> pl.DataFrame:
    """Sample and grade responses while what a module returns is edited.

    The random streams are those of `measure_responses`: an item and a sample have the same random
    numbers under each edit and without one.

    Args:
        loaded: The model.
        items: What is asked.
        sampling: How responses are drawn.
        majority: Baselines, as for `measure_responses`.
        module: Name of the module as in `named_modules`, such as `model.layers.3`.
        edit: What is done to its states; None leaves them as they are.

    Returns:
        The table of `measure_responses`.

    Raises:
        ConfigError: there is no such module, it does not return one state for each token or is not
            run, or a base of a patch reads other tokens.
    """
    decoder = EditedDecoder(loaded, module, edit)
    return measure_responses(loaded, items, sampling, majority, decoder=decoder)


def scale(features: Sae, factor: float) -> Edit:
    """Return the edit that multiplies features by a factor; 0 ablates them.

    Args:
        features: The set, as `subset` returns it.
        factor: Of their values.
    """

    def edit(states: Tensor) -> Tensor:
        return _moved(features, states, (factor - 1) * _values(features, states))

    return edit


def steer(direction: Tensor, alpha: float) -> Edit:
    """Return the edit that adds alpha times a direction (D,) to each state."""

    def edit(states: Tensor) -> Tensor:
        return (states.float() + alpha * direction.to(states.device)).to(states)

    return edit


def patch(features: Sae, base: LoadedModel) -> Patch:
    """Return the edit that gives features the values that they have in the base.

    Args:
        features: The set, as `subset` returns it.
        base: Reads the same tokens as the model that is edited.
    """

    def change(states: Tensor, of_base: Tensor) -> Tensor:
        difference = _values(features, of_base.to(states.device)) - _values(features, states)
        return _moved(features, states, difference)

    return Patch(base=base, change=change)


def subset(sae: Sae, features: Sequence[int], device: torch.device) -> Sae:
    """Return the autoencoder of some of the features.

    Args:
        sae: The autoencoder.
        features: Their numbers.
        device: Where it is to compute.

    Raises:
        ConfigError: there is no feature, one of them twice, or one that the autoencoder lacks.
    """
    chosen = list(features)
    wrong = [n for n in chosen if not 0 <= n < sae.features]
    if not chosen or wrong or len(set(chosen)) < len(chosen):
        told = f"no feature {wrong[0]}" if wrong else f"cannot take features {chosen}"
        raise ConfigError(f"{told}: name different ones from 0 to {sae.features - 1}")
    p = sae.parameters
    parts = (p.encoder[chosen], p.encoder_bias[chosen], p.decoder[chosen], p.decoder_bias)
    return Sae(parameters=Parameters(*(t.to(device) for t in (*parts, p.threshold[chosen]))))


def turned(features: Sae, name: str) -> Sae:
    """Return features that read what they read and write along directions turned at random.

    All directions are turned by one rotation (or reflection), uniform over all of them: whatever
    an edit adds to a state has the same norm at each token, and only its direction is another.
    Source of the sampling: Mezzadri, Notices AMS 54 (2007) 592.

    Args:
        features: The set, as `subset` returns it.
        name: Of the random stream.
    """
    p = features.parameters
    generator = torch.Generator().manual_seed(seed_for("features", "rotation", name))
    drawn = torch.randn(features.width, features.width, generator=generator, dtype=torch.float64)
    q, r = torch.linalg.qr(drawn)
    rotation = q * r.diagonal().sign()
    decoder = (p.decoder.cpu().double() @ rotation).to(p.decoder)
    return Sae(parameters=p._replace(decoder=decoder))


class EditedDecoder:
    """A `Decoder` of a model, through transformers, with an edit of what a module returns.

    Raises:
        ConfigError: see `sample_edited`; for what only running shows, when it first runs.
    """

    def __init__(self, loaded: LoadedModel, module: str, edit: Edit | Patch | None) -> None:
        self.device = loaded.device
        self.module = module
        self.edit = edit
        self.special = torch.tensor(loaded.tokenizer.all_special_ids, device=self.device)
        self.own = HuggingFaceDecoder(loaded.model)
        self.base: HuggingFaceDecoder | None = None
        if isinstance(edit, Patch):
            _check_base(loaded, edit.base)
            self.base = HuggingFaceDecoder(edit.base.model)

    def prefill(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """See `Decoder.prefill`."""
        kept = torch.isin(ids, self.special)
        kept[:, 0] = True
        return self._run(lambda decoder: decoder.prefill(ids, lengths), kept)

    def select(self, rows: Tensor) -> None:
        """See `Decoder.select`."""
        self.own.select(rows)
        if self.base:
            self.base.select(rows)

    def step(self, tokens: Tensor) -> Tensor:
        """See `Decoder.step`."""
        kept = torch.isin(tokens, self.special)[:, None]
        return self._run(lambda decoder: decoder.step(tokens), kept)

    def _run(self, compute: Callable[[Decoder], Tensor], kept: Tensor) -> Tensor:
        """Compute with the edit at work, but for tokens that are kept, (B, T)."""
        edit = self.edit
        if edit is None:
            return compute(self.own)
        of_base: list[Tensor] = []
        if self.base:
            self._hooked(self.base, compute, of_base.append)

        def see(states: Tensor) -> Tensor:
            new = edit.change(states, of_base[0]) if isinstance(edit, Patch) else edit(states)
            return torch.where(kept[..., None], states, new)

        return self._hooked(self.own, compute, see)

    def _hooked(
        self,
        decoder: HuggingFaceDecoder,
        compute: Callable[[Decoder], Tensor],
        see: Callable[[Tensor], Tensor | None],
    ) -> Tensor:
        axes: list[int] = []

        def call(_: str, states: Tensor) -> Tensor | None:
            axes.append(states.ndim)
            return see(states) if states.ndim == 3 else None

        with hooked(decoder.model, [self.module], call):
            logits = compute(decoder)
        if axes != [3]:
            raise ConfigError(
                f"module {self.module!r} does not return one state for each token: name a layer"
            )
        return logits


def _check_base(loaded: LoadedModel, base: LoadedModel) -> None:
    sizes = [m.model.config.get_text_config() for m in (loaded, base)]
    shapes = [(c.num_hidden_layers, c.hidden_size, c.vocab_size) for c in sizes]
    if shapes[0] != shapes[1]:
        raise ConfigError(
            f"{base.name} has other layers, width or vocabulary than {loaded.name}: "
            "name the base that it was trained from"
        )


@torch.inference_mode()
def _values(features: Sae, states: Tensor) -> Tensor:
    """Return the features (B, T, F) of states (B, T, D)."""
    flat = features.encode(states.flatten(0, 1))
    return flat.view(*states.shape[:2], -1)


def _moved(features: Sae, states: Tensor, change: Tensor) -> Tensor:
    """Return states (B, T, D) after a change (B, T, F) of features."""
    moved: Tensor = (states.float() + change @ features.parameters.decoder).to(states)
    return moved
