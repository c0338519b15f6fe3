from pathlib import Path

import pytest

from herkomst.simulate import chronicle
from herkomst.simulate.chronicle import Chronicle, Leaves, Span, bind
from herkomst.simulate.draws import stream


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "LINES_IN_A_PART", 10)
    monkeypatch.setattr(chronicle, "BYTES_HELD", 200)


def test_lines_come_out_in_the_order_of_time_then_of_text(tmp_path: Path) -> None:
    lines = [(at % 37, f"{at * 7 % 100:03d}".encode()) for at in range(300)]
    stream(1, "order").shuffle(lines)
    with Chronicle(tmp_path / "whole", Span(0, 36, 300)) as register:
        for at, line in lines:
            register.add(at, line)
    found = (tmp_path / "whole").read_bytes().splitlines()
    assert found == [line for _, line in sorted(lines)]


def test_more_lines_than_expected_and_moments_before_the_first_are_taken_in(
    tmp_path: Path,
) -> None:
    with Chronicle(tmp_path / "whole", Span(100, 200, 1)) as register:
        for at in (150, 40, 200, 99):
            register.add(at, str(at).encode())
    assert (tmp_path / "whole").read_bytes().split() == [b"40", b"99", b"150", b"200"]


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    with Chronicle(tmp_path / "whole", Span(0, 99, 100)) as register:
        for at in range(100):
            register.add(at, b"x" * 20)
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_an_error_leaves_neither_file_nor_parts(tmp_path: Path) -> None:
    def fail() -> None:
        with Chronicle(tmp_path / "whole", Span(0, 99, 100)) as register:
            for at in range(100):
                register.add(at, b"x" * 20)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())


def test_who_put_a_line_aside_does_not_show(tmp_path: Path) -> None:
    lines = [(at % 37, f"{at * 7 % 100:03d}".encode()) for at in range(300)]
    span = Span(0, 36, 300)
    for writers in (1, 3):
        folder = tmp_path / f"leaves-{writers}"
        folder.mkdir()
        leaves = [Leaves(folder, span, writer) for writer in range(writers)]
        for number, (at, line) in enumerate(lines):
            leaves[number % writers].add(at, line)
        for each in leaves:
            each.put_aside()
        bind(folder, span, tmp_path / f"whole-{writers}", writers)
        assert not list(folder.iterdir())
    assert (tmp_path / "whole-1").read_bytes() == (tmp_path / "whole-3").read_bytes()
