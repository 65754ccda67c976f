"""Anchors: what holds a model to its base on problems that it is not trained on.

The base responds once to problems of the train split, skill by skill, and a term on these texts
joins the objective:

- `replay`: -log p of the responses, a rehearsal of what the base itself wrote (arXiv 2403.01244);
- `kl`: KL(base || model) at each of their tokens, exact over the vocabulary;
- `skill`: the same divergence with a weight for each skill, which a controller sets by how far
  the skill lies below the base at that time. A skill that has not fallen costs nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from metaprobe.benchmark.items import Item
from metaprobe.core.streams import rng_for
from metaprobe.core.vocabulary import CELLS, Cell, Skill, Split, parse_cells
from metaprobe.models.chat import encode_prompts
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import Text, masked_log_softmax, masked_logprobs, pad_texts
from metaprobe.models.runtime import Precision, matmul_precision, torch
from metaprobe.training.arms import AnchorConfig
from metaprobe.training.data import draw_items
from metaprobe.training.losses import kl_divergence
from metaprobe.training.rollouts import Rollout, RolloutSettings, roll_out, sampled_tokens
from metaprobe.training.session import TRAINING_PASSES, ArmRun, Session


class Control(NamedTuple):
    """The state of the controller, by skill."""

    weights: dict[Skill, float]
    """Of the divergence on the skill's texts."""
    totals: dict[Skill, float]
    """Sum of the falls over the measurements, never below 0."""


def controlled(
    falls: Mapping[Skill, float], totals: Mapping[Skill, float], config: AnchorConfig
) -> Control:
    """Return the weights that follow a measurement: proportional and integral control.

    With f_s the fall of skill s, the share of problems that the base solves less the share that
    the model solves, and F_s = max(0, sum of f_s so far), the weight is P f_s + I F_s, kept
    between 0 and `config.weight`. The sum does not go below 0, so a skill that has long been
    above the base is held again as soon as it falls.

    Args:
        falls: f by skill.
        totals: F by skill before this measurement.
        config: the gains P and I, and the largest weight.
    """
    summed = {s: max(0.0, totals.get(s, 0.0) + fall) for s, fall in falls.items()}
    wanted = {s: config.proportional * f + config.integral * summed[s] for s, f in falls.items()}
    return Control({s: min(max(0.0, w), config.weight) for s, w in wanted.items()}, summed)


class _Problems(NamedTuple):
    items: list[Item]
    prompts: Sequence[Sequence[int]]


