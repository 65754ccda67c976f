"""Families of the domain mathematics, one file a skill."""
