"""Commands on the record: bringing it up, taking in, letting out, erasing and verifying."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, BinaryIO, TextIO
from uuid import UUID

import msgspec
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from herkomst.access.policy import may_erase
from herkomst.access.viewer import Role, operator
from herkomst.cli import exits, output
from herkomst.domain.register.erasure import Acknowledgement
from herkomst.intake.files import Delivery, Summary, formats, import_file, import_staff
from herkomst.intake.staff import STAFF_KINDS
from herkomst.investigations import retention as clocks
from herkomst.investigations.exports import (
    EXPORTS,
    OF_A_RECORD,
    export_lines,
    trail_lines,
    trail_on_paper,
)
from herkomst.processes.erasure import ALL_STORES
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive, open_archive, open_urls
from herkomst.record.archive import migrate as migrate_urls
from herkomst.record.verification import verify as verify_record

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def migrate(context: typer.Context, json: Json = False) -> None:
    """Bring the database to this version's schema, as its owner."""
    with open_urls(context.obj) as urls:
        ran = migrate_urls(urls)
    if json:
        output.document({"ran": ran})
    else:
        output.line("\n".join(ran) if ran else "Nothing to do.")


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    as_: Annotated[
        str,
        typer.Option(
            "--as", help=f"dealers, purchases, stolen, staff, reads, or {', '.join(formats())}."
        ),
    ],
    source: Annotated[str, typer.Option(help="The source of every record in the file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, and change nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write what was refused, and why, as NDJSON.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in a file. Repeating it changes nothing, also after it was killed half-way."""
    with ExitStack() as stack:
        stream, size = _open(file, stack)
        archive = stack.enter_context(open_archive(context.obj))
        told: TextIO | None = None
        if rejects is not None:
            told = stack.enter_context(rejects.open("w", encoding="utf-8"))
        bar = stack.enter_context(progress_bar())
        task = bar.add_task(f"import {Path(file).name}", total=size, lines="")

        def progress(position: int, summary: Summary) -> None:
            bar.update(task, completed=position, lines=f"{summary.read} lines")

        delivery = Delivery(stream, file, as_, source)
        take = partial(import_file, archive.register)
        if as_ in STAFF_KINDS:
            take = partial(import_staff, archive)
        summary = take(delivery, dry_run=dry_run, rejects=told, progress=progress)
        summary.rejects = str(rejects) if rejects is not None else None
    _tell_import(summary, json=json)


def _open(file: str, stack: ExitStack) -> tuple[BinaryIO, int | None]:
    if file == "-":
        return sys.stdin.buffer, None
    path = Path(file)
    if not path.is_file():
        exits.end(exits.USAGE, f"There is no file {file}.")
    return stack.enter_context(path.open("rb")), path.stat().st_size


def progress_bar() -> Progress:
    """A bar on a terminal, and nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[lines]}"),
        TimeRemainingColumn(),
        console=output.errors,
        disable=not sys.stderr.isatty(),
    )


def _tell_import(summary: Summary, *, json: bool) -> None:
    if json:
        output.document(summary)
    else:
        output.table((name, value) for name, value in msgspec.to_builtins(summary).items())
    if not summary.is_clean:
        raise typer.Exit(exits.SOME_REJECTED)


def export(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help=" or ".join([*EXPORTS, *OF_A_RECORD]))],
    purpose: Annotated[str, typer.Option(help="case:ID, task:ID or duty:ID.")],
    ground: Annotated[str, typer.Option(help="Code of the legal ground, such as wpg:8.")],
    of: Annotated[str | None, typer.Argument(help="Of a trail: the id of the record.")] = None,
    as_: Annotated[
        str, typer.Option("--as", help="ndjson, or pdf for a trail on paper.")
    ] = "ndjson",
    out: Annotated[Path | None, typer.Option(help="A file, in place of standard output.")] = None,
) -> None:
    """Write records as NDJSON; journaled before the first line, like every read."""
    if what not in {*EXPORTS, *OF_A_RECORD}:
        there_is = ", ".join([*EXPORTS, *OF_A_RECORD])
        exits.end(exits.USAGE, f"There is no export {what!r}; there is {there_is}.")
    if (of is not None) != (what in OF_A_RECORD):
        exits.end(
            exits.USAGE, "A trail is of one record, as in `export trail ID`; nothing else is."
        )
    if as_ not in ("ndjson", "pdf") or (as_ == "pdf" and of is None):
        exits.end(
            exits.USAGE, f"There is no {what} as {as_!r}; there is ndjson, and a trail as pdf."
        )
    with ExitStack() as stack:
        archive = stack.enter_context(open_archive(context.obj))
        stream = stack.enter_context(out.open("wb")) if out else sys.stdout.buffer
        for part in _parts(archive, what, of, as_, purpose=purpose, ground=ground):
            stream.write(part)


def _parts(
    archive: Archive, what: str, of: str | None, as_: str, *, purpose: str, ground: str
) -> Iterable[bytes]:
    if of is None:
        return export_lines(archive, what, purpose=purpose, ground=ground)
    if as_ == "pdf":
        return [trail_on_paper(archive, of, purpose=purpose, ground=ground)]
    return trail_lines(archive, of, purpose=purpose, ground=ground)


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
        told = [each for order in report.orders for each in _acknowledged(archive, order, timeout)]
    stores = _latest(told)
    if json:
        output.document({**msgspec.to_builtins(report), "stores": stores})
    else:
        _tell_retention(report, stores)
    if len(told) < len(report.orders) * len(ALL_STORES):
        exits.end(exits.TIMED_OUT, "Not every store has acknowledged; `herkomst status` says why.")


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


def verify(context: typer.Context, json: Json = False) -> None:
    """Read the whole record again, and name what was tampered with."""
    with open_archive(context.obj) as archive:
        found = list(verify_record(archive))
    if json:
        output.document({"intact": not found, "findings": found})
    else:
        output.line("\n".join(f.message for f in found) or "The record is intact.")
    if found:
        raise typer.Exit(exits.BROKEN)
