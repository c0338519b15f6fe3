"""A large world is made in slices by processes of its own; here so small that it is quick."""

import os
import pickle
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from herkomst.simulate import companies, slices
from herkomst.simulate.crimes.programme import counts as crimes_of
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.making import Progress
from herkomst.simulate.rates import PLANTED
from herkomst.simulate.slices import SLICED_FROM, SLICES, Slice, cut
from herkomst.simulate.world import simulate
from tests.simulate.conftest import Made, read

PURCHASES, STOLEN = 6_000, 20_000
PATIENCE = 120
SCRIPT = """
import signal
import sys
from pathlib import Path
from herkomst.simulate import slices
from herkomst.simulate.world import simulate

# Who runs tests in the background of a script has its interrupts ignored, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)
slices.SLICED_FROM = 1
simulate(Path(sys.argv[1]), dealers=20, purchases=100_000, stolen=100, seed=1, processes=2,
         progress=lambda *told: print(*told, flush=True))
"""


def sliced(folder: Path, *, processes: int, progress: Progress | None = None) -> Made:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "SLICED_FROM", 1)
        counts = simulate(
            folder,
            dealers=300,
            purchases=PURCHASES,
            stolen=STOLEN,
            seed=1,
            staff=True,
            processes=processes,
            progress=progress,
        )
    return read(folder, counts)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def children(parent: int) -> set[int]:
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    """What progress was told of while the world was made."""
    return []


@pytest.fixture(scope="module")
def cut_up(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, int, int]]) -> Made:
    folder = tmp_path_factory.mktemp("sliced")
    return sliced(folder, processes=2, progress=lambda *each: told.append(each))


def test_small_worlds_stay_whole_and_large_ones_are_cut_by_their_size_alone() -> None:
    assert cut(SLICED_FROM - 1) == [Slice(0, 1)]
    assert cut(SLICED_FROM) == cut(10_000_000) == [Slice(n, SLICES) for n in range(SLICES)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 1_000_003])
def test_what_is_shared_or_dealt_out_is_all_there_is(count: int) -> None:
    parts = cut(SLICED_FROM)
    shares = [part.share(count) for part in parts]
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1
    ends = [part.block(count) for part in parts]
    assert [block.stop for block in ends[:-1]] == [block.start for block in ends[1:]]
    dealt = [each for part in parts for each in part.dealt(range(min(count, 1_000)))]
    assert sorted(dealt) == list(range(min(count, 1_000)))


def test_the_number_of_processes_changes_no_byte(cut_up: Made, tmp_path: Path) -> None:
    sliced(tmp_path, processes=1)
    assert digests(tmp_path) == digests(cut_up.folder)


def test_the_counts_of_a_cut_world_are_those_of_its_files(cut_up: Made) -> None:
    counts = cut_up.counts
    assert counts.purchases == len(cut_up.purchases) == PURCHASES
    assert counts.stolen == len(cut_up.stolen) == STOLEN
    assert counts.stolen_lines == len(cut_up.lines)
    assert counts.persons == len(cut_up.persons)
    assert counts.hits == len(cut_up.hits)
    assert counts.second_reports == len(cut_up.same_thefts)
    assert counts.crimes == len(cut_up.planted)
    assert counts.crimes + counts.look_alikes == len(cut_up.crimes)


def test_no_key_is_given_out_by_two_slices(cut_up: Made) -> None:
    assert len({purchase.key for purchase in cut_up.purchases}) == PURCHASES
    assert len({person.person for person in cut_up.persons}) == len(cut_up.persons)
    assert len({line.key for line in cut_up.insured}) == cut_up.counts.second_reports
    presented = [reference.key for person in cut_up.persons for reference in person.presented]
    assert len(set(presented)) == len(presented)


def test_no_telephone_bears_the_number_of_another_by_accident(cut_up: Made) -> None:
    stolen = {line.key: line.item.identifiers for line in cut_up.lines}
    imeis = [n.value for found in stolen.values() for n in found if n.type == "imei"]
    exact = [value for value in imeis if len(value) == 15 and value.isdigit()]
    assert len(exact) > 300
    assert max(Counter(exact).values()) == 1


def test_a_cut_world_holds_the_crimes_of_a_whole_one(cut_up: Made) -> None:
    planted = Counter((crime.kind, crime.form) for crime in cut_up.planted)
    wanted = {(k, form): n for k in PLANTED for form, n in crimes_of(k, PURCHASES).items()}
    assert set(planted) <= set(wanted)
    assert all(planted[each] <= count for each, count in wanted.items())
    assert planted.total() >= sum(wanted.values()) - 2  # A bad shop may have had nothing to show.


def test_an_insurer_that_sells_in_every_slice_is_one_person(cut_up: Made) -> None:
    sellers = {p.key: p.seller.family_name for p in cut_up.purchases if p.seller}
    known = {*companies.INSURERS, *companies.DEPOTS}
    selling = [
        names
        for person in cut_up.persons
        if (names := {sellers[reference.key] for reference in person.presented}) & known
    ]
    assert all(len(names) == 1 for names in selling)
    assert len(selling) == len(set[str]().union(*selling))
    assert len(selling) < sum(name in known for name in sellers.values())


@pytest.mark.usefixtures("cut_up")
def test_progress_adds_up_over_the_slices(told: list[tuple[str, int, int]]) -> None:
    for what, whole in (("purchases", PURCHASES), ("stolen", STOLEN)):
        steps = [done for name, done, of in told if name == what and of == whole]
        assert steps == sorted(steps)
        assert steps[-1] == whole


def test_a_process_that_dies_leaves_no_world_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "purchases.ndjson").write_text("of an earlier world")
    before = children(os.getpid())

    def kill(_what: str, _done: int, _whole: int) -> None:
        os.kill(min(children(os.getpid()) - before), signal.SIGKILL)

    with pytest.raises(SimulationError, match="killed by signal 9") as died:
        sliced(tmp_path, processes=2, progress=kill)
    assert died.value.code == "maker_ended"
    assert not digests(tmp_path)
    assert children(os.getpid()) == before


def test_a_refusal_comes_back_from_a_process_as_it_was() -> None:
    refused = SimulationError("numbers_exhausted", "ask for a smaller world")
    returned = pickle.loads(pickle.dumps(refused))  # noqa: S301 - as the processes do
    assert (returned.code, str(returned)) == ("numbers_exhausted", "ask for a smaller world")


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"purchases")
        yield process
        process.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_one_that_started_it(
    at_work: "subprocess.Popen[bytes]", how: signal.Signals, tmp_path: Path
) -> None:
    makers = [os.pidfd_open(child) for child in children(at_work.pid)]
    assert len(makers) == 2
    at_work.send_signal(how)
    for maker in makers:
        assert select.select([maker], [], [], PATIENCE)[0]
        os.close(maker)
    at_work.wait(PATIENCE)
    assert not list(tmp_path.glob("*.ndjson"))
    assert not list(tmp_path.glob("truth/*.ndjson"))
