"""The contract of search: what each engine finds, shows, counts and keeps."""

import threading
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from herkomst.search.engines import Change
from herkomst.search.questions import (
    MOST_BUCKETS,
    MOST_GAPS,
    Among,
    Between,
    Bucket,
    Completion,
    InvalidQuestion,
    Order,
    Seen,
    Subject,
)
from tests.search.corpora import GENERATION, PLACES, Corpus, UnderTest, a_change, gone

OPEN, COMPARABLE = frozenset({"open"}), frozenset({"comparable"})


# Who must not see it.


def test_given_documents_under_another_law_when_all_is_asked_then_nothing_tells_of_them(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("mine", "fiets", fields={"brand": ["gazelle"]}, completions=("Gazelle",)),
        corpus.a_document(
            "theirs", "fiets", fields={"brand": ["gazelle"]}, completions=("Gazelle",), law=1
        ),
        corpus.a_document(
            "hidden", "fiets", fields={"brand": ["geheim"]}, completions=("Gaz Geheim",), law=1
        ),
    )
    mine = Seen(laws=frozenset({corpus.laws[0]}))

    answer = corpus.ask("fiets", seen=(mine,), facets=("brand",))

    assert corpus.names(answer.found) == ["mine"]
    assert (answer.total.value, answer.more) == (1, False)
    assert list(answer.facets["brand"]) == [Bucket("gazelle", 1)]
    assert list(corpus.complete("ga", mine)) == [Completion("Gazelle", 1)]


@pytest.mark.parametrize("unseen", ["kept", "place", "record", "law"])
def test_given_any_one_condition_that_does_not_hold_when_it_is_asked_then_it_is_not_seen(
    corpus: Corpus, unseen: str
) -> None:
    corpus.put(corpus.a_document("it", "fiets", place=PLACES[0], completions=("Gazelle",), line=0))
    conditions: dict[str, Any] = {
        "laws": corpus.seen.laws,
        "records": frozenset({corpus.record("it")}),
        "places": frozenset({PLACES[0]}),
    }
    assert corpus.found("fiets", seen=(Seen(**conditions),)) == ["it"]

    others: dict[str, dict[str, Any]] = {
        "kept": {"kept": COMPARABLE},
        "place": {"places": frozenset({PLACES[1]})},
        "record": {"records": frozenset({corpus.record("another")})},
        "law": {"laws": frozenset({corpus.laws[1]})},
    }
    seen = Seen(**(conditions | others[unseen]))

    assert corpus.ask("fiets", seen=(seen,)).total.value == 0
    assert list(corpus.complete("gaz", seen)) == []


def test_given_a_viewer_of_nothing_when_he_asks_then_nothing_is_found(corpus: Corpus) -> None:
    corpus.put_titles(it="fiets")
    nothing: tuple[Seen, ...] = (
        Seen(laws=frozenset()),
        Seen(laws=corpus.seen.laws, records=frozenset()),
        Seen(laws=corpus.seen.laws, kept=frozenset()),
    )

    assert corpus.found("fiets", seen=nothing) == []
    assert corpus.found("fiets", seen=()) == []


def test_given_what_is_only_compared_when_it_is_asked_freely_then_it_is_not_seen(
    corpus: Corpus,
) -> None:
    corpus.put(corpus.a_document("it", "fiets", kept="comparable"))

    assert corpus.found("fiets") == []
    assert corpus.found("fiets", seen=(Seen(laws=corpus.seen.laws, kept=COMPARABLE),)) == ["it"]


def test_given_several_ways_to_see_when_it_is_asked_then_each_shows_what_it_shows(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("by-law", "fiets"),
        corpus.a_document("by-place", "fiets", law=1, place=PLACES[0]),
        corpus.a_document("by-record", "fiets", law=1),
        corpus.a_document("by-none", "fiets", law=1, place=PLACES[1]),
    )
    other = frozenset({corpus.laws[1]})

    seen = (
        Seen(laws=frozenset({corpus.laws[0]})),
        Seen(laws=other, places=frozenset({PLACES[0]})),
        Seen(laws=other, records=frozenset({corpus.record("by-record")})),
    )

    assert set(corpus.found("fiets", seen=seen)) == {"by-law", "by-place", "by-record"}


