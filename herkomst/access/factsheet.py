"""The factsheet: the policy as police and prosecutors read it, one section a role.

It says nothing that does not decide: it is rendered from the tables, with what holds beside every
row, and `docs/policy.md` is what it was when these were changed last.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from herkomst.access import policy, reason
from herkomst.access.policy import NONE_ASKED, REGIMES, Relation, Rule, rules
from herkomst.access.viewer import Role
from herkomst.domain.casework import glass, reveal
from herkomst.domain.casework.hold import grounds
from herkomst.domain.clocks import ANY, Clock, clocks
from herkomst.domain.controllers import CONTROLLERS, Controller
from herkomst.domain.register.sources import ANY_OTHER, PROFILES

_HEAD = """# Who may do what

Rendered from `herkomst/access/policy.csv` by `herkomst policy`; that table is what decides. What no
row allows is denied. An operation names a purpose and a ground, and both are held against what is
so at that moment: a case is a purpose of who works in it now, under its own article.
"""
_WHOSE = {
    Relation.ANYWHERE: "",
    Relation.OWN_CASE: " in the case that is the purpose",
    Relation.OWN_MUNICIPALITY: " of the own municipality",
    Relation.OWN_UNIT: " of the own unit",
    Relation.GRANTED: " that the owner granted for the purpose, until its end",
}
_ALWAYS = f"""## What holds beside every row

- **Whose identity it is** stands behind a pseudonym in every answer, until it is revealed. Where a
  row allows that, it also stands on something: the person or the purchase is in the case that is
  the purpose; or a hit that stands, and that the viewer sees, is on what was sold; or an order of
  the prosecutor, in a case; or the glass was broken. More than {reveal.AT_MOST} in an hour take a
  second person, and one look-up in {reason.ONE_IN} a reason in writing (art. 3(2) Wpg).
- **Another investigation.** A case exists for who works in it and who oversees its unit; for
  everybody else there is none, whatever its article. Purchases and who sold them are in the
  register of a dealer and belong to no investigation: that a seller is a subject in a case of
  another unit neither opens him nor shuts him, and who reads of him is not told. A hit, a stolen
  item or a person that was brought into an article 9 case comes into another one only with the
  consent of the authorised officer of the unit of the first; that unit is named, its case is not.
  Of a case that is confidential or closed not even that is told, and its officer hears who came
  upon it (art. 9 Wpg; art. 2:11 Bpg).
- **Handling codes** of reports: `open` is read; `consent` and `confidential` are told to exist and
  withheld, and may be asked for; `closed` does not exist for who may not read it.
- **Nobody decides on what is his own**: who grants an authorisation, allows more reveals, closes a
  case, or judges a read or a broken glass is somebody else than it is about.
- **The broken glass** holds for {glass.LONGEST} hours at most, opens nothing that is closed, and
  is not broken again before somebody gave his verdict on the last time.
- **No purpose, no answer; no journal, no answer**: what is read is in the journal before the first
  byte of it leaves (art. 32a Wpg).
"""
_TERMS = """## How long it is kept

Rendered from `herkomst/domain/tables/clocks.csv`, which is what decides. Active is read by who may;
comparable is compared, and read by nobody but who works in a case that it is in; the vault is shut,
for complaints and accounting; destroyed is destroyed. What a record is kept for has a clock each.
"""
_ANSWERS = """## Who answers for it

Rendered from `herkomst/domain/tables/controllers.csv` and `sources.csv`. Of each record the
controller (verwerkingsverantwoordelijke) follows from what it is: a purchase is in the register of
a dealer, a notification is made to a municipality, a hit is police data, and a report of stolen
goods is of who its source is. Above, `own` is the controller that the viewer works for, and `made
available` are those that make their data available to it. Who is of no role and no unit that is
named here works for the police.
"""
_COUNTED_FROM = {
    "processed": "first processing",
    "ended": "the end of its purpose",
    "needed": "the last processing that showed the need",
    "vault": "the vault",
}
_COLUMNS = (
    "What",
    "On which ground",
    "For which purpose",
    "Which records",
    "Whose records",
    "Source",
    "Valid",
)


def factsheet(table: Sequence[Rule] | None = None) -> str:
    """The policy as Markdown."""
    held = rules() if table is None else table
    sections = (line for role in Role for line in _section(role, held))
    return "\n".join([_HEAD, *sections, _ALWAYS, _ANSWERS, *_controllers(), "", _TERMS, *_terms()])


def _controllers() -> Iterator[str]:
    columns = ("Controller", "Who", "Under", "Makes available to", "Roles and units", "Reports of")
    yield _row((*columns, "Source", ""))
    yield _row(["---"] * (len(columns) + 2))
    yield from (_row(_answering(each)) for each in CONTROLLERS.values())


def _answering(each: Controller) -> list[str]:
    sources = {name for name, profile in PROFILES.items() if profile.kind == each.controller}
    return [
        f"`{each.controller}`",
        each.who,
        _listed(each.regimes),
        _listed(each.makes_available_to),
        _listed({*each.roles, *each.units}),
        _listed(sources).replace(ANY_OTHER, "any other source"),
        each.source,
        each.confirmed,
    ]


def _terms() -> Iterator[str]:
    yield _row(("Record", "Under", "Is then", "After", "Source", "", "Valid"))
    yield _row(["---"] * 7)
    yield from (_row(_term(clock)) for clock in clocks())
    yield "\nA hold puts destruction off, of one record and until a day:\n"
    yield _row(("Ground", "What", "At most", "Source", "Valid"))
    yield _row(["---"] * 5)
    for ground in grounds().values():
        days = f"{ground.longest_days} days"
        valid = _valid(ground.valid_from, ground.valid_to)
        yield _row((ground.ground, ground.what, days, ground.source, valid))


def _term(clock: Clock) -> list[str]:
    return [
        "any" if clock.record == ANY else clock.record.replace("_", " "),
        clock.regime,
        clock.state,
        f"{clock.length} {clock.unit} from {_COUNTED_FROM[clock.counted_from]}",
        clock.source,
        clock.confirmed,
        _valid(clock.valid_from, clock.valid_to),
    ]


def _valid(first: date, last: date | None) -> str:
    return f"from {first}" + ("" if last is None else f" up to {last}")


def _section(role: Role, table: Iterable[Rule]) -> Iterator[str]:
    own = [rule for rule in table if role in rule.roles]
    yield f"## {role.replace('_', ' ').capitalize()} (`{role}`)\n"
    if not own:
        yield "No row allows anything to this role.\n"
        return
    yield _row(_COLUMNS)
    yield _row(["---"] * len(_COLUMNS))
    yield from (_row(_cells(rule)) for rule in own)
    yield ""


def _cells(rule: Rule) -> list[str]:
    return [
        _listed(action.replace("_", " ") for action in rule.actions),
        _listed(rule.grounds),
        _listed(rule.purposes),
        "; ".join(_records(rule, relation) for relation in sorted(rule.relations)),
        _listed(rule.controllers).replace(policy.MADE_AVAILABLE, "made available"),
        rule.source,
        _valid(rule.valid_from, rule.valid_to),
    ]


def _records(rule: Rule, relation: Relation) -> str:
    regimes = "" if rule.regimes == REGIMES else f" under {_listed(rule.regimes)}"
    return f"{_listed(rule.handling)}{regimes}{_WHOSE[relation]}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)).replace(NONE_ASKED, "none asked")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
