"""Finds Chromium for the browser tests; as a script, installs it if it is missing.

``PASS_HARNESS_CHROMIUM`` names an executable; without it, Playwright's own comes first, then the system's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

VARIABLE = "PASS_HARNESS_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge-stable")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
REMEDY = (
    "the tests of the pages need Chromium: run `make browser`, or install Chromium or Google Chrome and, if it is in"
    f" an unusual place, name its executable in {VARIABLE}"
)


class NoChromium(Exception):
    """Chromium is missing; the message says how to install it."""


def find() -> Path:
    """Return the executable; raise NoChromium if there is none, or not where the environment variable says."""
    named = os.environ.get(VARIABLE)
    if named:
        if not shutil.which(named):
            raise NoChromium(f"{VARIABLE}={named} is no executable: name one, or leave it out")
        return Path(named)
    candidates = [playwrights_own(), *map(shutil.which, _NAMES), *_PLACES]
    found = next((path for path in candidates if path and os.access(path, os.X_OK)), None)
    if found is None:
        raise NoChromium(REMEDY)
    return Path(found)


def playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install() -> None:
    """Install Playwright's build or, if the download fails, the distribution's package."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    has_apt = shutil.which("apt-get") is not None
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if as_root and has_apt:
        command.append("--with-deps")
    if subprocess.run(command, check=False).returncode == 0:
        return
    if as_root and has_apt:
        click.echo("Playwright's Chromium cannot be had here; trying the distribution's", err=True)
        subprocess.run(["apt-get", "update", "--quiet"], check=False)
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "chromium"], check=False)


def main() -> int:
    try:
        click.echo(find())
    except NoChromium as missing:
        if os.environ.get(VARIABLE):
            click.echo(missing, err=True)
            return 2
        install()
        try:
            click.echo(find())
        except NoChromium as still_missing:
            click.echo(still_missing, err=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
