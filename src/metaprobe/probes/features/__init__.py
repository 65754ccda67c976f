"""Features of a model: sparse autoencoders on activations that were collected once.

`activations` writes the states of modules on responses to disk, `sae` is the autoencoder and its
losses, `sparse` the same loss of a BatchTopK on a CPU, `train` the training loop, `metrics` what a
trained one is worth, `store` the files, which SAELens reads. `scoring` sets features against
skills, `injection` and `paraphrase` are the controls for which the model reads again, `controls`
runs all four, and `contexts` shows where features are strongest. `crosscoder` and `sharing` say
which features models share, and `matching` which of two autoencoders do. `interventions` edits what
a module returns while the model samples, and `effects` says what that does. `fit` trains, measures
and keeps an autoencoder, and `stages` does all of it for a base and its stages.
"""
