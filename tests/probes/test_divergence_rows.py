"""The two ways to compare rows of logits, and what is derived from single positions."""

import copy
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaprobe.benchmark.freeze import build_benchmark
from metaprobe.core.results import Divergence
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, parse_cells
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.divergence import CellText, measure_divergence, reference_texts
from metaprobe.probes.divergence.terms import (
    COLUMNS,
    TOP_K,
    position_terms,
    terms_by_blocks,
    terms_by_kernel,
)

KL_COLUMNS = [COLUMNS.index(name) for name in ("kl_forward", "kl_reverse", "js")]


def logits_of(positions, vocabulary, scale, name, dtype=torch.float32):
    rng = numpy_rng_for("test-divergence-rows", name)
    base = 4 * rng.standard_normal((positions, vocabulary))
    tuned = base + scale * rng.standard_normal(base.shape)
    tokens = torch.from_numpy(rng.integers(0, vocabulary, positions))
    return torch.from_numpy(base).to(dtype), torch.from_numpy(tuned).to(dtype), tokens


def exact(base, tuned):
    """Forward KL, reverse KL and JS of one row with 40 digits."""
    with mpmath.workdps(40):
        rows = [[mpmath.exp(mpmath.mpf(float(x))) for x in row] for row in (base, tuned)]
        p, q = ([x / mpmath.fsum(row) for x in row] for row in rows)
        m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]

        def kl(a, b):
            return mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(a, b, strict=True))

        return np.array([float(v) for v in (kl(p, q), kl(q, p), (kl(p, m) + kl(q, m)) / 2)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e-3, 0.3, 1.0, 8.0])
@pytest.mark.parametrize("vocabulary", [2, 7, 300, 1031])
def test_kernel_and_blocks_agree(vocabulary, scale, dtype):
    base, tuned, tokens = logits_of(40, vocabulary, scale, f"{vocabulary}/{scale}", dtype)
    base[3, 20:] = -torch.inf
    tuned[4, 0] = -torch.inf
    found, expected = (f(base, tuned, tokens) for f in (terms_by_kernel, terms_by_blocks))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=2e-14)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_formats_are_widened_first(dtype):
    base, tuned, tokens = logits_of(30, 500, 0.2, str(dtype), dtype)
    found = position_terms(base, tuned, tokens)
    assert torch.equal(found, position_terms(base.float(), tuned.float(), tokens))
    half_wide = position_terms(base, tuned.float(), tokens)
    assert torch.equal(found, half_wide)


@pytest.mark.parametrize("scale", [3e-5, 1.5e-3, 0.02, 0.5])
def test_divergences_down_to_a_billionth_are_right_to_a_millionth(scale):
    base, tuned, tokens = logits_of(4, 200, scale, f"exact/{scale}")
    found = terms_by_kernel(base, tuned + 5, tokens)[:, KL_COLUMNS].numpy()
    for row, *logits in zip(found, base, tuned + 5, strict=True):
        np.testing.assert_allclose(row, exact(*logits), rtol=1e-6)


@given(st.data())
def test_divergences_are_never_negative(data):
    logit = st.floats(-60, 60, width=32) | st.just(-np.inf)
    size = data.draw(st.integers(2, 12))
    base = data.draw(st.lists(logit, min_size=size, max_size=size))
    nudges = st.floats(-(2.0**-13), 2.0**-13, width=32) | logit
    moves = data.draw(st.lists(nudges, min_size=size, max_size=size))
    finite = np.isfinite(base) & np.isfinite(moves)
    tuned = np.where(finite, np.add(base, moves), moves).tolist()
    rows = torch.tensor([[*base, 0.0], [*tuned, 0.0]], dtype=torch.float32)
    found = terms_by_kernel(rows[:1], rows[1:], torch.zeros(1, dtype=torch.long))
    assert found[0, KL_COLUMNS].min() >= 0
    assert found[0, KL_COLUMNS[2]] <= np.log(2) * (1 + 1e-12)
    swapped = terms_by_kernel(rows[1:], rows[:1], torch.zeros(1, dtype=torch.long))
    torch.testing.assert_close(swapped[0, [1, 0, 2]], found[0, KL_COLUMNS], rtol=1e-9, atol=1e-14)