def test_given_documents_that_are_not_seen_when_pages_are_read_then_order_and_pages_are_the_same(
    corpus: Corpus,
) -> None:
    corpus.put(*(corpus.a_document(f"mine-{n}", "fiets", at=n) for n in range(5)))
    mine = (Seen(laws=frozenset({corpus.laws[0]})),)
    before = [corpus.ask("fiets", seen=mine, first=2), corpus.page_through(seen=mine, first=2)]

    corpus.put(*(corpus.a_document(f"theirs-{n}", "fiets", at=n, law=1) for n in range(5)))

    assert before == [
        corpus.ask("fiets", seen=mine, first=2),
        corpus.page_through(seen=mine, first=2),
    ]


@pytest.mark.filterwarnings("ignore:Sending a large body")  # Two megabytes are a moment.
def test_given_as_many_records_as_a_case_may_have_when_they_are_the_seen_then_they_are_found(
    corpus: Corpus,
) -> None:
    corpus.put_titles(among="fiets", beside="fiets")
    many = frozenset([corpus.record("among"), *(UUID(int=n) for n in range(65_535))])

    assert corpus.found("fiets", seen=(Seen(laws=corpus.seen.laws, records=many),)) == ["among"]


# What is found.


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("fiets", "fietsen"),
        ("fietsen", "fiets"),
        ("Fiets", "FIETS"),
        ("kinderfiets", "fiets"),
        ("kinderfietsen", "fiets"),
        ("klopboormachine", "boormachine"),
        ("crème wasmachine", "creme"),
        ("rode gazelle fiets", "fiets rood"),
        ("rode gazelle fiets", '"rode gazelle"'),
        ("gazelle", "gaz*"),
        ("juslepel", "*lepel"),
        ("gazelle", "g?zelle"),
        ("gazelle", "*zel*"),
        ("gazelle", "gazele~"),
        ("gazelle", "gaezlle~"),
        ("gazelle", "gazelle~"),
        ("batavus", "batabus~"),
    ],
)
def test_given_a_title_when_it_is_asked_for_then_it_is_found(
    corpus: Corpus, title: str, asked: str
) -> None:
    corpus.put_titles(it=title, another="zilveren ketting")

    assert corpus.found(asked) == ["it"]


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("verzekering", "ring"),
        ("fiets", "kinderfiets"),
        ("rode gazelle fiets", '"gazelle rode"'),
        ("rode gazelle fiets", '"rode fiets"'),
        ("rode gazelle fiets", "fiets blauw"),
        ("gazelle", "azel*"),
        ("gazelle", "gaz?le"),
        ("gazelle", "hazelle~"),
        ("gazelle", "gzll~"),
        ("ring", "rang"),
        ("gazelle", "gazalle"),
        ("rode fiets", "fiets -rood"),
        ("rode gazelle fiets", 'fiets -"rode gazelle"'),
        ("gazelle fiets", "fiets -gaz*"),
    ],
)
def test_given_a_title_when_something_else_is_asked_for_then_it_is_not_found(
    corpus: Corpus, title: str, asked: str
) -> None:
    corpus.put_titles(it=title)

    assert corpus.found(asked) == []


def test_given_a_phrase_across_title_and_body_when_it_is_asked_for_then_it_is_not_found(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("across", "fiets rode", "gazelle met bel"),
        corpus.a_document("in-body", "fiets", "een rode gazelle met bel"),
    )

    assert corpus.found('"rode gazelle"') == ["in-body"]


def test_given_where_a_word_stands_when_it_is_asked_for_then_the_title_comes_first(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("compound", "kinderfiets", at=4),
        corpus.a_document("body", "tas", "past op een fiets", at=3),
        corpus.a_document("title", "fiets", at=1),
        corpus.a_document("twice", "fiets fiets", "fiets", at=2),
    )

    assert corpus.found("fiets") == ["twice", "title", "body", "compound"]


