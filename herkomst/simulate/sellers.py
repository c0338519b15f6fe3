"""Sellers: who they are, with whom they live, and how a shop writes them down."""

from collections import deque
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Final

from msgspec import Struct

from herkomst.simulate import clock, names, places, rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.formats import Address, Document, Seller

_DOCUMENT_SIGNS: Final = "BCDFGHJKLNPRTVWXYZ123456789"
_THREE_SIGNS: Final = ["".join(signs) for signs in product(_DOCUMENT_SIGNS, repeat=3)]
_DOCUMENTS_OF_A_DIGIT: Final = len(_THREE_SIGNS) ** 2
_COUNTRIES: Final = ("PL", "DE", "RO", "BG", "TR", "BE", "MA", "SY", "ES", "PT")
_SMALL_HOUSEHOLDS: Final = Urn({2: 80, 3: 20})
_KINDS: Final = Urn(rates.HOUSEHOLDS)
_DOCUMENTS: Final = Urn(rates.DOCUMENTS)
_PHONE_FORMS: Final = Urn(rates.PHONE_FORMS)
_SALES: Final = Urn({(low, high): share for share, low, high in rates.SALES_OF_A_PERSON})
_YEARS: Final = clock.DAYS / 365
_PHONES_REMEMBERED = 50


class Person(Struct):
    """Somebody who sells, as they are."""

    name: names.Name
    born: str
    phone: str
    home: Address
    town: places.Town
    document: Document
    sales: int
    moves_at: int
    next_home: Address
    renews_at: int
    next_document: Document
    van: str = ""
    is_company: bool = False


class Population:
    """Makes households of sellers, one after another, and forgets them."""

    __slots__ = ("_chance", "_country", "_largest_hostel", "_phones")

    def __init__(self, country: places.Country, chance: Random, purchases: int) -> None:
        self._country = country
        self._chance = chance
        self._phones: deque[str] = deque(maxlen=_PHONES_REMEMBERED)
        self._largest_hostel = int(purchases * rates.LARGEST_HOSTEL_OF_PURCHASES)

    def household(self, shop_town: places.Town) -> Iterator[Person]:
        """Make the sellers of one address, near the town of the shop where they come first."""
        chance = self._chance
        town = self._home_of(shop_town)
        home = places.address(chance, town)
        kind = _KINDS.draw(chance)
        if kind == "single":
            yield self._person(town, home, names.family(chance))
        elif kind in ("student_house", "hostel"):
            yield from self._lodgers(kind, town, home)
        elif kind in ("father_and_son", "twins"):
            yield from self._alike(kind, town, home)
        else:
            yield from self._relatives(kind, town, home)

    def someone(
        self,
        town: places.Town,
        *,
        home: Address | None = None,
        family: tuple[str, str] | None = None,
    ) -> Person:
        """Make one seller who lives there, alone and under a name of their own if nothing else."""
        chance = self._chance
        home = home or places.address(chance, town)
        return self._person(town, home, family or names.family(chance))

    def company(self, name: str, town: places.Town, address: Address) -> Person:
        """Make a company that sells."""
        found = self._person(town, address, ("", name))
        found.name = names.Name((), "", name)
        found.is_company, found.next_home = True, address
        return found

    def _home_of(self, shop_town: places.Town) -> places.Town:
        draw = self._chance.random()
        if draw < rates.LIVES_IN_TOWN_OF_SHOP:
            return shop_town
        if draw < rates.LIVES_IN_TOWN_OF_SHOP + rates.LIVES_NEXT_TOWN:
            return self._country.next_to(shop_town, self._chance)
        return self._country.town(self._chance)

    def _lodgers(self, kind: str, town: places.Town, home: Address) -> Iterator[Person]:
        fewest, most = rates.HOSTEL if kind == "hostel" else rates.STUDENT_HOUSE
        if kind == "hostel":
            most = min(most, self._largest_hostel)
        for _ in range(self._chance.randint(fewest, most) if most > fewest else 1):
            yield self._person(town, home, names.family(self._chance))

    def _relatives(self, kind: str, town: places.Town, home: Address) -> Iterator[Person]:
        family = names.family(self._chance)
        shared = self._phone() if kind == "family_phone" else None
        for _ in range(_SMALL_HOUSEHOLDS.draw(self._chance)):
            person = self._person(town, home, family)
            if shared:
                person.phone = shared
            yield person

    def _alike(self, kind: str, town: places.Town, home: Address) -> Iterator[Person]:
        """Make a father and a son with the same initials, or twins with the same birthday."""
        family = names.family(self._chance)
        elder = self._person(town, home, family)
        younger = self._person(town, home, family)
        if kind == "twins":
            younger.born = elder.born
        else:
            younger.name.given = tuple(
                names.sharing_initial(self._chance, given) for given in elder.name.given
            )
            elder.born = f"{int(younger.born[:4]) - 29}{younger.born[4:]}"
        yield elder
        yield younger

    def _person(self, town: places.Town, home: Address, family: tuple[str, str]) -> Person:
        chance = self._chance
        prefix, name = family
        fewest, most = _SALES.draw(chance)
        moves = chance.random() < rates.MOVES_A_YEAR * _YEARS
        document = self._document()
        renews = chance.random() < rates.DOCUMENT_RENEWED
        return Person(
            name=names.Name(names.given(chance), prefix, name),
            born=self._born(),
            phone=self._phone(),
            home=home,
            town=town,
            document=document,
            sales=fewest + int(chance.random() * (most - fewest + 1)),
            moves_at=_some_moment(chance),
            next_home=self._next_home(town) if moves else home,
            renews_at=_some_moment(chance),
            next_document=self._document(document.type) if renews else document,
        )

    def _next_home(self, town: places.Town) -> Address:
        if self._chance.random() < rates.MOVES_TO_NEXT_TOWN:
            town = self._country.next_to(town, self._chance)
        return places.address(self._chance, town)

    def _born(self) -> str:
        chance = self._chance
        year = 2005 - int(62 * chance.random() ** 1.5)
        if chance.random() < rates.SELLER_MINOR:
            year = 2010
        if chance.random() < rates.BORN_ON_1_JANUARY:
            return f"{year}-01-01"
        return f"{year}-{int(1 + chance.random() * 12):02d}-{int(1 + chance.random() * 28):02d}"

    def _phone(self) -> str:
        chance = self._chance
        if self._phones and chance.random() < rates.PHONE_RECYCLED:
            return self._phones[int(chance.random() * len(self._phones))]
        number = f"06{'123458'[int(chance.random() * 6)]}{int(chance.random() * 10_000_000):07d}"
        self._phones.append(number)
        return number

    def _document(self, kind: str | None = None) -> Document:
        chance = self._chance
        kind = kind or _DOCUMENTS.draw(chance)
        country = "NL"
        if kind in ("passport", "identity_card") and chance.random() < rates.DOCUMENT_FOREIGN:
            country = _COUNTRIES[int(chance.random() * len(_COUNTRIES))]
        return Document(kind, _document_number(chance, kind, country), country)


