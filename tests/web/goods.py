"""Made-up hits in the shape in which the stream sends them."""

from typing import Any
from uuid import UUID

Card = dict[str, Any]

ALMELO = {"code": "GM0141", "name": "Almelo", "lat": 52.3508, "lon": 6.66253}
MAASTRICHT = {"code": "GM0935", "name": "Maastricht", "lat": 50.84983, "lon": 5.68747}
VLIELAND = {"code": "GM0096", "name": "Vlieland", "lat": 53.29629, "lon": 5.07443}
NUMBER = {"code": "number_agrees", "purchase": "number:WBK1234567", "stolen": "number:WBK1234567"}


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
        "reported": {"from": "2026-03-09T19:05:00+01:00", "precision": "minute"},
        "status": "reported",
        "municipality": MAASTRICHT,
        **changes,
    }


def card(revision: int, **changes: Any) -> Card:
    """A full hit with this revision, found on that day in November at noon."""
    return {
        "hit": str(UUID(int=revision)),
        "revision": revision,
        "grade": "full_hit",
        "score": 1000,
        "state": "found",
        "time": "after",
        "found_at": "2026-11-20T11:04:09Z",
        "position": 100 + revision,
        "reasons": [
            NUMBER,
            reason("brand_agrees", "Gazelle", "Gazelle"),
            reason("model_agrees", "Ultimate C380", "Ultimate C380"),
        ],
        "against": [],
        "purchase": purchase(),
        "stolen": stolen(),
        **changes,
    }
