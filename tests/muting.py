"""Numbers that are muted, and mutes that are lifted."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils

from herkomst.domain import ids
from herkomst.domain.casework.mute import NumberMuted, NumberUnmuted
from herkomst.domain.casework.parts import Part
from herkomst.record.archive import Archive
from herkomst.record.muted_numbers import act_on_number

MONTH = timedelta(days=30)
BY = "user:rechercheur"


def mute(
    archive: Archive,
    key: str,
    *,
    lasts: timedelta = MONTH,
    brand: str | None = None,
    closed: bool = False,
    hit: UUID | None = None,
) -> UUID:
    """Mute what meets at a key; the mute."""
    identity, now = UUID(bytes=uuid_utils.uuid7().bytes), datetime.now(UTC)
    act_on_number(
        archive.casework,
        ids.number_id(key),
        Part(identity, begins=True),
        lambda state, head, seal: state.mute(
            NumberMuted(
                brand=brand,
                by="rechercheur",
                closed=closed,
                hit=(hit or identity).hex,
                key=key,
                mute=identity.hex,
                register=head,
                until=(now + lasts).isoformat(timespec="milliseconds"),
                why=seal("Modelnummer, geen serienummer."),
            ),
            now,
        ),
        actor=BY,
        ground="wpg:8",
    )
    return identity


def lift(archive: Archive, key: str, identity: UUID) -> None:
    act_on_number(
        archive.casework,
        ids.number_id(key),
        Part(identity, begins=False),
        lambda state, head, seal: state.unmute(
            NumberUnmuted(
                by="rechercheur",
                mute=identity.hex,
                register=head,
                why=seal("Toch een echt nummer."),
            ),
            datetime.now(UTC),
        ),
        actor=BY,
        ground="wpg:8",
    )
