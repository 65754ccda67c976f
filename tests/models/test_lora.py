"""Adapted models against the same models with the adapters merged in."""

import copy
from pathlib import Path
from typing import Any

import pytest

from metaprobe.models.decoding import decoder_for
from metaprobe.models.forward import fusible
from metaprobe.models.logprobs import Text, completion_logprobs, token_logprobs
from metaprobe.models.lora import attach_lora, merged_state
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Request, sample
from metaprobe.models.sampling import Sampling

MODELS = ("tiny_qwen3", "tiny_qwen2", "tiny_llama", "tiny_llama_biased")
TEXTS = [Text([11, 12, 13], [20, 21, 22, 23]), Text([11, 12, 13], [30, 31]), Text([40], [41, 42])]
RANK = 3


def adapted(model: Any, *, trained: bool = True) -> tuple[Any, Any]:
    """A copy of the model with an adapter, which changes it much if it is `trained`."""
    model = copy.deepcopy(model)
    adapter = attach_lora(model, rank=RANK, alpha=6.0, stream="test")
    generator = torch.Generator().manual_seed(1)
    if trained:
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if ".lora_B." in name:
                    weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return model, adapter


def loaded_with(model: Any, state: dict[str, Any]) -> Any:
    """A copy of an ordinary model with other weights."""
    copied = copy.deepcopy(model)
    copied.load_state_dict(state, strict=True)
    return copied


@pytest.mark.parametrize("name", MODELS)
def test_trained_weights_are_rank_times_the_sides_of_each_layer(name: str, request: Any) -> None:
    base = request.getfixturevalue(name)
    model, _ = adapted(base)
    inner = [m for m in base.base_model.modules() if isinstance(m, torch.nn.Linear)]
    expected = sum(RANK * (m.in_features + m.out_features) for m in inner)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == expected
    assert len(inner) == 7 * base.config.num_hidden_layers


@pytest.mark.parametrize("name", MODELS)
def test_a_new_adapter_changes_nothing(name: str, request: Any) -> None:
    base = request.getfixturevalue(name)
    model, _ = adapted(base, trained=False)
    for one, other in zip(*(token_logprobs(m, TEXTS, 0) for m in (model, base)), strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)
    for key, value in merged_state(model).items():
        assert torch.equal(value, base.state_dict()[key]), key


@pytest.mark.parametrize("name", [*MODELS, "tiny_gpt2"])
def test_the_merged_model_computes_what_the_adapted_one_computes(
    name: str, request: Any, recwarn: pytest.WarningsRecorder
) -> None:
    base = request.getfixturevalue(name)
    model, adapter = adapted(base)
    merged = loaded_with(base, merged_state(model))
    ids = torch.tensor([[11, 12, 13, 20, 21, 22, 23]])
    with torch.inference_mode():
        expected = model(input_ids=ids).logits
        torch.testing.assert_close(merged(input_ids=ids).logits, expected, atol=1e-4, rtol=1e-4)
        assert (expected - base(input_ids=ids).logits).abs().max() > 0.1
        whole = copy.deepcopy(adapter).merge_and_unload()  # the library's own merge
        torch.testing.assert_close(whole(input_ids=ids).logits, expected, atol=1e-4, rtol=1e-4)
    found = token_logprobs(model, TEXTS, 0)
    for row, other in zip(found, token_logprobs(merged, TEXTS, 0), strict=True):
        torch.testing.assert_close(row, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_samples_are_those_of_the_adapted_model(name: str, request: Any) -> None:
    model, _ = adapted(request.getfixturevalue(name))
    assert fusible(model)
    assert type(decoder_for(model)).__name__ == "FusedDecoder"
    sampling = Sampling(temperature=1.0, top_p=1.0, samples=8, max_new_tokens=12)
    requests = [Request("a", [11, 12, 13]), Request("b", [40])]
    groups = sample(model.eval(), requests, sampling, stop=-1, pad=0)
    texts = [Text(r.prompt, c.tokens) for r, g in zip(requests, groups, strict=True) for c in g]
    recorded = torch.tensor([x for group in groups for c in group for x in c.logprobs])
    trained, _ = completion_logprobs(model.train(), texts, 0)
    torch.testing.assert_close(trained.detach(), recorded, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_the_library(name: str, request: Any) -> None:
    model, _ = adapted(request.getfixturevalue(name))
    completion_logprobs(model, TEXTS, 0)[0].sum().backward()
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert found
    assert all(".lora_" in n for n in found)
    model.zero_grad()
    total = torch.zeros(())
    for text in TEXTS:
        ids = torch.tensor([[*text.prompt, *text.completion]])
        rows = model(input_ids=ids).logits[0].log_softmax(-1)
        for place in range(len(text.prompt), ids.shape[1]):
            total = total + rows[place - 1, ids[0, place]]
    total.backward()
    for key, grad in found.items():
        expected = model.get_parameter(key).grad
        torch.testing.assert_close(grad, expected, atol=1e-4, rtol=1e-3)


def test_its_first_weights_depend_on_the_stream_alone(tiny_qwen3: Any) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, other = (merged(tiny_qwen3, stream) for stream in ("test", "test"))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[key], other[key]) for key in one)
    third = merged(tiny_qwen3, "another")
    assert not all(torch.equal(one[key], third[key]) for key in one)


def merged(model: Any, stream: str) -> dict[str, Any]:
    model = copy.deepcopy(model)
    attach_lora(model, rank=RANK, alpha=6.0, stream=stream)
    return {n: p for n, p in model.named_parameters() if ".lora_A." in n}


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_the_adapter_is_one_that_the_library_loads(tiny_llama: Any, tmp_path: Path) -> None:
    from peft import PeftModel

    model, adapter = adapted(tiny_llama)
    adapter.save_pretrained(tmp_path, save_embedding_layers=False)
    found = PeftModel.from_pretrained(copy.deepcopy(tiny_llama), tmp_path)
    ids = torch.tensor([[11, 12, 13, 20]])
    with torch.inference_mode():
        logits = (m(input_ids=ids).logits for m in (found, model))
        torch.testing.assert_close(*logits, atol=1e-6, rtol=1e-6)
