"""Makes docs/reference/departures.md: ``python -m tests.mock_server.departures_table``."""

from __future__ import annotations

from pathlib import Path

from pass_harness.mock_server.openapi.departures import known_departures

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "departures.md"

_HEAD = """# Where the mock departs from Adobe's documents, and why

Adobe's documents disagree in places. In the order in which they count here: the API pages of REST API V2 and DCR,
their samples, the published OpenAPI documents, then flows, checklist, FAQs, throttling, error codes and the cookbook.

## From the OpenAPI documents

`pass-mock openapi --diff FILE` compares an OpenAPI document of Adobe's with the mock's own, and counts these
differences as known, so that a new one stands out.

| departure | operations | what differs | why |
|---|---|---|---|
"""

_TAIL = """
## From pages and samples

[Samples](samples.md) lists every sample of the API pages with its outcome. Besides what is named there:

- `missingParameters` and `existingParameters` use the request's names (`mvpd`, `domainName`, `redirectUrl`), where
  two samples have `domain`.
- The cookbook's `/decision/authorize/` is served, and so is `/decisions/authorize/` of all other documents.
- Two samples have service provider and endpoint the wrong way round (`/api/v2/sessions/REF30/…`,
  `/api/v2/logout/REF30/…`); the mock serves the order of the API pages alone.
- Messages are those of the API pages' samples where these word one otherwise than the table of error codes.
- The X-Device-Info of the samples is no JSON once decoded. It is served as platform unknown.
- While a degradation rule decides, limits of resources do not count: the samples ask for two.
- A session through a partner whose framework names nobody goes on with the MVPD that the device chose last: the
  sample answers with an MVPD that its request does not name.
- A TempPass whose resources are used up is 403 on profiles, as one whose time is over.
- The form of media tokens imitates published ones; Adobe's verifier library has not been tried on them.
- What strict mode refuses is in [configuration](configuration.md); without it, the mock tolerates what clients in the
  wild send.
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
