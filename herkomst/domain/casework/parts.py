"""Parts of a stream that are sealed with data keys of their own, so that each ends by itself.

One stream tells of all holds on a record, of each time that it was asked for and that a glass was
broken, of each thing that followed a hit, of each mute of a number, and of all that a subject was
ever authorised to. With one key a stream the newest reason would keep the oldest. What was sealed
before a part had a key of its own was sealed with that of the stream.
"""

from typing import NamedTuple, get_args
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import authorisation, glass, hold, mute, request, sequel
from herkomst.domain.events import Recorded


class Part(NamedTuple):
    """A part of a stream, by the id of its data key, and whether it begins now."""

    key: UUID
    begins: bool


def key_of(fact: Recorded) -> UUID:
    """The data key of the part that an event belongs to; that of the stream where it has none, or
    does not say which."""
    data, stream = fact.data, fact.stream
    if isinstance(data, hold.Placed | hold.Lifted):
        return ids.hold_id(stream, data.hold)
    if isinstance(data, authorisation.Granted | authorisation.Ended):
        return ids.authorisation_id(stream, data.grant)
    if isinstance(data, request.AccessGranted | request.AccessRefused):
        return ids.request_id(stream, data.request) if data.request else stream
    if isinstance(data, request.AccessRequested):
        return ids.request_id(stream, fact.version)
    if isinstance(data, sequel.Later):
        return ids.measure_id(stream, data.measure)
    if isinstance(data, mute.NumberMuted | mute.NumberUnmuted):
        return UUID(hex=data.mute)
    if isinstance(data, sequel.First):
        return ids.measure_id(stream, fact.version)
    return ids.glass_id(stream, fact.version) if isinstance(data, glass.Broken) else stream


BEGIN: tuple[str, ...] = (
    authorisation.Granted.TOPIC,
    glass.Broken.TOPIC,
    hold.Placed.TOPIC,
    mute.NumberMuted.TOPIC,
    request.AccessRequested.TOPIC,
    *(kind.TOPIC for kind in get_args(sequel.First)),
)
"""Topics of the events with which a part begins."""
