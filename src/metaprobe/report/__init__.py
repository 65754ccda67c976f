"""The page and the terminal table that show one `summary.json`; no torch, no network."""
