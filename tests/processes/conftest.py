import os
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from herkomst.record.archive import Archive
from tests.processes.scenes import Scene

SECONDS_AN_EXAMPLE = 2
USUAL_SECONDS = {"quick": 60, "thorough": 180}
"""By profile: `make test` looks for a minute, `make test-all` for three."""


@pytest.fixture
def scene(shared_archive: Archive) -> Scene:
    """A scene of this test's own, in the archive of its file."""
    return Scene(shared_archive, uuid4().hex[:10].upper())


@pytest.fixture(scope="session")
def model_settings() -> settings:
    """As many examples as fit into `MODEL_SECONDS`; the same ones each time where it is not set."""
    seconds = os.environ.get("MODEL_SECONDS")
    usual = USUAL_SECONDS[settings.get_current_profile_name()]
    return settings(
        max_examples=max(1, int(seconds or usual) // SECONDS_AN_EXAMPLE),
        stateful_step_count=30,
        derandomize=seconds is None,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
