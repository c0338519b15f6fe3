"""The schema: its types with their limits, and its text."""

from functools import partial
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from herkomst.graphql.fields import by_name
from herkomst.graphql.limits import Limits, Reader
from herkomst.graphql.mutation import Mutation
from herkomst.graphql.query import Query


class Schema(strawberry.Schema):
    """The schema of the product; what goes wrong is logged by the endpoint, with its request."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: the library would log questions, which may hold names of persons."""


def make_schema(*, introspection: bool) -> Schema:
    """The schema; without introspection neither it nor a misspelt name tells what there is."""
    config = StrawberryConfig(default_resolver=by_name, disable_field_suggestions=not introspection)
    reader = Reader(introspection=introspection)
    extensions: list[Any] = [partial(Limits, reader)]
    return Schema(query=Query, mutation=Mutation, config=config, extensions=extensions)


def print_schema() -> str:
    """The schema as SDL, as it stands in `schema.graphql`."""
    return f"{make_schema(introspection=True).as_str()}\n"
