"""Without a browser the browser tests fail with a remedy; they are never skipped."""

from __future__ import annotations

import chromium
import pytest


def test_a_named_executable_must_be_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chromium.VARIABLE, "/none/chrome")
    with pytest.raises(chromium.NoChromium, match="/none/chrome is no executable"):
        chromium.find()
    monkeypatch.setenv(chromium.VARIABLE, "/bin/sh")
    assert str(chromium.find()) == "/bin/sh"


def test_playwrights_chromium_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setattr(chromium.shutil, "which", {"chromium": "/bin/ls"}.get)
    monkeypatch.setattr(chromium, "playwrights_own", lambda: "/bin/sh")
    assert str(chromium.find()) == "/bin/sh"
    monkeypatch.setattr(chromium, "playwrights_own", lambda: "/none/chrome")
    assert str(chromium.find()) == "/bin/ls"


def test_a_missing_browser_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setattr(chromium.shutil, "which", lambda _: None)
    monkeypatch.setattr(chromium, "playwrights_own", lambda: "/none/chrome")
    monkeypatch.setattr(chromium, "_PLACES", ())
    with pytest.raises(chromium.NoChromium, match="make browser"):
        chromium.find()
