"""Training data out of corpora: curated problems, and traces of a teacher that got them right."""
