"""The dealer (handelaar, opkoper) and its establishments, as notified to the mayor (DOL).

A notification is not a licence (art. 437ter Sr): what is accepted or refused is the account.
"""

from datetime import date
from typing import TypeVar

import msgspec

from herkomst.domain.events import EventData, event
from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register import checks
from herkomst.domain.register.records import DealerRecord
from herkomst.domain.register.records import Establishment as WireEstablishment

N = TypeVar("N", bound="Notification")


class Establishment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A place of business (vestiging)."""

    branch: str | None = None
    city: str | None = None
    country: str = "NL"
    from_: str | None = msgspec.field(default=None, name="from")
    municipality: str
    name: str | None = None
    number: str | None = None
    postcode: str | None = None
    street: str | None = None
    suffix: str | None = None
    to: str | None = None


class Notification(EventData, frozen=True, kw_only=True):
    """What a dealer notified."""

    establishments: tuple[Establishment, ...]
    fingerprint: bytes
    key: str
    kvk: str | None = None
    name: str
    notified_on: str | None = None
    sealed: bytes | None = None
    """`PrivatePart`, encrypted with the data key of the dealer."""
    source: str
    trades: tuple[str, ...]


class PrivatePart(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    email: str | None = None
    phone: str | None = None


@event
class Notified(Notification, frozen=True, kw_only=True):
    """A dealer notified that it buys up used goods (melding, art. 437ter(2) Sr)."""

    TOPIC = "dol.dealer.notified"


@event
class Changed(Notification, frozen=True, kw_only=True):
    """The notification changed: an address, a trade, an establishment opened or ceased."""

    TOPIC = "dol.dealer.changed"


@event
class Accepted(EventData, frozen=True, kw_only=True):
    """The municipality accepted the notification; the account opens."""

    TOPIC = "dol.dealer.accepted"


@event
class Refused(EventData, frozen=True, kw_only=True):
    """The municipality refused the account; the duty to register stands."""

    TOPIC = "dol.dealer.refused"

    reason: str


@event
class Ceased(EventData, frozen=True, kw_only=True):
    """The dealer ceased trading on this day."""

    TOPIC = "dol.dealer.ceased"

    on: str


class DealerCeased(Exception):
    """The dealer has ceased trading, so nothing can be decided on its notification."""

    code = "dealer_ceased"


class Dealer(msgspec.Struct):
    """A dealer as its events tell it."""

    notification: Notification
    state: str = "notified"
    version: int = 1
    fingerprints: set[bytes] = msgspec.field(default_factory=set)

    def accept(self) -> Accepted:
        self._must_trade()
        return Accepted()

    def refuse(self, reason: str) -> Refused:
        self._must_trade()
        return Refused(reason=reason)

    def cease(self, on: date) -> Ceased:
        self._must_trade()
        return Ceased(on=on.isoformat())

    def _must_trade(self) -> None:
        if self.state == "ceased":
            raise DealerCeased(f"{self.notification.name} has ceased; it must notify again.")


_STATES = {Accepted: "accepted", Refused: "refused", Ceased: "ceased"}


def evolve(state: Dealer | None, data: EventData) -> Dealer:
    """The dealer after this event."""
    if isinstance(data, Notification):
        if state is None:
            return Dealer(data, fingerprints={data.fingerprint})
        state.notification = data
        state.fingerprints.add(data.fingerprint)
        state.state = "notified" if state.state == "ceased" else state.state
    elif state is None:
        raise ValueError(f"a dealer cannot begin with {data.TOPIC}")
    else:
        state.state = _STATES[type(data)]
    state.version += 1
    return state


def check(record: DealerRecord) -> None:
    """Raises `RecordRefused` with everything that is wrong."""
    problems: list[Problem] = []
    checks.check_key(record.key, "/key", problems)
    checks.check_day(record.notified_on, "/notified_on", problems)
    if not record.name.strip():
        problems.append(Problem("/name", "empty", "The dealer has no name.", "Send its name."))
    if not record.establishments:
        problems.append(
            Problem(
                "/establishments",
                "empty",
                "The dealer has no establishment.",
                "Send at least one: register numbers belong to an establishment.",
            )
        )
    branches = [e.branch for e in record.establishments]
    for index, establishment in enumerate(record.establishments):
        field = f"/establishments/{index}"
        checks.check_municipality(establishment.municipality, f"{field}/municipality", problems)
        checks.check_day(establishment.from_, f"{field}/from", problems)
        checks.check_day(establishment.to, f"{field}/to", problems)
        if branches.count(establishment.branch) > 1:
            problems.append(
                Problem(
                    f"{field}/branch",
                    "duplicate",
                    f"Two establishments have the branch {establishment.branch!r}."
                    if establishment.branch
                    else "Two establishments have no branch, so no purchase can say which it is.",
                    "Give each establishment a branch of its own (vestigingsnummer).",
                )
            )
    if record.kvk is not None and not (record.kvk.isdigit() and len(record.kvk) == 8):
        problems.append(
            Problem("/kvk", "kvk", "A KvK number has 8 digits.", "Leave it out when it is unknown.")
        )
    if problems:
        raise RecordRefused(problems)


def notified(record: DealerRecord, *, fingerprint: bytes, sealed: bytes | None) -> Notified:
    return _notification(Notified, record, fingerprint, sealed)


def changed(record: DealerRecord, *, fingerprint: bytes, sealed: bytes | None) -> Changed:
    return _notification(Changed, record, fingerprint, sealed)


def _notification(
    kind: type[N], record: DealerRecord, fingerprint: bytes, sealed: bytes | None
) -> N:
    return kind(
        establishments=tuple([_establishment(e) for e in record.establishments]),
        fingerprint=fingerprint,
        key=record.key,
        kvk=record.kvk,
        name=record.name,
        notified_on=record.notified_on,
        sealed=sealed,
        source=record.source,
        trades=tuple(record.trades),
    )


def _establishment(wire: WireEstablishment) -> Establishment:
    address = wire.address
    return Establishment(
        branch=wire.branch,
        city=address.city,
        country=address.country,
        from_=wire.from_,
        municipality=wire.municipality,
        name=wire.name,
        number=address.number,
        postcode=address.postcode,
        street=address.street,
        suffix=address.suffix,
        to=wire.to,
    )


def private_part(record: DealerRecord) -> PrivatePart | None:
    """What must be sealed of a notification, or None."""
    if record.email is None and record.phone is None:
        return None
    return PrivatePart(email=record.email, phone=record.phone)
