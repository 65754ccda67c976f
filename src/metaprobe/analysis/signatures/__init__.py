"""Known ways in which a run goes wrong: looked for in its metrics, its curves and its responses.

Every signature has a rule in numbers, a page in docs/signatures/ and a synthetic run that shows it
(`metaprobe demo`). Nothing here needs torch or the checkpoints.
"""
