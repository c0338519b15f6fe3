"""size: the register at the size of the nation, over the real path, stage by stage.

A world is simulated and imported by `herkomst import` while `herkomst work` follows; then it is
weighed, put under a steady load of posts and reads, and each read model is built anew while it
serves. What each stage found is kept in `size.json` under the home, so that a run that was cut off
goes on with `--resume`: from the first stage that was not done.
"""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count, islice
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from bench import lag
from bench.processes import Finished, Look, Product, nothing
from bench.reads import pause, reading
from bench.report import report
from herkomst.processes.followers import MODELS
from herkomst.projections.status import Status, status
from herkomst.record.database import Row, connect
from herkomst.record.removal import remove

PORT = 18941
PART = 1_000_000
"""Lines of purchases that are imported at once: the rate of each is told, and its file is removed
when it is in, so that world and database need not both be whole."""
PATIENCE = 12 * 3600.0
"""Seconds after which followers that do not arrive are given up."""
MOMENTS = 200
"""Moments that a stage remembers; beyond them it remembers every second one."""
WARM_UP = 3.0
BEFORE = 10.0
"""Seconds of reads before a rebuild, to compare with."""
_RELATIONS = """
    SELECT n.nspname || '.' || c.relname, greatest(c.reltuples, 0)::bigint, pg_table_size(c.oid),
           pg_indexes_size(c.oid), pg_total_relation_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('record', 'vault', 'follow', 'read', 'intake')
    ORDER BY 5 DESC
"""
Figures = dict[str, Any]


class Size(msgspec.Struct, frozen=True):
    """How large the world is: a run goes on only with the size that it was begun with."""

    purchases: int
    stolen: int
    dealers: int
    seed: int


class Document(msgspec.Struct):
    """What is kept of a run."""

    size: Size
    stages: dict[str, Figures] = {}


class Run(NamedTuple):
    """A run: its place, its size, the product, and what it found so far."""

    place: Path
    size: Size
    parts: int
    """How many parts of the purchases are imported; the rest of the world is left out."""
    load: lag.Load
    product: Product
    database: Connection[Row]
    owner: Connection[Row]

    @property
    def world(self) -> Path:
        return self.place / "world"


def main(place: Path, size: Size, parts: int, load: lag.Load, port: int, *, resume: bool) -> None:
    document = _begun(place, size, resume=resume)
    _tell(f"{size}; at {place}")
    with Product(place / "register", port) as product:
        product.told("migrate")
        database = product.told("doctor")["database"]
        with (
            connect(database["url"], "bench size") as seen,
            connect(database["owner_url"], "bench size") as owner,
        ):
            run = Run(place, size, parts, load, product, seen, owner)
            stages = _stages(parts)
            _forget_after_gap(document, list(stages))
            for name, stage in stages.items():
                if name != "simulate" and "work" not in product.running:
                    product.start("work", "work")
                _stage(document, place, name, lambda stage=stage: stage(run))  # type: ignore[misc]
    report("size", msgspec.to_builtins(document))


def _begun(place: Path, size: Size, *, resume: bool) -> Document:
    """The document of a run that goes on, or a new one over an empty register."""
    kept = place / "size.json"
    if resume and kept.exists():
        document = msgspec.json.decode(kept.read_bytes(), type=Document)
        if document.size != size:
            raise SystemExit(f"{kept} is of {document.size}: resume with the same size.")
        return document
    remove(place / "register")
    kept.unlink(missing_ok=True)
    place.mkdir(parents=True, exist_ok=True)
    return Document(size)


def _forget_after_gap(document: Document, names: list[str]) -> None:
    """What was found at a smaller size is found anew when more is to be imported."""
    done = [name in document.stages for name in names]
    for name in names[done.index(False) :] if False in done else []:
        document.stages.pop(name, None)


def _stage(
    document: Document, place: Path, name: str, stage: Callable[[], Mapping[str, Any]]
) -> None:
    if name in document.stages:
        _tell(f"{name}: done before")
        return
    _tell(f"{name} …")
    began = monotonic()
    found = dict(stage())
    document.stages[name] = found | {"stage_seconds": round(monotonic() - began, 1)}
    _keep(place / "size.json", document)
    _tell(f"{name}: {msgspec.json.encode(document.stages[name]).decode()[:400]}")


def _keep(path: Path, document: Document) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    beside.replace(path)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# The world.


def _simulate(run: Run) -> Figures:
    made = _made(run.product, run.world, run.size)
    _cut(run.world / "purchases.ndjson")
    return made


def _cut(file: Path) -> None:
    """Into parts, in its order; what was cut before stays as it is."""
    if not file.exists():
        return
    with file.open("rb") as lines:
        for number in count():
            part = _part(file.parent, number)
            with part.open("wb") as out:
                out.writelines(islice(lines, PART))
            if part.stat().st_size == 0:
                part.unlink()
                break
    file.unlink()


