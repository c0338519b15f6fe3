"""Asking for what is withheld, and answering that."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.casework import request as casework
from herkomst.domain.casework.case import CaseRefused
from herkomst.graphql.context import Context, Info
from herkomst.graphql.enums import AccessRefusal, AccessState
from herkomst.graphql.fields import mutation, parsed_id, right_of, shape_of, told
from herkomst.graphql.refusals import NotPermitted, RequestRefused, UnknownRecord, unknown
from herkomst.investigations import requests


@strawberry.type(description="One time that somebody asked for what is withheld from him.")
@shape_of(requests.Request)
class AccessRequest:
    id: strawberry.ID = told("Id of this time.")
    record_id: strawberry.ID = told("The stolen item, or what is to be used.")
    is_use: bool = told(
        "Whether it is shown, and to be used in another investigation than it belongs to."
    )
    of_case: strawberry.ID | None = told(
        "The investigation that it belongs to; for who answers alone."
    )
    owner: str = told("The unit that answers for it.")
    asked_by: str = told("Who asks.")
    role: str = told("As what.")
    unit: str = told("Of which unit.")
    purpose: str = told("For which purpose; it is granted for no other.")
    why: str | None = told("Why; null where it was destroyed.")
    asked_at: datetime = told("When.")
    answer_by: datetime = told("First moment at which it is overdue.")
    state: AccessState = told("What became of it.")
    answered_by: str | None = told("Who answered; null while it is open.")
    refusal: AccessRefusal | None = told("On what it was refused.")
    answer: str | None = told("What the owner wrote.")
    until: datetime | None = told("First moment at which what was granted no longer holds.")


@strawberry.type(description="It was done; read it back with `Herkomst-Wait-For`.")
@shape_of(requests.AccessChanged)
class AccessChanged:
    state: AccessState = told("What became of the request.")
    answer_by: datetime | None = told("When it is overdue, where it was asked.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


AccessResult = Annotated[
    AccessChanged | RequestRefused | UnknownRecord | NotPermitted,
    strawberry.union("AccessResult", description="What was done, or why not."),
]
Act = Callable[[Permitted, Context], Awaitable[Any]]


async def _act(info: Info, kind: str, identity: str, act: Act) -> Any:
    context = info.context
    try:
        answer = await act(context.permit(right_of(info)), context)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (casework.RequestRefused, CaseRefused) as error:
        return RequestRefused.of(error)
    except requests.Unknown:
        return unknown(kind, identity)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="Asking for access. Each is journaled before and after.")
class AskingAccess:
    @mutation(
        AccessResult,
        "Ask the owner for a hit or a stolen item that is withheld from you, or for the use of "
        "what belongs to another investigation (art. 9 Wpg), for the purpose that you name with "
        "the request.",
        Action.REQUEST_ACCESS,
    )
    async def request_access(self, info: Info, of: strawberry.ID, why: str) -> Any:
        wanted = parsed_id(of)
        if wanted is None:
            return unknown("record", of)
        return await _act(
            info,
            "record",
            of,
            lambda permitted, c: requests.ask(
                permitted, c.inquiry, c.desk, c.question, wanted, why
            ),
        )

    @mutation(
        AccessResult,
        "Let the record be read for the purpose that it was asked for, until a moment: by who "
        "works in that case, or by who asked.",
        Action.ANSWER_ACCESS,
    )
    async def grant_access(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        until: datetime,
        why: str,
    ) -> Any:
        wanted = parsed_id(id)
        if wanted is None:
            return unknown("request", id)
        return await _act(
            info,
            "request",
            id,
            lambda permitted, c: requests.grant(
                permitted, c.inquiry, c.desk, c.question, wanted, until, why
            ),
        )

    @mutation(
        AccessResult,
        "Refuse it, or take back what was granted.",
        Action.ANSWER_ACCESS,
    )
    async def refuse_access(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        ground: AccessRefusal,
        why: str,
    ) -> Any:
        wanted = parsed_id(id)
        if wanted is None:
            return unknown("request", id)
        return await _act(
            info,
            "request",
            id,
            lambda permitted, c: requests.refuse(
                permitted, c.inquiry, c.desk, c.question, wanted, ground.value, why
            ),
        )
