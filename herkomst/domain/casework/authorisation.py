"""The authorisation (autorisatie, art. 6 Wpg): in which role, for which unit, from when to when.

A subject has one stream with all that was ever granted to him. What was granted ends by itself, and
earlier where somebody ends it. Nobody grants to himself, and nothing is granted in the past:
what is granted later explains no reading of before.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from herkomst.domain import controllers
from herkomst.domain.casework import reasons
from herkomst.domain.events import EventData, event

LONGEST = timedelta(days=5 * 366)
"""Longest term. It is bound so that each authorisation is looked at again."""
SYSTEM = "client:"
"""How the name of a system begins; it is proved by its client at the identity provider."""
SYSTEM_ROLES = frozenset({"source", "dealer", "depot"})
"""What a system may be: it hands in, and reads nothing about a person."""
LONGEST_NAME = 200
LONGEST_WHY = 2_000


@event
class Granted(EventData, frozen=True, kw_only=True):
    """Somebody was authorised."""

    TOPIC = "casework.authorisation.granted"

    grant: str
    """Name of the authorisation within its stream."""
    role: str
    since: str
    """Moment in UTC."""
    subject: str
    """Who: a person by the `sub` of his identity provider, a system as `client:ID`."""
    unit: str
    """Of a source, dealer or depot: the source whose records it hands in."""
    until: str
    """First moment at which it no longer holds."""
    why: bytes
    """At whose request and for which task, sealed."""


@event
class Ended(EventData, frozen=True, kw_only=True):
    """An authorisation was ended before its term."""

    TOPIC = "casework.authorisation.ended"

    grant: str
    why: bytes
    """Sealed."""


class AuthorisationRefused(Exception):
    """What cannot be granted or ended, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Grant(msgspec.Struct, frozen=True):
    """An authorisation as it stands."""

    name: str
    role: str
    unit: str
    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until


class Authorisations(msgspec.Struct):
    """What was granted to one subject and not ended, as the events tell it."""

    grants: dict[str, Grant] = {}
    given: int = 0
    """How many were ever granted; each is named by its number."""

    @property
    def next_name(self) -> str:
        """How the next one is named."""
        return str(self.given + 1)

    def holding(self, at: datetime) -> list[Grant]:
        """What holds at a moment, in the order in which it was granted."""
        return [grant for grant in self.grants.values() if grant.holds(at)]

    def grant(
        self,
        subject: str,
        role: str,
        unit: str,
        since: datetime,
        until: datetime,
        why: bytes,
        *,
        by: str,
        now: datetime,
    ) -> Granted:
        """Raises `AuthorisationRefused`."""
        if subject == by:
            raise AuthorisationRefused(
                "own_authorisation",
                "Nobody grants an authorisation to himself.",
                "Ask another administrator.",
            )
        if subject.startswith(SYSTEM) and role not in SYSTEM_ROLES:
            raise AuthorisationRefused(
                "role_of_persons",
                f"A system is no {role}: in that role a person acts.",
                f"A system may be {', '.join(sorted(SYSTEM_ROLES))}.",
            )
        _must_be_a_name(subject, "subject")
        _must_be_a_name(unit, "unit")
        _must_be_of_somebody(role, unit)
        _must_be_a_term(since, until, now)
        for held in self.grants.values():
            if (held.role, held.unit) == (role, unit) and held.since < until and since < held.until:
                raise AuthorisationRefused(
                    "already_authorised",
                    f"{subject} is {role} of {unit} until {held.until.isoformat()} already.",
                    "Let the new term begin then, or end the old one first.",
                )
        return Granted(
            grant=self.next_name,
            role=role,
            since=_written(since),
            subject=subject,
            unit=unit,
            until=_written(until),
            why=why,
        )

    def end(self, name: str, why: bytes, now: datetime) -> Ended:
        """Also one that is to begin later. Raises `AuthorisationRefused`."""
        self.must_last(name, now)
        return Ended(grant=name, why=why)

    def must_last(self, name: str, now: datetime) -> None:
        """Raises `AuthorisationRefused` for one that has ended."""
        grant = self.grants.get(name)
        if grant is None or grant.until <= now:
            raise AuthorisationRefused(
                "not_authorised", "This authorisation has ended.", "Nothing need be done."
            )


def must_say(why: str) -> None:
    """Raises `AuthorisationRefused` for a reason that says nothing, or too much."""
    if not reasons.says_something(why) or len(why) > LONGEST_WHY:
        raise AuthorisationRefused(
            "why",
            f"The reason is shorter than {reasons.SHORTEST} characters, or longer than "
            f"{LONGEST_WHY}.",
            "Name the written request and the task that it is for.",
        )


def evolve(state: Authorisations | None, data: EventData) -> Authorisations:
    """The authorisations of a subject after this event."""
    after = state or Authorisations()
    if isinstance(data, Granted):
        after.grants[data.grant] = Grant(
            data.grant,
            data.role,
            data.unit,
            datetime.fromisoformat(data.since),
            datetime.fromisoformat(data.until),
        )
        after.given += 1
    elif isinstance(data, Ended):
        del after.grants[data.grant]
    else:
        raise ValueError(f"{data.TOPIC} is no event of an authorisation")
    return after


def _must_be_a_name(text: str, what: str) -> None:
    if not text or len(text) > LONGEST_NAME or text != text.strip() or not text.isprintable():
        raise AuthorisationRefused(
            what,
            f"The {what} is empty, longer than {LONGEST_NAME} characters or has blanks around it.",
            "Write a person as the `sub` of his identity provider, a system as client:ID."
            if what == "subject"
            else "Name the unit, such as amsterdam; for a till it is its source.",
        )


def _must_be_of_somebody(role: str, unit: str) -> None:
    if controllers.of_staff(role, unit) == controllers.UNLISTED:
        raise AuthorisationRefused(
            "unit_unlisted",
            f"Nobody knows which controller the unit {unit!r} is of, so what its people may see "
            "cannot be said.",
            controllers.HOW_TO_NAME,
        )


def _must_be_a_term(since: datetime, until: datetime, now: datetime) -> None:
    if since.tzinfo is None or until.tzinfo is None:
        raise AuthorisationRefused(
            "no_offset", "A moment of the term has no offset.", "Write 2027-03-01T00:00:00+01:00."
        )
    if since < now:
        raise AuthorisationRefused(
            "term_in_the_past",
            "The term begins before now.",
            "Let it begin now or later: what is granted later explains no reading of before.",
        )
    if until <= since:
        raise AuthorisationRefused(
            "term_reversed", "The term ends before it begins.", "Let `until` lie behind `since`."
        )
    if until - since > LONGEST:
        raise AuthorisationRefused(
            "term_too_long",
            f"The term is longer than {LONGEST.days} days.",
            "Grant a shorter one, and grant it anew when it ends.",
        )


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