def test_bfloat16_softmax_goes_negative_where_ours_does_not():
    base, tuned, tokens = logits_of(64, 4000, 0.03, "bfloat16")
    logs = [x.bfloat16().log_softmax(1) for x in (base, tuned)]
    naive = (logs[0].exp() * (logs[0] - logs[1])).sum(1)
    assert naive.min() < 0
    assert terms_by_kernel(base, tuned, tokens)[:, KL_COLUMNS].min() > 1e-6


def test_nan_and_rows_without_a_finite_logit_are_nan_in_both_ways():
    base, tuned, tokens = logits_of(5, 20, 0.5, "broken")
    base[0, 3] = torch.nan
    tuned[1, 0] = torch.nan
    base[2] = -torch.inf
    tuned[3, 5] = torch.inf
    found, expected = (f(base, tuned, tokens) for f in (terms_by_kernel, terms_by_blocks))
    for name in ("kl_forward", "kl_reverse", "js", "entropy", "entropy_base"):
        column = COLUMNS.index(name)
        assert torch.equal(found[:, column].isnan(), expected[:, column].isnan()), name
    assert found[0].isnan().any()
    assert not found[4].isnan().any()


def test_overlap_is_the_share_of_common_greatest_tokens():
    base, tuned, tokens = logits_of(60, 90, 1.0, "overlap")
    found = position_terms(base, tuned, tokens)[:, COLUMNS.index("top_k_overlap")]
    for value, *rows in zip(found.tolist(), base.numpy(), tuned.numpy(), strict=True):
        first, second = (set(np.argsort(-row)[:TOP_K].tolist()) for row in rows)
        assert value == len(first & second) / TOP_K
    assert found.min() < 0.8 < found.max()
    few = position_terms(base[:, :4], tuned[:, :4], tokens % 4)
    assert few[:, COLUMNS.index("top_k_overlap")].eq(1).all()


def test_threads_do_not_change_the_terms(monkeypatch):
    base, tuned, tokens = logits_of(70, 100, 0.5, "threads")
    single = terms_by_kernel(base, tuned, tokens)
    monkeypatch.setattr("metaprobe.probes.divergence.terms._THREAD_ENTRIES", 500)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert torch.equal(terms_by_kernel(base, tuned, tokens), single)


@pytest.fixture(scope="module")
def pair(tiny_qwen3, tiny_tokenizer):
    base = LoadedModel(name="tiny", folder=None, model=tiny_qwen3, tokenizer=tiny_tokenizer)
    model = copy.deepcopy(tiny_qwen3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.05)
    return base, replace(base, name="tuned", model=model)


@pytest.fixture(scope="module")
def texts(pair):
    rng = numpy_rng_for("test-divergence-rows", "texts")
    size = len(pair[0].tokenizer)
    lengths = [1, 2, 3, 9, 25, 60]
    return [
        CellText(CELLS[n % 2], Text(rng.integers(0, size, 5).tolist(), ids.tolist()))
        for n, ids in enumerate(rng.integers(0, size, length) for length in lengths)
    ]


def positions(pair, texts):
    """The `COLUMNS` at every position of every text, from whole unpadded passes."""
    rows = []
    for _, (prompt, completion) in texts:
        ids = torch.tensor([[*prompt, *completion]])
        with torch.no_grad():
            logits = [m.model(input_ids=ids).logits[0, len(prompt) - 1 : -1] for m in pair]
        rows.append(terms_by_blocks(*logits, torch.tensor(completion)).numpy())
    return rows


def test_the_legacy_estimator_is_the_published_formula(pair, texts):
    per_text = []
    for rows in positions(pair, texts):
        tuned, base = (np.exp(rows[1:, COLUMNS.index(f"token_logprob{x}")]) for x in ("", "_base"))
        if len(tuned):
            per_text.append(np.mean(np.log(tuned + 1e-10) - np.log(base + 1e-10)))
    found = measure_divergence(*pair, texts, texts)
    assert found.own_text.legacy_kl == pytest.approx(abs(np.mean(per_text)), rel=1e-4)
    alone = measure_divergence(*pair, texts, texts[:1])
    assert alone.own_text.legacy_kl is None  # its first token is not counted


