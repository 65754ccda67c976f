"""Sampling of 4 completions for each of 128 prompts, against transformers' `generate`.

Both sides hold 512 rows at once in float32, with temperature 0.6, top-p 0.95 and at most 128 new
tokens. The peer gets the prompts padded on the left, in one call with `num_return_sequences`.
"""

from common import Bench, Turn, base_model, main, problems

PROMPTS, SAMPLES, LIMIT = 128, 4, 128
TEMPERATURE, TOP_P = 0.6, 0.95


def ours(base: str | None) -> None:
    """Our sampler; a new seed at every turn."""
    from metaprobe.models.chat import encode_prompts, end_of_turn
    from metaprobe.models.sampler import Request, sample
    from metaprobe.models.sampling import Sampling

    model, tokenizer = base_model(base)
    items = problems(PROMPTS)
    prompts = encode_prompts(tokenizer, [item.question for item in items])
    requests = [Request(item.id, prompt) for item, prompt in zip(items, prompts, strict=True)]
    turn, seed = Turn(), 0
    while True:
        sampling = Sampling(
            temperature=TEMPERATURE,
            top_p=TOP_P,
            samples=SAMPLES,
            max_new_tokens=LIMIT,
            seed=seed,
        )
        turn.start()
        groups = sample(
            model, requests, sampling, stop=end_of_turn(tokenizer), pad=tokenizer.pad_token_id
        )
        turn.stop(sum(len(c.tokens) for group in groups for c in group))
        seed += 1


def peer(base: str | None) -> None:
    """The same through `generate`."""
    from metaprobe.models.chat import encode_prompts
    from metaprobe.models.runtime import torch

    model, tokenizer = base_model(base)
    prompts = encode_prompts(tokenizer, [item.question for item in problems(PROMPTS)])
    given = tokenizer.pad({"input_ids": prompts}, padding_side="left", return_tensors="pt")
    width = given["input_ids"].shape[1]
    turn = Turn()
    torch.manual_seed(0)
    while True:
        turn.start()
        with torch.inference_mode():
            rows = model.generate(
                **given,
                do_sample=True,
                temperature=TEMPERATURE,
                top_p=TOP_P,
                top_k=0,
                num_return_sequences=SAMPLES,
                max_new_tokens=LIMIT,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        turn.stop(int((rows[:, width:] != tokenizer.pad_token_id).sum()))


if __name__ == "__main__":
    main(
        Bench(
            name="sampler",
            peer="transformers generate",
            sides={"ours": ours, "peer": peer},
            unit="tokens",
            packages=("torch", "transformers"),
            warm_up=1,
            turns=4,
        )
    )
