"""A database that an earlier version left is brought to this one, and tells the same.

`tests/golden/dumps` holds a dump for each schema that was ever released, with the keys of its
made-up persons and the digests of its read models.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from herkomst.processes.followers import MODELS
from herkomst.processes.restoring import settle
from herkomst.projections.match_keys import MatchKeys
from herkomst.record import migrations
from herkomst.record.archive import Archive, open_archive
from herkomst.record.backup import restore
from herkomst.record.postgres import APP, OWNER, EmbeddedPostgres
from herkomst.record.verification import verify
from herkomst.settings import Settings
from tests.archives import TILL
from tests.projections.following import facts, follow, rows, take_in
from tests.record.freezing import DIGESTS, DUMPS, SIZE, Told, told
from tests.serving import pair

FROZEN = sorted(path.name for path in DUMPS.iterdir())


@pytest.fixture(params=FROZEN)
def frozen(request: pytest.FixtureRequest) -> Path:
    return DUMPS / str(request.param)


@pytest.fixture
def upgraded(
    frozen: Path, server: EmbeddedPostgres, database: str, tmp_path: Path
) -> Iterator[Archive]:
    """The archive of a frozen dump, restored and migrated by this version."""
    kek_file = tmp_path / "kek.json"
    shutil.copy(frozen / "kek.json", kek_file)
    kek_file.chmod(0o600)
    settings = replace(
        Settings(home=tmp_path, kek_file=kek_file, names_kek_file=True),
        database_url=server.url(APP, database),
        admin_database_url=server.url(OWNER, database),
    )
    restore(settings, frozen, until=None, settle=settle)
    with open_archive(settings) as archive:
        yield archive


def test_this_schema_is_frozen_and_small() -> None:
    assert FROZEN[-1] == f"{migrations.migrations()[-1].number:04d}", (
        "python -m tests.record.freezing"
    )
    assert all((DUMPS / name / "dump").stat().st_size < SIZE for name in FROZEN)


def test_given_a_dump_of_an_earlier_version_when_restored_then_it_tells_the_same(
    upgraded: Archive, frozen: Path
) -> None:
    before = msgspec.json.decode((frozen / DIGESTS).read_bytes(), type=dict[str, Told])
    silent = {model.name for model in MODELS if model.tells == "false"}
    assert all(model.rows for name, model in before.items() if name not in silent), (
        "there is something of everything"
    )

    now = told(upgraded)
    assert now.keys() == {model.name for model in MODELS} >= before.keys()
    # Other rules of matching read more in a number; what was found by it is the same.
    as_many = before.keys() - {MatchKeys.name}
    assert {name: now[name].rows for name in as_many} == {
        name: before[name].rows for name in as_many
    }
    same = {name for name, model in before.items() if model.version == now[name].version}
    assert {name: now[name] for name in same} == {name: before[name] for name in same}
    assert list(verify(upgraded)) == []


def test_given_a_dump_of_an_earlier_version_when_restored_then_it_is_gone_on_with(
    upgraded: Archive,
) -> None:
    hits, found = len(rows(upgraded, "hits")), len(facts(upgraded, "casework"))

    follow(upgraded)
    assert len(facts(upgraded, "casework")) == found, "nothing is found twice"
    take_in(upgraded, *pair(9001))
    follow(upgraded)

    assert len(rows(upgraded, "hits")) == hits + 1
    assert list(verify(upgraded)) == []


def test_given_a_dump_with_an_erased_seller_when_restored_then_he_stays_erased(
    upgraded: Archive,
) -> None:
    states = {r["key"]: r["state"] for r in rows(upgraded, "presentations") if r["source"] == TILL}

    assert states["purchase-3"] == "erased"
    assert states["purchase-1"] == "presented"
