"""Training of a sparse autoencoder on batches of activations."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from torch import Tensor

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for, seed_for
from metaprobe.models.runtime import torch
from metaprobe.probes.features.activations import ActivationStore, TokenKind
from metaprobe.probes.features.sae import (
    Parameters,
    Sae,
    SaeConfig,
    auxiliary_loss,
    batch_top_k,
    jump_relu,
    pre_activations,
    reconstruction_loss,
)

VERSION = 2
"""Raised whenever the same activations and settings would give another autoencoder."""

TRAINED_KINDS = (TokenKind.PROMPT, TokenKind.RESPONSE)
"""Kinds of tokens that are trained on: others' norms would outweigh everything."""

_FIRST_ROWS = 16_384
_HELD_ROWS = 4096
_ENCODER_SCALE = 0.3
_THRESHOLD_MEMORY = 0.99
_AUXILIARY_SHARE = 4


class Progress(NamedTuple):
    """Where the training stands."""

    step: int
    loss: float
    """Mean square of the error, in units of the activations' mean square."""
    dead: float
    """Share of features that have not fired in `dead_after` rows."""


class _Step(NamedTuple):
    loss: float
    residual: Tensor
    fired: Tensor
    least: float


def held_out_shards(store: ActivationStore) -> range:
    """Return the last shards, with a tenth of the rows or more, which nothing is trained on.

    Raises:
        ConfigError: there is one shard only.
    """
    rows = [sum(store.index.texts[t].tokens for t in texts) for texts in store.index.shards]
    if len(rows) < 2:
        raise ConfigError(f"{store.folder}: one shard cannot be split: collect more items")
    start = len(rows) - 1
    while start > 1 and 10 * sum(rows[start:]) < sum(rows):
        start -= 1
    return range(start, len(rows))


def held_out_texts(store: ActivationStore) -> list[int]:
    """Return the numbers of the texts that are held out."""
    return [text for shard in held_out_shards(store) for text in store.index.shards[shard]]


