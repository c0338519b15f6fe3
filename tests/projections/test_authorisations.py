"""Authorisations as their read model tells them."""

from herkomst.record.archive import Archive
from tests.authorising import authorise, end
from tests.projections.following import digests, follow, rebuilt, rows

SUBJECT = "c0ffee00-0000-4000-8000-000000000001"


def test_given_two_of_which_one_ended_then_both_rows_tell_it(archive: Archive) -> None:
    authorise(archive, SUBJECT)
    authorise(archive, SUBJECT, "hic_team")
    end(archive, SUBJECT, "1")
    follow(archive)

    first, second = sorted(rows(archive, "authorisations"), key=lambda row: row["name"])

    assert (first["subject"], first["role"], first["unit"]) == (
        SUBJECT,
        "district_detective",
        "amsterdam",
    )
    assert first["granted_by"] == "user:os:beheerder"
    assert (first["ended_by"], first["ended_at"] is None) == ("user:os:beheerder", False)
    assert (second["role"], second["ended_at"]) == ("hic_team", None)


def test_given_a_rebuild_then_it_tells_the_same(archive: Archive) -> None:
    authorise(archive, SUBJECT)
    end(archive, SUBJECT, "1")
    authorise(archive, "client:kassa", "source", "kassa")
    follow(archive)
    before = digests(archive)["authorisations"]

    rebuilt(archive, ("authorisations",))

    assert before[0] == 2
    assert digests(archive)["authorisations"] == before
