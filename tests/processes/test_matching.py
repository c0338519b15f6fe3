"""Matching on records as they are taken in: what is found, closed, raised again and left alone."""

from typing import Any

import pytest

from herkomst.domain.casework import hit
from herkomst.domain.identifiers import numbers
from herkomst.domain.matching import Verdict
from herkomst.processes import matching
from herkomst.processes.matching import FLOOD
from herkomst.projections import registry
from herkomst.projections.match_keys import PURCHASE, STOLEN, MatchKeys
from herkomst.record.archive import Archive
from tests.archives import ACTOR, TILL, a_moment
from tests.processes.scenes import (
    AFTER,
    BEFORE,
    WITHIN,
    Number,
    Scene,
    bought,
    correction,
    item_change,
    line,
    reject,
    stolen,
)
from tests.projections.following import connected, follow, followers_of, rows, take_in

IMEI = ("imei", "352099001761481")


# Both directions


def test_given_a_theft_when_the_good_is_bought_then_it_is_a_full_hit(scene: Scene) -> None:
    scene.given(stolen("s", scene.number)).given(bought("p", scene.number))
    assert scene.grade("p", "s") == "full_hit"
    assert scene.row("p", "s")["time"] == "after"


def test_given_a_purchase_when_the_theft_is_reported_later_then_it_is_the_same_hit(
    scene: Scene,
) -> None:
    scene.given(bought("p", scene.number)).given(stolen("s", scene.number))
    assert scene.story("p", "s") == ["found"]
    assert scene.grade("p", "s") == "full_hit"


def test_given_a_hit_when_both_records_are_sent_again_then_nothing_happens(scene: Scene) -> None:
    records = bought("p", scene.number), stolen("s", scene.number)
    scene.given(*records).given(*records)
    assert scene.story("p", "s") == ["found"]


def test_given_a_hit_when_it_is_found_then_it_names_what_it_compared(scene: Scene) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    found = scene.stream(scene.pair("p", "s"))[0]
    assert isinstance(found, hit.Found)
    assert (found.rules, found.score) == (matching.RULES, 1000)
    assert found.pair == hit.Pair(
        line=1,
        purchase=scene.purchase("p").hex,
        purchase_key=f"{scene.tag}-p",
        purchase_source="kassa",
        stolen=scene.stolen_item("s").hex,
        stolen_key=f"{scene.tag}-s",
        stolen_source="politie",
    )


# Grades


@pytest.mark.parametrize(
    ("good", "against"),
    [
        ({"brand": None}, ["brand_missing"]),
        ({"model": None}, ["model_missing"]),
        ({"brand": "onbekend", "model": None}, ["brand_missing", "model_missing"]),
        ({"model": "Grenoble C7"}, ["model_differs"]),
    ],
)
@pytest.mark.parametrize("side", ["purchase", "stolen"])
def test_given_a_description_that_falls_short_when_the_number_agrees_then_it_is_a_hit(
    scene: Scene, good: dict[str, Any], against: list[str], side: str
) -> None:
    mine, theirs = (good, {}) if side == "purchase" else ({}, good)
    scene.given(stolen("s", scene.number, good=theirs), bought("p", scene.number, good=mine))
    assert scene.grade("p", "s") == "hit"
    assert scene.against("p", "s") == against


def test_given_another_brand_when_a_frame_number_agrees_then_there_is_none(scene: Scene) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number, good={"brand": "Batavus"}))
    assert scene.story("p", "s") == []


def test_given_another_kind_when_a_frame_number_agrees_then_there_is_none(scene: Scene) -> None:
    other = {"kind": "laptop", "brand": None, "model": None}
    scene.given(stolen("s", scene.number), bought("p", scene.number, good=other))
    assert scene.story("p", "s") == []


def test_given_another_brand_when_an_imei_agrees_then_it_is_a_hit_that_says_so(
    scene: Scene,
) -> None:
    phone = {"kind": "phone", "brand": "Samsung", "model": "Galaxy S21"}
    scene.given(stolen("s", IMEI, good=phone), bought("p", IMEI, good={**phone, "brand": "Apple"}))
    assert scene.grade("p", "s") == "hit"
    assert scene.against("p", "s")[0] == "brand_contradicts"


