"""Trusted documents: the questions of the screens, one named operation a file, known by its hash.

A document is asked by `documentId`, as appendix A of the draft "GraphQL over HTTP" has it:
`sha256:` with the SHA-256 of the file's bytes in hexadecimal. It was looked at before it was taken
up, so it may cost more than what is asked freely.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode

from herkomst.graphql.limits import Reader, operations

ENDING = ".graphql"


class UnknownDocument(Exception):
    """No document has this id."""

    code = "document_unknown"


class DocumentInvalid(Exception):
    """A trusted document that cannot be asked, and why. The server does not start with one."""

    code = "document_invalid"


class Document(NamedTuple):
    """A trusted document: the name of its file and of its operation, and its text."""

    name: str
    text: str

    @property
    def id(self) -> str:
        return f"sha256:{sha256(self.text.encode()).hexdigest()}"


class Documents:
    """The trusted documents by their ids."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())

    def text(self, identity: str) -> str:
        """The text of a document. Raises `UnknownDocument`."""
        found = self._documents.get(identity)
        if found is None:
            raise UnknownDocument(
                f"There is no trusted document {identity[:80]!r}. Send the id of one that this "
                "version has, or the text itself as `query`."
            )
        return found.text

    def named(self, name: str) -> Document:
        """The document of a name. Raises `KeyError`."""
        return next(document for document in self if document.name == name)


@cache
def read_documents(schema: GraphQLSchema) -> Documents:
    """The documents of the package, each validated against the schema, once in a process.

    Raises `DocumentInvalid`.
    """
    reader = Reader(schema, introspection=False)
    found = sorted(
        (file for file in files(__package__).iterdir() if file.name.endswith(ENDING)),
        key=lambda file: file.name,
    )
    documents = [
        Document(file.name.removesuffix(ENDING), file.read_text(encoding="utf-8")) for file in found
    ]
    for document in documents:
        check(reader, document)
    return Documents({document.id: document for document in documents})


def check(reader: Reader, document: Document) -> None:
    """Raises `DocumentInvalid` for one that cannot be asked."""
    try:
        ready = reader.ready(document.text)
    except GraphQLError as error:
        raise DocumentInvalid(f"{document.name}: {error.message}") from error
    if ready.errors:
        raise DocumentInvalid(f"{document.name}: {ready.errors[0].message}")
    names = [_name(operation) for operation in operations(ready.document)]
    if names != [document.name]:
        raise DocumentInvalid(
            f"{document.name}: a file holds one operation of its own name, not {names}."
        )


def _name(operation: OperationDefinitionNode) -> str:
    return operation.name.value if operation.name else ""
