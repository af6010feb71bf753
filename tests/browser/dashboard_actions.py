"""Actions of users on the dashboard, and queries for what it shows."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

from browser_actions import World
from playwright.sync_api import Locator, Page, expect


class Relay:
    """A TCP relay to a mock whose connections the test can cut."""

    def __init__(self, world: World) -> None:
        address = urlsplit(world.url)
        self._target = (address.hostname, address.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._whole = True
        self._lock = threading.Lock()
        self._accepting = threading.Thread(target=self._accept)
        host, port = self._listener.getsockname()
        self.world = World(f"http://{host}:{port}{address.path}")

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self._break()
        self.world.close()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Close the open connections, and accept no new ones inside the context."""
        with self._lock:
            self._whole = False
            self._break()
        yield
        self._whole = True

    def _break(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                browser, _ = self._listener.accept()
                with self._lock:
                    self._join(browser)

    def _join(self, browser: socket.socket) -> None:
        if not self._whole:
            browser.close()
            return
        mock = socket.create_connection(self._target)
        self._ends += [browser, mock]
        threading.Thread(target=_pump, args=(browser, mock), daemon=True).start()
        threading.Thread(target=_pump, args=(mock, browser), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the connection was cut
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def open_dashboard(page: Page, world: World) -> Page:
    """Open the dashboard of the space, and wait until it listens."""
    page.goto(f"{world.url}/_mock/")
    expect(page.locator("#state")).to_have_text("Live")
    return page


def rows(page: Page) -> Locator:
    """Return the visible exchanges, without the heading of the list."""
    return page.locator("#rows").get_by_role("row")


def narrow(page: Page, text: str) -> None:
    page.get_by_label("Filter the exchanges").fill(text)


def panel(page: Page, name: str) -> Locator:
    """Open a panel."""
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel", name=name)
