import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.record.keyring import Keyring, KeyringError

KEY = "A" * 43 + "="


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "kek.json"


def write(path: Path, content: object, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else msgspec.json.encode(content))
    path.chmod(mode)


def test_given_no_file_when_created_then_only_its_owner_may_read_it(path: Path) -> None:
    first = Keyring.create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["kek.json"]
    assert Keyring.create(path).token("x") == first.token("x") == Keyring.open(path).token("x")


def test_two_files_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = (Keyring.create(tmp_path / name) for name in ("one", "other"))

    assert one.token("x") != other.token("x")
    assert one.chain(b"", 1, b"x") != other.chain(b"", 1, b"x")


def test_given_many_makers_at_once_when_created_then_all_have_the_same_keys(path: Path) -> None:
    start, tokens = threading.Barrier(8), list[str]()

    def make() -> None:
        start.wait()
        tokens.append(Keyring.create(path).token("x"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tokens) == 8
    assert len(set(tokens)) == 1
    assert [file.name for file in path.parent.iterdir()] == ["kek.json"]


def test_given_a_draft_of_a_killed_maker_of_the_same_number_when_created_then_it_is_no_bar(
    path: Path,
) -> None:
    path.parent.mkdir()
    path.with_name(f"kek.json.{os.getpid()}").touch()

    assert Keyring.create(path).current == 1


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda _: None, "keyring_missing"),
        (lambda path: write(path, b"{"), "keyring_broken"),
        (lambda path: write(path, b"\xff\xfe"), "keyring_broken"),
        (lambda path: write(path, {"wrapping": {}, "lookup": KEY, "chain": KEY}), "keyring_broken"),
        (lambda path: write(path, {"wrapping": {1: KEY}, "lookup": KEY}), "keyring_broken"),
        (
            lambda path: write(path, {"wrapping": {1: "AAAA"}, "lookup": KEY, "chain": KEY}),
            "keyring_broken",
        ),
        (
            lambda path: write(path, {"wrapping": {1: KEY}, "lookup": "", "chain": KEY}),
            "keyring_broken",
        ),
        (
            lambda path: write(path, {"wrapping": {1: KEY}, "lookup": KEY, "chain": KEY}, 0o640),
            "keyring_exposed",
        ),
        (
            lambda path: write(path, {"wrapping": {1: KEY}, "lookup": KEY, "chain": KEY}, 0o604),
            "keyring_exposed",
        ),
        (lambda path: path.mkdir(parents=True), "keyring_unreadable"),
    ],
)
def test_given_a_file_that_cannot_be_used_when_opened_then_it_is_named_with_a_cure(
    path: Path, prepare: Callable[[Path], None], code: str
) -> None:
    prepare(path)

    with pytest.raises(KeyringError, match=r"kek\.json") as raised:
        Keyring.open(path)

    assert raised.value.code == code
    assert raised.value.cure


def test_the_newest_wrapping_key_is_the_one_that_wraps(path: Path) -> None:
    write(path, {"wrapping": {9: KEY, 10: KEY, 2: KEY}, "lookup": KEY, "chain": KEY})

    assert Keyring.open(path).current == 10


def test_a_keyring_does_not_show_its_keys(path: Path) -> None:
    assert repr(Keyring.create(path)) == "Keyring(current=1)"


@given(st.text(), st.text())
def test_tokens_are_equal_for_equal_texts_and_no_others(
    keyring: Keyring, one: str, other: str
) -> None:
    assert (keyring.token(one) == keyring.token(other)) == (one == other)
    assert len(keyring.token(one)) == 32


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("keys") / "kek.json")
