"""metaprobe: what post-training did to a language model, skill by skill and stage by stage."""

__version__ = "0.1.0"
