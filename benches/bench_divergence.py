"""All measures of a position at a vocabulary of 151,936, from logits that are in memory.

The peer is what one writes first: float32 log-softmax of both models' logits for 32 positions at
once, then KL both ways, JS, both entropies, the rank of the token and whether the first tokens
agree. Between stand the float64 blocks of torch that run on a GPU. Peak memory is what comes on
top of the logits. With `--errors` it prints instead how far the divergences are from float64.
"""

import sys
from collections.abc import Callable
from typing import Any

from common import Bench, Turn, main

VOCABULARY = 151_936
POSITIONS = 32
SCALES = (1.5e-3, 0.1, 1.0)
"""How far the logits of the two models are from each other; the first is a KL of about 1e-6."""


def logits(scale: float = 0.1) -> tuple[Any, Any, Any]:
    """Logits of two models and the tokens that stand in the text."""
    from metaprobe.models.runtime import set_threads, torch

    set_threads(1)
    generator = torch.Generator().manual_seed(0)
    base = 4 * torch.randn(POSITIONS, VOCABULARY, generator=generator)
    tuned = scale * torch.randn(POSITIONS, VOCABULARY, generator=generator)
    tuned += base
    return base, tuned, torch.randint(VOCABULARY, (POSITIONS,), generator=generator)


def naive(base: Any, tuned: Any, tokens: Any) -> Any:
    """The measures as one writes them first, (positions, 7)."""
    from metaprobe.models.runtime import torch

    log_p, log_q = base.float().log_softmax(1), tuned.float().log_softmax(1)
    p, q = log_p.exp(), log_q.exp()
    log_m = ((p + q) / 2).log()
    ranks = [(x > x.gather(1, tokens[:, None])).sum(1) for x in (base, tuned)]
    return torch.stack(
        [
            (p * (log_p - log_q)).sum(1),
            (q * (log_q - log_p)).sum(1),
            ((p * (log_p - log_m)).sum(1) + (q * (log_q - log_m)).sum(1)) / 2,
            (base.argmax(1) == tuned.argmax(1)).float(),
            (ranks[1] - ranks[0]).abs().float(),
            -(q * log_q).sum(1),
            -(p * log_p).sum(1),
        ],
        dim=1,
    )


def kernel(base: Any, tuned: Any, tokens: Any) -> Any:
    """Ours on a CPU."""
    from metaprobe.probes.divergence.terms import terms_by_kernel

    return terms_by_kernel(base, tuned, tokens)


def blocks(base: Any, tuned: Any, tokens: Any) -> Any:
    """Ours on a GPU, here on the CPU."""
    from metaprobe.probes.divergence.terms import terms_by_blocks

    return terms_by_blocks(base, tuned, tokens)


def side(way: Callable[[Any, Any, Any], Any]) -> Callable[[str | None], None]:
    """Return what measures one way in a process of its own."""

    def run(_base: str | None) -> None:
        given = logits()
        base, tuned, tokens = given
        kernel(base[:1, :1000], tuned[:1, :1000], tokens[:1] % 1000)  # compiled and loaded
        turn = Turn(extra=True)
        while True:
            turn.start()
            way(*given)
            turn.stop(POSITIONS)

    return run


def errors() -> None:
    """Print the greatest relative error of the three divergences, each way and scale."""
    for scale in SCALES:
        base, tuned, tokens = logits(scale)
        base, tuned, tokens = base[:4], tuned[:4], tokens[:4]
        exact = reference(base, tuned)
        for name, way in (("kernel", kernel), ("blocks", blocks), ("naive", naive)):
            found = way(base, tuned, tokens)[:, :3].double()
            worst = ((found - exact) / exact).abs().max().item()
            least = found.min().item()
            print(f"KL {exact[0, 0].item():.2e}  {name:<7} error {worst:.1e}  least {least:.2e}")


def reference(base: Any, tuned: Any) -> Any:
    """KL both ways and JS in float64, from terms in which nothing cancels, (positions, 3)."""
    from metaprobe.models.runtime import torch

    log_p, log_q = base.double().log_softmax(1), tuned.double().log_softmax(1)
    d = log_p - log_q
    r = (d / 2).tanh()
    p, q = log_p.exp(), log_q.exp()
    js = (p * r.log1p() + q * (-r).log1p()) / 2
    return torch.stack(
        [(p * (torch.expm1(-d) + d)).sum(1), (q * (d.expm1() - d)).sum(1), js.sum(1)], 1
    )


if __name__ == "__main__":
    if "--errors" in sys.argv:
        errors()
    else:
        main(
            Bench(
                name="divergence",
                peer="float32 log-softmax",
                sides={"ours": side(kernel), "blocks": side(blocks), "naive": side(naive)},
                unit="positions",
                packages=("torch", "numba"),
            )
        )
