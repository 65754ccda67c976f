"""The benchmark: families of items, typed golds, grading and frozen sets; no torch."""
