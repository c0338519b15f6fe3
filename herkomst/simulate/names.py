"""Names of people who do not exist, formed as names in the Netherlands are formed."""

from random import Random

from msgspec import Struct

from herkomst.simulate import rates

_HEADS = (
    "Wester", "Ooster", "Linden", "Mole", "Water", "Kruis", "Broek", "Hagen", "Veld", "Steen",
    "Zand", "Klaver", "Rooden", "Witten", "Groene", "Zwarte", "Hooge", "Langen", "Korte", "Dijken",
    "Heide", "Vennen", "Duinen", "Berken", "Elzen", "Esschen", "Doorn", "Haver", "Tarwe", "Koren",
    "Reiger", "Valken", "Zwanen", "Schapen", "Ossen", "Vossen", "Otter", "Bijlen", "Kuipen",
    "Smeden", "Ketel", "Tinnen", "Zilver", "Molden", "Pannen", "Wagen", "Zeilen", "Mast", "Roer",
    "Sluizen", "Nijen", "Olde", "Krommen", "Kolken", "Wielen", "Gouwe", "Schelpen", "Wolken",
)  # fmt: skip
_TAILS = (
    "hoek", "kamp", "horst", "stra", "sma", "inga", "veld", "beek", "brink", "donk", "laar",
    "meer", "burg", "dam", "haven", "wijk", "mans", "maker", "zoon", "huis", "poort", "sluis",
    "weide", "land", "berg", "goed", "schoot", "loo", "lo", "oord", "voort", "dijk", "rade",
)  # fmt: skip
_PREFIXES = ("van der", "van", "de", "van den", "van de", "ter", "ten", "den", "in 't", "van 't")
_FOREIGN = (
    "Öztarım", "Çelmek", "Yıldızcan", "Demirözü", "Müllenbach", "Grünhoff", "Nowaczek",
    "Kowalczyński", "Wiśnarek", "Ferrándiz", "Nuñezal", "Peñalosa", "Coelhão", "Gonçarez",
    "Bențăru", "Ionescăn", "N'Goumbé", "Diallomé", "El Bouhari", "Aït Sellam", "Ben Khalouf",
    "Ramdharie", "Soekhramin", "Kartowiro", "Tjon A Lok", "Wijngaardé", "Oduyemi", "Tesfalem",
    "Al Haddari", "Nguyenh", "Lîmborg", "Sørenvik", "Bjørnhaug", "Håkonsby", "Horváthi", "Kovácsi",
)  # fmt: skip
_WOMEN = (
    "Anouk", "Sietske", "Zoë", "Loïs", "Femke", "Marije", "Tjitske", "Noëlle", "Fenna", "Josien",
    "Hanneke", "Wietske", "Annemijn", "Roos", "Daphne", "Aaltje", "Geertruida", "Johanna",
    "Margaretha", "Lieke", "Renée", "Esmée", "Jikke", "Eefje", "Ilse", "Ayşe", "Fatıma", "Zofia",
    "Agnieszka", "Yasmina", "Inês", "Chloé", "Shanti", "Priya", "Naïma", "Maaike", "Willemijn",
)  # fmt: skip
_MEN = (
    "Joppe", "Sietse", "Teun", "Jurriaan", "Daniël", "Raphaël", "Wiebe", "Douwe", "Gijsbert",
    "Hendrik", "Cornelis", "Adriaan", "Bastiaan", "Floris", "Thijs", "IJsbrand", "Jörn", "André",
    "René", "Mehmet", "Emre", "Şükrü", "Paweł", "Tomasz", "Rachid", "Youssef", "João", "Kwame",
    "Ravi", "Delano", "Jermaine", "Wouter", "Niels", "Ruben", "Lars", "Olivier", "Casper", "Matthé",
)  # fmt: skip

_INITIALS = {
    given: ("IJ" if given.startswith("IJ") else given[0].upper()) + "." for given in _WOMEN + _MEN
}

_PLAIN = str.maketrans(
    "üöäëïéèêîçşıñãățńśłøåáôíýÖÇŞØÅ",
    "uoaeieeeicsinaatnsloaaoiyOCSOA",
)
_SPELT_OUT = {
    "ü": "ue", "ö": "oe", "ä": "ae", "ø": "oe", "å": "aa", "Ö": "Oe", "ij": "y", "IJ": "Y",
    "ş": "sh", "ç": "ch", "ı": "i",
}  # fmt: skip
_SLIPS = {
    "a": "e", "e": "a", "i": "e", "o": "u", "n": "m", "m": "n", "r": "t", "t": "r", "k": "l",
    "l": "k", "s": "d", "d": "s", "b": "v", "v": "b", "g": "h", "h": "g",
}  # fmt: skip


class Name(Struct, gc=False):
    """A name as its bearer writes it."""

    given: tuple[str, ...]
    prefix: str
    family: str

    def initials(self) -> str:
        """Return the initials; a name that begins with IJ keeps both letters."""
        if len(self.given) == 1:
            return _INITIALS[self.given[0]]
        return "".join([_INITIALS[given] for given in self.given])


def family(chance: Random) -> tuple[str, str]:
    """Draw a prefix, which may be empty, and a family name; low numbers are common names."""
    if chance.random() < rates.FOREIGN_NAME:
        return "", _FOREIGN[int(chance.random() * len(_FOREIGN))]
    head = _HEADS[int(chance.random() ** 1.7 * len(_HEADS))]
    tail = _TAILS[int(chance.random() ** 1.7 * len(_TAILS))]
    if chance.random() >= rates.TUSSENVOEGSEL:
        return "", head + tail
    return _PREFIXES[int(chance.random() ** 2 * len(_PREFIXES))], head + tail


def given(chance: Random) -> tuple[str, ...]:
    """Draw one to three given names."""
    names = _WOMEN if chance.random() < rates.WOMEN else _MEN
    count = (1, 1, 1, 1, 1, 2, 2, 2, 3)[int(chance.random() * 9)]
    if count == 1:
        return (names[int(chance.random() * len(names))],)
    return tuple([names[int(chance.random() * len(names))] for _ in range(count)])


def typo(chance: Random, text: str) -> str:
    """Mistype one letter: left out, doubled, swapped with the next, or a neighbouring key."""
    at = 1 + int(chance.random() * (len(text) - 2))
    slip = int(chance.random() * 4)
    if slip == 0:
        return text[:at] + text[at + 1 :]
    if slip == 1:
        return text[:at] + text[at] + text[at:]
    if slip == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + _SLIPS.get(text[at], "e") + text[at + 1 :]


def transliterated(chance: Random, family: str, given: str) -> tuple[str, str]:
    """Write names without their diacritics, or spelt out as an older system does."""
    if chance.random() < rates.TRANSLITERATED_PLAINLY:
        return plain(family), plain(given)
    return _spelt_out(family), _spelt_out(given)


def plain(text: str) -> str:
    """Write a text without diacritics."""
    return text.translate(_PLAIN)


def _spelt_out(text: str) -> str:
    for letter, letters in _SPELT_OUT.items():
        text = text.replace(letter, letters)
    return text.translate(_PLAIN)


def sharing_initial(chance: Random, given: str) -> str:
    """Draw a given name with the same first letter, where there is another."""
    same = [other for other in _MEN if other[0] == given[0]] or [given]
    return same[int(chance.random() * len(same))]
