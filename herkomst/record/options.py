"""What the embedded server is told: where it listens, and how it uses the machine it is on."""

import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

SOCKET_PATH_LIMIT = 107
MEBIBYTE = 1024 * 1024


class Address(msgspec.Struct, frozen=True):
    """Where the server listens: a directory with its socket, and a port on 127.0.0.1."""

    socket: str
    port: int


def options(address: Address, log: Path, *, durable: bool) -> Iterator[tuple[str, str]]:
    """The settings of a server that listens there and writes its log there; one that is not durable
    loses what it has when the machine goes down."""
    memory = _memory() // MEBIBYTE
    disk = shutil.disk_usage(log.parent).free // MEBIBYTE
    yield from {
        "listen_addresses": "127.0.0.1",
        "port": str(address.port),
        "unix_socket_directories": f'"{address.socket}"',
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{_clamp(memory // 4, 32, 4096 if durable else 128)}MB",
        "effective_cache_size": f"{max(memory // 2, 64)}MB",
        "wal_level": "replica",
        # Ids are random, so every index has its next row on another page, and the first change of
        # a page after a checkpoint writes the whole of it to the log: checkpoints must be rare.
        "max_wal_size": f"{_clamp(disk // 8, 1024, 16_384)}MB",
        "min_wal_size": "80MB",
        # What waits for a backup that nobody continues does not fill the disk.
        "max_slot_wal_keep_size": "4GB",
        # A segment that is kept for later use keeps what was written in it: the data key of an
        # erased person for as long as nothing overwrites it. One that is removed is gone.
        "wal_recycle": "off",
        "checkpoint_timeout": "15min",
        "autovacuum": "on",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": str(log),
        "log_filename": "postgres-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        # Details and statements of an error may hold names of persons.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }.items()
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        yield name, "on" if durable else "off"


def as_file(told: Mapping[str, str]) -> bytes:
    """Settings as a file of them."""
    return "".join(f"{name} = {quoted(value)}\n" for name, value in told.items()).encode()


def quoted(value: str) -> str:
    """A value as a file of settings has it."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _memory() -> int:
    """Bytes of memory of this machine, or of the container it is limited to."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.is_file() else "max"
    return min(physical, int(allowed)) if allowed.isdigit() else physical


def _clamp(value: int, lowest: int, highest: int) -> int:
    return max(lowest, min(value, highest))


def fits_socket(directory: Path) -> bool:
    """Whether a socket in this directory has a name that is short and plain enough."""
    # A comma separates hosts, and a quote ends the name, wherever a socket directory is written.
    longest = len(os.fsencode(directory / ".s.PGSQL.65535"))
    return longest <= SOCKET_PATH_LIMIT and not set(str(directory)) & {",", '"'}


def is_free(port: int) -> bool:
    """Whether nobody listens there on this host."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port below those that systems lend to outgoing connections."""
    while not is_free(port := 15_000 + secrets.randbelow(17_000)):
        pass
    return port
