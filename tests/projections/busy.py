"""A little of everything that a register can hold, in one order in which it may have come."""

from datetime import date

from herkomst.domain import ids
from herkomst.domain.casework import hit
from herkomst.domain.casework.reveal import Revealed, Reveals
from herkomst.domain.register import dealer
from herkomst.domain.register.records import (
    Identifier,
    PawnEndedRecord,
    PurchaseCorrection,
    PurchaseSold,
    Record,
)
from herkomst.processes.matching import FLOOD
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal, Standpoint
from tests.archives import (
    ACTOR,
    TILL,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_seller,
    a_stolen_good,
    a_stolen_item,
    an_establishment,
)
from tests.projections.following import follow, rows


def first_sent() -> list[Record]:
    """Records whose order among each other says nothing: each has a key of its own."""
    return [
        a_dealer(),
        a_dealer(key="dealer-2", name="Winkel Verzonnen", kvk=None, trades=["phones"]),
        *[a_purchase(key=f"p{n}", items=[a_line(identifiers=_numbered(n))]) for n in range(1, 9)],
        a_purchase(key="plate", items=[a_line(kind="moped", identifiers=[_plate("XX-12-YZ")])]),
        a_purchase(key="pawn", mode="pawned", seller=None),
        a_purchase(key="early", acquired=a_moment("2026-02-27")),
        a_purchase(key="two", items=[a_line(), a_line(line=2, identifiers=_numbered(2))]),
        a_purchase(key="erased", seller=a_seller(family_name="Wisbaar")),
        *[
            a_stolen_item(key=f"s{n}", item=a_stolen_good(identifiers=_numbered(n)))
            for n in range(1, 7)
        ],
        a_stolen_item(item=a_stolen_good(brand=None)),
        a_stolen_item(
            key="plate", item=a_stolen_good(kind="moped", identifiers=[_plate("xx12yz")])
        ),
        a_stolen_item(key="no-theft", offence="found"),
    ]


def sent_later() -> list[Record]:
    """What happened to those, and a number that floods and clears: here the order matters."""
    flood = [
        a_purchase(key=f"f{n}", items=[a_line(identifiers=_numbered(99))], seller=None)
        for n in range(FLOOD + 1)
    ]
    return [
        a_dealer(establishments=[an_establishment(), an_establishment(branch="2")]),
        a_stolen_item(item=a_stolen_good()),
        a_stolen_item(
            key="s1",
            item=a_stolen_good(identifiers=_numbered(1)),
            status="withdrawn",
            withdrawn_reason="mistaken",
        ),
        a_stolen_item(
            key="s2",
            item=a_stolen_good(identifiers=_numbered(2)),
            status="recovered",
            recovered_at="2026-03-02",
        ),
        a_stolen_item(key="s99", item=a_stolen_good(identifiers=_numbered(99))),
        *flood,
        _corrected("p3", "c1", seller={"family_name": "Verbeterd"}),
        _corrected("p4", "c2", items=[{"line": 1, "kind": "bicycle", "brand": "Batavus"}]),
        _corrected("f1", "c3", items=[{"line": 1, "kind": "bicycle"}]),
        _sold("p5", "v1"),
        _sold("two", "v2"),
        _sold("two", "v3", line=2),
        PawnEndedRecord(
            type="pawn_ended",
            v=1,
            source=TILL,
            key="e1",
            purchase="pawn",
            line=1,
            outcome="forfeited",
            ended=a_moment("2026-06-02"),
        ),
    ]


def decisions(archive: Archive) -> None:
    """What people decide once the followers have followed: on dealers, hits and an erasure."""
    register = archive.register
    register.decide_on_dealer(TILL, "dealer-1", dealer.Dealer.accept, actor="user:gemeente")
    register.decide_on_dealer(
        TILL, "dealer-2", lambda known: known.cease(date(2026, 4, 1)), actor="user:gemeente"
    )
    register.order_erasure(f"seller:{TILL}:erased", ground="avg:17", actor=ACTOR)
    register.order_erasure(f"seller:{TILL}:plate", ground="avg:17", actor=ACTOR)
    follow(archive, ["hits"])
    for key, decide in (("p5", hit.Hit.confirm), ("p6", _reject)):
        (row,) = (row for row in rows(archive, "hits") if row["purchase_key"] == key)
        archive.casework.decide(row["hit"], decide, actor="user:rechercheur", ground="wpg:8")
    by = Standpoint("user:rechercheur", "wpg:8", "amsterdam")
    archive.casework.in_reveals("rechercheur", _reveal, by)


def _reveal(_: Reveals, seal: Seal) -> Revealed:
    return Revealed(
        basis="order",
        by="rechercheur",
        order=seal("bevel 1"),
        presentation=ids.presentation_id(ids.purchase_id(TILL, "p5")).hex,
        purpose="case:2026-0001",
        why=seal("Nodig."),
    )


def _reject(found: hit.Hit) -> hit.Rejected:
    return found.reject("lawful_sale")


def _numbered(number: int) -> list[Identifier]:
    return [Identifier(type="frame", value=f"GZ47110{number:02}0")]


def _plate(value: str) -> Identifier:
    return Identifier(type="plate", value=value)


def _corrected(corrects: str, key: str, **changes: object) -> PurchaseCorrection:
    return PurchaseCorrection(
        type="purchase_correction",
        v=1,
        source=TILL,
        key=key,
        corrects=corrects,
        reason="Verkeerd overgenomen.",
        changes=changes,
    )


def _sold(purchase: str, key: str, line: int = 1) -> PurchaseSold:
    return PurchaseSold(
        type="purchase_sold",
        v=1,
        source=TILL,
        key=key,
        purchase=purchase,
        line=line,
        sold=a_moment("2026-03-20"),
        buyer=a_seller(family_name="Koper"),
    )
