"""The product as the processes an operator runs, with what memory and CPU each of them takes.

Figures come from /proc, so these benches run on Linux alone. The server's processes share their
buffers; its memory is what each has for itself, and the shared part once.
"""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple

import httpx2
import msgspec

from herkomst.record.postgres import EmbeddedPostgres, embedded

DRAIN = 30
"""Seconds that a process has to end after SIGTERM."""
OFTEN = 1.0
"""Seconds between two looks at the memory."""
PROCESSES = Path("/proc")
Look = Callable[[], None]
"""What is done every second while a command runs."""
_TICKS = os.sysconf("SC_CLK_TCK")
_FIELD = re.compile(r"^(VmHWM|RssAnon|RssShmem):\s+(\d+) kB$", re.MULTILINE)


class Finished(NamedTuple):
    """A command that ran to its end, the seconds it took, and the CPU of it and its children."""

    told: Any
    seconds: float
    cpu: float


class Product:
    """Commands over one home. What was started is stopped again when the block is left."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.database: EmbeddedPostgres = embedded(home)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.memory = Memory()
        # A variable of another database must not lead ten million purchases there.
        ours = {k: v for k, v in os.environ.items() if not k.startswith("HERKOMST_")}
        self._environ = ours | {
            "HERKOMST_HOME": str(home),
            "HERKOMST_DEV_LOGIN": "1",
            "HERKOMST_PORT": str(port),
        }

    def __enter__(self) -> "Product":
        self.database.start()
        pid = self.database.status().pid
        assert pid is not None
        self.memory.server = pid
        self.memory.begin()
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.running):
            self.stop(name)
        self.memory.end()
        self.database.stop()

    def start(self, name: str, *arguments: str) -> None:
        """Start a command that stays."""
        process = subprocess.Popen(_herkomst(arguments), env=self._environ)
        self.running[name] = process
        self.memory.watched[name] = process.pid

    def stop(self, name: str) -> None:
        """End one of them in order, and hard when it does not."""
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(timeout=DRAIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def check(self) -> None:
        """Raise when a process that should stay has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise SystemExit(f"`herkomst {name}` ended with {process.returncode}.")

    def told(self, *arguments: str) -> Any:
        """What a command tells as JSON."""
        return self.finish(arguments[0], [*arguments, "--json"], nothing).told

    def finish(self, name: str, arguments: Sequence[str], look: Look) -> Finished:
        """Run a command to its end, looking around meanwhile."""
        began, before = monotonic(), _cpu_of_ended()
        with subprocess.Popen(
            _herkomst(arguments), env=self._environ, stdout=subprocess.PIPE
        ) as process:
            self.memory.watched[name] = process.pid
            try:
                output = self._output(process, look)
            except BaseException:
                process.terminate()
                raise
        if process.returncode not in {0, 3}:  # 3: done, and some rows were rejected.
            raise SystemExit(f"`herkomst {' '.join(arguments)}` ended with {process.returncode}.")
        told = msgspec.json.decode(output) if output else None
        return Finished(told, round(monotonic() - began, 2), round(_cpu_of_ended() - before, 1))

    def _output(self, process: "subprocess.Popen[bytes]", look: Look) -> bytes:
        while True:
            try:
                return process.communicate(timeout=OFTEN)[0]
            except subprocess.TimeoutExpired:
                self.check()
                look()

    def login(self, role: str, unit: str) -> dict[str, str]:
        """The header of somebody who may stay for a day."""
        token = self.told("token", "--role", role, "--unit", unit, "--ttl", "86400")["token"]
        return {"Authorization": f"Bearer {token}"}

    def serve(self, processes: int = 1) -> None:
        """Start the server, and wait until it answers."""
        self.start("serve", "serve", "--processes", str(processes))
        with httpx2.Client(base_url=self.url, trust_env=False) as client:
            for _ in range(300):
                with suppress(httpx2.ConnectError):
                    if client.get("/livez").status_code == 200:
                        return
                self.check()
                sleep(0.1)
        raise SystemExit("The server did not come up.")

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of what stays and of the database."""
        told = {name: _cpu(process.pid) for name, process in self.running.items()}
        return told | {"postgres": _cpu(self.memory.server)}

    @contextmanager
    def costs(self) -> Iterator[dict[str, Any]]:
        """What the processes that stay took in the block; filled in when it is left."""
        told: dict[str, Any] = {}
        before = self.cpu()
        self.memory.forget()
        yield told
        told["cpu_seconds"] = {
            name: round(now - before.get(name, 0.0), 1) for name, now in self.cpu().items()
        }
        told["peak_mib"] = self.memory.peaks()


def nothing() -> None:
    """Look at nothing."""


def _herkomst(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "herkomst", "-q", *arguments]


class Memory:
    """The most memory that each watched process and each of its children had, in MiB."""

    def __init__(self) -> None:
        self.watched: dict[str, int] = {}
        self.server = 0
        self._peaks: dict[str, dict[int, int]] = {}
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="memory", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def forget(self) -> None:
        """Begin anew; a process that stays keeps the peak it had before."""
        self._peaks = {}

    def peaks(self) -> dict[str, list[int]]:
        """Of each name: the process first, then its children, the largest first."""
        told = {}
        for name, peaks in self._peaks.items():
            first, *rest = [round(size / 1024) for size in peaks.values()]
            told[name] = [first, *sorted(rest, reverse=True)]
        return told

    def _watch(self) -> None:
        while not self._stop.wait(OFTEN):
            for name, pid in list(self.watched.items()):
                sizes = {one: _memory(one).get("VmHWM", 0) for one in _family(pid)}
                if not any(sizes.values()):
                    self.watched.pop(name, None)
                    continue
                self._note(name, sizes)
            self._note("postgres", {self.server: _shared_once(_family(self.server))})

    def _note(self, name: str, sizes: dict[int, int]) -> None:
        peaks = self._peaks.setdefault(name, {})
        for pid, size in sizes.items():
            peaks[pid] = max(peaks.get(pid, 0), size)


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for parent in found:
        for children in (PROCESSES / f"{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, children.read_text().split())
    return found


def _memory(pid: int) -> dict[str, int]:
    try:
        status = (PROCESSES / f"{pid}/status").read_text()
    except OSError:
        return {}
    return {name: int(size) for name, size in _FIELD.findall(status)}


def _shared_once(pids: Sequence[int]) -> int:
    sizes = [_memory(pid) for pid in pids]
    shared = max((size.get("RssShmem", 0) for size in sizes), default=0)
    return shared + sum(size.get("RssAnon", 0) for size in sizes)


def _cpu(pid: int) -> float:
    """CPU seconds of a process, its children, and those of them that ended."""
    return sum(map(_cpu_alone, _family(pid)))


def _cpu_alone(pid: int) -> float:
    try:
        stat = (PROCESSES / f"{pid}/stat").read_text()
    except OSError:
        return 0.0
    # Behind the name, which may hold blanks: utime, stime, cutime and cstime are fields 14 to 17.
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS


def _cpu_of_ended() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
