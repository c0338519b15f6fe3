"""Files of the feed and of rehearsed reads: counts that add up, and faults that are named."""

import io

import msgspec
import pytest

from herkomst.domain.events import EventData
from herkomst.intake.files import Delivery, Summary, import_staff
from herkomst.record.archive import Archive
from tests.record.holding import topics
from tests.staffing import PERSONNEL, a_case, a_duty, a_read, a_task, an_officer

STAFF = [an_officer(), a_case(), a_task(), a_duty()]


def lines(*records: object) -> bytes:
    return b"\n".join(r if isinstance(r, bytes) else msgspec.json.encode(r) for r in records)


def deliver(
    archive: Archive, content: bytes, kind: str = "staff", *, dry_run: bool = False
) -> tuple[Summary, list[dict[str, object]]]:
    rejects = io.StringIO()
    delivery = Delivery(io.BytesIO(content), "test", kind, PERSONNEL)
    summary = import_staff(archive, delivery, dry_run=dry_run, rejects=rejects)
    told = [msgspec.json.decode(line) for line in rejects.getvalue().splitlines()]
    assert summary.read == sum(
        (summary.accepted, summary.duplicate, summary.amended, summary.conflict, summary.rejected)
    )
    return summary, told


def changed(record: object, **changes: object) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(record) | changes)


def test_given_a_feed_with_faults_then_counts_add_up_and_each_fault_is_named(
    archive: Archive,
) -> None:
    content = lines(
        *STAFF,
        a_duty(),
        a_duty(kind="on_call"),
        changed(a_task("T-2"), bedoeling=[]),
        changed(a_task("T-3"), v=2),
        changed(a_duty("D-3"), kind="holiday"),
        changed(a_duty("D-4"), source="elsewhere"),
        changed(a_duty("D-5"), type="read"),
        b"{",
    )

    summary, rejects = deliver(archive, content)

    assert (summary.accepted, summary.duplicate, summary.amended) == (4, 1, 1)
    errors = [(each["line"], each["errors"][0]["field"]) for each in rejects]  # type: ignore[index]
    assert errors == [(7, "/bedoeling"), (8, "/v"), (9, "/kind"), (10, "/source"), (11, "/type"),
                      (12, "")]  # fmt: skip


def test_given_optional_fields_that_are_null_then_they_are_as_if_left_out(archive: Archive) -> None:
    deliver(archive, lines(*STAFF))

    nulls = lines(
        changed(an_officer(), former_addresses=None),
        changed(a_case(), closed=None),
        changed(a_duty(), covers=None, dealer=None, about=None),
    )

    assert deliver(archive, nulls)[0].duplicate == 3


def test_given_the_same_file_again_then_nothing_changes(archive: Archive) -> None:
    read = lines(a_read(), a_read("R-2", break_glass=True, reason="melding van heterdaad"))
    for _ in range(2):
        deliver(archive, lines(*STAFF))
        summary, _ = deliver(archive, read, "reads")

    assert summary.duplicate == 2
    assert topics(archive, "journal") == ["journal.rehearsed"] * 2 + ["journal.rehearsal_told"]
    assert len(topics(archive, "casework")) == len(STAFF)


def test_given_the_feed_after_the_reads_then_the_rehearsal_is_told_again(archive: Archive) -> None:
    deliver(archive, lines(a_read()), "reads")
    deliver(archive, lines(*STAFF))

    assert topics(archive, "journal").count("journal.rehearsal_told") == 2


@pytest.mark.parametrize(("kind", "records"), [("staff", STAFF), ("reads", [a_read()])])
def test_given_a_dry_run_then_all_is_decided_and_nothing_kept(
    archive: Archive, kind: str, records: list[EventData]
) -> None:
    summary, _ = deliver(archive, lines(*records), kind, dry_run=True)

    assert summary.accepted == len(records)
    assert topics(archive, "casework") == topics(archive, "journal") == []


def test_given_staff_among_reads_then_it_is_refused(archive: Archive) -> None:
    summary, rejects = deliver(archive, lines(a_duty(), a_read()), "reads")

    assert (summary.accepted, summary.rejected) == (1, 1)
    assert rejects[0]["errors"][0]["code"] == "wrong_type"  # type: ignore[index]
