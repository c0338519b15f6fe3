import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from herkomst.simulate import world
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.world import Counts, simulate
from tests.simulate.conftest import PURCHASES, STOLEN, Made

FILES = ("dealers.ndjson", "purchases.ndjson", "stolen.ndjson", "stolen-verzekeraars.ndjson",
         "truth/hits.ndjson", "truth/hits-verzekeraars.ndjson", "truth/stolen.ndjson",
         "truth/same_thefts.ndjson", "truth/persons.ndjson", "truth/crimes.ndjson")  # fmt: skip


def small(folder: Path, seed: int = 5, **size: int | None) -> Counts:
    wanted: dict[str, int | None] = {"dealers": 40, "purchases": 600, "stolen": 900, **size}
    dealers, purchases, stolen = wanted["dealers"], wanted["purchases"], wanted["stolen"]
    assert dealers is not None
    assert purchases is not None
    return simulate(folder, dealers=dealers, purchases=purchases, stolen=stolen, seed=seed)


def digests(folder: Path) -> dict[str, str]:
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert small(one) == small(other)
    assert digests(one) == digests(other)


def test_another_process_with_another_hash_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    small(tmp_path / "here")
    script = (
        "import sys; from pathlib import Path; from herkomst.simulate.world import simulate;"
        "simulate(Path(sys.argv[1]), dealers=40, purchases=600, stolen=900, seed=5)"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "there")],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        check=True,
    )
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_another_seed_gives_other_bytes_in_every_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    small(one, seed=5, purchases=5_000, stolen=9_000)
    small(other, seed=6, purchases=5_000, stolen=9_000)
    first, second = digests(one), digests(other)
    written = [name for name in FILES if (one / name).stat().st_size]
    assert len(written) >= len(FILES) - 1
    assert all(first[name] != second[name] for name in written)


def test_a_world_written_over_an_older_one_leaves_nothing_of_it(tmp_path: Path) -> None:
    fresh, reused = tmp_path / "fresh", tmp_path / "reused"
    small(reused, seed=9, purchases=900)
    small(fresh)
    small(reused)
    assert digests(fresh) == digests(reused)
    assert sorted(path.name for path in reused.iterdir()) == [
        "dealers.ndjson", "purchases.ndjson", "stolen-verzekeraars.ndjson", "stolen.ndjson",
        "truth",
    ]  # fmt: skip


def test_the_counts_are_those_of_the_files(made: Made) -> None:
    counts = made.counts
    assert counts.dealers == len(made.dealers) == 300
    assert counts.establishments == sum(len(dealer.establishments) for dealer in made.dealers)
    assert counts.purchases == len(made.purchases) == PURCHASES
    assert counts.stolen == len(made.stolen) == STOLEN
    assert counts.stolen_lines == len(made.lines)
    assert counts.persons == len(made.persons)
    assert counts.hits == len(made.hits)
    assert counts.full_hits == sum(hit.grade == "full_hit" for hit in made.hits)


def test_without_a_number_there_are_170_000_stolen_beside_50_000(tmp_path: Path) -> None:
    assert small(tmp_path, purchases=500, stolen=None).stolen == 1_700


@pytest.mark.parametrize(("purchases", "stolen"), [(0, 0), (0, 50), (50, 0), (1, 1), (40, 3)])
def test_a_world_may_be_as_small_as_it_is_asked_for(
    tmp_path: Path, purchases: int, stolen: int
) -> None:
    counts = small(tmp_path, dealers=1, purchases=purchases, stolen=stolen)
    assert (counts.dealers, counts.purchases, counts.stolen) == (1, purchases, stolen)
    for name in FILES:
        assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ({"dealers": 0}, "no_dealers"),
        ({"purchases": -1}, "negative_size"),
        ({"stolen": -1}, "negative_size"),
    ],
)
def test_a_size_that_cannot_be_is_refused_with_a_code(
    tmp_path: Path, size: dict[str, int], code: str
) -> None:
    with pytest.raises(SimulationError) as refused:
        small(tmp_path / "none", **size)
    assert refused.value.code == code
    assert not (tmp_path / "none").exists()


def test_progress_is_told_and_ends_complete(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    simulate(
        tmp_path,
        dealers=20,
        purchases=2_500,
        stolen=3_000,
        seed=1,
        progress=lambda what, done, whole: told.append((what, done, whole)),
    )
    for what, whole in (("purchases", 2_500), ("stolen", 3_000)):
        steps = [done for name, done, of in told if name == what and of == whole]
        assert steps == sorted(steps)
        assert steps[-1] == whole


PEAKS = """
import sys
import tracemalloc
from pathlib import Path

from herkomst.simulate import chronicle
from herkomst.simulate.world import simulate

chronicle.BYTES_HELD, chronicle.LINES_IN_A_PART = 50_000, 100
for purchases in (300, 3_000):
    tracemalloc.start()
    simulate(Path(sys.argv[1]), dealers=40, purchases=purchases, stolen=purchases, seed=5)
    print(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
"""


def test_memory_does_not_grow_with_the_world(tmp_path: Path) -> None:
    """What is held back for sorting is bounded; here so low that both worlds reach the bound. In a
    process of its own, because all threads of a process are measured together."""
    command = [sys.executable, "-c", PEAKS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    assert second < 1.6 * first


def test_a_failure_leaves_nothing_that_looks_like_a_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herkomst.simulate.chronicle.BYTES_HELD", 10_000)

    def fail(what: str, done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, dealers=20, purchases=500, stolen=500, seed=1, progress=fail)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_simulator_knows_nothing_of_the_product() -> None:
    folder = Path(world.__file__).parent
    for path in folder.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import herkomst", "from herkomst")):
                assert line.startswith("from herkomst.simulate"), f"{path.name}: {line}"
