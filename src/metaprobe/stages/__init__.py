"""What a checkpoint is, where it is stored and how the ones of a run are found."""
