"""Commands on the record itself: bringing it up, and reading all of it again."""

import typer

from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.record.archive import migrate as migrate_urls
from herkomst.record.archive import open_archive, open_urls
from herkomst.record.verification import verify as verify_record

_CURE = (
    "Leave the database as it is, because it is evidence, and restore a backup from before the "
    "change into another home; `herkomst verify` there says whether it is whole."
)


def migrate(context: typer.Context, json: Json = False) -> None:
    """Bring the database to this version's schema, as its owner."""
    with open_urls(context.obj) as urls:
        ran = migrate_urls(urls)
    if json:
        output.document({"ran": ran})
    else:
        output.line("\n".join(ran) if ran else "Nothing to do.")


def verify(context: typer.Context, json: Json = False) -> None:
    """Read the whole record again, and name what was tampered with."""
    with open_archive(context.obj) as archive:
        found = list(verify_record(archive))
    if json:
        output.document({"intact": not found, "findings": found})
    else:
        output.line("\n".join(f.message for f in found) or "The record is intact.")
    if found:
        exits.end(exits.BROKEN, _CURE)