def test_given_words_with_slips_when_they_are_asked_for_then_the_word_itself_comes_first(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("near", "gazalle", at=2), corpus.a_document("itself", "gazelle", at=1)
    )

    assert corpus.found("gazelle", fuzzy=True) == ["itself", "near"]
    assert corpus.found("gazelle") == ["itself"]


def test_given_a_number_when_it_is_typed_in_any_way_then_it_comes_first(corpus: Corpus) -> None:
    corpus.put(
        corpus.a_document("bearing", "telefoon", numbers=("35693803564380",), at=1),
        corpus.a_document("telling", "telefoon", "35 693803 564380", at=2),
        corpus.a_document("sealed", "auto", numbers=("plate:~hash-of-plate:AB12CD",)),
    )

    assert corpus.found("35-693803-564380") == ["bearing", "telling"]
    assert corpus.found("35693803564380") == ["bearing"]
    assert corpus.found("ab-12-cd") == ["sealed"]


def test_given_a_part_of_a_number_when_it_is_asked_for_then_only_open_numbers_are_found(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("open", "fiets", numbers=("GZ12345",)),
        corpus.a_document("sealed", "auto", numbers=("plate:~hash-of-GZ12345",)),
    )

    for pattern in ("gz1*", "*12345", "g?12*45", "*2345*"):
        assert corpus.found(pattern) == ["open"]


def test_given_a_pattern_with_many_gaps_when_it_is_asked_then_it_is_found_or_refused_for_itself(
    corpus: Corpus,
) -> None:
    corpus.put_titles(it="abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst")

    assert corpus.found("*abc" + "?" * MOST_GAPS + "*t") == ["it"]
    assert corpus.found("a" + "?" * 25 + "abc*") == ["it"]
    with pytest.raises(InvalidQuestion, match="too many ways"):
        corpus.found("*abc" + "?" * (MOST_GAPS + 1) + "*t")


def test_given_a_pattern_when_it_is_asked_then_it_never_runs_over_the_end_of_a_word(
    corpus: Corpus,
) -> None:
    corpus.put(
        corpus.a_document("two", "rode fiets", numbers=("12345", "AB678")),
        corpus.a_document("one", "rodefiets", numbers=("12345AB678",)),
    )

    for pattern in ("ro*ts", "rode?iets", "123*678", "*de*fi*", "12345?b678"):
        assert corpus.found(pattern) == ["one"], pattern
    for pattern in ("*12345", "ro?e", "*345", "12?45"):
        assert corpus.found(pattern) == ["two"], pattern
    assert corpus.found("?12345") == []
    assert corpus.found("%*ode") == corpus.found("*ode") == ["two"]
    assert corpus.found("ro_*e") == corpus.found("ro*e") == ["two"]


@pytest.mark.parametrize(
    ("words", "hidden", "known"),
    [
        ("gaz*le", ("gaz{}le", "gaza{}le"), "gazzzzle"),
        ("*gaz*", ("gaz{}le", "ogaz{}le"), "zgazzzzle"),
        ("voorbeelden~", ("voor{}elden", "voorbe{}den"), "voorbeeldzz"),
    ],
)
def test_given_more_hidden_words_than_anybody_would_list_when_asked_then_they_change_nothing(
    corpus: Corpus, words: str, hidden: tuple[str, ...], known: str
) -> None:
    corpus.put_titles(known=known, other="fiets")
    unseen = Corpus(corpus.under_test)
    before = corpus.ask(words, facets=("kind",))
    assert corpus.names(before.found) == ["known"]

    letters = "abcdefghijklmnopqrstuvwxy"
    met = [each.format(a + b) for each in hidden for a in letters for b in letters]
    assert len(met) > 1000
    unseen.put(
        *(
            unseen.a_document(f"{start}", "", " ".join(met[start : start + 250]))
            for start in range(0, len(met), 250)
        )
    )

    assert corpus.ask(words, facets=("kind",)) == before
    assert len(unseen.found(words)) >= 2, "and they are there"


# Filters, facets, order, pages.


