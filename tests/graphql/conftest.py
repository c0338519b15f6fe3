from collections.abc import Iterator

import pytest

from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import a_dealer, a_purchase, make_archive
from tests.serving import Served, pair, serving, take_in

HANDLING = ("open", "consent", "confidential", "closed")


@pytest.fixture(scope="session")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    """A hit of each handling code, the first of a purchase with a seller; nobody changes it."""
    with make_archive(server) as archive:
        take_in(archive, a_dealer())
        pairs = [record for n, code in enumerate(HANDLING, 1) for record in pair(n, code)]
        take_in(archive, *pairs, a_purchase(key="unmatched", items=pair(9)[0].items))  # type: ignore[union-attr]
        yield archive


@pytest.fixture
def archive(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An empty archive of this test's own, with all read models."""
    with make_archive(server, followed=True) as archive:
        yield archive


@pytest.fixture(scope="session")
def served(world: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        yield served
