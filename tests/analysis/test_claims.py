"""A claim says no more than its test, and what it would take to say more."""

import numpy as np
import polars as pl
import pytest

from metaprobe.analysis.claims import claims
from metaprobe.core.stats import arm_change, holm
from metaprobe.core.streams import numpy_rng_for

FAMILIES, ITEMS = 12, 40
TRAINED = {"mathematics/calculation"}
LABELS = {"grpo": "GRPO", "sft": "SFT", "idle": "idle"}


def table(accuracy):
    """Items of one trained and two other cells, six families each."""
    n = np.arange(FAMILIES * ITEMS)
    domain = np.array(["mathematics", "coding", "science"])[n * 3 // n.size]
    return pl.DataFrame(
        {
            "item_id": n.astype(str),
            "domain": domain,
            "skill": "calculation",
            "family": (n // ITEMS).astype(str),
            "accuracy": accuracy,
        }
    )


def right(rng, share):
    return (rng.random(FAMILIES * ITEMS) < share).astype(float)


def study(shift, seeds=3, name="study"):
    """A base at 0.6 and arms at 0.6 + shift, with independent answers."""
    rng = numpy_rng_for("claims", name)
    base = right(rng, 0.6)
    tables = {arm: [right(rng, 0.6 + s) for _ in range(seeds)] for arm, s in shift.items()}
    return base, tables


def found(base, tables, trained=TRAINED):
    arms = {arm: [table(t) for t in own] for arm, own in tables.items()}
    return claims(table(base), arms, trained, LABELS)


def test_the_numbers_are_those_of_the_crossed_test_after_holm():
    base, tables = study({"grpo": -0.3, "sft": 0.02})
    others = table(base)["domain"].to_numpy() != "mathematics"
    families = table(base)["family"].to_numpy()[others]
    expected = [arm_change((np.array(t) - base)[:, others], families) for t in tables.values()]
    p = holm(np.array([e.p_value for e in expected]))
    for claim, change, adjusted in zip(found(base, tables), expected, p, strict=True):
        assert claim.kind == "claim"
        assert claim.evidence["value"] == pytest.approx(change.value)
        assert claim.evidence["p_holm"] == pytest.approx(adjusted)
        assert claim.evidence["n_items"] == others.sum()


def test_a_change_that_is_told_has_its_interval_and_its_scope():
    (claim,) = found(*study({"grpo": -0.3}))
    low, high = (round(100 * claim.evidence[end]) for end in ("low", "high"))
    lost = round(-100 * claim.evidence["value"])
    assert claim.text.startswith(f"Outside the trained cells GRPO loses {lost} points")
    assert f"(95 % −{-low} to −{-high} over 320 items, 8 families and three seeds; p" in claim.text
    assert claim.evidence["items_needed"] is None


def test_no_change_says_so_and_what_it_would_take():
    told, none = found(*study({"grpo": -0.3, "idle": 0.0}))
    assert "loses" in told.text
    assert "idle shows no change that can be told from none" in none.text
    needed = none.evidence["items_needed"]
    assert needed is not None
    assert f"{needed:,} items" in none.text
    assert "after Holm over two arms" in none.text


def test_one_seed_is_a_claim_about_one_model():
    (claim,) = found(*study({"grpo": 0.2}, seeds=1))
    assert "gains" in claim.text
    assert "families" not in claim.text
    assert claim.text.endswith("one seed says nothing of others.")


def test_without_other_cells_the_claim_is_about_all():
    base, tables = study({"grpo": 0.2})
    for trained in (set(), {f"{d}/calculation" for d in ("mathematics", "coding", "science")}):
        (claim,) = found(base, tables, trained)
        assert claim.text.startswith("Over all cells GRPO")
        assert claim.evidence["n_items"] == FAMILIES * ITEMS


def test_a_base_below_ten_points_cannot_fall_by_ten():
    (claim,) = found(np.zeros(480), {"idle": [np.zeros(480)] * 2})
    assert claim.evidence["items_needed"] is None
    assert claim.text.endswith("p = 1).")


def test_arms_without_a_shared_item_have_no_claim():
    base, tables = study({"grpo": 0.0})
    other = table(base).with_columns(item_id=pl.lit("other"))
    assert claims(other, {"grpo": [table(tables["grpo"][0])]}, TRAINED, LABELS) == []
    assert claims(other, {}, TRAINED, LABELS) == []


@pytest.mark.slow
def test_the_items_that_it_would_take_find_the_fall():
    """Power of the claim at the number of items that a study without a change names."""
    base, tables = study({"idle": 0.0}, name="plan")
    (claim,) = found(base, tables)
    per_family = max(2, round(claim.evidence["items_needed"] / 8))
    families = np.repeat(np.arange(8), per_family)
    rng = numpy_rng_for("claims", "power")
    hits = 0
    for _ in range(400):
        before = rng.random(families.size) < 0.6
        after = rng.random((3, families.size)) < 0.5
        change = arm_change(after * 1.0 - before, families)
        hits += change.p_value <= 0.05
    assert hits >= 0.7 * 400
