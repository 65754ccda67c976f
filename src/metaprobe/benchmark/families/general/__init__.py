"""Families of the domain general, one file a skill."""
