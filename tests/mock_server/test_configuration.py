"""The configuration: facts of the device and flags of the MVPDs."""

from __future__ import annotations

import msgspec
import pytest

from pass_harness.mock_server.catalogue import Tables, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio


async def test_the_configuration_names_the_type_of_the_device(mock: Mock) -> None:
    """X-Device-Info of the tests is that of a set-top box."""
    configuration = (await mock.http.get("/api/v2/REF30/configuration", headers=await mock.signed_on())).json()
    assert (configuration["device"], configuration["os"]) == ("SetTopBox", "tvOS")


async def test_the_configuration_has_the_flags_of_an_mvpd_for_partner_single_sign_on(mock: Mock) -> None:
    catalogue = default_catalogue()
    changed = msgspec.structs.replace(
        catalogue.mvpds["Cablevision"],
        boarding_status="SUPPORTED",
        platform_mapping_id="Cablevision_Apple",
        enable_platform_services=True,
        display_in_platform_picker=False,
        enforce_platform_permissions=True,
    )
    with_flags = Mock(Settings(throttle=None, catalogue=catalogue.extended(Tables(mvpds=(changed,)))))
    path = "/api/v2/REF30/configuration"
    requestor = (await with_flags.http.get(path, headers=await with_flags.signed_on())).json()["requestor"]
    entries = {mvpd["id"]: mvpd for mvpd in requestor["mvpds"]}
    flags = {
        "boardingStatus": "SUPPORTED",
        "platformMappingId": "Cablevision_Apple",
        "enablePlatformServices": True,
        "displayInPlatformPicker": False,
        "enforcePlatformPermissions": True,
    }
    assert {name: entries["Cablevision"][name] for name in flags} == flags
    assert not flags.keys() & entries["Dish"].keys()


async def test_an_integration_that_is_active_again_has_its_profiles_again(mock: Mock) -> None:
    headers = await mock.logged_in()

    async def listed() -> tuple[bool, bool]:
        """Return whether the configuration has the MVPD, and the profiles the login with it."""
        requestor = (await mock.http.get("/api/v2/REF30/configuration", headers=headers)).json()["requestor"]
        profiles = (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).json()["profiles"]
        return "Cablevision" in {mvpd["id"] for mvpd in requestor["mvpds"]}, "Cablevision" in profiles

    for enabled in (False, True):
        await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": enabled})
        assert await listed() == (enabled, enabled)
    assert (await mock.decide(headers, "authorize", "REF30"))[0]["authorized"]
