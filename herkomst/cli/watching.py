"""Commands on what follows the record: running it, watching it, building it anew."""

import signal
from collections.abc import Sequence
from typing import Annotated

import typer
from psycopg import Connection, IsolationLevel

from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.processes.followers import MODELS, followers
from herkomst.processes.matching import RULES, Matching
from herkomst.projections import registry
from herkomst.projections.follower import Follower
from herkomst.projections.model import Model
from herkomst.projections.rebuild import rebuild as rebuild_models
from herkomst.projections.runner import Runner, wait_until
from herkomst.projections.status import status as status_now
from herkomst.record.archive import open_archive
from herkomst.record.database import Row, connect
from herkomst.record.reader import SequenceReader
from herkomst.search.indexing import Indexing

Names = Annotated[list[str] | None, typer.Argument()]


def work(
    context: typer.Context,
    names: Names = None,
    once: Annotated[bool, typer.Option("--once", help="Until nothing is left to do.")] = False,
) -> None:
    """Run the followers, or those named, until told to stop."""
    with open_archive(context.obj) as archive:
        chosen = _chosen(followers(archive), names or [])
        runner = Runner(archive.urls.app, chosen, revive=archive.urls.revive)
        terminated = _stop_on_sigterm(runner)
        runner.run(once=once)
    if runner.failed:
        told = ", ".join(sorted(runner.failed))
        exits.end(exits.FAILED, f"Stopped by an event: {told}. `herkomst doctor` says what to do.")
    if terminated:
        raise typer.Exit(exits.TERMINATED)


def _stop_on_sigterm(runner: Runner) -> list[bool]:
    """SIGTERM lets the batch end; the list has an element once it came."""
    came: list[bool] = []

    def stop(*_: object) -> None:
        came.append(True)
        runner.stop.set()

    signal.signal(signal.SIGTERM, stop)
    return came


def _chosen(every: Sequence[Follower], names: Sequence[str]) -> Sequence[Follower]:
    _must_be_known(names, [follower.name for follower in every], "follower")
    return [follower for follower in every if not names or follower.name in names]


def _must_be_known(names: Sequence[str], known: Sequence[str], what: str) -> None:
    if unknown := sorted(set(names) - set(known)):
        exits.end(exits.USAGE, f"No {what} {', '.join(unknown)}; there are {', '.join(known)}.")


def status(context: typer.Context, json: Json = False) -> None:
    """How far each sequence is, and each follower behind it."""
    with open_archive(context.obj) as archive, connect(archive.urls.app, "herkomst status") as c:
        now = status_now(c)
    if json:
        output.document(now)
        return
    output.table((name, sequence.head) for name, sequence in now.sequences.items())
    if now.followers:
        output.line("")
        output.table(
            (f.name, f.kind, f.state, f"at {f.position}", f"behind {f.lag_events}", f.error or "")
            for f in now.followers
        )


def wait(
    context: typer.Context,
    register: Annotated[int, typer.Option(help="Position in the register.")],
    casework: Annotated[int, typer.Option(help="Position in casework.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds.")] = 60.0,
    json: Json = False,
) -> None:
    """Wait until everything has followed to a position, hits included; 4 when time is up."""
    with open_archive(context.obj) as archive, connect(archive.urls.app, "herkomst wait") as c:
        behind = wait_until(c, {"register": register}, timeout)
        if not behind:
            found = max(casework, SequenceReader("casework").head(c))
            behind = wait_until(c, {"casework": found}, timeout)
    if json:
        output.document({"behind": [{"name": s.name, "position": s.position} for s in behind]})
    if behind:
        exits.end(exits.TIMED_OUT, f"Still behind: {', '.join(s.name for s in behind)}.")


def rebuild(
    context: typer.Context,
    names: Names = None,
    all_: Annotated[bool, typer.Option("--all", help="Every read model, in one scan.")] = False,
) -> None:
    """Build read models anew beside the old ones, while serving."""
    known = [*(model.name for model in MODELS), Indexing.name]
    _must_be_known(names or [], known, "read model")
    if not names and not all_:
        exits.end(exits.USAGE, f"Name what to rebuild, or --all; there are {', '.join(known)}.")
    with open_archive(context.obj) as archive, connect(archive.urls.app, "herkomst rebuild") as c:
        every = followers(archive)
        chosen = known if all_ else names or []
        rebuild_models(c, every, chosen)
        if Indexing.name in chosen:
            _indexing(every).rebuild(c)


def _indexing(every: Sequence[Follower]) -> Indexing:
    return next(follower for follower in every if isinstance(follower, Indexing))


def rematch(
    context: typer.Context,
    rules: Annotated[int, typer.Option(help="Version of the rules.")] = RULES,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    json: Json = False,
) -> None:
    """Run what is recorded through the rules: the only way that old data meets new rules."""
    if rules != RULES:
        exits.end(exits.USAGE, f"This version has the rules {RULES}.")
    with open_archive(context.obj) as archive, connect(archive.urls.app, "herkomst rematch") as c:
        process = next(f for f in followers(archive) if isinstance(f, Matching))
        counts = process.rematch(c, dry_run=dry_run)
    if json:
        output.document({"rules": rules, "dry_run": dry_run, "events": counts})
    else:
        output.line("\n".join(f"{t}: {n}" for t, n in sorted(counts.items())) or "Nothing changes.")


def digest(context: typer.Context, names: Names = None, json: Json = False) -> None:
    """The fingerprint of each read model and of the index: what happened, not how it is stored."""
    _must_be_known(names or [], [*(model.name for model in MODELS), Indexing.name], "read model")
    chosen = [model for model in MODELS if not names or model.name in names]
    with open_archive(context.obj) as archive, connect(archive.urls.app, "herkomst digest") as c:
        c.isolation_level = IsolationLevel.REPEATABLE_READ
        with c.transaction():  # One moment for all of them, also while one is being rebuilt.
            told = _digests(c, chosen)
            if not names or Indexing.name in names:
                told.append(_digest_of_index(c, _indexing(followers(archive))))
    if json:
        output.document(told)
    else:
        output.table(told_one.values() for told_one in told)


def _digests(connection: Connection[Row], models: Sequence[Model]) -> list[dict[str, object]]:
    standings = {s.name: s.position for s in registry.standings(connection)}
    generations = registry.generations(connection)
    told: list[dict[str, object]] = []
    for model in models:
        if model.name not in generations:
            raise registry.ModelMissing(model.name)
        generation, _, follower = generations[model.name]
        rows, sha256 = model.digest(connection, generation)
        position = standings.get(follower, 0)
        told.append({"name": model.name, "position": position, "rows": rows, "sha256": sha256})
    return told


def _digest_of_index(connection: Connection[Row], indexing: Indexing) -> dict[str, object]:
    standings = {s.name: s.position for s in registry.standings(connection)}
    rows, sha256 = indexing.digest(connection)
    position = standings.get(indexing.name, 0)
    return {"name": indexing.name, "position": position, "rows": rows, "sha256": sha256}
