"""The factsheet: the policy as police and prosecutors read it, one section a role.

It says nothing that the table does not: it is rendered from the table, and `docs/policy.md` is what
it was when the table was changed last.
"""

from collections.abc import Iterable, Iterator, Sequence

from herkomst.access.policy import NONE_ASKED, REGIMES, Relation, Rule, rules
from herkomst.access.viewer import Role

_HEAD = """# Who may do what

Rendered from `herkomst/access/policy.csv` by `herkomst policy`; that table is what decides. What no
row allows is denied. An operation names a purpose and a ground, and both are held against what is
so at that moment: a case is a purpose of who works in it now, under its own article.
"""
_WHOSE = {
    Relation.ANYWHERE: "",
    Relation.OWN_CASE: " in the case that is the purpose",
    Relation.OWN_MUNICIPALITY: " of the own municipality",
    Relation.GRANTED: " that the owner granted for the purpose, until its end",
}
_COLUMNS = ("What", "On which ground", "For which purpose", "Which records", "Source", "Valid")


def factsheet(table: Sequence[Rule] | None = None) -> str:
    """The policy as Markdown."""
    held = rules() if table is None else table
    return "\n".join([_HEAD, *(line for role in Role for line in _section(role, held))])


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
    until = "" if rule.valid_to is None else f" up to {rule.valid_to}"
    return [
        _listed(action.replace("_", " ") for action in rule.actions),
        _listed(rule.grounds),
        _listed(rule.purposes),
        "; ".join(_records(rule, relation) for relation in sorted(rule.relations)),
        rule.source,
        f"from {rule.valid_from}{until}",
    ]


def _records(rule: Rule, relation: Relation) -> str:
    regimes = "" if rule.regimes == REGIMES else f" under {_listed(rule.regimes)}"
    return f"{_listed(rule.handling)}{regimes}{_WHOSE[relation]}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)).replace(NONE_ASKED, "none asked")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
