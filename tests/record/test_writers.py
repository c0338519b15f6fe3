import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import msgspec
import pytest
from psycopg import Rollback

from herkomst.domain.register.records import PurchaseRecord, Record
from herkomst.record.application import pending
from herkomst.record.archive import Archive
from herkomst.record.database import connect
from herkomst.record.keyring import Keyring
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.receipts import Receipt
from tests.archives import (
    ACTOR,
    TILL,
    a_line,
    a_purchase,
    a_seller,
    a_stolen_item,
    make_archive,
    opened,
)
from tests.record.holding import Stored, assert_holds, database_of
from tests.record.placing import concluded

WRITERS = 3
ROUNDS = 12

WRITER = """
import sys
from pathlib import Path

import msgspec

from herkomst.domain.register.records import PurchaseRecord
from herkomst.record.database import Database
from herkomst.record.keyring import Keyring
from herkomst.record.register import Register

url, keys, writer = sys.argv[1:]
purchase = msgspec.json.decode(sys.stdin.readline(), type=PurchaseRecord)
database = Database(url)
register = Register(database, Keyring.open(Path(keys)))
print("ready", flush=True)
sys.stdin.readline()
for n in range(20):
    own = [(i, msgspec.structs.replace(purchase, key=f"{writer}-{n}-{i}")) for i in range(3)]
    both = [(9, msgspec.structs.replace(purchase, key=f"both-{n}"))]
    receipts = register.take_in(own + both, actor="source:kassa")
    print(msgspec.json.encode(receipts).decode(), flush=True)
database.close()
"""


def numbers_of(receipts: list[Receipt]) -> list[int]:
    return sorted(r.register_number or 0 for r in receipts if r.status == "accepted")


def batch_of(writer: int, round_: int, chance: random.Random) -> list[tuple[int, Record]]:
    """Purchases of this writer's own and of all, some with other content, some refused."""
    records: list[Record] = [a_purchase(key=f"w{writer}-{round_}-{n}") for n in range(4)]
    records += [a_purchase(key=f"all-{round_}-{n}") for n in range(3)]
    records += [a_purchase(key=f"all-{round_}-0", mode=f"{chance.choice(['found', 'donated'])}")]
    records += [a_purchase(key=f"w{writer}-{round_}-0"), a_purchase(key=f"bad-{round_}", items=[])]
    records += [a_stolen_item(key=f"stolen-{round_}", offence=f"offence {writer}")]
    if chance.random() < 0.5:  # Some batches are large enough to be copied.
        records += [a_purchase(key=f"more-{writer}-{round_}-{n}") for n in range(20)]
    chance.shuffle(records)
    return list(enumerate(records))


def work(archive: Archive, writer: int, start: Barrier) -> list[Receipt]:
    chance = random.Random(writer)  # noqa: S311 - a seeded order
    receipts: list[Receipt] = []
    start.wait()
    for round_ in range(ROUNDS):
        receipts += archive.register.take_in(batch_of(writer, round_, chance), actor=ACTOR)
        with archive.database.transaction() as cursor:
            archive.register.recorder.append(cursor, [pending(concluded()) for _ in range(40)])
            raise Rollback
        archive.register.take_in(
            [(1, a_purchase(key=f"dry-{writer}-{round_}"))], actor=ACTOR, dry_run=True
        )
    return receipts


@pytest.fixture
def archives(server: EmbeddedPostgres, archive: Archive) -> Iterator[list[Archive]]:
    """The archive as several writers have it, each with a pool of its own."""
    with ExitStack() as stack:
        name = database_of(archive)
        yield [stack.enter_context(opened(server, name, archive.keyring)) for _ in range(WRITERS)]


