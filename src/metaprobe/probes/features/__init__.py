"""Features of a model: sparse autoencoders on activations that were collected once.

`activations` writes the states of modules on responses to disk, `sae` is the autoencoder and its
losses, `sparse` the same loss of a BatchTopK on a CPU, `train` the training loop, `metrics` what a
trained one is worth, `store` the files, which SAELens reads, `scoring` sets features against
skills, and `interventions` edits what a module returns while the model samples.
"""
