"""Every cell is defined by enough seeds, which are told apart from those of other cells."""

from collections import Counter
from pathlib import Path

import pytest

from metaprobe.benchmark.curation.seeds import packaged, read_seeds, seeds_digest
from metaprobe.benchmark.wording import words
from metaprobe.core.errors import ConfigError, InputError
from metaprobe.core.vocabulary import CELLS


def test_every_cell_has_its_seeds_and_near_misses() -> None:
    seeds = read_seeds()
    assert [one.cell for one in seeds] == list(CELLS)
    assert len(list(packaged().glob("*.toml"))) == len(CELLS)
    for one in seeds:
        assert len(one.belongs) >= 8
        assert len(one.near_miss) >= 4
        assert one.about[-1] in ".?"
        assert all(miss.cell != str(one.cell) for miss in one.near_miss)


def test_no_seed_is_said_twice() -> None:
    seeds = read_seeds()
    said = Counter(" ".join(words(b.example)) for one in seeds for b in one.belongs)
    assert [text for text, n in said.items() if n > 1] == []
    for one in seeds:
        own = {" ".join(words(b.example)) for b in one.belongs}
        assert not own & {" ".join(words(miss.example)) for miss in one.near_miss}


def test_other_seeds_give_another_digest(tmp_path: Path) -> None:
    for path in packaged().glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert seeds_digest(read_seeds(tmp_path)) == seeds_digest(read_seeds())
    changed = tmp_path / "general-simulation.toml"
    changed.write_text(changed.read_text(encoding="utf-8").replace("compass", "needle"))
    assert seeds_digest(read_seeds(tmp_path)) != seeds_digest(read_seeds())


def test_seeds_that_are_missing_or_too_few_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mathematics-calculation\.toml: no such file"):
        read_seeds(tmp_path)
    (tmp_path / "mathematics-calculation.toml").write_text("about = 'x.'\nnear_miss = []\n")
    with pytest.raises(ConfigError, match=r"mathematics-calculation\.toml: belongs"):
        read_seeds(tmp_path)
