"""URLs behind a TLS proxy: those that the mock hands out are URLs by which the viewer's browser reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.formats.public_url import PublicUrl
from pass_harness.mock_server.proxy.headers import proxy_location
from pass_harness.mock_server.proxy.upstream import Address
from pass_harness.mock_server.transport.request import Inbound
from tests.mock_server.conftest import FULL, Mock

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pass.example:8443"}
PUBLIC = "https://pass.example:8443"


def from_peer(mock: Mock, host: str, prefix: str = "") -> httpx.AsyncClient:
    """Return a client with an IP address, as the mock sees a proxy."""
    transport = httpx.ASGITransport(mock.app, raise_app_exceptions=True, client=(host, 4711))
    return httpx.AsyncClient(transport=transport, base_url=f"http://mock:8300{prefix}")


async def login_location(http: httpx.AsyncClient, headers: Mapping[str, str], forwarded: Mapping[str, str]) -> str:
    """Return the address to which the first redirect of a login leads."""
    session = (await http.post("/api/v2/REF30/sessions", headers=headers, data=FULL)).json()
    assert session["url"].startswith(http.base_url.path.rstrip("/") + "/api/v2/authenticate/")  # relative, always
    url = f"/api/v2/authenticate/REF30/{session['code']}"
    location: str = (await http.get(url, headers=forwarded)).headers["location"]
    return location


@pytest.mark.anyio
@pytest.mark.parametrize("prefix", ["", "/~a"])
@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("127.0.0.1", {}, "http://mock:8300"),
        ("127.0.0.1", FORWARDED, PUBLIC),
        ("::1", FORWARDED, PUBLIC),
        ("::ffff:127.0.0.1", FORWARDED, PUBLIC),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, "https://mock:8300"),
        ("127.0.0.1", {"X-Forwarded-Host": "pass.example"}, "http://pass.example"),
        ("127.0.0.1", {"X-Forwarded-Proto": "HTTPS, http", "X-Forwarded-Host": "a.example, b"}, "https://a.example"),
        ("127.0.0.1", {"X-Forwarded-Host": "[2001:db8::1]:8443"}, "http://[2001:db8::1]:8443"),
        # Nothing but a scheme and a host is taken from them.
        ("127.0.0.1", {"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a/b"}, "http://mock:8300"),
        ("127.0.0.1", {"X-Forwarded-Host": "user@evil.example"}, "http://mock:8300"),
        ("127.0.0.1", {"X-Forwarded-Host": "a:65536"}, "http://mock:8300"),
        ("127.0.0.1", {"X-Forwarded-Host": ""}, "http://mock:8300"),
        # Other peers may be any client.
        ("203.0.113.9", FORWARDED, "http://mock:8300"),
        ("10.0.0.9", FORWARDED, "http://mock:8300"),
    ],
)
async def test_redirects_lead_to_the_forwarded_origin(
    mock: Mock, prefix: str, peer: str, forwarded: dict[str, str], origin: str
) -> None:
    mock.http = mock.at(prefix)
    headers = await mock.signed_on()
    async with from_peer(mock, peer, prefix) as http:
        location = await login_location(http, headers, forwarded)
    assert location.startswith(f"{origin}{prefix}/adobe-services/authenticate/saml?")


@pytest.mark.anyio
async def test_the_public_url_is_that_of_every_url_handed_out() -> None:
    mock = Mock(Settings(throttle=None, public_url=PublicUrl(f"{PUBLIC}/")))
    mock.http = mock.at("/~a")
    headers = await mock.signed_on()
    async with from_peer(mock, "10.0.0.9", "/~a") as http:
        location = await login_location(http, headers, {"X-Forwarded-Host": "elsewhere.example"})
        assert location.startswith(f"{PUBLIC}/~a/adobe-services/")
        target = urlsplit(location)
        page = await http.get(f"{target.path.removeprefix('/~a')}?{target.query}")
        assert page.headers["location"].startswith(f"{PUBLIC}/~a/mvpd/Cablevision/login?")
        code = parse_qs(target.query)["code"][0]
        activated = await http.post("/activate", data={"code": code})
        assert activated.headers["location"].startswith(f"{PUBLIC}/~a/api/v2/authenticate/")
        logged_in = await mock.logged_in()
        logout = await http.get(
            "/api/v2/REF30/logout/Cablevision", params={"redirectUrl": "https://adobe.com"}, headers=logged_in
        )
        assert logout.json()["logouts"]["Cablevision"]["url"].startswith(f"{PUBLIC}/~a/adobe-services/logout?")
    await mock.http.aclose()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "pass.example",
            "ftp://pass.example",
            "https://",
            "https://pass.example/adobe",
            "https://a?b",
            "https://a#b",
        ),
        *(
            "https://user@a",
            "https://a:65536",
            "https://a:x",
            "https://a b",
            "https://a\n",
            "//a",
            "",
            5,
            "https://ä",
        ),
    ],
)
def test_a_public_url_is_a_scheme_a_host_and_a_port(text: object) -> None:
    with pytest.raises(ValueError, match="without a path"):
        PublicUrl(text)


def test_the_proxy_rewrites_redirects_to_its_public_url() -> None:
    inbound = Inbound("GET", "/", "", [(b"host", b"proxy:8300")], b"", "10.0.0.9", 1, "http", "/~one", "", "")
    upstream = Address.of("https://adobe.example")
    public = proxy_location("https://adobe.example/a?b=c", upstream, inbound, PublicUrl(PUBLIC))
    assert public == f"{PUBLIC}/~one/a?b=c"
