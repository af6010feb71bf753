"""TempPass: trials by device and identity, their limits, and the Reset TempPass API."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.media_tokens import Status, verify
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.conftest import DEVICE, Mock, device_headers

pytestmark = pytest.mark.anyio
RESET = "/reset-tempass/v3/reset"
BASIC, PROMOTIONAL = "TempPass_TEST40", "flexibleTempPass"
TITLES = 5
"""Resources of the promotional TempPass."""
Headers = Mapping[str, str]
NO_IDENTITY = "invalid_header_identity_for_temporary_access"
HASH = hashlib.sha256(b"user@domain.com").hexdigest()


def identity(hash_: str = HASH, form: str = '{"email": "%s"}') -> dict[str, str]:
    return {"AP-TempPass-Identity": base64.b64encode((form % hash_).encode()).decode()}


async def play(mock: Mock, headers: Headers, resource: str, mvpd: str = PROMOTIONAL) -> str | None:
    """Return the code of a denial, or None for a permit."""
    decision = (await mock.decide(headers, "authorize", resource, mvpd=mvpd))[0]
    assert ("token" in decision) == decision["authorized"]
    code: str | None = decision.get("error", {}).get("code")
    return code


async def played(mock: Mock, headers: Headers, *resources: str) -> int:
    """Return how many of the resources are permitted."""
    return [await play(mock, headers, resource) for resource in resources].count(None)


async def remaining(mock: Mock, headers: Headers) -> int:
    answer = await mock.http.get(f"/api/v2/REF30/profiles/{PROMOTIONAL}", headers=headers)
    if answer.status_code == 403:
        return 0
    return int(answer.json()["profiles"][PROMOTIONAL]["attributes"]["remaining_resources"]["value"])


async def reset(mock: Mock, headers: Headers, path: str = RESET, **query: str) -> httpx.Response:
    return await mock.http.delete(path, headers=headers, params={"requestor_id": "REF30", **query})


@pytest.fixture
async def headers(mock: Mock) -> dict[str, str]:
    return await mock.signed_on()


async def test_a_promotional_temppass_counts_resources_by_device_and_identity(mock: Mock, headers: Headers) -> None:
    assert await play(mock, headers, "r1") == NO_IDENTITY
    assert await play(mock, {**headers, "AP-TempPass-Identity": "?"}, "r1") == (NO_IDENTITY)
    assert await played(mock, {**headers, **identity()}, "r1", "r2", "r3", "r4", "r5", "r1") == TITLES + 1
    other_device = {**headers, **device_headers("another device"), **identity()}
    assert await play(mock, other_device, "r6") == "temporary_access_resources_limit_exceeded"
    answer = await mock.http.get(f"/api/v2/REF30/profiles/{PROMOTIONAL}", headers={**headers, **identity()})
    assert (answer.status_code, answer.json()["code"]) == (403, "temporary_access_resources_limit_exceeded")


async def test_two_identities_that_alternate_on_a_device_have_the_titles_of_one(mock: Mock, headers: Headers) -> None:
    permits = 0
    for number in range(12):
        permits += await played(mock, {**headers, **identity(f"hash-{number % 2}")}, f"r{number}")
    assert permits == TITLES
    for name in ("hash-0", "hash-1", "a new hash"):
        assert await play(mock, {**headers, **identity(name)}, "more") == "temporary_access_resources_limit_exceeded"
    # The second identity joined the trial, and takes it to every device.
    elsewhere = {**headers, **device_headers("another device"), **identity("hash-1")}
    assert await play(mock, elsewhere, "more") == "temporary_access_resources_limit_exceeded"
    stranger = {**headers, **device_headers("a third device"), **identity("another hash")}
    assert await remaining(mock, stranger) == TITLES


async def test_the_profile_before_and_after_the_first_title(mock: Mock, headers: Headers) -> None:
    async def attributes() -> list[object]:
        answer = await mock.http.get(f"/api/v2/REF30/profiles/{PROMOTIONAL}", headers={**headers, **identity()})
        profile = answer.json()["profiles"][PROMOTIONAL]
        assert profile["notAfter"] == mock.clock.now_ms() + 3_600_000
        values = profile["attributes"]
        return [values[name]["value"] for name in ("remaining_resources", "used_assets")]

    assert await attributes() == [TITLES, 0]
    await played(mock, {**headers, **identity()}, "r1")
    assert await attributes() == [TITLES - 1, ["r1"]]


async def test_the_expiration_date_of_a_basic_temppass_is_its_end_in_milliseconds(
    mock: Mock, headers: Headers
) -> None:
    for _ in ("before the trial", "in the trial"):
        answer = await mock.http.get(f"/api/v2/REF30/profiles/{BASIC}", headers=headers)
        profile = answer.json()["profiles"][BASIC]
        date = profile["attributes"]["expiration_date"]
        assert (date, type(date["value"])) == ({"value": profile["notAfter"], "state": "plain"}, int)
        assert profile["notAfter"] == profile["notBefore"] + 180_000
        await play(mock, headers, "a", BASIC)
        mock.clock.tick(5)


async def test_a_trial_is_the_same_on_all_devices_of_an_identity(mock: Mock, headers: Headers) -> None:
    one = {**headers, **identity()}
    two = {**one, **device_headers("another device")}
    await played(mock, one, "r1")
    await played(mock, two, "r2", "r3")
    assert await remaining(mock, one) == await remaining(mock, two) == TITLES - 3
    await played(mock, two, "r4", "r5")
    assert await remaining(mock, one) == 0
    for viewer in (one, headers, {**headers, **device_headers("a third device"), **identity()}):
        decisions = await mock.decide(viewer, "preauthorize", "r1", "r6", mvpd=PROMOTIONAL)
        assert [d["authorized"] for d in decisions] == [True, False]


async def test_a_device_and_an_identity_with_different_trials_use_both(mock: Mock, headers: Headers) -> None:
    one = {**headers, **identity("one")}
    two = {**headers, **device_headers("another device"), **identity("two")}
    assert await played(mock, one, "r1", "r2") == 2
    assert await played(mock, two, "r3", "r4") == 2
    crossed = {**headers, **identity("two")}
    assert await played(mock, crossed, "r5", "r6") == 1
    assert (await remaining(mock, one), await remaining(mock, two)) == (TITLES - 3, TITLES - 3)


async def test_concurrent_requests_get_no_more_than_the_titles(mock: Mock, headers: Headers) -> None:
    asked = [played(mock, {**headers, **device_headers(f"device {n % 3}"), **identity()}, f"r{n}") for n in range(12)]
    assert sum(await asyncio.gather(*asked)) <= TITLES
    assert await remaining(mock, {**headers, **identity()}) == 0


@pytest.mark.parametrize("form", ["%s", '{"email": "%s"}', '{"n": 1, "e-mail": "%s"}', '{"email":"%s","other":"x"}'])
async def test_the_identity_is_the_hash_in_every_form(mock: Mock, headers: Headers, form: str) -> None:
    await played(mock, {**headers, **identity()}, "r1")
    elsewhere = {**headers, **device_headers("another device")}
    assert await remaining(mock, {**elsewhere, **identity(form=form)}) == TITLES - 1


@pytest.mark.parametrize("form", ['{"email": 1%.0s}', "{%.0s}", '{"email": ""%.0s}'])
async def test_an_object_without_a_hash_is_no_identity(mock: Mock, headers: Headers, form: str) -> None:
    assert await play(mock, {**headers, **identity(form=form)}, "r1") == NO_IDENTITY


async def test_a_preauthorization_has_no_limit_and_needs_no_identity(mock: Mock, headers: Headers) -> None:
    many = [f"r{number}" for number in range(40)]
    for mvpd in (BASIC, PROMOTIONAL):
        decisions = await mock.decide(headers, "preauthorize", *many, mvpd=mvpd)
        assert [(d["source"], d["authorized"]) for d in decisions] == [("temppass", True)] * 40
    assert await remaining(mock, {**headers, **identity()}) == TITLES
    mock.clock.tick(200)
    assert await play(mock, headers, "r1", BASIC) is None, "a preauthorization begins no trial"
    mock.clock.tick(180)
    over = await mock.decide(headers, "preauthorize", *many, mvpd=BASIC)
    assert {d["error"]["code"] for d in over} == {"temporary_access_duration_limit_exceeded"}


async def test_an_authorization_with_a_temppass_has_a_limit(mock: Mock, headers: Headers) -> None:
    path = f"/api/v2/REF30/decisions/authorize/{BASIC}"
    answer = await mock.http.post(path, headers=headers, json={"resources": ["a", "b"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "too_many_resources")


async def test_a_permit_of_a_temppass_lasts_as_long_as_the_trial(mock: Mock, headers: Headers) -> None:
    first = (await mock.decide(headers, "authorize", "a", mvpd=BASIC))[0]
    assert first["notAfter"] - first["notBefore"] == 180_000
    mock.clock.tick(60)
    second = (await mock.decide(headers, "authorize", "b", mvpd=BASIC))[0]
    assert second["notAfter"] == first["notAfter"]
    mock.clock.tick(120)
    assert await play(mock, headers, "b", BASIC) == "temporary_access_duration_limit_exceeded"
    key = default_keys().media_token.public_key()
    assert verify(second["token"]["serializedToken"], "b", mock.clock.now_ms(), key)[0] is Status.VALID_TOKEN


async def test_a_viewer_who_is_logged_in_can_use_a_temppass_and_go_back(mock: Mock) -> None:
    headers = await mock.logged_in()
    for mvpd in ("Cablevision", BASIC, "Cablevision"):
        assert await play(mock, headers, "a", mvpd) is None
    mock.clock.tick(180)
    assert await play(mock, headers, "a", BASIC) == "temporary_access_duration_limit_exceeded"
    assert await play(mock, headers, "a", "Cablevision") is None


async def test_each_device_and_each_temppass_has_a_trial_of_its_own(mock: Mock, headers: Headers) -> None:
    assert await play(mock, headers, "a", BASIC) is None
    mock.clock.tick(180)
    assert await play(mock, headers, "a", BASIC) == "temporary_access_duration_limit_exceeded"
    assert await play(mock, {**headers, **device_headers("another device")}, "a", BASIC) is None
    assert await play(mock, headers, "a", "TempPass") is None
    assert await play(mock, await mock.signed_on(), "a", BASIC) == "temporary_access_duration_limit_exceeded", (
        "a new registration is no new device"
    )
    out = await mock.http.get(f"/api/v2/REF30/logout/{BASIC}?redirectUrl=https%3A%2F%2Fadobe.com", headers=headers)
    assert out.json()["logouts"][BASIC]["actionName"] == "complete"
    assert await play(mock, headers, "a", BASIC) == "temporary_access_duration_limit_exceeded"


async def test_a_reset_takes_the_decoded_device_identifier(mock: Mock, headers: Headers) -> None:
    other = {**headers, **device_headers("another device")}
    for device in (headers, other):
        assert await play(mock, device, "a", BASIC) is None
    mock.clock.tick(180)
    encoded = headers["AP-Device-Identifier"].removeprefix("fingerprint ")
    for unknown in (encoded, "no such device"):
        assert (await reset(mock, headers, mvpd_id=BASIC, device_id=unknown)).status_code == 204
        assert await play(mock, headers, "a", BASIC) == "temporary_access_duration_limit_exceeded"
    assert (await reset(mock, headers, mvpd_id=BASIC, device_id=DEVICE)).status_code == 204
    assert await play(mock, headers, "a", BASIC) is None
    assert await play(mock, other, "a", BASIC) == "temporary_access_duration_limit_exceeded"


@pytest.mark.parametrize("query", [{}, {"device_id": "all"}, {"device_id": ""}])
async def test_a_reset_of_all_devices(mock: Mock, headers: Headers, query: dict[str, str]) -> None:
    devices = [{**headers, **device_headers(name)} for name in ("one", "two")]
    for device in devices:
        await play(mock, device, "a", BASIC)
    mock.clock.tick(180)
    assert (await reset(mock, headers, mvpd_id=BASIC, **query)).status_code == 204
    assert [await play(mock, device, "a", BASIC) for device in devices] == [None, None]


async def test_devices_and_identities_are_reset_apart(mock: Mock, headers: Headers) -> None:
    viewer = {**headers, **identity()}
    generic = f"{RESET}/generic"
    await played(mock, viewer, "r1")
    await reset(mock, headers, mvpd_id=PROMOTIONAL, device_id=DEVICE)
    assert await remaining(mock, viewer) == TITLES - 1, "the identity still has its trial"
    await played(mock, viewer, "r2")
    assert (await reset(mock, headers, generic, mvpd_id=PROMOTIONAL, key=HASH)).status_code == 204
    assert await remaining(mock, viewer) == TITLES - 2, "the device joined the trial again, and still has it"
    await reset(mock, headers, mvpd_id=PROMOTIONAL)
    assert await remaining(mock, viewer) == TITLES


@pytest.mark.parametrize("query", [{}, {"key": "all"}])
async def test_a_reset_of_all_identities(mock: Mock, headers: Headers, query: dict[str, str]) -> None:
    viewers = [{**headers, **device_headers(name), **identity(name)} for name in ("one", "two")]
    for viewer in viewers:
        await played(mock, viewer, "r1")
    assert (await reset(mock, headers, f"{RESET}/generic", mvpd_id=PROMOTIONAL, **query)).status_code == 204
    assert [await remaining(mock, viewer) for viewer in viewers] == [TITLES - 1, TITLES - 1], "of the devices"
    elsewhere = [{**viewer, **device_headers("a third device")} for viewer in viewers]
    assert [await remaining(mock, viewer) for viewer in elsewhere] == [TITLES, TITLES]


@pytest.mark.parametrize("path", [RESET, f"{RESET}/generic"])
async def test_a_wrong_reset_has_its_documented_status_and_resets_nothing(
    mock: Mock, headers: Headers, path: str
) -> None:
    viewer = {**headers, **identity()}
    await played(mock, viewer, "r1")
    good = {"requestor_id": "REF30", "mvpd_id": PROMOTIONAL}
    wrong = [
        ({**good, "requestor_id": "NOPE"}, "invalid_parameter_service_provider"),
        ({"mvpd_id": PROMOTIONAL}, "invalid_parameter_service_provider"),
        ({**good, "mvpd_id": "NoSuchMvpd"}, "invalid_parameter_mvpd"),
        ({"requestor_id": "REF30"}, "invalid_parameter_mvpd"),
        ({**good, "mvpd_id": "Cablevision"}, "invalid_parameter_mvpd"),
        ({**good, "requestor_id": "apasstest1", "mvpd_id": "TempPass"}, "invalid_integration"),
    ]
    for query, code in wrong:
        answer = await mock.http.delete(path, params=query, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code), query
    repeated = await mock.http.delete(f"{path}?requestor_id=REF30&mvpd_id=a&mvpd_id=b", headers=headers)
    assert (repeated.status_code, repeated.json()["code"]) == (400, "invalid_parameter_mvpd")
    assert (await mock.http.delete(path, params=good)).status_code == 401
    unlinked = await mock.signed_on(application="legacy")
    assert (await mock.http.delete(path, params=good, headers=unlinked)).status_code == 403
    assert (await mock.http.get(path, params=good, headers=headers)).status_code == 405
    assert await remaining(mock, viewer) == TITLES - 1


async def test_only_a_promotional_temppass_has_identities(mock: Mock, headers: Headers) -> None:
    answer = await reset(mock, headers, f"{RESET}/generic", mvpd_id=BASIC, key=HASH)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_mvpd")


async def test_the_reset_api_has_no_rate_limit(throttling_mock: Mock) -> None:
    headers = await throttling_mock.signed_on()
    statuses = {(await reset(throttling_mock, headers, mvpd_id=BASIC)).status_code for _ in range(40)}
    assert statuses == {204}


async def test_trials_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "mock.sqlite"
    store = SqliteStore(file)
    mock = Mock(Settings(throttle=None), store=store)
    headers = {**await mock.signed_on(), **identity()}
    await played(mock, headers, "r1", "r2")
    await mock.http.aclose()
    await store.close()
    again = SqliteStore(file)
    restarted = Mock(Settings(throttle=None), store=again)
    assert await remaining(restarted, headers) == TITLES - 2
    assert await remaining(restarted, {**headers, **identity("another hash")}) == TITLES - 2
    assert await remaining(restarted, {**headers, **device_headers("another device")}) == TITLES - 2
    await restarted.http.aclose()
    await again.close()


async def test_the_answer_to_a_huge_preauthorization_is_bounded(mock: Mock, headers: Headers) -> None:
    """A body within the limit of bytes has room for a hundred thousand resources."""
    for number, status in ((5_000, 200), (5_001, 403)):
        resources = [f"{number:x}" for number in range(number)]
        path = f"/api/v2/REF30/decisions/preauthorize/{BASIC}"
        answer = await mock.http.post(path, headers=headers, json={"resources": resources})
        assert answer.status_code == status
    assert answer.json()["code"] == "too_many_resources"
