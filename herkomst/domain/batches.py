"""Batches of whatever comes, as `itertools.batched` of Python 3.12 makes them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most so many items, in order."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
