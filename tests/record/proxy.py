"""A way to the server that breaks at a commit."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Literal
from urllib.parse import urlsplit

from herkomst.record.postgres import APP, EmbeddedPostgres

Break = Literal["before", "after"]
_COMMIT = b"COMMIT\0"
_CHUNK = 1 << 16


class Proxy:
    """Carries connections over 127.0.0.1, and cuts one when its commit comes by."""

    def __init__(self, server: EmbeddedPostgres, database: str) -> None:
        self._target = urlsplit(server.tcp_url(APP, database))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.breaks: list[Break] = []
        """How the next commits break: before they reach the server, or after it did them."""
        self.broken = 0
        self.refuses = False
        """Whether whoever connects is cut off at once, as by a server that is down."""
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        place = self._target.netloc.replace(f":{self._target.port}", f":{port}")
        return self._target._replace(netloc=place).geturl()

    def close(self) -> None:
        _shut(self._listener)  # Closed alone, it would accept one more.
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refuses:
                    _shut(client)
                    client.close()
                    continue
                Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        address = ("127.0.0.1", self._target.port or 0)
        with client, socket.create_connection(address) as server:
            answers = Thread(target=_pump, args=(server, client), daemon=True)
            answers.start()
            with suppress(OSError):
                while data := client.recv(_CHUNK):
                    if _COMMIT in data and self.breaks:
                        self._break(self.breaks.pop(0), data, client, server)
                        return
                    server.sendall(data)
            _shut(server)
            answers.join()

    def _break(self, how: Break, data: bytes, client: socket.socket, server: socket.socket) -> None:
        self.broken += 1
        _shut(client)
        if how == "after":
            server.sendall(data + b"X\0\0\0\4")  # The commit, and the end of the session behind it.
            with suppress(OSError):
                while server.recv(_CHUNK):
                    pass
        _shut(server)


@contextmanager
def proxy_to(server: EmbeddedPostgres, database: str) -> Iterator[Proxy]:
    proxy = Proxy(server, database)
    try:
        yield proxy
    finally:
        proxy.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
