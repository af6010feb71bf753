"""Request bodies, answers and errors of control calls."""

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
from pass_harness.mock_server.journal.echo import echoed
from pass_harness.mock_server.spaces.spaces import Space

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
_MAX_BODY = 1_048_576
_MAX_DIGITS = 20
_HEADERS = {"x-content-type-options": "nosniff"}


class Refused(Exception):
    """A control call that the mock refuses; the sentence names the reason, ``status`` is the HTTP status."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def answer(content: object, status: int = 200) -> Response:
    """Return a JSON answer; its newline keeps the prompt of a shell apart from it."""
    return Response(msgspec.json.encode(content) + b"\n", status, _HEADERS, "application/json")


def space_of(request: Request) -> Space:
    """Return the space in the prefix of the path."""
    space: Space = request.scope["space"]
    return space


def body_as(request: Request, kind: type[T]) -> T:
    """Return the JSON body as a struct; Refused with the place and the error."""
    body: bytes = request.state.body
    try:
        return msgspec.json.decode(body.strip() or b"{}", type=kind, dec_hook=decode_hook)
    except UNREADABLE as error:
        raise Refused(f"the body of {request.method} {request.url.path}: {error}") from error


def converted(request: Request, content: object, kind: type[T]) -> T:
    """Return a decoded JSON body as a struct; Refused as by `body_as`."""
    try:
        return msgspec.convert(content, kind, dec_hook=decode_hook)
    except msgspec.ValidationError as error:
        what, keys = split_message(error)
        sentence = range_sentence(what, kind, keys)
        wrong = f"{'.'.join(map(str, keys))} {sentence}" if sentence else str(error)
        raise Refused(f"the body of {request.method} {request.url.path}: {wrong}") from error


def require_known(request: Request, *names: str) -> None:
    """Raise Refused for a query parameter with another name."""
    if unknown := set(request.query_params) - {*names}:
        raise Refused(f"there is no parameter {', '.join(sorted(unknown))}; choose from: {', '.join(names)}")


def number(request: Request, name: str, default: int, largest: int) -> int:
    """Return a whole number of the query string; Refused for any other text."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS or int(text) > largest:
        raise Refused(f"{name} must be a whole number from 0 to {largest}, not {text!r}")
    return int(text)


def guarded(handler: Handler, token: str | None) -> Handler:
    """Return the handler with the checks of origin and control token, and with errors as JSON.

    The request is complete before the handler runs, so that an incomplete one changes nothing.
    """

    @functools.wraps(handler)
    async def checked(request: Request) -> Response:
        reason = refusal(request.method, request.headers, has_token=token is not None)
        if reason is not None:
            return answer({"error": reason}, 403)
        if token is not None:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            # Header values arrive as Latin-1, whatever the bytes were.
            equal = hmac.compare_digest(given.strip().encode("latin-1"), token.encode())
            if scheme.lower() != "bearer" or not equal:
                sentence = "the control token is missing or wrong: send Authorization: Bearer TOKEN"
                unauthorized = answer({"error": sentence}, 401)
                unauthorized.headers["www-authenticate"] = "Bearer"
                return unauthorized
        try:
            request.state.body = await _read_body(request)
            response = await handler(request)
        except Refused as error:
            response = answer({"error": echoed(str(error), space_of(request).masker)}, error.status)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response.headers["date"] = formatdate(space_of(request).clock.now_ms() / 1000, usegmt=True)
        return response

    return checked


async def _read_body(request: Request) -> bytes:
    """Return the body; Refused for one that is too long, or that the client breaks off."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                raise Refused(f"the body is longer than {_MAX_BODY} bytes", 413)
    except ClientDisconnect as error:
        raise Refused("the request is incomplete: the connection was closed") from error
    return body
