"""The request of a person: what is held on me, by whom, and who received it."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.casework import rights as casework
from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.register.records import Document
from herkomst.graphql import refusals
from herkomst.graphql.context import Context, Info
from herkomst.graphql.enums import RequestOutcome
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import NotPermitted, PersonRequestRefused, UnknownRecord
from herkomst.graphql.retention import Clock
from herkomst.graphql.types import Connection, Identity
from herkomst.investigations import person_requests, provisions
from herkomst.investigations.person_requests import RequestDone


@strawberry.type(description="Something that one controller holds on the person.")
@shape_of(person_requests.HeldPart)
class HeldPart:
    controller: str = told("Who answers for it (verwerkingsverantwoordelijke).")
    regime: str = told("Under which law: avg, or wpg with its article.")
    ground: str = told("On which ground.")
    kind: str = told("Such as register, hit or case.")
    name: str = told("Which one.")
    what: list[str] = told("Which facts.")
    identity: Identity | None = told("What was presented; null for what is no register.")
    since: date = told("Since when.")
    until: date | None = told("Last day; null where that hangs on something to come.")


@strawberry.type(description="Who received it.")
@shape_of(provisions.Provision)
class Provision:
    controller: str = told("The controller that received it.")
    ground: str = told("On which ground.")
    purpose: str = told("For what.")
    how: str = told(
        "read; exported, as a file, by an officer of that controller; or granted, by who owned it."
    )
    reads: int = told("How often.")
    first: date = told("The first time.")
    last: date = told("The last time.")


@strawberry.type(description="What is not told, and on which ground; the same for everybody.")
@shape_of(person_requests.HeldRefusal)
class HeldRefusal:
    right: str = told("Of which right: avg:15 or wpg:25.")
    controller: str = told("Of which controller.")
    ground: str = told("On which ground.")
    text: str = told("What the person is told.")
    source: str = told("What that rests on.")


@strawberry.type(description="What the person is told, as of now.")
@shape_of(person_requests.PersonAnswer)
class PersonAnswer:
    parts: list[HeldPart] = told("What is held, by controller.")
    provided: list[Provision] = told("Who received it.")
    refusals: list[HeldRefusal] = told("What is not told, and on which ground.")
    digest: str = told("SHA-256 of all of it; the request keeps that of what was told.")


@strawberry.type(description="A request of a person (art. 15 AVG, art. 25 Wpg), in a list.")
class PersonRequestHead:
    id: strawberry.ID = told("Id of the request.")
    rights: list[str] = told("On which rights: avg:15, wpg:25 or both.")
    received: date = told("When it came in.")
    due: date = told("Last day for the answer.")
    overdue: bool = told("Whether that day is over without an answer.")
    checked: bool = told("Whether who asks was seen to be the person.")
    about: str | None = told("Who asks, and where the answer goes; null where it was destroyed.")
    identities: list[strawberry.ID] = told("The presented identities that it stands on.")
    outcome: RequestOutcome | None = told("How it ended; null while it is open.")
    why: str | None = told("What it was answered with, in short.")
    answered_at: datetime | None = told("When it was answered.")


@strawberry.type(description="A request of a person (art. 15 AVG, art. 25 Wpg), with its answer.")
@shape_of(person_requests.PersonRequest)
class PersonRequest(PersonRequestHead):
    @resolved(
        PersonAnswer,
        "What the person is told: what he may know of, and for the rest words that everybody is "
        "told. Nothing before the identity was checked.",
        Action.HANDLE_PERSON_REQUEST,
        cost=10,
    )
    async def answer(
        self, info: Info, root: strawberry.Parent[person_requests.PersonRequest]
    ) -> Any:
        permitted = info.context.permit(right_of(info))
        return await person_requests.answer_of(permitted, info.context.inquiry, root)

    @resolved(
        list[Clock],
        "What the clocks of the identities say of a day, and what blocks destruction: for the "
        "officer alone, and no part of the answer.",
        Action.HANDLE_PERSON_REQUEST,
        cost=10,
    )
    async def clocks(
        self,
        info: Info,
        root: strawberry.Parent[person_requests.PersonRequest],
        on: date | None = None,
    ) -> Any:
        permitted = info.context.permit(right_of(info))
        return await person_requests.clocks_of(permitted, info.context.inquiry, root, on)


@strawberry.type(description="It was done; read it back with `Herkomst-Wait-For`.")
@shape_of(RequestDone)
class RequestChanged:
    id: strawberry.ID = told("Id of the request.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


PersonRequestResult = Annotated[
    PersonRequest | NotPermitted | UnknownRecord,
    strawberry.union("PersonRequestResult", description="A request, or why not."),
]
RequestActResult = Annotated[
    RequestChanged | PersonRequestRefused | NotPermitted,
    strawberry.union("RequestActResult", description="What was done, or why not."),
]
Act = Callable[[Permitted, Context], Awaitable[Any]]


@strawberry.type(description="Requests of persons.")
class PersonRequests:
    @resolved(
        Connection[PersonRequestHead],
        "Requests of persons, the one that changed last first.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def person_requests(
        self, info: Info, first: int, after: str | None = None, unanswered: bool = False
    ) -> Listed[Any]:
        ask = partial(person_requests.page, unanswered=unanswered)
        return await listed(info, person_requests.LIST, first, after, ask)

    @resolved(PersonRequestResult, "One request by its id.", Action.HANDLE_PERSON_REQUEST)
    async def person_request(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        context, wanted = info.context, parsed_id(id)
        try:
            permitted = context.permit(right_of(info))
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        found = await person_requests.one(permitted, context.inquiry, wanted) if wanted else None
        return found or refusals.unknown("person_request", id)


async def _act(info: Info, act: Act) -> Any:
    context = info.context
    try:
        answer = await act(context.permit(right_of(info)), context)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (casework.RequestRefused, CaseRefused) as error:
        return PersonRequestRefused.of(error)
    context.casework = answer.value.position
    return answer.value


def _named(request: str) -> Any:
    """Raises `RequestRefused`."""
    found = parsed_id(request)
    if found is None:
        raise casework.RequestRefused(
            "unknown_request", "This is no id.", "Send an id of `personRequests`."
        )
    return found


@strawberry.type(description="Answering persons. Each is journaled before and after.")
class PersonRequestWork:
    @mutation(
        RequestActResult,
        "A person asked what is held, on avg:15 or wpg:25 or both; the shortest term counts.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def receive_person_request(
        self,
        info: Info,
        about: str,
        rights: list[str],
        on: date,
    ) -> Any:
        asked: Any = rights
        return await _act(
            info,
            lambda permitted, c: person_requests.receive(
                permitted, c.desk, c.question, about, asked, on
            ),
        )

    @mutation(
        RequestActResult,
        "Who asks was seen to be the person. Nothing is found or told before.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def check_person(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        how: str,
    ) -> Any:
        return await _act(
            info,
            lambda permitted, c: person_requests.check(
                permitted, c.desk, c.question, _named(id), how
            ),
        )

    @mutation(
        RequestActResult,
        "Find what was presented with a document, by its number and country.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def find_by_document(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        number: str,
        country: str | None = None,
    ) -> Any:
        document = Document(type="other", number=number, country=country)
        return await _act(
            info,
            lambda permitted, c: person_requests.find_by_document(
                permitted, c.inquiry, c.desk, c.question, _named(id), document
            ),
        )

    @mutation(
        RequestActResult,
        "Find what was presented with one purchase, by its source and key.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def find_by_sale(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        source: str,
        key: str,
    ) -> Any:
        return await _act(
            info,
            lambda permitted, c: person_requests.find_by_sale(
                permitted, c.inquiry, c.desk, c.question, _named(id), source, key
            ),
        )

    @mutation(
        RequestActResult,
        "Take longer, once, as the person was told within the first term.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def extend_person_request(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        why: str,
    ) -> Any:
        return await _act(
            info,
            lambda permitted, c: person_requests.extend(
                permitted, c.desk, c.question, _named(id), why
            ),
        )

    @mutation(
        RequestActResult,
        "The person was answered; of what was told a digest is kept.",
        Action.HANDLE_PERSON_REQUEST,
    )
    async def answer_person_request(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        outcome: RequestOutcome,
        why: str,
    ) -> Any:
        return await _act(
            info,
            lambda permitted, c: person_requests.answer(
                permitted, c.inquiry, c.desk, c.question, _named(id), outcome.value, why
            ),
        )
