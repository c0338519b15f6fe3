from pathlib import Path
from typing import Any

import pytest

from herkomst.record import archive
from herkomst.record.archive import SchemaBehind, check_schema, migrate, open_archive, open_urls
from herkomst.record.database import connect
from herkomst.record.keyring import KeyringError
from herkomst.record.migrations import migrations
from herkomst.record.postgres import APP, OWNER, EmbeddedPostgres, embedded
from herkomst.settings import ConfigurationError, Settings
from tests.archives import ACTOR, a_purchase
from tests.record.standby import a_home, kill


@pytest.fixture
def environ(server: EmbeddedPostgres, database: str, tmp_path: Path) -> dict[str, str]:
    """What leads to an empty database of a server that is not ours."""
    return {
        "HERKOMST_HOME": str(tmp_path),
        "HERKOMST_DATABASE_URL": server.url(APP, database),
        "HERKOMST_ADMIN_DATABASE_URL": server.url(OWNER, database),
    }


def migrated(environ: dict[str, str]) -> Settings:
    settings = Settings.read(environ)
    with open_urls(settings) as urls:
        assert migrate(urls) == [migration.name for migration in migrations()]
    return settings


def test_given_an_empty_database_when_opened_then_it_says_to_migrate(
    environ: dict[str, str],
) -> None:
    settings = Settings.read(environ)

    with pytest.raises(SchemaBehind, match="herkomst migrate"), open_archive(settings):
        pass

    assert not settings.kek_file.exists()


def test_given_a_migrated_database_when_opened_then_it_takes_in_and_is_found_again(
    environ: dict[str, str],
) -> None:
    settings = migrated(environ)

    for expected in ("accepted", "duplicate"):
        with open_archive(settings) as found:
            (receipt,) = found.register.take_in([(1, a_purchase())], actor=ACTOR)
            assert receipt.status == expected
            check = connect(found.urls.app, "check")
            with check as connection:
                check_schema(connection)


@pytest.mark.parametrize("step", ["migrate", "check_schema", "check_keyring"])
def test_given_a_server_of_ours_that_dies_while_it_is_opened_then_it_is_revived(
    memory: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with a_home(memory) as home:
        act, died = getattr(archive, step), list[None]()

        def die_first(*of: Any) -> Any:
            if not died:
                died.append(None)
                kill(embedded(home))
            return act(*of)

        monkeypatch.setattr(archive, step, die_first)

        with open_archive(Settings.read({"HERKOMST_HOME": str(home)})) as opened:
            (receipt,) = opened.register.take_in([(1, a_purchase())], actor=ACTOR)

        assert (died, receipt.status) == ([None], "accepted")


def test_given_no_owner_when_migrated_then_it_is_asked_for(environ: dict[str, str]) -> None:
    del environ["HERKOMST_ADMIN_DATABASE_URL"]

    with (
        open_urls(Settings.read(environ)) as urls,
        pytest.raises(ConfigurationError, match="HERKOMST_ADMIN_DATABASE_URL") as raised,
    ):
        migrate(urls)

    assert raised.value.code == "admin_url_missing"


def test_given_the_key_file_of_another_database_when_opened_then_it_is_named(
    environ: dict[str, str], tmp_path: Path
) -> None:
    settings = migrated(environ)
    with open_archive(settings):
        pass  # A key file is made.
    first = settings.kek_file.rename(tmp_path / "first.json")
    with open_archive(Settings.read(environ | {"HERKOMST_KEK_FILE": str(first)})) as found:
        found.register.take_in([(1, a_purchase())], actor=ACTOR)

    with pytest.raises(KeyringError, match="HERKOMST_KEK_FILE") as raised, open_archive(settings):
        pass

    assert raised.value.code == "keyring_of_another"


def test_given_a_key_file_that_is_named_and_missing_when_opened_then_none_is_made(
    environ: dict[str, str], tmp_path: Path
) -> None:
    migrated(environ)
    named = tmp_path / "named.json"

    with (
        pytest.raises(KeyringError, match=r"named\.json") as raised,
        open_archive(Settings.read(environ | {"HERKOMST_KEK_FILE": str(named)})),
    ):
        pass

    assert raised.value.code == "keyring_missing"
    assert not named.exists()
