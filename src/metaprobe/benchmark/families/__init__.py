"""Families, one file a cell."""
