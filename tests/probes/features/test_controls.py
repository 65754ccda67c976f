"""The controls that let a model read again, on a model whose features are planted."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from torch import Tensor

from metaprobe.core.results import FeatureScore
from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import CELLS, Skill, Verdict
from metaprobe.models.loading import LoadedModel
from metaprobe.models.logprobs import Text
from metaprobe.models.runtime import torch
from metaprobe.probes.features import scoring
from metaprobe.probes.features.activations import TokenKind, collect_activations
from metaprobe.probes.features.contexts import AFTER, BEFORE, CONTEXTS, feature_cards
from metaprobe.probes.features.injection import (
    CARRIERS,
    inject_tokens,
    response_means,
    share_of_way,
    top_tokens,
)
from metaprobe.probes.features.paraphrase import paraphrased
from metaprobe.probes.features.sae import Parameters, Sae
from metaprobe.probes.features.scoring import (
    ItemValues,
    Subject,
    control_shares,
    item_values,
    judged,
    random_directions,
    score_features,
)
from metaprobe.probes.representation import ItemText

VOCABULARY, WIDTH, ITEMS = 40, 48, 24
TRIGGER, SIMULATION, FACTS, THIS_WORDING, OTHER_WORDING = 7, 1, 2, 3, 4
OF_TOKEN, OF_SKILL, OF_WORDING = 0, 1, 2
"""Features: of a token, which only calculation writes; of simulation, wherever it stands; of the
words in which facts are asked for."""


class Planted(torch.nn.Module):
    """A model whose layer shows a token, a skill, and a wording, and noise besides."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(64, VOCABULARY, WIDTH, generator=generator)
        self.noise = torch.nn.Parameter(noise, requires_grad=False)
        self.layer = torch.nn.Identity()
        self.dtype, self.device = torch.float32, torch.device("cpu")
        self.base_model = self.forward
        names = SimpleNamespace(vocab_size=VOCABULARY)
        self.config = SimpleNamespace(get_text_config=lambda: names)

    def forward(self, input_ids: Tensor, use_cache: bool) -> None:
        states = self.noise[torch.arange(input_ids.shape[1]), input_ids].clone()
        asked, wording = input_ids[:, 1:2], input_ids[:, 2:3]
        states[..., OF_TOKEN] += 6.0 * (input_ids == TRIGGER)
        states[..., OF_SKILL] += 1.5 * (asked == SIMULATION)
        states[..., OF_WORDING] += 1.5 * ((asked == FACTS) & (wording == THIS_WORDING))
        self.layer(states)


class Laboratory(NamedTuple):
    subject: Subject
    values: ItemValues
    other: ItemValues
    scores: list[FeatureScore]


def texts(wording: int) -> list[ItemText]:
    """Two responses to each item of three cells; only those of calculation hold the trigger."""
    rng = numpy_rng_for("test-controls", "texts")
    marks = {Skill.CALCULATION: 0, Skill.SIMULATION: SIMULATION, Skill.FACT_RETRIEVAL: FACTS}
    found = []
    for cell in [c for c in CELLS if c.domain == "coding" and c.skill in marks]:
        for item in range(ITEMS):
            for sample in range(2):
                response = rng.integers(8, VOCABULARY, rng.integers(8, 20))
                if cell.skill == Skill.CALCULATION:
                    response[rng.random(len(response)) < 0.3] = TRIGGER
                prompt = [5, marks[cell.skill], wording]
                verdict = Verdict.CORRECT if sample else Verdict.WRONG
                text = Text(prompt, response.tolist())
                found.append(ItemText(f"{cell} {item}", cell, text, verdict))
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    tokenizer = SimpleNamespace(all_special_ids=[6], decode=lambda ids: f"<{ids[0]}>")
    loaded = LoadedModel(name="planted", folder=None, model=Planted(), tokenizer=tokenizer)
    stores = [
        collect_activations(loaded, texts(w), ["layer"], tmp_path_factory.mktemp("x"))
        for w in (THIS_WORDING, OTHER_WORDING)
    ]
    eye, zeros = torch.eye(WIDTH), torch.zeros(WIDTH)
    sae = Sae(parameters=Parameters(eye, zeros, eye, zeros, torch.full((WIDTH,), 0.5)))
    subject = Subject(loaded, sae, stores[0], "layer")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "PERMUTATIONS", 2000)
        random = random_directions(sae, stores[0], "layer")
        values, other = (item_values(sae, random, store, "layer") for store in stores)
        scores = inject_tokens(subject, values, score_features(values))
        yield Laboratory(subject, values, other, judged(paraphrased(values, other, scores)))


def score_of(lab: Laboratory, group: str, feature: int) -> FeatureScore:
    (score,) = (s for s in lab.scores if s.group == group and s.feature == feature)
    return score


def test_a_feature_of_a_token_fails_token_injection_and_words(lab: Laboratory) -> None:
    score = score_of(lab, "calculation", OF_TOKEN)
    assert score.q_value < 0.05
    assert score.injection > 0.8
    assert score.injection_low < score.injection < score.injection_high
    assert not score.survives_injection
    assert not score.survives_lexical
    assert score.survives_paraphrase
    assert not score.of_skill


def test_a_feature_of_a_skill_survives_all_four(lab: Laboratory) -> None:
    score = score_of(lab, "simulation", OF_SKILL)
    assert abs(score.injection) < 0.1
    assert all(score.survived.values())
    assert score.of_skill
    assert (score.n_injection, score.n_paraphrase) == (CARRIERS, 3 * ITEMS)


