"""The rooms that a laptop without the `train` extra uses work where it is not installed."""

import json
import subprocess
import sys

from repository import SOURCE

HEAVY = ("torch", "transformers", "tokenizers", "safetensors")
ROOMS = ("core", "benchmark", "analysis", "report", "web")

BLOCKED = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

sys.meta_path.insert(0, Blocker())
"""

IMPORT_ALL = """
import importlib, json, pkgutil

modules = []
for room in sys.argv[1:]:
    package = importlib.import_module(f"metaprobe.{room}")
    modules.append(package.__name__)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)
        modules.append(found.name)

from metaprobe.benchmark.family import families
from metaprobe.benchmark.grading import grade
from metaprobe.core.vocabulary import Split

item = families()[0].items(split=Split.EVAL, level=1, count=1)[0]
response = f"It is \\\\boxed{{{item.answer.render()}}}."
print(json.dumps({"modules": modules, "verdict": grade(item.answer, response).verdict}))
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def test_light_rooms_work_without_torch() -> None:
    rooms = [room for room in ROOMS if (SOURCE / room).is_dir()]
    done = run(BLOCKED + IMPORT_ALL, *rooms)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    files = [path for room in rooms for path in (SOURCE / room).rglob("*.py")]
    assert len(result["modules"]) == len(files)
    assert result["verdict"] == "correct"


def test_the_blocker_blocks() -> None:
    for name in HEAVY:
        done = run(f"{BLOCKED}\nimport {name}")
        assert done.returncode == 1
        assert f"{name} is blocked" in done.stderr
