"""A reason that says nothing is refused by whatever asks for one, and nothing is done."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herkomst.domain import ids
from herkomst.domain.calendar import legal_today
from herkomst.record.archive import Archive
from tests.archives import POLICE, TILL, a_dealer
from tests.serving import Served, follow, journal, pair, serving, take_in

PURCHASE = ids.purchase_id(TILL, "purchase-1")
PERSON = ids.presentation_id(PURCHASE)
WITHHELD = ids.pair_id(
    ids.purchase_id(TILL, "purchase-2"), 1, ids.stolen_item_id(POLICE, "stolen-2")
)
SOON = legal_today() + timedelta(days=30)
UNTIL = f"{SOON}T00:00:00Z"
TONIGHT = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
DETECTIVE = {"role": "district_detective"}
LEADER = {"role": "team_leader"}
PRIVACY = {"role": "privacy_officer", "ground": "wpg:14", "purpose": "duty:retention"}
COMPLAINT = {**PRIVACY, "purpose": "duty:complaint"}
ADMINISTRATOR = {"role": "administrator", "ground": "wpg:6", "purpose": "duty:authorisation"}


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A hit that may be read, and one of which the report is withheld."""
    take_in(archive, a_dealer(), *pair(1), *pair(2, "consent"))
    with serving(archive, tmp_path) as served:
        yield served


@pytest.mark.parametrize(
    ("mutation", "refused", "code", "who"),
    [
        ("breakGlass(emergency: life, ", "GlassRefused", "reason_short", DETECTIVE),
        (f'revealIdentity(presentation: "{PERSON}", basis: hit, ', "RevealRefused",
         "reason_short", DETECTIVE),
        (f'allowReveals(officer: "dev:x", more: 5, until: "{TONIGHT}", ', "RevealRefused",
         "reason_short", LEADER),
        (f'requestAccess(of: "{WITHHELD}", ', "RequestRefused", "reason_short", DETECTIVE),
        (f'placeHold(kind: purchase, record: "{PURCHASE}", ground: "avg:18", until: "{SOON}", ',
         "HoldRefused", "reason_short", PRIVACY),
        (f'openVault(presentation: "{PERSON}", ', "RevealRefused", "reason_short", COMPLAINT),
        (f'grantAuthorisation(subject: "x", role: hic_team, unit: "utrecht", until: "{UNTIL}", ',
         "AuthorisationRefused", "why", ADMINISTRATOR),
    ],
    ids=lambda value: value.partition("(")[0] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_reason_of_five_letters_is_refused_at_the_door(
    served: Served, mutation: str, refused: str, code: str, who: dict[str, str]
) -> None:
    follow(served.archive)
    before = head(served.archive)

    text = f'mutation {{ done: {mutation}why: "spoed") {{ __typename ... on {refused} '
    told = served.told(text + "{ code cure } } }", None, Herkomst_Reason="Zelfde reeks.", **who)

    assert (told["done"]["__typename"], told["done"]["code"]) == (refused, code)
    assert told["done"]["cure"]
    assert head(served.archive) == before
    assert code in [getattr(entry, "outcome", None) for entry in journal(served.archive)]


def head(archive: Archive) -> int:
    with archive.database.connection() as connection:
        return archive.casework.recorder.reader.head(connection)
