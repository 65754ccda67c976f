"""Hand-over of arms to LLaMA-Factory and verl: job folders there, checkpoints back as stages."""
