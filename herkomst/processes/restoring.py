"""What a restored archive needs before anybody may read it."""

from collections.abc import Sequence

from herkomst.processes.followers import MODELS, followers
from herkomst.projections import registry
from herkomst.projections.rebuild import rebuild
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive
from herkomst.record.database import connect
from herkomst.record.erasures import Erased, replay


class NotSettled(Exception):
    """An event stopped a follower, so that what was restored cannot be brought into order."""

    code = "restore_not_settled"


def settle(archive: Archive, listed: Sequence[Erased]) -> None:
    """Erase again who was erased, and make the read models where there are none or where they must
    forget. Raises `NotSettled`."""
    every = followers(archive)
    with connect(archive.urls.app, "herkomst restore") as connection:
        missing = not registry.generations(connection)
        erased = replay(archive.register, listed)
        if missing:
            rebuild(connection, every, [model.name for model in MODELS])
    if missing or erased:
        runner = Runner(archive.urls.app, every)
        runner.run(once=True)
        if runner.failed:
            raise NotSettled(f"Stopped by an event: {', '.join(sorted(runner.failed))}.")