@pytest.mark.parametrize(
    "value", ["onbekend", "0000", "n.v.t.", "123456", "XXXXXXXX", "zonder nummer", "-"]
)
def test_given_a_placeholder_on_both_sides_when_compared_then_it_is_no_number(
    scene: Scene, value: str
) -> None:
    scene.given(stolen("s", ("serial", value)), bought("p", ("serial", value)))
    assert scene.story("p", "s") == []


def test_given_a_number_typed_otherwise_when_compared_then_it_is_the_same(scene: Scene) -> None:
    kind, value = scene.number
    scene.given(stolen("s", (kind, value)), bought("p", ("serial", f"{value[:4]}-{value[4:]} ")))
    assert scene.grade("p", "s") == "full_hit"


# Time


def test_given_a_purchase_before_the_theft_when_compared_then_it_is_a_passage_and_no_hit(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number, at=BEFORE))
    assert scene.story("p", "s") == ["noted"]
    assert scene.grade("p", "s") is None
    assert scene.pair("p", "s") in {row["pair"] for row in rows(scene.archive, "passages")}


def test_given_a_passage_when_the_theft_proves_earlier_then_it_becomes_a_hit(scene: Scene) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number, at=BEFORE))
    scene.given(stolen("s", scene.number, stolen=a_moment("2026-02-20")))
    assert scene.story("p", "s") == ["noted", "found"]
    assert scene.pair("p", "s") not in {row["pair"] for row in rows(scene.archive, "passages")}


def test_given_a_hit_when_the_theft_proves_later_then_it_becomes_a_passage_and_may_come_back(
    scene: Scene,
) -> None:
    late = stolen("s", scene.number, stolen=a_moment("2026-03-05"))
    scene.given(stolen("s", scene.number), bought("p", scene.number)).given(late)
    assert scene.grade("p", "s") == "closed: earlier_passage"
    scene.given(stolen("s", scene.number, stolen=a_moment("2026-02-20")))
    assert scene.story("p", "s") == ["found", "noted", "reopened"]
    assert scene.grade("p", "s") == "full_hit"


def test_given_a_purchase_within_the_theft_when_compared_then_the_time_is_unclear(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number, at=WITHIN))
    assert scene.row("p", "s")["time"] == "unclear"
    assert scene.against("p", "s") == ["time_unclear"]


# Withdrawn, recovered, no theft


@pytest.mark.parametrize("reason", ["mistaken", "duplicate"])
def test_given_a_hit_when_the_report_is_withdrawn_then_it_is_closed(
    scene: Scene, reason: str
) -> None:
    withdrawn = stolen("s", scene.number, status="withdrawn", withdrawn_reason=reason)
    scene.given(stolen("s", scene.number), bought("p", scene.number)).given(withdrawn)
    assert scene.grade("p", "s") == "closed: withdrawn"


def test_given_a_withdrawn_report_when_the_good_is_bought_then_there_is_none(scene: Scene) -> None:
    withdrawn = stolen("s", scene.number, status="withdrawn", withdrawn_reason="mistaken")
    scene.given(stolen("s", scene.number), withdrawn).given(bought("p", scene.number))
    assert scene.story("p", "s") == []


def test_given_a_withdrawn_report_when_it_stands_again_then_the_hit_does_too(scene: Scene) -> None:
    withdrawn = stolen("s", scene.number, status="withdrawn", withdrawn_reason="mistaken")
    again = stolen("s", scene.number, report="PL1300-2026000009")
    scene.given(stolen("s", scene.number), bought("p", scene.number), withdrawn).given(again)
    assert scene.story("p", "s") == ["found", "closed: withdrawn", "reopened"]


def test_given_recovered_on_a_day_when_bought_before_and_after_then_only_before_hits(
    scene: Scene,
) -> None:
    back = stolen("s", scene.number, status="recovered", recovered_at="2026-03-10")
    between = bought("between", scene.number)
    scene.given(stolen("s", scene.number), between).given(back)
    scene.given(bought("later", scene.number, at=a_moment("2026-03-12T10:00:00+01:00")))
    assert scene.grade("between", "s") == "full_hit"
    assert scene.story("later", "s") == []


