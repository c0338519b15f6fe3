import base64
from collections.abc import Iterator
from uuid import UUID

import msgspec
import pytest
from psycopg.sql import SQL, Identifier

from herkomst.domain.journal import Read
from herkomst.domain.register import purchase
from herkomst.domain.register.records import (
    Address,
    Document,
    Payment,
    Place,
)
from herkomst.domain.register.records import (
    Identifier as Number,
)
from herkomst.record.archive import Archive
from herkomst.record.database import connect
from herkomst.record.journal import journal_event
from herkomst.record.vault import DataKey, SealBroken
from tests.archives import (
    a_correction,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_sale,
    a_seller,
    a_stolen_item,
)
from tests.archives import a_stolen_good as a_good
from tests.record.holding import assert_holds, stored
from tests.record.taking import Counter, only, purchase_stream

SECRETS = [
    "Geheimzinnig",
    "Onvindbara",
    "Q.X.",
    "1971-07-17",
    "Verborgenpad",
    "9987",
    "9999 ZZ",
    "06-98765432",
    "geheim@voorbeeld.invalid",
    "SPECFAKE99",
    "QQ-123-Q",
    "ZZ-987-Z",
    "GRAVURE-9999ZZ-77",
    "Kras naast initialen X.Q.",
    "Beleend onder familienaam X",
    "NL99FAKE0123456789",
    "Omdat buurman X dat zei",
    "Verschreven door X",
    "Nieuwenaam",
    "Koperinkoop",
    "06-11112222",
    "Gestolen uit schuur van X",
    "GRAVURE-DIEF-1",
    "52.123456",
    "4.987654",
    "8888 YY",
    "winkel@voorbeeld.invalid",
    "020-5550000",
    "query { everything about X }",
]
"""Everything below that may point at a person, and nothing that may stand in the clear."""


@pytest.fixture(scope="module")
def filled(shared_archive: Archive) -> Archive:
    """An archive that took in every kind of record, with everything filled in."""
    seller = a_seller(
        family_name="Geheimzinnig",
        prefix="van",
        given_names="Onvindbara",
        initials="Q.X.",
        born="1971-07-17",
        address=Address(street="Verborgenpad", number="9987", postcode="9999 ZZ", city="Urk"),
        phone="06-98765432",
        email="geheim@voorbeeld.invalid",
        document=Document(type="identity_card", number="SPECFAKE99"),
        vehicle_plate="QQ-123-Q",
    )
    line = a_line(
        description="Kras naast initialen X.Q.",
        terms="Beleend onder familienaam X",
        identifiers=[
            Number(type="serial", value="PLAIN-SERIAL"),
            Number(type="plate", value="ZZ-987-Z"),
            Number(type="engraving", value="GRAVURE-9999ZZ-77"),
        ],
    )
    payment = Payment(form="transfer", amount="80.00", account="NL99FAKE0123456789")
    item = a_good(
        description="Gestolen uit schuur van X",
        identifiers=[Number(type="engraving", value="GRAVURE-DIEF-1")],
    )
    place = Place(municipality="GM0363", postcode="8888 YY", lat=52.123456, lon=4.987654)
    correction = a_correction(seller={"family_name": "Nieuwenaam"})
    Counter(shared_archive).take(
        a_dealer(email="winkel@voorbeeld.invalid", phone="020-5550000"),
        a_purchase(seller=seller, items=[line], payment=payment, reason="Omdat buurman X dat zei"),
        msgspec.structs.replace(correction, reason="Verschreven door X"),
        a_sale(buyer=a_seller(family_name="Koperinkoop", phone="06-11112222")),
        a_stolen_item(item=item, place=place),
        a_stolen_item(item=item, place=place, offence="burglary"),
    )
    write_a_read(shared_archive)
    return shared_archive


def write_a_read(archive: Archive) -> None:
    entry = archive.journal.open_entry()
    read = Read(
        asked=entry.key.seal(b"query { everything about X }"),
        asked_token=archive.keyring.token("query { everything about X }"),
        count=1,
        device="",
        document="0" * 64,
        duration_us=1,
        ground="wpg:8",
        policy="0" * 16,
        purpose="case:1",
        role="district_detective",
        unit="eenheid",
        user="tester",
        way="graphql",
    )
    event = journal_event(entry.stream, read, user="tester", ground="wpg:8", unit="eenheid")
    archive.journal.write([(event, entry.row)])


