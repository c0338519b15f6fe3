"""Expected errors, as members of the unions that answers are."""

from typing import Annotated, Self

import strawberry

from herkomst.graphql.fields import told


class _Refusal:
    """How a shape of this file is made of the exception that it tells of."""

    @classmethod
    def of(cls, error: Exception) -> Self:
        told_by = {name: getattr(error, name, "") for name in ("code", "message", "cure")}
        told_by["message"] = told_by["message"] or str(error)
        return cls(**told_by)


@strawberry.type(description="The policy does not allow it to this role, purpose and ground.")
class NotPermitted(_Refusal):
    code: str = told("Always `not_permitted`.")
    message: str = told("What is not allowed.")
    cure: str = told("What the policy does allow.")


@strawberry.type(description="A page that cannot be meant.")
class InvalidPage(_Refusal):
    code: str = told("What is wrong: cursor, id or value.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


Refusal = Annotated[
    NotPermitted | InvalidPage,
    strawberry.union("Refusal", description="Why a page is not answered."),
]


@strawberry.type(description="There is no such hit, or none for you.")
class UnknownHit(_Refusal):
    code: str = told("Always `unknown_hit`.")
    message: str = told("Which hit.")
    cure: str = told("How to mend it; empty where there is nothing to mend.")


@strawberry.type(description="There is no such record, or none for you.")
class UnknownRecord(_Refusal):
    code: str = told("Such as unknown_purchase or unknown_dealer.")
    message: str = told("Which record.")
    cure: str = told("How to mend it.")


@strawberry.type(description="The facts that made this a hit are gone; nothing is decided on it.")
class HitClosed(_Refusal):
    code: str = told("Always `hit_closed`.")
    message: str = told("Why.")
    cure: str = told("How to mend it; empty where there is nothing to mend.")


@strawberry.type(description="There is no such case, or none for you.")
class UnknownCase(_Refusal):
    code: str = told("Always `unknown_case`.")
    message: str = told("Which case.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be done in a case as it stands.")
class CaseRefused(_Refusal):
    code: str = told("What is wrong, such as case_closed, own_review or no_member.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be granted or ended as it stands.")
class AuthorisationRefused(_Refusal):
    code: str = told("What is wrong, such as own_authorisation or already_authorised.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="There is no such review, or none for you.")
class UnknownReview(_Refusal):
    code: str = told("Always `unknown_review`.")
    message: str = told("Which review.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be done with a review as it stands.")
class ReviewRefused(_Refusal):
    code: str = told("What is wrong, such as own_read, decided or nothing_asked.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="A look-up whose reason is to be written down; one in ten is.")
class ReasonRequired(_Refusal):
    code: str = told("Always `reason_required`.")
    message: str = told("What is asked.")
    cure: str = told("How to give it.")


@strawberry.type(description="What cannot be done with the glass as it is.")
class GlassRefused(_Refusal):
    code: str = told("What is wrong, such as review_open, hours, not_broken or own_review.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be asked or answered as it stands.")
class RequestRefused(_Refusal):
    code: str = told("What is wrong, such as already_asked, not_withheld or own_request.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be done with an alert or a sighting as it stands.")
class AlertRefused(_Refusal):
    code: str = told("What is wrong, such as until, case_missing, nothing_asked or too_broad.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be muted or lifted as it stands.")
class MuteRefused(_Refusal):
    code: str = told("What is wrong, such as number, brand, until, muted or ended.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot follow a hit as it stands.")
class SequelRefused(_Refusal):
    code: str = told("What is wrong, such as not_confirmed, facts_changed, order_given or term.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What is not revealed, and why.")
class RevealRefused(_Refusal):
    code: str = told("What is wrong, such as not_in_case, no_hit or second_person.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be held, or lifted, and why.")
class HoldRefused(_Refusal):
    code: str = told("What is wrong, such as blanket_hold, hold_ground, hold_end or no_record.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


@strawberry.type(description="What cannot be done with the request of a person as it stands.")
class PersonRequestRefused(_Refusal):
    code: str = told("What is wrong, such as identity_unchecked, nobody_found or answered.")
    message: str = told("What is wrong, as a sentence.")
    cure: str = told("How to mend it.")


def unknown_review(identity: str) -> UnknownReview:
    """The same whether there is no such review, or none for who asks."""
    return UnknownReview(
        code="unknown_review",
        message=f"There is no review {identity[:40]!r}.",
        cure="Send an id of `reviewQueue`, or of `reviewQuestions`.",
    )


@strawberry.type(description="There is no such authorisation.")
class UnknownAuthorisation(_Refusal):
    code: str = told("Always `unknown_authorisation`.")
    message: str = told("Which authorisation.")
    cure: str = told("How to mend it.")


def unknown_case(identity: str) -> UnknownCase:
    """The same whether there is no such case, or none for who asks."""
    return UnknownCase(
        code="unknown_case",
        message=f"There is no case {identity[:40]!r}.",
        cure="Send an id or a number of `cases`.",
    )


def unknown(kind: str, identity: str) -> UnknownRecord:
    """The same whether there is no such record, or none for who asks."""
    words = kind.replace("_", " ")
    return UnknownRecord(
        code=f"unknown_{kind}",
        message=f"There is no {words} {identity[:40]!r}.",
        cure=f"Send the id of a {words} that you may read.",
    )


def unknown_hit(identity: str) -> UnknownHit:
    """The same whether there is no such hit, or none for who asks."""
    return UnknownHit(
        code="unknown_hit",
        message=f"There is no hit {identity[:40]!r}.",
        cure="Send an id of `hits`.",
    )
