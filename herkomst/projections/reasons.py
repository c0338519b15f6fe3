"""What people said of why they did what controls look at: names revealed to an officer on a day,
glasses that were broken, holds, requests for access, authorisations, reviews of reads, requests of
persons, what followed hits, alerts and what came of them, mutes of numbers. Each has a key, and a
clock is asked of it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, get_args
from uuid import UUID

from herkomst.domain.calendar import start_of
from herkomst.domain.casework import (
    alert,
    authorisation,
    glass,
    hold,
    mute,
    request,
    reveal,
    review,
    rights,
    sequel,
)
from herkomst.domain.casework.parts import BEGIN, key_of
from herkomst.domain.events import EventData, Recorded
from herkomst.projections.model import Column, Model, Rows, Unsealed

_KEY, _ENDED, _CASES, _PLACE, _REVISION = 0, 4, 5, 6, 7


class Said(NamedTuple):
    """What an event says of a reason: of what kind it is, when that for which it was given ends,
    and for which case it was."""

    kind: str
    ends: datetime | None = None
    case: str | None = None


Say = Callable[[Recorded, Any], Said]


def _revealed(_: Recorded, data: reveal.Revealed) -> Said:
    return Said("reveal", case=data.case)


def _placed(_: Recorded, data: hold.Placed) -> Said:
    return Said("hold", start_of(date.fromisoformat(data.until) + timedelta(1)))


def _asked(_: Recorded, data: request.AccessRequested) -> Said:
    """What nobody answers ends with the term for an answer."""
    return Said("access_request", datetime.fromisoformat(data.answer_by), data.case)


def _until(kind: str) -> Say:
    return lambda _, data: Said(kind, datetime.fromisoformat(data.until))


def _due(_: Recorded, data: rights.RequestReceived | rights.Extended) -> Said:
    return Said("person_request", start_of(date.fromisoformat(data.due) + timedelta(1)))


def _now(kind: str) -> Say:
    return lambda fact, _: Said(kind, fact.recorded_at)


def _alert_set(_: Recorded, data: alert.AlertSet) -> Said:
    return Said("alert", datetime.fromisoformat(data.until), data.case)


def _of_alert(_: Recorded, data: alert.AlertMuted | alert.AlertUnmuted) -> Said:
    """It has the key of the alert, and ends with it."""
    return Said("alert", case=data.case)


def _alert_ended(fact: Recorded, data: alert.AlertWithdrawn | alert.SightingAnswered) -> Said:
    return Said("alert", fact.recorded_at, data.case)


def _open(kind: str) -> Say:
    return lambda _, __: Said(kind)


def _followed(fact: Recorded, data: sequel.First | sequel.Later) -> Said:
    """A seizure ends with the return of the good, and the rest by itself."""
    ends: datetime | None = fact.recorded_at
    if isinstance(data, sequel.OrderIssued):
        ends = datetime.fromisoformat(data.until)
    elif isinstance(data, _IN_SEIZURE):
        ends = None
    return Said("sequel", ends, data.authority.case)


_IN_SEIZURE = (
    sequel.GoodSeized,
    sequel.ReturnAnnounced,
    sequel.ReturnContested,
    sequel.ComplaintDecided,
)
_SAID: Mapping[type[EventData], Say] = {
    alert.AlertSet: _alert_set,
    alert.AlertMuted: _of_alert,
    alert.AlertUnmuted: _of_alert,
    alert.AlertWithdrawn: _alert_ended,
    alert.SightingAnswered: _alert_ended,
    mute.NumberMuted: _until("number_mute"),
    mute.NumberUnmuted: _now("number_mute"),
    reveal.Revealed: _revealed,
    reveal.MoreAllowed: _open("reveal"),
    glass.Broken: _open("glass"),
    glass.Reviewed: _now("glass"),
    glass.ReviewLapsed: _now("glass"),
    hold.Placed: _placed,
    hold.Lifted: _now("hold"),
    request.AccessRequested: _asked,
    request.AccessGranted: _until("access_request"),
    request.AccessRefused: _now("access_request"),
    authorisation.Granted: _until("authorisation"),
    authorisation.Ended: _now("authorisation"),
    review.QuestionAsked: _open("review"),
    review.Answered: _open("review"),
    review.VerdictGiven: _now("review"),
    review.ReviewLapsed: _now("review"),
    rights.RequestReceived: _due,
    rights.IdentityChecked: _open("person_request"),
    rights.Extended: _due,
    rights.RequestAnswered: _now("person_request"),
    **dict.fromkeys((*get_args(sequel.First), *get_args(sequel.Later)), _followed),
}
"""The events that seal a reason, or end that for which it was given."""


class Reasons(Model):
    name = "reasons"
    version = 4
    sequence = "casework"
    owner = "stream"
    key = ("key_id",)
    order = "key_id"
    tells = "false"  # Who looked at one database looked at no other.
    columns = (
        Column("key_id", "uuid"),
        Column("stream", "uuid"),
        Column("kind", "text"),
        Column("since", "timestamptz"),
        Column("ended_at", "timestamptz"),
        Column("cases", "uuid[]"),
        Column("place", "bigint"),
        Column("revision", "bigint"),
    )
    indexes = ("(stream)", "(kind, since)", "(kind, ended_at)")
    topics = frozenset(_SAID)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        said = _SAID[type(fact.data)](fact, fact.data)
        rows = sorted(rows, key=lambda row: row[_PLACE])
        row = next((row for row in rows if row[_KEY] == key_of(fact)), None)
        if row is None and rows and fact.topic not in BEGIN:
            row = rows[-1]  # It does not say which part it belongs to: to the last.
        others = [each for each in rows if each is not row]
        return [*others, _with(row or _begun(fact, said.kind), said, fact.position)]


def _begun(fact: Recorded, kind: str) -> tuple[Any, ...]:
    at, place = fact.recorded_at, fact.version
    return (key_of(fact), fact.stream, kind, at, None, (), place, fact.position)


def _with(row: tuple[Any, ...], said: Said, position: int) -> tuple[Any, ...]:
    after = list(row)
    after[_ENDED] = said.ends or row[_ENDED]
    if said.case is not None:
        after[_CASES] = tuple(dict.fromkeys([*row[_CASES], UUID(hex=said.case)]))
    after[_REVISION] = position
    return tuple(after)
