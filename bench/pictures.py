"""pictures: draws the simulated world for `docs/simulated-world.md`, from a world with a seed.

Plain SVG without a library: bars, curves and timelines are all that the page needs. The same seed
draws the same bytes.
"""

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import accumulate
from math import log10
from pathlib import Path
from typing import Any, Final

import msgspec

from herkomst.simulate import rates
from herkomst.simulate.world import simulate

INK, PALE, GRID, RED, BLUE = "#1c2733", "#8a97a5", "#dde3e9", "#c2412d", "#2b6cb0"
WIDTH: Final = 720
LEFT: Final = 170
SEED, PURCHASES = 1, 100_000
DEALERS: Final = PURCHASES * 6_500 // 1_000_000
Row = dict[str, Any]


class Picture:
    """An SVG picture that grows by elements."""

    def __init__(self, title: str, height: float) -> None:
        self._title = title
        self._height = height
        self._elements: list[str] = []
        self.text(16, 26, title, size=16, weight="600")

    def text(self, x: float, y: float, said: str, *, size: int = 12, fill: str = INK,
             anchor: str = "start", weight: str = "400") -> None:  # fmt: skip
        """Write a text at a point of its baseline."""
        self._elements.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{escape(said)}</text>'
        )

    def bar(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Draw a filled rectangle."""
        self._elements.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}"/>'
        )

    def line(self, points: Iterable[tuple[float, float]], stroke: str, width: float = 1) -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._elements.append(
            f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{width}"/>'
        )

    def dot(self, x: float, y: float, radius: float, fill: str) -> None:
        """Draw a disc with a white edge."""
        self._elements.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" stroke="#fff"/>'
        )

    def svg(self) -> str:
        """Return the whole picture."""
        body = "\n".join(self._elements)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self._height:.0f}" '
            f'font-family="system-ui, sans-serif" role="img">\n'
            f"<title>{escape(self._title)}</title>\n"
            f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
        )


def bars(title: str, rows: Sequence[tuple[str, float, float | None]]) -> str:
    """Draw shares as bars, with a mark where the table of rates says they should end."""
    picture = Picture(title, 56 + 24 * len(rows) + 22)
    most = max(max(found, wanted or 0) for _, found, wanted in rows)
    scale = (WIDTH - LEFT - 90) / most
    for number, (name, found, wanted) in enumerate(rows):
        y = 46 + 24 * number
        picture.text(LEFT - 8, y + 13, name, anchor="end")
        picture.bar(LEFT, y, found * scale, 17, BLUE)
        picture.text(LEFT + max(found, wanted or 0) * scale + 8, y + 13, _percent(found))
        if wanted is not None:
            x = LEFT + wanted * scale
            picture.line([(x, y - 2), (x, y + 19)], RED, 2)
    if any(wanted is not None for _, _, wanted in rows):
        y = 46 + 24 * len(rows)
        picture.text(LEFT, y + 16, "bar: counted in this world · red: table of rates", fill=PALE)
    return picture.svg()


def curves(title: str, below: str, ticks: Sequence[tuple[float, str]],
           drawn: Sequence[tuple[str, str, Sequence[tuple[float, float]]]]) -> str:  # fmt: skip
    """Draw shares from nought to one over a line from the first tick to the last."""
    picture = Picture(title, 360)
    left, top, right, bottom = 60.0, 46.0, WIDTH - 24.0, 296.0
    first, last = ticks[0][0], ticks[-1][0]

    def place(at: float, share: float) -> tuple[float, float]:
        part = (min(max(at, first), last) - first) / (last - first)
        return left + part * (right - left), bottom - share * (bottom - top)

    for share in (0, 0.25, 0.5, 0.75, 1):
        picture.line([place(first, share), place(last, share)], GRID)
        picture.text(left - 8, place(first, share)[1] + 4, _percent(share), anchor="end")
    for at, name in ticks:
        x, y = place(at, 0)
        picture.line([(x, top), (x, bottom)], GRID)
        picture.text(x, y + 18, name, anchor="middle")
    picture.text((left + right) / 2, bottom + 38, below, anchor="middle", fill=PALE)
    for number, (name, stroke, points) in enumerate(drawn):
        picture.line([place(at, share) for at, share in points], stroke, 2)
        picture.text(left + 12, top + 18 + 18 * number, name, fill=stroke, weight="600")
    return picture.svg()


Sale = tuple[datetime, str, bool]
"""When, where, and whether something stolen was sold."""


def timeline(title: str, notes: Sequence[str], people: Sequence[tuple[str, Sequence[Sale]]]) -> str:
    """Draw the sales of some people, a row each, with a letter for each shop."""
    picture = Picture(title, 74 + 18 * len(notes) + 28 * len(people) + 20)
    for number, note in enumerate(notes):
        picture.text(16, 46 + 18 * number, note, fill=PALE)
    top = 62 + 18 * len(notes)
    moments = [sale[0] for _, sales in people for sale in sales]
    first, last = min(moments), max(moments)
    span = max((last - first).total_seconds(), 1)
    names: dict[str, str] = {}
    for number, (person, sales) in enumerate(people):
        y = top + 28 * number
        picture.text(LEFT - 12, y + 4, person, anchor="end")
        picture.line([(LEFT, y), (WIDTH - 30, y)], GRID)
        for at, shop, stolen in sales:
            letter = names.setdefault(shop, chr(ord("A") + len(names) % 26))
            x = LEFT + 12 + (at - first).total_seconds() / span * (WIDTH - LEFT - 52)
            picture.dot(x, y, 9, RED if stolen else BLUE)
            picture.text(x, y + 4, letter, size=11, fill="#fff", anchor="middle", weight="600")
    bottom = top + 28 * len(people)
    picture.text(LEFT, bottom + 8, f"{first:%d-%m-%Y}", fill=PALE)
    picture.text(WIDTH - 30, bottom + 8, f"{last:%d-%m-%Y}", fill=PALE, anchor="end")
    return picture.svg()


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.1 or share == 0 else f"{share * 100:.2g} %"


# -- What is drawn --------------------------------------------------------------------------------


class World:
    """A world read back, as far as the pictures need it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dealers = list(_rows(folder / "dealers.ndjson"))
        self.purchases = {row["key"]: row for row in _rows(folder / "purchases.ndjson")}
        self.person_of: dict[str, str] = {}
        self.sales: Counter[str] = Counter()
        for row in _rows(folder / "truth/persons.ndjson"):
            for reference in row["presented"]:
                self.person_of[reference["key"]] = row["person"]
                self.sales[row["person"]] += 1
        self.crimes = list(_rows(folder / "truth/crimes.ndjson"))
        self.here = list(_rows(folder / "truth/stolen.ndjson"))
        self.hits = list(_rows(folder / "truth/hits.ndjson"))
        self.stolen_keys = {row["purchase"]["key"] for row in self.here}
        wanted = {row["stolen"]["key"] for row in self.here if "stolen" in row}
        rows = _rows(folder / "stolen.ndjson")
        self.reports = {row["key"]: row for row in rows if row["key"] in wanted}


def _rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line)


