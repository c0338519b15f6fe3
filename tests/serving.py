"""The application served over real HTTP, and who asks it."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import uvicorn

from herkomst.access.tokens import issue
from herkomst.app import create_app
from herkomst.domain.register.records import Identifier, Record
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive
from herkomst.settings import Settings
from tests.archives import ACTOR, a_line, a_purchase, a_stolen_good, a_stolen_item

DETECTIVE = "district_detective"
OFFICER = "authorised_officer"

ROOTLESS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS, and to read the roots of the web takes longer than most tests."""


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class Served:
    """The application on a port of this machine, until it is left."""

    def __init__(self, archive: Archive, settings: Settings) -> None:
        self.archive, self.settings = archive, settings
        self._socket = create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(archive, settings), log_config=None, timeout_graceful_shutdown=1
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self.client = httpx.Client(base_url=self.url, timeout=120, verify=ROOTLESS)

    @property
    def url(self) -> str:
        host, port = self._socket.getsockname()
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._server.listening.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def token(self, role: str = DETECTIVE, unit: str = "amsterdam", ttl: int = 600) -> str:
        return issue(self.settings, role, unit, ttl).token

    def headers(
        self,
        role: str = DETECTIVE,
        purpose: str = "duty:acceptance",
        ground: str = "wpg:8",
        unit: str = "amsterdam",
        **more: str,
    ) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token(role, unit)}",
            "Herkomst-Purpose": purpose,
            "Herkomst-Ground": ground,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }

    def ask(
        self, query: str, variables: dict[str, Any] | None = None, **who: str
    ) -> httpx.Response:
        """One question, as a detective on a case unless `who` says another."""
        body = {"query": query, "variables": variables}
        return self.client.post("/graphql", json=body, headers=self.headers(**who))

    def told(self, query: str, variables: dict[str, Any] | None = None, **who: str) -> Any:
        """What is told of a question that is answered."""
        body = self.ask(query, variables, **who).json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    def nodes(self, root: str, fields: str = "id", **who: str) -> list[Any]:
        """The nodes of the first page of a list, such as `hits(first: 10)`."""
        ((_, page),) = self.told(f"{{ {root} {{ nodes {{ {fields} }} }} }}", None, **who).items()
        nodes: list[Any] = page["nodes"]
        return nodes


@contextmanager
def serving(archive: Archive, home: Path, **settings: Any) -> Iterator[Served]:
    """The application over an archive; development login is on unless it is said to be off."""
    chosen = Settings(home=home, kek_file=home / "kek.json", **{"dev_login": True, **settings})
    with Served(archive, chosen) as served:
        yield served


def follow(archive: Archive) -> None:
    """Let all followers come to the end of what is recorded."""
    Runner(archive.urls.app, followers(archive)).run(once=True)


def journal(archive: Archive) -> list[Any]:
    """What the journal says, in order."""
    with archive.database.connection() as connection:
        return [fact.data for fact in archive.journal.recorder.reader.after(connection, 0, 10_000)]


def opened(archive: Archive) -> list[Any]:
    """What was asked, unsealed, in order."""
    with archive.database.connection() as connection:
        facts = archive.journal.recorder.reader.after(connection, 0, 10_000)
        keys = archive.journal.vault.keys(connection, {fact.stream for fact in facts})
    return [
        msgspec.json.decode(keys[fact.stream].open(fact.data.asked))
        for fact in facts
        if hasattr(fact.data, "asked")
    ]


def pair(number: int, handling: str = "open", **changes: Any) -> list[Record]:
    """A bicycle that was sold after it was stolen, so that both make a hit."""
    frame = [Identifier(type="frame", value=f"GZ4711{number:04d}")]
    return [
        a_purchase(key=f"purchase-{number}", items=[a_line(identifiers=frame)]),
        a_stolen_item(
            key=f"stolen-{number}",
            report=f"PL1300-20260{number:05d}",
            handling=handling,
            item=a_stolen_good(identifiers=frame, **changes),
        ),
    ]


def take_in(archive: Archive, *records: Record) -> None:
    """Take records in, and let everything follow."""
    receipts = archive.register.take_in(list(enumerate(records, 1)), actor=ACTOR)
    assert {receipt.status for receipt in receipts} == {"accepted"}
    follow(archive)
