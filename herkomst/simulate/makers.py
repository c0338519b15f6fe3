"""Processes that make the slices of a world, as many at a time as there are cores.

They are programs of their own that load the simulator alone. None outlives who started it: each
ends when its line breaks, also when the other end was killed.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from herkomst.simulate.errors import SimulationError
from herkomst.simulate.making import Findings, Progress, Size
from herkomst.simulate.slices import Slice


class Maker:
    """A process that makes one slice, and the line to it."""

    def __init__(self, folder: Path, size: Size, part: Slice) -> None:
        self.part = part
        self.line: Connection[Any, Any]
        self.line, far = Pipe()
        with far:
            self._process = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-m", "herkomst.simulate.maker", str(far.fileno())],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.DEVNULL,
                pass_fds=[far.fileno()],
                process_group=0,  # Ctrl-C is for who asked for the world.
            )
        with suppress(OSError):  # Whoever hears nothing will be told that it ended.
            self.line.send((folder, size, part))

    def hear(self) -> Findings | tuple[str, int]:
        """Return the findings, or what is being made and how many of it are done."""
        try:
            told: Findings | tuple[str, int] | SimulationError = self.line.recv()
        except (EOFError, OSError):
            raise _ended(self._process.wait()) from None
        if isinstance(told, SimulationError):
            raise told
        return told

    def end(self) -> None:
        """End the process, whether or not it is done."""
        self._process.kill()
        self._process.wait()
        self.line.close()


def make_all(
    folder: Path, size: Size, parts: Sequence[Slice], processes: int, progress: Progress
) -> list[Findings]:
    """Make all slices into a folder and return their findings in the order of the slices."""
    waiting = list(reversed(parts))
    working: list[Maker] = []
    found: dict[int, Findings] = {}
    tally = _Tally(size, progress)
    try:
        while waiting or working:
            while waiting and len(working) < processes:
                working.append(Maker(folder, size, waiting.pop()))
            heard = wait([maker.line for maker in working])
            for maker in [maker for maker in working if maker.line in heard]:
                told = maker.hear()
                if isinstance(told, Findings):
                    found[maker.part.number] = told
                    working.remove(maker)
                    maker.end()
                else:
                    tally.note(maker.part, *told)
    finally:
        for maker in working:
            maker.end()
    return [found[part.number] for part in parts]


class _Tally:
    """Adds up how far the slices are."""

    def __init__(self, size: Size, progress: Progress) -> None:
        self._whole = {"purchases": size.purchases, "stolen": size.stolen}
        self._done: dict[str, Counter[int]] = {what: Counter() for what in self._whole}
        self._progress = progress

    def note(self, part: Slice, what: str, done: int) -> None:
        self._done[what][part.number] = done
        self._progress(what, self._done[what].total(), self._whole[what])


def _ended(code: int) -> SimulationError:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
    return SimulationError(
        "maker_ended",
        f"a process that made a part of the world {how}, so there is no world; make it again, "
        "with more memory or disk if those ran out",
    )
