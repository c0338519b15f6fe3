"""The stolen item (gestolen goed): reported, amended, withdrawn, recovered.

One good a stream; the number of the report is an attribute, because a report has several goods.
A signal that was withdrawn or a good that was recovered must stop hitting, or honest owners are
stopped; police are to withdraw the signal on recovery (hetccv.nl, aanpak politie).
"""

from datetime import date, datetime
from typing import Literal, NamedTuple, TypeVar

import msgspec

from herkomst.domain.calendar import Occurred, interval
from herkomst.domain.events import EventData, event
from herkomst.domain.identifiers import SEALED_TYPES
from herkomst.domain.money import Money
from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register import checks
from herkomst.domain.register.purchase import Attribute, plain_attributes, sealed_identifiers
from herkomst.domain.register.records import Handling, StolenItemRecord

Status = Literal["reported", "withdrawn", "recovered"]

R = TypeVar("R", bound="Report")

NO_TAKINGS = frozenset(
    {
        "found",
        "lost",
        "mischief",
        "other",
        "possession_of_stolen_goods",
        "recovered",
        "trafficking_in_stolen_goods",
    }
)
"""Offences by which no good leaves its owner; a report of one of them never makes a hit. What a
source writes in words of its own counts as a taking, because that is what such sources report."""


class Good(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    attributes: dict[str, Attribute] = {}
    brand: str | None = None
    colours: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Types of the identifiers that lie in the sealed part."""
    identifiers: tuple[tuple[str, str], ...] = ()
    kind: str
    model: str | None = None
    value: Money | None = None


class Report(EventData, frozen=True, kw_only=True):
    """What a source says of a stolen good."""

    country: str = "NL"
    fingerprint: bytes
    good: Good
    handling: Handling
    key: str
    municipality: str | None = None
    offence: str | None = None
    recovered: Occurred | None = None
    report: str | None = None
    reported: Occurred
    sealed: bytes | None = None
    """`PrivatePart`, encrypted with the data key of the item."""
    source: str
    status: Status
    stolen: Occurred
    withdrawn_reason: Literal["mistaken", "duplicate"] | None = None


class PrivatePart(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What of a report may point at a person: it is stored only encrypted."""

    description: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    lat: str | None = None
    lon: str | None = None
    postcode: str | None = None


CLOSED = "closed"
"""The handling code of goods of which not even the existence is told."""


@event
class Reported(Report, frozen=True, kw_only=True):
    """A source reported a good, stolen as a rule; some reports arrive already closed."""

    TOPIC = "heling.item.reported"


@event
class Amended(Report, frozen=True, kw_only=True):
    """The source sent the report again with other content."""

    TOPIC = "heling.item.amended"


@event
class Withdrawn(Report, frozen=True, kw_only=True):
    """The signal was withdrawn as mistaken or as a duplicate (afsignalering)."""

    TOPIC = "heling.item.withdrawn"


@event
class Recovered(Report, frozen=True, kw_only=True):
    """The good was recovered (teruggevonden)."""

    TOPIC = "heling.item.recovered"


class StolenItem(msgspec.Struct):
    """A stolen item as its events tell it."""

    report: Report
    version: int = 1
    fingerprints: set[bytes] = msgspec.field(default_factory=set)


def evolve(state: StolenItem | None, data: EventData) -> StolenItem:
    """The item after this event."""
    if not isinstance(data, Report):
        raise TypeError(f"{data.TOPIC} is no event of a stolen item")
    if state is None:
        return StolenItem(data, fingerprints={data.fingerprint})
    state.report = data
    state.version += 1
    state.fingerprints.add(data.fingerprint)
    return state


class Moments(msgspec.Struct, frozen=True):
    """The checked times of a report."""

    stolen: Occurred
    reported: Occurred
    recovered: Occurred | None


def check(record: StolenItemRecord, *, today: date) -> Moments:
    """The times of the report. Raises `RecordRefused` with everything that is wrong."""
    problems: list[Problem] = []
    checks.check_key(record.key, "/key", problems)
    stolen = checks.check_moment(record.stolen, "/stolen", problems)
    reported = checks.check_instant(record.reported_at, "/reported_at", problems)
    recovered = None
    if record.recovered_at is not None:
        recovered = checks.check_instant(record.recovered_at, "/recovered_at", problems)
    checks.check_kind(record.item.kind, "/item/kind", problems)
    checks.check_identifiers(record.item.identifiers, "/item/identifiers", problems)
    checks.check_amount(record.item.value, "/item/value", problems)
    if record.place is not None:
        checks.check_municipality(record.place.municipality, "/place/municipality", problems)
        checks.check_degrees(record.place.lat, 90, "/place/lat", problems)
        checks.check_degrees(record.place.lon, 180, "/place/lon", problems)
    problems.extend(_status_problems(record))
    if reported and record.reported_at[:10] > date(today.year + 1, 1, 1).isoformat():
        problems.append(
            Problem(
                "/reported_at",
                "in_future",
                "The report lies in the future.",
                "Send the moment at which the report was made.",
            )
        )
    if problems or stolen is None or reported is None:
        raise RecordRefused(problems)
    return Moments(stolen, reported, recovered)


def _status_problems(record: StolenItemRecord) -> list[Problem]:
    problems: list[Problem] = []
    if record.status == "withdrawn" and record.withdrawn_reason is None:
        problems.append(
            Problem(
                "/withdrawn_reason",
                "missing",
                "A withdrawn report does not say why.",
                "Send `mistaken` or `duplicate`; a good that was found is `recovered`.",
            )
        )
    return problems


def opened(
    record: StolenItemRecord, moments: Moments, *, fingerprint: bytes, sealed: bytes | None
) -> Reported:
    """The first event of an item, whatever its status is by then."""
    return _report(Reported, record, moments, fingerprint, sealed)


def changed(
    before: Report,
    record: StolenItemRecord,
    moments: Moments,
    *,
    fingerprint: bytes,
    sealed: bytes | None,
) -> Report:
    """The event that a new version of a known report means."""
    kind: type[Report] = Amended
    if record.status != before.status and record.status == "withdrawn":
        kind = Withdrawn
    elif record.status != before.status and record.status == "recovered":
        kind = Recovered
    return _report(kind, record, moments, fingerprint, sealed)


def _report(
    kind: type[R],
    record: StolenItemRecord,
    moments: Moments,
    fingerprint: bytes,
    sealed: bytes | None,
) -> R:
    item, place = record.item, record.place
    return kind(
        country=place.country if place else "NL",
        fingerprint=fingerprint,
        good=Good(
            attributes=plain_attributes(item.attributes),
            brand=item.brand,
            colours=tuple(item.colours),
            hidden=tuple([i.type for i in item.identifiers if i.type in SEALED_TYPES]),
            identifiers=tuple(
                [(i.type, i.value) for i in item.identifiers if i.type not in SEALED_TYPES]
            ),
            kind=item.kind,
            model=item.model,
            value=checks.check_amount(item.value, "", []),
        ),
        handling=record.handling,
        key=record.key,
        municipality=place.municipality if place else None,
        offence=record.offence,
        recovered=moments.recovered,
        report=record.report,
        reported=moments.reported,
        sealed=sealed,
        source=record.source,
        status=record.status,
        stolen=moments.stolen,
        withdrawn_reason=record.withdrawn_reason,
    )


def private_part(record: StolenItemRecord) -> PrivatePart | None:
    """What must be sealed of a report, or None where nothing points at a person."""
    item, place = record.item, record.place
    identifiers = sealed_identifiers(item.identifiers)
    exact = place is not None and (place.postcode is not None or place.lat is not None)
    if item.description is None and not identifiers and not exact:
        return None
    return PrivatePart(
        description=item.description,
        identifiers=identifiers,
        lat=_coordinate(place.lat if place else None),
        lon=_coordinate(place.lon if place else None),
        postcode=place.postcode if place else None,
    )


def _coordinate(value: float | None) -> str | None:
    return None if value is None else repr(value)


def is_taking(offence: str | None) -> bool:
    """Whether the reported offence is one by which a good leaves its owner."""
    return offence not in NO_TAKINGS


class Signal(NamedTuple):
    """Whether a report still says that a good is stolen, and until when it did. Times are UTC."""

    withdrawn: bool
    """It was a mistake, or a duplicate, or the good came back on a day that nobody told."""
    never: bool
    """It was no theft at all."""
    recovered: datetime | None
    recovered_end: datetime | None


def signal(status: str, recovered: Occurred | None, offence: str | None) -> Signal:
    """What a report says of the theft itself."""
    back = interval(recovered) if status == "recovered" and recovered else None
    return Signal(
        # A recovery of an unknown day ends the signal: no purchase is surely before it.
        withdrawn=status == "withdrawn" or (status == "recovered" and back is None),
        never=not is_taking(offence),
        recovered=back.start if back else None,
        recovered_end=back.end if back else None,
    )
