"""Loading, chat rendering, sampling and log-probabilities of causal language models."""
