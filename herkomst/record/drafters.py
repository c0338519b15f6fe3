"""Drafters: drafting on other cores, while this one appends what was drafted before.

Drafting is most of the work of taking in, and holds Python's lock while it lasts. Processes beside
the appending one take it away. They are started only where a second large batch follows the first,
and until they are up, and whenever one dies, the caller drafts for himself.
"""

import logging
import os
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Lock, Thread
from typing import NamedTuple

import msgspec

from herkomst import memory
from herkomst.domain.batches import batched
from herkomst.domain.register.records import RECORD_TYPES, Record
from herkomst.record.drafting import Circumstances, Drafted, Drafter, content
from herkomst.record.keyring import Keyring
from herkomst.record.vault import Vault

log = logging.getLogger(__name__)
Records = Sequence[tuple[int, Record]]
LARGE = 200
"""Records in a batch that are worth sending to another process."""
PART = 100
"""Records that are sent at once."""
MOST = 4
"""Processes at most: the appending one keeps no more of them busy."""
_decoders = {type_.__name__: msgspec.json.Decoder(type_).decode for type_ in RECORD_TYPES}
_pack = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(list[Drafted]).decode
_drafter: Drafter
"""Of this process, where it is one that drafts."""


class Drafting(NamedTuple):
    """A batch that is being drafted, part by part."""

    records: Records
    circumstances: Circumstances
    parts: "Sequence[Future[bytes]]" = ()
    """None of them where nobody but the caller drafts."""


class Drafters:
    """Draft batch after batch, for any number of threads."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._own = Drafter(Vault(keyring))
        self._lock = Lock()
        self._batches = 0
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[int] | None = None

    def begin(self, records: Records, circumstances: Circumstances) -> Drafting:
        """Have a batch drafted, on another core where there is one that is ready."""
        pool = self._ready_pool() if len(records) >= LARGE else None
        drafting = Drafting(records, circumstances)
        if pool is None:
            return drafting
        try:
            return drafting._replace(
                parts=[
                    pool.submit(_draft, _sent(part), circumstances)
                    for part in batched(records, PART)
                ]
            )
        except BrokenProcessPool:
            self._replace(pool)
            return drafting

    def finish(self, drafting: Drafting) -> list[Drafted]:
        """The drafts of a batch, waited for."""
        if not drafting.parts:
            return self._own.all(drafting.records, drafting.circumstances)
        try:
            return [drafted for part in drafting.parts for drafted in _read(part.result())]
        except BrokenProcessPool:
            log.warning("a drafting process died; drafting goes on without it")
            self._replace(self._pool)
            return self._own.all(drafting.records, drafting.circumstances)

    def close(self) -> None:
        """Stop the processes, once what they draft is done."""
        with self._lock:
            pool, self._pool, self._ready = self._pool, None, None
        if pool is not None:
            pool.shutdown()

    def _ready_pool(self) -> ProcessPoolExecutor | None:
        with self._lock:
            self._batches += 1
            cores = len(os.sched_getaffinity(0))
            if self._batches < 2 or cores < 2:
                return None
            if self._pool is None:
                # Not forked: this process may have threads, and each would be missed there.
                self._pool = ProcessPoolExecutor(
                    min(cores, MOST), get_context("spawn"), _begin, (self._keyring,)
                )
                self._ready = self._pool.submit(os.getpid)
            ready = self._ready is not None and self._ready.done()
            return self._pool if ready and self._ready and not self._ready.exception() else None

    def _replace(self, broken: ProcessPoolExecutor | None) -> None:
        """Let the next batch start another process."""
        with self._lock:
            if self._pool is broken:
                self._pool = self._ready = None


def _begin(keyring: Keyring) -> None:
    global _drafter
    _drafter = Drafter(Vault(keyring))
    memory.settle()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asked for the drafts.
    Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End when the process that drafts are for was killed: its pipes stay open otherwise."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _sent(records: Records) -> list[tuple[int, str, bytes]]:
    return [(line, type(record).__name__, content(record)) for line, record in records]


def _draft(sent: Sequence[tuple[int, str, bytes]], circumstances: Circumstances) -> bytes:
    """The drafts of these records; packed, because pickling them costs ten times as much."""
    return _pack(
        [
            _drafter.draft(line, _decoders[name](written), written, circumstances)
            for line, name, written in sent
        ]
    )
