"""Authorisations to test with."""

from datetime import UTC, datetime, timedelta

from herkomst.record import authorisations
from herkomst.record.archive import Archive
from herkomst.record.authorisations import Appended

WHY = "Op schriftelijk verzoek van de teamleiding."


def authorise(
    archive: Archive,
    subject: str,
    role: str = "district_detective",
    unit: str = "amsterdam",
    *,
    days: int = 30,
    by: str = "os:beheerder",
    why: str = WHY,
) -> Appended:
    """Grant somebody a role from now on."""
    now = datetime.now(UTC)
    until = now + timedelta(days=days)
    return authorisations.act_on(
        archive.casework,
        subject,
        lambda a, seal: a.grant(subject, role, unit, now, until, seal(why), by=by, now=now),
        actor=f"user:{by}",
        ground="wpg:6",
        unit=unit,
    )


def end(archive: Archive, subject: str, name: str, *, why: str = WHY) -> Appended:
    """End an authorisation by its name in the stream of its subject."""
    return authorisations.act_on(
        archive.casework,
        subject,
        lambda a, seal: a.end(name, seal(why), datetime.now(UTC)),
        actor="user:os:beheerder",
        ground="wpg:6",
        unit="amsterdam",
        ending=name,
    )