def test_given_filters_when_it_is_asked_then_all_of_them_hold(corpus: Corpus) -> None:
    corpus.put(
        corpus.a_document("red", fields={"colour": ["red", "black"]}, at=10, amount=500),
        corpus.a_document("blue", fields={"colour": ["blue"]}, at=20, amount=1000),
        corpus.a_document("none", at=30),
    )

    def found(*filters: Among | Between) -> set[str]:
        return set(corpus.found(filters=filters))

    assert found(Among("colour", ("black", "green"))) == {"red"}
    assert found(Among("colour", ("red", "blue"))) == {"red", "blue"}
    assert found(Among("colour", ())) == set()
    assert found(Between("at", low=10, high=20)) == {"red"}
    assert found(Between("at", low=20)) == {"blue", "none"}
    assert found(Between("amount", high=1000)) == {"red"}
    assert found(Between("amount")) == {"red", "blue"}
    assert found(Among("colour", ("red", "blue")), Between("amount", low=600)) == {"blue"}


def test_given_many_shops_when_they_are_counted_then_each_is_and_of_others_the_most_frequent(
    corpus: Corpus,
) -> None:
    places = [f"shop-{n:03}" for n in range(MOST_BUCKETS + 10)]
    corpus.put(
        *(corpus.a_document(p, "fiets", fields={"place": [p], "brand": [p]}) for p in places)
    )
    unseen = Corpus(corpus.under_test)
    unseen.put(unseen.a_document("hidden", "fiets", fields={"place": ["shop-hidden"]}))

    facets = corpus.ask("fiets", facets=("place", "brand"), first=0).facets

    assert list(facets["place"]) == [Bucket(place, 1) for place in places]
    assert list(facets["brand"]) == [Bucket(place, 1) for place in places[:MOST_BUCKETS]]


def test_given_values_when_they_are_counted_then_the_most_frequent_comes_first(
    corpus: Corpus,
) -> None:
    colours = {"a": ["red", "black"], "b": ["red"], "c": ["blue"], "d": ["blue"], "e": []}
    corpus.put(*(corpus.a_document(n, "fiets", fields={"colour": c}) for n, c in colours.items()))

    answer = corpus.ask("fiets", facets=("colour", "brand"), first=0)

    assert answer.found == ()
    assert list(answer.facets["colour"]) == [
        Bucket("blue", 2),
        Bucket("red", 2),
        Bucket("black", 1),
    ]
    assert list(answer.facets["brand"]) == []


def test_given_thousands_of_values_when_they_are_counted_then_the_counts_are_exact(
    corpus: Corpus,
) -> None:
    often = {f"shop-{n:04}": 2 if n % 100 == 50 else 1 for n in range(3000)}
    corpus.put(
        *(
            corpus.a_document(f"{place}/{n}", fields={"dealer": [place]})
            for place, number in often.items()
            for n in range(number)
        )
    )

    answer = corpus.ask(facets=("dealer",), first=1)

    ranked = sorted(often.items(), key=lambda item: (-item[1], item[0]))
    assert list(answer.facets["dealer"]) == [Bucket(*item) for item in ranked[:50]]
    assert answer.total.value == 3030


