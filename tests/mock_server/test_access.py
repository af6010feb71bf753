"""Degraded access, home-based authentication, user metadata, MRSS and ratings, limits and TTLs per integration."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.resources import MalformedResource, parse_resource
from pass_harness.mock_server.gateway.endpoint import REST, Endpoint
from pass_harness.mock_server.routes import ENDPOINTS
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.media_tokens import verify
from tests.mock_server.conftest import Mock, connected_from

REF30 = '[[service_providers]]\nid = "REF30"\ndomains = ["adobe.com"]\nmvpds = ["Cablevision", "Spectrum", "Mine"]\n'
MINE = '[[mvpds]]\nid = "Mine"\ndisplay_name = "Mine"\n'


def configured(folder: Path, text: str) -> Mock:
    file = folder / "mock.toml"
    file.write_text(text)
    return Mock(msgspec.structs.replace(load_settings(file), throttle=None))


@pytest.mark.anyio
async def test_authn_all_permits_access_without_login(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.behave({"degradation": "AuthNAll"}, match={"mvpd": "ATTOTT"})
    session = await mock.session(headers, mvpd="ATTOTT")
    assert (session["actionName"], session["actionType"], session["reasonType"]) == (
        "authorize",
        "direct",
        "degraded",
    )
    answer = await mock.http.get("/api/v2/REF30/profiles/ATTOTT", headers=headers)
    profile = answer.json()["profiles"]["ATTOTT"]
    assert (profile["issuer"], profile["type"]) == ("Adobe", "degraded")
    assert profile["attributes"]["userID"]["value"].startswith("95cf93bcd183214a")
    assert len(profile["attributes"]["userID"]["value"]) == 56
    first, second = await mock.decide(headers, "authorize", "REF30", "apasstest1", mvpd="ATTOTT")
    assert (first["source"], first["authorized"], second["authorized"]) == ("degradation", True, True)
    assert "notAfter" in first
    assert "notAfter" in first["token"]
    assert not any("token" in d for d in await mock.decide(headers, "preauthorize", "REF30", mvpd="ATTOTT"))
    path = "/api/v2/REF30/logout/ATTOTT?redirectUrl=https%3A%2F%2Fadobe.com"
    out = (await mock.http.get(path, headers=headers)).json()["logouts"]["ATTOTT"]
    assert out == {"actionName": "complete", "actionType": "none", "mvpd": "ATTOTT"}
    assert (await mock.session(headers, mvpd="Dish"))["actionName"] == "authenticate"


@pytest.mark.anyio
async def test_authz_all_permits_and_authz_none_denies_everything(mock: Mock) -> None:
    headers = await mock.signed_on()
    permit_all = await mock.behave({"degradation": "AuthZAll"})
    permit = (await mock.decide(headers, "authorize", "resource3"))[0]
    assert (permit["source"], permit["authorized"], "notAfter" in permit) == ("degradation", True, False)
    assert (await mock.session(headers))["actionName"] == "authenticate"
    await mock.http.delete(f"/_mock/behaviours/{permit_all}")
    await mock.behave({"degradation": "AuthZNone"})
    for kind in ("authorize", "preauthorize"):
        denied = (await mock.decide(headers, kind, "REF30"))[0]
        assert (denied["source"], denied["error"]["code"]) == (
            "degradation",
            "authorization_denied_by_degradation_rule",
        )


@pytest.mark.anyio
async def test_the_text_of_a_degradation_rule_is_in_its_denials(mock: Mock) -> None:
    headers = await mock.logged_in()
    await mock.behave({"degradation": {"rule": "AuthZNone", "details": "Back at nine ✓"}})
    for kind in ("authorize", "preauthorize"):
        denied = (await mock.decide(headers, kind, "REF30"))[0]
        assert (denied["source"], denied["error"]["details"]) == ("degradation", "Back at nine ✓")
    await mock.behave({"degradation": {"rule": "AuthZAll", "details": "?"}})
    assert "error" not in (await mock.decide(headers, "authorize", "REF30"))[0]
    await mock.behave({"degradation": "AuthZNone"})
    assert "details" not in (await mock.decide(headers, "authorize", "REF30"))[0]["error"]


@pytest.mark.anyio
async def test_a_degradation_rule_applies_to_a_proxied_mvpd(mock: Mock) -> None:
    headers = await mock.signed_on()
    mvpds = (await mock.http.get("/api/v2/apasstest1/configuration", headers=headers)).json()["requestor"]["mvpds"]
    proxied = [mvpd["id"] for mvpd in mvpds if mvpd.get("isProxy")]
    assert len(proxied) == 2
    await mock.behave({"degradation": "AuthZAll"}, match={"mvpd": proxied[0]})
    sources = []
    for mvpd in proxied:
        path = f"/api/v2/apasstest1/decisions/authorize/{mvpd}"
        decision = (await mock.http.post(path, headers=headers, json={"resources": ["a"]})).json()["decisions"][0]
        sources.append((decision["source"], decision["authorized"]))
    assert sources == [("degradation", True), ("mvpd", False)]


@pytest.mark.anyio
@pytest.mark.parametrize("degradation", ["AuthXAll", {"rule": "AuthXAll"}, {"rule": "AuthZNone", "text": "x"}, {}])
async def test_an_unknown_degradation_rule_is_refused(mock: Mock, degradation: object) -> None:
    answer = await mock.http.post("/_mock/behaviours", json={"effect": {"degradation": degradation}})
    assert (answer.status_code, "degradation" in answer.json()["error"]) == (400, True)


@pytest.mark.anyio
async def test_home_based_authentication_skips_the_password(mock: Mock) -> None:
    headers = {**await mock.signed_on(), **connected_from("192.0.2.17")}
    session = await mock.session(headers, mvpd="Spectrum")
    answer = await mock.browse(session["url"])
    assert (answer.status_code, answer.headers["location"]) == (302, "https://adobe.com/done")
    polled = await mock.http.get(f"/api/v2/REF30/profiles/code/{session['code']}", headers=headers)
    attributes = polled.json()["profiles"]["Spectrum"]["attributes"]
    assert attributes["hba_status"] == {"value": "true", "state": "plain"}
    assert (await mock.decide(headers, "authorize", "REF30", mvpd="Spectrum"))[0]["authorized"]
    away = {**headers, **connected_from("203.0.113.5")}
    denied = (await mock.decide(away, "authorize", "news", mvpd="Spectrum"))[0]
    assert denied["error"]["code"] == "authorization_denied_by_hba_policies"
    assert denied["error"]["action"] == "authentication"


@pytest.mark.anyio
async def test_outside_the_home_network_the_login_page_is_shown(mock: Mock) -> None:
    session = await mock.session({**await mock.signed_on(), **connected_from("203.0.113.5")}, mvpd="Spectrum")
    assert (await mock.browse(session["url"])).status_code == 200


@pytest.mark.anyio
async def test_metadata_follows_the_mvpds_attributes_and_their_stage(mock: Mock) -> None:
    headers = await mock.logged_in(mvpd="Comcast_SSO")

    async def attributes() -> set[str]:
        answer = await mock.http.get("/api/v2/REF30/profiles/Comcast_SSO", headers=headers)
        return set(answer.json()["profiles"]["Comcast_SSO"]["attributes"])

    assert await attributes() == {"userID", "upstreamUserID", "hba_status"}
    await mock.decide(headers, "authorize", "REF30", mvpd="Comcast_SSO")
    assert await attributes() == {"userID", "upstreamUserID", "hba_status", "householdID"}


@pytest.mark.anyio
async def test_zip_codes_are_encrypted_for_the_programmer(mock: Mock) -> None:
    headers = await mock.logged_in()
    profile = (await mock.http.get("/api/v2/REF30/profiles/Cablevision", headers=headers)).json()["profiles"][
        "Cablevision"
    ]
    zip_code = profile["attributes"]["zip"]
    assert zip_code["state"] == "enc"
    plain = default_keys().user_metadata.decrypt(base64.b64decode(zip_code["value"]), PKCS1v15())
    assert plain == b'["77754","12345"]'
    assert profile["attributes"]["channelID"] == {"value": ["channel-1", "channel-2"], "state": "plain"}


@pytest.mark.anyio
async def test_without_a_certificate_metadata_is_a_configuration_error(tmp_path: Path) -> None:
    mock = configured(tmp_path, REF30.replace('"Mine"', '"Dish"') + 'certificate = "none"\n')
    headers = await mock.logged_in()
    answer = await mock.http.get("/api/v2/REF30/profiles", headers=headers)
    code = "invalid_configuration_user_metadata_certificate"
    assert (answer.status_code, answer.json()["code"], answer.json()["action"]) == (500, code, "configuration")


@pytest.mark.anyio
async def test_ratings_above_the_subscribers_are_denied(mock: Mock) -> None:
    headers = await mock.logged_in(username="kids")

    def mrss(rating: str, scheme: str = "urn:mpaa") -> str:
        return (
            '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>REF30</title>'
            f'<item><media:rating scheme="{scheme}">{rating}</media:rating></item></channel></rss>'
        )

    wanted = {mrss("pg"): True, mrss("R"): False, mrss("TV-MA", "urn:v-chip"): False, mrss("unheard of"): True}
    for resource, permitted in wanted.items():
        decision = (await mock.decide(headers, "authorize", resource))[0]
        assert decision["authorized"] is permitted, resource
        assert decision["resource"] == resource
        if permitted:
            token = verify(
                decision["token"]["serializedToken"],
                resource,
                mock.clock.now_ms(),
                default_keys().media_token.public_key(),
            )
            assert token[0] == "VALID_TOKEN"
        else:
            assert decision["error"]["code"] == "authorization_denied_by_parental_controls"


@pytest.mark.anyio
@pytest.mark.parametrize(("rating", "permitted"), [("pg", True), ("pg-13", False), ("nc-17", False)])
async def test_a_rating_of_the_channel_in_lower_case_counts(mock: Mock, rating: str, permitted: bool) -> None:
    resource = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>REF30</title>'
        f'<media:rating scheme="urn:mpaa">{rating}</media:rating></channel></rss>'
    )
    for kind in ("preauthorize", "authorize"):
        decision = (await mock.decide(await mock.logged_in(username="kids"), kind, resource))[0]
        assert decision["authorized"] is permitted
        assert permitted or decision["error"]["code"] == "authorization_denied_by_parental_controls"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "resource", ["<rss>", "<a/>", "<rss><channel/></rss>", "<!DOCTYPE a [<!ENTITY b 'b'>]><rss/>"]
)
async def test_a_malformed_mrss_is_denied_with_the_reason(mock: Mock, resource: str) -> None:
    denied = (await mock.decide(await mock.logged_in(), "authorize", resource))[0]
    assert denied["error"]["code"] == "authorization_denied_by_mvpd"
    assert "MRSS" in denied["error"]["details"]


@given(st.text(max_size=80))
def test_parsing_a_resource_returns_it_or_raises_malformed_resource(text: str) -> None:
    for candidate in (text, f"<{text}", f"<rss><channel><title>{text}</title></channel></rss>"):
        try:
            identifier = parse_resource(candidate).identifier
        except MalformedResource as error:
            identifier = f"no MRSS: {error}"
        assert identifier or not candidate


@pytest.mark.anyio
async def test_the_integration_sets_limits_and_ttls(tmp_path: Path) -> None:
    mock = configured(
        tmp_path,
        MINE
        + REF30
        + '[[integrations]]\nservice_provider = "REF30"\nmvpd = "Mine"\nauthorize_limit = 3\npreauthorize_limit = 8\n'
        'profile = "2d"\nprofile_by_platform = { tvOS = "90d" }\ndecision = "1h"\nmedia_token = "5m"\n',
    )
    headers = await mock.logged_in(mvpd="Mine")
    decisions = await mock.decide(headers, "authorize", "a", "b", "c", mvpd="Mine")
    assert decisions[0]["token"]["notAfter"] - decisions[0]["token"]["notBefore"] == 300_000
    assert decisions[0]["notAfter"] - decisions[0]["notBefore"] == 3_600_000
    assert len(await mock.decide(headers, "preauthorize", *"abcdefgh", mvpd="Mine")) == 8
    profile = (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).json()["profiles"]["Mine"]
    assert profile["notAfter"] - profile["notBefore"] == 90 * 86_400_000
    assert (await mock.decide(await mock.logged_in(), "authorize", "a"))[0]["token"]


@pytest.mark.anyio
async def test_an_mvpd_can_omit_unknown_resources(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + 'unknown_resources = "omit"\n' + REF30)
    headers = await mock.logged_in(mvpd="Mine")
    decisions = await mock.decide(headers, "preauthorize", "channel-1", "unheard-of", "resource3", mvpd="Mine")
    assert [(d["resource"], d["authorized"]) for d in decisions] == [("channel-1", True), ("resource3", False)]
    mrss = [
        "<rss><channel><title>channel-1</title></channel></rss>",
        "<rss><channel><title>x</title></channel></rss>",
    ]
    decisions = await mock.decide(headers, "preauthorize", *mrss, "<rss><channel>channel-1", mvpd="Mine")
    assert [(d["resource"], d["authorized"]) for d in decisions] == [(mrss[0], True)]


@pytest.mark.anyio
async def test_a_proxied_mvpd_is_flagged_and_named_in_media_tokens(tmp_path: Path) -> None:
    mock = configured(tmp_path, MINE + 'proxy = "Synacor"\n' + REF30)
    headers = await mock.logged_in(mvpd="Mine")
    mvpds = (await mock.http.get("/api/v2/REF30/configuration", headers=headers)).json()["requestor"]["mvpds"]
    assert {m["id"]: m.get("isProxy") for m in mvpds} == {"Cablevision": None, "Spectrum": None, "Mine": True}
    serialized = (await mock.decide(headers, "authorize", "a", mvpd="Mine"))[0]["token"]["serializedToken"]
    token = verify(serialized, None, mock.clock.now_ms(), default_keys().media_token.public_key())[1]
    assert token is not None
    assert (token.mvpd_id, token.proxy_mvpd_id) == ("Mine", "Synacor")


@pytest.mark.anyio
async def test_is_proxy_can_be_false_or_absent(tmp_path: Path) -> None:
    """Some MVPDs have the flag with the value false; a flag without a value is absent."""
    mock = configured(tmp_path, MINE + "is_proxy = false\n" + REF30)
    headers = await mock.signed_on()
    mvpds = (await mock.http.get("/api/v2/REF30/configuration", headers=headers)).json()["requestor"]["mvpds"]
    assert {m["id"]: m.get("isProxy") for m in mvpds} == {"Cablevision": None, "Spectrum": None, "Mine": False}


@pytest.mark.anyio
async def test_a_visitor_identifier_is_in_the_journal(mock: Mock) -> None:
    headers = {**await mock.signed_on(), "AP-Visitor-Identifier": "12345"}
    await mock.http.get("/api/v2/REF30/profiles", headers=headers)
    assert (await mock.exchanges())[-1]["request_headers"]["ap-visitor-identifier"] == "12345"


VISITED = [endpoint for endpoint in ENDPOINTS if endpoint.family is REST and not endpoint.is_page]


@pytest.mark.anyio
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("endpoint", VISITED, ids=lambda endpoint: endpoint.id)
async def test_every_api_accepts_a_visitor_identifier(endpoint: Endpoint, strict: bool) -> None:
    """The header changes no answer, and the OpenAPI document lists it."""
    mock = Mock(Settings(throttle=None, strict=strict))
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    path = endpoint.path.format(serviceProvider="REF30", mvpd="Cablevision", code=code, partner="Apple")
    answers = [
        await mock.http.request(endpoint.method, path, headers={**headers, **visitor})
        for visitor in ({}, {"AP-Visitor-Identifier": "12345"})
    ]
    assert answers[0].status_code == answers[1].status_code
    volatile = {"trace", "url", "sessionId", *(["code"] if answers[0].status_code == 200 else [])}
    same = [{name: value for name, value in answer.json().items() if name not in volatile} for answer in answers]
    assert same[0] == same[1]
    document = (await mock.http.get("/openapi.json")).json()
    listed = document["paths"][endpoint.path][endpoint.method.lower()]["parameters"]
    assert "AP-Visitor-Identifier" in {parameter.get("name") for parameter in listed}
