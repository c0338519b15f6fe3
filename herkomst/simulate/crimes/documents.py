"""Borrowed documents: somebody shows the identity document of another."""

from herkomst.simulate import rates
from herkomst.simulate.crimes import loot
from herkomst.simulate.sellers import Person
from herkomst.simulate.stage import Scene
from herkomst.simulate.supply import Past


def own_name(scene: Scene) -> None:
    """The shop writes the borrower's own name beside the number of the lender's document."""
    chance, town = scene.chance, scene.town()
    lender, borrower = scene.people(2, town)
    show_document_of(borrower, lender)
    scene.excuse(lender)
    _sell(scene, lender, scene.count(rates.LENDER_SALES), stolen=0)
    _sell(scene, borrower, scene.count(rates.BORROWED_SALES), stolen=rates.BORROWED_STOLEN)
    if chance.random() < rates.BORROWED_STOLEN:
        _sell(scene, borrower, 1, stolen=1)


def show_document_of(person: Person, other: Person) -> None:
    """Let a person show the document that another has now."""
    person.document = person.next_document = other.document
    other.next_document = other.document


def _sell(scene: Scene, seller: Person, count: int, *, stolen: float) -> None:
    for day in scene.days(count, scene.count(rates.RING_SPAN_DAYS)):
        shop = scene.shop(seller.town, day, *loot.FENCES)
        past: Past = "stolen" if scene.chance.random() < stolen else "own"
        scene.sell(seller, shop, scene.visit(shop, day), *loot.bag(scene.chance, shop.trade, past))
