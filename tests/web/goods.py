"""Made-up hits, in the shape in which the page draws them and in that of the API."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

Card = dict[str, Any]

ALMELO = {"code": "GM0141", "name": "Almelo", "lat": 52.3508, "lon": 6.66253}
MAASTRICHT = {"code": "GM0935", "name": "Maastricht", "lat": 50.84983, "lon": 5.68747}
NUMBER = "number:WBK1234567"


def occurred(from_: str, to: str | None = None, precision: str = "minute") -> Card:
    return {"from": from_, "to": to, "zone": "Europe/Amsterdam", "precision": precision}


def reason(code: str, purchase: str | None = None, stolen: str | None = None) -> Card:
    return {"code": code, "purchase": purchase, "stolen": stolen}


def purchase(**changes: Any) -> Card:
    """An electric bicycle that a shop in Almelo bought on a Thursday in March."""
    return {
        "source": "kassa-twente",
        "key": "2026-000731",
        "line": 1,
        "register_number": 1412,
        "acquired": occurred("2026-03-12T15:20:00+01:00"),
        "mode": "bought",
        "kind": "e_bike",
        "brand": "Gazelle",
        "model": "Ultimate C380",
        "identifiers": [{"type": "frame", "value": "WBK-1234567"}],
        "price": {"amount": "850.00", "currency": "EUR"},
        "dealer": "Tweewielers Verzonnen",
        "establishment": "Tweewielers Verzonnen Almelo",
        "municipality": ALMELO,
        "marks": [],
        **changes,
    }


def stolen(**changes: Any) -> Card:
    """The same bicycle, stolen in Maastricht on the Monday before."""
    return {
        "source": "politie",
        "key": "PL2400-2026041877-1",
        "report": "2026041877",
        "kind": "e_bike",
        "brand": "Gazelle",
        "model": "Ultimate C380",
        "identifiers": [{"type": "frame", "value": "wbk 1234567"}],
        "stolen": occurred("2026-03-09T08:00:00+01:00", "2026-03-09T17:30:00+01:00"),
        "reported": occurred("2026-03-09T19:05:00+01:00"),
        "status": "reported",
        "municipality": MAASTRICHT,
        **changes,
    }


def card(revision: int, **changes: Any) -> Card:
    """A full hit with this revision, found on a day in November."""
    return {
        "hit": hit_id(revision),
        "revision": revision,
        "grade": "full_hit",
        "score": 1000,
        "state": "found",
        "time": "after",
        "found_at": "2026-11-20T11:04:09Z",
        "position": 100 + revision,
        "reasons": [
            reason("number_agrees", NUMBER, NUMBER),
            reason("brand_agrees", "Gazelle", "Gazelle"),
            reason("model_agrees", "Ultimate C380", "Ultimate C380"),
        ],
        "against": [],
        "purchase": purchase(),
        "stolen": stolen(),
        **changes,
    }


def telling(revision: int) -> Card:
    """A hit with much against it: two telephones whose serial numbers differ in one character."""
    return card(
        revision,
        grade="hit",
        score=400,
        reasons=[reason("imei_agrees", "imei:35209900176148", "imei:35209900176148")],
        against=[reason("model_differs", "iPhone 13", "iPhone 14"), reason("time_unclear")],
        purchase=purchase(
            kind="phone",
            brand="Apple",
            model="iPhone 13",
            identifiers=[
                {"type": "imei", "value": "35-209900-176148-1"},
                {"type": "serial", "value": "F2LZK8B1N7"},
            ],
            marks=[{"code": "late", "message": "The entry was made late."}],
        ),
        stolen=stolen(
            kind="phone",
            brand="Apple",
            model="iPhone 14",
            identifiers=[
                {"type": "serial", "value": "F2LZKBB1N7"},
                {"type": "imei", "value": "352099001761481"},
            ],
        ),
    )


def withheld(revision: int) -> Card:
    """A hit on a report of which only the existence is told."""
    return card(
        revision,
        grade=None,
        score=None,
        time=None,
        reasons=[],
        stolen={"withheld": {"reason": "handling_consent", "contact": "politie"}},
    )


def hit_id(revision: int) -> str:
    return str(UUID(int=revision))


def node(told: Card) -> Card:
    """The same hit as the API tells it."""
    names = ("grade", "score", "state", "time", "reasons", "against", "revision")
    return {
        "id": told["hit"],
        "foundAt": told["found_at"],
        "purchase": _bought(told["purchase"]),
        "stolen": _reported(told["stolen"]),
        **{name: told[name] for name in names},
    }


def _bought(purchase: Mapping[str, Any]) -> Card:
    shop = {"name": "establishment", "dealerName": "dealer", "municipality": "municipality"}
    return {
        **_some(purchase, "source", "key", "acquired", "mode", "marks"),
        "registerNumber": purchase["register_number"],
        "good": _some(purchase, "kind", "brand", "model", "identifiers", "line", "price"),
        "shop": {name: purchase[here] for name, here in shop.items()},
    }


def _reported(stolen: Mapping[str, Any]) -> Card:
    if "withheld" in stolen:
        return {"__typename": "Withheld", **stolen["withheld"]}
    return {
        "__typename": "StolenItem",
        **_some(stolen, "source", "key", "report", "status", "stolen", "reported", "municipality"),
        "good": _some(stolen, "kind", "brand", "model", "identifiers"),
    }


def _some(told: Mapping[str, Any], *names: str) -> Card:
    return {name: told[name] for name in names}
