"""One look-up in ten asks for a reason, and no other name for it changes which."""

from uuid import UUID, uuid5

import pytest

from herkomst.access.reason import ReasonRequired, must_be_given
from herkomst.access.viewer import Role, Viewer
from herkomst.record.archive import Archive
from tests.readings import under

OFFICER = Viewer(subject="dev:x", role=Role.DISTRICT_DETECTIVE, unit="amsterdam")
CASE = UUID("01234567-89ab-7cde-8f01-23456789abcd")
PERSONS = [uuid5(CASE, str(n)) for n in range(200)]


def asked(archive: Archive, viewer: Viewer, purpose: str) -> list[bool]:
    """About which of these persons a reason is asked."""
    return [is_asked(archive, viewer, purpose, each) for each in PERSONS]


def is_asked(archive: Archive, viewer: Viewer, purpose: str, person: UUID) -> bool:
    try:
        must_be_given(archive.keyring, under(viewer, purpose, "wpg:9"), person)
    except ReasonRequired:
        return True
    return False


@pytest.mark.parametrize("other", [f"case:{CASE}", "task:2026-0312/1", "duty:front_desk"])
def test_given_another_name_for_the_purpose_then_the_same_are_asked_about(
    archive: Archive, other: str
) -> None:
    """Given a case, which has a number and an id, and the tasks and duties beside it."""
    first = asked(archive, OFFICER, "case:2026-0312")

    assert 0 < sum(first) < 60
    assert asked(archive, OFFICER, other) == first


def test_given_another_officer_then_others_are_asked_about(archive: Archive) -> None:
    colleague = Viewer(subject="dev:y", role=Role.DISTRICT_DETECTIVE, unit="amsterdam")

    purpose = "duty:front_desk"
    assert asked(archive, colleague, purpose) != asked(archive, OFFICER, purpose)
