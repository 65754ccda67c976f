"""Every study file in the repository and in the package is one that `metaprobe run` accepts."""

from pathlib import Path

import pytest
from repository import ROOT, SOURCE

from metaprobe.core.errors import ConfigError
from metaprobe.study.config import load_study

BUILT_IN = sorted((SOURCE / "study" / "builtin").glob("*.toml"))
STUDIES = sorted((ROOT / "studies").glob("*.toml")) + BUILT_IN
EACH = pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)


def test_there_is_a_study() -> None:
    assert [path for path in STUDIES if path not in BUILT_IN]


@EACH
def test_a_study_file_is_valid(path: Path) -> None:
    study = load_study(str(path))
    assert study.arms
    assert study.name


@EACH
def test_an_override_reaches_it(path: Path) -> None:
    assert load_study(str(path), ["seeds=[3, 4]"]).seeds == [3, 4]


@EACH
def test_an_unknown_key_in_it_is_refused(path: Path, tmp_path: Path) -> None:
    broken = tmp_path / path.name
    broken.write_text(f"basse = 'x'\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(ConfigError, match="basse"):
        load_study(str(broken))
