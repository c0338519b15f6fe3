"""Investigations asked directly, as one viewer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from herkomst.access.policy import Action, Permitted, permit
from herkomst.access.reading import Returned
from herkomst.access.viewer import Role, Viewer
from herkomst.investigations.inquiry import Desk, Inquiry, open_desk
from herkomst.record.archive import Archive
from tests.readings import under

T = TypeVar("T")


def allowed(
    action: Action,
    role: Role = Role.DISTRICT_DETECTIVE,
    purpose: str = "case:1",
    ground: str = "wpg:8",
) -> Permitted:
    viewer = Viewer(subject="dev:x", role=role, unit="amsterdam")
    return permit(under(viewer, purpose, ground), action)


def at_desk(archive: Archive, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Run what needs a desk, in a loop of its own."""

    async def run() -> T:
        desk = open_desk(archive)
        async with desk.pool:
            return await work(desk)

    return asyncio.run(run())


def inquire(
    archive: Archive,
    ask: Callable[[Inquiry], Awaitable[T]],
    returned: Returned | None = None,
) -> T:
    """Run one question over one inquiry."""

    async def work(desk: Desk) -> T:
        async with Inquiry(desk, returned or Returned()) as inquiry:
            return await ask(inquiry)

    return at_desk(archive, work)
