"""Alerts of a case, and the sightings that they come to."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.casework.predicates import (
    PersonOfInterest,
    Predicate,
    PredicateRefused,
    SavedSearch,
    Windowed,
)
from herkomst.domain.money import MoneyError, parse_money
from herkomst.graphql import refusals
from herkomst.graphql.context import Info
from herkomst.graphql.enums import (
    AlertChannel,
    AlertKind,
    AlertState,
    Mode,
    SightingAnswer,
    SightingState,
)
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import (
    AlertRefused,
    NotPermitted,
    UnknownCase,
    UnknownRecord,
    unknown,
)
from herkomst.graphql.types import Connection
from herkomst.investigations import alerts
from herkomst.processes.firing import TooBroad
from herkomst.record.casework import UnknownCase as NoSuchCase

RUN = 50
"""What a dry run costs: it looks through a year of the register."""


@strawberry.type(description="What an alert asks of one thing: any of these values.")
@shape_of(alerts.Criterion)
class AlertCriterion:
    name: str = told("Which thing, such as kinds, words, count or days.")
    values: list[str] = told("The values; amounts in decimals.")


@strawberry.type(
    description="How often an alert would have fired in a period, and with what result. What you "
    "may not know of counts nowhere."
)
@shape_of(alerts.Expected)
class AlertDryRun:
    since: datetime = told("First moment of the period, by when goods were acquired.")
    until: datetime = told("First moment behind it.")
    firings: int = told("How often.")
    subjects: int = told("About how many subjects; firings about one are folded.")
    persons: int = told("Persons that are told apart among them.")
    purchases: int = told("On how many purchases.")
    hits: int = told("Firings on goods with a hit.")
    confirmed: int = told("Firings on goods of which a hit was confirmed.")
    rejected: int = told("Firings on goods of which every hit was rejected.")
    summary: str = told("The same as a sentence.")


@strawberry.type(description="What an alert came to since it was activated.")
@shape_of(alerts.Figures)
class AlertFigures:
    firings: int = told("How often it fired, also while it was muted.")
    muted: int = told("How often that was counted and not told.")
    purchases: int = told("On how many purchases.")
    sightings: int = told("In how many sightings it was folded.")
    useful: int = told("How many of them were of use.")
    not_useful: int = told("How many were of none.")
    hits: int = told("Firings on goods with a hit.")
    confirmed: int = told("Firings on goods of which a hit was confirmed.")
    rejected: int = told("Firings on goods of which every hit was rejected.")
    summary: str = told("The same as a sentence.")


@strawberry.type(description="What fires is counted and not told, until an end.")
@shape_of(alerts.Mute)
class AlertMute:
    number: int = told("Number of the mute within its alert.")
    purchase_id: strawberry.ID | None = told(
        "A purchase of the subject that it is about; null is all."
    )
    muted_by: str = told("Who muted it.")
    muted_at: datetime = told("When.")
    until: datetime = told("First moment at which it is told again.")
    why: str | None = told("Why; null where it was destroyed.")
    ended_at: datetime | None = told("When it was ended before its time.")
    ended_by: str | None = told("Who ended it.")
    ended_why: str | None = told("Why it was ended.")


@strawberry.type(description="An alert (signalering) of a case. It says what was seen, never who.")
@shape_of(alerts.CaseAlert)
class Alert:
    id: strawberry.ID = told("Id of the alert.")
    case_id: strawberry.ID = told("The case that is its purpose.")
    case_number: str = told("Number of that case.")
    owner: str = told("Who set it.")
    role: str = told("As what.")
    unit: str = told("Of which unit.")
    article: str = told("Ground on which it was set.")
    channel: AlertChannel = told("Where it is told.")
    kind: AlertKind = told("What it looks for.")
    criteria: list[AlertCriterion] | None = told(
        "What exactly it looks for; null where it was destroyed."
    )
    why: str | None = told("Why it was set; null where it was destroyed.")
    state: AlertState = told("How it stands.")
    set_at: datetime = told("When it was set.")
    until: datetime = told("First moment at which it is over.")
    activated_at: datetime | None = told("Since when it fires.")
    activated_by: str | None = told("Who activated it.")
    ended_at: datetime | None = told("When it was withdrawn, or lapsed.")
    ended_by: str | None = told("Who withdrew it.")
    ended_why: str | None = told("Why it was withdrawn.")
    expected: AlertDryRun = told("What was expected of it when it was set.")
    figures: AlertFigures = told("What it came to.")
    mutes: list[AlertMute] = told("When it was muted, in order.")


@strawberry.type(description="What an alert fired on.")
@shape_of(alerts.Fired)
class AlertFiring:
    alert_id: strawberry.ID = told("Which alert.")
    purchase_id: strawberry.ID = told("On which purchase.")
    line: int | None = told("On which line of it; null is the purchase as a whole.")


@strawberry.type(
    description="Firings about one subject in one case, folded. No verdict on anybody."
)
@shape_of(alerts.CaseSighting)
class Sighting:
    id: strawberry.ID = told("Id of the sighting.")
    case_id: strawberry.ID = told("The case.")
    case_number: str = told("Its number.")
    alert_ids: list[strawberry.ID] = told("The alerts that fired.")
    firings: int = told("How often.")
    fired: list[AlertFiring] = told("The last 20 of them, the last first.")
    first_at: datetime = told("When the first was told.")
    last_at: datetime = told("When the last was told.")
    state: SightingState = told("What became of it.")
    answered_by: str | None = told("Who answered it.")
    answered_at: datetime | None = told("When.")
    why: str | None = told("What he said of it; null where it was destroyed.")


@strawberry.type(description="It was done; read it back with `Herkomst-Wait-For`.")
@shape_of(alerts.Done)
class AlertDone:
    id: strawberry.ID = told("Id of the alert, or of the sighting.")
    state: str = told("What it came to.")
    expected: AlertDryRun | None = told("Of an alert that was set, the dry run behind it.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


AlertResult = Annotated[
    Alert | NotPermitted | UnknownRecord,
    strawberry.union("AlertResult", description="An alert, or why not."),
]
DryRunResult = Annotated[
    AlertDryRun | AlertRefused | UnknownRecord | NotPermitted,
    strawberry.union("DryRunResult", description="What would have been, or why not."),
]
AlertActResult = Annotated[
    AlertDone | AlertRefused | UnknownRecord | UnknownCase | NotPermitted,
    strawberry.union("AlertActResult", description="What was done about an alert, or why not."),
]


def _goods(
    *,
    brand: Sequence[str] | None,
    colour: Sequence[str] | None,
    dealer: Sequence[str] | None,
    kind: Sequence[str] | None,
    least: str | None,
    mode: Sequence[Any] | None,
    model: str | None,
    most: str | None,
    municipality: Sequence[str] | None,
    currency: str,
    words: str | None,
) -> Predicate:
    """Raises `MoneyError`, `PredicateRefused`."""
    priced = least is not None or most is not None
    return SavedSearch(
        brands=tuple(brand or ()),
        colours=tuple(colour or ()),
        currency=currency if priced else None,
        dealers=tuple(_dealer(each) for each in dealer or ()),
        kinds=tuple(kind or ()),
        least=_amount(least, currency),
        model=model,
        modes=_modes(mode),
        most=_amount(most, currency),
        municipalities=tuple(municipality or ()),
        words=words,
    )


def _count(
    *,
    days: int,
    count: int | None,
    amount: str | None,
    currency: str,
    kind: Sequence[str] | None,
    mode: Sequence[Any] | None,
) -> Predicate:
    """Raises `MoneyError`."""
    return Windowed(
        amount=_amount(amount, currency),
        count=count,
        currency=None if amount is None else currency,
        days=days,
        kinds=tuple(kind or ()),
        modes=_modes(mode),
    )


def _person(presentation: str) -> Predicate:
    """Raises `PredicateRefused`."""
    wanted = parsed_id(presentation)
    if wanted is None:
        raise PredicateRefused("id", "The presentation is no id.", "Send an id as it was given.")
    return PersonOfInterest(presentation=wanted.hex)


def _dealer(text: str) -> str:
    wanted = parsed_id(text)
    if wanted is None:
        raise PredicateRefused("id", "A dealer is no id.", "Send an id as it was given.")
    return wanted.hex


def _modes(modes: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(mode.value for mode in modes or ())


def _amount(amount: str | None, currency: str) -> int | None:
    return None if amount is None else parse_money(amount, currency).amount


Make = Callable[[], Predicate]
Act = Callable[..., Awaitable[Any]]


async def _answered(info: Info, identity: str, answered: Awaitable[Any]) -> Any:
    """What was asked or done, or why not."""
    try:
        return await answered
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (PredicateRefused, CaseRefused, MoneyError) as error:
        return AlertRefused.of(error)
    except TooBroad as error:
        return AlertRefused(code="too_broad", message=error.message, cure=error.cure)
    except NoSuchCase:
        return refusals.unknown_case(str(info.context.reading.stated or ""))
    except alerts.Unknown:
        return unknown("record", identity)


async def _run(info: Info, make: Make, identity: str = "") -> Any:
    async def ran() -> Any:
        context = info.context
        permitted = context.permit(right_of(info))
        return await alerts.expected(permitted, context.inquiry, make())

    return await _answered(info, identity, ran())


async def _set(info: Info, make: Make, until: datetime, why: str, identity: str = "") -> Any:
    async def done() -> Any:
        context = info.context
        permitted = context.permit(right_of(info))
        desk, question = context.desk, context.question
        answer = await alerts.set_alert(
            permitted, context.inquiry, desk, question, make(), until=until, why=why
        )
        context.casework = answer.value.position
        return answer.value

    return await _answered(info, identity, done())


async def _act(info: Info, identity: str, act: Act, *args: Any, **more: Any) -> Any:
    wanted = parsed_id(identity)
    if wanted is None:
        return unknown("record", identity)

    async def done() -> Any:
        context = info.context
        permitted = context.permit(right_of(info))
        desk, question = context.desk, context.question
        answer = await act(permitted, context.inquiry, desk, question, wanted, *args, **more)
        context.casework = answer.value.position
        return answer.value

    return await _answered(info, identity, done())


def _words(values: Sequence[Any] | None) -> list[str] | None:
    return None if values is None else [each.value for each in values]


def _case(text: str | None) -> UUID | None:
    """The case that a list is narrowed to; one that is no id has nothing."""
    return None if text is None else parsed_id(text) or UUID(int=0)


@strawberry.type(description="Alerts.")
class Alerts:
    @resolved(
        Connection[Alert],
        "Alerts of the cases that there are for you, or of one, what changed last first.",
        Action.READ_ALERTS,
    )
    async def alerts(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        case: strawberry.ID | None = None,
        state: list[AlertState] | None = None,
    ) -> Listed[Any]:
        ask = partial(alerts.page, case=_case(case), states=_words(state))
        return await listed(info, alerts.LIST, first, after, ask)

    @resolved(AlertResult, "One alert by its id.", Action.READ_ALERTS)
    async def alert(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        context = info.context
        try:
            permitted = context.permit(right_of(info))
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        wanted = parsed_id(id)
        found = await alerts.one(permitted, context.inquiry, wanted) if wanted else None
        return found or unknown("alert", id)

    @resolved(
        Connection[Sighting],
        "Sightings of the cases that there are for you, of one of them, or of one alert, what "
        "changed last first.",
        Action.READ_ALERTS,
    )
    async def sightings(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        case: strawberry.ID | None = None,
        alert: strawberry.ID | None = None,
        state: list[SightingState] | None = None,
    ) -> Listed[Any]:
        ask = partial(alerts.sightings, case=_case(case), of=_case(alert), states=_words(state))
        return await listed(info, alerts.SIGHTINGS, first, after, ask)

    @resolved(
        DryRunResult,
        "How often an alert on a person would have fired in the last year.",
        Action.SET_ALERT,
        RUN,
    )
    async def person_dry_run(self, info: Info, presentation: strawberry.ID) -> Any:
        return await _run(info, lambda: _person(presentation), presentation)

    @resolved(
        DryRunResult,
        "How often an alert on goods would have fired in the last year.",
        Action.SET_ALERT,
        RUN,
    )
    async def goods_dry_run(
        self,
        info: Info,
        brand: list[str] | None = None,
        colour: list[str] | None = None,
        currency: str = "EUR",
        dealer: list[strawberry.ID] | None = None,
        kind: list[str] | None = None,
        least: str | None = None,
        mode: list[Mode] | None = None,
        model: str | None = None,
        most: str | None = None,
        municipality: list[str] | None = None,
        words: str | None = None,
    ) -> Any:
        make = partial(
            _goods,
            brand=brand,
            colour=colour,
            currency=currency,
            dealer=dealer,
            kind=kind,
            least=least,
            mode=mode,
            model=model,
            most=most,
            municipality=municipality,
            words=words,
        )
        return await _run(info, make)

    @resolved(
        DryRunResult,
        "How often an alert on a count, or an amount, within a number of days would have fired in "
        "the last year.",
        Action.SET_ALERT,
        RUN,
    )
    async def count_dry_run(
        self,
        info: Info,
        days: int,
        count: int | None = None,
        amount: str | None = None,
        currency: str = "EUR",
        kind: list[str] | None = None,
        mode: list[Mode] | None = None,
    ) -> Any:
        make = partial(
            _count,
            days=days,
            count=count,
            amount=amount,
            currency=currency,
            kind=kind,
            mode=mode,
        )
        return await _run(info, make)


@strawberry.type(description="What is done about alerts. Each is journaled before and after.")
class AlertWork:
    @mutation(
        AlertActResult,
        "Set an alert on who presented himself with a purchase, in the case that is your purpose. "
        "It says how often it would have fired; it fires once you activate it.",
        Action.SET_ALERT,
    )
    async def set_person_alert(
        self, info: Info, presentation: strawberry.ID, until: datetime, why: str
    ) -> Any:
        return await _set(info, lambda: _person(presentation), until, why, presentation)

    @mutation(
        AlertActResult,
        "Set an alert on goods, in the case that is your purpose. All that is named must hold; of "
        "words those of kind, brand, model, colours and further facts. It says how often it would "
        "have fired; it fires once you activate it.",
        Action.SET_ALERT,
    )
    async def set_goods_alert(
        self,
        info: Info,
        until: datetime,
        why: str,
        brand: list[str] | None = None,
        colour: list[str] | None = None,
        currency: str = "EUR",
        dealer: list[strawberry.ID] | None = None,
        kind: list[str] | None = None,
        least: str | None = None,
        mode: list[Mode] | None = None,
        model: str | None = None,
        most: str | None = None,
        municipality: list[str] | None = None,
        words: str | None = None,
    ) -> Any:
        make = partial(
            _goods,
            brand=brand,
            colour=colour,
            currency=currency,
            dealer=dealer,
            kind=kind,
            least=least,
            mode=mode,
            model=model,
            most=most,
            municipality=municipality,
            words=words,
        )
        return await _set(info, make, until, why)

    @mutation(
        AlertActResult,
        "Set an alert on so many goods, or goods of such an amount, that one person brings within "
        "a number of days, in the case that is your purpose. It says how often it would have "
        "fired; it fires once you activate it.",
        Action.SET_ALERT,
    )
    async def set_count_alert(
        self,
        info: Info,
        days: int,
        until: datetime,
        why: str,
        count: int | None = None,
        amount: str | None = None,
        currency: str = "EUR",
        kind: list[str] | None = None,
        mode: list[Mode] | None = None,
    ) -> Any:
        make = partial(
            _count,
            days=days,
            count=count,
            amount=amount,
            currency=currency,
            kind=kind,
            mode=mode,
        )
        return await _set(info, make, until, why)

    @mutation(
        AlertActResult,
        "Let an alert fire from now on, within a week of its dry run.",
        Action.SET_ALERT,
    )
    async def activate_alert(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _act(info, id, alerts.activate)

    @mutation(
        AlertActResult,
        "Count what an alert fires on and do not tell it, until a moment: all, or what is about "
        "who sold the goods of a purchase that it fired on.",
        Action.SET_ALERT,
    )
    async def mute_alert(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        until: datetime,
        why: str,
        purchase: strawberry.ID | None = None,
    ) -> Any:
        return await _act(info, id, alerts.mute, why, until=until, about=_case(purchase))

    @mutation(AlertActResult, "Tell what an alert fires on again.", Action.SET_ALERT)
    async def unmute_alert(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        number: int,
        why: str,
    ) -> Any:
        return await _act(info, id, alerts.unmute, why, number=number)

    @mutation(
        AlertActResult, "Withdraw an alert (afsignalering): it fires no more.", Action.SET_ALERT
    )
    async def withdraw_alert(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        why: str,
    ) -> Any:
        return await _act(info, id, alerts.withdraw, why)

    @mutation(
        AlertActResult,
        "Say what a sighting was worth, or that you are at it.",
        Action.ANSWER_SIGHTING,
    )
    async def answer_sighting(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        answer: SightingAnswer,
        why: str,
    ) -> Any:
        return await _act(info, id, alerts.answer, why, said=answer.value)
