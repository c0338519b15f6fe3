"""The development login: who wants to be somebody, may, where it is switched on."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from herkomst.access.tokens import issue
from herkomst.settings import Settings

BODY_LIMIT = 4096
TERM = 8 * 3600
"""Seconds that a token of the pages lasts: a working day."""
_encode = msgspec.json.Encoder().encode


class SessionInvalid(Exception):
    """The body says not who logs in."""

    code = "session_invalid"
    message = "The body is not a role and a unit."
    cure = 'Send {"role": "district_detective", "unit": "amsterdam"}.'


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    role: str
    unit: str


_decode = msgspec.json.Decoder(Wanted).decode


class Session:
    """Says whether the development login is on, and makes tokens where it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def show(self, _request: Request) -> Response:
        return _json({"dev_login": self._settings.dev_login})

    async def log_in(self, request: Request) -> Response:
        """Raises `SessionInvalid`, `TokenRefused`."""
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > BODY_LIMIT:
                raise SessionInvalid
        try:
            wanted = _decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise SessionInvalid from None
        issued = issue(self._settings, wanted.role, wanted.unit, TERM)
        return _json(
            {"dev_login": True, "token": issued.token, "expires_at": issued.expires_at}, 201
        )


def _json(content: dict[str, object], status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")