def test_given_a_purchase_after_the_recovery_when_that_is_reported_late_then_it_is_closed(
    scene: Scene,
) -> None:
    later = bought("p", scene.number, at=a_moment("2026-03-12T10:00:00+01:00"))
    scene.given(stolen("s", scene.number), later)
    scene.given(stolen("s", scene.number, status="recovered", recovered_at="2026-03-10"))
    assert scene.grade("p", "s") == "closed: recovered_before"


def test_given_recovered_on_the_day_of_the_purchase_when_compared_then_that_is_unclear(
    scene: Scene,
) -> None:
    back = stolen("s", scene.number, status="recovered", recovered_at="2026-03-02")
    scene.given(stolen("s", scene.number), bought("p", scene.number), back)
    assert scene.against("p", "s") == ["recovery_unclear"]


def test_given_recovered_on_an_unknown_day_when_compared_then_the_signal_has_ended(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.given(stolen("s", scene.number, status="recovered"))
    assert scene.grade("p", "s") == "closed: withdrawn"


@pytest.mark.parametrize("offence", ["lost", "mischief", "found", "other"])
def test_given_an_offence_that_takes_nothing_when_the_number_agrees_then_it_never_matches(
    scene: Scene, offence: str
) -> None:
    scene.given(stolen("s", scene.number, offence=offence), bought("p", scene.number))
    assert scene.story("p", "s") == []


# Corrections and amendments


def test_given_a_hit_when_the_number_is_corrected_then_it_closes_and_the_right_one_is_found(
    scene: Scene,
) -> None:
    right = ("frame", f"RIGHT{scene.tag}")
    scene.given(stolen("s", scene.number), stolen("t", right), bought("p", scene.number))
    changed = item_change(right, brand="Gazelle", model="Orange C8")
    scene.given(correction("p", "c", items=changed))
    assert scene.grade("p", "s") == "closed: number_corrected"
    assert scene.grade("p", "t") == "full_hit"


def test_given_a_hit_when_the_stolen_number_is_amended_away_then_it_closes(scene: Scene) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.given(stolen("s", ("frame", f"OTHER{scene.tag}")))
    assert scene.grade("p", "s") == "closed: number_corrected"


def test_given_a_hit_when_all_numbers_are_amended_away_then_it_closes(scene: Scene) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number)).given(stolen("s"))
    assert scene.grade("p", "s") == "closed: number_corrected"


def test_given_a_hit_when_the_brand_is_amended_then_it_is_regraded(scene: Scene) -> None:
    scene.given(stolen("s", scene.number, good={"brand": None}), bought("p", scene.number))
    assert scene.grade("p", "s") == "hit"
    scene.given(stolen("s", scene.number))
    assert scene.story("p", "s") == ["found", "regraded"]
    assert scene.grade("p", "s") == "full_hit"


