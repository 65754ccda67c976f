"""An autoencoder trained on collected activations, measured, and kept in a folder."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from metaprobe.core.config import parse_config
from metaprobe.core.files import read_json, write_json
from metaprobe.core.results import SaeTraining
from metaprobe.core.streams import short_hash
from metaprobe.models.loading import LoadedModel
from metaprobe.models.sampling import Sampling
from metaprobe.probes.features import train
from metaprobe.probes.features.activations import ActivationStore
from metaprobe.probes.features.metrics import loss_recovered, sae_quality
from metaprobe.probes.features.sae import Sae, SaeConfig
from metaprobe.probes.features.store import CONFIG, load_sae, save_sae
from metaprobe.probes.representation import ItemText

TRAINING = "training.json"
SAE = "sae"


def fit_sae(
    loaded: LoadedModel,
    texts: Sequence[ItemText],
    store: ActivationStore,
    config: SaeConfig,
    sampling: Sampling,
    *,
    start: Sae | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Sae, SaeTraining]:
    """Train an autoencoder on the only module of a store, and measure it.

    Args:
        loaded: The model.
        texts: What it read for the store.
        store: Its activations.
        config: How the autoencoder is trained.
        sampling: How the responses among the texts were drawn.
        start: Begins from this one instead of random directions.
        tell: Told what is being done.

    Raises:
        ConfigError: see `activation_batches`.
        InputError: a shard is damaged, or see `train_sae`.
    """
    (module,) = store.index.widths
    last = train.Progress(0, 0.0, 0.0)

    def note(now: train.Progress) -> None:
        nonlocal last
        last = now
        tell(f"step {now.step + 1} of {config.steps}, error {now.loss:.4f}")

    began = time.process_time()
    batches = train.activation_batches(store, module, config)
    sae = train.train_sae(batches, config, start=start, device=loaded.device, progress=note)
    seconds = time.process_time() - began
    tell("measuring")
    held = [texts[n].text for n in train.held_out_texts(store)]
    return sae, SaeTraining(
        model=store.index.model,
        weights=store.index.weights,
        module=module,
        loss=last.loss,
        dead=last.dead,
        rows=config.steps * config.batch,
        samples=sampling.samples,
        max_new_tokens=sampling.max_new_tokens,
        cpu_seconds=seconds,
        quality=sae_quality(sae, train.held_out_rows(store, module)),
        loss_recovered=loss_recovered(loaded, held, module, sae),
    )


def fit_key(store: ActivationStore, config: SaeConfig, start: str | None = None) -> str:
    """Return a hash of all that decides a trained autoencoder.

    Args:
        store: What it is trained on.
        config: How.
        start: Key of the one that it begins from.
    """
    return short_hash("sae", train.VERSION, store.index.digest, config.model_dump_json(), start)


def write_fit(
    folder: Path,
    sae: Sae,
    found: SaeTraining,
    store: ActivationStore,
    config: SaeConfig,
    key: str | None = None,
) -> None:
    """Write `training.json` and, in the format of SAELens, `sae/`, whose config comes last.

    Args:
        folder: Where they go.
        sae: The autoencoder.
        found: What was measured of it.
        store: What it was trained on.
        config: How.
        key: Of `fit_key`, by which it is found again.

    Raises:
        StorageError: they cannot be written.
    """
    write_json(folder / TRAINING, found.model_dump(mode="json"))
    metadata = {
        "model_name": found.model,
        "hook_name": found.module,
        "weights_sha256": found.weights,
        "activations": store.index.digest,
        "training": config.model_dump(mode="json"),
        "l0": found.quality.l0,
        "explained_variance": found.quality.explained_variance,
        "key": key,
    }
    save_sae(folder / SAE, sae, metadata)


def read_fit(folder: Path, key: str | None = None) -> tuple[Sae, SaeTraining, str] | None:
    """Return what `write_fit` has written and its key; None where there is nothing of that key.

    Args:
        folder: Where it is.
        key: Of `fit_key`, as it stands in the metadata; any where None.

    Raises:
        InputError: a file is damaged.
        ConfigError: `training.json` is not one.
    """
    if not (folder / SAE / CONFIG).is_file() or not (folder / TRAINING).is_file():
        return None
    sae, metadata = load_sae(folder / SAE)
    found = str(metadata.get("key"))
    if key not in (None, found):
        return None
    place = folder / TRAINING
    return sae, parse_config(SaeTraining, read_json(place), str(place)), found
