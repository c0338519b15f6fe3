"""Requests of persons (art. 15 AVG, art. 25 Wpg) in the record: receiving one, acting in one."""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

import uuid_utils

from herkomst.domain.casework import rights
from herkomst.domain.casework.rights import Request, RequestReceived, RequestRefused, Right
from herkomst.domain.events import EventData, Recorded
from herkomst.record.casework import Casework, Seal, Standpoint

Act = Callable[[Request, Seal], EventData]


def receive(
    casework: Casework, about: str, asked: Sequence[Right], on: date, today: date, by: Standpoint
) -> tuple[UUID, int]:
    """Take in what a person asked; its id, and where it stands. Raises `RequestRefused`."""
    if on > today:
        raise RequestRefused("not_yet", f"{on} is still to come.", "Name the day it came in.")
    due = rights.due_of(asked, on)
    stream = UUID(bytes=uuid_utils.uuid7().bytes)

    def received(_: None, seal: Seal) -> RequestReceived:
        return RequestReceived(
            about=seal(about),
            by=by.actor,
            due=due.isoformat(),
            on=on.isoformat(),
            rights=tuple(dict.fromkeys(asked)),
        )

    _, position = casework.add([stream], lambda _: None, received, by.actor, by.custody)
    return stream, position


def act_on(casework: Casework, request: UUID, act: Act, by: Standpoint) -> int:
    """Do something in a request; where that stands. Raises `RequestRefused`."""
    return casework.add([request], _state, act, by.actor, by.custody)[1]


def _state(facts: Sequence[Recorded]) -> Request:
    state = rights.folded(facts)
    if state is None:
        raise RequestRefused(
            "unknown_request", "There is no such request.", "Send an id of `personRequests`."
        )
    return state
