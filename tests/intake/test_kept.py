"""A depot that sells on what it found: refused while a hit stands, and a till is told nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from herkomst.access.tokens import issue
from herkomst.app import create_app
from herkomst.domain import ids
from herkomst.domain.casework.hit import Hit, Pair, Suggested
from herkomst.record.archive import Archive
from herkomst.settings import Settings
from tests.archives import (
    POLICE,
    TILL,
    a_dealer,
    a_line,
    a_purchase,
    a_sale,
    a_stolen_good,
    a_stolen_item,
)
from tests.processes.scenes import reject
from tests.projections.following import follow, rows, take_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"HERKOMST_HOME": str(tmp_path), "HERKOMST_DEV_LOGIN": "1"})


@pytest.fixture
def client(archive: Archive, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(archive, settings), raise_server_exceptions=False) as client:
        yield client


def login(settings: Settings, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(settings, role, TILL, 600).token}"}


def send(client: TestClient, record: Any, headers: dict[str, str]) -> Any:
    return client.post("/v1/purchases", content=msgspec.json.encode(record), headers=headers)


def goods(mode: Any, key: str = "purchase-1") -> Any:
    return a_purchase(key=key, mode=mode, seller=None, payment=None)


@pytest.mark.parametrize("role", ["depot", "dealer", "source"])
def test_a_found_bicycle_with_a_hit_is_not_sold_on_until_the_hit_falls(
    archive: Archive, client: TestClient, settings: Settings, role: str
) -> None:
    depot = login(settings, role)
    take_in(archive, a_dealer())
    assert send(client, goods("found"), depot).status_code == 201
    take_in(archive, a_stolen_item())
    follow(archive)

    answer = send(client, a_sale(), depot)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("/line", "kept")
    assert "politie" in error["cure"]
    assert rows(archive, "purchases")[0]["endings"] == []
    (hit,) = rows(archive, "hits")
    archive.casework.decide(hit["hit"], reject, actor="user:x", ground="wpg:8")
    assert send(client, a_sale(), depot).status_code == 201


@pytest.mark.parametrize(
    ("decide", "status"), [(Hit.confirm, 422), (Hit.assess, 422), (reject, 201)]
)
def test_a_found_bicycle_is_kept_where_a_person_took_up_a_suggestion(
    archive: Archive, client: TestClient, settings: Settings, decide: Any, status: int
) -> None:
    depot = login(settings, "depot")
    unnumbered = replace(goods("found"), items=[a_line(identifiers=[])])
    take_in(archive, a_dealer(), unnumbered, a_stolen_item(item=a_stolen_good(identifiers=[])))
    purchase, stolen = ids.purchase_id(TILL, "purchase-1"), ids.stolen_item_id(POLICE, "stolen-1")
    pair = Pair(
        line=1,
        purchase=purchase.hex,
        purchase_key="purchase-1",
        purchase_source=TILL,
        stolen=stolen.hex,
        stolen_key="stolen-1",
        stolen_source=POLICE,
    )
    suggested = Suggested(
        fingerprint="said",
        grade="suggestion",
        pair=pair,
        reasons=(),
        rules=1,
        score=200,
        time="after",
    )
    archive.casework.assess_suggestion(
        ids.pair_id(purchase, 1, stolen), suggested, decide, actor="user:x", ground="wpg:8"
    )
    follow(archive)

    assert send(client, a_sale(), depot).status_code == status


def test_many_at_once_are_refused_line_by_line(
    archive: Archive, client: TestClient, settings: Settings
) -> None:
    depot = login(settings, "depot") | {"Content-Type": "application/x-ndjson"}
    take_in(archive, a_dealer(), goods("found"), goods("bought", "other"), a_stolen_item())
    follow(archive)
    sales = (a_sale(), a_sale(key="sale-2", purchase="other"))
    body = b"\n".join(map(msgspec.json.encode, sales))

    answer = client.post("/v1/purchases", content=body, headers=depot)

    told = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    assert [each["status"] for each in told] == ["rejected", "accepted"]


@pytest.mark.parametrize("mode", ["bought", "traded_in", "pawned"])
def test_what_a_dealer_bought_is_sold_in_the_same_words_with_and_without_a_hit(
    archive: Archive, client: TestClient, settings: Settings, mode: str
) -> None:
    till = login(settings, "dealer")
    take_in(archive, a_dealer(), goods(mode), goods(mode, "other"), a_stolen_item())
    follow(archive)
    assert len(rows(archive, "hits")) == 2
    (first, second) = (row["hit"] for row in rows(archive, "hits"))
    archive.casework.decide(second, reject, actor="user:x", ground="wpg:8")
    assert first != second

    told = [
        send(client, a_sale(key=f"sale-{key}", purchase=key), till)
        for key in ("purchase-1", "other")
    ]

    assert [answer.status_code for answer in told] == [201, 201]
    assert sorted(told[0].json()) == sorted(told[1].json())
    assert sorted(told[0].headers) == sorted(told[1].headers)
