"""Operations: what is asked, read from a document, priced, and executed over the schema."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, NamedTuple

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_variable_values,
)

from herkomst.access.reading import JournalUnavailable
from herkomst.graphql import limits
from herkomst.graphql.documents import Documents, UnknownDocument
from herkomst.graphql.execution import RecordExecutor
from herkomst.graphql.limits import COST, TRUSTED_COST, Cost, Reader, Refused
from herkomst.graphql.schema import Schema
from herkomst.investigations.inquiry import TooSlow
from herkomst.projections.registry import ModelMissing
from herkomst.record.database import DatabaseDown
from herkomst.search.engines import EngineDown
from herkomst.search.engines import TooSlow as SearchTooSlow

UNAVAILABLE = (JournalUnavailable, DatabaseDown, EngineDown, ModelMissing, SearchTooSlow, TooSlow)
"""What fails the whole request: half an answer is none."""
COERCION_ERRORS = 10
"""Errors of variables that are told."""


class Asked(msgspec.Struct, rename="camel"):
    """What a request asks: a document or the id of a trusted one, and what goes with it."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Operation(NamedTuple):
    """An operation that may be executed."""

    text: str
    document: DocumentNode
    node: OperationDefinitionNode
    variables: Mapping[str, Any]
    cost: Cost

    @property
    def kind(self) -> OperationType:
        return self.node.operation

    @property
    def tells_of_schema_alone(self) -> bool:
        """Whether it reads nothing that is stored."""
        return all(
            isinstance(each, FieldNode) and each.name.value.startswith("__")
            for each in self.node.selection_set.selections
        )

    @property
    def root_field(self) -> FieldNode:
        """The one field of a subscription, which may stand in a fragment."""
        fragments = {
            each.name.value: each
            for each in self.document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        (selection,) = self.node.selection_set.selections
        while not isinstance(selection, FieldNode):
            if isinstance(selection, FragmentSpreadNode):
                (selection,) = fragments[selection.name.value].selection_set.selections
            else:
                assert isinstance(selection, InlineFragmentNode)
                (selection,) = selection.selection_set.selections
        return selection

    async def execute(
        self, schema: Schema, context: object, root: object = None
    ) -> ExecutionResult:
        """What it comes to. Errors of fields are part of the result."""
        result = execute(
            schema.core,
            self.document,
            root_value=root,
            context_value=context,
            variable_values=dict(self.variables),
            operation_name=self.node.name.value if self.node.name else None,
            executor_class=RecordExecutor,
            hide_suggestions=True,
        )
        return await result if isawaitable(result) else result


def fail_with(result: ExecutionResult) -> None:
    """Raise what a field failed with, where that fails the whole answer."""
    for failed in result.errors or ():
        if isinstance(failed.original_error, UNAVAILABLE):
            raise failed.original_error


class OperationRefused(Exception):
    """A question that was refused before anything was read, so nothing is journaled.

    What asks too much at once is `too_much`: it is refused as a request, not only as a question.
    """

    def __init__(self, errors: list[GraphQLError], cost: Cost) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors, self.cost = errors, cost
        self.too_much = any(isinstance(error, Refused) for error in errors)


class Operations:
    """Makes operations of what is asked, over one schema."""

    def __init__(self, schema: Schema, documents: Documents, *, introspection: bool) -> None:
        self._schema = schema.core
        self._documents = documents
        self._introspection = introspection
        self._reader = Reader(self._schema, introspection=introspection)

    def prepare(self, asked: Asked) -> Operation:
        """The operation, once it is found, small enough, valid, and not too dear.

        Raises `OperationRefused`.
        """
        cost = Cost(maximum=COST if asked.document_id is None else TRUSTED_COST)
        try:
            text = self._text(asked)
            limits.refuse_many_values(asked.variables)
            document, errors = self._reader.ready(text)
            if errors:
                raise OperationRefused(list(errors), cost)
            operation = _chosen(document, asked.operation_name)
            variables = asked.variables or {}
            requested = self._reader.price(text, asked.operation_name, limits.sizes(variables))
            cost = cost._replace(requested=max(requested, limits.UNPRICED))
            limits.refuse_dear(cost)
        except GraphQLError as error:
            raise OperationRefused([error], cost) from None
        self._refuse_wrong_values(operation, variables, cost)
        return Operation(text, document, operation, variables, cost)

    def _text(self, asked: Asked) -> str:
        """The document that is asked by its text or by its id. Raises `GraphQLError`."""
        if asked.document_id is None:
            return asked.query or ""
        try:
            return self._documents.text(asked.document_id)
        except UnknownDocument as unknown:
            raise GraphQLError(str(unknown), extensions={"code": unknown.code}) from None

    def _refuse_wrong_values(
        self, operation: OperationDefinitionNode, variables: dict[str, Any], cost: Cost
    ) -> None:
        coerced = get_variable_values(
            self._schema,
            operation.variable_definitions or (),
            variables,
            max_errors=COERCION_ERRORS,
            hide_suggestions=not self._introspection,
        )
        if isinstance(coerced, list):
            raise OperationRefused(coerced, cost)


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = limits.chosen(document, name)
    if found is None:
        raise GraphQLError(
            "The document has several operations; name one of them as `operationName`."
            if name is None
            else f"The document has no operation {name[:40]!r}.",
            extensions={"code": "operation_unknown"},
        )
    return found