def everything_stored(archive: Archive) -> Iterator[tuple[str, bytes]]:
    """Every value of every row of every table of ours, as bytes, with the table's name."""
    with connect(archive.urls.app, "scan") as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            read = SQL("SELECT * FROM {}").format(Identifier(schema, table))
            for row in connection.execute(read).fetchall():
                for value in row:
                    is_bytes = isinstance(value, bytes)
                    yield f"{schema}.{table}", value if is_bytes else str(value).encode()


def forms(secret: str) -> list[bytes]:
    """The ways in which a text may lie in bytes: as it is, and within base64 at any offset."""
    plain = secret.encode()
    within = [base64.b64encode(b"\0" * n + plain)[4 if n else 0 : -4] for n in range(3)]
    return [plain, plain.upper(), plain.lower(), plain.hex().encode(), *within]


def test_no_text_that_may_point_at_a_person_lies_in_any_table(filled: Archive) -> None:
    values = list(everything_stored(filled))
    assert {table for table, _ in values} >= {
        "record.register_events",
        "record.journal_events",
        "record.appends",
        "vault.keys",
    }

    found = [
        (secret, table)
        for secret in SECRETS
        for form in forms(secret)
        for table, value in values
        if len(form) > 3 and form in value
    ]

    assert found == []
    assert any(b"PLAIN-SERIAL" in value for _, value in values)  # The search would have found it.


def test_what_was_sealed_is_all_there_for_who_has_the_key(filled: Archive) -> None:
    opened = b""
    for stream, parts in sealed_parts(filled).items():
        key = data_key(filled, stream)
        opened += b"".join(key.open(part) for part in parts)

    assert [s for s in SECRETS if s.encode() not in opened and "query" not in s] == []


def sealed_parts(archive: Archive) -> dict[str, list[bytes]]:
    """The sealed parts of the register by the stream whose data key opens them."""
    found: dict[str, list[bytes]] = {}
    for row in stored(archive):
        body = msgspec.json.decode(row.state)["data"]
        owner = body["purchase"] if row.topic.startswith("dor.identity") else row.stream
        reason = (body.get("correction") or {}).get("reason")
        for part in (body.get("sealed"), body.get("buyer"), reason):
            if part is not None:
                found.setdefault(owner.replace("-", ""), []).append(base64.b64decode(part))
    return found


def data_key(archive: Archive, stream: str) -> DataKey:
    key_id = UUID(hex=stream)
    with archive.database.connection() as connection:
        return archive.register.vault.keys(connection, [key_id])[key_id]


def test_given_a_sealed_part_when_it_is_moved_to_another_record_then_it_does_not_open(
    filled: Archive,
) -> None:
    parts = sealed_parts(filled)
    (one, sealed), (other, _) = list(parts.items())[:2]
    key, wrong = data_key(filled, one), data_key(filled, other)

    with pytest.raises(SealBroken, match=str(wrong.key_id)) as raised:
        wrong.open(sealed[0])
    assert raised.value.code == "seal_broken"

    for changed in (sealed[0][:-1] + b"\0", sealed[0][1:], b""):
        with pytest.raises(SealBroken):
            key.open(changed)


def test_the_same_content_is_sealed_and_fingerprinted_differently_each_time(
    archive: Archive,
) -> None:
    counter = Counter(archive)
    line = a_line(description="Hetzelfde")
    counter.take(*[a_purchase(key=key, items=[line], seller=None) for key in ("a", "b")])

    one, other = (
        only(purchase.Registered, counter.events(purchase_stream(key))) for key in ("a", "b")
    )

    assert one.sealed != other.sealed
    assert one.fingerprint != other.fingerprint
    assert len({row.state for row in stored(archive)}) == 4


def test_a_purchase_without_anything_of_a_person_seals_nothing_but_still_has_a_key(
    archive: Archive,
) -> None:
    counter = Counter(archive)
    counter.take(a_purchase(seller=None), a_stolen_item(item=a_good()))

    registered = only(purchase.Registered, counter.events(purchase_stream()))
    assert (registered.sealed, registered.seller) == (None, False)
    with connect(archive.urls.app, "keys") as connection:
        assert connection.execute("SELECT count(*) FROM vault.keys").fetchone() == (2,)


def test_the_keys_are_committed_with_the_events_or_not_at_all(archive: Archive) -> None:
    counter = Counter(archive)
    counter.register.take_in([(1, a_purchase())], actor="source:kassa", dry_run=True)
    counter.take(a_purchase(key="bad", acquired=a_moment("never")), a_purchase(), a_purchase())

    assert_holds(archive)
    with connect(archive.urls.app, "keys") as connection:
        keys = connection.execute("SELECT key_id, kek, length(wrapped) FROM vault.keys").fetchall()
    assert keys == [(purchase_stream(), 1, 12 + 64 + 16)]
