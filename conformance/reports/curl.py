"""Cited requests as curl commands, with shell variables in place of secrets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from pass_harness.conformance.reports.evidence_scene import ExchangeReport
from pass_harness.mock_server.journal.masking import MASKED

BASE = "ADOBE_PASS"
LEFT_OUT = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent", "x-request-id"}
)
"""Headers that curl or the network sets."""
_NAMED = re.compile(r'(client_secret|software_statement|SAMLResponse|password)["=:\s]*$')
_LONGEST_NAME = 64
"""Number of characters before a masked value that are searched for its name."""
_VARIABLES = {
    "client_secret": "CLIENT_SECRET",
    "software_statement": "SOFTWARE_STATEMENT",
    "SAMLResponse": "SAML_RESPONSE",
    "password": "PASSWORD",
}
_SHORTEST_PAUSE = 0.05


def script(exchanges: Sequence[ExchangeReport], base_url: str) -> str:
    """Return a shell script that sends the requests in order, with their pauses; it begins with its variables."""
    lines: list[str] = []
    before: ExchangeReport | None = None
    for exchange in exchanges:
        if before is not None and (pause := exchange.seconds - before.seconds) >= _SHORTEST_PAUSE:
            lines.append(f"sleep {pause:.2f}")
        lines.append(curl(exchange))
        before = exchange
    needed = sorted(set(re.findall(r"\$([A-Z_]+)", "\n".join(lines))) - {BASE})
    head = [f"{BASE}={shlex.quote(base_url or 'https://api.auth.adobe.com')}"]
    if needed:
        head.append(f"# set first: {', '.join(needed)}")
    return "\n".join([*head, *lines])


def curl(exchange: ExchangeReport) -> str:
    """Return a request as a curl command."""
    path = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    method = "" if exchange.method == "GET" else f" --request {shlex.quote(exchange.method)}"
    lines = [f'curl --include{method} "${BASE}"{_quoted(path, code=exchange.code)}']
    for name, value in exchange.request_headers.items():
        if name not in LEFT_OUT:
            lines.append(f"--header {_quoted(f'{name}: {value}', _header_variable(name))}")
    if exchange.request_body:
        lines.append(f"--data-raw {_quoted(exchange.request_body)}")
    return " \\\n  ".join(lines)


def _header_variable(name: str) -> str:
    return "ACCESS_TOKEN" if name == "authorization" else name.upper().replace("-", "_")


def _quoted(text: str, variable: str = "", *, code: str | None = None) -> str:
    """Return a text quoted for a shell: literal parts in single quotes, variables in double quotes."""
    return "".join(
        f'"${part}"' if is_variable else shlex.quote(part) for part, is_variable in _parts(text, variable, code)
    )


def _parts(text: str, variable: str, code: str | None) -> Iterator[tuple[str, bool]]:
    places = [
        (match.start(), match.end(), variable or _variable(text[: match.start()])) for match in MASKED.finditer(text)
    ]
    if code and (match := re.search(rf"(?<=/){re.escape(code)}(?=$|[/?])", text)):
        places.append((match.start(), match.end(), "CODE"))
    position = 0
    for start, end, name in sorted(places):
        if start > position:
            yield text[position:start], False
        yield name, True
        position = end
    if position < len(text):
        yield text[position:], False


def _variable(before: str) -> str:
    named = _NAMED.search(before[-_LONGEST_NAME:])
    return _VARIABLES[named[1]] if named else "SECRET"
