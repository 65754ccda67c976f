"""Families of the domain coding, one file a skill."""
