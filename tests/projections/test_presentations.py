from herkomst.domain import ids
from herkomst.record.archive import Archive
from tests.archives import TILL, a_correction, a_purchase
from tests.projections.following import digests, follow, rebuilt, rows, take_in

PURCHASE = ids.purchase_id(TILL, a_purchase().key)
PRESENTED = ids.presentation_id(PURCHASE)


def linked(archive: Archive) -> list[str]:
    return sorted(row["kind"] for row in rows(archive, "links") if row["src"] == PRESENTED)


def test_given_a_seller_whom_a_correction_takes_off_when_followed_then_nobody_is_shown(
    archive: Archive,
) -> None:
    take_in(archive, a_purchase())
    follow(archive)
    assert [row["state"] for row in rows(archive, "presentations")] == ["presented"]
    assert "presented_with" in linked(archive)

    take_in(archive, a_correction("1", seller=None))
    follow(archive)

    assert rows(archive, "presentations") == []
    assert linked(archive) == []
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before


def test_given_a_seller_who_was_taken_off_when_corrected_again_then_the_new_one_is_shown(
    archive: Archive,
) -> None:
    take_in(archive, a_purchase(), a_correction("1", seller=None))
    take_in(archive, a_correction("2", seller={"family_name": "Anders"}))
    follow(archive)

    (row,) = rows(archive, "presentations")

    assert (row["state"], row["shown"]) == ("presented", "family_name")
    assert linked(archive) == ["presented_with"]


def test_given_a_seller_who_was_taken_off_when_erased_then_nothing_comes_back(
    archive: Archive,
) -> None:
    take_in(archive, a_purchase(), a_correction("1", seller=None))
    follow(archive)

    archive.register.order_erasure(f"seller:{TILL}:purchase-1", ground="avg:17", actor="user:po")
    follow(archive)

    assert rows(archive, "presentations") == []
    assert linked(archive) == []
