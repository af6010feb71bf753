"""Writes docs/reference/departures.md: ``python -m tests.mock_server.departures_table``."""

from __future__ import annotations

from pathlib import Path

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

_TAIL = """
## Departures from API pages and samples

[Samples](samples.md) lists every sample of the API pages with its outcome. The other departures are:

- `missingParameters` and `existingParameters` use the names of the request (`mvpd`, `domainName`, `redirectUrl`).
  Two samples have `domain`.
- The mock serves `/decision/authorize/` of the cookbook and `/decisions/authorize/` of all other documents.
- Two samples swap service provider and endpoint (`/api/v2/sessions/REF30/…`, `/api/v2/logout/REF30/…`). The mock
  serves only the order of the API pages.
- Where a message of a sample differs from the table of error codes, the mock sends that of the sample.
- The X-Device-Info of the samples does not decode to valid JSON. The mock treats the platform as unknown.
- While a degradation rule decides, the mock does not limit the number of resources. The samples ask for two.
- If the partner framework status of a session names no MVPD, the session continues with the MVPD that the device
  chose last. The sample answers with an MVPD that its request does not contain.
- A TempPass without remaining resources gets 403 from the profiles endpoints, like an expired one.
- Media tokens have the format of published ones. They are not tested with Adobe's verifier library.
- [Strict mode](endpoints.md#strict-mode) rejects undocumented requests. Without it, the mock tolerates what real
  clients send.
"""


def page() -> str:
    rows = "".join(
        f"| {departure.id} | {_cell(departure.operations)} | {_cell(departure.places)} {_word(departure.finding)} |"
        f" {_word(departure.reason)} |\n"
        for departure in known_departures()
    )
    return _HEAD + rows + _TAIL


def _cell(words: tuple[str, ...]) -> str:
    return "<br>".join(f"`{_word(word)}`" if word != "*" else "all" for word in words)


def _word(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
