import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Cell, Domain, Skill
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.divergence import (
    HIGH_JS,
    TERMS,
    CellText,
    divergence_terms,
    measure,
    measure_divergence,
    ratio_interval,
)
from metaprobe.probes.divergence import terms as divergence_module

FIRST, SECOND = CELLS[0], Cell(Domain.CODING, Skill.DIAGNOSTIC)


def reference_terms(base, tuned, tokens):
    """The same numbers from scipy, in float64."""
    p, q = special.softmax(base, axis=1), special.softmax(tuned, axis=1)
    mixture = (p + q) / 2
    at = np.arange(len(tokens))
    ranks = [stats.rankdata(-x, axis=1, method="min")[at, tokens] for x in (base, tuned)]
    return {
        "kl_forward": special.rel_entr(p, q).sum(1),
        "kl_reverse": special.rel_entr(q, p).sum(1),
        "js": (special.rel_entr(p, mixture) + special.rel_entr(q, mixture)).sum(1) / 2,
        "top1_agreement": base.argmax(1) == tuned.argmax(1),
        "rank_shift": np.abs(ranks[1] - ranks[0]),
        "entropy": special.entr(q).sum(1),
        "entropy_base": special.entr(p).sum(1),
    }


def random_logits(positions, vocabulary, scale, name):
    rng = numpy_rng_for("test-divergence", name)
    base = (4 * rng.standard_normal((positions, vocabulary))).astype(np.float32)
    tuned = base + (scale * rng.standard_normal(base.shape)).astype(np.float32)
    return base, tuned, rng.integers(0, vocabulary, positions)


def terms_of(base, tuned, tokens):
    terms = divergence_terms(*(torch.from_numpy(x) for x in (base, tuned, tokens)))
    return {name: value.numpy() for name, value in terms.items()}


@pytest.fixture(scope="module")
def tiny_model(tiny_qwen3, tiny_tokenizer):
    return LoadedModel(name="tiny", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)


def perturbed(loaded):
    """A copy with small changes in all weights."""
    model = copy.deepcopy(loaded.model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=generator))
    return replace(loaded, name="tuned", model=model)


@pytest.fixture(scope="module")
def tuned_model(tiny_model):
    return perturbed(tiny_model)


@pytest.fixture(scope="module")
def texts(tiny_model):
    rng = numpy_rng_for("test-divergence", "texts")
    size = len(tiny_model.tokenizer)

    def text():
        prompt, completion = (rng.integers(0, size, rng.integers(1, 40)).tolist() for _ in "ab")
        return Text(prompt, completion)

    return [CellText((FIRST, SECOND)[i % 3 == 0], text()) for i in range(14)]


@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.0, 6.0])
def test_terms_agree_with_scipy_in_float64(scale):
    base, tuned, tokens = random_logits(300, 257, scale, f"scipy{scale}")
    expected = reference_terms(base.astype(np.float64), tuned.astype(np.float64), tokens)
    terms = terms_of(base, tuned, tokens)
    assert tuple(terms) == TERMS
    for name in TERMS:
        np.testing.assert_allclose(terms[name], expected[name], rtol=1e-7, atol=1e-14, err_msg=name)


def test_two_tokens_have_the_divergence_worked_out_by_hand():
    # p = (1/2, 1/2), q = (1/4, 3/4), mixture (3/8, 5/8)
    base = np.log([[0.5, 0.5]]).astype(np.float32) + 3
    tuned = np.log([[0.25, 0.75]]).astype(np.float32) - 5
    terms = terms_of(base, tuned, np.array([0]))
    ln2, ln3, ln5 = np.log([2, 3, 5])
    assert terms["kl_forward"][0] == pytest.approx(ln2 - ln3 / 2, rel=1e-6)
    assert terms["kl_reverse"][0] == pytest.approx(0.75 * ln3 - ln2, rel=1e-6)
    mixture = -(3 / 8) * (ln3 - 3 * ln2) - (5 / 8) * (ln5 - 3 * ln2)
    entropy = 2 * ln2 - 0.75 * ln3
    assert terms["entropy_base"][0] == pytest.approx(ln2, rel=1e-6)
    assert terms["entropy"][0] == pytest.approx(entropy, rel=1e-6)
    assert terms["js"][0] == pytest.approx(mixture - (ln2 + entropy) / 2, rel=1e-5)
    assert terms["rank_shift"][0] == 1  # of two equals, none is greater


def test_gaussian_bins_have_the_divergence_of_the_gaussians():
    # KL(N(a, s²) || N(b, s²)) = (a - b)² / (2 s²)
    grid = np.linspace(-12, 12, 4001)
    base, tuned = (-((grid - m) ** 2)[None].astype(np.float64) / 2 for m in (0.0, 0.3))
    terms = terms_of(base, tuned, np.array([2000]))
    assert terms["kl_forward"][0] == pytest.approx(0.045, rel=1e-6)
    assert terms["kl_reverse"][0] == pytest.approx(0.045, rel=1e-6)


