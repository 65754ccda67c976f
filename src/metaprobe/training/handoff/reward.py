"""The reward of a metaprobe job: 1 for a correct boxed answer and 0 otherwise, as the grader says.

This file is copied into the job; verl calls `compute_score`.
"""

from typing import Any

try:
    from metaprobe.benchmark.interchange.rows import grade_row
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the reward is metaprobe's grader, which is not installed beside verl: "
        "pip install --no-deps metaprobe"
    ) from error


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None, **others: Any
) -> dict[str, float]:
    """Return the reward of a response as `score`, and as `acc`, by which verl filters groups.

    Args:
        data_source: not used.
        solution_str: the decoded response.
        ground_truth: the typed gold as JSON text.
        extra_info: not used.
        others: what verl passes besides; not used.
    """
    del data_source, extra_info, others
    correct = float(grade_row({"answer": ground_truth}, solution_str).verdict == "correct")
    return {"score": correct, "acc": correct}
