"""Commands that destroy: an erasure that was ordered, and what the clocks say of today."""

from collections.abc import Sequence
from datetime import date
from time import monotonic, sleep
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from herkomst.access.policy import may_erase
from herkomst.access.viewer import Role, operator
from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.domain.register.erasure import Acknowledgement
from herkomst.investigations import retention as clocks
from herkomst.processes.erasure import ALL_STORES
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive, open_archive


def erase(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="seller:SOURCE:KEY")],
    ground: Annotated[str, typer.Option(help="Code of the legal ground, such as avg:17.")],
    timeout: Annotated[float, typer.Option(help="Seconds to wait for every store.")] = 60.0,
    json: Json = False,
) -> None:
    """Erase the identity presented with a purchase; every store acknowledges."""
    officer = operator(Role.PRIVACY_OFFICER)
    if not may_erase(officer, ground):
        exits.end(exits.FAILED, f"The ground {ground!r} does not allow an erasure.")
    with open_archive(context.obj) as archive:
        actor = f"user:{officer.subject}"
        stream = archive.register.order_erasure(subject, ground=ground, actor=actor)
        told = _acknowledged(archive, stream, timeout)
    if json:
        stores = [
            {"name": a.store, "acknowledged_at": a.acknowledged_at, "clock": a.clock} for a in told
        ]
        output.document({"subject": subject, "stores": stores})
    else:
        output.table((a.store, a.acknowledged_at.isoformat(), a.clock) for a in told)
    if {a.store for a in told} < ALL_STORES:
        exits.end(exits.TIMED_OUT, "Not every store has acknowledged; `herkomst status` says why.")


def _acknowledged(archive: Archive, stream: UUID, timeout: float) -> list[Acknowledgement]:
    """What the stores acknowledged; the followers that nobody runs are run here."""
    following = Following(archive, timeout)
    while True:
        following.run()
        told = archive.register.acknowledgements(stream)
        if {a.store for a in told} >= ALL_STORES or following.is_late:
            return told
        sleep(0.1)


class Following:
    """Runs the followers that nobody runs, for so many seconds at most."""

    def __init__(self, archive: Archive, timeout: float) -> None:
        self._runner = Runner(archive.urls.app, followers(archive), revive=archive.urls.revive)
        self._ends = monotonic() + timeout

    @property
    def is_late(self) -> bool:
        return monotonic() > self._ends

    def run(self) -> None:
        self._runner.run(once=True)

    def wait(self) -> None:
        """Let them come on; ends the command when that takes too long."""
        if self.is_late:
            exits.end(exits.TIMED_OUT, "The followers are behind; `herkomst status` says why.")
        self.run()
        sleep(0.1)


def retention(
    context: typer.Context,
    on: Annotated[
        str | None, typer.Option(help="A day, such as 2030-01-01; only with --dry-run.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would change and what blocks it.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for followers.")] = 600.0,
    json: Json = False,
) -> None:
    """Lock away and destroy what the clocks say of today. Run daily; cut off, it goes on."""
    with open_archive(context.obj) as archive:
        following = Following(archive, timeout)
        following.run()
        report = clocks.run(archive, _day(on), following.wait, dry_run=dry_run)
        told = _all_acknowledged(archive, report.orders, timeout)
    stores = _latest(told or [])
    if json:
        output.document({**msgspec.to_builtins(report), "stores": stores})
    else:
        _tell_retention(report, stores)
    if told is None:
        exits.end(exits.TIMED_OUT, "Not every store has acknowledged; `herkomst status` says why.")


def _all_acknowledged(
    archive: Archive, orders: Sequence[UUID], timeout: float
) -> list[Acknowledgement] | None:
    """What the stores acknowledged of each of these; None where one took too long. The stores of
    one order acknowledge together."""
    following, told = Following(archive, timeout), list[Acknowledgement]()
    for order in orders:
        while not (found := archive.register.acknowledgements(order)):
            if following.is_late:
                return None
            following.run()
            sleep(0.1)
        told += found
    return told


def _day(written: str | None) -> date | None:
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        exits.end(exits.USAGE, f"{written!r} is no day; write 2030-01-01.")


def _latest(told: list[Acknowledgement]) -> list[dict[str, object]]:
    """Each store with the moment at which it had acknowledged all that was destroyed."""
    last = {each.store: each for each in sorted(told, key=lambda each: each.acknowledged_at)}
    return [
        {"name": a.store, "acknowledged_at": a.acknowledged_at, "clock": a.clock}
        for a in last.values()
    ]


def _tell_retention(report: clocks.Report, stores: list[dict[str, object]]) -> None:
    would = "would go" if report.dry_run else "went"
    if not report.changes:
        output.line("Nothing is due.")
    for each in report.changes:
        output.line(f"{each.count} {each.record} {would} from {each.from_} to {each.to}")
    for blocked in report.blocked:
        by = "; ".join(
            f"{b['name']} ({b['ground']}) {f'until {until}' if (until := b['until']) else 'open'}"
            for b in blocked.blocks
        )
        output.line(f"{blocked.record} {blocked.id} stays {blocked.state}: {by}")
    for store in stores:
        output.line(f"{store['name']}  {store['acknowledged_at']}  {store['clock']}")
