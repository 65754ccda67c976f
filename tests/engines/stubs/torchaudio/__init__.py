"""Stands in for torchaudio, which LLaMA-Factory imports and text does not need."""
