"""Families; a cell is one module or one package."""
