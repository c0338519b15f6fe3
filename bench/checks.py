"""checks: one number against either side of the index, and how alike what it meets is.

The index holds goods with numbers of the simulator's forms. Each check reads what a number meets,
in one statement, and judges how alike it is; some are typed with a sign that looks alike, with a
slip, or in part. The peer sends the same statement and throws the rows away. At the end all of it
is matched anew, as a dry run.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from statistics import quantiles
from time import perf_counter
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL

from bench.report import report
from bench.world import fresh_archive
from herkomst.domain.batches import batched
from herkomst.domain.goods import normal_brand
from herkomst.domain.identifiers import Number, numbers
from herkomst.domain.matching import paired
from herkomst.processes.followers import followers
from herkomst.processes.matching import CROWD, FLOOD, Matching
from herkomst.projections import registry
from herkomst.projections.match_keys import (
    PURCHASE,
    STOLEN,
    Keyed,
    MatchKeys,
    check_values,
    columns_of,
)
from herkomst.projections.runner import Runner
from herkomst.record.database import Row, connect
from herkomst.simulate import confusions, rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.goods import Good, Warehouse
from herkomst.simulate.numbers import Mint

_MOMENT = datetime(2025, 1, 1, tzinfo=UTC)
_AT_ONCE = 20_000
_SLIPS: dict[str, Callable[[Random, str], str | None]] = {
    "exact": lambda _, number: number,
    "look_alike": confusions.look_alike,
    "one_edit": confusions.substituted,
    "part": confusions.truncated,
}


def main(stolen: int, purchases: int, checks: int) -> None:
    chance = Random(1)  # noqa: S311
    with fresh_archive() as archive:
        matching = next(f for f in followers(archive) if isinstance(f, Matching))
        Runner(archive.urls.app, [matching]).run(once=True)
        with connect(archive.urls.app, "bench") as connection:
            generation = registry.live(connection, matching.model)
            warehouse = Warehouse(Mint(1), chance)
            goods = {
                side: _fill(connection, matching.model, generation, chance, warehouse, side, many)
                for side, many in ((STOLEN, stolen), (PURCHASE, purchases))
            }
            connection.execute(SQL("ANALYZE {}").format(matching.model.table(generation)))
            told = {
                f"{slip}_against_{side}": _measured(
                    connection,
                    matching.model,
                    generation,
                    _typed(chance, goods[side], slip, checks),
                    side,
                )
                for slip in _SLIPS
                for side in (STOLEN, PURCHASE)
            }
            started = perf_counter()
            counts = matching.rematch(connection, dry_run=True)
            rematch = perf_counter() - started
    report(
        "checks",
        {
            "stolen": stolen,
            "purchases": purchases,
            "checks": checks,
            **told,
            "rematch": {
                "seconds": round(rematch, 1),
                "purchases_per_second": round(purchases / rematch),
                "would_say": counts,
            },
            "goal": {"p99_ms": 5, "ratio": 0.8},
        },
    )


def _fill(
    connection: Connection[Row],
    model: MatchKeys,
    generation: int,
    chance: Random,
    warehouse: Warehouse,
    side: str,
    many: int,
) -> list[Good]:
    """Made-up goods of one side as rows of the index; some of them, to be checked."""
    kinds = Urn({k: share for k, share in rates.STOLEN_KINDS.items() if rates.NUMBER_REPORTED[k]})
    kept: list[Good] = []
    for places in batched(range(many), _AT_ONCE):
        goods = [warehouse.good(chance, kinds.draw(chance)) for _ in places]
        rows = [row for good in goods for row in _rows(chance, warehouse, good, side)]
        model.write(connection, generation, rows)
        kept += chance.sample(goods, min(len(goods), 200))
    return kept


def _rows(chance: Random, warehouse: Warehouse, good: Good, side: str) -> Iterator[Keyed]:
    item = UUID(int=chance.getrandbits(128))
    identifiers = warehouse.identifiers(chance, good)[:1]
    for number in numbers(identifiers, good.model.kind, good.model.brand, _token):
        yield Keyed(
            *columns_of(number), side, item, 0, "bench", item.hex, good.model.kind,
            good.model.brand, good.model.name, _MOMENT, _MOMENT, False, False, False, None, None,
            False,
        )  # fmt: skip


def _token(key: str) -> str:
    return f"{hash(key):x}"


def _typed(
    chance: Random, goods: Sequence[Good], slip: str, checks: int
) -> list[tuple[Number, str | None]]:
    """Numbers that stand on goods of a side, as somebody types them."""
    found: list[tuple[Number, str | None]] = []
    while len(found) < checks:
        good = goods[chance.randrange(len(goods))]
        type_, value = good.identifiers[0]
        if type_ == "plate" or len(value) < 6:
            continue
        typed = _SLIPS[slip](chance, value)
        if typed is not None:
            told = numbers([(type_, typed)], good.model.kind, good.model.brand, _token)
            found += [(told[0], good.model.brand)] if told else []
    return found


def _measured(
    connection: Connection[Row],
    model: MatchKeys,
    generation: int,
    typed: Sequence[tuple[Number, str | None]],
    against: str,
) -> dict[str, object]:
    ours: list[float] = []
    theirs: list[float] = []
    met: Counter[str] = Counter()
    statement = model.check_statement(generation)
    for place, (number, brand) in enumerate(typed):
        # Who comes second finds the pages read, so they take turns.
        for first in (place % 2 == 0, place % 2 == 1):
            started = perf_counter()
            if first:
                rows = model.check(connection, generation, number, against, FLOOD + 1, CROWD)
                maker = normal_brand(brand)
                alike = [paired(number, row.number, maker) for row in rows]
                ours.append(perf_counter() - started)
                met.update({pairing.likeness for pairing in alike if pairing})
            else:
                with connection.cursor(binary=True) as cursor:
                    values = check_values(number, against, FLOOD + 1, CROWD)
                    cursor.execute(statement, values).fetchall()
                theirs.append(perf_counter() - started)
    return {
        "p50_ms": _ms(quantiles(ours, n=100)[49]),
        "p99_ms": _ms(quantiles(ours, n=100)[98]),
        "sql_p99_ms": _ms(quantiles(theirs, n=100)[98]),
        "per_second": round(len(ours) / sum(ours)),
        "ratio_to_sql": round(sum(theirs) / sum(ours), 3),
        "met": dict(met),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stolen", type=int, default=170_000, help="1700000 is the nation")
    parser.add_argument("--purchases", type=int, default=500_000, help="10000000 is the nation")
    parser.add_argument("--checks", type=int, default=2_000, help="of each sort and side")
    arguments = parser.parse_args()
    main(arguments.stolen, arguments.purchases, arguments.checks)
