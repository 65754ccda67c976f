"""Planted directions are found and their angles are the planted ones; labels alone are not."""

import numpy as np
import pytest

from metaprobe.core.streams import numpy_rng_for
from metaprobe.core.vocabulary import Skill
from metaprobe.probes.representation.directions import angle, first_half, skill_directions

SKILLS = [list(Skill)[n % 5] for n in range(200)]
ITEMS = [f"item{n}" for n in range(200)]


def planted(strength: float, name: str) -> np.ndarray:
    """Features (200, 1, 12): skill k lies further along axis k."""
    x = numpy_rng_for("test-directions", name).standard_normal((200, 1, 12))
    for row, skill in enumerate(SKILLS):
        x[row, 0, list(Skill).index(skill)] += strength
    return x


def test_a_planted_direction_is_found() -> None:
    x = planted(8, "found")
    rows = skill_directions(x, x, ITEMS, SKILLS)
    assert len(rows) == 5 * 2
    for row in rows:
        assert row.auroc_base > 0.99
        assert row.base_low > 0.9
        assert (row.n_items, row.n_skill) == (200, 40)
        assert row.auroc_tuned == row.auroc_base
        assert row.angle == 0
        assert 0 < row.angle_floor < 0.5


def test_without_a_direction_the_area_is_one_half() -> None:
    x = planted(0, "none")
    areas = [row.auroc_base for row in skill_directions(x, x, ITEMS, SKILLS)]
    assert abs(np.mean(areas) - 0.5) < 0.08
    order = numpy_rng_for("test-directions", "permuted").permutation(200)
    shuffled = [SKILLS[n] for n in order]
    strong = planted(8, "shuffled")
    areas = [row.auroc_base for row in skill_directions(strong, strong, ITEMS, shuffled)]
    assert abs(np.mean(areas) - 0.5) < 0.08


@pytest.mark.parametrize("turn", [0.1, 0.7, 1.5])
def test_a_rotation_turns_every_direction_by_its_angle(turn: float) -> None:
    # In every plane (2k, 2k + 1) the same turn, so that every vector turns by it.
    one = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    rotation = np.kron(np.eye(6), one)
    x = planted(4, "turned")
    for row in skill_directions(x, x @ rotation, ITEMS, SKILLS):
        assert row.angle == pytest.approx(turn, rel=1e-9)
        assert row.auroc_tuned == pytest.approx(row.auroc_base, abs=1e-9)


def test_the_halves_share_no_item_and_depend_on_names_alone() -> None:
    half = first_half(ITEMS, SKILLS)
    assert half.sum() == 100
    order = numpy_rng_for("test-directions", "order").permutation(200)
    again = first_half([ITEMS[n] for n in order], [SKILLS[n] for n in order])
    assert (again == half[order]).all()


def test_skills_with_too_few_items_are_left_out() -> None:
    x = planted(1, "few")[:12]
    assert skill_directions(x, x, ITEMS[:12], SKILLS[:12]) == []


def test_small_angles_keep_their_digits() -> None:
    assert angle(np.array([1.0, 0.0]), np.array([1.0, 1e-12])) == pytest.approx(1e-12, rel=1e-9)
    assert angle(np.array([1.0, 0.0]), np.array([-2.0, 0.0])) == pytest.approx(np.pi)
    assert angle(np.zeros(2), np.ones(2)) == pytest.approx(np.pi / 2)