def _part(world: Path, number: int) -> Path:
    return world / f"purchases-{number:03}.ndjson"


def _made(product: Product, out: Path, size: Size) -> Figures:
    """A world of that size; one that is there already is not made again."""
    kept = out / "made.json"
    if kept.exists() and (made := msgspec.json.decode(kept.read_bytes(), type=_Made)).size == size:
        return made.figures | {"made": "before"}
    shutil.rmtree(out, ignore_errors=True)
    options = {
        "--dealers": size.dealers,
        "--purchases": size.purchases,
        "--stolen": size.stolen,
        "--seed": size.seed,
        "--out": out,
    }
    arguments = [str(part) for option in options.items() for part in option]
    with product.costs() as costs:
        done = product.finish("simulate", ["simulate", *arguments, "--json"], nothing)
    counts = {name: told for name, told in done.told.items() if name != "rates"}
    lines = sum(counts[name] for name in ("dealers", "purchases", "stolen_lines"))
    figures = {
        "seconds": done.seconds,
        "cpu": done.cpu,
        "lines_per_second": round(lines / done.seconds),
        "bytes": sum(path.stat().st_size for path in out.rglob("*.ndjson")),
        "counts": counts,
        "peak_mib": costs["peak_mib"].get("simulate"),
    }
    kept.write_bytes(msgspec.json.encode(_Made(size, figures)))
    return figures


class _Made(msgspec.Struct):
    size: Size
    figures: Figures


# Taking in.


def _import(run: Run, name: str, kind: str, source: str) -> Figures:
    """Import a file while everything follows, and wait until everything has followed."""
    file = run.world / f"{name}.ndjson"
    before = _weight(run)
    moments = _Moments(run)
    arguments = ["import", str(file), "--as", kind, "--source", source, "--json"]
    with run.product.costs() as costs:
        done = run.product.finish("import", arguments, moments)
        behind = [f"{f.name} {f.lag_events}" for f in status(run.database).followers]
        followed = _until_followed(run, moments)
    return {
        **_rates(done, done.told["read"]),
        "summary": done.told | {"file": file.name},
        "followed_seconds": round(done.seconds + followed, 1),
        "behind_when_imported": behind,
        **costs,
        "grown": {what: now - before[what] for what, now in _weight(run).items()},
        "moments": moments.kept,
    }


def _rates(done: Finished, read: int) -> Figures:
    return {
        "seconds": done.seconds,
        "cpu_of_import": done.cpu,
        "per_second": round(read / max(done.seconds, 0.01)),
    }


def _dealers(run: Run) -> Figures:
    return _import(run, "dealers", "dealers", "dol")


def _stolen(run: Run) -> Figures:
    return _import(run, "stolen", "stolen", "politie")


def _stolen_second(run: Run) -> Figures:
    """What another source reports of the same thefts, where the world has it."""
    found = sorted(run.world.glob("stolen-*.ndjson"))
    return {
        file.stem: _import(run, file.stem, "stolen", file.stem.removeprefix("stolen-"))
        for file in found
    }


def _purchases(run: Run, part: int) -> Figures:
    file = _part(run.world, part)
    if not file.exists():
        return {"lines": 0}  # There are a few more or fewer lines than purchases.
    figures = _import(run, file.stem, "purchases", "dor")
    file.unlink()
    return figures


class _Moments:
    """How far the record and its slowest follower were, at moments of a stage."""

    def __init__(self, run: Run) -> None:
        self.kept: list[Figures] = []
        self._run = run
        self._began = self._last = monotonic()
        self._between = 5.0

    def __call__(self) -> None:
        now = monotonic()
        if now - self._last < self._between:
            return
        self._last = now
        self.kept.append(_moment(status(self._run.database), now - self._began))
        _tell(f"  {self.kept[-1]}")
        if len(self.kept) >= MOMENTS:
            self.kept = self.kept[1::2]
            self._between *= 2


def _moment(now: Status, seconds: float) -> Figures:
    last = max(now.followers, key=lambda follower: follower.lag_events, default=None)
    return {
        "seconds": round(seconds),
        "register": now.sequences["register"].head,
        "casework": now.sequences["casework"].head,
        "slowest": None if last is None else [last.name, last.lag_events],
    }


def _until_followed(run: Run, look: Look) -> float:
    """Seconds until nobody is behind any sequence; a follower that failed ends the run."""
    began = monotonic()
    while monotonic() - began < PATIENCE:
        run.product.check()
        now = status(run.database)
        if failed := [f"{f.name}: {f.error}" for f in now.followers if f.state == "failed"]:
            raise SystemExit(f"Stopped by an event: {failed}.")
        if now.followers and all(f.lag_events == 0 for f in now.followers):
            return monotonic() - began
        look()
        sleep(0.2)
    raise SystemExit(f"After {PATIENCE} seconds the followers are still behind.")


