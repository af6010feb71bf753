"""User metadata: the attributes of each MVPD, their types, and the identifiers of accounts and households."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from pass_harness.mock_server.catalogue import Mvpd, Subscriber, Tables, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.signing.keys import default_keys
from tests.mock_server.conftest import Mock
from tests.mock_server.test_access import MINE, REF30, configured

pytestmark = pytest.mark.anyio
AT_LOGIN = {
    "Spectrum": {"userID", "upstreamUserID", "householdID", "hba_status", "zip", "maxRating"},
    "Dish": {"userID", "upstreamUserID", "householdID", "zip", "channelID", "maxRating"},
    "apassidp": {
        "userID", "upstreamUserID", "householdID", "primaryOID", "typeID", "is_hoh", "zip", "channelID", "maxRating",
    },
    "ATTOTT": {"userID", "upstreamUserID", "zip"},
}  # fmt: skip
"""Rows of Adobe's table of user metadata: Spectrum, Dish, Adobe IdP and DTV (ATTOTT is DirecTV's stream)."""
EVERY_KEY: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        ("userID", "upstreamUserID", "householdID", "primaryOID", "typeID", "is_hoh", "encryptedZip", "language"),
        lambda value: isinstance(value, str),
    ),
    **dict.fromkeys(("hba_status", "allowMirroring", "onNet", "inHome"), lambda value: value in ("true", "false")),
    "zip": lambda value: isinstance(value, str),  # the ciphertext of a list
    "channelID": lambda value: isinstance(value, list),
    "maxRating": lambda value: set(value) <= {"MPAA", "VCHIP", "URL"} and isinstance(value, dict),
}
"""Every key of Adobe's table, with the form of its value."""
RICH = Subscriber(
    username="rich",
    password="rich",
    household_id="h-1",
    zip=("77754", "12345"),
    max_rating={"MPAA": "NR", "VCHIP": "X", "URL": "http://manage.my/parental"},
    channels=("channel-1", "channel-2"),
    language="English",
)
MEMBER = Subscriber(username="member", password="member", household_id="h-1", head_of_household=False)


def with_people(**mvpd: Any) -> Mock:  # noqa: ANN401 - fields of Mvpd
    """Return a mock whose MVPD ElasticSSO has these fields, and with two people of one household."""
    entry = msgspec.structs.replace(default_catalogue().mvpds["ElasticSSO"], **mvpd)
    tables = Tables(mvpds=(entry,), subscribers=(RICH, MEMBER))
    return Mock(Settings(throttle=None, catalogue=default_catalogue().extended(tables)))


async def attributes(mock: Mock, username: str, mvpd: str = "ElasticSSO", device: str = "d") -> dict[str, Any]:
    """Return the attributes of a new login."""
    headers = await mock.logged_in(device, mvpd=mvpd, username=username)
    answer = await mock.http.get(f"/api/v2/REF30/profiles/{mvpd}", headers=headers)
    found: dict[str, Any] = answer.json()["profiles"][mvpd]["attributes"]
    return found


async def values(mock: Mock, username: str, device: str = "d") -> dict[str, Any]:
    return {name: entry["value"] for name, entry in (await attributes(mock, username, device=device)).items()}


async def test_every_key_has_the_type_of_adobes_table() -> None:
    found = await attributes(with_people(metadata=tuple(EVERY_KEY)), "rich")
    assert set(found) == set(EVERY_KEY)
    assert [name for name, entry in found.items() if not EVERY_KEY[name](entry["value"])] == []
    assert {name for name, entry in found.items() if entry["state"] == "enc"} == {"zip", "encryptedZip"}
    assert found["maxRating"]["value"] == RICH.max_rating


@pytest.mark.parametrize("mvpd", AT_LOGIN)
async def test_an_mvpd_provides_the_attributes_of_its_row_at_login(mvpd: str) -> None:
    mock = with_people()
    assert set(await attributes(mock, "rich", mvpd)) == AT_LOGIN[mvpd]


async def test_spectrum_provides_allow_mirroring_after_an_authorization(mock: Mock) -> None:
    headers = await mock.logged_in(mvpd="Spectrum")
    path = "/api/v2/REF30/profiles/Spectrum"
    stages = []
    for _ in range(2):
        found = (await mock.http.get(path, headers=headers)).json()["profiles"]["Spectrum"]["attributes"]
        stages.append("allowMirroring" in found)
        await mock.decide(headers, "authorize", "a", mvpd="Spectrum")
    assert stages == [False, True]


def test_every_mvpd_provides_the_identifiers_of_the_account() -> None:
    mvpds = [*default_catalogue().mvpds.values(), Mvpd(id="Other", display_name="Other")]
    assert [mvpd.id for mvpd in mvpds if not {"userID", "upstreamUserID"} <= {*mvpd.metadata}] == []