def test_a_distribution_does_not_diverge_from_itself():
    base, _, tokens = random_logits(200, 500, 0.0, "self")
    terms = terms_of(base, base + np.float32(8), tokens)
    for name in ("kl_forward", "kl_reverse", "js"):
        assert terms[name].max() < 1e-10, name
    same = terms_of(base, base.copy(), tokens)
    assert same["kl_forward"].max() == same["kl_reverse"].max() == 0
    assert same["js"].max() < 1e-14
    assert same["rank_shift"].max() == 0
    assert same["top1_agreement"].min() == 1


@pytest.mark.parametrize("scale", [1e-6, 1e-5, 1e-4])
def test_a_tiny_divergence_is_half_the_variance_of_the_change(scale):
    rng = numpy_rng_for("test-divergence", "tiny")
    base = 3 * rng.standard_normal((100, 300))
    change = scale * rng.standard_normal(base.shape)
    terms = terms_of(base, base + change, np.zeros(100, dtype=np.int64))
    p = special.softmax(base, axis=1)
    variance = (p * change**2).sum(1) - (p * change).sum(1) ** 2
    for name, share in (("kl_forward", 2), ("kl_reverse", 2), ("js", 8)):
        np.testing.assert_allclose(terms[name], variance / share, rtol=1e-2, atol=3e-15)
        assert terms[name].min() >= 0


def test_disjoint_and_masked_distributions_stay_finite():
    base = np.array([[0.0, -np.inf, -np.inf], [90.0, -90.0, 0.0]], dtype=np.float32)
    tuned = np.array([[-np.inf, 0.0, -np.inf], [-90.0, 90.0, 0.0]], dtype=np.float32)
    terms = terms_of(base, tuned, np.array([0, 1]))
    np.testing.assert_allclose(terms["js"], np.log(2), rtol=1e-12)
    np.testing.assert_allclose(terms["kl_forward"], [700, 180], rtol=1e-12)
    np.testing.assert_array_equal(terms["top1_agreement"], 0)
    np.testing.assert_array_equal(terms["rank_shift"], [1, 2])


def test_logits_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 4\)"):
        divergence_terms(torch.zeros(2, 3), torch.zeros(2, 4), torch.zeros(2, dtype=torch.long))


def test_blocks_do_not_change_the_terms(monkeypatch):
    base, tuned, tokens = random_logits(97, 50, 1.0, "blocks")
    whole = terms_of(base, tuned, tokens)
    monkeypatch.setattr(divergence_module, "_BLOCK_ENTRIES", {"cpu": 1})
    for name, value in terms_of(base, tuned, tokens).items():
        np.testing.assert_allclose(value, whole[name], rtol=1e-13, atol=1e-14)


def reference_rows(base, tuned, text):
    """Terms of one text, from whole unpadded forward passes."""
    ids = torch.tensor([[*text.prompt, *text.completion]])
    with torch.no_grad():
        logits = [m.model(input_ids=ids).logits[0].double().numpy() for m in (base, tuned)]
    start = len(text.prompt) - 1
    stop = start + len(text.completion)
    return reference_terms(*(x[start:stop] for x in logits), np.array(text.completion))


@pytest.mark.parametrize("kind", ["tiny_qwen3", "tiny_llama", "tiny_gpt2"])
def test_means_agree_with_whole_passes_over_single_texts(kind, tiny_model, texts, request):
    base = replace(tiny_model, model=request.getfixturevalue(kind))
    tuned = perturbed(base)
    result = measure_divergence(base, tuned, texts[:9], texts[9:])
    for summary, part in ((result.base_text, texts[:9]), (result.own_text, texts[9:])):
        rows = [reference_rows(base, tuned, t.text) for t in part]
        joined = {name: np.concatenate([r[name] for r in rows]) for name in TERMS}
        assert summary.n_texts == len(part)
        assert summary.n_positions == sum(len(t.text.completion) for t in part)
        for name in TERMS:
            assert getattr(summary, name) == pytest.approx(joined[name].mean(), rel=1e-4), name
        assert summary.high_js_share == pytest.approx((joined["js"] > HIGH_JS).mean(), abs=0.02)
        assert 0 < summary.high_js_share < 1
        assert summary.kl_forward_low < summary.kl_forward < summary.kl_forward_high


