"""From tables of graded responses to profiles, shapes and findings; no torch.

Statistical decisions live in `metaprobe.core.stats`; this room decides which items form a
group, which tests form a family, and what may be said about them.
"""
