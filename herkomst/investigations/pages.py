"""Pages: how many, from where, and an opaque cursor that survives a rebuild.

Pages run from the newest revision to the oldest. A revision is the position of the last event of a
row, so it is the same in every generation of a read model. The cursor is encrypted, so that nobody
makes one or builds on what it holds.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Iterable, Sequence
from struct import Struct
from typing import Generic, NamedTuple, Protocol, TypeVar
from zlib import crc32

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from herkomst.record.keyring import Keyring

LARGEST = 100
"""Records of one page."""
NEWEST = 2**63 - 1
_block = Struct(">qII")
_LENGTH = 22

COUNTED = 10_000
"""Up to how many a list is counted."""
Count = Callable[[], Awaitable[int | None]]
"""Counts a list when it is asked to; None where there are more than `COUNTED`."""

T = TypeVar("T")


class Revised(Protocol):
    """What stands in a list: it knows the position of its last event."""

    @property
    def revision(self) -> int: ...


R = TypeVar("R", bound=Revised)


class InvalidPage(Exception):
    """A page that cannot be meant: its size, its cursor, or what narrows it."""

    def __init__(self, argument: str, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.argument, self.code, self.message, self.cure = argument, code, message, cure


class Page(NamedTuple):
    """How many records, all older than a revision."""

    first: int
    before: int = NEWEST


class Edge(NamedTuple, Generic[T]):
    """A record and the cursor behind which the next page begins."""

    node: T
    cursor: str


class PageInfo(NamedTuple):
    """Where a page ends, and whether another follows."""

    has_next_page: bool
    end_cursor: str | None
    has_previous_page: bool = False
    start_cursor: str | None = None


class Slice(NamedTuple, Generic[T]):
    """The records of a page; cursors are made of those whose cursor is asked for."""

    nodes: Sequence[T]
    more: bool
    begins_behind: bool
    total: Count
    cursors: Callable[[Sequence[T]], Sequence[str]]

    @property
    def edges(self) -> list[Edge[T]]:
        return [Edge(*each) for each in zip(self.nodes, self.cursors(self.nodes), strict=True)]

    @property
    def page_info(self) -> PageInfo:
        ends = self.cursors([*self.nodes[:1], *self.nodes[-1:]])
        first, last = ends or (None, None)
        return PageInfo(self.more, last, self.begins_behind, first)


class Cursors:
    """Makes and reads cursors: an encrypted block of a revision and the list that it belongs to."""

    def __init__(self, keyring: Keyring) -> None:
        # Each block is met once and is no message, so ECB over one block is all that is needed.
        self._cipher = Cipher(AES(bytes.fromhex(keyring.token("cursors"))), ECB())  # noqa: S305

    def cursors(self, of: str, revisions: Iterable[int]) -> list[str]:
        list_of = crc32(of.encode())
        blocks = b"".join([_block.pack(revision, list_of, 0) for revision in revisions])
        hidden = self._cipher.encryptor().update(blocks)
        return [
            urlsafe_b64encode(hidden[at : at + _block.size]).decode().rstrip("=")
            for at in range(0, len(hidden), _block.size)
        ]

    def revision(self, of: str, cursor: str) -> int:
        """Raises `InvalidPage` for a cursor that is not one of this list."""
        try:
            block = urlsafe_b64decode(f"{cursor}==") if len(cursor) == _LENGTH else b""
        except (NotBase64, ValueError):
            block = b""
        if len(block) == _block.size:
            revision, of_list, zero = _block.unpack(self._cipher.decryptor().update(block))
            if of_list == crc32(of.encode()) and zero == 0:
                return int(revision)
        raise InvalidPage(
            "after",
            "cursor",
            "The cursor is none that this list gave.",
            "Send the `endCursor` of a page of this list, or leave `after` out.",
        )

    def slice(
        self, of: str, wanted: Page, items: Sequence[R], found: int, total: Count
    ) -> Slice[R]:
        """A page of what was found, of which one more was looked for than was asked."""

        def cursors(some: Sequence[R]) -> list[str]:
            return self.cursors(of, [item.revision for item in some])

        return Slice(items, found > wanted.first, wanted.before != NEWEST, total, cursors)

    def page(self, of: str, first: int, after: str | None) -> Page:
        """The page that is asked for. Raises `InvalidPage`."""
        if not 1 <= first <= LARGEST:
            raise InvalidPage(
                "first",
                "first",
                f"A page has from 1 to {LARGEST} records, not {first}.",
                f"Send `first` from 1 to {LARGEST}, and `after` for the next page.",
            )
        return Page(first, NEWEST if after is None else self.revision(of, after))