@pytest.mark.parametrize("order", Order)
def test_given_an_order_when_pages_are_read_then_they_are_in_it_and_ties_go_by_id(
    corpus: Corpus, order: Order
) -> None:
    documents = [
        corpus.a_document(f"{n}", "fiets" if n % 2 else "fietsbel", "fiets", at=n // 4)
        for n in range(40)
    ]
    corpus.put(*documents)

    found = corpus.page_through("fiets", order=order, first=7)

    def place(n: int) -> tuple[int | str, ...]:
        at, best = documents[n].at, n % 2
        if order is Order.RELEVANCE:
            return -best, -at, documents[n].id
        return (at if order is Order.OLDEST else -at), documents[n].id

    assert [each.id for each in found] == [documents[n].id for n in sorted(range(40), key=place)]
    assert {(each.record, each.line) for each in found} == {(d.record, d.line) for d in documents}


@pytest.mark.parametrize("order", Order)
def test_given_others_that_write_when_thousands_are_paged_through_then_none_is_skipped_or_repeated(
    corpus: Corpus, order: Order
) -> None:
    staying = [corpus.a_document(f"stays-{n}", "fiets", at=n % 90) for n in range(2000)]
    going = [corpus.a_document(f"goes-{n}", "fiets", at=n % 90) for n in range(500)]
    coming = [corpus.a_document(f"comes-{n}", "fiets", at=n % 90) for n in range(500)]
    corpus.put(*staying, *going)

    with _writing(corpus, [*map(a_change, coming), *map(gone, going)]):
        found = [each.id for each in corpus.page_through("fiets", order=order)]

    assert len(found) == len(set(found))
    assert {each.id for each in staying} <= set(found)
    assert set(found) <= {each.id for each in (*staying, *going, *coming)}


# Completion.


def test_given_the_beginning_of_any_word_when_it_is_completed_then_the_most_frequent_comes_first(
    corpus: Corpus,
) -> None:
    names = {
        "a": ("Gazelle", "Gazelle Orange C7"),
        "b": ("Gazelle", "Gazelle Orange C7"),
        "c": ("Gazelle", "Gazelle Chamonix"),
        "d": ("Orangerie",),
        "e": ("Crème de la Crème",),
    }
    corpus.put(*(corpus.a_document(name, completions=each) for name, each in names.items()))

    assert list(corpus.complete("GAZ")) == [
        Completion("Gazelle", 3),
        Completion("Gazelle Orange C7", 2),
        Completion("Gazelle Chamonix", 1),
    ]
    assert list(corpus.complete("oran")) == [
        Completion("Gazelle Orange C7", 2),
        Completion("Orangerie", 1),
    ]
    assert list(corpus.complete("c7 gaz")) == [Completion("Gazelle Orange C7", 2)]
    assert list(corpus.complete("gazelle ch")) == [Completion("Gazelle Chamonix", 1)]
    assert list(corpus.complete("creme")) == [Completion("Crème de la Crème", 1)]
    assert list(corpus.complete("gaz", first=1)) == [Completion("Gazelle", 3)]
    assert list(corpus.complete("range")) == []
    assert list(corpus.complete(" . ")) == []


# Versions, generations, and what is there.


@pytest.fixture
def kept(under_test: UnderTest) -> Corpus:
    """Documents of a subject that no other test here reads as a whole."""
    return Corpus(under_test, Subject.PERSONS)


def test_given_an_older_change_when_it_comes_late_then_it_changes_nothing(kept: Corpus) -> None:
    old, new = kept.a_document("it", "fiets"), kept.a_document("it", "ketting", revision=2)

    kept.change([a_change(new, 20)])
    kept.change([a_change(old, 10)])

    assert (kept.found("ketting"), kept.found("fiets")) == (["it"], [])


def test_given_what_is_gone_when_an_older_change_comes_late_then_it_stays_gone(
    kept: Corpus,
) -> None:
    old = kept.a_document("it", "fiets")

    kept.change([a_change(old, 10)])
    kept.change([gone(old, 20)])
    assert kept.found("fiets") == []

    kept.change([a_change(old, 15)])
    assert kept.found("fiets") == []

    kept.change([a_change(old, 30)])
    assert kept.found("fiets") == ["it"]


def test_given_something_that_never_was_when_it_goes_then_what_came_before_stays_away(
    kept: Corpus,
) -> None:
    it = kept.a_document("it", "fiets")

    kept.change([gone(it, 20)])
    kept.change([a_change(it, 10)])

    assert kept.found("fiets") == []


def test_given_changes_that_are_put_twice_when_it_is_asked_then_nothing_changed(
    kept: Corpus,
) -> None:
    changes = [a_change(kept.a_document(f"{n}", "fiets", at=n)) for n in range(10)]
    kept.change(changes)
    before = kept.ask("fiets")

    kept.change(changes)

    assert kept.ask("fiets") == before


def test_given_documents_of_all_kinds_when_all_are_read_then_they_are_what_was_put_by_id(
    under_test: UnderTest, kept: Corpus
) -> None:
    documents = [
        kept.a_document(
            f"{n}",
            "Rode kinderfiets",
            "krasje" * (n % 3),
            fields={"brand": [], "colour": ["red", "black"]} if n % 2 else {},
            law=n % 2,
            amount=n if n % 3 else None,
            at=-n,
            completions=("Gazelle", "Gazelle Orange C7") if n % 5 else (),
            kept="comparable" if n % 4 == 0 else "open",
            line=n,
            numbers=("GZ12345", "plate:~hash") if n % 2 else (),
            place=PLACES[0] if n % 2 else None,
            revision=n + 1,
        )
        for n in range(12)
    ]

    under_test.index.put(Subject.PERSONS, GENERATION, map(a_change, documents))

    mine = [
        each
        for each in under_test.index.documents(Subject.PERSONS, GENERATION)
        if each.law in kept.laws
    ]
    assert mine == sorted(documents, key=lambda each: each.id)
    assert [e.encoded() for e in mine] == [
        e.encoded() for e in sorted(documents, key=lambda each: each.id)
    ]


def test_given_a_generation_that_is_being_filled_when_it_is_asked_then_the_live_one_answers(
    under_test: UnderTest,
) -> None:
    corpus, index = Corpus(under_test, Subject.DEALERS), under_test.index
    corpus.put_titles(old="fiets")

    index.create(Subject.DEALERS, 2)
    index.create(Subject.DEALERS, 2)  # Begun before.
    index.put(Subject.DEALERS, 2, [a_change(corpus.a_document("new", "fiets"))])
    index.settle(Subject.DEALERS, 2)
    assert corpus.found("fiets") == ["old"]

    index.swap(Subject.DEALERS, 2)
    assert corpus.found("fiets") == ["new"]

    index.drop(Subject.DEALERS, 1)
    index.drop(Subject.DEALERS, 1)  # It is not there any more.
    assert (index.is_whole(Subject.DEALERS, 1), index.is_whole(Subject.DEALERS, 2)) == (False, True)
    assert corpus.found("fiets") == ["new"]
    assert [d.record for d in index.documents(Subject.DEALERS, 2)] == [corpus.record("new")]


def test_given_generations_that_follow_each_other_when_one_asks_then_each_answer_is_of_one(
    under_test: UnderTest,
) -> None:
    corpus, index, size = Corpus(under_test, Subject.STOLEN), under_test.index, 40

    def fill(generation: int) -> None:
        index.create(Subject.STOLEN, generation)
        index.put(
            Subject.STOLEN,
            generation,
            (
                a_change(
                    corpus.a_document(
                        f"{n}", "fiets", fields={"status": [f"{generation}"]}, law=n % 2
                    )
                )
                for n in range(size)
            ),
        )
        index.settle(Subject.STOLEN, generation)
        index.swap(Subject.STOLEN, generation)
        if generation > 1:
            index.drop(Subject.STOLEN, generation - 1)

    def refill() -> None:
        for generation in (2, 3, 4):
            fill(generation)

    fill(1)
    replacing = threading.Thread(target=refill)
    replacing.start()
    seen = set()
    while replacing.is_alive():
        answer = corpus.ask("fiets", facets=("status",), first=0)
        [bucket] = answer.facets["status"]
        assert (answer.total.value, bucket.number) == (size, size)
        seen.add(bucket.value)
    replacing.join()

    assert seen <= {"1", "2", "3", "4"}
    assert corpus.ask("fiets", facets=("status",)).facets["status"][0].value == "4"


class _writing:  # noqa: N801 - read as a verb
    """Writes changes a few at a time in a thread, until all are written."""

    def __init__(self, corpus: Corpus, changes: Iterable[Change]) -> None:
        self._corpus, self._changes = corpus, list(changes)
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _write(self) -> None:
        try:
            for start in range(0, len(self._changes), 50):
                self._corpus.change(self._changes[start : start + 50])
        except BaseException as error:
            self._failed = error
