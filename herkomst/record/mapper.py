"""Between events and the library's stored events: canonical bytes out, typed events in."""

from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import Mapper, StoredEvent

from herkomst.domain.events import Envelope, EventData, decode, encode


class Placed(NamedTuple):
    """An event at its place in a stream, as the library's event store hands it around."""

    originator_id: UUID
    originator_version: int
    data: EventData
    envelope: Envelope


class CanonicalMapper(Mapper[UUID]):
    """Encodes by `domain.events`, which also lifts old versions; sealing is done before."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.data.TOPIC,
            state=encode(domain_event.data, domain_event.envelope),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        body = decode(stored_event.topic, stored_event.state)
        assert isinstance(stored_event.originator_id, UUID)
        return Placed(
            stored_event.originator_id, stored_event.originator_version, body.data, body.envelope
        )
