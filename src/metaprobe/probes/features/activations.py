"""Activations of a model on responses, written to disk once and read by everything after.

A folder holds `index.json` and shards in safetensors: for each module a tensor (rows, D) as the
model computes it, and for each row the number of its text, its place there, its token and its kind.
Which texts a shard holds depends on the texts alone, so that a collection that was stopped goes on
with the next shard and ends with the same bytes.
"""

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from metaprobe.core.errors import ConfigError, InputError, StorageError, nearest
from metaprobe.core.files import atomic_path, read_json, write_json
from metaprobe.core.streams import numpy_rng_for, short_hash
from metaprobe.core.vocabulary import Cell, Domain, Skill, Verdict
from metaprobe.models.loading import LoadedModel, Model
from metaprobe.models.logprobs import Text, length_batches, pad_texts
from metaprobe.models.runtime import torch
from metaprobe.probes.representation import ItemText

VERSION = 2
"""Raised whenever the same model and texts would give another index or other shards."""

SHARD_TOKENS = 16_384
"""Rows of a shard, unless the texts of a single item have more."""
_BATCH_TOKENS = 4096
_PLACES = {"text": torch.int32, "position": torch.int32, "token": torch.int32, "kind": torch.uint8}
_INDEX = "index.json"


class _AllRead(Exception):
    """Raised from inside a model to leave out the layers above the last module that is read."""


class TokenKind(IntEnum):
    """What a row was read at; each row has the first kind that fits."""

    FIRST = 0
    """The first token of a text, whose norm is often far from all others'."""
    SPECIAL = 1
    """A token of the template."""
    PROMPT = 2
    RESPONSE = 3


class TextEntry(BaseModel):
    """One text of the index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str
    domain: Domain
    skill: Skill
    tokens: int
    """Rows of the text: prompt and response."""
    verdict: Verdict | None
    """Of the response; None where it was not graded."""

    @property
    def cell(self) -> Cell:
        """The cell of the item."""
        return Cell(self.domain, self.skill)


class ActivationIndex(BaseModel):
    """What `index.json` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    model: str
    """As the user wrote it."""
    weights: str
    """SHA-256 of the model's parameters."""
    widths: dict[str, int]
    """Width of what each module returns."""
    dtype: str
    """Of the activations, such as `float32`."""
    texts: list[TextEntry]
    shards: list[list[int]]
    """Numbers of the texts of each shard."""
    digest: str
    """Names all that the shards depend on."""

    @property
    def rows(self) -> int:
        """Rows of all shards."""
        return sum(t.tokens for t in self.texts)

    @property
    def bytes(self) -> int:
        """What the tensors of all shards take on disk."""
        places = sum(dtype.itemsize for dtype in _PLACES.values())
        entry: int = getattr(torch, self.dtype).itemsize
        return self.rows * (places + entry * sum(self.widths.values()))


class Places(NamedTuple):
    """Where the rows of a shard were read, each of shape (rows,)."""

    text: Tensor
    """Number of the text in the index."""
    position: Tensor
    token: Tensor
    kind: Tensor
    """A `TokenKind`."""


def plan_activations(
    loaded: LoadedModel, texts: Sequence[ItemText], modules: Sequence[str]
) -> ActivationIndex:
    """Return the index of a collection before anything is collected; `bytes` is its size.

    Args:
        loaded: The model.
        texts: What it reads.
        modules: Names of modules as in `named_modules`, such as `model.layers.3`.

    Raises:
        ConfigError: there is no such module or no text, a text is empty, or a module returns
            anything else than one state for each token.
    """
    if not texts or not modules:
        raise ConfigError("activations need at least one text and one module: name both")
    entries = []
    for item, cell, text, verdict in texts:
        tokens = len(text.prompt) + len(text.completion)
        if not len(text.prompt):
            raise ConfigError(f"item {item} of {cell} has an empty prompt: begin it with a token")
        entries.append(
            TextEntry(
                item=item, domain=cell.domain, skill=cell.skill, tokens=tokens, verdict=verdict
            )
        )
    probe = torch.zeros(1, 3, dtype=torch.long)
    widths = {name: h.shape[-1] for name, h in module_states(loaded.model, modules, probe).items()}
    weights = weights_hash(loaded.model)
    dtype = str(loaded.model.dtype).removeprefix("torch.")
    read = [(t.item, *t.text.prompt, -1, *t.text.completion) for t in texts]
    return ActivationIndex(
        version=VERSION,
        model=loaded.name,
        weights=weights,
        widths=widths,
        dtype=dtype,
        texts=entries,
        shards=_shards(entries),
        digest=short_hash(VERSION, weights, sorted(widths.items()), dtype, read),
    )