def test_cells_are_the_divergence_of_their_own_texts(tiny_model, tuned_model, texts):
    result = measure_divergence(tiny_model, tuned_model, texts, texts[:4])
    assert {(Cell(c.domain, c.skill), c.text) for c in result.per_cell} == {
        (cell, kind) for cell in (FIRST, SECOND) for kind in ("base", "own")
    }
    row = next(c for c in result.per_cell if c.skill is SECOND.skill and c.text == "base")
    part = [t for t in texts if t.cell == SECOND]
    alone = measure_divergence(tiny_model, tuned_model, part, part).base_text
    assert row.model_dump(exclude={"domain", "skill", "text"}) == pytest.approx(
        alone.model_dump(), rel=1e-5
    )
    positions = sum(c.n_positions for c in result.per_cell if c.text == "base")
    assert positions == result.base_text.n_positions


def test_batches_and_padding_do_not_change_the_numbers(tiny_model, tuned_model, texts, monkeypatch):
    whole = measure_divergence(tiny_model, tuned_model, texts, texts[:3])
    monkeypatch.setattr(measure, "_BATCH_TOKENS", 1)
    monkeypatch.setattr(measure, "_LOGIT_POSITIONS", 7)
    single = measure_divergence(tiny_model, tuned_model, texts[::-1], texts[:3])
    assert single.base_text.model_dump() == pytest.approx(whole.base_text.model_dump(), rel=1e-4)


def test_a_model_does_not_diverge_from_itself(tiny_model, texts):
    summary = measure_divergence(tiny_model, tiny_model, texts, texts).base_text
    assert summary.kl_forward == summary.kl_reverse == summary.rank_shift == 0
    assert summary.js < 1e-14
    assert (summary.kl_forward_low, summary.kl_forward_high) == (0, 0)
    assert summary.top1_agreement == 1
    assert summary.entropy == summary.entropy_base > 0


def test_an_empty_completion_counts_nowhere(tiny_model, tuned_model, texts):
    empty = CellText(CELLS[7], Text([1, 2, 3], []))
    plain = measure_divergence(tiny_model, tuned_model, texts, texts)
    assert measure_divergence(tiny_model, tuned_model, [*texts, empty], texts) == plain


def test_one_text_has_no_interval(tiny_model, tuned_model, texts):
    summary = measure_divergence(tiny_model, tuned_model, texts[:1], texts).base_text
    assert summary.kl_forward_low is None
    assert summary.kl_forward_high is None


def test_bad_texts_are_refused_in_one_line(tiny_model, texts):
    size = len(tiny_model.tokenizer)
    cases = {
        "no completion token": [CellText(FIRST, Text([1], []))],
        "empty prompt": [CellText(FIRST, Text([], [1]))],
        rf"token {size}.*vocabulary of {size}": [CellText(FIRST, Text([1], [size]))],
    }
    for words, bad in cases.items():
        with pytest.raises(
            ConfigError, match=f"^[^\n]*own text[^\n]*{words}|own texts[^\n]*{words}"
        ):
            measure_divergence(tiny_model, tiny_model, texts, bad)


def test_different_vocabularies_are_refused_by_their_sizes(tiny_model, texts):
    shape = copy.deepcopy(tiny_model.model.config)
    shape.vocab_size += 64
    larger = replace(tiny_model, name="larger", model=type(tiny_model.model)(shape).eval())
    size = len(tiny_model.tokenizer)
    with pytest.raises(ConfigError, match=f"^tiny has[^\n]* {size} [^\n]*larger[^\n]* {size + 64}"):
        measure_divergence(tiny_model, larger, texts, texts)


def test_a_model_that_gives_nan_is_named(tiny_model, texts):
    broken = replace(tiny_model, name="broken", model=copy.deepcopy(tiny_model.model))
    with torch.no_grad():
        broken.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(InputError, match=r"^broken: its logits are not finite"):
        measure_divergence(tiny_model, broken, texts, texts)


@pytest.mark.parametrize(
    ("n", "spread", "least"), [(8, 0.5, 0.93), (8, 1, 0.85), (40, 1, 0.89), (160, 1, 0.92)]
)
def test_the_interval_covers_the_ratio_as_often_as_documented(n, spread, least):
    rng = numpy_rng_for("test-divergence", "coverage", n, spread)
    # Texts differ in length and, log-normally, in divergence; longer ones diverge less.
    lengths = 1.0 + rng.poisson(60 * rng.gamma(4, 0.25, (2000, n)))
    totals = lengths * np.exp(spread * rng.standard_normal((2000, n))) * (60 / lengths) ** 0.3
    many = 1 + rng.poisson(60 * rng.gamma(4, 0.25, 1_000_000))
    true = np.exp(spread**2 / 2) * ((60 / many) ** 0.3 * many).sum() / many.sum()
    intervals = [ratio_interval(*row) for row in zip(totals, lengths, strict=True)]
    covered = np.mean([i.low <= true <= i.high for i in intervals])
    assert least <= covered <= 0.97


def test_a_single_text_or_none_has_no_ratio_interval():
    assert ratio_interval(np.ones(1), np.ones(1)) is None
    assert ratio_interval(np.zeros(3), np.ones(3)) == (0, 0, 0, 3)
