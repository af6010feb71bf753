"""A viewer who opens the login page in a browser and signs in, by the pages alone."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx


class _Form(HTMLParser):
    """The action and the fields of the form of a page."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.action = str(page.url)
        self.fields: dict[str, str] = {}
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = urljoin(self.action, attributes.get("action", ""))
        elif tag == "input" and "name" in attributes:
            self.fields[attributes["name"]] = attributes.get("value", "")


def sign_in(url: str, page: str = "") -> str:
    """Return the address of the app to which the browser comes back after the login.

    ``url`` is that of ``authenticate`` or of the page to which it leads; ``page`` is the page itself, if it was read.
    """
    host = urlsplit(url).hostname
    with httpx.Client(trust_env=False, timeout=20) as browser:
        request = httpx.Request("GET", url)
        answer = httpx.Response(200, text=page, request=request) if page else browser.send(request)
        for _ in range(5):
            if answer.is_redirect:
                onward = answer.headers["location"]
                if urlsplit(onward).hostname != host:
                    return str(onward)
                answer = browser.get(onward)
            else:
                assert answer.is_success, answer.text
                form = _Form(answer)
                known = {"username": "viewer", "password": "viewer"}
                fields = {name: known.get(name, value) for name, value in form.fields.items()}
                answer = browser.post(form.action, data=fields)
    raise AssertionError(f"no way back to the app: {answer.text}")
