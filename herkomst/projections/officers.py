"""Officers as the feed of personnel tells them, with keyed hashes of where they live and lived.

The hashes are made with the words of presented identities, so that an officer and a seller meet
where they are the same person, share a house or live next door, and nobody reads an address.
"""

from uuid import UUID

import msgspec

from herkomst.domain.casework.personnel import (
    OfficerForgotten,
    OfficerTold,
    Private,
    person_name,
)
from herkomst.domain.events import Recorded
from herkomst.domain.persons import doors_beside
from herkomst.domain.register.records import Address, Seller
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Token, Unsealed, encode_json
from herkomst.projections.presentations import tokens

_decode = msgspec.json.Decoder(Private).decode
_HASHES, _RECORDED = 7, 15
_OWN = ("name", "born", "document", "phone", "address", "door")


_UNKNOWN = (*(None,) * len(_OWN), "[]", "[]")
"""What is hashed of an officer of whom nothing opens."""


class Officers(Model):
    name = "officers"
    version = 2
    sequence = "casework"
    owner = "officer"
    key = ("officer",)
    order = "officer"
    columns = (
        Column("officer", "uuid"),
        Column("name", "text"),
        Column("source", "text"),
        Column("key", "text"),
        Column("unit", "text"),
        Column("roles", "jsonb"),
        Column("version", "integer"),
        Column("name_token", "text", UNTOLD),
        Column("born_token", "text", UNTOLD),
        Column("document_token", "text", UNTOLD),
        Column("phone_token", "text", UNTOLD),
        Column("address_token", "text", UNTOLD),
        Column("door_token", "text", UNTOLD),
        Column("former_tokens", "jsonb", UNTOLD),
        Column("beside_tokens", "jsonb", UNTOLD),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = (
        "(name)",
        "(key)",
        "(name_token) WHERE name_token IS NOT NULL",
        "(phone_token) WHERE phone_token IS NOT NULL",
    )
    topics = frozenset({OfficerTold, OfficerForgotten})

    def key_of(self, fact: Recorded) -> UUID | None:
        return fact.stream if fact.topic == OfficerTold.TOPIC else None

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, OfficerForgotten):
            return [(*row[:_HASHES], *_UNKNOWN, *row[_RECORDED:-1], fact.position) for row in rows]
        assert isinstance(data, OfficerTold)
        plain = unsealed.open(fact.stream, data.sealed)
        hashed = _hashed(None if plain is None else _decode(plain), unsealed.token)
        return [
            (
                fact.stream,
                person_name(data.source, data.key),
                data.source,
                data.key,
                data.unit,
                encode_json(data.roles).decode(),
                fact.version,
                *hashed,
                fact.recorded_at,
                fact.position,
            )
        ]


def _hashed(private: Private | None, token: Token) -> tuple[object, ...]:
    """Own tokens, those of former addresses, and those of the doors beside."""
    if private is None:
        return _UNKNOWN
    person = private.person
    former = [_at(a, "address", token) for a in private.former_addresses]
    beside = [_at(a, "door", token) for a in doors_beside(person.address)] if person.address else []
    return (
        *tokens(person, token, _OWN),
        encode_json([t for t in former if t]).decode(),
        encode_json([t for t in beside if t]).decode(),
    )


def _at(address: Address, kind: str, token: Token) -> str | None:
    """The hash of an address, whoever lives there."""
    return tokens(Seller(family_name="-", address=address), token, (kind,))[0]
