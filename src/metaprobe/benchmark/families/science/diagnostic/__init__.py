"""Families of science/diagnostic: equations, accounts, solutions and tables checked for errors."""

from metaprobe.benchmark.families.science.diagnostic import (
    equations_and_accounts,
    solutions,
    tables,
)

__all__ = ["equations_and_accounts", "solutions", "tables"]
