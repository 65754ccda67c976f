"""The benchmark in the forms of other harnesses, and their logs and records as ours."""
