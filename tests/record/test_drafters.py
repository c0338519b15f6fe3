import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from herkomst.domain.register import purchase
from herkomst.domain.register.records import PurchaseRecord, Record
from herkomst.record.drafters import Drafters, Drafting
from herkomst.record.drafting import Circumstances, Draft, Drafted, Refusal, content
from herkomst.record.keyring import Keyring
from herkomst.record.vault import Vault
from tests.archives import a_correction, a_dealer, a_purchase, a_stolen_item

PATIENCE = 120.0
RECORDS: list[tuple[int, Record]] = list(
    enumerate(
        [
            a_dealer(),
            a_purchase(),
            a_purchase(key="other", seller=None),
            a_purchase(key="refused", items=[]),
            a_stolen_item(),
            a_correction(seller={"phone": "06-00000002"}),
        ]
    )
)
MUNICIPALITIES = {
    purchase.book_id(record).bytes: "GM0363"
    for _, record in RECORDS
    if isinstance(record, PurchaseRecord)
}
CIRCUMSTANCES = Circumstances("source:till", datetime(2026, 3, 9, tzinfo=UTC), MUNICIPALITIES)


@pytest.fixture(autouse=True)
def any_batch_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("herkomst.record.drafters.LARGE", 2)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys")


@pytest.fixture
def drafters(keyring: Keyring) -> Iterator[Drafters]:
    drafters = Drafters(keyring)
    yield drafters
    drafters.close()


def begun_elsewhere(drafters: Drafters) -> Drafting:
    """A batch that another process drafts."""
    ends = monotonic() + PATIENCE
    while monotonic() < ends:
        drafting = drafters.begin(RECORDS, CIRCUMSTANCES)
        if drafting.parts:
            return drafting
        sleep(0.05)
    raise AssertionError("no drafting process came up")


def told(drafted: Sequence[Drafted]) -> list[object]:
    """What is no key, no seal, no salt and no id of an event."""
    return [
        (d.line, d.key, d.stream, d.marks, d.is_numbered, [event[:3] for event in d.pending])
        if isinstance(d, Draft)
        else d
        for d in drafted
    ]


def children() -> set[int]:
    own = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(pid) for pid in own.split()}


def test_given_another_process_when_it_drafts_then_it_says_what_the_caller_would_say(
    drafters: Drafters, keyring: Keyring
) -> None:
    here = drafters.finish(drafters.begin(RECORDS, CIRCUMSTANCES))

    elsewhere = drafters.finish(begun_elsewhere(drafters))

    assert told(elsewhere) == told(here)
    assert [type(d).__name__ for d in elsewhere] == [
        "Draft",
        "Draft",
        "Draft",
        "Refusal",
        "Draft",
        "FollowUp",
    ]
    assert isinstance(elsewhere[3], Refusal)
    assert elsewhere[3].errors[0].code == "empty"
    draft = elsewhere[1]
    assert isinstance(draft, Draft)
    opening = draft.opening
    assert isinstance(opening, purchase.Registered)
    key = Vault(keyring).unwrap(draft.key_row)
    assert key.fingerprint(content(RECORDS[1][1])) == opening.fingerprint


def test_given_a_drafting_process_that_was_killed_when_waited_for_then_the_caller_drafts(
    drafters: Drafters,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = children()
    drafters.finish(begun_elsewhere(drafters))
    (worker,) = {
        pid
        for pid in children() - before
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }
    os.kill(worker, signal.SIGSTOP)
    drafting = begun_elsewhere(drafters)

    os.kill(worker, signal.SIGKILL)

    assert told(drafters.finish(drafting)) == told(
        drafters.finish(drafters.begin(RECORDS, CIRCUMSTANCES))
    )
    assert "drafting goes on without it" in caplog.text
    again = drafters.finish(begun_elsewhere(drafters))
    assert told(again) == told(drafters.finish(drafters.begin(RECORDS, CIRCUMSTANCES)))


PARENT = """
import sys, time
from pathlib import Path
from herkomst.record import drafters as drafters_module
from herkomst.record.keyring import Keyring
from tests.record.test_drafters import Drafters, begun_elsewhere, children

if __name__ == "__main__":
    drafters_module.LARGE = 2
    drafters = Drafters(Keyring.create(Path(sys.argv[1])))
    drafters.finish(begun_elsewhere(drafters))
    print(*children(), flush=True)
    time.sleep(60)
"""


def test_given_a_parent_that_was_killed_when_nobody_waits_then_the_drafting_process_ends(
    tmp_path: Path,
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "keys")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with parent:
        assert parent.stdout is not None
        workers = {int(pid) for pid in parent.stdout.readline().split()}
        assert workers

        parent.kill()

    ends = monotonic() + PATIENCE
    while monotonic() < ends and any(_runs(pid) for pid in workers):
        sleep(0.05)
    assert not [pid for pid in workers if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
