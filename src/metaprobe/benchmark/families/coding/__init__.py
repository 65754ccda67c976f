"""Families of the domain coding; a skill is one package."""
