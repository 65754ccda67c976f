"""The base models that the package ships, as Hugging Face folders; see docs/nano.md."""
