"""Loading causal language models: a shipped nano base, a folder or a hub name; safetensors only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.models.folders import resolve_model, weight_files
from metaprobe.models.runtime import default_device, torch

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json")

Model = Any
"""A transformers causal language model; the library's own classes are not typed."""


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model in evaluation mode with its tokenizer."""

    name: str
    """As the user wrote it."""
    folder: Path | None
    """Where it was read from; None for a hub name."""
    model: Model
    tokenizer: Any

    @property
    def device(self) -> torch.device:
        """The device that the weights are on."""
        return torch.device(self.model.device)

    @property
    def parameters(self) -> int:
        """Number of parameters, tied ones counted once."""
        return sum(p.numel() for p in self.model.parameters())


def load_model(name: str, *, dtype: torch.dtype | None = None) -> LoadedModel:
    """Load a causal language model and its tokenizer for evaluation.

    Args:
        name: `nano/...`, `smol/...`, a folder, or a hub name.
        dtype: of the weights; as stored where None.

    Raises:
        ConfigError: there is no such model.
        InputError: its files are incomplete or damaged, or a tensor is missing or has another
            shape than its config says.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    told = logging.get_verbosity()
    folder = resolve_model(name)
    source = str(folder) if folder else name
    if folder:
        check_weights(folder)
        check_tokenizer(folder)
    try:
        logging.set_verbosity_error()  # what it would warn of is an error here
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model, found = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype or "auto",
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        kind = InputError if folder else ConfigError
        raise kind(f"cannot load model {name!r}: {reason}") from error
    finally:
        logging.set_verbosity(told)
    _check_loaded(name, found)
    model.eval()
    model.to(default_device())
    return LoadedModel(name=name, folder=folder, model=model, tokenizer=tokenizer)


def _check_loaded(name: str, found: dict[str, Any]) -> None:
    # What a file lacks, or holds in another shape, would be filled with random numbers.
    for tensor, stored, wanted in sorted(found["mismatched_keys"]):
        raise InputError(
            f"{name}: tensor {tensor!r} has shape {tuple(stored)} and should have {tuple(wanted)} "
            "by its config.json; copy weights and config of the same model"
        )
    for tensor in sorted(found["missing_keys"]):
        raise InputError(f"{name}: tensor {tensor!r} is in none of its files; copy them again")


def check_weights(folder: Path) -> None:
    """Open every weight file of a model folder.

    Raises:
        InputError: one is missing or is not a readable safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    for path in weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                file.keys()
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path}: not a readable safetensors file ({error})") from error


def check_tokenizer(folder: Path) -> None:
    """Look for the files of a tokenizer.

    Raises:
        InputError: there are none.
    """
    # Without any of these files transformers makes a tokenizer with an empty vocabulary.
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise InputError(f"{folder}: no tokenizer in it; copy tokenizer.json from the base model")
