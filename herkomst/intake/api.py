"""The intake API: one record as JSON, or many as NDJSON with a result a line.

The answer to a till is the same whether the good is stolen or not: hits are found elsewhere and
later, and nothing here waits for them.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from typing import Any

import msgspec
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from herkomst.access.gate import authenticate
from herkomst.access.policy import Action, may_learn_of_kept, may_record
from herkomst.access.viewer import Viewer
from herkomst.domain.batches import batched
from herkomst.domain.problems import Problem
from herkomst.intake.idempotency import Answer, IdempotencyKeys, KeyReused
from herkomst.intake.posts import Posts
from herkomst.intake.reception import (
    BATCH,
    RECORD_LIMIT,
    MaySend,
    read_line,
    record_types,
    take,
)
from herkomst.record.archive import Archive
from herkomst.record.receipts import Receipt

BODY_LIMIT = 64 * 1024 * 1024
WRITERS = 4
"""Threads that append batches; with the one of the posts, no more than the pool has connections."""
NDJSON = "application/x-ndjson"
_PATHS = {"purchases": "purchases", "stolen-items": "stolen", "dealers": "dealers"}
_ACTIONS = {
    "purchases": Action.RECORD_PURCHASES,
    "stolen": Action.RECORD_STOLEN_ITEMS,
    "dealers": Action.RECORD_DEALERS,
}
_STATUS = {"accepted": 201, "duplicate": 200, "amended": 200, "conflict": 409, "rejected": 422}
_REFUSED = {"not_json": 400, "too_large": 413, "source_not_yours": 403}
_encode = msgspec.json.Encoder().encode


def create_intake(archive: Archive) -> FastAPI:
    """The API over an archive, to be mounted under `/v1` by who translates what it raises."""
    api = FastAPI(
        title="Herkomst intake",
        summary="Purchases, stolen items and dealers, taken in record by record",
        docs_url=None,  # Its page would load scripts from elsewhere.
        redoc_url=None,
    )
    limiter, posts = CapacityLimiter(WRITERS), Posts(archive.register)
    keys = IdempotencyKeys(archive.database)
    for path, kind in _PATHS.items():
        api.post(
            f"/{path}",
            summary=f"Take in {path.replace('-', ' ')}",
            openapi_extra={"requestBody": _schema(kind)},
            response_class=Response,
        )(_endpoint(archive, limiter, posts, keys, kind))
    return api


def _endpoint(
    archive: Archive,
    limiter: CapacityLimiter,
    posts: Posts,
    keys: IdempotencyKeys,
    kind: str,
) -> Callable[[Request], Any]:
    async def take_in(request: Request) -> Response:
        viewer = await authenticate(request)
        body = await _body(request)
        if body is None:
            return _too_large(BODY_LIMIT)
        many = request.headers.get("content-type", "").partition(";")[0].strip() == NDJSON
        key = request.headers.get("idempotency-key")
        if key is None:
            return await _answer(archive, limiter, posts, viewer, kind, body, many=many)
        try:
            earlier = await to_thread.run_sync(keys.claim, viewer.subject, key, body)
        except KeyReused as error:
            return _problems(422, [Problem("", error.code, str(error), "Send a new key.")])
        if earlier is not None:
            return _replayed(earlier, many=many)
        response = await _answer(archive, limiter, posts, viewer, kind, body, many=many)
        whole = await _whole(response)
        answer = Answer(response.status_code, bytes(whole.body))
        await to_thread.run_sync(keys.keep, viewer.subject, key, answer)
        return whole

    take_in.__name__ = f"take_in_{kind}"
    return take_in


async def _answer(
    archive: Archive,
    limiter: CapacityLimiter,
    posts: Posts,
    viewer: Viewer,
    kind: str,
    body: bytes,
    *,
    many: bool,
) -> Response:
    may_send = _sender(viewer, _ACTIONS[kind])
    if many:
        lines = [(n, raw) for n, raw in enumerate(body.split(b"\n"), 1) if raw.strip()]
        receipts = _receipts(archive, limiter, viewer, kind, lines, may_send)
        first = await anext(receipts, b"")
        return StreamingResponse(
            _after(first, receipts), media_type=NDJSON, headers=await _position(archive)
        )
    if len(body) > RECORD_LIMIT:
        return _too_large(RECORD_LIMIT)
    read = read_line(1, body, kind, may_send)
    receipt = await posts.take_in(read, actor=_actor(viewer), is_told=may_learn_of_kept(viewer))
    status = _STATUS[receipt.status]
    if receipt.status == "rejected":
        status = _REFUSED.get(receipt.errors[0].code, status)
    return Response(
        _encode(receipt),
        status,
        media_type="application/json",
        headers=await _position(archive, receipt.position),
    )


async def _receipts(
    archive: Archive,
    limiter: CapacityLimiter,
    viewer: Viewer,
    kind: str,
    lines: Sequence[tuple[int, bytes]],
    may_send: MaySend,
) -> AsyncIterator[bytes]:
    """The receipts of each batch, once it is durable."""
    for some in batched(lines, BATCH):
        receipts = await to_thread.run_sync(
            _read_and_take, archive, some, kind, may_send, viewer, limiter=limiter
        )
        yield b"".join([_encode(receipt) + b"\n" for receipt in receipts])


def _read_and_take(
    archive: Archive,
    lines: Sequence[tuple[int, bytes]],
    kind: str,
    may_send: MaySend,
    viewer: Viewer,
) -> list[Receipt]:
    reads = [read_line(n, raw, kind, may_send) for n, raw in lines]
    is_told = may_learn_of_kept(viewer)
    return take(archive.register, reads, actor=_actor(viewer), is_told=is_told)


def _actor(viewer: Viewer) -> str:
    return f"user:{viewer.subject}"


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for some in rest:
        yield some


async def _whole(response: Response) -> Response:
    """A response whose body is complete, so that it can be remembered."""
    if not isinstance(response, StreamingResponse):
        return response
    body = b"".join([bytes(part) async for part in response.body_iterator])  # type: ignore[arg-type]
    headers = {k: v for k, v in response.headers.items() if k.startswith("herkomst-")}
    return Response(body, response.status_code, headers=headers, media_type=NDJSON)


def _replayed(answer: Answer, *, many: bool) -> Response:
    return Response(
        answer.body,
        answer.status,
        media_type=NDJSON if many else "application/json",
        headers={"Idempotency-Replayed": "true"},
    )


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is larger than allowed."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)


async def _position(archive: Archive, at: int | None = None) -> dict[str, str]:
    """How far the register is: at least where a record came to stand."""
    if at is None:
        register = archive.register
        at = await to_thread.run_sync(register.insisting, register.recorder.max_notification_id)
    return {"Herkomst-Position": f"register={at or 0}"}


def _sender(viewer: Viewer, action: Action) -> MaySend:
    def check(source: str) -> Problem | None:
        if may_record(viewer, source, action):
            return None
        return Problem(
            "/source",
            "source_not_yours",
            f"{viewer.subject} may not send records of the source {source!r}.",
            f"Log in as a source or dealer whose unit is {source!r}.",
        )

    return check


def _too_large(limit: int) -> Response:
    return _problems(
        413,
        [
            Problem(
                "",
                "too_large",
                f"The body is larger than {limit} bytes.",
                "Split it: a record may have 256 KiB, a delivery 64 MiB.",
            )
        ],
    )


def _problems(status: int, problems: Sequence[Problem]) -> Response:
    return Response(
        _encode({"line": 1, "status": "rejected", "errors": problems}),
        status,
        media_type="application/json",
    )


@cache
def _schema(kind: str) -> dict[str, Any]:
    """The record formats of a kind, for the OpenAPI document."""
    types = list(record_types(kind).values())
    schemas, components = msgspec.json.schema_components(types)
    one = {"oneOf": list(schemas), "$defs": components}
    return {
        "required": True,
        "content": {"application/json": {"schema": one}, NDJSON: {"schema": one}},
    }
