from collections.abc import Iterator

import pytest

from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import make_archive


@pytest.fixture
def archive(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An empty archive of this test's own, with all read models."""
    with make_archive(server, followed=True) as archive:
        yield archive
