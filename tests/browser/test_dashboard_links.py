"""The dashboard and the rest of the world: links to its state, other users of the clock, copies and replays."""

from __future__ import annotations

import re
import subprocess

import pytest
from accessibility import is_accessible
from browser_actions import World
from dashboard_actions import narrow, open_dashboard, panel, rows
from dashboard_traffic import evening, log_in
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow


def test_the_root_of_the_mock_leads_to_the_dashboard(world: World, page: Page) -> None:
    page.goto(f"{world.url}/")
    expect(page).to_have_url(f"{world.url}/_mock/")
    expect(page.locator("#state")).to_have_text("Live")
    expect(rows(page)).to_have_count(0)


def test_a_filter_is_in_the_url_and_survives_a_reload(world: World, page: Page) -> None:
    evening(world)
    open_dashboard(page, world)
    narrow(page, 'device:hasty-* -status:4*,5* "no such')
    narrow(page, "device:hasty-* -status:4*,5*")
    expect(rows(page)).to_have_count(11)
    shared = page.url
    page.reload()
    expect(page.get_by_label("Filter the exchanges")).to_have_value("device:hasty-* -status:4*,5*")
    expect(rows(page)).to_have_count(11)
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(f"{world.url}/_mock/")
    page.goto(shared)
    expect(rows(page)).to_have_count(11)


def test_an_unknown_field_of_a_filter_is_named_with_the_known_ones(world: World, page: Page) -> None:
    evening(world)
    open_dashboard(page, world)
    narrow(page, "devise:hasty status:200 -colour:red")
    note = page.locator("#filter-note")
    expect(note).to_contain_text(
        "no field “devise”, “colour”, so the filter searches for the text. Fields: id, endpoint,"
    )
    is_accessible(page, 1280, reduced_motion="reduce")
    for known in ("device:hasty-*", 'devise "devise:hasty"', "devise:", "status:200 DEVICE:hasty-*"):
        narrow(page, known)
        expect(note).to_be_empty()


def test_the_clock_and_its_axis_follow_an_advance_from_elsewhere(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    expect(page.locator("#now")).not_to_contain_text("+")
    expect(page.locator("#axis .tick").first).to_be_visible()
    before = page.locator("#axis .tick").all_inner_texts()
    world.http.post("/_mock/clock", json={"advance": "6h"})
    expect(page.locator("#now")).to_contain_text("+6 h", timeout=10_000)
    expect(page.locator("#axis .jump")).to_contain_text("clock +6 h", timeout=10_000)
    after = page.locator("#axis .tick").all_inner_texts()
    assert {text[:2] for text in before} & {text[:2] for text in after}, (
        "the times before the advance keep their labels"
    )
    world.http.post("/_mock/reset")
    expect(page.locator("#now")).not_to_contain_text("+", timeout=10_000)


def test_an_exchange_and_the_evidence_of_a_rule_have_links(world: World, page: Page) -> None:
    evening(world)
    open_dashboard(page, world)
    findings = panel(page, "Findings")
    findings.locator("summary").first.click()
    chip = findings.get_by_role("link", name=re.compile(r"^#\d+$")).first
    number = chip.inner_text().removeprefix("#")
    expect(chip).to_have_attribute("href", f"?exchange={number}")
    chip.click()
    expect(page).to_have_url(f"{world.url}/_mock/?exchange={number}")
    page.reload()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name=f"Exchange {number}")).to_be_visible()
    rule = dialog.get_by_role("link").first
    expect(rule).to_be_visible()
    name = rule.inner_text()
    rule.click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Filter the exchanges")).to_have_value(f"rule:{name}")
    expect(page).to_have_url(re.compile(rf"\?filter=rule%3A{re.escape(name)}$"))


def test_a_copied_command_sends_the_request_again(world: World, page: Page) -> None:
    device = log_in(world)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_dashboard(page, world)
    narrow(page, "endpoint:sessions.create")
    rows(page).last.click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#notice")).to_contain_text("copied")
    command = page.evaluate("navigator.clipboard.readText()")
    assert "# set first: ACCESS_TOKEN" in command
    assert "sha256:" not in command
    count = len(world.calls())
    token = device.headers["Authorization"].removeprefix("Bearer ")
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=30,
        env={"ACCESS_TOKEN": token},
        check=True,
    )
    assert done.stdout.startswith("HTTP/1.1 200")
    assert world.calls()[count:] == [("sessions.create", 200)]


def test_without_a_clipboard_the_command_is_shown(world: World, page: Page) -> None:
    log_in(world)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    open_dashboard(page, world)
    rows(page).last.click()
    page.get_by_role("button", name="Copy as curl").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("copy the command from here")
    expect(dialog.locator("pre", has_text="curl --include")).to_be_visible()
    is_accessible(page, 1280, reduced_motion="reduce")


def test_a_replay_opens_and_is_marked_in_the_list(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    last = len(world.calls())
    rows(page).last.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog.get_by_role("heading", name=f"Exchange {last + 1}")).to_be_visible()
    expect(dialog.get_by_text(f"Replay of #{last}, sent by a user of the mock.")).to_be_visible()
    expect(dialog.get_by_text("200 profile")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(rows(page).last).to_contain_text("replay")


def test_errors_of_control_calls_are_shown_with_their_text(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    page.route("**/_mock/sessions?*", lambda route: route.fulfill(status=503, json={"error": "the store is full"}))
    page.route("**/_mock/exchanges.har", lambda route: route.fulfill(status=502, body="<p>Bad gateway</p>"))
    expect(panel(page, "Sessions").get_by_role("alert").first).to_have_text("the store is full")
    page.get_by_role("button", name="Save as HAR").click()
    expect(page.locator("#head-problem")).to_have_text("The mock answered 502: <p>Bad gateway</p>.")
    page.route("**/replay", lambda route: route.fulfill(status=409, json={"error": "only a part of the body"}))
    rows(page).last.click()
    page.get_by_role("dialog").get_by_role("button", name="Replay").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("only a part of the body")


def test_a_json_error_is_in_view(world: World, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 500})
    open_dashboard(page, world)
    behaviours = panel(page, "Behaviours")
    behaviours.get_by_text("Add from JSON").click()
    behaviours.get_by_label("Behaviour", exact=True).fill('{"effect": {"status": 503},}')
    behaviours.get_by_role("button", name="Add the behaviour").click()
    problem = behaviours.get_by_text("This is not JSON")
    expect(problem).to_be_in_viewport()
    behaviours.get_by_label("Behaviour", exact=True).fill('{"efect": {"status": 503}}')
    behaviours.get_by_role("button", name="Add the behaviour").click()
    expect(behaviours.get_by_text("unknown field `efect`")).to_be_in_viewport()
