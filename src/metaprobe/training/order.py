"""The order in which an arm meets its problems."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from metaprobe.benchmark.items import Item
from metaprobe.models.chat import encode_prompts
from metaprobe.models.loading import Model
from metaprobe.training.arms import ArmConfig
from metaprobe.training.curricula import batches, shuffled
from metaprobe.training.rollouts import RolloutSettings, roll_out, sampled_tokens
from metaprobe.training.session import ArmRun


class Order:
    """Batches of problems in the order of an arm's curriculum.

    It is made while the model is still the base, whose pass rates a curriculum may ask for.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Any,
        items: Sequence[Item],
        config: ArmConfig,
        run: ArmRun,
        *,
        size: int,
        count: int,
    ) -> None:
        """Measure what the curriculum needs.

        Args:
            model: the base.
            tokenizer: the model's.
            items: problems of the train split.
            config: settings of the arm.
            run: name of the arm.
            size: problems in a batch.
            count: batches that the arm will ask for.
        """
        self.items, self.config = items, config
        self.size, self.count, self.stream = size, count, run.stream("order")
        self.rates: list[float] = []
        self.spent = 0
        """Tokens that were read and sampled to find the order."""
        if config.curriculum != "pass_rate":
            return
        drawn = sorted({*islice(shuffled(len(items), self.stream), count * size)})
        chosen = [items[i] for i in drawn]
        prompts = encode_prompts(tokenizer, [item.question for item in chosen])
        groups = roll_out(
            model,
            tokenizer,
            chosen,
            prompts,
            RolloutSettings(config.curriculum_samples, 1.0, config.curriculum_tokens),
            stream=run.stream("pass rates"),
        )
        self.spent = sampled_tokens(prompts, groups)
        self.rates = [0.0] * len(items)
        for index, group in zip(drawn, groups, strict=True):
            self.rates[index] = sum(r.reward for r in group) / len(group)

    def batches(self, *, skip: int = 0) -> Iterator[list[int]]:
        """Yield index batches for ever.

        Args:
            skip: batches to leave out at the start.
        """
        return batches(
            self.items,
            self.size,
            self.stream,
            kind=self.config.curriculum,
            planned=self.count,
            rates=self.rates,
            skip=skip,
        )
