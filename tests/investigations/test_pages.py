from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.investigations.pages import LARGEST, NEWEST, Cursors, InvalidPage, Page
from herkomst.record.keyring import Keyring


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("keys") / "kek.json")


@given(revision=st.integers(0, NEWEST), of=st.text())
def test_a_cursor_leads_back_to_its_revision(keyring: Keyring, revision: int, of: str) -> None:
    cursors = Cursors(keyring)

    assert cursors.revision(of, cursors.cursors(of, [revision])[0]) == revision


@given(forged=st.one_of(st.text(), st.binary(min_size=22, max_size=22).map(lambda b: b.hex()[:22])))
def test_what_is_no_cursor_is_refused(keyring: Keyring, forged: str) -> None:
    with pytest.raises(InvalidPage) as refusal:
        Cursors(keyring).revision("hits", forged)

    assert refusal.value.code == "cursor"


def test_a_cursor_of_another_list_is_refused(keyring: Keyring) -> None:
    cursors = Cursors(keyring)

    with pytest.raises(InvalidPage):
        cursors.revision("hits", cursors.cursors("purchases", [7])[0])


def test_a_cursor_of_another_archive_is_refused(keyring: Keyring, tmp_path: Path) -> None:
    another = Cursors(Keyring.create(tmp_path / "kek.json"))

    with pytest.raises(InvalidPage):
        Cursors(keyring).revision("hits", another.cursors("hits", [7])[0])


@pytest.mark.parametrize("first", [-1, 0, LARGEST + 1, 10**12])
def test_a_page_of_no_size_is_refused(keyring: Keyring, first: int) -> None:
    with pytest.raises(InvalidPage) as refusal:
        Cursors(keyring).page("hits", first, None)

    assert refusal.value.code == "first"


def test_a_page_begins_at_the_newest_or_behind_its_cursor(keyring: Keyring) -> None:
    cursors = Cursors(keyring)

    assert cursors.page("hits", 1, None) == Page(1, NEWEST)
    assert cursors.page("hits", LARGEST, cursors.cursors("hits", [7])[0]) == Page(LARGEST, 7)
