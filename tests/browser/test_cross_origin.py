"""Cross-origin requests: browser apps may call Adobe Pass, pages of other origins may not make control calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser_actions import REBOUND, World
from playwright.sync_api import Page

pytestmark = pytest.mark.slow

ASK = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return { status: answer.status, body: await answer.text() };
    } catch (error) {
        return { status: 0, body: String(error) };
    }
}"""


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        pass


@pytest.fixture
def app(tmp_path: Path, page: Page) -> Iterator[Page]:
    """A page of a browser app on its own server."""
    (tmp_path / "index.html").write_text('<!doctype html><link rel="icon" href="data:,"><title>App</title>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    server.shutdown()
    thread.join()
    server.server_close()


def ask(page: Page, url: str, **options: object) -> tuple[int, str]:
    answer: dict[str, Any] = page.evaluate(ASK, [url, options])
    return answer["status"], answer["body"]


def registered(world: World, app: Page) -> dict[str, str]:
    """Register and get a token from the page; return the headers of its next requests."""
    statement = world.http.get("/_mock/software-statement").text
    status, credentials = ask(
        app,
        f"{world.url}/o/client/register",
        method="POST",
        headers={"Content-Type": "application/json"},
        body=f'{{"software_statement": "{statement}"}}',
    )
    assert status == 201, credentials
    token = app.evaluate(
        """async ([url, credentials]) => {
            const { client_id, client_secret } = JSON.parse(credentials);
            const body = new URLSearchParams({ client_id, client_secret, grant_type: 'client_credentials' });
            return await (await fetch(url, { method: 'POST', body })).json();
        }""",
        [f"{world.url}/o/client/token", credentials],
    )
    return {"Authorization": f"Bearer {token['access_token']}"}


def test_a_browser_app_registers_and_reads_the_configuration(world: World, app: Page) -> None:
    headers = registered(world, app)
    status, body = ask(app, f"{world.url}/api/v2/REF30/configuration", headers=headers)
    assert status == 200
    assert '"Cablevision"' in body
    assert world.calls() == [
        ("cors.preflight", 200),
        ("dcr.register", 201),
        ("dcr.token", 201),  # a form, so simple that no preflight is due
        ("cors.preflight", 200),
        ("configuration", 200),
    ]


def test_a_browser_app_sends_the_device_headers_and_credentials(world: World, app: Page) -> None:
    headers = {**registered(world, app), "AP-Device-Identifier": "fingerprint YQ==", "X-Device-Info": "e30="}
    url = f"{world.url}/api/v2/REF30/profiles"
    status, body = ask(app, url, headers=headers, credentials="include")
    assert (status, body) == (200, '{"profiles":{}}')


def test_the_browser_blocks_a_header_that_the_sample_does_not_allow(world: World, app: Page) -> None:
    headers = {**registered(world, app), "AP-TempPass-Identity": "e30="}
    status, _ = ask(app, f"{world.url}/api/v2/REF30/configuration", headers=headers)
    assert status == 0
    assert world.calls()[-1] == ("cors.preflight", 200)


def test_pages_can_read_errors(world: World, app: Page) -> None:
    status, body = ask(app, f"{world.url}/api/v2/REF30/configuration")
    assert (status, "invalid_access_token_client_application" in body) == (401, True)
    status, body = ask(app, f"{world.url}/o/client/token", method="POST")
    assert (status, "error" in body) == (400, True)


def test_pages_can_read_a_429(world: World, app: Page) -> None:
    answers = [ask(app, f"{world.url}/api/v2/REF30/configuration") for _ in range(13)]
    assert {status for status, _ in answers} == {401, 429}
    status, body = answers[-1]
    assert (status, "429 Too Many Requests" in body) == (429, True)


def test_a_preflight_counts_as_a_request(world: World, app: Page) -> None:
    """As with nginx, so a throttled app fails at the preflight."""
    url = f"{world.url}/api/v2/REF30/configuration"
    for _ in range(12):
        ask(app, url)
    status, _ = ask(app, url, headers={"Authorization": "Bearer x"})
    assert status == 0
    assert world.calls()[-1] == ("cors.preflight", 429)


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch(url, { method: 'POST', body, mode: 'no-cors' })",
        "fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })",
        "fetch(url, { method: 'POST', body, mode: 'no-cors', referrerPolicy: 'no-referrer' })",
        "navigator.sendBeacon(url, body)",
    ],
)
def test_a_page_of_another_origin_cannot_advance_the_clock(world: World, app: Page, attempt: str) -> None:
    app.evaluate(
        f"async ([url, body]) => {{ try {{ await {attempt}; }} catch {{ /* held back */ }} }}",
        [f"{world.url}/_mock/clock", '{"advance": "1h"}'],
    )
    assert world.http.get("/_mock/clock").json()["offset"] == 0


def test_a_form_of_another_origin_cannot_reset(world: World, app: Page) -> None:
    world.http.post("/_mock/clock", json={"advance": "1h"})
    app.evaluate(
        "url => { document.body.innerHTML = `<form method=post action=${url}>`; document.forms[0].submit(); }",
        f"{world.url}/_mock/reset",
    )
    app.wait_for_url(f"{world.url}/_mock/reset")
    assert "another origin" in app.content()
    assert world.http.get("/_mock/clock").json()["offset"] == 3_600_000


def test_dns_rebinding_cannot_read_or_change_anything(world: World, open_page: Callable[..., Page]) -> None:
    """DNS rebinding: to the browser the page and the mock are of one origin."""
    here = urlsplit(world.url)
    there = f"http://{REBOUND}:{here.port}{here.path}"
    page = open_page(bypass_csp=True)  # stands for a foreign page without a content security policy
    page.goto(f"{there}/activate")
    assert page.title() == "Activate your device"  # the name resolves to the mock
    status, body = ask(page, f"{there}/_mock/exchanges")
    assert (status, "--control-token" in body) == (403, True)
    status, _ = ask(page, f"{there}/_mock/clock", method="POST", body='{"advance": "1h"}')
    assert status == 403
    assert world.http.get("/_mock/clock").json()["offset"] == 0
