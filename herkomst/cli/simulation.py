"""The command that writes a made-up Netherlands."""

from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec
import typer

from herkomst.cli import output
from herkomst.cli.output import Json
from herkomst.cli.progress import progress_bar
from herkomst.simulate import rates
from herkomst.simulate.world import simulate as simulate_world


def simulate(
    dealers: Annotated[int, typer.Option(min=1)],
    purchases: Annotated[int, typer.Option(min=1)],
    seed: Annotated[int, typer.Option()],
    out: Annotated[Path, typer.Option(help="Directory to write to.")],
    stolen: Annotated[int | None, typer.Option(min=0, help="Default: 3.4 a purchase.")] = None,
    staff: Annotated[bool, typer.Option("--staff", help="And staff, and what it reads.")] = False,
    json: Json = False,
) -> None:
    """Write dealers, purchases and stolen goods of made-up persons, and the truth beside them."""
    began = monotonic()
    with progress_bar() as bar:
        tasks = {}

        def progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(f"simulate {name}", total=total, lines="")
            bar.update(tasks[name], completed=done, total=total, lines=f"{done} lines")

        counts = simulate_world(
            out,
            dealers=dealers,
            purchases=purchases,
            stolen=stolen,
            seed=seed,
            staff=staff,
            progress=progress,
        )
    seconds = monotonic() - began
    lines = counts.dealers + counts.purchases + counts.stolen_lines
    told = msgspec.to_builtins(counts)
    told |= told.pop("staff") or {}
    told |= {"seconds": round(seconds, 1), "lines_per_second": round(lines / seconds)}
    if json:
        output.document({**told, "rates": rates.listing()})
    else:
        output.table(told.items())
