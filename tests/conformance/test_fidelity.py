"""`pass-mock compare` invents nothing: answers of the mock, in any configuration and state, are its own answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest
from fidelity_records import Play, compared, differing, recorded, tour
from hypothesis import given, settings
from hypothesis import strategies as st

from pass_harness.conformance.fidelity.outcomes import AUTHORIZE, LOGOUTS, PREAUTHORIZE, PROFILES, SESSIONS
from pass_harness.conformance.fidelity.replay import Replay
from pass_harness.mock_server.catalogue import (
    Application,
    Integration,
    Mvpd,
    ServiceProvider,
    Tables,
    default_catalogue,
)
from pass_harness.mock_server.config.settings import DefaultLifetimes, Settings
from pass_harness.mock_server.formats.durations import parse_duration
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.routes import ENDPOINTS
from tests.mock_server.conftest import DEVICE_INFO, FULL, Mock, device_headers
from tests.mock_server.error_situations import PER_ITEM, TOP_LEVEL

OPEN = Settings(throttle=None)
NEWS = default_catalogue().extended(
    Tables(
        service_providers=(
            ServiceProvider(id="NEWS", name="News", domains=("news.example",), mvpds=("Hill", "Dish", "TempPass")),
        ),
        mvpds=(Mvpd(id="Hill", display_name="Hill"),),
        integrations=(
            Integration(
                service_provider="NEWS",
                mvpd="Hill",
                profile=parse_duration("3d"),
                decision=parse_duration("5h"),
                media_token=parse_duration("5m"),
                authorize_limit=2,
            ),
        ),
        applications=(Application(name="default", id="news", service_providers=("NEWS",)),),
    )
)
PROXIED = default_catalogue().extended(
    Tables(mvpds=(msgspec.structs.replace(default_catalogue().mvpds["Cablevision"], proxy="Proxy", login="form"),))
)


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay() as made:
        yield made


def behaving(*effects: object) -> Play:
    """Return the tour in a mock with behaviours."""

    async def play(mock: Mock) -> None:
        for effect in effects:
            await mock.behave(effect)
        await tour(mock)

    return play


async def news(mock: Mock) -> None:
    await tour(mock, "NEWS", "Hill")


CONFIGURATIONS: dict[str, tuple[Settings, Play]] = {
    "default": (OPEN, tour),
    "throttled": (Settings(), tour),
    "strict": (Settings(throttle=None, strict=True), tour),
    "other catalogue": (Settings(throttle=None, catalogue=NEWS), news),
    "proxied MVPDs": (Settings(throttle=None, catalogue=PROXIED), tour),
    "other lifetimes": (Settings(throttle=None, lifetimes=DefaultLifetimes(session=parse_duration("3m"))), tour),
    **{
        f"degraded by {rule}": (OPEN, behaving({"degradation": rule}))
        for rule in ("AuthNAll", "AuthZAll", "AuthZNone")
    },
    **{f"logout is {action}": (OPEN, behaving({"logout": action})) for action in ("partner_logout", "invalid")},
    "denied": (OPEN, behaving({"deny": {"details": "Not in the package"}})),
    "revoked tokens": (OPEN, behaving({"reject_token": True})),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_record_of_the_mock_has_no_difference(replay: Replay, name: str) -> None:
    made, play = CONFIGURATIONS[name]
    exchanges = recorded(made, play)
    assert len(exchanges) > 60
    assert differing(compared(replay, exchanges, made)) == []


def test_the_tour_visits_every_endpoint_and_outcome() -> None:
    exchanges = [found for made, play in CONFIGURATIONS.values() for found in recorded(made, play)]
    visited = {found.endpoint for found in exchanges if found.status < 400}
    assert {one.id for one in ENDPOINTS if not one.id.startswith("browser.")} <= visited
    bodies = [json.loads(found.response_body) for found in exchanges if found.response_body.startswith("{")]
    entries = [*bodies]
    for body in bodies:
        for name in ("profiles", "logouts"):
            entries += body.get(name, {}).values()
        entries += body.get("decisions", ())
    unmet = [
        dict(row.values)
        for row in (*SESSIONS, *AUTHORIZE, *PREAUTHORIZE, *PROFILES, *LOGOUTS)
        if not any(all(entry.get(name) == value for name, value in row.values.items()) for entry in entries)
    ]
    assert unmet == []


@pytest.mark.parametrize("code", [*TOP_LEVEL, *PER_ITEM])
def test_no_error_of_the_mock_is_a_difference(replay: Replay, code: str) -> None:
    situation = TOP_LEVEL.get(code) or PER_ITEM[code]
    assert differing(compared(replay, recorded(OPEN, situation))) == []


def test_what_the_record_has_lost_is_no_difference(replay: Replay) -> None:
    """The journal masks an identifier that looks like a secret, and replaces bytes that are no text."""

    async def play(mock: Mock) -> None:
        headers = await mock.signed_on()
        await mock.http.get("/api/v2/REF30/profiles", headers=headers)
        path = "/api/v2/REF30/decisions/authorize/Cablevision"
        await mock.http.post(path, headers=headers, content=b'{"resources":["\xff"]}')

    *_, profiles, decision = recorded(OPEN, play)
    masked = {**profiles.request_headers, "ap-device-identifier": "fingerprint sha256:0123456789abcdef"}
    results = compared(replay, [msgspec.structs.replace(profiles, request_headers=masked), decision])
    assert [(one.differences, one.untold) for one in results] == [
        ((), ()),
        ((), ("checks of requests whose body the record lacks",)),
    ]


TOKENS = st.sampled_from(["", "good", "Bearer", "Bearer unknown", "Basic abc", "Bearer a b"])
IDENTIFIERS = st.sampled_from([None, device_headers()["AP-Device-Identifier"], "fingerprint", "fingerprint %%", "x"])
INFOS = st.sampled_from([None, DEVICE_INFO, "%%", ""])
BODIES = st.one_of(
    st.none(),
    st.sampled_from(
        [b"", b"{", b"[]", b'{"resources":1}', b'{"resources":["r",""]}', b'{"resources":["r"]}', b"a=1&a=2"]
    ),
    st.dictionaries(
        st.sampled_from([*FULL, "redirectUrl", "client_id", "client_secret", "grant_type", "software_statement"]),
        st.sampled_from(["", "Cablevision", "https://adobe.com", "none", "client_credentials"]),
    ),
)
VALUES = st.fixed_dictionaries(
    {
        "serviceProvider": st.sampled_from(["REF30", "NOPE"]),
        "mvpd": st.sampled_from(["Cablevision", "TempPass", "flexibleTempPass", "NOPE"]),
        "code": st.sampled_from(["open", "NOSUCH1"]),
        "partner": st.sampled_from(["Apple", "Other"]),
    }
)
CALLS = [endpoint for endpoint in ENDPOINTS if not endpoint.id.startswith("browser.")]


@settings(max_examples=25)
@given(
    endpoint=st.sampled_from(CALLS),
    method=st.sampled_from([None, None, None, "GET", "POST", "PATCH"]),
    values=VALUES,
    token=TOKENS,
    identifier=IDENTIFIERS,
    info=INFOS,
    body=BODIES,
    query=st.sampled_from(["", "redirectUrl=https%3A%2F%2Fadobe.com", "redirectUrl=none", "mvpd=Cablevision"]),
    strict=st.booleans(),
)
def test_no_request_leads_to_a_difference(
    replay: Replay,
    endpoint: Endpoint,
    method: str | None,
    values: dict[str, str],
    token: str,
    identifier: str | None,
    info: str | None,
    body: bytes | dict[str, str] | None,
    query: str,
    strict: bool,
) -> None:
    async def play(mock: Mock) -> None:
        signed_on = await mock.signed_on()
        code = (await mock.session(signed_on))["code"]
        given_headers = {
            "Authorization": signed_on["Authorization"] if token == "good" else token or None,
            "AP-Device-Identifier": identifier,
            "X-Device-Info": info,
        }
        path = endpoint.path.format(**{**values, "code": code if values["code"] == "open" else values["code"]})
        await mock.http.request(
            method or endpoint.method,
            f"{path}?{query}",
            headers={name: value for name, value in given_headers.items() if value is not None},
            **({"data": body} if isinstance(body, dict) else {"content": body}),  # type: ignore[arg-type]
        )

    assert differing(compared(replay, recorded(Settings(throttle=None, strict=strict), play))) == []
