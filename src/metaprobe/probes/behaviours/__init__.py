"""How often responses verify, backtrack, plan, reason backwards, enumerate, recall and compute.

`lexical` finds the behaviours by patterns, `judge` asks a model behind a server, `measure` counts.
Nothing here needs torch.
"""

from metaprobe.probes.behaviours.judge import judge_behaviours as judge_behaviours
from metaprobe.probes.behaviours.lexical import Span as Span
from metaprobe.probes.behaviours.lexical import find_behaviours as find_behaviours
from metaprobe.probes.behaviours.measure import VERSION as VERSION
from metaprobe.probes.behaviours.measure import behaviour_spans as behaviour_spans
from metaprobe.probes.behaviours.measure import judgement as judgement
from metaprobe.probes.behaviours.measure import measure_behaviours as measure_behaviours
