"""Families of the domain science, one file a skill."""