def test_given_writers_with_duplicates_conflicts_and_rollbacks_when_done_then_no_number_is_missing(
    archive: Archive, archives: list[Archive]
) -> None:
    start = Barrier(WRITERS)
    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(work, archives, range(WRITERS), [start] * WRITERS))

    receipts = [receipt for own in done for receipt in own]
    rows = assert_holds(archive)
    assert_one_number_each(receipts, rows)
    accepted = Counter(r.key for r in receipts if r.status == "accepted")
    assert set(accepted.values()) == {1}  # Whoever came first, and nobody else.
    assert not [key for key in accepted if key and key.startswith(("bad", "dry"))]
    assert {r.status for r in receipts} == {
        "accepted",
        "duplicate",
        "amended",
        "conflict",
        "rejected",
    }


def assert_one_number_each(receipts: list[Receipt], rows: list[Stored]) -> None:
    """Register numbers run from one without a gap, and each is that of one accepted purchase."""
    entered = [row.version for row in rows if row.topic == "dor.book.entered"]
    bought = [r for r in receipts if r.status == "accepted" and r.register_number is not None]
    assert numbers_of(bought) == sorted(entered) == list(range(1, len(bought) + 1))
    of_key = {r.key: r.register_number for r in bought}
    for receipt in receipts:
        if receipt.status in ("duplicate", "conflict") and receipt.register_number is not None:
            assert receipt.register_number == of_key[receipt.key]


def test_given_two_processes_when_both_take_in_then_each_number_is_given_once(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    keys = tmp_path / "kek.json"
    purchase = a_purchase(seller=a_seller(), items=[a_line()])
    with make_archive(server, kek_file=keys) as archive, ExitStack() as stack:
        writers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, archive.urls.app, str(keys), name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            for name in ("one", "two")
        ]
        told = talk(writers, purchase)
        receipts = [receipt for batch in told for receipt in batch]

        assert Counter(r.status for r in receipts) == {"accepted": 140, "duplicate": 20}
        assert_one_number_each(receipts, assert_holds(archive))
        assert Keyring.open(keys).current == 1


def talk(writers: list["subprocess.Popen[bytes]"], purchase: PurchaseRecord) -> list[list[Receipt]]:
    """Let them begin together; what each was told, batch by batch."""
    for writer in writers:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write(msgspec.json.encode(purchase) + b"\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == b"ready\n"
    told: list[list[Receipt]] = []
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    for writer in writers:
        assert writer.stdout is not None
        told += [msgspec.json.decode(line, type=list[Receipt]) for line in writer.stdout]
    return told


def test_given_three_writers_when_a_reader_tails_them_then_it_misses_nothing(
    archive: Archive, archives: list[Archive]
) -> None:
    reader, seen = archive.register.recorder.reader, list[tuple[int, str]]()
    start = Barrier(WRITERS + 1)
    with (
        ThreadPoolExecutor(WRITERS) as pool,
        connect(archive.urls.app, "tailing") as connection,
    ):
        writing = [pool.submit(work, own, n, start) for n, own in enumerate(archives)]
        start.wait()
        finished = False
        while True:
            position = seen[-1][0] if seen else 0
            found = reader.after(connection, position, limit=50)
            seen += [(event.position, event.envelope.id) for event in found]
            if not found and finished:
                break
            finished = all(future.done() for future in writing)
        for future in writing:
            future.result()

    rows = assert_holds(archive)
    assert [position for position, _ in seen] == [row.position for row in rows]
    assert len({event_id for _, event_id in seen}) == len(rows)


def test_given_more_writers_than_connections_when_all_wait_for_one_lock_then_none_starves(
    archive: Archive,
) -> None:
    many = 12  # More than the pool holds, each with a dealer to look up before the lock.
    start = Barrier(many)

    def take(n: int) -> list[Receipt]:
        start.wait()
        return archive.register.take_in([(1, a_purchase(key=f"p{n}", source=TILL))], actor=ACTOR)

    with ThreadPoolExecutor(many) as pool:
        receipts = [receipt for own in pool.map(take, range(many)) for receipt in own]

    assert numbers_of(receipts) == list(range(1, many + 1))
    assert_holds(archive)
