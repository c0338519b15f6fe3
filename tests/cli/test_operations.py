"""An operator follows the page of operations, block by block."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herkomst.record.removal import remove
from tests.archives import TILL, a_dealer, a_purchase
from tests.commands import Herkomst

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def blocks(heading: str) -> list[str]:
    """The shell blocks below a heading, in order."""
    (section,) = re.findall(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


class Operator:
    """Runs blocks in a shell where `herkomst` is a command."""

    def __init__(self, herkomst: Herkomst, folder: Path) -> None:
        command = folder / "bin" / "herkomst"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m herkomst "$@"\n')
        command.chmod(0o755)
        self._environ = herkomst.environ | {
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            "BACKUP": str(folder / "backup"),
            "NEW_HOME": str(folder / "new"),
        }

    def follow(self, *shell: str, **variables: str) -> str:
        done = subprocess.run(
            ["sh", "-eu"],
            input="".join(shell),
            env=self._environ | variables,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def folder(herkomst: Herkomst, awake: None) -> Path:
    """Where home and backups lie."""
    return herkomst.home.parent


def imported(herkomst: Herkomst, kind: str, *records: Any) -> None:
    lines = "".join(msgspec.json.encode(record).decode() + "\n" for record in records)
    ended = herkomst("import", "-", "--as", kind, "--source", TILL, stdin=lines)
    assert ended.code == 0, ended.err


@pytest.mark.slow
def test_a_backup_is_made_and_restored_as_the_page_says_and_who_was_erased_stays_erased(
    herkomst: Herkomst, folder: Path
) -> None:
    operator = Operator(herkomst, folder)
    base, portable = blocks("Back up")
    (restore,) = blocks("Restore")
    imported(herkomst, "dealers", a_dealer())
    imported(herkomst, "purchases", a_purchase(key="erased"), a_purchase(key="kept"))
    assert herkomst("work", "--once").code == 0
    # Given a backup that was gone on with, and an erasure after it
    operator.follow(base)
    imported(herkomst, "purchases", a_purchase(key="later"))
    operator.follow(base, portable)
    assert herkomst("erase", f"seller:{TILL}:erased", "--ground", "avg:17").code == 0
    digest = herkomst("digest", "--json").document

    # When another home is made of it
    try:
        told = operator.follow(restore)

        # Then it says the same, erasure included
        assert "The record is intact." in told
        other = Herkomst(folder / "new")
        assert other("work", "--once").code == 0
        assert _fingerprints(other("digest", "--json").document) == _fingerprints(digest)
    finally:
        remove(folder / "new")


@pytest.mark.slow
def test_the_wrapping_key_is_rotated_as_the_page_says(herkomst: Herkomst, folder: Path) -> None:
    rotate, retire = blocks("Rotate the wrapping key")
    imported(herkomst, "purchases", a_purchase(key="under the first"))

    told = herkomst(*rotate.split()[1:], "--json").document
    assert (told["current"], told["added"]) == (2, True)
    refused = herkomst(*retire.split()[1:])
    assert (refused.code, "seconds ago" in refused.err) == (1, True)
    found = (herkomst.home / "kek.json").stat()
    os.utime(herkomst.home / "kek.json", (found.st_atime, found.st_mtime - 3600))
    assert herkomst(*retire.split()[1:], "--json").document == {"retired": [1]}

    assert (herkomst.home / "kek.json.retired").exists()
    assert herkomst("verify").code == 0


def test_what_cannot_be_meant_is_a_usage_error(herkomst: Herkomst, folder: Path) -> None:
    for arguments in (
        ("restore", str(folder), "--here"),
        ("restore", str(folder), "--until", "2026-11-22 14:05"),
        ("rotate", "--add", "--retire"),
    ):
        assert herkomst(*arguments).code == 2


def _fingerprints(document: Any) -> dict[str, str]:
    return {model["name"]: model["sha256"] for model in document}
