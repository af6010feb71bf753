"""Logout: its errors, and the way of the browser by the MVPD to the app."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.mock_server.conftest import Mock
from tests.mock_server.test_flows import UNUSABLE

pytestmark = pytest.mark.anyio
LOGOUT_URL = "/api/v2/REF30/logout/Cablevision"


@pytest.mark.parametrize(
    "url", ["https://adobe.com", "http://127.0.0.1:8400/done?a=b#c", "adobepass://com.programmer", "com.example:/out"]
)
async def test_the_logout_url_leads_by_the_mvpd_to_the_app(mock: Mock, url: str) -> None:
    headers = await mock.logged_in()
    answer = await mock.http.get(LOGOUT_URL, params={"redirectUrl": url}, headers=headers)
    hops = [answer.json()["logouts"]["Cablevision"]["url"]]
    for _ in range(2):
        answer = await mock.http.get(hops[-1])
        assert answer.status_code == 302
        hops.append(answer.headers["location"])
    assert [urlsplit(hop).path for hop in hops[:2]] == ["/adobe-services/logout", "/mvpd/Cablevision/logout"]
    assert hops[2] == url
    seen = (await mock.exchanges())[-2:]
    assert [exchange["endpoint"] for exchange in seen] == ["browser.logout", "browser.mvpd-logout"]
    assert {(exchange["service_provider"], exchange["mvpd"]) for exchange in seen} == {("REF30", "Cablevision")}


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "data:text/html,x", "nowhere", "//host"])
async def test_a_logout_without_an_app_ends_on_a_page(mock: Mock, url: str | None) -> None:
    """The browser may have been sent there with any address: it is led to addresses that open an app only."""
    query = {"mso_id": "Cablevision", **({"redirect_url": url} if url is not None else {})}
    answer = await mock.http.get((await mock.http.get("/adobe-services/logout", params=query)).headers["location"])
    assert (answer.status_code, "You can close this page" in answer.text) == (200, True)
    unknown = await mock.http.get("/mvpd/Nobody/logout", params=query)
    assert (unknown.status_code, unknown.headers["content-type"]) == (400, "text/html; charset=utf-8")


async def test_nobody_logs_out_of_an_inactive_integration(mock: Mock) -> None:
    headers, query = await mock.logged_in(), {"redirectUrl": "https://adobe.com"}
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    answer = await mock.http.get(LOGOUT_URL, params=query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_integration")
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": True})
    assert (await mock.decide(headers, "authorize", "REF30"))[0]["authorized"]
    answer = await mock.http.get(LOGOUT_URL, params=query, headers=headers)
    assert answer.json()["logouts"]["Cablevision"]["actionName"] == "logout"


@pytest.mark.parametrize("url", UNUSABLE)
async def test_a_logout_with_an_unusable_redirect_url_is_an_error_and_ends_nothing(mock: Mock, url: str) -> None:
    headers = await mock.logged_in()
    answer = await mock.http.get(LOGOUT_URL, params={"redirectUrl": url}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_redirect_url")
    assert set((await mock.http.get("/api/v2/REF30/profiles", headers=headers)).json()["profiles"]) == {"Cablevision"}
