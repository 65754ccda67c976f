"""Training data with teacher traces, and the loops that make an arm: SFT, on-policy SFT, GRPO."""

VERSION = 1
"""Raised whenever the same settings and base would give other weights."""
