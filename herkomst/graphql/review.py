"""The review desk: its queue, its verdicts and questions, and how often each rule was right."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.domain.casework import reasons
from herkomst.domain.casework import review as casework
from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.events import EventData
from herkomst.graphql.context import Info
from herkomst.graphql.enums import ReviewState, ReviewVerdict, ReviewWhy
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import NotPermitted, ReviewRefused, UnknownReview, unknown_review
from herkomst.graphql.types import Connection
from herkomst.investigations import review
from herkomst.record.casework import Seal
from herkomst.record.reviews import UnknownReview as NoSuchReview

Act = Callable[[casework.Review, Seal], EventData]


@strawberry.type(description="A rule that held for a read, with what it added to the score.")
class RuleHeld:
    code: str = told("Name of the rule.")
    weight: int = told("What it added; a negative one speaks for the officer.")
    text: str = told("What it means, as a sentence.")
    source: str = told("What the rule rests on.")


@strawberry.type(
    description="The review of one read. A score is the sum of the rules that hold; that a read is "
    "unexplained, or ranks high, does not mean that it was unlawful: ask the officer."
)
@shape_of(review.Review)
class Review:
    id: strawberry.ID = told("Id of the review.")
    read_source: str = told("Source of the read; `journal` for one of this system.")
    read_key: str = told("Key of the read at its source.")
    officer: str = told("Who read.")
    role: str = told("The role that he had then.")
    at: datetime = told("When he read.")
    purpose: str = told("The purpose that he stated.")
    records: list[str] = told("Which records it returned, as KIND:ID, a hundred of them at most.")
    explained: bool = told("Whether something that held at that moment explains it.")
    path: list[str] = told("By which path it is explained, or why it is not.")
    rules: list[RuleHeld] = told("The rules that hold, the heaviest first.")
    score: int = told("The sum of their weights.")
    rank: int = told("Place among the reads of its opening, from 1.")
    opening: int = told("Number of the queue that it is in.")
    why: ReviewWhy = told("Why it is in the queue.")
    state: ReviewState = told("How far the review is.")
    question: str | None = told("What the officer was asked.")
    answer: str | None = told("What he answered.")
    verdict: ReviewVerdict | None = told("What the reviewer found.")
    reason: str | None = told("Why, in the reviewer's words.")
    decided_by: str | None = told("Who gave the verdict.")
    queued_at: datetime = told("When it was queued.")
    decided_at: datetime | None = told("When the verdict was given.")
    judge_by: datetime | None = told(
        "First moment at which the verdict is overdue; null of a read that was rehearsed."
    )
    overdue: bool = told("Whether nobody gave a verdict in time; one is still to be given.")
    seconds_to_verdict: int | None = told("How long that took.")


@strawberry.type(description="A question about a read of your own.")
@shape_of(review.ReviewQuestion)
class ReviewQuestion:
    id: strawberry.ID = told("Id of the review, to answer by.")
    at: datetime = told("When you read.")
    purpose: str = told("The purpose that you stated.")
    question: str | None = told("What is asked.")
    answer: str | None = told("What you answered.")


@strawberry.type(description="A rule, and what people found of the reads that it held for.")
@shape_of(review.RulePrecision)
class RulePrecision:
    code: str = told("Name of the rule.")
    text: str = told("What it means, as a sentence.")
    source: str = told("What the rule rests on.")
    weight: int = told("What it adds where nothing explains the read.")
    judged: int = told("Reads with a verdict for which it held.")
    lawful: int = told("Of these, judged lawful.")
    training: int = told("Of these, talked over.")
    report: int = told("Of these, reported.")
    precision: float | None = told("Share of the verdicts that are not `lawful`; null without any.")


@strawberry.type(description="The rules of the desk with their precision.")
class RulesInUse:
    rules: list[RulePrecision] = told("Every rule, in the order of the table.")


@strawberry.type(description="It was done. Read it back with `Herkomst-Wait-For`.")
@shape_of(review.ReviewDone)
class ReviewDone:
    id: strawberry.ID = told("Id of the review.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


ReviewResult = Annotated[
    Review | NotPermitted | UnknownReview,
    strawberry.union("ReviewResult", description="A review, or why not."),
]
RulesResult = Annotated[
    RulesInUse | NotPermitted,
    strawberry.union("RulesResult", description="The rules with their precision, or why not."),
]
ReviewActResult = Annotated[
    ReviewDone | ReviewRefused | UnknownReview | NotPermitted,
    strawberry.union("ReviewActResult", description="What was done in a review, or why not."),
]


@strawberry.type(description="What the review desk can be asked.")
class ReviewDesk:
    @resolved(
        Connection[Review],
        "The queue, without reads of your own: the newest opening first, and in it the highest "
        "rank.",
        Action.READ_REVIEWS,
    )
    async def review_queue(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        state: list[ReviewState] | None = None,
        officer: str | None = None,
    ) -> Listed[Any]:
        states = None if state is None else [each.value for each in state]
        ask = partial(review.page, states=states, officer=officer)
        return await listed(info, review.LIST, first, after, ask)

    @resolved(ReviewResult, "One review by its id.", Action.READ_REVIEWS)
    async def review(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        context = info.context
        try:
            permitted = context.permit(right_of(info))
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        wanted = parsed_id(id)
        found = await review.one(permitted, context.inquiry, wanted) if wanted else None
        return found or unknown_review(id)

    @resolved(
        Connection[ReviewQuestion],
        "What you were asked about reads of your own.",
        Action.ANSWER_REVIEW,
    )
    async def review_questions(
        self, info: Info, first: int, after: str | None = None
    ) -> Listed[Any]:
        return await listed(info, review.QUESTIONS, first, after, review.questions)

    @resolved(
        RulesResult,
        "How often each rule was right about reads judged in a period.",
        Action.READ_REVIEWS,
    )
    async def review_rules(
        self, info: Info, since: datetime | None = None, until: datetime | None = None
    ) -> Any:
        context = info.context
        try:
            permitted = context.permit(right_of(info))
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        found = await review.precision(permitted, context.inquiry, since=since, until=until)
        return RulesInUse(rules=found)  # type: ignore[arg-type]


async def _act(info: Info, identity: str, act: Act) -> Any:
    context = info.context
    wanted = parsed_id(identity)
    if wanted is None:
        return unknown_review(identity)
    try:
        permitted = context.permit(right_of(info))
        answer = await review.act_on(
            permitted, context.inquiry, context.desk, context.question, wanted, act
        )
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except NoSuchReview:
        return unknown_review(identity)
    except (casework.ReviewRefused, CaseRefused) as error:
        return ReviewRefused.of(error)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="What is done at the review desk.")
class ReviewWork:
    @mutation(ReviewActResult, "Ask the officer about a read.", Action.DECIDE_REVIEW)
    async def ask_officer(self, info: Info, review: strawberry.ID, question: str) -> Any:
        by = info.context.reading.viewer.subject
        return await _act(info, review, lambda r, seal: r.ask(by, seal(question)))

    @mutation(
        ReviewActResult,
        "Answer what you were asked about a read of yours.",
        Action.ANSWER_REVIEW,
    )
    async def answer_review(self, info: Info, review: strawberry.ID, answer: str) -> Any:
        by = info.context.reading.viewer.subject
        return await _act(info, review, lambda r, seal: r.answer(by, seal(answer)))

    @mutation(
        ReviewActResult,
        "Judge a read that is not your own; what is not lawful needs a reason.",
        Action.DECIDE_REVIEW,
    )
    async def give_verdict(
        self,
        info: Info,
        review: strawberry.ID,
        verdict: ReviewVerdict,
        reason: str | None = None,
    ) -> Any:
        by = info.context.reading.viewer.subject
        return await _act(
            info,
            review,
            lambda r, seal: r.judge(
                by, verdict.value, seal(reasons.said(reason)) if reason else None
            ),
        )
