"""The document of a person: what is in it, and when there is none."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from herkomst.domain.register.records import Seller
from herkomst.record.vault import DataKey
from herkomst.search.documents import person
from herkomst.search.names import Name
from tests.archives import a_seller

KEY = DataKey(UUID(int=7), bytes(range(64)))
LAW = "wpg:9 closed politie"


class Row(NamedTuple):
    """Of the read model `presentations`, what a document is made of."""

    sealed: bytes | None
    presentation: UUID = UUID(int=1)
    source: str = "kassa"
    since: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    revision: int = 12


def a_row(seller: Seller) -> Row:
    return Row(KEY.seal(msgspec.json.encode(seller)))


def test_given_an_identity_without_its_key_when_a_document_is_made_then_there_is_none() -> None:
    assert person(a_row(a_seller()), None, "open", LAW) is None
    assert person(Row(None), KEY, "open", LAW) is None


def test_given_who_is_in_a_case_when_a_document_is_made_then_it_is_held_under_that_law() -> None:
    found = person(a_row(a_seller(prefix="van den")), KEY, "comparable", LAW)
    assert found is not None
    assert found.name == Name(("voorbeeld",), ("testa",), ("van", "den"))
    assert (found.law, found.regime, found.kept) == (LAW, "wpg", "comparable")
    assert (found.record, found.revision) == (UUID(int=1), 12)


def test_given_a_person_when_a_document_is_made_then_nothing_but_the_name_is_opened() -> None:
    seller = a_seller(email="testa@post.example", address=None)
    found = person(a_row(seller), KEY, "open", LAW)
    assert found is not None
    text = found.encoded().decode()
    for hidden in (seller.born, seller.phone, seller.email, "NXX00FAKE"):
        assert hidden
        assert hidden not in text
