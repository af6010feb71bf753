"""The dashboard with a running mock: live exchanges, the filter, the lanes, the detail, lost connections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from browser_actions import World, serving
from dashboard_actions import Relay, narrow, open_dashboard, rows
from dashboard_traffic import HASTY, LOGGED_IN, TROUBLED, WAITING, be_throttled, evening, log_in, wait_for_a_login
from playwright.sync_api import Page, expect

from pass_harness.conformance.running.child_processes import free_port

pytestmark = pytest.mark.slow


def test_earlier_and_new_exchanges_are_listed(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    expect(rows(page)).to_have_count(6)
    expect(rows(page).last).to_contain_text("200 profile")
    wait_for_a_login(world)
    expect(rows(page)).to_have_count(10)
    expect(rows(page).last).to_contain_text(re.compile(rf"profiles\.code.*{WAITING}.*Cablevision.*200 no profile"))


def test_an_empty_dashboard_shows_how_to_begin(world: World, page: Page) -> None:
    open_dashboard(page, world)
    expect(page.get_by_text(f"Configure {world.url} in your service")).to_be_visible()


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("device:hasty-* -status:4*,5*", 11),
        ("SERVER", 0),
        ("-device:?*", 10),
        ("endpoint:sessions.create,dcr.token -hasty-stick", 8),
        ("behaviour:b1", 3),
        ("rule:errors.throttled-waits -status:429", 0),
        ("no such thing", 0),
    ],
)
def test_the_filter_keeps_matching_exchanges(world: World, page: Page, text: str, fits: int) -> None:
    evening(world)
    open_dashboard(page, world)
    expect(page.locator("#count")).to_have_text("42")
    narrow(page, text)
    expect(rows(page)).to_have_count(fits)
    expect(page.locator("#count")).to_have_text(f"{fits} of 42")
    expect(page.get_by_text("No exchange matches the filter.")).to_be_visible(visible=fits == 0)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#count")).to_have_text("42")


_COUNT_COLOURS = """lane => {
    const canvas = lane.querySelector('canvas');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const style = getComputedStyle(lane);
    const counts = {};
    for (const tone of ['plain', 'quiet', 'good', 'warn', 'throttled', 'bad']) {
        const wanted = parseInt(style.getPropertyValue('--' + tone).trim().slice(1), 16);
        let found = 0;
        for (let i = 0; i < pixels.length; i += 4) {
            const colour = (pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2];
            if (pixels[i + 3] === 255 && colour === wanted) found += 1;
        }
        counts[tone] = found;
    }
    return counts;
}"""


def colours_of_lane(page: Page, device: str) -> dict[str, int]:
    """Return the number of painted pixels of a lane by tone."""
    counts: dict[str, int] = page.locator("#lanes > li").filter(has_text=device).evaluate(_COUNT_COLOURS)
    return counts


def test_each_device_has_a_lane_with_errors_highlighted(world: World, page: Page) -> None:
    open_dashboard(page, world)
    evening(world)
    lanes = page.locator("#lanes > li")
    expect(lanes).to_have_count(6)
    throttled = world.calls().count(("profiles.code", 429))
    assert throttled >= 3
    expect(lanes.filter(has_text=HASTY)).to_contain_text(f"429 throttled: {throttled}")
    expect(lanes.filter(has_text=TROUBLED)).to_contain_text("Server error or broken connection: 3")
    expect(lanes.filter(has_text=LOGGED_IN)).to_contain_text("Some permitted, some denied: 1")
    expect(lanes.first).to_contain_text("Registration or token: 10")
    page.wait_for_timeout(1200)  # lanes are drawn once a second, findings a little later than exchanges
    assert colours_of_lane(page, HASTY)["throttled"] > 20
    assert colours_of_lane(page, TROUBLED)["bad"] > 20
    assert colours_of_lane(page, WAITING)["throttled"] == 0
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        assert colours_of_lane(page, HASTY)["throttled"] > 20, scheme


def test_a_lane_filters_the_list_and_its_shapes_open_the_detail(world: World, page: Page) -> None:
    be_throttled(world)
    open_dashboard(page, world)
    page.get_by_role("button", name=HASTY).click()
    expect(page.get_by_label("Filter the exchanges")).to_have_value(f"device:{HASTY}")
    expect(rows(page)).to_have_count(15)
    track = page.locator("#lanes > li").filter(has_text=HASTY).locator("canvas")
    box = track.bounding_box()
    assert box is not None
    for x in range(int(box["width"]) - 4, 0, -8):
        track.click(position={"x": x, "y": box["height"] / 2})
        if page.get_by_role("dialog").is_visible():
            break
    expect(page.get_by_role("dialog")).to_contain_text(HASTY)


def test_the_detail_has_request_and_response_with_secrets_masked(world: World, page: Page) -> None:
    device = log_in(world)
    device.decide("authorize", "channel-1")
    open_dashboard(page, world)
    narrow(page, "endpoint:dcr.token")
    rows(page).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_be_focused()
    expect(dialog).to_contain_text(re.compile("client_secret=sha256:[0-9a-f]{16}"))
    expect(dialog).to_contain_text(re.compile('"access_token": "sha256:[0-9a-f]{16}"'))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    narrow(page, "")
    rows(page).last.click()
    expect(dialog).to_contain_text('"serializedToken": "sha256:')
    expect(dialog).to_contain_text('"osName": "tvOS"')
    dialog.get_by_role("button", name="Earlier").click()
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Exchange 6")
    expect(dialog).to_contain_text("profiles.code")
    secret = device.headers["Authorization"].removeprefix("Bearer ")
    assert secret not in page.content()


def test_the_detail_explains_an_unknown_path(world: World, page: Page) -> None:
    world.http.get("/api/v2/REF30/profile")
    open_dashboard(page, world)
    rows(page).first.click()
    explained = re.compile(r"^Not Found\. The nearest endpoint is GET \S+ \(profiles\): write .profiles. instead of ")
    expect(page.get_by_role("dialog").locator(".problem:not(:empty)")).to_have_text(explained)


def test_the_list_works_by_keyboard(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    expect(rows(page)).to_have_count(6)
    page.get_by_role("link", name="Skip to the exchanges").focus()
    page.keyboard.press("Enter")
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("Home")
    expect(grid).to_have_attribute("aria-activedescendant", "row-1")
    page.keyboard.press("ArrowDown")
    expect(grid).to_have_attribute("aria-activedescendant", "row-2")
    outline = rows(page).nth(1).evaluate("row => getComputedStyle(row).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Exchange 2")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Exchange 3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(grid).to_be_focused()


def flood(world: World, exchanges: int) -> None:
    """Send calls that are answered fast, each from its own address."""
    for number in range(exchanges):
        address = f"198.18.{number // 250}.{number % 250 + 1}"
        world.http.get("/api/v2/REF30/configuration", headers={"X-Forwarded-For": address})


def test_only_visible_rows_have_elements(world: World, page: Page) -> None:
    open_dashboard(page, world)
    flood(world, 700)
    expect(page.locator("#count")).to_have_text("700")
    assert rows(page).count() < 60
    expect(rows(page).last).to_contain_text("#700")
    page.get_by_role("grid").focus()
    page.keyboard.press("Home")
    expect(rows(page).first).to_contain_text("#1")
    newest = page.get_by_role("button", name="Go to the newest")
    expect(newest).to_be_visible()
    flood(world, 5)
    expect(page.get_by_role("button", name="5 newer exchanges")).to_be_visible()
    expect(rows(page).first).to_contain_text("#1")
    page.get_by_role("button", name="5 newer exchanges").click()
    expect(rows(page).last).to_contain_text("#705")
    expect(newest).to_be_hidden()


def test_a_pause_stops_updates_of_the_page(world: World, page: Page) -> None:
    flood(world, 3)
    open_dashboard(page, world)
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused")
    flood(world, 2)
    page.wait_for_timeout(500)
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Pause").click()
    expect(rows(page)).to_have_count(5)


@pytest.fixture
def relay(world: World) -> Iterator[Relay]:
    with Relay(world) as made:
        yield made


def test_after_a_lost_connection_it_resumes_and_shows_gaps(world: World, relay: Relay, page: Page) -> None:
    flood(world, 3)
    open_dashboard(page, relay.world)
    expect(rows(page)).to_have_count(3)
    resumed: list[str] = []
    page.on("request", lambda request: resumed.append(request.headers.get("last-event-id", "")))
    with relay.cut():
        expect(page.locator("#state")).to_contain_text("Connection lost")
        flood(world, 2)
    expect(rows(page)).to_have_count(5)
    assert any(place.startswith("3.") for place in resumed)
    with relay.cut():
        expect(page.locator("#state")).to_contain_text("Connection lost")
        flood(world, 4)
        world.http.delete("/_mock/exchanges")
        flood(world, 1)
    expect(rows(page).first).to_contain_text("9 exchanges are missing here")
    expect(rows(page).last).to_contain_text("#10")
    expect(rows(page)).to_have_count(2)
    expect(page.locator("#head-problem")).to_be_empty()


def test_after_a_restart_of_the_mock_the_page_starts_over(page: Page) -> None:
    port = free_port()
    with serving(port=port) as address, closing(World(address)) as before:
        flood(before, 3)
        open_dashboard(page, before)
        expect(rows(page)).to_have_count(3)
    expect(page.locator("#state")).to_contain_text("Connection lost")
    with serving(port=port) as address, closing(World(address)) as after:
        flood(after, 1)
        expect(page.locator("#state")).to_have_text("Live", timeout=20_000)
        expect(rows(page)).to_have_count(1)
        expect(rows(page).last).to_contain_text("#1")
        expect(page.locator("#head-problem")).to_be_empty()


def test_the_journal_can_be_downloaded_as_har(world: World, page: Page) -> None:
    log_in(world)
    open_dashboard(page, world)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as HAR").click()
    assert download.value.suggested_filename == f"{world.url.split('/~')[1]}.har"
    entries = json.loads(download.value.path().read_text("utf-8"))["log"]["entries"]
    assert len(entries) == len(world.calls())