class Anchors:
    """The base's responses, and the term on them.

    It is made while the model is still the base, whose responses it samples.
    """

    def __init__(
        self,
        base: Model,
        tokenizer: Any,
        config: AnchorConfig,
        run: ArmRun,
        *,
        trained: Collection[Cell],
        precision: Precision = "float32",
    ) -> None:
        """Let the base respond.

        Args:
            base: the frozen base.
            tokenizer: the base's.
            config: settings of the anchor.
            run: name of the arm.
            trained: cells that the arm is trained on, left out where no cells are configured.
            precision: of matrix products.

        Raises:
            ConfigError: there are too few problems.
        """
        self.base, self.tokenizer, self.config, self.run = base, tokenizer, config, run
        self.precision = precision
        self.spent = 0
        """Tokens that were read and sampled so far."""
        self.texts: dict[Skill, list[Text]] = {}
        self._probes: dict[Skill, _Problems] = {}
        for skill, cells in _by_skill(config, trained).items():
            anchored, probed = self._problems(skill, cells)
            responses = self._sample(base, anchored, f"anchor responses/{skill}", temperature=1.0)
            self.texts[skill] = [
                Text(prompt, group[0].tokens)
                for prompt, group in zip(anchored.prompts, responses, strict=True)
            ]
            self._probes[skill] = probed
        uniform = 0.0 if config.kind == "skill" else config.weight
        self.control = Control(dict.fromkeys(self.texts, uniform), {})
        self._solved: dict[Skill, float] = {}
        if config.kind == "skill":
            self._solved = self._measure(base)

    def term(self, model: Model, step: int) -> tuple[Tensor | None, dict[str, float]]:
        """Return what joins the loss of a step, with gradient, and what was measured for it.

        The term is None where no skill is held.

        Args:
            model: the model that is trained.
            step: counted from one; names the random stream.
        """
        metrics = {}
        if self.config.kind == "skill" and step > 1 and (step - 1) % self.config.probe_every == 0:
            falls = {s: self._solved[s] - share for s, share in self._measure(model).items()}
            self.control = controlled(falls, self.control.totals, self.config)
            metrics = {f"fall_{skill}": fall for skill, fall in falls.items()}
        metrics |= {f"weight_{skill}": w for skill, w in self.control.weights.items()}
        texts, weights = self._drawn(step)
        if not texts:
            return None, metrics
        model.train()
        term = (self._values(model, texts) * weights.to(model.device)).sum()
        return term, metrics | {"anchor": term.item()}

    def settle(self, session: Session) -> dict[str, dict[str, float]]:
        """Count what was spent as compute of the arm, and return what `restore` needs; JSON."""
        session.spend(self.spent)
        self.spent = 0
        parts = self.control._asdict()
        return {name: {str(s): v for s, v in part.items()} for name, part in parts.items()}

    def restore(self, state: Mapping[str, Mapping[str, float]]) -> None:
        """Go on from a state that was kept, whose compute was counted already."""
        weights, totals = (
            {Skill(name): value for name, value in state[part].items()}
            for part in ("weights", "totals")
        )
        self.control, self.spent = Control(weights, totals), 0

    def _drawn(self, step: int) -> tuple[list[Text], Tensor]:
        """Return responses to the skills that are held, and a weight for each of their tokens."""
        held = [skill for skill, weight in self.control.weights.items() if weight > 0]
        texts: list[Text] = []
        weights = [torch.zeros(0)]
        for n, skill in enumerate(held):
            share = len(range(n, self.config.batch_size, len(held)))
            rng = rng_for(self.run.stream("anchors", skill, step))
            chosen = rng.sample(self.texts[skill], min(share, len(self.texts[skill])))
            length = sum(len(text.completion) for text in chosen)
            texts += chosen
            weights.append(torch.full((length,), self.control.weights[skill] / max(1, length)))
        return texts, torch.cat(weights)

    def _problems(self, skill: Skill, cells: Sequence[Cell]) -> tuple[_Problems, _Problems]:
        config = self.config
        items = draw_items(
            cells,
            config.levels,
            config.responses + config.probe_problems * (config.kind == "skill"),
            split=Split.TRAIN,
            seed=self.run.seed,
            families=config.families,
        )
        rng_for(self.run.stream("anchor problems", skill)).shuffle(items)
        prompts = encode_prompts(self.tokenizer, [item.question for item in items])
        cut = config.responses
        return _Problems(items[:cut], prompts[:cut]), _Problems(items[cut:], prompts[cut:])

    def _sample(
        self, model: Model, problems: _Problems, stream: str, *, temperature: float
    ) -> list[list[Rollout]]:
        settings = RolloutSettings(1, temperature, self.config.max_new_tokens)
        groups = roll_out(
            model,
            self.tokenizer,
            problems.items,
            problems.prompts,
            settings,
            stream=self.run.stream(stream),
        )
        self.spent += sampled_tokens(problems.prompts, groups)
        return groups

    def _measure(self, model: Model) -> dict[Skill, float]:
        """Return the share of its problems that the model solves, by skill, greedily."""
        shares = {}
        for skill, problems in self._probes.items():
            groups = self._sample(model, problems, f"anchor probe/{skill}", temperature=0.0)
            shares[skill] = sum(group[0].correct for group in groups) / len(groups)
        return shares

    def _values(self, model: Model, texts: Sequence[Text]) -> Tensor:
        """Return -log p, or the divergence from the base, of each completion token (N,)."""
        ids, mask = (x.to(model.device) for x in pad_texts(texts, self.tokenizer.pad_token_id))
        rehearsed = self.config.kind == "replay"
        passes = TRAINING_PASSES + (not rehearsed)
        self.spent += passes * sum(len(t.prompt) + len(t.completion) for t in texts)
        with matmul_precision(self.precision, model.device):
            if rehearsed:
                targets = torch.cat([torch.as_tensor(t.completion) for t in texts])
                return -masked_logprobs(model, ids, mask, targets.to(model.device))[0]
            with torch.no_grad():
                base = masked_log_softmax(self.base, ids, mask)
            return kl_divergence(base, masked_log_softmax(model, ids, mask))


def _by_skill(config: AnchorConfig, trained: Collection[Cell]) -> dict[Skill, list[Cell]]:
    cells = [c for c in CELLS if c not in trained] if config.cells is None else []
    cells = cells or parse_cells(config.cells or ["*/*"])
    found: dict[Skill, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.skill, []).append(cell)
    return found
