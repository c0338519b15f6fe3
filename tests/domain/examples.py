"""One event of each topic, as the files in tests/golden/events say it."""

import msgspec
from msgspec.structs import replace

from herkomst.domain.calendar import Occurred
from herkomst.domain.casework import (
    authorisation,
    case,
    glass,
    hit,
    hold,
    match,
    personnel,
    rehearsal,
    request,
    reveal,
    review,
    rights,
)
from herkomst.domain.events import Envelope, EventData
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.domain.matching import Reason
from herkomst.domain.money import Money
from herkomst.domain.problems import Mark
from herkomst.domain.register import (
    book,
    dealer,
    erasure,
    identity,
    keeping,
    purchase,
    stolen_item,
)

STREAM = "672d1efd39f650128d934cf69a9cfd85"
OTHER = "eedcf8fb40e95042b8a93b562d5a8916"
FINGERPRINT = bytes(range(16))
SEALED = b"sealed"

ENVELOPE = Envelope(
    actor="source:kassa",
    controller="dealer:kassa:dealer-1",
    ground="sr:437",
    handling="consent",
    id="019aa4f0a6d07d3b8f0e5c1b2a3f4d5e",
    occurred=Occurred("2026-03-02T14:05:00+01:00"),
    regime="avg",
    salt=bytes(range(16, 32)),
    unit="kassa",
    v=1,
)

_SPAN = Occurred("2026-02-28", "day", "2026-03-01")

_CONTENT = purchase.Content(
    acquired=Occurred("2026-03-02T14:05:00+01:00"),
    branch="Noord",
    dealer_key="dealer-1",
    dealer_source="kassa",
    fingerprint=FINGERPRINT,
    key="purchase-1",
    lines=(
        purchase.Line(
            attributes={"accu": True, "gewicht_g": 18500, "remmen": "schijf"},
            brand="Gazelle",
            colours=("zwart", "groen"),
            hidden=("engraving",),
            identifiers=(("frame", "GZ4711003"),),
            kind="bicycle",
            line=1,
            model="Orange C8",
            price=Money(8000, "EUR"),
        ),
    ),
    marks=(Mark("late", "The entry was made later than the register asks."),),
    mode="bought",
    payment=purchase.Paid(amount=Money(8000, "EUR"), form="cash"),
    sealed=SEALED,
    seller=True,
    source="kassa",
)

_REPORT = stolen_item.Report(
    country="BE",
    fingerprint=FINGERPRINT,
    good=stolen_item.Good(
        attributes={"versnellingen": 8},
        brand="Gazelle",
        colours=("zwart",),
        hidden=("plate",),
        identifiers=(("frame", "GZ4711003"), ("other", "x")),
        kind="bicycle",
        model="Orange C8",
        value=Money(95000, "EUR"),
    ),
    handling="consent",
    key="stolen-1",
    municipality="GM0363",
    offence="theft",
    recovered=Occurred("2026-03", "month"),
    report="PL1300-2026000001",
    reported=Occurred("2026-03-01T09:30:00+01:00"),
    sealed=SEALED,
    source="politie",
    status="reported",
    stolen=_SPAN,
    withdrawn_reason="mistaken",
)

_NOTIFICATION = dealer.Notification(
    establishments=(
        dealer.Establishment(
            branch="Noord",
            city="Amsterdam",
            country="NL",
            from_="2020-01-06",
            municipality="GM0363",
            name="Winkel Voorbeeld Noord",
            number="1",
            postcode="1000 AA",
            street="Fictielaan",
            suffix="a",
            to="2026-01-01",
        ),
        dealer.Establishment(municipality="GM0599"),
    ),
    fingerprint=FINGERPRINT,
    key="dealer-1",
    kvk="12345678",
    name="Winkel Voorbeeld",
    notified_on="2020-01-06",
    sealed=SEALED,
    source="kassa",
    trades=("general", "bicycles"),
)

_PAIR = hit.Pair(
    line=1,
    purchase=STREAM,
    purchase_key="purchase-1",
    purchase_source="kassa",
    stolen=OTHER,
    stolen_key="stolen-1",
    stolen_source="politie",
)