def collect_activations(
    loaded: LoadedModel,
    texts: Sequence[ItemText],
    modules: Sequence[str],
    folder: Path,
    *,
    limit_mb: int = 4096,
    progress: Callable[[float], None] = lambda _: None,
) -> "ActivationStore":
    """Write the activations of all texts, but for shards that a former call has written.

    Args:
        loaded: The model.
        texts: What it reads.
        modules: Names of modules whose output is kept.
        folder: Where the shards go; it may hold a part of the same collection.
        limit_mb: The most that the shards may take.
        progress: Told the share of the rows that are done.

    Raises:
        ConfigError: see `plan_activations`; or the shards would exceed the limit, or the folder
            holds the activations of something else.
        StorageError: the disk has less room than the shards take.
        InputError: the states are not finite.
    """
    index = plan_activations(loaded, texts, modules)
    size = index.bytes / 2**20
    if size > limit_mb:
        raise ConfigError(
            f"the activations of {index.rows:,} tokens would take {size:,.0f} MB, the limit is "
            f"{limit_mb:,}: take fewer items or modules, or raise the limit"
        )
    if (folder / _INDEX).exists() and _read_index(folder).digest != index.digest:
        raise ConfigError(f"{folder}: holds the activations of something else; name another folder")
    missing = [n for n in range(len(index.shards)) if not _shard_path(folder, n).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free / 2**20
        if free < size * len(missing) / len(index.shards):
            raise StorageError(f"{folder}: {free:,.0f} MB are free, {size:,.0f} MB are needed")
    write_json(folder / _INDEX, index.model_dump(mode="json"))
    done = index.rows - sum(index.texts[t].tokens for n in missing for t in index.shards[n])
    for number in missing:
        tensors = _shard(loaded, [texts[t].text for t in index.shards[number]], list(index.widths))
        tensors["text"] = torch.tensor(index.shards[number], dtype=torch.int32)[tensors["text"]]
        with atomic_path(_shard_path(folder, number)) as path:
            save_file(tensors, path, {"digest": index.digest})
        done += len(tensors["text"])
        progress(done / index.rows)
    return ActivationStore(folder)


class ActivationStore:
    """A folder of activations.

    Raises:
        InputError: the folder has no index, or a shard is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = _read_index(folder)
        for number in range(len(self.index.shards)):
            path = _shard_path(folder, number)
            if not path.is_file():
                raise InputError(f"{path}: missing; collect the activations again, it goes on here")

    def read(self, module: str, shard: int) -> Tensor:
        """Return the activations (rows, D) of a module in a shard, as stored.

        Raises:
            ConfigError: the module was not collected.
            InputError: the shard is damaged.
        """
        if module not in self.index.widths:
            known = ", ".join(self.index.widths)
            raise ConfigError(f"{self.folder}: no activations of {module!r}, only of {known}")
        return self._tensors(shard, (_key(module),))[0]

    def places(self, shard: int) -> Places:
        """Return where the rows of a shard were read.

        Raises:
            InputError: the shard is damaged.
        """
        return Places(*self._tensors(shard, tuple(_PLACES)))

    def texts(self, numbers: Collection[int]) -> dict[int, Text]:
        """Return those of the texts that have a response, by number.

        The prompt ends before the first token of the response that is not a special one.

        Args:
            numbers: Of texts in the index.

        Raises:
            InputError: a shard is damaged.
        """
        found = {}
        for shard, held in enumerate(self.index.shards):
            if not (wanted := set(numbers) & set(held)):
                continue
            places = self.places(shard)
            for number in wanted:
                mine = places.text == number
                tokens = places.token[mine].tolist()
                starts = (places.kind[mine] == TokenKind.RESPONSE).nonzero()
                if len(starts):
                    start = int(starts[0])
                    found[number] = Text(tokens[:start], tokens[start:])
        return found

    def _tensors(self, shard: int, names: Sequence[str]) -> list[Tensor]:
        path = _shard_path(self.folder, shard)
        rows = sum(self.index.texts[t].tokens for t in self.index.shards[shard])
        try:
            with safe_open(path, framework="pt") as file:
                told = (file.metadata() or {}).get("digest")
                found = [file.get_tensor(name) for name in names]
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path}: damaged ({error}); remove it and collect again") from error
        if told != self.index.digest or any(len(t) != rows for t in found):
            raise InputError(f"{path}: not of this index; remove it and collect again")
        return found


def block_names(model: Model) -> list[str]:
    """Return the names of the model's layers, first to last, as modules.

    They are the only list of modules with as many entries as the model has layers.

    Raises:
        ConfigError: there is no such list.
    """
    count = model.config.get_text_config().num_hidden_layers
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return [f"{name}.{n}" for n in range(count)]
    raise ConfigError("the model has no list of layers: name its modules instead")


def layer_name(loaded: LoadedModel, layer: int | None) -> str:
    """Return the name of a layer as a module: the first is 1, the middle one where None.

    Raises:
        ConfigError: the model has no such layer.
    """
    names = block_names(loaded.model)
    number = (len(names) + 1) // 2 if layer is None else layer
    if not 1 <= number <= len(names):
        raise ConfigError(f"layer {number}: {loaded.name} has layers 1 to {len(names)}")
    return names[number - 1]


def weights_hash(model: Model) -> str:
    """Return the SHA-256 of a model's parameters with their names."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.named_parameters()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def _shards(texts: Sequence[TextEntry]) -> list[list[int]]:
    """Deal items to shards in a random order, all texts of an item to the same."""
    items: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        items.setdefault(text.item, []).append(number)
    groups = list(items.values())
    shards: list[list[int]] = [[]]
    room = SHARD_TOKENS
    for place in numpy_rng_for("activations", len(groups)).permutation(len(groups)).tolist():
        tokens = sum(texts[n].tokens for n in groups[place])
        if shards[-1] and tokens > room:
            shards.append([])
            room = SHARD_TOKENS
        shards[-1] += groups[place]
        room -= tokens
    return shards


@torch.inference_mode()
def _shard(loaded: LoadedModel, texts: Sequence[Text], modules: Sequence[str]) -> dict[str, Tensor]:
    """Return the tensors of a shard; `text` counts in the shard."""
    special = torch.tensor(loaded.tokenizer.all_special_ids, dtype=torch.long)
    parts: dict[str, list[Tensor]] = {name: [] for name in (*_PLACES, *map(_key, modules))}
    for batch in length_batches(texts, _BATCH_TOKENS):
        # The padding is never seen: attention is causal and padding stands on the right.
        ids, _ = pad_texts([texts[t] for t in batch], 0)
        prompts = torch.tensor([len(texts[t].prompt) for t in batch])[:, None]
        lengths = prompts + torch.tensor([len(texts[t].completion) for t in batch])[:, None]
        place = torch.arange(ids.shape[1]).expand_as(ids)
        kind = torch.where(place < prompts, int(TokenKind.PROMPT), int(TokenKind.RESPONSE))
        kind[torch.isin(ids, special)] = TokenKind.SPECIAL
        kind[:, 0] = TokenKind.FIRST
        mask = place < lengths
        text = torch.tensor(batch)[:, None].expand_as(ids)
        for name, values in zip(_PLACES, (text, place, ids, kind), strict=True):
            parts[name].append(values[mask])
        for name, states in module_states(loaded.model, modules, ids).items():
            kept = states.cpu()[mask]
            if not bool(kept.isfinite().all()):
                raise InputError(
                    f"{loaded.name}: what {name} returns is not finite; its weights "
                    "are damaged or the training diverged, take an earlier stage"
                )
            parts[_key(name)].append(kept)
    tensors = {name: torch.cat(found) for name, found in parts.items()}
    return tensors | {name: tensors[name].to(dtype) for name, dtype in _PLACES.items()}


@torch.inference_mode()
def module_states(model: Model, modules: Sequence[str], ids: Tensor) -> dict[str, Tensor]:
    """Return what each module returns for ids (B, T), of shape (B, T, D).

    Raises:
        ConfigError: there is no such module, or it returns anything else.
    """
    found: dict[str, Tensor] = {}

    def see(name: str, states: Tensor) -> None:
        found[name] = states
        if len(found) == len(modules):
            raise _AllRead

    with suppress(_AllRead), hooked(model, modules, see):
        model.base_model(input_ids=ids.to(model.device), use_cache=False)
    for name in modules:
        if name not in found or found[name].shape[:2] != ids.shape or found[name].ndim != 3:
            raise ConfigError(
                f"module {name!r} does not return one state for each token: name a layer"
            )
    return found


@contextmanager
def hooked(
    model: Model, modules: Sequence[str], see: Callable[[str, Tensor], Tensor | None]
) -> Iterator[None]:
    """Let `see` look at what modules return, and replace it where it returns a tensor.

    Args:
        model: The model.
        modules: Names of modules as in `named_modules`.
        see: Given the name of the module and what it returns; of a tuple, the first entry.

    Raises:
        ConfigError: there is no such module; the nearest name is told.
    """
    known = dict(model.named_modules())
    handles = []

    def hook(name: str) -> Callable[..., Any]:
        def call(_: object, __: object, output: Any) -> Any:
            states = output[0] if isinstance(output, tuple) else output
            new = see(name, states) if isinstance(states, Tensor) else None
            if new is None:
                return None
            return (new, *output[1:]) if isinstance(output, tuple) else new

        return call

    for name in modules:
        if name not in known:
            raise ConfigError(f"the model has no module {name!r}{nearest(name, known)}")
    try:
        handles += [known[name].register_forward_hook(hook(name)) for name in modules]
        yield
    finally:
        for handle in handles:
            handle.remove()


def _key(module: str) -> str:
    # Apart from the names of places, whatever a module is called.
    return f"module:{module}"


def _shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.safetensors"


def _read_index(folder: Path) -> ActivationIndex:
    found = read_json(folder / _INDEX)
    version = found.get("version") if isinstance(found, dict) else None
    if version != VERSION:
        raise InputError(
            f"{folder / _INDEX}: of version {version!r}, only {VERSION} is read; "
            "remove the folder and collect the activations again"
        )
    try:
        return ActivationIndex.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{folder / _INDEX}: {where}: {first['msg']}") from error
