"""Freezing a database of this schema, for later versions to be tried on.

`python -m tests.record.freezing` writes `tests/golden/dumps/NUMBER`, where the number is that of
the last migration. A directory that was ever committed is not written again.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from herkomst.access.policy import Action, permit
from herkomst.access.viewer import Role, operator
from herkomst.domain import ids
from herkomst.domain.casework.hit import Hit
from herkomst.domain.events import EventData
from herkomst.domain.register.records import Identifier, PurchaseRecord, Record
from herkomst.intake.files import Delivery, import_file
from herkomst.investigations.hits import export_hits
from herkomst.processes import retention
from herkomst.processes.followers import MODELS
from herkomst.processes.matching import FLOOD
from herkomst.record import holds, migrations
from herkomst.record.archive import Archive, open_archive
from herkomst.record.backup import backup
from herkomst.record.casework import Opening, Standpoint
from herkomst.record.postgres import embedded
from herkomst.settings import Settings
from herkomst.simulate.world import simulate
from tests.archives import (
    POLICE,
    TILL,
    a_correction,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_sale,
)
from tests.authorising import authorise, end
from tests.projections.following import digests, follow, take_in
from tests.readings import under
from tests.serving import Served, pair, serving
from tests.staffing import a_read, an_officer, rehearse, tell

DUMPS = Path(__file__).parents[1] / "golden" / "dumps"
DIGESTS = "digests.json"
SIZE = 200_000
"""Bytes that a dump may have: it stays for good."""
ACTOR = "user:rechercheur"
DUE, FAR = date(2026, 11, 20), date(2099, 1, 1)
PRIVACY = Standpoint("user:dev:privacy_officer@politie", "wpg:14", "politie")
DONE = ("GlassChanged", "IdentityRevealed", "AccessChanged", "RequestChanged")


class Told(msgspec.Struct):
    """What a model of that version told: how many rows, and their fingerprint."""

    version: int
    rows: int
    sha256: str


def told(archive: Archive) -> dict[str, Told]:
    """What the models of this version tell of an archive."""
    versions = {model.name: model.version for model in MODELS}
    return {name: Told(versions[name], *digest) for name, digest in digests(archive).items()}


def freeze(out: Path) -> None:
    """Write a dump of a small world with something of everything, its keys and its digests."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"
        Path(directory).chmod(0o711)
        settings = Settings(home=home, kek_file=home / "kek.json")
        try:
            with open_archive(settings) as archive:
                _fill(archive, Path(directory))
                backup(settings, out, portable=True)
                models = told(archive)
        finally:
            embedded(home).stop()
        (out / "kek.json").write_bytes((home / "kek.json").read_bytes())
    for lock in ("lock", "erasures.ndjson.lock"):
        (out / lock).unlink()
    (out / DIGESTS).write_bytes(msgspec.json.format(msgspec.json.encode(models)) + b"\n")
    assert (out / "dump").stat().st_size < SIZE


def _fill(archive: Archive, directory: Path) -> None:
    simulate(directory / "world", dealers=4, purchases=60, stolen=80, seed=20261122)
    for file, source in (("dealers", "dol"), ("purchases", "dor"), ("stolen", "politie")):
        with (directory / "world" / f"{file}.ndjson").open("rb") as stream:
            summary = import_file(archive.register, Delivery(stream, file, file, source))
        assert summary.is_clean, summary
    take_in(archive, a_dealer(), *pair(1), *pair(2), *pair(3), *_an_earlier_passage(), *_a_flood())
    take_in(archive, *pair(5, "confidential"), *pair(6, "closed"))
    follow(archive)
    take_in(archive, a_correction("c", payment={"form": "card"}), a_sale())
    archive.register.decide_on_dealer(TILL, "dealer-1", lambda dealer: dealer.accept(), actor=ACTOR)
    _decide(archive, 1, lambda hit: hit.assess())
    _decide(archive, 2, lambda hit: hit.reject("other_good"))
    archive.register.order_erasure(f"seller:{TILL}:purchase-3", ground="avg:17", actor=ACTOR)
    _a_case(archive)
    authorise(archive, "c0ffee00-0000-4000-8000-000000000001")
    authorise(archive, "client:kassa", "source", TILL)
    end(archive, "client:kassa", "1")
    reading = under(operator(Role.AUTHORISED_OFFICER), "duty:front_desk", "wpg:8")
    _staff(archive)
    _what_ran_out(archive)
    assert list(export_hits(archive, permit(reading, Action.EXPORT_HITS)))
    with serving(archive, directory) as served:
        _what_is_asked(served)
    follow(archive)


