"""Commands on who may do what. Who runs the server makes the first administrator here."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from herkomst.access import purpose
from herkomst.access.factsheet import factsheet
from herkomst.access.policy import Action, permit
from herkomst.access.reading import Asked, Question, write
from herkomst.access.tokens import TokenRefused, issue, known_role, known_unit
from herkomst.access.viewer import Reading, Role, operator
from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.domain import controllers
from herkomst.domain.casework.authorisation import AuthorisationRefused, Authorisations, Grant
from herkomst.investigations.known import end_of
from herkomst.record import authorisations
from herkomst.record.archive import Archive, open_archive
from herkomst.record.authorisations import Appended

log = logging.getLogger(__name__)
PURPOSE, GROUND = "duty:authorisation", "wpg:6"
Subject = Annotated[str, typer.Argument(help="A person by his `sub`, a system as client:ID.")]
Why = Annotated[str, typer.Option(help="At whose written request, and for what.")]


def authorise(
    context: typer.Context,
    subject: Subject,
    role: Annotated[str, typer.Option(help="Such as administrator, or source for a system.")],
    unit: Annotated[str, typer.Option(help="Of a source, dealer or depot: its source.")],
    until: Annotated[str, typer.Option(help="Last day, such as 2027-03-01.")],
    why: Why = "By who runs the server.",
    json: Json = False,
) -> None:
    """Authorise somebody until a day, journaled; also the first administrator."""
    try:
        named, of, ends = known_role(role), known_unit(unit), _end(until)
    except TokenRefused as error:
        exits.end(exits.USAGE, str(error))
    reading = _reading(Action.GRANT_AUTHORISATION)
    by = reading.viewer.subject
    asked = {"subject": subject, "role": role, "unit": unit, "until": until, "why": why}

    def act(archive: Archive) -> Appended:
        now = datetime.now(UTC)
        return authorisations.act_on(
            archive.casework,
            subject,
            lambda a, seal: a.grant(subject, named, of, now, ends, seal(why), by=by, now=now),
            actor=f"user:{by}",
            ground=GROUND,
            unit=of,
        )

    with open_archive(context.obj) as archive:
        done = _journaled(archive, reading, Question("authorise", asked, "command"), act)
    _tell([done], json=json)


def deauthorise(
    context: typer.Context,
    subject: Subject,
    role: Annotated[str | None, typer.Option(help="Only this role; all without it.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only this unit; all without it.")] = None,
    why: Why = "By who runs the server.",
    json: Json = False,
) -> None:
    """End what somebody is authorised for, at once and journaled."""
    reading = _reading(Action.END_AUTHORISATION)
    asked = {"subject": subject, "role": role, "unit": unit, "why": why}
    question = Question("deauthorise", asked, "command")
    with open_archive(context.obj) as archive:
        standing = authorisations.of(archive.casework, subject)
        ended = [
            _journaled(archive, reading, question, _ending(reading, subject, grant, why))
            for grant in _meant(standing, role, unit)
        ]
    if not ended:
        exits.end(exits.FAILED, f"No such authorisation of {subject} holds or is to begin.")
    _tell(ended, json=json)


def token(
    context: typer.Context,
    role: Annotated[str, typer.Option()],
    unit: Annotated[str, typer.Option()],
    ttl: Annotated[int, typer.Option(help="Seconds.")] = 3600,
    json: Json = False,
) -> None:
    """Make a token, only where development login is on."""
    issued = issue(context.obj, role, unit, ttl)
    if controllers.of_staff(role, unit) == controllers.UNLISTED:
        log.warning("nobody knows whose unit %r is: here it is played as of the police", unit)
    if json:
        output.document({"token": issued.token, "expires_at": issued.expires_at})
    else:
        output.line(issued.token)


def policy() -> None:
    """Print who may do what, as the factsheet for police and prosecutors."""
    output.line(factsheet().rstrip())


def _meant(standing: Authorisations, role: str | None, unit: str | None) -> list[Grant]:
    """Those that hold or are to begin, narrowed to what was named."""
    now = datetime.now(UTC)
    return [
        grant
        for grant in standing.grants.values()
        if grant.until > now and role in (None, grant.role) and unit in (None, grant.unit)
    ]


def _ending(
    reading: Reading, subject: str, grant: Grant, why: str
) -> Callable[[Archive], Appended]:
    def act(archive: Archive) -> Appended:
        return authorisations.act_on(
            archive.casework,
            subject,
            lambda a, seal: a.end(grant.name, seal(why), datetime.now(UTC)),
            actor=f"user:{reading.viewer.subject}",
            ground=GROUND,
            unit=grant.unit,
            ending=grant.name,
        )

    return act


def _reading(action: Action) -> Reading:
    """Of who runs the command, as an administrator. Raises `NotPermitted`."""
    reading = purpose.Asked.parse(PURPOSE, GROUND).by(operator(Role.ADMINISTRATOR))
    return permit(reading, action).reading


def _journaled(
    archive: Archive, reading: Reading, question: Question, act: Callable[[Archive], Appended]
) -> Appended:
    """Journal the attempt, act, and journal the outcome, as for who asks over the API."""
    asked = Asked(archive, reading, question)
    write(archive, asked.attempted())
    try:
        done = act(archive)
    except AuthorisationRefused as error:
        write(archive, asked.concluded(error.code, ()))
        raise
    write(archive, asked.concluded("done", (f"casework={done.position}",)))
    return done


def _end(until: str) -> datetime:
    try:
        return end_of(date.fromisoformat(until))
    except ValueError:
        exits.end(exits.USAGE, f"{until!r} is no day; write 2027-03-01.")


def _tell(done: list[Appended], *, json: bool) -> None:
    told = [{"authorisation": each.id, "position": each.position} for each in done]
    if json:
        output.document({"authorisations": told})
    else:
        output.table(each.values() for each in told)
