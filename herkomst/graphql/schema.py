"""The schema: its types, and its text."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import DateTimeDefinition
from strawberry.types import ExecutionContext

from herkomst.graphql.fields import by_name
from herkomst.graphql.mutation import Mutation
from herkomst.graphql.query import Query
from herkomst.graphql.subscription import Subscription


def _moment(text: str) -> datetime:
    """A moment as it was sent; one without an offset is meant in UTC, as the database takes it."""
    moment: datetime = DateTimeDefinition.parse_value(text)  # type: ignore[misc]
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_MOMENT = replace(DateTimeDefinition, parse_value=_moment)


class Schema(strawberry.Schema):
    """The schema of the product; what goes wrong is logged by the endpoint, with its request."""

    @property
    def core(self) -> GraphQLSchema:
        """The schema that documents are validated against and executed over."""
        return self._schema

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: the library would log questions, which may hold names of persons."""


@cache
def make_schema() -> Schema:
    """The schema: one for all of a process, because it is dear to make and nothing changes it."""
    config = StrawberryConfig(default_resolver=by_name, scalar_map={datetime: _MOMENT})
    return Schema(query=Query, mutation=Mutation, subscription=Subscription, config=config)


def print_schema() -> str:
    """The schema as SDL, as it stands in `schema.graphql`."""
    return f"{make_schema().as_str()}\n"