def _a_case(archive: Archive) -> None:
    """A case with a purchase, and a task in it."""
    opening = Opening(title="Onderzoek", lead="rechercheur", unit="amsterdam", article="wpg:9")
    case = archive.casework.open_case(opening, actor=ACTOR).id
    item = ids.purchase_id(TILL, "purchase-1").hex
    now = datetime.now(UTC)
    archive.casework.in_case(case, lambda c, s: c.add("purchase", item, s("Fiets")), actor=ACTOR)
    archive.casework.in_case(
        case, lambda c, s: c.give("rechercheur", s("Bel."), None, now), actor=ACTOR
    )


def _staff(archive: Archive) -> None:
    """An officer, and reads of his of which some wait for a review."""
    tell(archive, an_officer())
    rehearse(archive, *(a_read(f"R-{n}") for n in range(3)))
    follow(archive)


def _what_ran_out(archive: Archive) -> None:
    """Two identities over their term: one is destroyed, and one is held and lies in the vault."""
    old = a_moment("2021-03-02T14:05:00+01:00")
    take_in(archive, *(a_purchase(key=key, acquired=old) for key in ("old", "old-and-held")))
    held = ids.presentation_id(ids.purchase_id(TILL, "old-and-held"))
    holds.place(
        archive.casework, held, "presentation", "avg:18", FAR, "Betwist door klager", PRIVACY
    )
    follow(archive)
    assert list(retention.carry_out(archive, DUE, lambda: None))
    follow(archive)


def _what_is_asked(served: Served) -> None:
    """What people do at the server: an emergency, a name, a question to an owner, and a person's
    own request."""
    confidential = ids.stolen_item_id(POLICE, "stolen-5")
    hit = ids.pair_id(ids.purchase_id(TILL, "purchase-5"), 1, confidential)
    presented = ids.presentation_id(ids.purchase_id(TILL, "purchase-1"))
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        ('breakGlass(emergency: life, why: "Kind vermist.", hours: 1)', {"role": "hic_team"}),
        (
            f'revealIdentity(presentation: "{presented}", basis: hit, why: "Dat is nodig")',
            {},
        ),
        (f'requestAccess(of: "{hit}", why: "Zelfde reeks?")', {"purpose": "duty:front_desk"}),
        (
            'receivePersonRequest(about: "Testa Voorbeeld", rights: ["avg:15"], on: "2026-11-20")',
            {"role": "privacy_officer", "purpose": "duty:person_request", "ground": "avg:15"},
        ),
    )
    for mutation, who in asked:
        text = f"mutation {{ {mutation} {{ __typename }} }}"
        ((_, told),) = served.told(text, None, Herkomst_Reason="Dat is nodig", **who).items()
        assert told["__typename"] in DONE, told
        follow(served.archive)
    sold = ids.purchase_id(TILL, "purchase-6")  # The owner of its good is told that one looked.
    looked = f'{{ purchase(id: "{sold}") {{ __typename }} }}'
    assert served.told(looked, None, purpose="duty:front_desk")["purchase"]


def _an_earlier_passage() -> list[Record]:
    """A bicycle that was bought a month before it was stolen."""
    bought, stolen = pair(4)
    assert isinstance(bought, PurchaseRecord)
    return [replace(bought, acquired=a_moment("2026-02-02T14:05:00+01:00")), stolen]


def _a_flood() -> list[Record]:
    """One number on more goods than it can identify."""
    frame = [Identifier(type="frame", value="GZ1111111")]
    items = [a_line(identifiers=frame)]
    return [a_purchase(key=f"flood-{n}", items=items, seller=None) for n in range(FLOOD + 1)]


def _decide(archive: Archive, number: int, decide: Callable[[Hit], EventData]) -> None:
    purchase = ids.purchase_id(TILL, f"purchase-{number}")
    hit = ids.pair_id(purchase, 1, ids.stolen_item_id(POLICE, f"stolen-{number}"))
    archive.casework.decide(hit, decide, actor=ACTOR, ground="wpg:8")


if __name__ == "__main__":
    freeze(DUMPS / f"{migrations.migrations()[-1].number:04d}")
