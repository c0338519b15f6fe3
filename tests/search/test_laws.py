"""Laws of search: any documents and any question, answered as the reference answers them."""

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herkomst.search.documents import Source
from herkomst.search.questions import (
    Among,
    Between,
    Order,
    Question,
    Seen,
    Subject,
    Typed,
    understood,
)
from tests.search import reference
from tests.search.corpora import PLACES, Corpus, UnderTest, no_token

WORDS = (
    "fiets", "fietsen", "kinderfiets", "fietsbel", "rood", "rode", "gazelle", "gazele", "gzaelle",
    "ring", "ringen", "trouwring", "verzekering", "Crème", "foto's", "35693803564380", "gz12345",
)  # fmt: skip
PATTERNS = ("fie*", "*fiets", "*ring*", "g?ze*", "356938*", "*123*", "gz1234?")
NUMBERS = ("35693803564380", "GZ12345", "GZ123", "plate:~hash-of-plate:GZ12345")
COMPLETIONS = ("Gazelle", "gazelle", "Gazelle Orange", "Orange", "Rode Gazelle", "Crème Orange")
TYPED = ("g", "GAZ", "or", "rode g", "creme", "-", "g or")
COLOURS = ("red", "blue", "black")
KEPT = ("open", "comparable")

texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
moments = st.integers(-2, 2)
words = st.sampled_from(WORDS)
asked = st.lists(
    st.one_of(
        words,
        st.sampled_from(PATTERNS),
        words.map("-{}".format),
        words.map("{}~".format),
        st.tuples(words, words).map('"{0[0]} {0[1]}"'.format),
        st.tuples(words, words).map('-"{0[0]} {0[1]}"'.format),
    ),
    max_size=3,
).map(" ".join)
filters = st.lists(
    st.one_of(
        st.builds(
            Among, st.just("colour"), st.lists(st.sampled_from(COLOURS), max_size=2).map(tuple)
        ),
        st.builds(
            Between, st.sampled_from(("at", "amount")), st.none() | moments, st.none() | moments
        ),
    ),
    max_size=1,
).map(tuple)


@st.composite
def documents(draw: st.DrawFn, corpus: Corpus) -> list[Source]:
    return [
        corpus.a_document(
            f"{n}",
            draw(texts),
            draw(texts),
            fields={"colour": draw(st.lists(st.sampled_from(COLOURS), max_size=2, unique=True))},
            law=draw(st.integers(0, 1)),
            amount=draw(st.none() | moments),
            at=draw(moments),
            completions=tuple(
                draw(st.lists(st.sampled_from(COMPLETIONS), max_size=2, unique=True))
            ),
            kept=draw(st.sampled_from(KEPT)),
            line=draw(st.integers(0, 12)),
            numbers=tuple(draw(st.lists(st.sampled_from(NUMBERS), max_size=2, unique=True))),
            place=draw(st.none() | st.sampled_from(PLACES)),
        )
        for n in range(draw(st.integers(0, 12)))
    ]


def seen(corpus: Corpus) -> st.SearchStrategy[tuple[Seen, ...]]:
    records = [corpus.record(f"{n}") for n in range(12)]
    one = st.builds(
        Seen,
        laws=st.frozensets(st.sampled_from(corpus.laws), min_size=1),
        records=st.none() | st.frozensets(st.sampled_from(records)),
        places=st.none() | st.frozensets(st.sampled_from(PLACES)),
        kept=st.frozensets(st.sampled_from(KEPT), min_size=1),
    )
    return st.lists(one, min_size=1, max_size=2).map(tuple)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_given_any_documents_and_questions_when_they_are_asked_then_the_answer_is_the_plain_one(
    under_test: UnderTest, data: st.DataObject
) -> None:
    corpus = Corpus(under_test)
    held = data.draw(documents(corpus))
    corpus.put(*held)

    for _ in range(4):
        terms, without = understood(data.draw(asked), no_token, fuzzy=data.draw(st.booleans()))
        question = Question(
            subject=Subject.GOODS,
            terms=terms,
            without=without,
            filters=data.draw(filters),
            seen=data.draw(seen(corpus)),
            order=data.draw(st.sampled_from(Order)),
            first=data.draw(st.integers(1, 5)),
            facets=("colour",),
        )
        _alike_on_every_page(under_test, held, question)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_given_any_documents_when_a_text_is_completed_then_the_answer_is_the_plain_one(
    under_test: UnderTest, data: st.DataObject
) -> None:
    corpus = Corpus(under_test)
    held = data.draw(documents(corpus))
    corpus.put(*held)

    for text in data.draw(st.lists(st.sampled_from(TYPED), max_size=3)):
        typed = Typed(
            subject=Subject.GOODS,
            text=text,
            seen=data.draw(seen(corpus)),
            first=data.draw(st.integers(1, 8)),
        )
        assert list(under_test.complete(typed)) == list(reference.completed(held, typed))


def _alike_on_every_page(under_test: UnderTest, held: list[Source], question: Question) -> None:
    more = True
    while more:
        found, meant = under_test.ask(question), reference.answered(held, question)
        assert [each.id for each in found.found] == [each.id for each in meant.found]
        assert (found.total, found.more) == (meant.total, meant.more)
        assert {k: list(v) for k, v in found.facets.items()} == meant.facets
        more = found.more
        if more:
            question = msgspec.structs.replace(question, after=found.found[-1].place)
