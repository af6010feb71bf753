"""Requests and responses for display: start line, headers with decoded Base64, indented body."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports.evidence_scene import ExchangeReport
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_ENCODED = {"ap-device-identifier", "x-device-info"}


@dataclass(frozen=True)
class Header:
    name: str
    value: str
    decoded: str = ""
    """Decoded Base64 of the value, or an empty string."""


@dataclass(frozen=True)
class Message:
    start: str
    headers: tuple[Header, ...]
    body: str


def request(exchange: ExchangeReport) -> Message:
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    return _message(f"{exchange.method} {target}", exchange.request_headers, exchange.request_body)


def response(exchange: ExchangeReport) -> Message:
    try:
        start = f"{exchange.status} {HTTPStatus(exchange.status).phrase}"
    except ValueError:
        start = str(exchange.status) if exchange.status else "the connection broke before a status arrived"
    return _message(start, exchange.response_headers, exchange.response_body)


def _message(start: str, headers: dict[str, str], body: str) -> Message:
    # Decoding brings back what the report has escaped.
    decoded = tuple(Header(name, value, presentable(_decoded(name, value))) for name, value in headers.items())
    return Message(start, decoded, presentable(_readable(body)))


def _decoded(name: str, value: str) -> str:
    if name not in _ENCODED:
        return ""
    try:
        return base64.b64decode(value.rsplit(maxsplit=1)[-1], validate=True).decode()
    except (IndexError, binascii.Error, ValueError):
        return ""


def _readable(body: str) -> str:
    """Return a JSON body indented, any other body unchanged."""
    if not body.lstrip().startswith(("{", "[")):
        return body
    try:
        return msgspec.json.format(msgspec.json.encode(msgspec.json.decode(body)), indent=2).decode()
    except UNREADABLE:
        return body
