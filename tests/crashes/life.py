"""A home while records come in, and what is killed in it meanwhile."""

import json
import os
import random
import secrets
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal, TypeVar, get_args

import httpx

from herkomst.cli.exits import SERVER_DOWN
from herkomst.domain.batches import batched
from herkomst.domain.events import Recorded
from herkomst.record.database import LOST, DatabaseDown, connect
from herkomst.record.postgres import EmbeddedPostgres, embedded
from herkomst.record.reader import SequenceReader
from herkomst.record.removal import remove
from tests.commands import Herkomst
from tests.crashes.world import TILLS, Delivery

Result = TypeVar("Result")
Victim = Literal["import", "followers", "server", "backend", "postmaster"]
VICTIMS: tuple[Victim, ...] = get_args(Victim)
PATIENCE = 60.0
"""Seconds for what takes two when nothing is wrong."""
POST = 2
"""Purchases that a till sends at once: so few that posting takes about as long as an import, and
each receipt is a moment of it."""
SHORTLY = 0.1
"""Seconds within which the kill comes once so many receipts are heard: about as long as a batch of
an import takes, so that it falls anywhere in one."""


class Life:
    """One home with its processes, and everything that it told a till.

    The victims, their order, and how many receipts are heard before each dies are drawn from the
    seed. The processes go their own pace, so that a seed narrows a failure down, and is no replay.
    """

    def __init__(self, home: Path, seed: int, tills: ThreadPoolExecutor) -> None:
        port = _a_port()
        self.herkomst = Herkomst(
            home, HERKOMST_DEV_LOGIN="1", HERKOMST_PORT=str(port), HERKOMST_METRICS_PORT="0"
        )
        self.told: dict[str, dict[str, Any]] = {}
        """The first receipt of each record that was posted, by its key."""
        self.due = 0
        """Where the register stands once all that was delivered is in."""
        self.seed = seed
        self._url = f"http://127.0.0.1:{port}"
        self._token = ""
        self._heard = 0
        self._draw = random.Random(seed)  # noqa: S311
        self._kills: list[str] = []
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._database = embedded(home)
        self._tills = tills

    def __str__(self) -> str:
        kills = [f"  kill {number}: {kill}" for number, kill in enumerate(self._kills, 1)]
        logs = [f"  {name} said last: {self._last_words(name)}" for name in self._processes]
        return "\n".join([f"seed {self.seed}", *kills, *logs])

    def begin(self, dealers: Delivery) -> None:
        """Start server and followers, both on a home that is not there yet, and notify dealers."""
        self._serve()
        self._work()
        self.due += dealers.events
        self._import(dealers)
        self._see_imported(dealers)
        ended = self.herkomst("token", "--role", "source", "--unit", TILLS, "--json")
        self._token = f"Bearer {ended.document['token']}"

    def follow(self) -> None:
        """Wait until everything has followed."""
        self._keep_alive()
        ended = self.herkomst("wait", "--register", str(self.due), "--timeout", str(PATIENCE))
        assert ended.code == 0, ended.err

    def end(self) -> None:
        """Tell both to stop; they have lived until now, and stop in order."""
        for name in ("server", "followers"):
            process = self._processes[name]
            assert process.poll() is None, f"{name} ended by itself: {self._last_words(name)}"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 128 + signal.SIGTERM, self._last_words(name)

    def abandon(self) -> None:
        """Leave nothing behind, whatever happened."""
        for process in self._processes.values():
            kill(process)
        remove(self.herkomst.home)

    def victims(self, count: int) -> list[Victim]:
        """So many, each kind as often as the others, in an order of this life."""
        rounds, more = divmod(count, len(VICTIMS))
        chosen = [*VICTIMS * rounds, *self._draw.sample(VICTIMS, more)]
        self._draw.shuffle(chosen)
        return chosen

    def facts(self, sequence: str) -> list[Recorded]:
        """All of a sequence."""
        reader = SequenceReader(sequence)
        with connect(self._database.app_url, "herkomst test") as connection:
            return reader.after(connection, 0, reader.head(connection))

    # Delivering

    def take_in_while_killing(self, delivery: Delivery, victim: Victim) -> None:
        """Deliver, kill at a moment of it, and repeat what had no answer."""
        receipts = self._draw.randrange(len(delivery.posted))
        shortly = self._draw.random() * SHORTLY
        self._kills.append(f"{victim} in delivery {delivery.number}, behind {receipts} receipts")
        self.due += delivery.events
        moment = self._heard + receipts
        self._import(delivery)
        posting = self._tills.submit(self._post, delivery.posted)
        until(lambda: self._heard >= moment or posting.done())
        sleep(shortly)
        self._kill(victim, delivery)
        until(lambda: self._is_posted(posting))
        self._see_imported(delivery)

    def _import(self, delivery: Delivery) -> None:
        file = self._beside(f"{delivery.number}.ndjson")
        file.write_bytes(b"".join(delivery.lines))
        source = ("--source", delivery.source)
        self._start("import", "import", str(file), "--as", delivery.format, *source, "--json")

    def _see_imported(self, delivery: Delivery) -> None:
        out, _ = self._processes["import"].communicate(timeout=PATIENCE)
        if self._found_no_database("import"):
            self._import(delivery)
            out, _ = self._processes["import"].communicate(timeout=PATIENCE)
        assert self._processes["import"].returncode == 0, self._last_words("import")
        told = json.loads(out)
        assert told["read"] == len(delivery.lines)
        assert told["read"] == told["accepted"] + told["duplicate"] + told["amended"], told

    def _is_posted(self, posting: Future[None]) -> bool:
        """Whether all is answered; meanwhile what found no database is started again."""
        self._keep_alive()
        if posting.done():
            posting.result()
        return posting.done()

    def _post(self, lines: Sequence[bytes]) -> None:
        """Post lines as a till does: until each is answered, however often."""
        with httpx.Client(base_url=self._url, timeout=PATIENCE) as till:
            for some in batched(lines, POST):
                until(partial(self._post_once, till, list(some)))

    def _post_once(self, till: httpx.Client, waiting: list[bytes]) -> bool:
        """Send what waits for an answer; whether nothing waits any more."""
        with suppress(httpx.TransportError):
            for receipt in self._answers(till, waiting):
                self._hear(receipt)
                del waiting[0]
        return not waiting

    def _answers(self, till: httpx.Client, lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
        headers = {"Authorization": self._token, "Content-Type": "application/x-ndjson"}
        body = b"".join(lines)
        with till.stream("POST", "/v1/purchases", content=body, headers=headers) as answer:
            if answer.status_code != 503:  # Else it waits, and is sent again.
                assert answer.status_code == 200, answer.read().decode()
                yield from map(json.loads, answer.iter_lines())

    def _hear(self, receipt: dict[str, Any]) -> None:
        """A repeat is a duplicate, and its receipt says what the first one said."""
        self._heard += 1
        first = self.told.setdefault(receipt["key"], receipt)
        assert receipt["status"] == "duplicate" or receipt is first, (first, receipt)
        assert receipt["status"] in ("accepted", "duplicate"), receipt
        for what in ("id", "register_number"):
            assert receipt[what] == first[what], (first, receipt)

    # Killing

    def _kill(self, victim: Victim, delivery: Delivery) -> None:
        """Kill it, and start it again unless that is for those who use it."""
        if victim == "import":
            self._kill_import(delivery)
        elif victim == "followers":
            kill(self._processes[victim])
            self._work()
        elif victim == "server":
            kill(self._processes[victim])
            self._serve()
        elif victim == "backend":
            os.kill(self._draw.choice(until(self._backends)), signal.SIGKILL)
        else:
            os.kill(until(lambda: self._database.status().pid), signal.SIGKILL)

    def _kill_import(self, delivery: Delivery) -> None:
        if self._processes["import"].poll() is not None:  # It was faster: a repeat is killed.
            self._see_imported(delivery)
            self._import(delivery)
            sleep(self._draw.random())
        kill(self._processes["import"])
        self._import(delivery)

    def _backends(self) -> list[int]:
        """The processes of the database that serve one of ours."""
        statement = (
            "SELECT pid FROM pg_stat_activity WHERE usename = current_user "
            "AND pid <> pg_backend_pid() ORDER BY pid"
        )
        with suppress(*LOST, DatabaseDown), connect(self._database.app_url, "herkomst test") as c:
            return [row[0] for row in c.execute(statement)]
        return []

    # Processes

    def _keep_alive(self) -> None:
        """Do what a supervisor does: start again what began while the database was away."""
        if self._found_no_database("server"):
            self._serve()
        if self._found_no_database("followers"):
            self._work()

    def _found_no_database(self, name: str) -> bool:
        """Whether this ended because the database died while it was opened."""
        if self._processes[name].poll() != SERVER_DOWN:
            return False
        self._kills[-1] += f"; the {name} found no database"
        kill(self._processes[name])
        return True

    def _serve(self) -> None:
        """The server; by chance with followers too: then these stand by, or the others do."""
        self._start("server", "serve", *(["--work"] if self._draw.random() < 0.5 else []))

    def _work(self) -> None:
        self._start("followers", "work")

    def _start(self, name: str, *arguments: str) -> None:
        with self._beside(f"{name}.log").open("a") as log:
            self._processes[name] = self.herkomst.start(*arguments, err=log)

    def _last_words(self, name: str) -> str:
        return self._beside(f"{name}.log").read_text()[-1500:]

    def _beside(self, name: str) -> Path:
        home = self.herkomst.home
        return home.with_name(f"{home.name}-{name}")


@contextmanager
def living(home: Path, seed: int) -> Iterator[Life]:
    """A life that leaves nothing behind; what breaks in it is told with its seed and its kills."""
    with ExitStack() as stack:
        life = Life(home, seed, stack.enter_context(ThreadPoolExecutor(1)))
        stack.callback(life.abandon)
        try:
            yield life
        except BaseException as error:
            error.add_note(str(life))
            raise


def position(database: EmbeddedPostgres) -> int:
    """How far the register is; 0 while the database is away."""
    with suppress(*LOST, DatabaseDown), connect(database.app_url, "herkomst test") as connection:
        return SequenceReader("register").head(connection)
    return 0


def until(happened: Callable[[], Result | None]) -> Result:
    """What this says as soon as it is something."""
    ends = monotonic() + PATIENCE
    while not (result := happened()):
        assert monotonic() < ends, f"{happened} did not happen within {PATIENCE} seconds"
        sleep(0.02)
    return result


def kill(process: subprocess.Popen[str]) -> None:
    """Kill it without notice, and see that it is gone."""
    with process:
        process.kill()


def _a_port() -> int:
    """A free port that is not lent to outgoing connections while the server is away."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = 20_000 + secrets.randbelow(10_000)
            probe.bind(("127.0.0.1", port))
            return port