def test_a_feature_of_a_wording_fails_paraphrase_alone(lab: Laboratory) -> None:
    score = score_of(lab, "fact_retrieval", OF_WORDING)
    failed = [control for control, kept in score.survived.items() if not kept]
    assert failed == ["paraphrase"]
    assert score.paraphrase_low < 0.5
    assert not score.of_skill


def test_only_the_planted_skill_counts_and_the_shares_add_up(lab: Laboratory) -> None:
    assert {(s.group, s.feature) for s in lab.scores if s.of_skill} == {
        ("simulation", OF_SKILL),
        ("coding/simulation", OF_SKILL),
    }
    found = [s for s in lab.scores if s.q_value < 0.05 and "/" not in s.group]
    (whole,) = (
        s for s in control_shares(lab.scores) if (s.group, s.control) == ("skills", "all four")
    )
    assert (whole.survived, whole.n) == (1, len(found))
    assert whole.low < whole.share == 1 / len(found) < whole.high
    untouched = [s for s in lab.scores if s.q_value >= 0.05]
    assert untouched
    assert all(s.injection is None and s.survives_paraphrase is None for s in untouched)


def test_top_tokens_are_those_with_the_greatest_sums(lab: Laboratory) -> None:
    pairs = [("calculation", OF_TOKEN), ("simulation", OF_SKILL)]
    token, skill = top_tokens(lab.subject, lab.values, pairs)
    held = dict(zip(lab.values.items, scoring.held_out(lab.values), strict=True))
    sums, count, whole = np.zeros(VOCABULARY), np.zeros(VOCABULARY), 0
    for item, cell, text, _ in texts(THIS_WORDING):
        if cell.skill == Skill.CALCULATION and not held[item]:
            for place, t in enumerate(text.completion, len(text.prompt)):
                value = float(lab.subject.loaded.model.noise[place, t, OF_TOKEN])
                value += 6.0 * (t == TRIGGER)
                sums[t] += value if value > 0.5 else 0.0
                count[t], whole = count[t] + 1, whole + 1
    best = np.argsort(-sums)[: len(token.tokens)]
    assert token.tokens.tolist() == best.tolist()
    assert token.tokens[0] == TRIGGER
    assert token.weights == pytest.approx(sums[best] / sums[best].sum(), rel=1e-5)
    assert token.share == pytest.approx(count[best].sum() / whole)
    assert TRIGGER not in skill.tokens


def test_means_that_are_read_again_are_those_of_the_store(lab: Laboratory) -> None:
    one_each = texts(THIS_WORDING)
    read = response_means(lab.subject, lab.subject.sae, [t.text for t in one_each])
    for n, item in enumerate(lab.values.items):
        mine = [k for k, t in enumerate(one_each) if t.item == item]
        lengths = [len(one_each[k].text.completion) for k in mine]
        expected = np.average(read[mine], axis=0, weights=lengths)
        assert lab.values.features[n] == pytest.approx(expected, abs=1e-6)


def test_the_interval_of_the_way_is_as_wide_as_that_of_a_bootstrap() -> None:
    rng = numpy_rng_for("test-controls", "way")
    before, own = rng.exponential(size=40), 4 + rng.normal(size=30)
    after = before + 1 + 0.5 * rng.normal(size=40)
    found = share_of_way(before, after, own)
    drawn = []
    for _ in range(2000):
        n, m = rng.integers(0, 40, 40), rng.integers(0, 30, 30)
        low = before[n].mean()
        drawn.append((after[n].mean() - low) / (own[m].mean() - low))
    expected = (after.mean() - before.mean()) / (own.mean() - before.mean())
    assert found.value == pytest.approx(expected)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.1)
    assert share_of_way(own, own, own[:5] - 9) is None


def test_cards_show_where_features_are_strongest(lab: Laboratory) -> None:
    cards = feature_cards(lab.subject, lab.values, lab.scores).cards
    assert {c.score.group for c in cards} == {s.group for s in lab.scores}
    (card,) = (c for c in cards if c.score.of_skill and c.score.group == "simulation")
    (other,) = (c for c in cards if c.score.group == "calculation")
    assert (other.score.feature, other.top_tokens[0]) == (OF_TOKEN, f"<{TRIGGER}>")
    store = lab.subject.store
    best: dict[str, float] = {}
    for shard in range(len(store.index.shards)):
        places = store.places(shard)
        values = lab.subject.sae.encode(store.read("layer", shard))[:, OF_SKILL]
        for row in (places.kind == TokenKind.RESPONSE).nonzero()[:, 0].tolist():
            item = store.index.texts[int(places.text[row])].item
            best[item] = max(best.get(item, 0.0), float(values[row]))
    strongest = sorted(best.values(), reverse=True)[:CONTEXTS]
    assert [max(c.activations) for c in card.contexts] == pytest.approx(strongest)
    assert len({c.item for c in card.contexts}) == CONTEXTS
    for context in card.contexts:
        assert context.activations[context.peak] == pytest.approx(best[context.item])
        assert len(context.tokens) == len(context.activations) <= BEFORE + 1 + AFTER
        assert context.cell.skill == Skill.SIMULATION
        assert context.verdict in (Verdict.CORRECT, Verdict.WRONG)
    assert card.fires_low < card.fires < card.fires_high


def test_texts_come_back_from_the_store_as_they_were_read(lab: Laboratory) -> None:
    read = [t.text for t in texts(THIS_WORDING)]
    assert lab.subject.store.texts(range(len(read))) == dict(enumerate(read))