def held_out_rows(store: ActivationStore, module: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield held-out activations (B, D) in float32 with the text that each row is of, (B,)."""
    for shard in held_out_shards(store):
        places = store.places(shard)
        mask = torch.isin(places.kind, torch.tensor(TRAINED_KINDS))
        rows = store.read(module, shard)[mask].float()
        yield from zip(rows.split(_HELD_ROWS), places.text[mask].split(_HELD_ROWS), strict=True)


def activation_batches(store: ActivationStore, module: str, config: SaeConfig) -> Iterator[Tensor]:
    """Yield batches (B, D) of a module's activations in float32, mixed, without end.

    As many shards as fit into half of the memory are mixed at a time.

    Args:
        store: The activations.
        module: Whose output.
        config: Its `batch`, `memory_mb` and `seed` count.

    Raises:
        ConfigError: there are too few shards or rows.
        InputError: a shard is damaged.
    """
    kept = held_out_shards(store).start
    chosen = torch.tensor(TRAINED_KINDS)

    def rows(shard: int) -> Tensor:
        mask = torch.isin(store.places(shard).kind, chosen)
        return store.read(module, shard)[mask].float()

    largest = max(sum(store.index.texts[t].tokens for t in s) for s in store.index.shards)
    shard_mb = largest * store.index.widths[module] * 4 / 2**20
    together = max(1, int(config.memory_mb / 2 / (2 * shard_mb)))  # mixing makes a copy
    rest = torch.empty(0, store.index.widths[module])
    for epoch in itertools.count():
        rng = numpy_rng_for("sae", "batches", config.seed, epoch)
        order = rng.permutation(kept).tolist()
        seen = 0
        for start in range(0, kept, together):
            group = torch.cat([rest, *(rows(s) for s in order[start : start + together])])
            seen += len(group) // config.batch
            group = group[torch.from_numpy(rng.permutation(len(group)))]
            *whole, rest = group.split(config.batch)
            if len(rest) == config.batch:
                whole, rest = [*whole, rest], rest[:0]
            yield from whole
        if not seen:
            raise ConfigError(
                f"{store.folder}: {len(rest)} rows to train on, fewer than a batch of "
                f"{config.batch}: collect more items or set batch lower"
            )


def train_sae(
    batches: Iterator[Tensor],
    config: SaeConfig,
    *,
    models: int = 1,
    start: Sae | None = None,
    device: torch.device | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Sae:
    """Train an autoencoder on `config.steps` batches of activations (B, D) in float32.

    Args:
        batches: As many as steps, at least.
        config: The settings; `expansion` is that of one model.
        models: Of how many models the activations stand side by side: their directions begin
            alike.
        start: Begins from this one, of the same widths and kind, where it is given; from random
            directions otherwise.
        device: Where it is trained; the CPU where None. There, and without Matryoshka, the loss
            of `batchtopk` is taken at the active entries alone.
        progress: Told where it stands after every step.

    Raises:
        ConfigError: `start` is of another width.
        InputError: activations are not finite or do not vary.
    """
    device = device or torch.device("cpu")
    first = list(itertools.islice(batches, -(-_FIRST_ROWS // config.batch)))
    sample = torch.cat(first).to(device)
    if not bool(sample.isfinite().all()):
        raise InputError("the activations are not finite: collect them again")
    scale = float(sample.square().mean().sqrt())
    if not float(sample.var(0).sum()) > 0:
        raise InputError("the activations do not vary: take another module")
    if start is None:
        parameters = _start(sample / scale, config, models)
    elif start.width == sample.shape[1]:
        parameters = _in_units(start, 1 / scale, device)
    else:
        raise ConfigError(f"an autoencoder of width {start.width} cannot go on at {len(sample[0])}")
    trainer = _Trainer(parameters, config)
    stream = itertools.islice(itertools.chain(first, batches), config.steps)
    for step, batch in enumerate(stream):
        progress(trainer.step(step, batch.to(device) / scale))
    return trainer.finish(scale)


class _Trainer:
    def __init__(self, parameters: Parameters, config: SaeConfig) -> None:
        self.config = config
        self.parameters = parameters
        self.trained = [p.requires_grad_() for p in self.parameters[:4]]
        if config.kind == "jumprelu":
            self.trained.append(self.parameters.threshold.requires_grad_())
        self.optimiser = torch.optim.Adam(self.trained, lr=0.0, fused=True)
        features = len(self.parameters.decoder)
        self.idle = torch.zeros(features, dtype=torch.long, device=parameters.decoder.device)
        self.dead_after = config.dead_rows(features)
        self.threshold = 0.0
        self.least = 0.0
        plain = config.kind == "batchtopk" and not config.prefixes
        self.sparse = plain and parameters.decoder.device.type == "cpu"
        self.part_rows = max(1, config.memory_mb * 2**20 // 2 // (4 * features))

    def step(self, number: int, x: Tensor) -> Progress:
        config, parameters = self.config, self.parameters
        done = self._sparse(x) if self.sparse else self._dense(x)
        dead = (self.idle > self.dead_after).nonzero()[:, 0]
        if len(dead) and config.auxiliary:
            # Its products are dense: they stay below a quarter of the encoder's.
            held = min(self.part_rows, len(x)) * len(self.idle)
            rows = max(1, held // (_AUXILIARY_SHARE * len(dead)))
            loss = auxiliary_loss(parameters, x, done.residual, dead, rows)
            (config.auxiliary * loss).backward()
        self.idle += len(x)
        self.idle[done.fired > 0] = 0
        self._update(number)
        if config.resample and len(dead) and (number + 1) % (-(-self.dead_after // len(x))) == 0:
            self._resample(x, done.residual, dead)
        if config.kind == "batchtopk":
            # The mean over the steps so far, until there are enough to forget the first ones.
            memory = min(_THRESHOLD_MEMORY, number / (number + 1))
            self.threshold = memory * self.threshold + (1 - memory) * done.least
            self.least = done.least
        return Progress(number, done.loss, len(dead) / len(self.idle))

    @torch.no_grad()
    def finish(self, scale: float) -> Sae:
        """Return the autoencoder in the units of the activations."""
        found = Parameters(*(p.detach() for p in self.parameters))
        if self.config.kind == "batchtopk":
            threshold = torch.full_like(found.threshold, self.threshold)
            found = found._replace(threshold=threshold)
        return Sae(parameters=_in_units(Sae(parameters=found), scale, torch.device("cpu")))

    def _sparse(self, x: Tensor) -> _Step:
        from metaprobe.probes.features.sparse import sparse_gradients  # numba takes a second

        for p in self.trained:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        encoder, bias, decoder, origin, _ = self.parameters
        return _Step(
            *sparse_gradients(
                (encoder, bias, decoder, origin),
                x,
                self.config.k,
                guess=self.least,
                part_rows=self.part_rows,
            )
        )

    def _dense(self, x: Tensor) -> _Step:
        config, parameters = self.config, self.parameters
        self.optimiser.zero_grad()
        pre = pre_activations(parameters, x)
        penalty = torch.zeros((), device=x.device)
        if config.kind == "batchtopk":
            active = batch_top_k(pre, config.k)
        else:
            active, count = jump_relu(pre, parameters.threshold, config.bandwidth)
            penalty = config.sparsity * (count.mean() / config.k - 1).square()
        ends = tuple(max(1, int(share * pre.shape[1])) for share in sorted(config.prefixes))
        loss, residual = reconstruction_loss(parameters, x, active, ends)
        (loss + penalty).backward()
        kept = active.detach()
        least = float(kept[kept > 0].min()) if bool((kept > 0).any()) else 0.0
        return _Step(float(loss.detach()), residual.detach(), (kept > 0).sum(0), least)

    def _update(self, number: int) -> None:
        config, decoder = self.config, self.parameters.decoder
        rise = (number + 1) / max(1.0, config.warm_up * config.steps)
        fall = (config.steps - number) / max(1.0, config.decay * config.steps)
        # Gao and others, arXiv 2406.04093, section 2.4: the best rate falls as 1 / sqrt(F).
        rate = config.learning_rate * math.sqrt(2**14 / len(decoder))
        self.optimiser.param_groups[0]["lr"] = rate * min(1.0, rise, fall)
        with torch.no_grad():
            # A step along a direction would be undone by the norm, and spoil Adam's averages.
            if decoder.grad is not None:
                along = torch.linalg.vecdot(decoder.grad, decoder)[:, None]
                decoder.grad.addcmul_(decoder, along, value=-1)
            self.optimiser.step()
            decoder.div_(torch.linalg.vector_norm(decoder, dim=1, keepdim=True))
            if config.kind == "jumprelu":
                self.parameters.threshold.clamp_(min=1e-4)

    @torch.no_grad()
    def _resample(self, x: Tensor, residual: Tensor, dead: Tensor) -> None:
        """Point dead features at rows drawn by the square of their error (Bricken et al., 2023)."""
        encoder, bias, decoder, _, _ = self.parameters
        error = residual.square().sum(1)
        generator = torch.Generator(x.device).manual_seed(
            seed_for("sae", "resample", self.config.seed, int(self.idle.sum()))
        )
        chosen = torch.multinomial(error, len(dead), replacement=True, generator=generator)
        directions = torch.nn.functional.normalize(-residual[chosen], dim=1)
        decoder[dead], encoder[dead], bias[dead] = directions, _ENCODER_SCALE * directions, 0.0
        for p in (encoder, bias, decoder):
            for name in ("exp_avg", "exp_avg_sq"):
                self.optimiser.state[p][name][dead] = 0.0
        self.idle[dead] = 0


def _in_units(sae: Sae, scale: float, device: torch.device) -> Parameters:
    """Return a copy of an autoencoder's parameters for activations times `scale`."""
    encoder, bias, decoder, origin, threshold = sae.parameters
    found = (encoder, bias * scale, decoder, origin * scale, threshold * scale)
    return Parameters(*(p.detach().clone().to(device) for p in found))


def _start(sample: Tensor, config: SaeConfig, models: int) -> Parameters:
    """Return random unit directions around the mean; the encoder is a part of the decoder."""
    width = sample.shape[1]
    features = config.expansion * (width // models)
    generator = torch.Generator().manual_seed(seed_for("sae", "start", config.seed))
    directions = torch.randn(features, width // models, generator=generator).repeat(1, models)
    decoder = torch.nn.functional.normalize(directions, dim=1).to(sample.device)
    return Parameters(
        encoder=_ENCODER_SCALE * decoder,
        encoder_bias=torch.zeros(features, device=sample.device),
        decoder=decoder,
        decoder_bias=sample.mean(0),
        threshold=torch.full((features,), 0.1 / math.sqrt(width), device=sample.device),
    )
