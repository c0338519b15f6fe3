"""A follower: what the runner moves along a sequence, one batch and one transaction at a time."""

from collections.abc import Sequence, Set
from typing import Literal, Protocol, runtime_checkable

from psycopg import Connection

from herkomst.domain.events import Recorded
from herkomst.projections import registry
from herkomst.projections.model import Model, Token, Unsealed
from herkomst.record.database import Row
from herkomst.record.vault import Vault

Kind = Literal["projection", "process", "delivery"]


class NotYet(Exception):
    """The follower waits for another one; the runner tries again, and nothing has failed."""


class Follower(Protocol):
    """Follows one sequence; its position and what it writes commit together."""

    name: str
    kind: Kind
    sequence: str
    models: Sequence[Model]
    """Read models that it keeps."""
    topics: Set[str]
    """Topics of the events that it takes in; others may be kept from it."""

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        """Take in the next events, inside the runner's transaction."""


@runtime_checkable
class Preparing(Protocol):
    """A follower that looks after what it writes to before it follows: what is not in the database
    may have been lost."""

    def prepare(self, connection: Connection[Row]) -> None:
        """Called by the runner that has taken it over."""

    def finish(self) -> bool:
        """Wait for what was begun to be prepared; whether there was any, and it is done."""


class Keeper:
    """Keeps one or more read models of a sequence, and knows how to open what they need opened."""

    def __init__(self, models: Sequence[Model], vault: Vault, token: Token) -> None:
        self.models = models
        self.topics: Set[str] = frozenset[str]().union(*[model.topic_names for model in models])
        self._vault = vault
        self._token = token

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        """Fold events into the live generation of each model."""
        unsealed = self.unsealed(connection, facts)
        for model in self.models:
            model.apply(connection, registry.kept(connection, model), facts, unsealed)

    def settle(self, connection: Connection[Row], position: int) -> None:
        """Mend what rests on rows that another version of its models, which was swapped in while
        the follower stands at a position, does not have. A projection makes nothing but rows."""

    def unsealed(self, connection: Connection[Row], facts: Sequence[Recorded]) -> Unsealed:
        """The data keys that these models need for these events."""
        wanted = {
            model.key_of(fact) for model in self.models for fact in model.concerning(facts)
        } - {None}
        keys = self._vault.keys(connection, [key for key in wanted if key]) if wanted else {}
        return Unsealed(keys, self._token)


class Projection(Keeper):
    """The follower of one read model: pure, and rewound at will."""

    kind: Kind = "projection"

    def __init__(self, model: Model, vault: Vault, token: Token) -> None:
        super().__init__([model], vault, token)
        self.name: str = model.name
        self.sequence = model.sequence
