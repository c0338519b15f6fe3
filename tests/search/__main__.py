"""Runs what asks an OpenSearch, and fails where something that was collected did not pass.

`python -m tests.search` is what `make test-search` does. A test that is skipped, or that was never
reached, has proved nothing, so it counts as a failure here.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Tally:
    """Which tests were collected, and which of them passed."""

    def __init__(self) -> None:
        self.collected: list[str] = []
        self.passed: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = [item.nodeid for item in session.items]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    @property
    def missing(self) -> list[str]:
        return [each for each in self.collected if each not in self.passed]


def main(arguments: Sequence[str]) -> int:
    tally = Tally()
    code = pytest.main([str(HERE), "-m", "search", *arguments], plugins=[tally])
    told = [f"collected, and did not pass: {each}" for each in tally.missing]
    told.append(f"Search: {len(tally.collected)} collected, {len(tally.passed)} passed.")
    sys.stderr.write("\n".join((*told, "")))
    return int(code) or (1 if tally.missing or not tally.collected else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
