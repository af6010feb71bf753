"""Makes the picture of a report that the docs show; run as a script. Takes the half minute of a judged run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import chromium
import click
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parents[2] / "docs" / "reference" / "report.png"
RULE = "authentication.poll-interval"
HEIGHT = 1060


def main() -> None:
    executable = chromium.find()
    demo = [str(Path(sys.executable).with_name("pass-conformance")), "demo", "--defect", "poll-every-second"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        subprocess.run([*demo, "--select", RULE], cwd=folder, check=False, stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 960, "height": HEIGHT}, color_scheme="light")
        page.goto((Path(folder) / "report" / "report.html").as_uri())
        page.evaluate("rule => document.getElementById(rule).scrollIntoView()", RULE)
        page.screenshot(path=PICTURE)
        browser.close()
    click.echo(f"{PICTURE}: {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
