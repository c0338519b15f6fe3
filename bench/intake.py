"""intake: durable NDJSON over HTTP, against `append` of the same records in the same run.

The server is `herkomst serve` as a process of its own; one client posts bodies of a thousand lines
and reads every receipt. The peer calls the public method on typed records, without HTTP or JSON.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import httpx2

from bench.report import report
from bench.world import made_up_world, records
from herkomst import memory
from herkomst.domain.batches import batched
from herkomst.record.archive import open_archive
from herkomst.record.removal import remove
from herkomst.settings import Settings

BATCH = 1000
PORT = "18937"
URL = f"http://127.0.0.1:{PORT}"


def main(purchases: int, rounds: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="herkomst-bench-"))
    home.chmod(0o755)
    environ = {"HERKOMST_HOME": str(home), "HERKOMST_DEV_LOGIN": "1", "HERKOMST_PORT": PORT}
    world = made_up_world(dealers=300, purchases=2 * rounds * purchases, stolen=0, seed=1)
    try:
        with world as files, open_archive(Settings.read(environ)) as archive:
            archive.register.take_in(records(files, "dealers"), actor="user:bench")
            server = subprocess.Popen(_herkomst("serve"), env=os.environ | environ)
            lines = (files / "purchases.ndjson").read_bytes().splitlines()
            typed = records(files, "purchases")
            memory.settle()
            try:
                with httpx2.Client(base_url=URL, timeout=60, headers=_login(environ)) as client:
                    _wait_for(client)
                    ours, theirs = [], []
                    for start in range(0, 2 * rounds * purchases, 2 * purchases):
                        middle, end = start + purchases, start + 2 * purchases
                        ours.append(purchases / _post(client, lines[start:middle]))
                        begun = perf_counter()
                        batches = batched(typed[middle:end], BATCH)
                        for _ in archive.register.take_in_batches(batches, actor="user:bench"):
                            pass
                        theirs.append(purchases / (perf_counter() - begun))
            finally:
                server.terminate()
                server.wait(timeout=30)
    finally:
        remove(home)
    ratios = [mine / theirs_ for mine, theirs_ in zip(ours, theirs, strict=True)]
    report(
        "intake",
        {
            "purchases": purchases,
            "rounds": rounds,
            "intake_per_second": round(median(ours)),
            "append_per_second": round(median(theirs)),
            "ratio": round(median(ratios), 3),
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "goal": 0.5,
        },
    )


def _herkomst(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "herkomst", "-q", *arguments]


def _login(environ: dict[str, str]) -> dict[str, str]:
    command = _herkomst("token", "--role", "source", "--unit", "dor")
    token = subprocess.run(
        command, env=os.environ | environ, capture_output=True, text=True, check=True
    )
    return {
        "Authorization": f"Bearer {token.stdout.strip()}",
        "Content-Type": "application/x-ndjson",
    }


def _wait_for(client: httpx2.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/livez").status_code == 200:
                return
        except httpx2.ConnectError:
            sleep(0.1)
    raise SystemExit("The server did not come up.")


def _post(client: httpx2.Client, lines: list[bytes]) -> float:
    begun = perf_counter()
    for some in batched(lines, BATCH):
        answer = client.post("/v1/purchases", content=b"\n".join(some))
        if answer.text.count('"accepted"') != len(some):
            raise SystemExit(f"Not every line was accepted: {answer.text[:500]}")
    return perf_counter() - begun


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=10_000, help="a round, each way")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.purchases, arguments.rounds)
