"""One slice of a world, made in a process of its own: the program that `makers` starts."""

import gc
import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, NoReturn

from herkomst.simulate.errors import SimulationError
from herkomst.simulate.making import make, surroundings


def work(line: "Connection[Any, Any]") -> None:
    """Make the slice that is asked for, and tell how far it is and what was found, or refused."""
    folder, size, part = line.recv()
    Thread(target=_leave_with_parent, args=(line,), daemon=True).start()

    def progress(what: str, done: int, _whole: int) -> None:
        line.send((what, done))

    country, street = surroundings(size)
    # They live as long as the process, and goods die by reference count: looking for cycles among
    # them as often as usual costs a seventh of the time.
    gc.freeze()
    gc.set_threshold(70_000, 20, 20)
    try:
        line.send(make(folder, size, part, country, street, progress))
    except SimulationError as error:
        line.send(error)


def _leave_with_parent(line: "Connection[Any, Any]") -> NoReturn:
    """End at once when the line breaks: nobody waits for this slice any more."""
    with suppress(EOFError, OSError):
        line.recv()
    os._exit(1)


if __name__ == "__main__":
    work(Connection(int(sys.argv[1])))
