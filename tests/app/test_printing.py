"""Trails on paper over HTTP: who may not, what the file is, and that it is journaled first."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from herkomst.domain import ids
from herkomst.domain.casework.hit import Hit
from herkomst.domain.journal import Read
from herkomst.record.archive import Archive
from tests.access.test_reading import grant, revoke
from tests.archives import POLICE, TILL, a_dealer
from tests.serving import Served, follow, journal, opened, pair, serving, take_in

HIT = ids.pair_id(ids.purchase_id(TILL, "purchase-1"), 1, ids.stolen_item_id(POLICE, "stolen-1"))
PROSECUTOR = {"role": "prosecutor", "ground": "wjsg:39b"}
OFFICER = {"role": "authorised_officer"}


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A confirmed hit, and one that is closed."""
    take_in(archive, a_dealer(), *pair(1), *pair(2, "closed"))
    archive.casework.decide(HIT, Hit.confirm, actor="user:dev:leider", ground="wpg:8")
    follow(archive)
    with serving(archive, tmp_path) as served:
        yield served


def printed(served: Served, body: Any = None, **who: str) -> httpx.Response:
    return served.client.post(
        "/v1/trail",
        json={"of": str(HIT)} if body is None else body,
        headers=served.headers(**(who or PROSECUTOR)),
    )


class TestWhoMayNot:
    @pytest.mark.parametrize(
        "who",
        [
            {"role": "district_detective"},
            {"role": "team_leader"},
            {"role": "auditor"},
            {"role": "access_reviewer", "ground": "wpg:32a", "purpose": "duty:review"},
            {"role": "prosecutor", "ground": "wpg:8"},
        ],
    )
    def test_a_role_that_may_not_take_it_along_is_refused(
        self, served: Served, who: dict[str, str]
    ) -> None:
        answer = printed(served, **who)

        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
        tried, came_of_it = journal(served.archive)
        assert (tried.way, tried.sought) == ("export", (HIT.hex,))
        assert (came_of_it.outcome, came_of_it.positions) == ("not_permitted", ())

    def test_a_hit_on_what_is_closed_is_none(self, served: Served) -> None:
        hidden = ids.pair_id(
            ids.purchase_id(TILL, "purchase-2"), 1, ids.stolen_item_id(POLICE, "stolen-2")
        )

        for of in (str(hidden), str(ids.dealer_id("x", "y")), "x"):
            answer = printed(served, {"of": of})
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_record")
            assert answer.json()["detail"] == f"There is no record {of!r}."
        assert printed(served, {"of": str(hidden)}, **OFFICER).status_code == 200

    def test_nothing_is_printed_that_the_journal_does_not_have(self, served: Served) -> None:
        revoke(served.archive)

        answer = printed(served)

        assert (answer.status_code, answer.json()["code"]) == (503, "journal_unavailable")
        grant(served.archive)
        assert printed(served).status_code == 200


class TestPrinted:
    def test_a_prosecutor_takes_it_along_and_the_journal_says_so(self, served: Served) -> None:
        answer = printed(served)

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == f'attachment; filename="trail-{HIT}.pdf"'
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"%PDF-")
        (entry,) = journal(served.archive)
        assert isinstance(entry, Read)
        assert (entry.way, entry.user) == ("export", "dev:prosecutor@amsterdam")
        assert f"hit:{HIT}" in entry.returned
        assert int(answer.headers["herkomst-journal"]) == 1
        (asked,) = opened(served.archive)
        assert asked[1]["of"] == str(HIT)

    def test_it_is_narrowed_and_in_either_language(self, served: Served) -> None:
        body = {"of": str(HIT), "language": "en"}
        sizes = {
            len(printed(served, {**body, **more}).content)
            for more in (
                {},
                {"kinds": ["hit"]},
                {"topics": ["casework.hit.confirmed"]},
                {"actor": "user:dev:leider", "since": "2020-01-01T00:00:00"},
                {"until": "2020-01-01T00:00:00Z"},
            )
        }

        assert len(sizes) == 5

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "request_invalid"),
            ([], "request_invalid"),
            ({"of": 1}, "request_invalid"),
            ({"of": "x", "more": 1}, "request_invalid"),
            ({"of": "x", "language": "fr"}, "request_invalid"),
            ({"of": "x", "kinds": ["dealer"]}, "request_invalid"),
            ({"of": str(HIT), "topics": ["x"]}, "topic"),
            ({"of": str(HIT), "actor": "\0"}, "value"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, served: Served, body: Any, code: str) -> None:
        answer = printed(served, body)

        assert (answer.status_code, answer.json()["code"]) == (400, code)

    def test_what_is_looked_at_stands_in_no_url(self, served: Served) -> None:
        ask = partial(served.client.get, headers=served.headers(**PROSECUTOR))

        assert ask("/v1/trail", params={"of": str(HIT)}).status_code == 404
        assert ask(f"/v1/trail/{HIT}").status_code == 404

    def test_a_body_that_is_too_large_or_no_json_is_refused(self, served: Served) -> None:
        headers = served.headers(**PROSECUTOR)

        large = served.client.post("/v1/trail", json={"of": "x" * 2**20}, headers=headers)
        plain = served.client.post("/v1/trail", content=b"of", headers=headers)

        assert (large.status_code, plain.status_code) == (413, 415)
