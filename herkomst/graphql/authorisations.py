"""Who is authorised (art. 6 Wpg): the shapes, granting, and ending before the term."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.access.viewer import Role as Roles
from herkomst.domain.casework.authorisation import AuthorisationRefused as Refused
from herkomst.graphql.context import Info
from herkomst.graphql.enums import Role
from herkomst.graphql.fields import mutation, parsed_id, right_of, shape_of, told
from herkomst.graphql.refusals import AuthorisationRefused, NotPermitted, UnknownAuthorisation
from herkomst.investigations import authorisations
from herkomst.record.authorisations import Appended
from herkomst.record.authorisations import UnknownAuthorisation as NoSuchAuthorisation


@strawberry.type(description="Who may act in which role, for which unit, until when.")
@shape_of(authorisations.Authorisation)
class Authorisation:
    id: strawberry.ID = told("Id of the authorisation.")
    subject: str = told("A person by the `sub` of the identity provider, a system as client:ID.")
    role: Role = told("In which role.")
    unit: str = told("For which unit; of a source, dealer or depot the source it hands in for.")
    since: datetime = told("First moment at which it holds.")
    until: datetime = told("First moment at which it no longer holds.")
    holds: bool = told("Whether it holds now.")
    granted_by: str = told("Who granted it.")
    why: str | None = told("At whose request, and for what; null where it was destroyed.")
    ended_at: datetime | None = told("When it was ended before its term.")
    ended_by: str | None = told("Who ended it.")
    ended_why: str | None = told("Why it was ended.")


@strawberry.type(description="It was recorded, and holds or ends from now on.")
@shape_of(Appended)
class AuthorisationDone:
    id: strawberry.ID = told("Id of the authorisation.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


AuthorisationResult = Annotated[
    AuthorisationDone | NotPermitted | AuthorisationRefused | UnknownAuthorisation,
    strawberry.union("AuthorisationResult", description="What was granted or ended, or why not."),
]


@strawberry.type(description="What administrators do. Each is journaled before and after.")
class AuthorisationWork:
    @mutation(
        AuthorisationResult,
        "Authorise somebody else, from now or later, until a moment.",
        Action.GRANT_AUTHORISATION,
    )
    async def grant_authorisation(
        self,
        info: Info,
        subject: str,
        role: Role,
        unit: str,
        until: datetime,
        why: str,
        since: datetime | None = None,
    ) -> Any:
        context = info.context
        try:
            answer = await authorisations.grant(
                context.permit(right_of(info)),
                context.desk,
                context.question,
                subject=subject,
                role=Roles(role.value),
                unit=unit,
                since=since,
                until=until,
                why=why,
            )
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except Refused as error:
            return AuthorisationRefused.of(error)
        context.casework = answer.value.position
        return answer.value

    @mutation(
        AuthorisationResult,
        "End an authorisation: it holds for no operation after this one.",
        Action.END_AUTHORISATION,
    )
    async def end_authorisation(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        why: str,
    ) -> Any:
        context, wanted = info.context, parsed_id(id)
        try:
            permitted = context.permit(right_of(info))
            if wanted is None:
                raise NoSuchAuthorisation
            answer = await authorisations.end(
                permitted, context.inquiry, context.desk, context.question, wanted, why
            )
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except Refused as error:
            return AuthorisationRefused.of(error)
        except NoSuchAuthorisation:
            return UnknownAuthorisation(
                code="unknown_authorisation",
                message=f"There is no authorisation {id[:40]!r}.",
                cure="Send an id of `authorisations`.",
            )
        context.casework = answer.value.position
        return answer.value
