"""Probes: each module here measures one kind of change of a stage against its base.

A probe takes loaded models or folders and returns an object of `metaprobe.core.results`; it
writes nothing, plans nothing and draws no conclusion.
"""