def trades(world: World) -> str:
    """Draw the entries by trade; a dealer in several trades counts by its first."""
    together = dict.fromkeys(("general", "electronics"), "general, electronics")
    of = {dealer["key"]: dealer["trades"][0] for dealer in world.dealers}
    counted: Counter[str] = Counter()
    for row in world.purchases.values():
        trade = of[row["dealer"]["key"]]
        counted[together.get(trade, trade)] += 1
    # One chain is in both of these trades, and its purchases do not say in which.
    wanted: dict[str, float] = defaultdict(float)
    for trade, share in rates.TRADE_ENTRIES.items():
        wanted[together.get(trade, trade)] += share
    total = counted.total()
    found = [(trade, counted[trade] / total, share) for trade, share in wanted.items()]
    return bars("Entries by trade of the dealer", found)


def sellers(world: World) -> str:
    """Draw how often people sell."""
    total = len(world.sales)
    rows = []
    for share, fewest, most in rates.SALES_OF_A_PERSON:
        name = "one sale" if most == 1 else f"{fewest} to {most} sales"
        counted = sum(fewest <= count <= most for count in world.sales.values())
        rows.append((name, counted / total, share))
    return bars("Sales of a person", rows)


def shops(world: World) -> str:
    """Draw how unevenly the entries lie over the shops."""
    counted = Counter((r["dealer"]["key"], r.get("branch")) for r in world.purchases.values())
    establishments = sum(len(dealer["establishments"]) for dealer in world.dealers)
    sizes = sorted(counted.values(), reverse=True) + [0] * (establishments - len(counted))
    total = sum(sizes)
    points = [(0.0, 0.0)]
    points += [((n + 1) / len(sizes), held / total) for n, held in enumerate(accumulate(sizes))]
    ticks = [(0, "0 %"), (0.05, "5 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1, "all")]
    held = next(share for at, share in points if at >= 0.05)
    title = f"Five per cent of the shops hold {held * 100:.0f} % of the entries"
    return curves(title, "shops, the busiest first", ticks, [("share of entries", BLUE, points)])


def delays(world: World) -> str:
    """Draw how soon a stolen good is sold, and how soon its owner reports it."""
    sold, reported = [], []
    for row in world.here:
        report = world.reports.get(row.get("stolen", {}).get("key", ""))
        bought = world.purchases[row["purchase"]["key"]]["acquired"]["from"]
        if report and "T" in bought and "T" in report["stolen"]["from"]:
            began = datetime.fromisoformat(report["stolen"]["from"])
            sold.append(_days(began, bought))
            reported.append(_days(began, report["reported_at"]))
    ticks = [(log10(1 / 24), "1 hour"), (0.0, "1 day"), (log10(3), "3"), (log10(30), "30"),
             (log10(365), "1 year"), (log10(1_000), "")]  # fmt: skip
    drawn = [("sold to a shop", RED, _shares(sold)), ("reported by the owner", BLUE,
                                                      _shares(reported))]  # fmt: skip
    return curves("After a theft: sold, and reported", "days since the theft began", ticks, drawn)


def _days(began: datetime, then: str) -> float:
    return (datetime.fromisoformat(then) - began).total_seconds() / 86_400


def _shares(days: list[float]) -> list[tuple[float, float]]:
    ordered = sorted(days)
    return [(log10(max(day, 0.02)), (n + 1) / len(ordered)) for n, day in enumerate(ordered)]


def shown(world: World) -> str:
    """Draw what is left, of all stolen goods in shops, that a number can show."""
    total = len(world.here)
    reported = [row for row in world.here if "stolen" in row]
    at_police = at_shop = 0
    for row in reported:
        bought = world.purchases[row["purchase"]["key"]]["items"][row["purchase"]["line"] - 1]
        police = bool(world.reports[row["stolen"]["key"]]["item"]["identifiers"])
        at_police += police
        at_shop += police and bool(bought["identifiers"])
    exact = sum(hit["grade"] in ("full_hit", "hit") for hit in world.hits)
    rows = [
        ("stolen, in a shop", 1.0, None),
        ("and reported", len(reported) / total, None),
        ("with a number there", at_police / total, None),
        ("and one in the shop", at_shop / total, None),
        ("the same number", exact / total, None),
    ]
    return bars("Of all stolen goods in shops: what a number can show", rows)


def ring(world: World) -> str:
    """Draw a ring."""
    crime = _largest(world, lambda crime: crime.get("form") == "by_phone")
    notes = ("The members give one telephone number, where a shop asks for it, and else nothing.",
             "A letter is a shop; red is stolen, blue is their own.")  # fmt: skip
    return timeline("A ring", notes, _people(world, crime))


def family(world: World) -> str:
    """Draw a family that looks like a ring."""
    crime = _largest(world, lambda crime: crime["kind"] == "family")
    notes = ("They share a telephone and a home, as families do. Nothing here is a crime.",
             "A letter is a shop; red would be a stolen good bought in good faith.")  # fmt: skip
    return timeline("A family: the look-alike of that ring", notes, _people(world, crime))


def split_cash(world: World) -> str:
    """Draw payments that are split, beside lawful ones."""
    rows: list[tuple[str, Row]] = []
    for name, kind in (("split cash, 2026", "structuring"), ("by the bank, 2026", "bank_transfers"),
                       ("cash, before 2026", "pattern_of_2025"),
                       ("inherited gold", "inherited_gold")):  # fmt: skip
        found = [crime for crime in world.crimes if crime["kind"] == kind]
        rows += [(name, crime) for crime in found[:2]]
    picture = Picture("Payments of one story each; the limit for cash is 3,000 euro since 2026",
                      62 + 30 * len(rows))  # fmt: skip
    scale = (WIDTH - LEFT - 100) / 12_000
    for number, (name, crime) in enumerate(rows):
        y = 46 + 30 * number
        planted = "look_alike_of" not in crime
        picture.text(LEFT - 8, y + 14, name, anchor="end", fill=RED if planted else INK)
        x = float(LEFT)
        for reference in crime["purchases"]:
            paid = float(world.purchases[reference["key"]]["payment"]["amount"])
            picture.bar(x, y, paid * scale - 2, 20, RED if planted else BLUE)
            x += paid * scale
        picture.text(x + 6, y + 14, f"{(x - LEFT) / scale:,.0f} euro")
    limit = LEFT + 3_000 * scale
    picture.line([(limit, 38), (limit, 46 + 30 * len(rows))], INK)
    return picture.svg()


def ranking(world: World) -> str:
    """Draw the two hundred who sell most, and where planted offenders stand among them."""
    offenders = {m for c in world.crimes if "look_alike_of" not in c for m in c["members"]}
    first = [person for person, _ in world.sales.most_common(200)]
    picture = Picture("The 200 people who sell most: red are planted offenders", 250)
    scale = 170 / world.sales[first[0]]
    for number, person in enumerate(first):
        height = world.sales[person] * scale
        x = 24 + number * 3.3
        picture.bar(x, 226 - height, 2.6, height, RED if person in offenders else PALE)
    picture.text(24, 243, f"most: {world.sales[first[0]]} sales", fill=PALE)
    picture.text(WIDTH - 36, 243, f"{world.sales[first[-1]]} sales", fill=PALE, anchor="end")
    return picture.svg()


def _largest(world: World, fits: Callable[[Row], bool]) -> Row:
    """Return the planted story of a kind that has the most people in it."""
    return max(filter(fits, world.crimes), key=lambda crime: len(crime["members"]))


def _people(world: World, crime: Row) -> list[tuple[str, list[Sale]]]:
    """Return the sales of each member under the name that a shop wrote first."""
    by_person: dict[str, list[Row]] = defaultdict(list)
    for reference in crime["purchases"]:
        by_person[world.person_of[reference["key"]]].append(world.purchases[reference["key"]])
    found = []
    for purchases in by_person.values():
        sales = [
            (datetime.fromisoformat(row["acquired"]["from"][:10]),
             f"{row['dealer']['key']}/{row.get('branch')}",
             row["key"] in world.stolen_keys)
            for row in purchases
        ]  # fmt: skip
        found.append((_name(purchases[0]["seller"]), sorted(sales)))
    return found


def _name(seller: Row) -> str:
    parts = (seller.get("initials"), seller.get("prefix"), seller["family_name"])
    return " ".join(part for part in parts if part)


PICTURES: Final[dict[str, Callable[[World], str]]] = {
    "trades": trades,
    "sellers": sellers,
    "shops": shops,
    "delays": delays,
    "shown": shown,
    "ring": ring,
    "family": family,
    "split-cash": split_cash,
    "ranking": ranking,
}


def draw(world: Path, out: Path) -> None:
    """Draw every picture of a world into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    read = World(world)
    for name, drawn in PICTURES.items():
        (out / f"{name}.svg").write_text(drawn(read), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="herkomst-pictures-") as directory:
        made = Path(directory)
        simulate(made, dealers=DEALERS, purchases=PURCHASES, stolen=None, seed=SEED)
        draw(made, arguments.out)
