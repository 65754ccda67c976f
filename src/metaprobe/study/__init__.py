"""A study: base, arms, benchmark and probes out of one TOML file, resumable, to one report."""
