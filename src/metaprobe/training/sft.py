"""Supervised fine-tuning on a teacher's traces, in one process.

Left out: packing (texts of one batch are of similar make), gradient accumulation.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from torch import Tensor

from metaprobe.benchmark.items import Item
from metaprobe.models.chat import encode_completion, encode_prompts
from metaprobe.models.loading import Model
from metaprobe.models.logprobs import (
    frozen_copy,
    masked_log_softmax,
    masked_logprobs,
    use_float32_attention,
)
from metaprobe.models.runtime import matmul_precision, torch
from metaprobe.training.anchors import Anchors
from metaprobe.training.arms import SFTConfig
from metaprobe.training.data import Batch, Example, collate
from metaprobe.training.losses import IGNORED
from metaprobe.training.objectives import ANCHORS, TokenTerms, dft, eaft, nll, psft
from metaprobe.training.order import Order
from metaprobe.training.quality import Trace, with_quality
from metaprobe.training.session import TRAINING_PASSES, ArmRun, OnStep, Session
from metaprobe.training.traces import (
    Solutions,
    choose_length,
    completion_text,
    paraphrase_of,
    prepared_text,
    steps_of,
    style_of,
)


def train_sft(
    model: Model,
    tokenizer: Any,
    config: SFTConfig,
    items: Sequence[Item],
    run: ArmRun,
    *,
    solutions: Solutions | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Fine-tune `model` in place on traces of `items`, writing stages as it goes.

    Args:
        model: a causal language model with float32 weights.
        tokenizer: the model's.
        config: settings of the arm.
        items: problems of the train split.
        run: name of the arm and folder of its stages.
        solutions: prepared traces, instead of the items' own in the words of a teacher.
        on_step: called after every optimiser step.
    """
    # All before the session, which may resume other weights than the base's.
    base = frozen_copy(model) if config.kl != "off" or config.anchor else None
    objective = Objective(config, base)
    anchors = None
    if config.anchor and base:
        trained = {item.cell for item in items}
        anchors = Anchors(
            base, tokenizer, config.anchor, run, trained=trained, precision=config.precision
        )
    order = Order(model, tokenizer, items, config, run, size=config.batch_size, count=config.steps)
    session = Session(model, tokenizer, config, run, on_step=on_step)
    _begin(session, order, anchors)
    ways = config.traces_per_problem
    examples = [teacher_examples(tokenizer, config, items, n, solutions) for n in range(ways)]
    done = session.step - session.step % config.block
    ordered = islice(with_variants(order.batches(), ways), done, None)
    ahead: list[Batch] = []
    old: list[list[float]] = []
    use_float32_attention(model)
    for step in session.steps():
        term, measured = anchors.term(model, step) if anchors else (None, {})
        model.train()
        inner = (step - 1) % config.block
        if not ahead or inner == 0:
            rows = [[examples[v][i] for i, v in next(ordered)] for _ in range(config.block)]
            ahead = [collate(row, tokenizer.pad_token_id) for row in rows]
            old = session.carried["old"] if inner else objective.snapshot(model, ahead)
            session.spend(sum(b.tokens for b in ahead) if old and not inner else 0)
        batch = ahead[inner]
        loss, metrics = objective(model, batch, torch.tensor(old[inner]) if old else None)
        session.spend(batch.tokens, passes=TRAINING_PASSES + (config.kl != "off"))
        session.carried = {"old": old, "anchors": anchors.settle(session) if anchors else None}
        session.update(loss if term is None else loss + term)
        tokens = int((batch.labels != IGNORED).sum())
        session.finish(tokens=tokens, metrics={"loss": loss.item(), **metrics, **measured})
    model.eval()


def _begin(session: Session, order: Order, anchors: Anchors | None) -> None:
    """Count what was spent before the first step, or go on from where the arm stopped."""
    if session.step == 0:
        session.spend(order.spent)
        if anchors:
            anchors.settle(session)
    elif anchors:
        anchors.restore(session.carried["anchors"])