def test_given_a_hit_when_what_is_amended_is_not_compared_then_nothing_happens(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.given(stolen("s", scene.number, report="PL1300-2026000002"))
    assert scene.story("p", "s") == ["found"]


# What people decide


def test_given_a_rejected_hit_when_the_facts_stay_then_it_is_not_raised_again(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.decide("p", "s", reject)
    scene.given(stolen("s", scene.number, report="PL1300-2026000002"))
    assert scene.grade("p", "s") == "rejected: other_good"


def test_given_a_rejected_hit_when_other_facts_come_then_it_is_raised_again(scene: Scene) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.decide("p", "s", reject)
    scene.given(stolen("s", scene.number, good={"model": "Grenoble C7"}))
    assert scene.story("p", "s") == ["found", "rejected", "reopened"]
    assert scene.grade("p", "s") == "hit"


def test_given_a_rejected_hit_when_withdrawn_and_reported_again_then_it_is_not_raised(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.decide("p", "s", reject)
    scene.given(stolen("s", scene.number, status="withdrawn", withdrawn_reason="mistaken"))
    scene.given(stolen("s", scene.number, report="PL1300-2026000002"))
    assert scene.grade("p", "s") == "rejected: other_good"


def test_given_a_confirmed_hit_when_more_agrees_then_it_stays_confirmed(scene: Scene) -> None:
    scene.given(stolen("s", scene.number, good={"model": None}), bought("p", scene.number))
    scene.decide("p", "s", hit.Hit.confirm)
    scene.given(stolen("s", scene.number))
    assert scene.grade("p", "s") == "full_hit"
    assert scene.row("p", "s")["state"] == "confirmed"


# Floods


def test_given_a_number_on_many_purchases_when_one_more_comes_then_it_floods(scene: Scene) -> None:
    many = [bought(f"p{n}", scene.number) for n in range(FLOOD)]
    scene.given(stolen("s", scene.number), *many)
    assert [scene.grade(f"p{n}", "s") for n in range(FLOOD)] == ["full_hit"] * FLOOD
    scene.given(bought("one-more", scene.number))
    assert {scene.grade(f"p{n}", "s") for n in range(FLOOD)} == {"closed: flooded"}
    assert scene.story("one-more", "s") == []
    assert scene.floods() == [(PURCHASE, scene.key)]


def test_given_a_number_on_many_stolen_goods_when_one_is_bought_then_there_is_none(
    scene: Scene,
) -> None:
    scene.given(*[stolen(f"s{n}", scene.number) for n in range(FLOOD + 1)])
    scene.given(bought("p", scene.number))
    assert all(scene.story("p", f"s{n}") == [] for n in range(FLOOD + 1))
    assert scene.floods() == [(STOLEN, scene.key)]


def test_given_a_flood_when_one_is_corrected_away_then_it_clears_and_the_rest_stands(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), *[bought(f"p{n}", scene.number) for n in range(26)])
    other = ("frame", f"OTHER{scene.tag}")
    scene.given(correction("p3", "c", items=item_change(other, brand="Gazelle")))
    assert scene.floods() == []
    assert scene.grade("p3", "s") == "closed: flooded"
    assert scene.story("p4", "s") == ["found", "closed: flooded", "reopened"]
    assert scene.grade("p25", "s") == "full_hit"


def test_given_a_flooded_number_when_another_number_agrees_too_then_that_makes_the_hit(
    scene: Scene,
) -> None:
    own = ("frame", f"OWN{scene.tag}")
    scene.given(*[bought(f"p{n}", scene.number) for n in range(26)])
    scene.given(stolen("s", scene.number, own), bought("p", scene.number, own))
    assert scene.grade("p", "s") == "full_hit"
    assert scene.row("p", "s")["reasons"][0]["purchase"] == own[1]


@pytest.mark.parametrize("batch", [1, 2000])
def test_given_a_hit_on_two_numbers_when_one_floods_and_clears_then_it_rests_on_what_is_left(
    scene: Scene, batch: int
) -> None:
    own = ("frame", f"OWN{scene.tag}")
    scene.given(stolen("s", scene.number, own), bought("p", scene.number, own))
    scene.given(*[bought(f"p{n}", scene.number) for n in range(FLOOD)], batch=batch)
    assert len(scene.row("p", "s")["reasons"]) == 3
    gone = correction("p0", "c", items=item_change())
    scene.given(gone, batch=batch)
    assert len(scene.row("p", "s")["reasons"]) == 4
    assert scene.story("p", "s") == ["found", "regraded", "regraded"]


def test_given_a_flood_over_others_when_a_rejected_pair_is_seen_again_then_it_stays_rejected(
    scene: Scene,
) -> None:
    own = ("frame", f"OWN{scene.tag}")
    pair = stolen("s", scene.number, own), bought("p", scene.number, own)
    many = [stolen(f"s{n}", scene.number) for n in range(60)]
    scene.given(*many, pair[0]).given(pair[1])
    scene.decide("p", "s", reject)
    untold = correction("p", "c", payment={"form": "card"})
    scene.given(untold, stolen("s", scene.number, own, report="PL1300-2026000002"))
    assert scene.story("p", "s") == ["found", "rejected"]


def test_given_a_flooded_number_when_many_more_come_then_each_costs_few_statements(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.given(*[stolen(f"s{n}", scene.number) for n in range(40)])
    read: list[object] = []
    reader = type(scene.archive.casework.recorder.reader)
    streams = reader.streams

    def counted(self: Any, connection: Any, wanted: Any) -> Any:
        read.extend(wanted)
        return streams(self, connection, wanted)

    monkeypatch.setattr(reader, "streams", counted)
    take_in(scene.archive, *[scene.own(bought(f"p{n}", scene.number)) for n in range(40)])
    read.clear()
    follow(scene.archive, ["matching"])
    assert read == []


# Floods of what is closed


@pytest.mark.parametrize("batch", [1, 2000])
def test_given_a_hit_when_closed_reports_flood_its_number_then_it_stands_as_it_was(
    scene: Scene, batch: int
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    closed = [stolen(f"c{n}", scene.number, handling="closed") for n in range(FLOOD + 1)]

    scene.given(*closed, batch=batch)

    assert scene.story("p", "s") == ["found"]
    assert scene.grade("p", "c0") == "closed: flooded"
    assert scene.floods() == [(STOLEN, scene.key)]
    # And what is bought afterwards is found as if they were not there.
    scene.given(bought("later", scene.number), batch=batch)
    assert scene.grade("later", "s") == "full_hit"
    assert scene.story("later", "c0") == []


def test_given_a_flood_of_closed_reports_when_one_is_opened_then_it_is_a_hit_and_the_rest_is_not(
    scene: Scene,
) -> None:
    closed = [stolen(f"c{n}", scene.number, handling="closed") for n in range(FLOOD + 1)]
    scene.given(bought("p", scene.number), *closed)

    scene.given(stolen("c0", scene.number))

    assert scene.grade("p", "c0") == "full_hit"
    assert scene.grade("p", "c1") == "closed: flooded"


def test_given_a_flood_that_all_may_know_of_when_one_more_is_closed_then_nothing_changes(
    scene: Scene,
) -> None:
    scene.given(*[stolen(f"s{n}", scene.number) for n in range(FLOOD + 1)])
    scene.given(stolen("c", scene.number, handling="closed"), bought("p", scene.number))

    assert scene.story("p", "s0") == scene.story("p", "c") == []
    assert scene.floods() == [(STOLEN, scene.key)]


def test_given_a_flood_of_closed_reports_when_some_are_corrected_away_then_the_rest_are_found(
    scene: Scene,
) -> None:
    closed = [stolen(f"c{n}", scene.number, handling="closed") for n in range(FLOOD)]
    scene.given(stolen("s", scene.number), bought("p", scene.number), *closed)
    assert scene.grade("p", "c0") == "closed: flooded"

    other = ("frame", f"OTHER{scene.tag}")
    scene.given(stolen("c1", other, handling="closed"))

    assert scene.floods() == []
    assert scene.grade("p", "c0") == "full_hit"
    assert scene.story("p", "s") == ["found"]


# Numbers that point at persons


@pytest.mark.parametrize(("type_", "value"), [("plate", "XX-123-Y"), ("engraving", "1000AB12")])
def test_given_a_sealed_number_when_it_agrees_then_it_is_a_hit_that_shows_no_value(
    scene: Scene, type_: str, value: str
) -> None:
    number: Number = (type_, f"{value}{scene.tag}")
    scene.given(stolen("s", number), bought("p", number))
    assert scene.grade("p", "s") == "full_hit"
    assert scene.row("p", "s")["reasons"][0] == {
        "code": f"{type_}_agrees",
        "purchase": None,
        "stolen": None,
        "value": None,
    }
    kept = [
        str(row)
        for name in ("match_keys", "hits", "purchases", "stolen_items", "links")
        for row in rows(scene.archive, name)
    ]
    assert not any(f"{value}{scene.tag}" in row or _plain(number) in row for row in kept)


def _plain(number: Number) -> str:
    return number[1].replace("-", "")


# Forms of a purchase


def test_given_an_offer_that_was_refused_when_the_number_agrees_then_the_hit_says_so(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number, mode="offer_refused"))
    assert scene.grade("p", "s") == "full_hit"
    assert "offer_refused" in scene.reasons("p", "s")


def test_given_several_lines_and_numbers_when_some_agree_then_each_line_hits_its_own(
    scene: Scene,
) -> None:
    first, second, third = (("frame", f"{n}{scene.tag}") for n in ("A1", "B2", "C3"))
    lines = [line(first, ("serial", "n.v.t.")), line(second, third, line=2)]
    scene.given(stolen("s", first), stolen("t", third, ("serial", "onbekend")))
    scene.given(bought("p", lines=lines))
    assert (scene.grade("p", "s", 1), scene.grade("p", "s", 2)) == ("full_hit", None)
    assert (scene.grade("p", "t", 1), scene.grade("p", "t", 2)) == (None, "full_hit")


def test_given_a_line_that_is_corrected_away_when_it_had_a_hit_then_that_closes(
    scene: Scene,
) -> None:
    other = ("frame", f"OTHER{scene.tag}")
    lines = [line(other), line(scene.number, line=2)]
    scene.given(stolen("s", scene.number), bought("p", lines=lines))
    assert scene.grade("p", "s", 2) == "full_hit"
    scene.given(correction("p", "c", items=item_change(other)))
    assert scene.grade("p", "s", 2) == "closed: number_corrected"


def test_given_a_stolen_phone_when_it_is_sold_twice_then_both_purchases_hit(scene: Scene) -> None:
    imei = ("imei", "490154203237518")
    good = {"kind": "phone", "brand": "Apple", "model": "iPhone 13"}
    scene.given(stolen("s", imei, good=good))
    scene.given(bought("first", imei, good=good, at=AFTER))
    scene.given(bought("again", imei, good=good, at=a_moment("2026-04-02T14:05:00+02:00")))
    assert scene.grade("first", "s") == scene.grade("again", "s") == "full_hit"


def test_given_a_phone_whose_imei_stands_as_serial_when_compared_then_it_is_read_as_one(
    scene: Scene,
) -> None:
    good = {"kind": "phone", "brand": "Apple", "model": "iPhone 13"}
    imei = "356938035643809"
    scene.given(stolen("s", ("imei", imei), good=good), bought("p", ("serial", imei), good=good))
    assert scene.reasons("p", "s")[0] == "imei_agrees"


def test_given_one_good_reported_by_two_sources_when_bought_then_it_hits_both(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), stolen("t", scene.number)).given(
        bought("p", scene.number)
    )
    assert scene.grade("p", "s") == scene.grade("p", "t") == "full_hit"


# Old data and other rules


def rematched(scene: Scene, *, dry_run: bool) -> dict[str, int]:
    (process,) = (f for f in followers_of(scene.archive, ["matching"]))
    assert isinstance(process, matching.Matching)
    with connected(scene.archive) as connection:
        return process.rematch(connection, dry_run=dry_run)


def test_given_what_older_rules_left_out_when_rematched_then_it_is_found_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(archive, "OLD1")
    with monkeypatch.context() as older:
        older.setattr(matching, "judge", lambda *_: Verdict("none", None, 0, None, (), (), "old"))
        scene.given(stolen("s", scene.number), bought("p", scene.number))
    assert scene.story("p", "s") == []
    assert rematched(scene, dry_run=True) == {"casework.hit.found": 1}
    assert scene.story("p", "s") == []
    assert rematched(scene, dry_run=False) == {"casework.hit.found": 1}
    assert scene.story("p", "s") == ["found"]
    assert rematched(scene, dry_run=False) == {}


def test_given_what_people_rejected_when_rematched_then_it_stays_rejected(archive: Archive) -> None:
    scene = Scene(archive, "OLD1")
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.decide("p", "s", reject)
    assert rematched(scene, dry_run=False) == {}


# Less than the same number (D1 and what is beside it)

LONG = "GZK7TX4M9A4711001"
PHONE = {"kind": "phone", "brand": "Apple", "model": "iPhone 13"}


def long(scene: Scene, number: str = LONG) -> Number:
    """A number of this scene, long enough that chance explains no slip in it."""
    return "frame", f"{scene.tag}{number}"


@pytest.mark.parametrize("first", ["purchase", "theft"])
def test_given_the_letter_o_for_a_zero_when_both_are_known_then_it_is_a_look_alike(
    scene: Scene, first: str
) -> None:
    bike, report = (
        bought("p", ("frame", f"gz-{scene.tag}0")),
        stolen("s", ("frame", f"GZ{scene.tag}O")),
    )
    earlier = bought(
        "before", ("frame", f"GZ{scene.tag}0"), at=a_moment("2025-03-01T12:00:00+01:00")
    )
    records = (bike, earlier, report) if first == "purchase" else (report, bike, earlier)
    for record in records:
        scene.given(record)
    assert scene.grade("p", "s") == "look_alike"
    told = scene.row("p", "s")["reasons"][0]
    assert (told["purchase"], told["stolen"]) == (f"gz-{scene.tag}0", f"GZ{scene.tag}O")
    assert float(told["value"]) < 0.05
    assert scene.against("p", "s") == ["signs_differ"]
    assert scene.story("before", "s") == ["noted"]


@pytest.mark.parametrize("first", ["purchase", "theft"])
@pytest.mark.parametrize(
    ("written", "grade"),
    [
        ("GZK7TX4M9B4711001", "one_edit"),
        ("GZK7TX4M9A4771001", "one_edit"),
        ("GZK7TX4M94A711001", "one_edit"),
        ("4M9A4711001", "part"),
    ],
)
def test_given_a_number_that_is_less_than_the_same_when_both_are_known_then_it_has_a_grade(
    scene: Scene, first: str, written: str, grade: str
) -> None:
    number = ("frame", written) if grade == "part" else long(scene, written)
    records = [bought("p", number), stolen("s", long(scene))]
    for record in records if first == "purchase" else records[::-1]:
        scene.given(record)
    assert scene.grade("p", "s") == grade
    reason = scene.row("p", "s")["reasons"][0]
    assert (reason["purchase"], reason["stolen"]) == (number[1], long(scene)[1])


def test_given_a_look_alike_that_was_rejected_when_more_comes_then_it_stays_rejected(
    scene: Scene,
) -> None:
    report = ("frame", f"GZ{scene.tag}O")
    scene.given(stolen("s", report), bought("p", ("frame", f"GZ{scene.tag}0")))
    scene.decide("p", "s", reject)
    scene.given(stolen("t", ("frame", f"GZ{scene.tag}9")), stolen("s", report, report="PL13-2"))
    assert scene.story("p", "s") == ["found", "rejected"]
    scene.given(stolen("s", report, good={"model": None}))
    assert scene.story("p", "s") == ["found", "rejected", "reopened"]


@pytest.mark.parametrize("batch", [1, 2000])
def test_given_one_edit_when_more_of_the_series_come_then_it_closes_and_comes_back(
    scene: Scene, batch: int
) -> None:
    scene.given(stolen("s", long(scene)), bought("p", long(scene, LONG[:-3] + "101")))
    assert scene.grade("p", "s") == "one_edit"
    more = [stolen(f"n{n}", long(scene, f"{LONG[:-2]}{n}7")) for n in range(3)]
    scene.given(*more[:2], batch=batch)
    assert scene.grade("p", "s") == "one_edit"
    scene.given(more[2], batch=batch)
    assert scene.grade("p", "s") == "closed: series"
    scene.given(stolen("n1", ("frame", f"ELSE{scene.tag}")), batch=batch)
    assert scene.grade("p", "s") == "one_edit"


def test_given_one_edit_when_closed_reports_make_a_series_then_nobody_notices(
    scene: Scene,
) -> None:
    near = long(scene, LONG[:-3] + "101")
    scene.given(stolen("s", long(scene)), bought("p", near))
    scene.given(
        *[stolen(f"n{n}", long(scene, f"{LONG[:-2]}{n}7"), handling="closed") for n in range(14)]
    )
    assert scene.story("p", "s") == ["found"]
    scene.given(stolen("c", long(scene), handling="closed"))
    assert scene.story("p", "c") == []


def test_given_an_imei_that_cannot_be_right_when_it_meant_a_stolen_one_then_it_is_one_edit(
    scene: Scene,
) -> None:
    scene.given(stolen("s", ("imei", "490154203237518"), good=PHONE))
    scene.given(bought("p", ("imei", "490154203273518"), good=PHONE))
    scene.given(bought("right", ("imei", "490154203237526"), good=PHONE))
    assert scene.grade("p", "s") == "one_edit"
    assert scene.story("right", "s") == []


def test_given_the_second_imei_when_it_agrees_then_it_is_a_hit_that_says_so(scene: Scene) -> None:
    first, second = ("imei", "356938035643809"), ("imei", "868932036356090")
    scene.given(stolen("s", first, second, good=PHONE), bought("p", second, good=PHONE))
    assert scene.grade("p", "s") == "hit"
    assert scene.against("p", "s") == ["first_imei_differs"]


@pytest.mark.parametrize("first", ["purchase", "theft"])
def test_given_a_number_in_the_description_when_it_agrees_then_it_is_a_hit_without_its_value(
    scene: Scene, first: str
) -> None:
    text = {**PHONE, "description": "met doos, IMEI 35-693803-564380-9"}
    records = [bought("p", good=text), stolen("s", ("imei", "356938035643809"), good=PHONE)]
    for record in records if first == "purchase" else records[::-1]:
        scene.given(record)
    assert scene.grade("p", "s") == "hit"
    assert scene.against("p", "s") == ["stood_in_a_text"]
    assert scene.row("p", "s")["reasons"][0]["purchase"] is None
    scene.archive.register.order_erasure(
        f"seller:{TILL}:{scene.tag}-p", ground="avg:17", actor=ACTOR
    )
    follow(scene.archive)
    kept = [row for row in rows(scene.archive, "match_keys") if row["item"] == scene.purchase("p")]
    assert kept == []
    assert scene.grade("p", "s") == "closed: number_corrected"


def test_given_look_alikes_of_older_rules_when_rematched_then_they_are_found_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(archive, "OLD2")
    with monkeypatch.context() as older:
        older.setattr(matching, "judge", lambda *_: Verdict("none", None, 0, None, (), (), "old"))
        scene.given(stolen("s", ("frame", "GZOLD2471O")), bought("p", ("frame", "GZOLD24710")))
        scene.given(stolen("t", long(scene)), bought("q", long(scene, LONG[:6] + "B" + LONG[7:])))
        scene.given(bought("r", ("frame", LONG[-9:])))
    assert rematched(scene, dry_run=True) == {"casework.hit.found": 3}
    assert rematched(scene, dry_run=False) == {"casework.hit.found": 3}
    found = [scene.grade("p", "s"), scene.grade("q", "t"), scene.grade("r", "t")]
    assert found == [None] * 3, "the read model has not followed"
    follow(archive)
    found = [scene.grade("p", "s"), scene.grade("q", "t"), scene.grade("r", "t")]
    assert found == ["look_alike", "one_edit", "part"]
    assert rematched(scene, dry_run=False) == {}


@pytest.mark.parametrize("side", [PURCHASE, STOLEN])
def test_given_a_number_when_it_is_checked_then_what_is_like_it_on_that_side_is_read(
    scene: Scene, side: str
) -> None:
    model = MatchKeys()
    told = {"exact": LONG, "slip": LONG[:6] + "B" + LONG[7:], "part": LONG[-9:]}
    kept = {key: ("frame", f"{scene.tag}{value}") for key, value in told.items()}
    kept["part"] = ("frame", told["part"])
    scene.given(*[(bought if side == PURCHASE else stolen)(key, n) for key, n in kept.items()])
    (asked,) = numbers([kept["exact"]], "bicycle", "Gazelle", scene.archive.keyring.token)
    with connected(scene.archive) as connection:
        found = model.check(connection, registry.live(connection, model), asked, side, 26, 12)
    assert {row.side for row in found} == {side}
    mine = {row.source_key for row in found if row.source_key.startswith(scene.tag)}
    assert mine == {f"{scene.tag}-{key}" for key in kept}
