"""The three ways from authenticate to an MVPD's login page, and home-based authentication at its end."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from pass_harness.mock_server.catalogue import default_catalogue
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.formats.public_url import PublicUrl
from tests.mock_server.conftest import FULL, Mock, connected_from
from tests.mock_server.test_access import MINE, REF30, configured

pytestmark = pytest.mark.anyio
HOME = connected_from("192.0.2.17")
LOGOUT = "/api/v2/REF30/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com"
DAY_MS = 86_400_000
HOME_BASED = ("Spectrum", "Comcast_SSO", "Dish", "Cablevision", "ATTOTT")
"""MVPDs of the default catalogue that Adobe's page of home-based authentication lists: ATTOTT is DirecTV's stream."""


async def profile(mock: Mock, headers: dict[str, str], mvpd: str) -> dict[str, Any]:
    answer = await mock.http.get(f"/api/v2/REF30/profiles/{mvpd}", headers=headers)
    found: dict[str, Any] = answer.json()["profiles"][mvpd]
    return found


async def days(mock: Mock, headers: dict[str, str], mvpd: str = "Mine") -> float:
    found = await profile(mock, headers, mvpd)
    return float((found["notAfter"] - found["notBefore"]) / DAY_MS)


@pytest.mark.parametrize(
    ("mvpd", "status", "begins"),
    [
        ("Cablevision", 302, "http://mock/adobe-services/authenticate/saml?noflash=true&mso_id=Cablevision"),
        ("Comcast_SSO", 302, "http://mock/mvpd/Comcast_SSO/login?requestor_id=REF30&code="),
        ("Spectrum", 200, ""),
    ],
)
async def test_an_mvpd_has_its_way_to_the_login_page(mock: Mock, mvpd: str, status: int, begins: str) -> None:
    headers = await mock.signed_on()
    session = await mock.session(headers, mvpd=mvpd)
    answer = await mock.http.get(session["url"])
    assert (answer.status_code, answer.headers.get("location", "")[: len(begins)]) == (status, begins)
    assert ('name="SAMLRequest"' in answer.text) == (status == 200)
    page = await mock.browse(session["url"])
    name = default_catalogue().mvpds[mvpd].display_name
    assert (page.status_code, f"Sign in with {name}" in page.text) == (200, True)
    login = {"requestor_id": "REF30", "code": session["code"], "username": "viewer", "password": "viewer"}
    done = await mock.http.post(f"/mvpd/{mvpd}/login", data=login)
    assert (done.status_code, done.headers["location"]) == (302, FULL["redirectUrl"])
    assert (await profile(mock, headers, mvpd))["type"] == "regular"


@pytest.mark.parametrize("mvpd", ["Cablevision", "Comcast_SSO", "Spectrum"])
async def test_a_control_call_logs_in_whatever_the_way(mock: Mock, mvpd: str) -> None:
    assert (await profile(mock, await mock.logged_in(mvpd=mvpd), mvpd))["issuer"] == mvpd


async def test_the_default_catalogue_has_every_way() -> None:
    ways = {mvpd.login for mvpd in default_catalogue().mvpds.values() if mvpd.temp_pass is None}
    assert ways == {"adobe-services", "redirect", "form"}


async def test_the_policy_of_the_form_page_allows_its_script_alone(mock: Mock) -> None:
    session = await mock.session(await mock.signed_on(), mvpd="apassidp")
    page = (await mock.http.get(session["url"])).text
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert re.findall(r"script-src (.+?)(?:;|$)", policy[1]) == digests
    assert "form-action" not in policy[1]  # it would stop the redirect to the app that follows a login at home


async def test_an_invalid_code_is_refused_before_any_way(mock: Mock) -> None:
    answer = await mock.http.get("/api/v2/authenticate/REF30/NOSUCH1")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize("mvpd", HOME_BASED)
async def test_listed_mvpds_need_no_password_at_home(mock: Mock, mvpd: str) -> None:
    headers = {**await mock.signed_on(), **HOME}
    answer = await mock.browse((await mock.session(headers, mvpd=mvpd))["url"])
    assert (answer.status_code, answer.headers["location"]) == (302, FULL["redirectUrl"])
    sends_flag = mvpd in {"Spectrum", "Comcast_SSO"}
    assert ("hba_status" in (await profile(mock, headers, mvpd))["attributes"]) == sends_flag


async def test_an_mvpd_without_home_based_authentication_asks_for_a_password_at_home(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **HOME}
    page = await mock.browse((await mock.session(headers, mvpd="AdobeShibboleth"))["url"])
    assert (page.status_code, 'type="password"' in page.text) == (200, True)


async def test_an_expired_home_based_login_is_renewed_without_a_password(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **HOME}
    for _ in range(2):
        answer = await mock.browse((await mock.session(headers, mvpd="Spectrum"))["url"])
        assert answer.headers["location"] == FULL["redirectUrl"]
        mock.clock.tick(31 * 86_400)
        headers = {**await mock.signed_on(), **HOME}
        found = await mock.http.get("/api/v2/REF30/profiles/Spectrum", headers=headers)
        assert found.json()["profiles"] == {}


async def test_home_based_logins_have_a_ttl_of_their_own(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE
        + "home_based_authentication = true\n"
        + REF30
        + '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\nprofile = "20d"\nhome_based_profile = "5d"\n'
        'profile_by_platform = { tvOS = "90d" }\n',
    )
    headers = {**await mock.signed_on(), **HOME}
    await mock.browse((await mock.session(headers, mvpd="Mine"))["url"])
    assert await days(mock, headers) == 5
    assert await days(mock, await mock.logged_in("another device", mvpd="Mine")) == 90


async def signed_in(browser: httpx.AsyncClient, session: dict[str, Any]) -> httpx.Response:
    """Open the login page of a session in a browser, and submit the form if there is one."""
    query = {"requestor_id": "REF30", "code": session["code"]}
    path = f"{session['url'].partition('/api/')[0]}/mvpd/{session['mvpd']}/login"
    page = await browser.get(path, params=query)
    if page.status_code == 302:
        return page
    return await browser.post(path, data={**query, "username": "kids", "password": "kids"})


async def asks_for_password(mock: Mock, browser: httpx.AsyncClient, mvpd: str = "Cablevision", at: str = "") -> bool:
    """Return whether the MVPD asks a browser for credentials in the login of a new session."""
    session = await mock.session(await mock.signed_on(), mvpd=mvpd)
    page = await browser.get(f"{at}/mvpd/{mvpd}/login", params={"requestor_id": "REF30", "code": session["code"]})
    return page.status_code == 200


async def test_the_mvpd_keeps_a_session_in_the_browser_until_its_logout_page(mock: Mock) -> None:
    headers = await mock.signed_on()
    async with mock.at("") as browser, mock.at("") as other:
        done = await signed_in(browser, await mock.session(headers))
        assert done.headers["location"] == FULL["redirectUrl"]
        cookie = done.headers["set-cookie"]
        assert ("; HttpOnly" in cookie, "; Path=/mvpd/Cablevision;" in cookie, "Secure" in cookie) == (
            True,
            True,
            False,
        )
        assert not any(f"; {name}=" in cookie.lower() for name in ("expires", "max-age")), "it ends with the browser"
        value = cookie.partition("=")[2].partition(";")[0]
        logged_out = (await mock.http.get(LOGOUT, headers=headers)).json()["logouts"]["Cablevision"]
        again = await signed_in(browser, await mock.session(headers))
        assert (again.request.method, again.headers["location"]) == ("GET", FULL["redirectUrl"])
        found = await profile(mock, headers, "Cablevision")
        assert found["attributes"]["userID"]["value"] == "Cablevision_kids", "the viewer who logged in there"
        assert await asks_for_password(mock, other), "another browser"
        assert await asks_for_password(mock, browser, "Dish"), "another MVPD"
        to_mvpd = await browser.get(logged_out["url"])
        out = await browser.get(to_mvpd.headers["location"])
        assert out.headers["location"] == "https://adobe.com"
        assert await asks_for_password(mock, browser)
        browser.cookies.set("mvpd_session", value)
        assert await asks_for_password(mock, browser), "the session is over, not just its cookie"
        assert value not in (await mock.http.get("/_mock/exchanges")).text


@pytest.mark.parametrize("cookie", ["", ";;=", "mvpd_session", "mvpd_session=x", "a=b; mvpd_session=\xff"])
async def test_a_cookie_without_a_session_is_ignored(mock: Mock, cookie: str) -> None:
    session = await mock.session(await mock.signed_on())
    path = f"/mvpd/Cablevision/login?requestor_id=REF30&code={session['code']}"
    for sent in (cookie, cookie + "x" * 5000):
        page = await mock.http.get(path, headers=[(b"cookie", sent.encode("latin-1"))])
        assert (page.status_code, 'type="password"' in page.text) == (200, True)
        out = await mock.http.get("/mvpd/Cablevision/logout", headers=[(b"cookie", sent.encode("latin-1"))])
        assert out.status_code == 200


async def test_the_session_of_the_mvpd_ends_with_time_and_with_the_space(mock: Mock) -> None:
    async with mock.at("") as browser:
        for end in ("time", "reset"):
            await signed_in(browser, await mock.session(await mock.signed_on()))
            mock.clock.tick(86_399)
            assert not await asks_for_password(mock, browser)
            if end == "time":
                mock.clock.tick(1)
            else:
                await mock.http.post("/_mock/reset")
            assert await asks_for_password(mock, browser)


async def test_spaces_have_browser_sessions_of_their_own() -> None:
    mock = Mock(Settings(throttle=None), prefix="/~one")
    async with mock.at("") as browser:
        done = await signed_in(browser, await mock.session(await mock.signed_on()))
        assert "; Path=/~one/mvpd/Cablevision;" in done.headers["set-cookie"]
        assert not await asks_for_password(mock, browser, at="/~one")
        mock.http = mock.at("/~two")
        assert await asks_for_password(mock, browser, at="/~two")


async def test_an_mvpd_without_browser_sessions_asks_for_a_password_each_time(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + 'browser_session = "0s"\n' + REF30)
    async with mock.at("") as browser:
        done = await signed_in(browser, await mock.session(await mock.signed_on(), mvpd="Mine"))
        assert "set-cookie" not in done.headers
        assert await asks_for_password(mock, browser, "Mine")


async def test_behind_https_the_cookie_of_the_mvpd_is_secure() -> None:
    mock = Mock(Settings(throttle=None, public_url=PublicUrl("https://pass.example")))
    async with mock.at("") as browser:
        done = await signed_in(browser, await mock.session(await mock.signed_on()))
    assert "; Secure" in done.headers["set-cookie"]


async def test_a_login_with_a_disabled_integration_cannot_be_completed(mock: Mock) -> None:
    headers = await mock.signed_on()
    session = await mock.session(headers)
    login = {"requestor_id": "REF30", "code": session["code"], "username": "viewer", "password": "viewer"}
    paths = [session["url"], f"/mvpd/Cablevision/login?requestor_id=REF30&code={session['code']}"]
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": False})
    refused = [await mock.http.get(path) for path in paths]
    refused.append(await mock.http.post("/mvpd/Cablevision/login", data=login))
    assert {answer.status_code for answer in refused} == {400}
    assert all("not available in this app" in answer.text for answer in refused)
    by_control = await mock.http.post(f"/_mock/sessions/{session['code']}/login", json={})
    assert (by_control.status_code, "is disabled" in by_control.json()["error"]) == (409, True)
    await mock.http.put("/_mock/integrations/REF30/Cablevision", json={"enabled": True})
    assert (await mock.http.post("/mvpd/Cablevision/login", data=login)).status_code == 302
    assert (await profile(mock, headers, "Cablevision"))["type"] == "regular"
