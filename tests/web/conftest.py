"""Makes `picked`, a folder of picks by hand, importable from the tests of the pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmark" / "curation"))
