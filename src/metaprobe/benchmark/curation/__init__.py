"""Items out of corpora: reading, typed golds, seeds of the cells, selection, calibration."""
