"""Edits while sampling against forward passes of whole texts that are edited in the same way."""

import copy
import dataclasses
from typing import Any

import pytest

from metaprobe.core.errors import ConfigError
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Request, sample_from
from metaprobe.models.sampling import Sampling
from metaprobe.probes.features.activations import hooked
from metaprobe.probes.features.interventions import (
    Edit,
    EditedDecoder,
    Patch,
    patch,
    scale,
    steer,
    subset,
    turned,
)
from metaprobe.probes.features.sae import Parameters, Sae

MODULE = "model.layers.0"
CPU = torch.device("cpu")
SPECIAL = [0, 2]
GREEDY = Sampling(temperature=0, samples=1, max_new_tokens=6)
PROMPTS = [[35, 9, 30], [37, 11, 13, 1, 19], [40, 2, 42, 43]]


@pytest.fixture
def loaded(tiny_qwen3: Any, tiny_tokenizer: Any) -> LoadedModel:
    return LoadedModel(name="tiny", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)


@pytest.fixture
def base(tiny_llama: Any, tiny_tokenizer: Any) -> LoadedModel:
    return LoadedModel(name="base", folder=None, model=tiny_llama, tokenizer=tiny_tokenizer)


@pytest.fixture
def sae() -> Sae:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    directions = torch.nn.functional.normalize(normal(40, 32), dim=1)
    return Sae(
        parameters=Parameters(
            normal(40, 32), normal(40), directions, normal(32), normal(40).abs() / 4
        )
    )


def completions(loaded: LoadedModel, edit: Edit | Patch | None) -> list[list[int]]:
    decoder = EditedDecoder(loaded, MODULE, edit)
    requests = [Request(str(n), prompt) for n, prompt in enumerate(PROMPTS)]
    found = sample_from(lambda _: decoder, requests, GREEDY, stop=-1, pad=0)
    return [group[0].tokens for group in found]


def one_by_one(loaded: LoadedModel, change: Any) -> list[list[int]]:
    """Greedy tokens from forward passes of the whole text, no cache and no padding."""
    texts = []
    for prompt in PROMPTS:
        ids = list(prompt)
        for _ in range(GREEDY.max_new_tokens):

            def see(_: str, h: torch.Tensor, ids: list[int] = ids) -> torch.Tensor:
                special = torch.isin(torch.tensor(ids), torch.tensor(SPECIAL))
                new = change(h, ids)
                return torch.stack(
                    [h[:, n] if n == 0 or special[n] else new[:, n] for n in range(len(ids))], dim=1
                )

            with torch.inference_mode(), hooked(loaded.model, [MODULE], see):
                logits = loaded.model(input_ids=torch.tensor([ids]), use_cache=False).logits
            ids = [*ids, int(logits[0, -1].argmax())]
        texts.append(ids[len(prompt) :])
    return texts


def features_of(sae: Sae, h: torch.Tensor, chosen: list[int]) -> torch.Tensor:
    """The chosen features (1, T, F), by the formula of the autoencoder."""
    p = sae.parameters
    pre = (h - p.decoder_bias) @ p.encoder.T + p.encoder_bias
    return torch.where((pre > p.threshold) & (pre > 0), pre, 0.0)[..., chosen]


@pytest.mark.parametrize("factor", [0.0, 4.0])
def test_scaling_is_seen_at_every_token_but_the_first_and_the_templates(
    loaded: LoadedModel, sae: Sae, factor: float
) -> None:
    chosen = [3, 17, 8, 21, 30]

    def change(h: torch.Tensor, _: list[int]) -> torch.Tensor:
        f = features_of(sae, h, chosen)
        return h + (factor - 1) * f @ sae.parameters.decoder[chosen]

    found = completions(loaded, scale(subset(sae, chosen, CPU), factor))
    assert found == one_by_one(loaded, change)
    assert found != completions(loaded, None)


def test_steering_adds_the_direction(loaded: LoadedModel) -> None:
    direction = torch.linspace(-1, 1, 32)
    found = completions(loaded, steer(direction, 3.0))
    assert found == one_by_one(loaded, lambda h, _: h + 3.0 * direction)
    assert found != completions(loaded, None)


def test_patching_takes_the_bases_features_on_the_same_tokens(
    loaded: LoadedModel, base: LoadedModel, sae: Sae
) -> None:
    chosen = [1, 2, 5, 9, 33, 38]

    def change(h: torch.Tensor, ids: list[int]) -> torch.Tensor:
        seen: list[torch.Tensor] = []
        with hooked(base.model, [MODULE], lambda _, states: seen.append(states)):
            base.model(input_ids=torch.tensor([ids]), use_cache=False)
        difference = features_of(sae, seen[0], chosen) - features_of(sae, h, chosen)
        return h + difference @ sae.parameters.decoder[chosen]

    part = subset(sae, chosen, CPU)
    found = completions(loaded, patch(part, base))
    assert found == one_by_one(loaded, change)
    assert found != completions(loaded, None)
    assert completions(loaded, patch(part, loaded)) == completions(loaded, None)


def test_an_edit_that_changes_nothing_leaves_the_responses(loaded: LoadedModel, sae: Sae) -> None:
    assert completions(loaded, scale(subset(sae, [4], CPU), 1.0)) == completions(loaded, None)


def test_turned_features_move_states_as_far_and_elsewhere(sae: Sae) -> None:
    part = subset(sae, [3, 17, 8], CPU)
    other = turned(part, "one")
    states = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(1))
    moves = [scale(p, 0.0)(states) - states for p in (part, other, turned(part, "two"))]
    norms = [m.norm(dim=-1) for m in moves]
    assert norms[0].max() > 0.5
    for move, norm in zip(moves[1:], norms[1:], strict=True):
        torch.testing.assert_close(norm, norms[0])
        assert (move - moves[0]).norm() > 0.5 * moves[0].norm()
    assert (moves[1] - moves[2]).norm() > 0.5 * moves[0].norm()
    torch.testing.assert_close(turned(part, "one").parameters.decoder, other.parameters.decoder)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("model.layers.9", "no module 'model.layers.9'; did you mean"),
        ("model.layers.0.self_attn.q_norm", "does not return one state for each token"),
        ("model.layers.0.mlp.down_proj.weight", "no module"),
    ],
)
def test_modules_that_cannot_be_edited_are_told(
    loaded: LoadedModel, module: str, words: str
) -> None:
    decoder = EditedDecoder(loaded, module, lambda h: h)
    with pytest.raises(ConfigError, match=words):
        decoder.prefill(torch.tensor([[1, 2]]), torch.tensor([2]))


@pytest.mark.parametrize("chosen", [[], [40], [-1], [2, 2]])
def test_features_that_there_are_not_are_told(sae: Sae, chosen: list[int]) -> None:
    with pytest.raises(ConfigError, match="name different ones from 0 to 39"):
        subset(sae, chosen, CPU)


def test_a_base_of_another_shape_is_told(loaded: LoadedModel, base: LoadedModel, sae: Sae) -> None:
    wider = copy.deepcopy(base.model)
    wider.config.hidden_size = 64
    edit = patch(subset(sae, [1], CPU), dataclasses.replace(base, model=wider))
    with pytest.raises(ConfigError, match="base has other layers, width or vocabulary than tiny"):
        EditedDecoder(loaded, MODULE, edit)