IDS = ("userID", "upstreamUserID", "householdID", "primaryOID", "typeID", "is_hoh")


@pytest.mark.parametrize(
    ("mvpd", "username", "expected"),
    [
        ({}, "rich", ["h-1", "h-1", "h-1", "h-1", "Primary", "1"]),
        ({}, "member", ["ElasticSSO_member", "ElasticSSO_member", "h-1", "h-1", "Secondary", "0"]),
        ({"sub_accounts": False}, "member", ["h-1", "h-1", "h-1", "h-1", "Primary", "1"]),
    ],
)
async def test_the_user_id_is_that_of_the_household_but_for_members_with_an_account(
    mvpd: dict[str, Any], username: str, expected: list[str]
) -> None:
    found = await values(with_people(metadata=IDS, **mvpd), username)
    assert [found[name] for name in IDS] == expected


async def test_an_integration_disables_and_encrypts_attributes(tmp_path: Path) -> None:
    integration = (
        '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\n'
        'metadata = ["userID", "channelID", "zip", "language"]\nencrypted_metadata = ["userID", "channelID"]\n'
    )
    mvpd = MINE + 'metadata = ["userID", "upstreamUserID", "channelID", "zip"]\n'
    found = await attributes(configured(tmp_path, mvpd + REF30 + integration), "viewer", "Mine")
    states = {name: entry["state"] for name, entry in found.items()}
    assert states == {"userID": "enc", "channelID": "enc", "zip": "plain"}
    key = default_keys().user_metadata
    for name, plain in {"userID": b"1o7241p", "channelID": b'["channel-1","channel-2"]'}.items():
        assert key.decrypt(base64.b64decode(found[name]["value"]), PKCS1v15()) == plain
    assert found["zip"]["value"] == ["77754", "12345"]


async def test_a_subscriber_without_a_household_is_a_household_of_one(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE + 'metadata = ["userID", "householdID"]\n' + REF30 + '[[subscribers]]\nusername = "a"\npassword = "a"\n',
    )
    found = await attributes(mock, "a", "Mine")
    assert [entry["value"] for entry in found.values()] == ["Mine_a", "Mine_a"]


async def guid(mock: Mock, username: str, device: str) -> str:
    """Return the sessionGUID of the media token of a new login."""
    headers = await mock.logged_in(device, mvpd="ElasticSSO", username=username)
    token = (await mock.decide(headers, "authorize", "a", mvpd="ElasticSSO"))[0]["token"]["serializedToken"]
    verified = await mock.http.post("/_mock/media-tokens/verify", json={"token": token})
    return str(verified.json()["token"]["session_guid"])


@pytest.mark.parametrize("user_ids", ["persistent", "transient"])
async def test_the_user_id_is_the_same_for_all_logins_or_new_for_each(user_ids: str) -> None:
    mock = with_people(metadata=IDS, user_ids=user_ids)
    logins = [(await values(mock, "rich", device)) for device in ("one", "one", "two")]
    assert len({login["userID"] for login in logins}) == (1 if user_ids == "persistent" else 3)
    assert all(len({login[name] for name in IDS[:4]}) == 1 for login in logins)
    guids = {await guid(mock, "rich", device) for device in ("one", "one", "two")}
    assert len(guids) == (1 if user_ids == "persistent" else 3)


async def test_a_transient_user_id_lasts_as_long_as_its_login() -> None:
    mock = with_people(user_ids="transient")
    headers = await mock.logged_in(mvpd="ElasticSSO", username="rich")
    seen = set()
    for path in ("profiles", "profiles/ElasticSSO"):
        found = (await mock.http.get(f"/api/v2/REF30/{path}", headers=headers)).json()["profiles"]["ElasticSSO"]
        seen.add(found["attributes"]["userID"]["value"])
        mock.clock.tick(60)
    assert len(seen) == 1


async def test_metadata_that_cannot_be_processed_does_not_stop_a_login(tmp_path: Path) -> None:
    mock = configured(tmp_path, REF30.replace('"Mine"', '"Dish"') + 'certificate = "none"\n')
    headers = await mock.signed_on()
    session = await mock.session(headers, mvpd="Dish")
    login = {"requestor_id": "REF30", "code": session["code"], "username": "viewer", "password": "viewer"}
    assert (await mock.http.post("/mvpd/Dish/login", data=login)).status_code == 302
    failed = await mock.http.get(f"/api/v2/REF30/profiles/code/{session['code']}", headers=headers)
    assert (failed.status_code, failed.json()["code"]) == (500, "invalid_configuration_user_metadata_certificate")
    assert (await mock.decide(headers, "authorize", "REF30", mvpd="Dish"))[0]["authorized"]
    assert (await mock.session(headers, mvpd="Dish"))["actionName"] == "authorize"
