"""Logins that applications and devices share: platform identity across service providers, and single logout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pass_harness.mock_server.config.loading import load_settings
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.single_sign_on import log_in, service_token, subject_token, types

pytestmark = pytest.mark.anyio
OTHER = "apasstest1"
LOGOUT = "/api/v2/{}/logout/Spectrum?redirectUrl=https%3A%2F%2Fadobe.com"
DISABLED = {
    "by the MVPD on a platform": "[mvpds.platforms.tvOS]\nenable_platform_services = false\n",
    "by the integration on a platform": (
        '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\n'
        "[integrations.platforms.tvOS]\nenable_platform_services = false\n"
    ),
    "by the integration on every platform": (
        '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\n'
        '[integrations.platforms."*"]\nenable_platform_services = false\n'
    ),
}
MINE = (
    '[[service_providers]]\nid = "REF30"\ndomains = ["adobe.com"]\nmvpds = ["Mine"]\n'
    '[[service_providers]]\nid = "apasstest1"\ndomains = ["adobe.com"]\nmvpds = ["Mine"]\n'
    '[[mvpds]]\nid = "Mine"\ndisplay_name = "Mine"\nmetadata = ["userID", "zip"]\n'
)


def configured(folder: Path, text: str) -> Mock:
    file = folder / "mock.toml"
    file.write_text(text)
    return Mock(msgspec.structs.replace(load_settings(file), throttle=None))


async def outcomes(mock: Mock, headers: dict[str, str], mvpd: str, service_provider: str = "REF30") -> dict[str, Any]:
    """Return what each endpoint that looks a login up says about it."""
    api = f"/api/v2/{service_provider}"
    body = {"resources": ["REF30"]}
    session = await mock.http.post(f"{api}/sessions", headers=headers, data=FULL | {"mvpd": mvpd})
    of_mvpd = await mock.http.get(f"{api}/profiles/{mvpd}", headers=headers)
    preauthorized = await mock.http.post(f"{api}/decisions/preauthorize/{mvpd}", headers=headers, json=body)
    authorized = await mock.http.post(f"{api}/decisions/authorize/{mvpd}", headers=headers, json=body)
    return {
        "profiles": mvpd in await types(mock, headers, service_provider),
        "profiles.mvpd": mvpd in of_mvpd.json()["profiles"],
        "sessions.create": session.json()["actionName"] == "authorize",
        "preauthorize": preauthorized.json()["decisions"][0]["authorized"],
        "authorize": "token" in authorized.json()["decisions"][0],
    }


def everywhere(found: bool) -> dict[str, bool]:
    return dict.fromkeys(("profiles", "profiles.mvpd", "sessions.create", "preauthorize", "authorize"), found)


async def test_a_platform_identity_works_across_service_providers(mock: Mock) -> None:
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "Spectrum")
    second = {**await mock.signed_on("another device"), **subject_token()}
    assert await types(mock, second, OTHER) == {"Spectrum": "platformSSO"}
    assert await outcomes(mock, second, "Spectrum", OTHER) == everywhere(found=True)
    stranger = {**second, **subject_token("another user")}
    assert await outcomes(mock, stranger, "Spectrum", OTHER) == everywhere(found=False)


async def test_the_shared_profile_ends_with_the_login_of_the_first_application(mock: Mock) -> None:
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "Spectrum")
    second = {**await mock.signed_on("another device"), **subject_token()}
    mock.clock.tick(1000)
    ends = []
    for headers, provider in ((first, "REF30"), (second, OTHER)):
        answer = await mock.http.get(f"/api/v2/{provider}/profiles/Spectrum", headers=headers)
        ends.append(answer.json()["profiles"]["Spectrum"]["notAfter"])
    assert ends[0] == ends[1]


async def test_a_platform_identity_reaches_only_integrated_mvpds(mock: Mock) -> None:
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "ATTOTT")
    assert await types(mock, {**first, **device_headers("another device")}, OTHER) == {}
    await log_in(mock, first, "Dish")
    await mock.http.put(f"/_mock/integrations/{OTHER}/Dish", json={"enabled": False})
    assert await types(mock, {**first, **device_headers("another device")}, OTHER) == {}


async def test_a_service_token_stays_within_its_service_provider(mock: Mock) -> None:
    first = {**await mock.signed_on(), **service_token(mock)}
    await log_in(mock, first, "Spectrum")
    second = {**await mock.signed_on("another device"), **service_token(mock)}
    assert await outcomes(mock, second, "Spectrum") == everywhere(found=True)
    assert await outcomes(mock, second, "Spectrum", OTHER) == everywhere(found=False)


async def test_each_platform_has_identities_of_its_own(mock: Mock) -> None:
    token = subject_token()["Adobe-Subject-Token"]
    first = {**await mock.signed_on(), "X-Roku-Reserved-Roku-Connect-Token": token}
    await log_in(mock, first, "Spectrum")
    assert await types(mock, {**await mock.signed_on("another device"), **subject_token()}) == {}


@pytest.mark.parametrize("exp", [0, 1000, 1000.5, "never", None, True])
async def test_an_expired_platform_identity_shares_nothing(mock: Mock, exp: object) -> None:
    expired = subject_token(exp=exp) if exp is not None else subject_token(exp=mock.clock.now_ms() // 1000)
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "Spectrum")
    second = {**await mock.signed_on("another device"), **expired}
    assert await outcomes(mock, second, "Spectrum") == everywhere(found=False)
    await log_in(mock, second, "Dish")
    assert await types(mock, {**first, **subject_token()}) == {"Spectrum": "regular"}


async def test_a_platform_identity_counts_until_it_expires(mock: Mock) -> None:
    fresh = subject_token(exp=mock.clock.now_ms() // 1000 + 60)
    await log_in(mock, {**await mock.signed_on(), **fresh}, "Spectrum")
    second = {**await mock.signed_on("another device"), **fresh}
    assert await types(mock, second) == {"Spectrum": "platformSSO"}
    mock.clock.tick(60)
    assert await types(mock, second) == {}
    assert await types(mock, {**second, **subject_token(exp=2**53)}) == {"Spectrum": "platformSSO"}


@pytest.mark.parametrize("text", DISABLED.values(), ids=DISABLED)
async def test_an_integration_can_disable_platform_single_sign_on(tmp_path: Path, text: str) -> None:
    mock = configured(tmp_path, MINE + text)
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "Mine")
    assert await outcomes(mock, first, "Mine") == everywhere(found=True)
    second = {**await mock.signed_on("another device"), **subject_token()}
    assert await outcomes(mock, second, "Mine") == everywhere(found=False)
    assert await types(mock, second, OTHER) == {}


async def test_a_disabled_integration_neither_uses_nor_ends_the_login_of_another(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + DISABLED["by the integration on a platform"])
    session = {**await mock.signed_on(), **subject_token()}
    code = (await mock.http.post(f"/api/v2/{OTHER}/sessions", headers=session, data=FULL | {"mvpd": "Mine"})).json()
    await mock.http.post(f"/_mock/sessions/{code['code']}/login", json={})
    second = {**await mock.signed_on("another device"), **subject_token()}
    assert await types(mock, second, OTHER) == {"Mine": "platformSSO"}
    assert await outcomes(mock, second, "Mine") == everywhere(found=False)
    out = await mock.http.get(LOGOUT.format("REF30").replace("Spectrum", "Mine"), headers=second)
    assert out.json()["logouts"]["Mine"]["actionName"] == "invalid"
    assert await types(mock, second, OTHER) == {"Mine": "platformSSO"}


async def test_metadata_is_encrypted_for_the_service_provider_that_asks(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE.replace('id = "apasstest1"\n', 'id = "apasstest1"\ncertificate = "none"\n'))
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "Mine")
    second = {**await mock.signed_on("another device"), **subject_token()}
    assert await types(mock, second) == {"Mine": "platformSSO"}
    answer = await mock.http.get(f"/api/v2/{OTHER}/profiles", headers=second)
    assert answer.json()["code"] == "invalid_configuration_user_metadata_certificate"


async def test_a_code_finds_the_login_of_its_own_session_only(mock: Mock) -> None:
    """Neither a resume nor a poll of a code has single sign-on, so the two agree."""
    first = {**await mock.signed_on(), **subject_token()}
    session = await log_in(mock, first, "Spectrum")
    second = {**await mock.signed_on("another device"), **subject_token()}
    started = await mock.http.post("/api/v2/REF30/sessions", headers=second, data={})
    code = started.json()["code"]
    resumed = await mock.http.post(f"/api/v2/REF30/sessions/{code}", headers=second, data=FULL | {"mvpd": "Spectrum"})
    assert (resumed.json()["actionName"], resumed.json()["reasonType"]) == ("authenticate", "none")
    assert (await mock.http.get(f"/api/v2/REF30/profiles/code/{code}", headers=second)).json() == {"profiles": {}}
    own = {name: value for name, value in first.items() if name != "Adobe-Subject-Token"}
    polled = await mock.http.get(f"/api/v2/REF30/profiles/code/{session['code']}", headers=own)
    assert polled.json()["profiles"]["Spectrum"]["type"] == "regular"


@pytest.mark.parametrize("identity", ["platform", "service"])
async def test_single_logout_ends_the_logins_of_all_who_share_them(stored: Mock, identity: str) -> None:
    """Also those of the devices that logged in themselves, whichever device starts the logout."""
    token = subject_token() if identity == "platform" else service_token(stored)
    first = {**await stored.signed_on(), **token}
    await log_in(stored, first, "Spectrum")
    also = {**await stored.signed_on("a device with a login of its own"), **token}
    code = (await stored.http.post("/api/v2/REF30/sessions", headers=also, data={})).json()["code"]
    await stored.http.post(f"/api/v2/REF30/sessions/{code}", headers=also, data=FULL | {"mvpd": "Spectrum"})
    await stored.http.post(f"/_mock/sessions/{code}/login", json={})
    assert await types(stored, also) == {"Spectrum": "regular"}
    second = {**await stored.signed_on("another device"), **token}
    provider = OTHER if identity == "platform" else "REF30"
    out = (await stored.http.get(LOGOUT.format(provider), headers=second)).json()["logouts"]["Spectrum"]
    assert out["actionName"] == "logout"
    for headers in (first, also, second):
        assert await outcomes(stored, headers, "Spectrum") == everywhere(found=False)
    decision = (await stored.decide(first, "authorize", "REF30", mvpd="Spectrum"))[0]
    assert decision["error"]["code"] == "authenticated_profile_missing"
    out = (await stored.http.get(LOGOUT.format("REF30"), headers=first)).json()["logouts"]["Spectrum"]
    assert out["actionName"] == "invalid"


async def test_single_logout_spares_logins_that_nobody_shares(mock: Mock) -> None:
    token = subject_token()
    first = {**await mock.signed_on(), **token}
    await log_in(mock, first, "Spectrum")
    await log_in(mock, first, "Dish")
    alone = await mock.signed_on("a device that logs in again, without an identity")
    await log_in(mock, {**alone, **token}, "Cablevision")
    await mock.http.get(LOGOUT.format("REF30").replace("Spectrum", "Cablevision"), headers=alone)
    await log_in(mock, alone, "Cablevision")
    stranger = {**await mock.signed_on("a stranger"), **subject_token("another user")}
    await log_in(mock, stranger, "Spectrum")
    second = {**await mock.signed_on("another device"), **token}
    for mvpd in ("Spectrum", "Cablevision"):
        await mock.http.get(LOGOUT.format("REF30").replace("Spectrum", mvpd), headers=second)
    assert await types(mock, first) == {"Dish": "regular"}
    assert await types(mock, alone) == {"Cablevision": "regular"}
    assert await types(mock, stranger) == {"Spectrum": "regular"}


async def test_a_logout_without_the_identity_ends_the_login_of_its_device_only(mock: Mock) -> None:
    first = {**await mock.signed_on(), **subject_token()}
    await log_in(mock, first, "Spectrum")
    own = {name: value for name, value in first.items() if name != "Adobe-Subject-Token"}
    await mock.http.get(LOGOUT.format("REF30"), headers=own)
    assert await types(mock, own) == {}
    assert await types(mock, {**await mock.signed_on("another device"), **subject_token()}) == {
        "Spectrum": "platformSSO"
    }