def test_the_profile_divides_every_text_by_its_length(pair, texts):
    found = measure_divergence(*pair, texts, texts[1:3], texts[3:])
    rows = positions(pair, texts)
    js, kl = COLUMNS.index("js"), COLUMNS.index("kl_forward")
    own = [place for place in found.profile if place.text == "base"]
    assert sum(p.n_positions for p in own if p.unit == "share") == sum(map(len, rows))
    for place in own:
        chosen, spoken = [], 0
        for text in rows:
            offset = np.arange(len(text))
            at = offset if place.unit == "token" else offset / len(text) + 1e-9
            chosen.append(text[(place.start <= at) & (at < place.stop)])
            spoken += len(chosen[-1]) > 0
        joined = np.concatenate(chosen)
        assert (place.n_positions, place.n_texts) == (len(joined), spoken)
        assert place.js == pytest.approx(joined[:, js].mean(), rel=1e-4)
        assert place.kl_forward == pytest.approx(joined[:, kl].mean(), rel=1e-4)
    starts = [(p.unit, p.start) for p in own]
    assert starts == [("token", n) for n in range(4)] + [("share", n / 10) for n in range(10)]


def test_given_solutions_are_a_third_text(pair, texts):
    found = measure_divergence(*pair, texts[:2], texts[2:4], texts[4:])
    alone = measure_divergence(*pair, texts[4:], texts[2:4])
    assert found.reference_text.model_dump() == pytest.approx(alone.base_text.model_dump())
    assert {row.text for row in found.per_cell} == {"base", "own", "reference"}
    assert alone.reference_text is None


def test_entropy_change_and_its_interval_may_be_negative(pair, texts):
    there = measure_divergence(*pair, texts, texts).base_text
    back = measure_divergence(*pair[::-1], texts, texts).base_text
    assert there.entropy_change == pytest.approx(there.entropy - there.entropy_base)
    assert there.entropy_change == pytest.approx(-back.entropy_change, rel=1e-6)
    assert there.entropy_change_low == pytest.approx(-back.entropy_change_high, rel=1e-6)
    for name in ("js", "kl_reverse", "rank_shift", "top1_agreement", "top_k_overlap"):
        ends = [getattr(there, f"{name}{end}") for end in ("_low", "", "_high")]
        assert ends == sorted(ends)
        assert ends[0] < ends[2], name


def test_results_without_the_newer_fields_are_still_read(pair, texts):
    whole = measure_divergence(*pair, texts, texts).model_dump()
    old = {
        "kl_forward", "kl_reverse", "js", "top1_agreement", "rank_shift", "entropy",
        "entropy_base", "high_js_share", "kl_forward_low", "kl_forward_high", "n_texts",
        "n_positions", "domain", "skill", "text",
    }  # fmt: skip
    kept = {
        name: {key: value for key, value in whole[name].items() if key in old}
        for name in ("base_text", "own_text")
    }
    cells = [{k: v for k, v in row.items() if k in old} for row in whole["per_cell"]]
    read = Divergence.model_validate({**kept, "per_cell": cells})
    assert read.profile is read.reference_text is read.base_text.legacy_kl is None


def test_references_end_in_the_gold_and_the_end_of_the_turn():
    base = load_model("nano/qwen3")
    items = build_benchmark("nano", items_per_cell=1, cells=parse_cells(["*/calculation"])).items
    for item, (cell, text) in zip(items, reference_texts(base, items, 0), strict=True):
        written = base.tokenizer.decode(text.completion)
        assert cell == item.cell
        assert written.startswith(item.long[0])
        assert f"\\boxed{{{item.answer.render()}}}." in written
        assert text.completion[-1] == base.tokenizer.eos_token_id
