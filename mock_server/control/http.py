"""What control calls have in common: reading the body, answering, and turning mistakes into sentences."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pass_harness.mock_server.control.origin_check import refusal
from pass_harness.mock_server.formats.bounds import range_sentence, split_message
from pass_harness.mock_server.formats.durations import decode_hook
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.spaces.spaces import Space

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
_MAX_BODY = 1_048_576
_MAX_DIGITS = 20
_HEADERS = {"x-content-type-options": "nosniff"}


class Refused(Exception):
    """A control call cannot be done; the sentence says why."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def answer(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, _HEADERS, "application/json")


def space_of(request: Request) -> Space:
    space: Space = request.scope["space"]
    return space


async def body_as(request: Request, kind: type[T]) -> T:
    """The JSON body as a struct; Refused with the place and what is wrong there."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                raise Refused(f"the body is longer than {_MAX_BODY} bytes", 413)
    except ClientDisconnect as error:
        raise Refused("the body breaks off") from error
    try:
        return msgspec.json.decode(body.strip() or b"{}", type=kind, dec_hook=decode_hook)
    except UNREADABLE as error:
        raise Refused(f"the body of {request.method} {request.url.path}: {error}") from error


def converted(request: Request, content: object, kind: type[T]) -> T:
    """A body that was read already as a struct; Refused as by `body_as`."""
    try:
        return msgspec.convert(content, kind, dec_hook=decode_hook)
    except msgspec.ValidationError as error:
        what, keys = split_message(error)
        sentence = range_sentence(what, kind, keys)
        wrong = f"{'.'.join(map(str, keys))} {sentence}" if sentence else str(error)
        raise Refused(f"the body of {request.method} {request.url.path}: {wrong}") from error


def number(request: Request, name: str, default: int, largest: int) -> int:
    """A whole number of the query string."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS or int(text) > largest:
        raise Refused(f"{name} is a whole number from 0 to {largest}, not {text!r}")
    return int(text)


def guarded(handler: Handler, token: str | None) -> Handler:
    """The handler behind the control token (if there is one), with mistakes answered as sentences."""

    @functools.wraps(handler)
    async def checked(request: Request) -> Response:
        refused = refusal(request.method, request.headers, has_token=token is not None)
        if refused is not None:
            return answer({"error": refused}, 403)
        if token is not None:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            # Header values arrive as Latin-1, whatever the bytes were.
            right = hmac.compare_digest(given.strip().encode("latin-1"), token.encode())
            if scheme.lower() != "bearer" or not right:
                wanting = answer({"error": "this mock wants its control token: Authorization: Bearer TOKEN"}, 401)
                wanting.headers["www-authenticate"] = "Bearer"
                return wanting
        try:
            response = await handler(request)
        except Refused as error:
            response = answer({"error": str(error)}, error.status)
        except ClientDisconnect:  # in the middle of the body: nothing was done, and nobody reads what is said
            response = answer({"error": "the request broke off"}, 400)
        response.headers["date"] = formatdate(space_of(request).clock.now_ms() / 1000, usegmt=True)
        return response

    return checked
