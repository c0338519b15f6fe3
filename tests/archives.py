"""Archives to test with: a migrated database of their own, and records of made-up persons."""

import fcntl
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from herkomst.domain.register.records import (
    Address,
    Amount,
    DealerRecord,
    Document,
    Establishment,
    Identifier,
    Moment,
    PawnEndedRecord,
    Payment,
    PurchaseCorrection,
    PurchaseLine,
    PurchaseRecord,
    PurchaseSold,
    Reference,
    Seller,
    StolenGood,
    StolenItemRecord,
)
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record import migrations
from herkomst.record.archive import Archive, Urls
from herkomst.record.casework import Casework
from herkomst.record.database import Database, connect
from herkomst.record.journal import Journal
from herkomst.record.keyring import Keyring
from herkomst.record.postgres import APP, OWNER, EmbeddedPostgres
from herkomst.record.register import Register
from herkomst.record.standing import Standings

ACTOR = "source:kassa"
TILL = "kassa"
"""Source of the dealers and the purchases below; stolen items come from `POLICE`."""
POLICE = "politie"
AMSTERDAM = "GM0363"


@contextmanager
def make_archive(
    server: EmbeddedPostgres,
    *,
    name: str | None = None,
    kek_file: Path | None = None,
    followed: bool = False,
) -> Iterator[Archive]:
    """An archive on a fresh migrated database, which is dropped at the end.

    Args:
        name: of the database; a random one by default.
        kek_file: where its keys are kept; a file that goes with the archive by default.
        followed: whether followers have looked already, so that each read model is there.
    """
    name = name or f"test_{uuid.uuid4().hex}"
    template = followed_template(server) if followed else migrated_template(server)
    server.create_database(name, template=template)
    try:
        with tempfile.TemporaryDirectory() as directory:
            keyring = Keyring.create(kek_file or Path(directory) / "kek.json")
            with opened(server, name, keyring) as archive:
                yield archive
    finally:
        server.drop_database(name)


@contextmanager
def opened(server: EmbeddedPostgres, name: str, keyring: Keyring) -> Iterator[Archive]:
    """The archive of a database that is there already, over a pool of its own."""
    app = server.url(APP, name)
    database = Database(app)
    try:
        yield Archive(
            Urls(app, server.url(OWNER, name), app, app),
            keyring,
            database,
            Register(database, keyring),
            Casework(database, keyring),
            Journal(database, keyring),
            Standings(database),
        )
    finally:
        database.close()


def migrated_template(server: EmbeddedPostgres) -> str:
    """The name of an empty migrated database to copy, made by the first of this run to ask."""

    def migrate(name: str) -> None:
        with connect(server.url(OWNER, name), "template") as connection:
            migrations.migrate(connection, APP)

    return _template(server, "migrated", "template1", migrate)


def followed_template(server: EmbeddedPostgres) -> str:
    """The name of one in which every follower stands at the start, and its read models are there.

    Making them takes longer than most tests that only want them to be there.
    """

    def follow(name: str) -> None:
        with tempfile.TemporaryDirectory() as directory:
            keyring = Keyring.create(Path(directory) / "kek.json")
            with opened(server, name, keyring) as archive:
                Runner(archive.urls.app, followers(archive)).run(once=True)

    return _template(server, "followed", migrated_template(server), follow)


