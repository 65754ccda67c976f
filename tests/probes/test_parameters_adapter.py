import json
from copy import deepcopy

import pytest
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from metaprobe.core.errors import InputError
from metaprobe.models.lora import attach_lora, merged_state
from metaprobe.models.runtime import torch
from metaprobe.probes.parameters import measure_parameters, task_vector_cosine


@pytest.fixture
def adapted(tiny_qwen3, tmp_path):
    """Folders of a base, of an adapter of it, and of both merged by hand-over to peft."""
    base, adapter, merged = (tmp_path / name for name in ("base", "adapter", "merged"))
    tiny_qwen3.save_pretrained(base)
    model = deepcopy(tiny_qwen3)
    wrapped = attach_lora(model, rank=3, alpha=8, stream="test-adapter")
    randomise(model)
    wrapped.save_pretrained(adapter, save_embedding_layers=False)
    state = {n: t.contiguous() for n, t in merged_state(model).items() if n != "lm_head.weight"}
    merged.mkdir()
    save_file(state, merged / "model.safetensors")
    return base, adapter, merged


def randomise(model):
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_" in name:
                parameter.copy_(0.05 * torch.randn_like(parameter))


def assert_alike(one, other):
    assert one.n == other.n
    assert one.relative_norm == pytest.approx(other.relative_norm, rel=1e-5)
    assert one.cosine == pytest.approx(other.cosine, rel=1e-6)
    for here, there in zip(one.per_module, other.per_module, strict=True):
        assert here.name == there.name
        assert here.relative_norm == pytest.approx(there.relative_norm, rel=1e-4)
    for here, there in zip(one.changed, other.changed, strict=True):
        assert here.share == pytest.approx(there.share, abs=5e-3)


def test_an_adapter_is_its_merged_model(adapted):
    base, adapter, merged = adapted
    assert_alike(measure_parameters(base, adapter), measure_parameters(base, merged))
    assert task_vector_cosine(base, adapter, merged).cosine == pytest.approx(1, abs=1e-6)


def test_the_change_of_an_adapter_has_its_rank(adapted):
    base, adapter, merged = adapted
    for stage in (adapter, merged):
        modules = measure_parameters(base, stage, spectra=4).per_module
        found = [m.spectrum for m in modules if m.spectrum]
        assert len(found) == 14
        assert all(s.singular_values[3] < 1e-4 * s.singular_values[2] for s in found)
        assert all(s.effective_rank < 3.01 for s in found)


@pytest.mark.parametrize(
    "settings",
    [
        {"use_rslora": True},
        {"alpha_pattern": {"q_proj": 32}, "rank_pattern": {"layers.1.mlp.up_proj": 2}},
        {"target_modules": ["q_proj", "embed_tokens"]},
    ],
)
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_the_scale_is_that_of_peft(tiny_llama, tmp_path, settings):
    base, adapter, merged = (tmp_path / name for name in ("base", "adapter", "merged"))
    tiny_llama.save_pretrained(base)
    plain = {"r": 4, "lora_alpha": 6, "target_modules": ["q_proj", "up_proj"]}
    wrapped = get_peft_model(deepcopy(tiny_llama), LoraConfig(**plain | settings))
    randomise(wrapped)
    wrapped.save_pretrained(adapter, save_embedding_layers=False)
    wrapped.merge_and_unload().save_pretrained(merged)
    assert_alike(measure_parameters(base, adapter), measure_parameters(base, merged))


def change_config(adapter, **settings):
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"use_dora": True}, "use_dora does more than add B A"),
        ({"peft_type": "IA3"}, "peft_type = 'IA3' does more"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights = 'pissa' does more"),
        ({"lora_alpha": None}, "not an adapter's settings"),
        ({"alpha_pattern": {"(": 1}}, "not an adapter's settings"),
    ],
)
def test_adapters_that_do_more_are_refused(adapted, settings, words):
    base, adapter, _ = adapted
    change_config(adapter, **settings)
    with pytest.raises(InputError, match=words) as caught:
        measure_parameters(base, adapter)
    assert "\n" not in str(caught.value)


def change_tensors(adapter, change):
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    change(tensors, next(n for n in sorted(tensors) if "q_proj.lora_A" in n))
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t, n: t.pop(n), "has B of lora_A and lora_B; it needs both"),
        (lambda t, n: t.update({n: torch.ones(3, 5)}), "do not make up 'model.layers.0"),
        (
            lambda t, n: t.update({n.replace("q_proj", "x"): t[n].clone()}),
            "does not have; name the base",
        ),
        (lambda t, n: t[n].fill_(float("nan")), "adapter: tensor .* is not finite"),
        (lambda t, n: t.clear(), "no lora_A and lora_B tensors"),
    ],
)
def test_adapters_that_do_not_fit_are_named_in_one_line(adapted, change, words):
    base, adapter, _ = adapted
    change_tensors(adapter, change)
    with pytest.raises(InputError, match=words) as caught:
        measure_parameters(base, adapter)
    assert "\n" not in str(caught.value)


def test_saved_modules_stand_in_for_the_base(adapted):
    base, adapter, _ = adapted
    before = measure_parameters(base, adapter)
    name = "model.norm.weight"
    norm = load_file(base / "model.safetensors")[name] + 1
    change_tensors(adapter, lambda t, _: t.update({f"base_model.model.{name}": norm}))
    after = measure_parameters(base, adapter)
    for here, there in zip(before.per_module, after.per_module, strict=True):
        assert (here == there) == (here.name != name)
    assert next(m.changed for m in after.per_module if m.name == name) == 1
