"""Matching does the same whether events come one by one or in batches."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herkomst.domain.events import EventData
from herkomst.domain.register.records import Record
from herkomst.processes import matching
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import ACTOR, make_archive
from tests.processes.universe import records
from tests.projections.following import digests, facts, follow

BATCHES = (1, 7, 2000)


@pytest.fixture(autouse=True)
def small_floods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "FLOOD", 4)
    monkeypatch.setattr(matching, "CROWD", 6)


@pytest.mark.long
def test_given_the_same_events_when_followed_in_any_batches_then_the_same_is_appended(
    server: EmbeddedPostgres, model_settings: settings
) -> None:
    few = settings(model_settings, max_examples=max(1, model_settings.max_examples // 4))

    @few
    @given(st.lists(records, min_size=60, max_size=90))
    def anything_that_is_taken_in(told: Sequence[Record]) -> None:
        with ExitStack() as stack:
            # One keyring for all, because the stream of a sealed number is named by its hash.
            keys = Path(stack.enter_context(TemporaryDirectory())) / "kek.json"
            first, *others = [_followed(server, keys, told, batch) for batch in BATCHES]
            assert all(other == first for other in others)

    anything_that_is_taken_in()


def _followed(
    server: EmbeddedPostgres, keys: Path, told: Sequence[Record], batch: int
) -> tuple[list[tuple[UUID, EventData]], dict[str, tuple[int, str]]]:
    """What was appended to the casework, in order, and the digests of all models."""
    with make_archive(server, kek_file=keys, followed=True) as archive:
        archive.register.take_in(list(enumerate(told, 1)), actor=ACTOR)
        follow(archive, batch=batch)
        appended = [(fact.stream, fact.data) for fact in facts(archive, "casework")]
        return appended, digests(archive)
