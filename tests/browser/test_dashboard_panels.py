"""Actions of the dashboard: log in, switch behaviours, advance the clock, reset, change the space."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from browser_actions import World, serving
from dashboard_actions import narrow, open_dashboard, panel, rows
from dashboard_traffic import HASTY, be_throttled, log_in, meet_an_outage, wait_for_a_login
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

TOKEN = "a token of the tests"


def test_a_session_is_completed_for_a_subscriber(world: World, page: Page) -> None:
    device = wait_for_a_login(world)
    open_dashboard(page, world)
    sessions = panel(page, "Sessions")
    card = sessions.get_by_role("listitem").filter(has_text=device.code)
    expect(card).to_contain_text("pending")
    card.get_by_label("Log in as").select_option("kids")
    card.get_by_role("button", name=f"Log in with {device.code}").click()
    expect(card).to_contain_text("completed")
    expect(page.get_by_text(f"kids is logged in with {device.code}.")).to_be_visible()
    assert list(device.profiles()) == ["Cablevision"]


def test_an_incomplete_session_shows_the_missing_parameters(world: World, page: Page) -> None:
    world.device().start_session()
    open_dashboard(page, world)
    sessions = panel(page, "Sessions")
    expect(sessions).to_contain_text("Missing: mvpd, domainName, redirectUrl")
    expect(sessions.get_by_role("button", name="Log in")).to_have_count(0)


def test_sso_profiles_show_their_devices(world: World, page: Page) -> None:
    open_dashboard(page, world)
    sessions = panel(page, "Sessions")
    expect(sessions.get_by_role("heading", name="SSO profiles")).to_have_count(0)
    for name in ("living-room-tv", "phone"):
        headers = {**world.device(name=name).headers, "X-SSO-ID": "alice"}
        assert world.http.post("/api/REF30/serviceToken", headers=headers).status_code == 201
    expect(sessions.get_by_role("heading", name="SSO profiles")).to_be_visible()
    card = sessions.get_by_role("listitem").filter(has_text="REF30 · no login")
    expect(card).to_contain_text("living-room-tv")
    expect(card.get_by_role("listitem").last).to_have_text("phonesso")
    card.get_by_role("button", name="phone").click()
    expect(rows(page)).to_have_count(1)


def test_a_login_to_an_ended_session_shows_an_error(world: World, page: Page) -> None:
    device = wait_for_a_login(world)
    open_dashboard(page, world)
    sessions = panel(page, "Sessions")
    expect(sessions.get_by_role("button", name="Log in")).to_be_visible()
    # Right after a refresh none is under way that could still remove the button.
    page.wait_for_event("response", lambda response: "/_mock/sessions?" in response.url)
    page.get_by_role("button", name="Pause").click()
    world.http.post("/_mock/clock", json={"advance": "1h"})
    sessions.get_by_role("button", name="Log in").click()
    expect(sessions.get_by_role("alert")).to_have_text(
        f"the session of {device.code} has expired or was replaced by a newer one"
    )


def test_a_behaviour_is_disabled_enabled_and_removed(world: World, page: Page) -> None:
    device = meet_an_outage(world)
    time.sleep(0.01)  # else the last request may have the same millisecond as the behaviour
    world.http.post("/_mock/behaviours", json={"match": {"endpoint": "profiles*"}, "effect": {"status": 503}})
    open_dashboard(page, world)
    behaviours = panel(page, "Behaviours")
    cards = behaviours.get_by_role("listitem")
    expect(cards).to_have_count(2)
    over, ours = cards.first, cards.last
    expect(over).to_contain_text(re.compile("b1.*over.*3 hits.*status 503"))
    expect(ours).to_contain_text("Where endpoint profiles*")
    expect(ours).to_contain_text("No hit: no request has come while the behaviour was in effect.")
    assert device.poll().status_code == 503
    switch = ours.get_by_role("switch", name="Enabled")
    switch.uncheck()
    expect(page.get_by_text("b2 is disabled.")).to_be_visible()
    assert device.poll().status_code == 200
    switch.check()
    expect(page.get_by_text("b2 is enabled.")).to_be_visible()
    assert device.poll().status_code == 503
    expect(ours).to_contain_text("2 hits")
    ours.get_by_role("button", name="Remove b2").click()
    expect(cards).to_have_count(1)
    assert device.poll().status_code == 200


def test_behaviours_are_added_from_presets_and_from_json(world: World, page: Page) -> None:
    open_dashboard(page, world)
    behaviours = panel(page, "Behaviours")
    behaviours.get_by_label("Preset").select_option("adobe-5xx")
    expect(behaviours).to_contain_text("Adobe Pass answers half of the requests, at random, with 503.")
    behaviours.get_by_label("MVPD").fill("Dish")
    behaviours.get_by_label("For (30s").fill("10m")
    behaviours.get_by_role("button", name="Add the preset").click()
    card = behaviours.get_by_role("listitem")
    expect(card).to_contain_text("Where mvpd Dish · for 10m · probability 0.5 · seed 1")
    behaviours.get_by_text("Add from JSON").click()
    add = behaviours.get_by_role("button", name="Add the behaviour")
    text = behaviours.get_by_label("Behaviour", exact=True)
    text.fill("{")
    add.click()
    expect(behaviours.get_by_role("alert").last).to_contain_text("This is not JSON")
    text.fill('{"effect": {"status": 200}}')
    add.click()
    expect(behaviours.get_by_role("alert").last).to_contain_text("effect.status must be from 400 to 599")
    text.fill('{"match": {"mvpd": "Dich"}, "effect": {"latency": {"uniform": ["1ms", "2ms"]}}, "times": 2}')
    add.click()
    expect(card).to_have_count(2)
    expect(card.last).to_contain_text('latency {"uniform":["1ms","2ms"]}')
    expect(behaviours.get_by_role("alert").last).to_have_text(
        'Warning: match.mvpd: the catalogue has no MVPD "Dich"; did you mean "Dish"?'
    )


def test_the_clock_is_advanced(world: World, page: Page) -> None:
    device = log_in(world)
    open_dashboard(page, world)
    clock = panel(page, "Clock")
    clock.get_by_role("button", name="+30d").click()
    expect(clock).to_contain_text("30 d ahead of the mock")
    assert world.http.get("/_mock/clock").json()["offset"] == 30 * 86_400_000
    assert device.decide("authorize", "channel-1").status_code == 401
    expect(page.locator("#axis")).to_contain_text("clock +30 d")
    clock.get_by_label("By").fill("soon")
    clock.get_by_role("button", name="Advance the clock").click()
    expect(clock.get_by_role("alert")).to_contain_text("soon")
    clock.get_by_label("By").fill("90m")
    clock.get_by_role("button", name="Advance the clock").click()
    expect(clock).to_contain_text("30 d 1 h ahead")


def test_findings_link_to_their_exchanges(world: World, page: Page) -> None:
    open_dashboard(page, world)
    be_throttled(world)
    expect(page.get_by_role("tab", name="Findings")).to_contain_text(re.compile(r"Findings \d"))
    findings = panel(page, "Findings")
    expect(findings.get_by_role("heading", name=re.compile(r"Advice \(\d"))).to_be_visible()
    rule = findings.get_by_role("listitem").filter(has_text="authentication.poll-interval")
    rule.locator("summary").click()
    first = rule.get_by_role("listitem").first
    expect(first).to_contain_text(HASTY)
    expect(first).to_contain_text("Expectedat least 3 s between two polls")
    evidence = first.get_by_role("link", name=re.compile(r"#\d+"))
    evidence.first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Evidence against authentication.poll-interval")
    page.keyboard.press("Escape")
    first.get_by_role("link", name="Show in the list").click()
    expect(rows(page)).to_have_count(evidence.count())
    narrow(page, "rule:authentication.poll-interval")
    expect(rows(page).nth(10)).to_be_visible()  # eleven calls pass; the number of further ones depends on time
    page.wait_for_timeout(2500)  # the panel has refreshed: an opened item stays open
    expect(first).to_be_visible()


def test_buckets_show_throttled_addresses(world: World, page: Page) -> None:
    be_throttled(world)
    open_dashboard(page, world)
    buckets = panel(page, "Rate limit")
    expect(buckets).to_contain_text("Rate limit of each IP address: 1 request per second, with a burst of 10.")
    bucket = buckets.get_by_role("listitem").filter(has_text="203.0.113.9")
    expect(bucket).to_contain_text(re.compile(r"429 for another|\d+ requests? left"))


def test_a_reset_asks_for_confirmation_and_empties_the_page(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    expect(rows(page)).to_have_count(6)
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert world.calls() != []
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(rows(page)).to_have_count(0)
    expect(page.get_by_text("No exchanges yet.")).to_be_visible()
    assert world.calls() == []


def test_another_space_has_its_own_state(world: World, page: Page) -> None:
    log_in(world)
    other = World(f"{world.url}-other")
    with closing(other):
        open_dashboard(page, other)
        expect(page.get_by_text("No exchanges yet.")).to_be_visible()
        wait_for_a_login(world)
        page.wait_for_timeout(500)
        expect(rows(page)).to_have_count(0)
        page.get_by_label("Space").fill(world.url.split("/~")[1])
        page.get_by_role("button", name="Open").click()
        expect(page).to_have_url(f"{world.url}/_mock/")
        expect(rows(page)).to_have_count(10)
        other.http.delete(f"/_mock/spaces/{other.url.split('/~')[1]}")


def test_a_proxys_dashboard_omits_panels_of_the_mock(world: World, page: Page) -> None:
    with serving("--upstream", world.url, what="proxy") as address, closing(World(address)) as proxy:
        open_dashboard(page, proxy)
        device = wait_for_a_login(world)
        device.http = proxy.http
        device.poll()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text("200 no profile")
        expect(page.get_by_role("tab")).to_have_text([re.compile("^Findings")])
        page.get_by_role("button", name="Reset").click()
        page.get_by_role("dialog").get_by_role("button", name="Reset").click()
        expect(rows(page)).to_have_count(0)


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    with serving("--control-token", TOKEN) as address:
        yield address


def test_the_control_token_is_asked_for_and_kept_for_the_tab(guarded: str, page: Page) -> None:
    page.goto(f"{guarded}/_mock/")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("textbox", name="Control token")).to_be_focused()
    page.get_by_role("textbox", name="Control token").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("The token is wrong. Please try again.")
    page.get_by_role("textbox", name="Control token").fill(TOKEN)
    dialog.get_by_role("button", name="Continue").click()
    expect(page.locator("#state")).to_have_text("Live")
    expect(panel(page, "Behaviours").get_by_label("Preset")).to_have_value("mvpd-slow")
    page.reload()
    expect(page.locator("#state")).to_have_text("Live")
    page.get_by_role("button", name="Delete the token").click()
    expect(page.get_by_role("textbox", name="Control token")).to_be_focused()


def test_files_served_without_the_token_contain_no_state(guarded: str) -> None:
    with httpx.Client(base_url=guarded, trust_env=False) as stranger:
        page = stranger.get("/_mock/").text
        scripts = re.findall(r'"(dashboard/[^"]+)"', page)
        assert len(scripts) == 4
        texts = [page, *(stranger.get(f"/_mock/{script}").text for script in scripts)]
        for word in ("REF30", "Cablevision", "viewer", TOKEN):
            assert not any(word in text for text in texts), word
        assert stranger.get("/_mock/events").status_code == 401


def test_stalls_of_the_mock_are_beside_the_findings(world: World, page: Page) -> None:
    stalls = [{"at": 1_752_149_281_000 + 1000 * nth, "wall": float(nth), "stalled_ms": 2300.0} for nth in range(3)]
    answers = [{"stalls": [], "all": 0}, {"stalls": stalls, "all": 1003}]
    page.route(
        "**/_mock/stalls", lambda route: route.fulfill(json=answers.pop(0) if len(answers) > 1 else answers[0])
    )
    open_dashboard(page, world)
    findings = panel(page, "Findings")
    expect(findings).to_contain_text(
        re.compile(r"The mock stalled 1,003 times, last at \d\d:08:03\.000 for 2300 ms\.")
    )
