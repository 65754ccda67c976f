"""A model in which a known direction is a skill: found, ablated alone, and no random edit does it.

One layer, weights set by hand. Attention is uniform, so after a question with `alpha` the residual
stream holds a component along one direction, after `beta` along another. The output matrix reads
the answer 1 off the first, 2 off the second, and 3 where both are small.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from metaprobe.benchmark.answers import IntegerAnswer
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.errors import ConfigError
from metaprobe.core.results import Intervention
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import Domain, Skill, Split
from metaprobe.models.chat import INSTRUCTION
from metaprobe.models.loading import LoadedModel
from metaprobe.models.runtime import torch
from metaprobe.models.sampling import Sampling
from metaprobe.probes.accuracy import measure_responses
from metaprobe.probes.divergence import response_texts
from metaprobe.probes.features import activations
from metaprobe.probes.features.activations import ActivationStore, collect_activations
from metaprobe.probes.features.effects import EditPlan, Trial, measure_intervention
from metaprobe.probes.features.interventions import sample_edited, steer
from metaprobe.probes.features.sae import Sae, SaeConfig
from metaprobe.probes.features.scoring import item_values, random_directions, score_features
from metaprobe.probes.features.train import activation_batches, train_sae
from metaprobe.probes.representation import ItemText

WIDTH = 64
FILLERS = [f"word{n}" for n in range(40)]
ANSWERS = [rf"\boxed{{{n}}}" for n in (1, 2, 3)]
# Words of the instruction too: tokens that count as special are not edited, the unknown one does.
WORDS = ["<pad>", "<eos>", "<unk>", "alpha", "beta", *ANSWERS, *FILLERS, *INSTRUCTION.split()]
MARKS = {Skill.CALCULATION: ("alpha", 1), Skill.ENUMERATION: ("beta", 2)}
MODULE = "model.layers.0"
GREEDY = Sampling(temperature=0, samples=1, max_new_tokens=1)
MAJORITY = {(f"mathematics/{skill}/planted", 1): 0.5 for skill in MARKS}
TEMPLATE = "{{ messages[0]['content'] }}"


def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        chat_template=TEMPLATE,
    )


def basis() -> torch.Tensor:
    """Orthonormal rows: constant, alpha, beta, the two skills, and what is left."""
    drawn = torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(0))
    return torch.linalg.qr(drawn)[0].T


def planted_model() -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    constant, alpha, beta, *skills = (row := basis())[:5]
    shape = {"hidden_size": WIDTH, "head_dim": WIDTH, "intermediate_size": 8}
    heads = {"num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1}
    config = Qwen3Config(vocab_size=len(WORDS), tie_word_embeddings=False, **shape, **heads)
    model = Qwen3ForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if "norm" in name else 0.0)
        embedding = model.model.embed_tokens.weight
        own = torch.randn(len(WORDS), WIDTH - 5, generator=generator)
        embedding.copy_(constant + 1.5 * torch.nn.functional.normalize(own, dim=1) @ row[5:])
        embedding[WORDS.index("alpha")] = constant + 3 * alpha
        embedding[WORDS.index("beta")] = constant + 3 * beta
        # One embedding for all answers, so that nothing but the skills' directions tells them.
        embedding[[WORDS.index(a) for a in ANSWERS]] = constant
        attention = model.model.layers[0].self_attn
        attention.v_proj.weight.copy_(torch.eye(WIDTH))
        written = torch.outer(skills[0], alpha) + torch.outer(skills[1], beta)
        attention.o_proj.weight.copy_(8 * written)
        rows = (skills[0], skills[1], 2 * constant)
        for word, read in zip(ANSWERS, rows, strict=True):
            model.lm_head.weight[WORDS.index(word)] = read
    return model


def questions(count: int, *, stream: str) -> list[Item]:
    found = []
    for skill, (mark, gold) in MARKS.items():
        for n in range(count):
            words = rng_for("planted", stream, skill, n).choices(FILLERS, k=6)
            text = " ".join([*words[:2], mark, *words[2:]])
            found.append(
                Item(
                    id=content_hash(text),
                    domain=Domain.MATHEMATICS,
                    skill=skill,
                    family="planted",
                    level=1,
                    split=Split.EVAL,
                    question=text,
                    answer=IntegerAnswer(value=gold),
                    short=(),
                    long=(),
                    source="made by hand",
                )
            )
    return found


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return LoadedModel(name="planted", folder=None, model=planted_model(), tokenizer=tokenizer())


@pytest.fixture(scope="module")
def store(loaded: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> ActivationStore:
    asked = questions(40, stream="choose")
    table = measure_responses(loaded, asked, GREEDY, MAJORITY)
    assert set(table["verdict"]) == {"correct"}
    read = response_texts(loaded, asked, table["tokens"].to_list(), 0)
    texts = [ItemText(i.id, i.cell, t.text) for i, t in zip(asked, read, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activations, "SHARD_TOKENS", 200)
        return collect_activations(loaded, texts, [MODULE], tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def sae(store: ActivationStore) -> Sae:
    config = SaeConfig(expansion=2, k=3, steps=300, batch=256)
    return train_sae(activation_batches(store, MODULE, config), config)


def trial(loaded: LoadedModel, store: ActivationStore, items: Sequence[Item]) -> Trial:
    seen = frozenset(text.item for text in store.index.texts)
    return Trial(
        loaded=loaded, module=MODULE, items=items, seen=seen, sampling=GREEDY, majority=MAJORITY
    )


def found_features(sae: Sae, store: ActivationStore, skill: Skill) -> list[int]:
    random = random_directions(sae, store, MODULE)
    scores = score_features(item_values(sae, random, store, MODULE))
    return [s.feature for s in scores if s.group == str(skill) and s.q_value < 0.05]


def measured(loaded: LoadedModel, store: ActivationStore, sae: Sae, skill: Skill) -> Intervention:
    plan = EditPlan(features=found_features(sae, store, skill), chosen_by="score")
    asked = trial(loaded, store, questions(15, stream="effect"))
    return measure_intervention(asked, sae, store, plan)


@pytest.mark.parametrize("skill", list(MARKS))
def test_the_planted_skill_is_found_and_ablation_lowers_it_alone(
    loaded: LoadedModel, store: ActivationStore, sae: Sae, skill: Skill
) -> None:
    direction = basis()[3 + list(MARKS).index(skill)]
    found = measured(loaded, store, sae, skill)
    cosines = sae.parameters.decoder[found.chosen.features] @ direction
    assert cosines.max() > 0.8
    assert cosines.min() > 0.6  # a skill may be split into two; by chance it is 0.13
    own, other = sorted(found.skills, key=lambda row: row.group != str(skill))
    assert own.accuracy == other.accuracy == 1
    assert own.effect < -0.8
    assert own.beyond_random
    assert other.effect > -0.1
    assert not other.beyond_random
    for control in own.controls:
        assert max(map(abs, control.effects)) < 0.2
        assert control.gap_high < -0.6


def test_items_that_chose_the_features_are_refused(
    loaded: LoadedModel, store: ActivationStore
) -> None:
    items = [*questions(2, stream="effect"), *questions(1, stream="choose")]
    with pytest.raises(ConfigError, match="2 items, such as .* had a part in choosing"):
        trial(loaded, store, items)


def test_steering_against_the_direction_lowers_the_skill(loaded: LoadedModel) -> None:
    items = questions(5, stream="steer")
    edit = steer(basis()[3], -100.0)
    table = sample_edited(loaded, items, GREEDY, MAJORITY, module=MODULE, edit=edit)
    right = dict(zip(table["item_id"], table["verdict"] == "correct", strict=True))
    assert [right[i.id] for i in items] == [i.skill == Skill.ENUMERATION for i in items]
