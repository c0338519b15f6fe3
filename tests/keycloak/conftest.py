import os
from collections.abc import Iterator

import pytest

from tests.keycloak.server import HOME, HOW, Keycloak


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """One Keycloak for all tests of a file; after them it would only take time from the others. A
    run in which it is missing says how to get it, and fails."""
    if not os.access(HOME / "bin" / "kc.sh", os.X_OK):
        pytest.fail(f"These tests ask a real Keycloak, and there is none. {HOW}")
    with Keycloak(tmp_path_factory.mktemp("keycloak")) as keycloak:
        yield keycloak