def _some_moment(chance: Random) -> int:
    return clock.START + int(chance.random() * (clock.END - clock.START))


def _document_number(chance: Random, kind: str, country: str) -> str:
    if kind == "driving_licence":
        return str(4_000_000_000 + int(chance.random() * 2_000_000_000))
    number = int(chance.random() * _DOCUMENTS_OF_A_DIGIT)
    signs = _THREE_SIGNS[number // len(_THREE_SIGNS)] + _THREE_SIGNS[number % len(_THREE_SIGNS)]
    digit = 1 + int(chance.random() * 9)
    if country != "NL":
        return f"{country}{signs}{digit}"
    first = {"passport": "N", "identity_card": "I", "residence_document": "V"}.get(kind, "A")
    return f"{first}{'XRSTWKP'[int(chance.random() * 7)]}{signs}{digit}"


def visits(chance: Random, person: Person) -> list[int]:
    """Draw on which days of the world a person sells, a few within a season, many over years."""
    if person.sales == 1:
        return [int(chance.random() * clock.DAYS)]
    reach = min(clock.DAYS - 1, 12 + int(person.sales * 60 * chance.random()))
    start = int(chance.random() * (clock.DAYS - reach))
    return [start + int(chance.random() * reach) for _ in range(person.sales)]


def presented(chance: Random, person: Person, at: int) -> Seller:
    """Write a person down as a shop does, with its omissions and slips."""
    if person.is_company:
        return Seller(person.name.family, address=person.home)
    found = _presented_name(chance, person.name)
    if chance.random() < rates.SELLER_BORN:
        found.born = person.born
    if chance.random() < rates.SELLER_ADDRESS:
        found.address = person.home if at < person.moves_at else person.next_home
    if chance.random() < rates.SELLER_PHONE:
        found.phone = _written_phone(chance, person.phone)
    if chance.random() < rates.SELLER_EMAIL:
        found.email = _email(chance, person.name)
    if chance.random() < rates.SELLER_DOCUMENT:
        found.document = person.document if at < person.renews_at else person.next_document
    return found


def _presented_name(chance: Random, name: names.Name) -> Seller:
    family, prefix = name.family, name.prefix
    given = name.given[0] if len(name.given) == 1 else " ".join(name.given)
    if chance.random() < rates.NAME_TYPO:
        family = names.typo(chance, family)
    if chance.random() < rates.TRANSLITERATED:
        family, given = names.transliterated(chance, family, given)
    if prefix and chance.random() < rates.PREFIX_DROPPED:
        prefix = ""
    full = chance.random() < rates.GIVEN_NAMES
    if full and chance.random() < rates.NAMES_SWAPPED / rates.GIVEN_NAMES:
        family, given = given, family
    return Seller(family, prefix or None, given if full else None, name.initials())


def _written_phone(chance: Random, phone: str) -> str:
    form = _PHONE_FORMS.draw(chance)
    if form == "bare":
        return phone
    return f"06-{phone[2:]}" if form == "hyphen" else f"+31{phone[1:]}"


def _email(chance: Random, name: names.Name) -> str:
    plain = names.plain(f"{name.given[0]}.{name.family}").lower().replace(" ", "")
    return f"{plain.replace(chr(39), '')}{int(chance.random() * 90) + 10}@post.example"