def _template(server: EmbeddedPostgres, kind: str, of: str, make: Callable[[str], None]) -> str:
    text = "".join(migration.sha256 for migration in migrations.migrations())
    name = f"{kind}_{sha256(text.encode()).hexdigest()[:16]}"
    made = server.home / name
    with (server.home / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            server.create_database(name, template=of)
            make(name)
            made.touch()
    return name


def a_dealer(**changes: Any) -> DealerRecord:
    """The dealer of `a_purchase`, with one establishment in Amsterdam."""
    dealer = DealerRecord(
        type="dealer",
        v=1,
        source=TILL,
        key="dealer-1",
        name="Winkel Voorbeeld",
        trades=["general", "bicycles"],
        kvk="12345678",
        notified_on="2020-01-06",
        establishments=[an_establishment()],
    )
    return replace(dealer, **changes)


def an_establishment(**changes: Any) -> Establishment:
    address = Address(street="Fictielaan", number="1", postcode="1000 AA", city="Amsterdam")
    return replace(Establishment(address=address, municipality=AMSTERDAM), **changes)


def a_purchase(**changes: Any) -> PurchaseRecord:
    """A bicycle that Testa Voorbeeld sold for 80 euros in cash."""
    purchase = PurchaseRecord(
        type="purchase",
        v=1,
        source=TILL,
        key="purchase-1",
        dealer=Reference(source=TILL, key="dealer-1"),
        acquired=a_moment("2026-03-02T14:05:00+01:00"),
        mode="bought",
        seller=a_seller(),
        items=[a_line()],
        payment=Payment(form="cash", amount=Amount(amount="80.00")),
    )
    return replace(purchase, **changes)


def a_line(**changes: Any) -> PurchaseLine:
    line = PurchaseLine(
        line=1,
        kind="bicycle",
        brand="Gazelle",
        model="Orange C8",
        identifiers=[Identifier(type="frame", value="GZ4711003")],
        price=Amount(amount="80.00"),
    )
    return replace(line, **changes)


def a_seller(**changes: Any) -> Seller:
    """Nobody: an adult of a made-up name."""
    seller = Seller(
        family_name="Voorbeeld",
        given_names="Testa",
        initials="T.",
        born="1980-02-29",
        address=Address(street="Fictielaan", number="12", postcode="1000 AB", city="Amsterdam"),
        phone="06-00000001",
        document=Document(type="passport", number="NXX00FAKE"),
    )
    return replace(seller, **changes)


def a_stolen_item(**changes: Any) -> StolenItemRecord:
    """The bicycle of `a_purchase`, reported stolen since the night before it was sold."""
    item = StolenItemRecord(
        type="stolen_item",
        v=1,
        source=POLICE,
        key="stolen-1",
        report="PL1300-2026000001",
        offence="theft",
        status="reported",
        handling="open",
        stolen=a_moment("2026-02-28T20:00:00+01:00", to="2026-03-01T08:00:00+01:00"),
        reported_at="2026-03-01T09:30:00+01:00",
        item=a_stolen_good(),
    )
    return replace(item, **changes)


def a_stolen_good(**changes: Any) -> StolenGood:
    good = StolenGood(
        kind="bicycle",
        brand="Gazelle",
        model="Orange C8",
        identifiers=[Identifier(type="frame", value="GZ4711003")],
    )
    return replace(good, **changes)


def a_correction(key: str = "correction-1", /, **changes: object) -> PurchaseCorrection:
    """A correction of `a_purchase`: a merge patch of the fields that are named."""
    return PurchaseCorrection(
        type="purchase_correction",
        v=1,
        source=TILL,
        key=key,
        corrects="purchase-1",
        reason="Written down wrongly",
        changes=changes,
    )


def a_sale(**changes: Any) -> PurchaseSold:
    """The bicycle of `a_purchase`, sold on."""
    sale = PurchaseSold(
        type="purchase_sold",
        v=1,
        source=TILL,
        key="sale-1",
        purchase="purchase-1",
        line=1,
        sold=a_moment("2026-03-09"),
    )
    return replace(sale, **changes)


def an_end_of_pawn(**changes: Any) -> PawnEndedRecord:
    """The end of `a_purchase`, had it been a pawn."""
    end = PawnEndedRecord(
        type="pawn_ended",
        v=1,
        source=TILL,
        key="end-1",
        purchase="purchase-1",
        line=1,
        outcome="redeemed",
        ended=a_moment("2026-05-02"),
    )
    return replace(end, **changes)


def a_moment(from_: str, to: str | None = None) -> Moment:
    return Moment(from_=from_, to=to)
