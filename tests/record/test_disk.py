"""Files that are there whole or not at all."""

import stat
from pathlib import Path

from herkomst.record import disk


def test_given_a_file_when_another_is_put_in_its_place_then_it_is_whole_and_nothing_is_left_beside(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys"
    disk.put(path, b"a longer content")

    disk.put(path, b"short", 0o644)

    assert path.read_bytes() == b"short"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_given_no_mode_when_a_file_is_put_then_nobody_else_reads_it(tmp_path: Path) -> None:
    disk.put(tmp_path / "keys", b"secret")

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


def test_given_two_drafts_of_one_file_then_neither_is_written_over(tmp_path: Path) -> None:
    one, other = (disk.draft(tmp_path / "keys", content) for content in (b"one", b"other"))

    assert (one.read_bytes(), other.read_bytes()) == (b"one", b"other")
    assert not (tmp_path / "keys").exists()


def test_given_what_was_left_half_done_when_it_is_begun_again_then_that_is_gone(
    tmp_path: Path,
) -> None:
    left, of_another = tmp_path / "data.new-cut", tmp_path / "runtime.new-cut"
    for directory in (left, of_another):
        (directory / "deep").mkdir(parents=True)

    with disk.scratch(tmp_path, "data") as scratch:
        assert not left.exists()
        (scratch / "new").touch()

    assert list(tmp_path.iterdir()) == [of_another]