class Objective:
    """The objective of an arm on batches, with the base where it is anchored to that."""

    def __init__(self, config: SFTConfig, base: Model | None) -> None:
        """Remember what the loss is made of.

        Args:
            config: settings of the arm.
            base: the frozen base; an objective with a divergence from it needs one.
        """
        self.config = config
        self.base = None if config.kl == "off" else base

    def __call__(
        self, model: Model, batch: Batch, old: Tensor | None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a batch, with gradient, and what is measured beside it.

        Args:
            model: the model that is trained.
            batch: B texts.
            old: (N,) log-probabilities of the targets under the last snapshot; `psft` needs them.
        """
        config = self.config
        terms = self._terms(model, batch, old)
        if config.objective == "eaft":
            loss = eaft(terms, config.eaft_alpha)
        elif config.objective == "psft":
            loss = psft(terms, config.clip_low, config.clip_high)
        else:
            loss = dft(terms) if config.objective == "dft" else nll(terms)
        if config.kl == "off":
            return loss, {}
        kl = ANCHORS[config.kl](terms)
        return loss + config.kl_weight * kl, {"kl_base": kl.item()}

    def snapshot(self, model: Model, batches: Sequence[Batch]) -> list[list[float]]:
        """Return the log-probabilities of the targets of each batch, where the objective asks."""
        if self.config.objective != "psft":
            return []
        with torch.no_grad():
            return [self._logprobs(model, batch).tolist() for batch in batches]

    def _terms(self, model: Model, batch: Batch, old: Tensor | None) -> TokenTerms:
        old = None if old is None else old.to(model.device)
        if self.base is None and self.config.objective != "eaft":
            return TokenTerms(self._logprobs(model, batch), old_logprobs=old)
        ids, mask, targets = _placed(batch, model)
        with matmul_precision(self.config.precision, model.device):
            whole = masked_log_softmax(model, ids, mask)
            with torch.no_grad():
                base = masked_log_softmax(self.base, ids, mask) if self.base else None
        return TokenTerms(whole.gather(1, targets[:, None])[:, 0], whole, base, old)

    def _logprobs(self, model: Model, batch: Batch) -> Tensor:
        ids, mask, targets = _placed(batch, model)
        with matmul_precision(self.config.precision, model.device):
            return masked_logprobs(model, ids, mask, targets)[0]


def _placed(batch: Batch, model: Model) -> tuple[Tensor, Tensor, Tensor]:
    labels = batch.labels.to(model.device)
    mask = labels != IGNORED
    return batch.input_ids.to(model.device), mask, labels[mask]


def with_variants(batches: Iterable[list[int]], ways: int) -> Iterator[list[tuple[int, int]]]:
    """Yield batches of (problem, variant): a problem that is met again has its next variant.

    Args:
        batches: indices of problems.
        ways: variants of a problem.
    """
    met: Counter[int] = Counter()
    for batch in batches:
        rows = []
        for index in batch:
            rows.append((index, met[index] % ways))
            met[index] += 1
        yield rows


def teacher_examples(
    tokenizer: Any,
    config: SFTConfig,
    items: Sequence[Item],
    variant: int = 0,
    solutions: Solutions | None = None,
) -> list[Example]:
    """Return one training example an item: its prepared trace, or the configured teacher's."""
    prompts = encode_prompts(tokenizer, [item.question for item in items])
    texts = [teacher_text(item, config, variant, solutions) for item in items]
    return [
        Example(prompt, encode_completion(tokenizer, text))
        for prompt, text in zip(prompts, texts, strict=True)
    ]


def teacher_text(
    item: Item, config: SFTConfig, variant: int = 0, solutions: Solutions | None = None
) -> str:
    """Return a trace of an item: a prepared one where there are any, else the teacher's.

    The teacher's first trace is in its own words, the others in different ones.
    """
    length = choose_length(item, config.traces, config.long_share, variant)
    if solutions is not None:
        return prepared_text(item, solutions, length, variant)
    style = paraphrase_of(item, variant) if variant else style_of(item, config.teacher)
    right = Trace(steps_of(item, length), item.answer.render(), style)
    trace = with_quality(right, item, config.quality, config.quality_share, variant)
    return completion_text(trace.steps, trace.answer, trace.style, length)
