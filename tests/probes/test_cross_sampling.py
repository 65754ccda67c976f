"""Two models that write together: the ends of the threshold, the control, a planted position."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from metaprobe.benchmark.freeze import build_benchmark
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import parse_cells
from metaprobe.models.chat import end_of_turn, padding
from metaprobe.models.decoding import decoder_for
from metaprobe.models.loading import LoadedModel, load_model
from metaprobe.models.runtime import torch
from metaprobe.models.sampler import Request, sample, sample_from
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses
from metaprobe.probes.divergence import cross_sampling, measure_cross_sampling

SAMPLING = Sampling(samples=2, max_new_tokens=24, temperature=1.0, top_p=0.9)


def perturbed(loaded, scale=0.05):
    model = copy.deepcopy(loaded.model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(scale * torch.randn(weight.shape, generator=generator))
    return replace(loaded, name="tuned", model=model)


@pytest.fixture(scope="module", params=["tiny_qwen3", "tiny_gpt2"])
def pair(request, tiny_tokenizer):
    model = request.getfixturevalue(request.param)
    base = LoadedModel(name="tiny", folder=None, model=model, tokenizer=tiny_tokenizer)
    return base, perturbed(base)


@pytest.fixture(scope="module")
def items():
    return build_benchmark("nano", items_per_cell=3, cells=parse_cells(["mathematics/*"])).items


def duet(pair, items, sampling=SAMPLING):
    return cross_sampling._Duet(*pair, items, sampling, 0)


def tokens_of(duet, rule):
    """What is written under a rule, and how often a token was the other's choice."""
    written = []
    graded = duet._graded

    def keep(completions, swaps):
        written.extend(completions)
        return graded(completions, swaps)

    duet._graded = keep
    run = duet.run(rule)
    return [[c.tokens for c in group] for group in written], run


def alone(loaded, requests):
    stop, pad = end_of_turn(loaded.tokenizer), padding(loaded.tokenizer)
    found = sample(loaded.model, requests, SAMPLING, stop=stop, pad=pad)
    return [[c.tokens for c in group] for group in found]


def test_threshold_0_is_the_other_model_with_the_same_stream(pair, items):
    both = duet(pair, items)
    written, run = tokens_of(both, both.where_they_differ(0.0))
    assert written == alone(pair[1], both.requests)
    assert written != alone(pair[0], both.requests)
    assert run.share.value == 1


def test_a_threshold_above_ln_2_is_the_model_that_writes(pair, items):
    both = duet(pair, items)
    written, run = tokens_of(both, both.where_they_differ(np.log(2) + 1e-9))
    assert written == alone(pair[0], both.requests)
    assert run.share.value == run.swapped.sum() == 0


def test_a_model_never_swaps_with_itself(pair, items):
    both = duet((pair[0], pair[0]), items)
    written, run = tokens_of(both, both.where_they_differ(0.0))
    assert written == alone(pair[0], both.requests)
    assert run.swapped.sum() == 0


def test_at_random_swaps_its_share_whatever_stands_beside_a_row(pair, items):
    both = duet(pair, items)
    written, run = tokens_of(both, both.at_random(0.3))
    n = run.tokens.sum()
    assert abs(run.swapped.sum() / n - 0.3) < 4 * np.sqrt(0.21 / n)
    part = duet(pair, items[4:7])
    assert tokens_of(part, part.at_random(0.3))[0] == written[4:7]
    assert tokens_of(both, both.at_random(0.0))[0] == alone(pair[0], both.requests)
    assert tokens_of(both, both.at_random(1.0))[0] == alone(pair[1], both.requests)


class Scripted:
    """A decoder that says the next word of its script after each of its own words."""

    device = torch.device("cpu")

    def __init__(self, script):
        self.script = script  # after the word i comes script[i]
        self.last = torch.empty(0)

    def logits(self):
        rows = torch.full((len(self.last), len(self.script)), -9.0)
        return rows.scatter_(1, torch.tensor(self.script)[self.last][:, None], 9.0)

    def prefill(self, ids, lengths):
        self.last = ids[torch.arange(len(ids)), lengths - 1]
        return self.logits()

    def select(self, rows):
        self.last = self.last[rows]

    def step(self, tokens):
        self.last = tokens
        return self.logits()


