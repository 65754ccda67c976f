"""Features of a model: sparse autoencoders on activations that were collected once.

`activations` writes the states of modules on responses to disk, `sae` is the autoencoder and its
losses, `sparse` the same loss of a BatchTopK on a CPU, `train` the training loop, `metrics` what a
trained one is worth, `store` the files, which SAELens reads, and `scoring` sets features against
skills. `crosscoder` and `sharing` say which features models share, and `matching` which of two
autoencoders do.
"""
