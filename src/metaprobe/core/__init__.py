"""Vocabulary, result schema, statistics, random streams, errors and atomic files; no torch."""
