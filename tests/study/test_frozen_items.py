"""A study on items out of corpora, which have no generator and leave most cells empty."""

import json

import pytest

from metaprobe.benchmark.answers import ChoiceAnswer, IntegerAnswer, TextAnswer
from metaprobe.benchmark.freeze import freeze_items, write_benchmark
from metaprobe.benchmark.items import Item, content_hash
from metaprobe.core.results import read_summary
from metaprobe.core.vocabulary import CELLS, Split, parse_cells
from metaprobe.study.config import load_study
from metaprobe.study.run import run_study, silent

STUDY = """
name = "corpora"
base = "nano/qwen3"
[sampling]
samples = 1
max_new_tokens = 8
"""


def item(question, answer, cell):
    (place,) = parse_cells([cell])
    return Item(
        id=content_hash(question),
        domain=place.domain,
        skill=place.skill,
        family="a corpus",
        level=1,
        split=Split.EVAL,
        question=question,
        answer=answer,
        short=(),
        long=(),
        source="a corpus/r:1",
    )


@pytest.mark.slow
def test_empty_cells_are_not_measured_and_a_folder_frozen_again_is_measured_again(tmp_path):
    items = [
        item("Who wrote Faust?", TextAnswer(value="Goethe"), "general/fact_retrieval"),
        item("Is 7 prime?", ChoiceAnswer(value="yes", options=("yes", "no")), "science/diagnostic"),
    ]
    folder, out = tmp_path / "frozen", tmp_path / "run"
    (tmp_path / "study.toml").write_text(STUDY)
    config = load_study(str(tmp_path / "study.toml"), [f"benchmark={folder}"])
    seen = []
    for verified in (
        items,
        [*items, item("How much is 3 + 4?", IntegerAnswer(value=7), "coding/calculation")],
    ):
        write_benchmark(folder, freeze_items("frozen", verified, dict.fromkeys(CELLS, 2), None))
        run_study(config, out, watch=silent, workers=1)
        summary = read_summary(out / "summary.json")
        seen.append({(row.domain, row.skill): row.n_items for row in summary.base.profile.cells})
        assert json.loads((out / "benchmark" / "benchmark.json").read_text())["cells"] == {
            str(one.cell): 1 for one in verified
        }
    assert seen[0] == {("general", "fact_retrieval"): 1, ("science", "diagnostic"): 1}
    assert seen[1] == {**seen[0], ("coding", "calculation"): 1}
    (caution,) = [one for one in summary.findings if one.kind == "caution"]
    assert "general/fact_retrieval" in caution.evidence["at_majority"]