@pytest.mark.parametrize("swap", [True, False])
def test_one_decisive_position_is_found_and_nothing_else_is_swapped(swap):
    # Both count up; after 3 the first model goes the wrong way, to 7, and the second to 4.
    first = Scripted([1, 2, 3, 7, 5, 6, 9, 8, 9, 9])
    second = Scripted([1, 2, 3, 4, 5, 6, 9, 8, 9, 9])
    requests = [Request("a", [0]), Request("b", [5, 1]), Request("c", [4]), Request("d", [0])]
    sampling = Sampling(samples=2, max_new_tokens=8, temperature=0)
    mixtures = []

    def rule(ours, theirs, rows, step):
        both = cross_sampling._Duet.__new__(cross_sampling._Duet)
        return both.where_they_differ(0.1)([])(ours, theirs, rows, step) & swap

    def decoder_of(batch):
        assert [r.name for r in batch] == ["a", "c", "d", "b"]  # the shortest prompts first
        swapped = torch.zeros(8, 8, dtype=torch.bool)
        mixed = cross_sampling._MixedDecoder(first, second, rule, torch.tensor([0, 2, 6]), swapped)
        mixtures.append(mixed)
        return mixed

    found = sample_from(decoder_of, requests, sampling, stop=9, pad=0)
    written = [[c.tokens for c in group] for group in found]
    if swap:
        expected = [[1, 2, 3, 4, 5, 6, 9], [2, 3, 4, 5, 6, 9], [5, 6, 9], [1, 2, 3, 4, 5, 6, 9]]
    else:
        expected = [[1, 2, 3, 7, 8, 9], [2, 3, 7, 8, 9], [5, 6, 9], [1, 2, 3, 7, 8, 9]]
    assert written == [[row, row] for row in expected]
    places = [[int(p) for p in row.nonzero()[:, 0]] for row in mixtures[0].swapped]
    assert places == ([[3], [3], [], [], [3], [3], [2], [2]] if swap else [[]] * 8)


def test_swaps_of_the_first_token_reach_every_sample():
    first, second = Scripted([1, 3, 3, 3]), Scripted([2, 3, 3, 3])
    swapped = torch.zeros(3, 4, dtype=torch.bool)

    def rule(ours, theirs, rows, step):
        return (ours != theirs).any(1)

    mixed = cross_sampling._MixedDecoder(first, second, rule, torch.tensor([0]), swapped)
    sampling = Sampling(samples=3, max_new_tokens=4, temperature=0)
    (group,) = sample_from(lambda _: mixed, [Request("a", [0])], sampling, stop=3, pad=0)
    assert [c.tokens for c in group] == [[2, 3]] * 3
    assert swapped.tolist() == [[True, False, False, False]] * 3


@pytest.fixture(scope="module")
def nano():
    return load_model("nano/qwen3", dtype=torch.float32)


@pytest.mark.slow
def test_accuracies_are_those_of_the_accuracy_probe(nano):
    items = build_benchmark("nano", items_per_cell=2, cells=parse_cells(["mathematics/*"])).items
    other = perturbed(nano, 0.02)
    sampling = Sampling(samples=1, max_new_tokens=96)
    told = []
    found = measure_cross_sampling(
        nano, other, items, sampling, thresholds=[0.0, 0.7], tell=told.append
    )
    majority = dict.fromkeys([(f"{i.cell}/{i.family}", i.level) for i in items], 0.0)
    tables = [measure_responses(m, items, sampling, majority) for m in (nano, other)]
    accuracy = [(table["verdict"] == "correct").mean() for table in tables]
    assert found.base_accuracy == pytest.approx(accuracy[0])
    assert found.tuned_accuracy == pytest.approx(accuracy[1])
    assert accuracy[0] != accuracy[1]
    assert (found.n_items, found.n_samples) == (10, 1)
    assert told == pytest.approx(np.arange(1, 11) / 10)
    rows = {(row.direction, row.threshold): row for row in found.rows}
    for direction, ends in (("forward", accuracy), ("backward", accuracy[::-1])):
        everything, nothing = rows[direction, 0.0], rows[direction, 0.7]
        assert everything.accuracy == everything.control_accuracy == pytest.approx(ends[1])
        assert nothing.accuracy == nothing.control_accuracy == pytest.approx(ends[0])
        assert everything.delta == pytest.approx(ends[1] - ends[0])
        assert everything.excess == nothing.excess == nothing.swapped_share == 0
        assert everything.excess_low < 0 < everything.excess_high
        assert everything.swapped_tokens == pytest.approx(
            tables[direction == "forward"]["tokens"].list.len().mean()
        )


def test_bad_input_is_refused_in_one_line(nano, items):
    sampling = Sampling(samples=1, max_new_tokens=2)
    for words, arguments in {
        "at least one item": ([], [0.1]),
        r"thresholds \[-0.1\]": (items, [-0.1]),
        r"thresholds \[\]": (items, []),
    }.items():
        with pytest.raises(ConfigError, match=f"^[^\n]*{words}[^\n]*$"):
            measure_cross_sampling(nano, nano, arguments[0], sampling, thresholds=arguments[1])
    broken = replace(nano, name="broken", model=copy.deepcopy(nano.model))
    with torch.no_grad():
        broken.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(InputError, match=r"^nano/qwen3 or broken: logits are not finite[^\n]*$"):
        measure_cross_sampling(nano, broken, items[:1], sampling, thresholds=[0.1])


def test_the_decoders_of_a_pair_are_apart(pair):
    one, two = decoder_for(pair[0].model), decoder_for(pair[0].model)
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        one.prefill(ids, torch.tensor([3]))
        before = two.prefill(ids, torch.tensor([3]))
        one.step(torch.tensor([4]))
        again = decoder_for(pair[0].model)
        again.prefill(ids, torch.tensor([3]))
        assert torch.equal(two.step(torch.tensor([5])), again.step(torch.tensor([5])))
        assert before.shape == (1, len(pair[0].tokenizer))