# What it weighs.


def _weight(run: Run) -> dict[str, int]:
    """Bytes of the database, and of the log that was written ahead of it so far."""
    row = run.owner.execute(
        "SELECT pg_database_size(current_database()), "
        "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
    ).fetchone()
    assert row is not None
    return {"database_bytes": row[0], "log_bytes": row[1]}


def _weigh(run: Run) -> Figures:
    run.owner.execute("ANALYZE")
    rows = run.owner.execute(_RELATIONS).fetchall()
    purchases = next(row[1] for row in rows if row[0].startswith("read.purchases_"))
    used = shutil.disk_usage(run.place)
    weight = _weight(run)
    return {
        "purchases": purchases,
        **weight,
        "database_bytes_a_purchase": round(weight["database_bytes"] / purchases),
        "home_bytes": _bytes_of(run.product.home),
        "disk_free_bytes": used.free,
        "tables": {
            name: {
                "rows": count,
                "table_bytes": table,
                "index_bytes": indexes,
                "bytes_a_purchase": round(total / purchases, 1),
            }
            for name, count, table, indexes, total in rows
            if total >= 64 * 1024
        },
        "status": run.product.told("status"),
    }


def _bytes_of(home: Path) -> int:
    """What a home takes on disk, also where it is a link to a place elsewhere."""
    top = (home / "postgres").resolve()
    return sum(
        (Path(folder) / file).lstat().st_blocks * 512
        for folder, _, files in os.walk(top)
        for file in files
        if (Path(folder) / file).exists()
    )


# Serving.


def _reader(product: Product) -> dict[str, str]:
    return product.login("district_detective", "amsterdam") | {
        "Herkomst-Purpose": "duty:acceptance",
        "Herkomst-Ground": "wpg:8",
    }


def _lag(run: Run) -> Figures:
    size = Size(run.load.purchases + 1000, 0, 300, run.size.seed + 1000)
    world = run.place / "world-of-lag"
    _made(run.product, world, size)
    purchases = lag.fresh(world, run.world / "dealers.ndjson", run.load.purchases)
    run.product.serve()
    try:
        with run.product.costs() as costs:
            found = lag.measure(
                run.product.url,
                run.load,
                purchases,
                sender=run.product.login("source", "dor"),
                reader=_reader(run.product),
            )
            run.product.check()
            followed = _until_followed(run, nothing)
    finally:
        run.product.stop("serve")
    return {**found, "followed_after_seconds": round(followed, 2), **costs}


def _rebuild(run: Run, name: str) -> Figures:
    """Build a model anew while it is read; reads of the time before to compare with."""
    run.product.serve()
    try:
        with reading(run.product.url, _reader(run.product), rate=5) as reads:
            pause(WARM_UP, reads.stop)
            reads.take()
            pause(BEFORE, reads.stop)
            before = reads.take()
            with run.product.costs() as costs:
                done = run.product.finish("rebuild", ["rebuild", name], nothing)
            during = reads.take()
    finally:
        run.product.stop("serve")
    return {
        "seconds": done.seconds,
        "cpu_of_rebuild": done.cpu,
        **costs,
        "reads_before": before,
        "reads_during": during,
    }


def _stages(parts: int) -> Mapping[str, Callable[[Run], Figures]]:
    """What is done with the world, in order."""
    return {
        "simulate": _simulate,
        "dealers": _dealers,
        "stolen": _stolen,
        "stolen_second": _stolen_second,
        **{f"purchases {part}": partial(_purchases, part=part) for part in range(parts)},
        "weigh": _weigh,
        "lag": _lag,
        **{f"rebuild {model.name}": partial(_rebuild, name=model.name) for model in MODELS},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=10_000_000)
    parser.add_argument("--stolen", type=int, default=1_700_000)
    parser.add_argument("--dealers", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, default=Path(".home/size"), help="where all is kept")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--seconds", type=int, default=60, help="of load")
    parser.add_argument("--singles", type=int, default=100, help="posts of one purchase a second")
    parser.add_argument("--blocks", type=int, default=10, help=f"posts of {lag.BLOCK} a second")
    parser.add_argument("--samples", type=int, default=10, help="purchases asked for a second")
    parser.add_argument("--parts", type=int, help=f"of {PART:,} lines to import; default: all")
    parser.add_argument("--resume", action="store_true", help="go on with what was cut off")
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # What was started is stopped too.
    main(
        told.home.absolute(),
        Size(told.purchases, told.stolen, told.dealers, told.seed),
        told.parts or told.purchases // PART + 2,
        lag.Load(told.singles, told.blocks, told.seconds, told.samples),
        told.port,
        resume=told.resume,
    )