_FINDING = hit.Finding(
    against=(Reason("model_differs", "Orange C8", "Orange C7"),),
    fingerprint="0" * 64,
    grade="full_hit",
    pair=_PAIR,
    reasons=(Reason("number_agrees", "GZ4711003", "GZ4711003"), Reason("brand_agrees")),
    rules=1,
    score=900,
    time="after",
)

_PRESENTATION = identity.Presentation(
    purchase=STREAM,
    sealed=SEALED,
    shown=("address", "born", "family_name"),
    source="kassa",
    source_key="purchase-1",
)


def _as(kind: type[EventData], what: EventData) -> EventData:
    return msgspec.convert(what, kind, from_attributes=True)


_CORRECTION = purchase.Correction(
    changed=("/items", "/seller"), fingerprint=FINGERPRINT, key="correction-1", reason=SEALED
)

_OFFICER = personnel.Named(key="O-1", source="personeel")
_BOUGHT = personnel.Named(key="purchase-1", source="kassa")

EXAMPLES: tuple[EventData, ...] = (
    _as(dealer.Notified, _NOTIFICATION),
    _as(dealer.Changed, _NOTIFICATION),
    dealer.Accepted(),
    dealer.Refused(reason="The address is no place of business."),
    dealer.Ceased(on="2026-04-01"),
    book.Entered(key="purchase-1", purchase=STREAM, source="kassa"),
    _as(purchase.Registered, _CONTENT),
    replace(_as(purchase.Corrected, _CONTENT), correction=_CORRECTION),
    purchase.LineSold(
        buyer=SEALED,
        fingerprint=FINGERPRINT,
        key="sale-1",
        line=1,
        sold=Occurred("2026-03-09", "day"),
        source="kassa",
    ),
    purchase.PawnEnded(
        ended=Occurred("2026-05-02T10:00+02:00", "minute"),
        fingerprint=FINGERPRINT,
        key="end-1",
        line=1,
        outcome="redeemed",
        source="kassa",
    ),
    _as(identity.Presented, _PRESENTATION),
    _as(identity.IdentityCorrected, _PRESENTATION),
    identity.IdentityWithdrawn(purchase=STREAM, source="kassa", source_key="purchase-1"),
    identity.IdentityErased(erasure=OTHER),
    identity.IdentityRestricted(because="case 2026-0001", on="2026-03-02", state="comparable"),
    keeping.KeyRestricted(
        because="wpg:9", kind="case", on="2026-03-02", record=STREAM, state="vault"
    ),
    keeping.JournalDestroyed(after=0, on="2032-03-02", until=10_000),
    keeping.KeyDestroyed(because="wpg:14", kind="stolen_item", on="2026-03-02", record=STREAM),
    keeping.HitsRemoved(hits=(STREAM, OTHER), on="2026-03-02"),
    erasure.ErasureOrdered(identities=(OTHER,), subject="seller:kassa:purchase-1"),
    erasure.ErasureAcknowledged(clock="minutes", store="vault"),
    _as(stolen_item.Reported, _REPORT),
    _as(stolen_item.Amended, _REPORT),
    _as(stolen_item.Withdrawn, _REPORT),
    _as(stolen_item.Recovered, _REPORT),
    _as(hit.Found, _FINDING),
    _as(hit.Regraded, _FINDING),
    _as(hit.Reopened, _FINDING),
    hit.Closed(reason="withdrawn"),
    hit.PassageNoted(pair=_PAIR, reasons=_FINDING.reasons),
    hit.Assessed(note=SEALED),
    hit.Confirmed(note=SEALED),
    hit.Rejected(fingerprint="0" * 64, note=SEALED, reason="other_good"),
    hit.Removed(because="wpg:8", order=OTHER),
    hit.NumberFlooded(key="number:GZ4711003", side="purchase"),
    hit.NumberCleared(key="number:GZ4711003", side="stolen"),
    case.Opened(
        aim=SEALED, lead="dev:teamleider", since="2026-03-02T13:05:00.000+00:00", title=SEALED
    ),
    case.Numbered(case=STREAM, year=2026),
    case.AimStated(aim=SEALED),
    case.MemberJoined(
        member="dev:rechercheur",
        part="investigator",
        since="2026-03-02T13:05:00.000+00:00",
        until="2026-09-01T22:00:00.000+00:00",
    ),
    case.MemberLeft(member="dev:rechercheur", until="2026-04-01T22:00:00.000+00:00"),
    case.TaskGiven(due="2026-03-09", member="dev:rechercheur", task="1", text=SEALED),
    case.TaskEnded(outcome="done", task="1", text=SEALED),
    case.ItemAdded(item=OTHER, kind="stolen_item", why=SEALED),
    case.ItemRemoved(item=OTHER, why=SEALED),
    case.SubjectNamed(category="suspect", ground="wpg:9", subject=STREAM, why=SEALED),
    case.SubjectDropped(subject=STREAM, why=SEALED),
    case.NoteWritten(about=OTHER, kind="fact", text=SEALED),
    case.HandedOver(
        lead="dev:opvolger", since="2026-05-01T08:00:00.000+00:00", unit="utrecht", why=SEALED
    ),
    case.ClosingProposed(by="dev:rechercheur", why=SEALED),
    case.ClosingRefused(why=SEALED),
    case.Closed(),
    case.Reopened(why=SEALED),
    hold.Placed(
        by="user:dev:privacy_officer@politie",
        ground="avg:18",
        hold=1,
        kind="presentation",
        record=STREAM,
        unit="politie",
        until="2026-09-01",
        why=SEALED,
    ),
    hold.Lifted(by="user:dev:privacy_officer@politie", hold=1, why=SEALED),
    rights.RequestReceived(
        about=SEALED,
        by="user:dev:privacy_officer@politie",
        due="2026-04-02",
        on="2026-03-02",
        rights=("avg:15", "wpg:25"),
    ),
    rights.IdentityChecked(by="user:dev:privacy_officer@politie", how=SEALED),
    rights.IdentityFound(
        by="user:dev:privacy_officer@politie", presentation=STREAM, through="document"
    ),
    rights.Extended(by="user:dev:privacy_officer@politie", due="2026-04-30", why=SEALED),
    rights.RequestAnswered(
        by="user:dev:privacy_officer@politie", digest="d" * 64, outcome="told", why=SEALED
    ),
    reveal.Revealed(
        basis="hit",
        by="dev:rechercheur",
        case=OTHER,
        hit=OTHER,
        order=SEALED,
        presentation=STREAM,
        purpose="case:2026-0312",
        why=SEALED,
    ),
    reveal.MoreAllowed(
        by="dev:teamleider",
        more=10,
        officer="dev:rechercheur",
        until="2026-04-01T22:00:00.000+00:00",
        why=SEALED,
    ),
    glass.Broken(
        by="dev:rechercheur",
        emergency="life",
        role="district_detective",
        unit="amsterdam",
        until="2026-04-01T22:00:00.000+00:00",
        why=SEALED,
    ),
    glass.Ended(),
    glass.Reviewed(by="dev:toetser", verdict="lawful", why=SEALED),
    request.AccessRequested(
        answer_by="2026-04-08T22:00:00.000+00:00",
        by="dev:rechercheur",
        case=OTHER,
        owner="politie",
        purpose="case:2026-0312",
        record=STREAM,
        role="district_detective",
        unit="amsterdam",
        why=SEALED,
    ),
    request.AccessGranted(by="dev:functionaris", until="2026-05-01T22:00:00.000+00:00", why=SEALED),
    request.AccessRefused(by="dev:functionaris", ground="investigation", why=SEALED),
    request.AccessLapsed(),
    match.OwnerTold(
        at="2026-04-01T22:00:00.000+00:00",
        how="good",
        officer="dev:rechercheur",
        owner="politie",
        purchase=OTHER,
        purpose="duty:front_desk",
        read=OTHER,
        record=STREAM,
        role="district_detective",
        unit="amsterdam",
    ),
    personnel.OfficerTold(
        fingerprint=FINGERPRINT,
        key="O-1",
        roles=(personnel.RoleTerm(from_="2026-01-01", role="hic_team", to="2026-06-30"),),
        sealed=SEALED,
        source="personeel",
        unit="Amsterdam",
    ),
    personnel.OfficerForgotten(),
    personnel.CaseTold(
        article="sr:416",
        closed="2026-06-01T00:00:00+02:00",
        ground="wpg:9",
        key="C-1",
        members=(
            personnel.MemberTerm(
                from_="2026-01-11T00:00:00+01:00", officer=_OFFICER, to="2026-05-01T00:00:00+02:00"
            ),
        ),
        opened="2026-01-11T00:00:00+01:00",
        source="personeel",
        subjects=(
            personnel.SubjectTerm(
                category="suspect", from_="2026-01-12T00:00:00+01:00", purchase=_BOUGHT
            ),
        ),
        unit="Amsterdam",
    ),
    personnel.TaskTold(
        about=(_BOUGHT,),
        from_="2026-02-01T00:00:00+01:00",
        key="T-1",
        officer=_OFFICER,
        source="personeel",
        to="2026-02-08T00:00:00+01:00",
        unit="Amsterdam",
    ),
    personnel.DutyTold(
        about=(_BOUGHT,),
        covers=personnel.Named(key="O-2", source="personeel"),
        dealer=personnel.Named(key="dealer-1", source="kassa"),
        from_="2026-02-01T07:00:00+01:00",
        key="D-1",
        kind="cover",
        officer=_OFFICER,
        source="personeel",
        to="2026-02-01T15:00:00+01:00",
        unit="Amsterdam",
    ),
    rehearsal.Rehearsed(
        at="2026-02-01T07:05:30+01:00",
        break_glass=True,
        device="wp-1",
        key="R-1",
        kind="hit",
        officer=_OFFICER,
        purchase=_BOUGHT,
        purpose="case:C-1",
        reason=SEALED,
        reason_print=FINGERPRINT,
        source="personeel",
        stolen=personnel.Named(key="stolen-1", source="politie"),
    ),
    rehearsal.RehearsalTold(kind="reads", source="personeel"),
    review.QueueOpened(after=0, explained=97, queued=21, reads=100, seed="c" * 32, until=100),
    review.Queued(
        at="2026-02-01T06:05:30+00:00",
        explained=False,
        key="R-1",
        officer="personeel:O-1",
        opening=1,
        path=("stated: case:C-1", "it does not concern who was read"),
        purpose="case:C-1",
        rank=1,
        read=OTHER,
        role="hic_team",
        rules=(review.Weight(code="unconnected", weight=4),),
        score=4,
        source="personeel",
        why="rank",
    ),
    review.QuestionAsked(text=SEALED),
    review.Answered(text=SEALED),
    review.VerdictGiven(verdict="training", why=SEALED),
    authorisation.Granted(
        grant="1",
        role="district_detective",
        since="2026-03-02T13:05:00.000+00:00",
        subject="c0ffee00-0000-4000-8000-000000000001",
        unit="amsterdam",
        until="2027-03-01T23:00:00.000+00:00",
        why=SEALED,
    ),
    authorisation.Ended(grant="1", why=SEALED),
    Read(
        answered_token="d" * 32,
        asked=SEALED,
        asked_token="a" * 32,
        count=2,
        counts=(41, None),
        device="pc-1",
        document="b" * 64,
        duration_us=1834,
        ground="wpg:8",
        policy="c" * 16,
        purpose="case:1",
        reason=SEALED,
        returned=(STREAM, OTHER),
        role="district_detective",
        unit="eenheid",
        user="tester",
        way="graphql",
        withheld=1,
    ),
    Attempted(
        asked=SEALED,
        asked_token="a" * 32,
        device="pc-1",
        document="b" * 64,
        ground="wpg:8",
        policy="c" * 16,
        purpose="case:1",
        reason=SEALED,
        role="district_detective",
        sought=(STREAM,),
        unit="eenheid",
        user="tester",
        way="graphql",
    ),
    Concluded(outcome="done", positions=("casework=1",)),
)
