"""Writes docs/reference/departures.md: ``python -m tests.mock_server.departures_table``."""

from __future__ import annotations

from pathlib import Path

from pass_harness.conformance.fidelity.known import known_differences
from pass_harness.mock_server.openapi.departures import known_departures

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "departures.md"

_HEAD = """# Departures from Adobe's documents

Adobe's documents disagree in places. The mock follows this order of precedence: the API pages of REST API V2 and
DCR, their samples, the published OpenAPI documents, then flows, checklist, FAQs, throttling, error codes and the
cookbook.

## Departures from the OpenAPI documents

`pass-mock openapi --diff FILE` compares an OpenAPI document of Adobe with that of the mock. It counts the following
differences as known, so that new differences stand out.

| id | operations | difference (Adobe: there; mock: here) | reason |
|---|---|---|---|
"""

_OF_RECORDS = """
### Generated clients

A client generated from Adobe's document of REST API V2 cannot decode some answers of the mock, nor Adobe's own
samples of them. The causes are `message-is-text`, `metadata-of-any-type`, `device-may-be-unknown` and
`address-is-text`, and `browser-errors-are-pages` for a client that calls `authenticate` itself. Generate the client
from the mock's document (`pass-mock openapi`), or correct these places in a copy of Adobe's. Clients of
openapi-python-client 0.29.1 and OpenAPI Generator 7.26.0 (Python) then decode every answer of a login, from
registration to logout. With Adobe's document, OpenAPI Generator for Python needs
`--openapi-normalizer SET_TAGS_FOR_ALL_OPERATIONS=pass`, because Adobe's tags begin with digits.

## Known differences of recorded answers

[`pass-mock compare`](compare.md) compares recorded answers of Adobe Pass with those of the mock. It lists the
following differences as known. Adobe's own samples have them.

| id | endpoints | place in the answer | in the record | reason |
|---|---|---|---|---|
"""
_TAIL = """
## Departures from API pages and samples

[Samples](samples.md) lists every sample of the API pages with its outcome. The other departures are:

- `missingParameters` and `existingParameters` use the names of the request (`mvpd`, `domainName`, `redirectUrl`).
  Two samples have `domain`.
- The mock serves `/decision/authorize/` of the cookbook and `/decisions/authorize/` of all other documents.
- Two samples swap service provider and endpoint (`/api/v2/sessions/REF30/…`, `/api/v2/logout/REF30/…`). The mock
  serves only the order of the API pages.
- Where a message of a sample differs from the table of error codes, the mock sends that of the sample.
- Adobe merges X-Device-Info with what it extracts from User-Agent. The mock does so if the header or a value is
  missing. The X-Device-Info of the samples does not decode to valid JSON, and the sample of the configuration answers
  with an unknown device although its User-Agent names one: the mock treats such a device as unknown.
- A value of `osName` or `primaryHardwareType` that no page of Adobe names makes the platform unknown, as the FAQ says
  that it may. A missing value does not, if User-Agent or the other value identifies the platform.
- The API page of authenticate documents 302 only. The OpenAPI document lists 200 too, and live clients meet a page
  with a form for some MVPDs: the mock answers so for MVPDs with `login = "form"`.
- While a degradation rule decides, the mock does not limit the number of resources. The samples ask for two.
- If the partner framework status of a session names no MVPD, the session continues with the MVPD that the device
  chose last. The sample answers with an MVPD that its request does not contain.
- A partner profile (`appleSSO`) counts only while AP-Partner-Framework-Status confirms it. sessions.create reads the
  header too, though its page does not list it, so that all endpoints agree.
- A code has no single sign-on: neither its poll nor a resume finds a profile of another device or of a partner. The
  pages of both list no such header, profile type or reason.
- Profiles Partner answers an invalid framework status with the errors that its API page lists. The partner flow
  returns the existing profiles instead. Where partner single sign-on is not enabled, the mock returns them as the
  flow says, with 200 as in the sample of degradation.
- An appleSSO profile has the attribute `tokenSource`, as in the diagrams of the partner flow. Its sample does not.
- A platform identity is the same user for all service providers. If its token is a JWE, the whole token counts.
- A TempPass without remaining resources gets 403 from the profiles endpoints, like an expired one.
- The decisions of an MVPD's denied preauthorization have its text as `details`, as in the diagram of the flow. The
  sample has none.
- Media tokens have the format of published ones. They are not tested with Adobe's verifier library.
- [Strict mode](endpoints.md#strict-mode) rejects undocumented requests. Without it, the mock tolerates what real
  clients send.

## Departures that clients observed

Live clients of Adobe Pass observed the following, which contradicts the pages or is on no page. The cause cannot be
known from outside. A [setting](configuration.md#undocumented-behaviour) makes the mock do what was observed.

- A client reads the profile (`profiles.code`) with the code of its login for hours. Documented, and the default: a
  code ends with its session, after 30 minutes. `code_after_login = "12h"` under `[undocumented]` lets it go on.
- Sixteen calls in two seconds from one address got no 429. Documented, and the default: one request per second with
  a burst of ten, so eleven calls at once and thirteen in two seconds. `throttle = { rate = 1, burst = 15 }` admits
  sixteen.
- Codes in lower-case letters. All documented codes are upper case; by default, others are
  `invalid_parameter_code`. `lower_case_codes = true` under `[undocumented]` accepts them.
- Paths with double slashes (`//api/v2/…`), which no page has. By default, the mock counts repeated slashes as one,
  like nginx, which answers for Adobe Pass. `double_slashes = false` under `[undocumented]` answers 404.

## SSO Service

The page of the SSO Service contradicts itself and other pages. Its samples take precedence over its tables,
also in the content type, which has no charset:

| question | documented | mock |
|---|---|---|
| name of the token | `jws` in the tables, `serviceToken` in all samples | `serviceToken` |
| name of the link code | `link` in the table, `code` in the samples | `code` |
| form of the link code | numeric or alphanumeric; six digits; four digits in the pictures | six digits |
| lifetime of the link code | "typically 5-30 minutes"; 60, 45 and 15 minutes in examples | 30 minutes (`lifetimes.link_code`) |
| lifetime of the service token | one hour; 24 hours in one example | one hour (`lifetimes.service_token`) |
| refresh of an expired service token | "expired recently" | for 24 hours (`lifetimes.service_token_refresh`) |
| neither X-SSO-ID nor X-SSO-LINK | AP-Device-Identifier is the default; 400 `header_missing` | 400 `header_missing` |
| X-Device-Info of sso.token | required; derived values without it | optional, required with `--strict`; the User-Agent completes it, else the type and OS of the device are `Unknown` |
| members of errors | notBefore and notAfter are 0 on error; errors have no members of a success | no members of a success |
| form of errors | "adheres to enhanced error codes", which are flat; nested in the example | nested |
| message of `header_missing` | "A required header is missing"; "Required header is missing" in the example | that of the table |
| AD-Service-Token missing | `header_missing` is 400; 401 for link, unlink and list | 400 for sso.refresh, 401 for the others |
| calls of `token_invalid` and `token_expired` | none named | [unknown, used and expired link codes, expired service tokens, unlinked devices](errors.md#errors-of-the-sso-service) |
| unusable `sub` | four messages for refresh and list, three for unlink, none for link | the same for all four calls |
| signature | HS256 in the samples; SHA256withRSA on the page of AD-Service-Token, for identity services of the Programmer | HS256 for tokens of the SSO Service, with a secret of the mock; RS256 for all others |
| wrong method | 405 for unlink and list only | 405 for all |
| host | not given | the mock serves all APIs on one origin |
| rate limit | the paths are not on the list of the throttling page | limited with the calls of REST API V2, which the same devices make |
| attributes of a listed device | device type, platform, user agent; os, osVersion, lastSeen and type in the sample | those of the sample |
| devices in the list | all devices; "all other devices" | all devices |
"""  # noqa: E501 (rows of a table)


def page() -> str:
    rows = "".join(
        f"| {departure.id} | {_cell(departure.operations)} | {_cell(departure.places)} {_word(departure.finding)} |"
        f" {_word(departure.reason)} |\n"
        for departure in known_departures()
    )
    known = "".join(
        f"| {row.id} | {_cell(row.endpoints)} | {_cell(tuple(place.replace('[[]', '[') for place in row.places))} |"
        f" {'any' if row.record == '*' else row.record} | {row.reason} |\n"
        for row in known_differences()
    )
    return _HEAD + rows + _OF_RECORDS + known + _TAIL


def _cell(words: tuple[str, ...]) -> str:
    return "<br>".join(f"`{_word(word)}`" if word != "*" else "all" for word in words)


def _word(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
