"""Writing: all or nothing, and one clear line where the system refuses."""

import errno

import polars as pl
import pytest

from metaprobe.core.errors import FolderError, InputError, StorageError
from metaprobe.core.files import (
    atomic_path,
    read_json,
    read_jsonl,
    storage_errors,
    write_json,
    write_parquet,
    write_text,
)


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text(str(1 / 0))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_written_reads_back(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"a": [1, None, "é"]})
    assert read_json(tmp_path / "deep" / "a.json") == {"a": [1, None, "é"]}
    table = pl.DataFrame({"x": [1, 2]})
    write_parquet(tmp_path / "t.parquet", table)
    assert pl.read_parquet(tmp_path / "t.parquet").equals(table)


def test_not_a_number_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", float("nan"))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_one_line_whoever_reports_it(tmp_path, error):
    with pytest.raises(StorageError, match="disk is full") as caught, storage_errors(tmp_path):
        raise error
    assert caught.value.exit_status == 1
    assert "\n" not in str(caught.value)


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(KeyError), storage_errors(tmp_path):
        raise KeyError("a")


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="is a file") as caught:
        write_text(tmp_path / "file" / "below.txt", "x")
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT])
def test_an_unwritable_folder_is_bad_input(tmp_path, code):
    with pytest.raises(FolderError, match="another") as caught, storage_errors(tmp_path):
        raise OSError(code, "refused")
    assert caught.value.exit_status == 2
    assert "\n" not in str(caught.value)


def test_bad_lines_are_named_with_their_number(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\nnot json\n')
    with pytest.raises(InputError, match=r"a\.jsonl:3"):
        read_jsonl(path)
    path.write_text("[1]\n")
    with pytest.raises(InputError, match="expected a JSON object"):
        read_jsonl(path)
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "absent.json")
