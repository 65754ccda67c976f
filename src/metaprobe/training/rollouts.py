"""Rollouts: sampled completions of training problems with their rewards."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from metaprobe.benchmark.items import Item
from metaprobe.models.chat import end_of_turn, padding
from metaprobe.models.loading import Model
from metaprobe.models.sampler import Request, sample
from metaprobe.models.sampling import Sampling
from metaprobe.training.rewards import RewardSettings, answer_correctness, reward_for


class RolloutSettings(NamedTuple):
    """How rollouts are sampled and rewarded; the nucleus is the whole vocabulary."""

    samples: int
    temperature: float
    max_new_tokens: int
    reward: RewardSettings = RewardSettings()


class Rollout(NamedTuple):
    """One completion of a training problem."""

    tokens: list[int]
    logprobs: list[float]
    """At temperature 1, in nats."""
    reward: float
    truncated: bool
    correct: float
    """1 where the answer is correct, whatever is rewarded."""


def roll_out(
    model: Model,
    tokenizer: Any,
    items: Sequence[Item],
    prompts: Sequence[Sequence[int]],
    settings: RolloutSettings,
    *,
    stream: str,
) -> list[list[Rollout]]:
    """Return, for each item, its rollouts under the current model.

    Args:
        model: a causal language model; put into evaluation mode.
        tokenizer: the model's.
        items: training problems.
        prompts: the token ids of each.
        settings: number, temperature, length and reward.
        stream: name of the random stream, different at every step.
    """
    model.eval()
    sampling = Sampling(
        temperature=settings.temperature,
        top_p=1.0,
        samples=settings.samples,
        max_new_tokens=settings.max_new_tokens,
    )
    requests = [
        Request(f"{stream}/{item.id}", prompt) for item, prompt in zip(items, prompts, strict=True)
    ]
    completions = sample(
        model, requests, sampling, stop=end_of_turn(tokenizer), pad=padding(tokenizer)
    )
    rollouts = []
    for request, item, group in zip(requests, items, completions, strict=True):
        texts = tokenizer.batch_decode([c.tokens for c in group], skip_special_tokens=True)
        own = []
        for n, (text, c) in enumerate(zip(texts, group, strict=True)):
            correct = answer_correctness(item, text, truncated=c.truncated)
            reward = reward_for(
                settings.reward, item, text, correct=correct, stream=f"{request.name}/{n}"
            )
            own.append(Rollout(c.tokens, c.logprobs, reward, c.truncated, correct))
        rollouts.append(own)
    return rollouts


def sampled_tokens(prompts: Sequence[Sequence[int]], groups: Sequence[Sequence[Rollout]]) -> int:
    """Return the tokens that sampling reads and writes; a prompt is read once for its rollouts."""
    return sum(map(len, prompts)) + sum(len(r.tokens) for group in groups for r in group)
