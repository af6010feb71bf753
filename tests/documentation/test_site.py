"""The documentation site: builds without a warning, has no broken link, and needs no other host."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from site_build import ROOT, build

PICTURES = ROOT / "docs" / "pictures"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder


class Addresses(HTMLParser):
    """The anchors, links and loaded resources of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for name, value in attrs if name in {"id", "name"} and value}
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        elif tag == "link" and values.get("rel") not in {"canonical", "next", "prev"}:
            self.loaded.append(str(values["href"]))
        self.loaded += [str(values[name]).split()[0] for name in ("src", "srcset", "poster") if values.get(name)]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Addresses]:
    return {page.resolve(): Addresses(page) for page in site.rglob("*.html")}


@pytest.mark.slow
def test_every_link_resolves(pages: dict[Path, Addresses]) -> None:
    assert len(pages) > 40
    problems = [broken(page, link, pages) for page, found in pages.items() for link in found.links + found.loaded]
    assert [problem for problem in problems if problem] == []


def broken(page: Path, link: str, pages: dict[Path, Addresses]) -> str:
    """Return the problem of a link within the site, or an empty string."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or page.name == "404.html":
        return ""
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return f"{page.name}: {link} leads nowhere"
    anchors = pages[target].anchors if target in pages else set()
    if parts.fragment and unquote(parts.fragment) not in anchors | {"__top"}:
        return f"{page.name}: {link} names no heading"
    return ""


@pytest.mark.slow
def test_the_search_finds_rules_but_no_source_files(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    found = {entry["location"] for entry in index["docs"]}
    assert "reference/rules/authentication.html#authenticationpoll-interval" in found
    assert list((site / "files").rglob("*.html")) != []
    assert [location for location in found if location.startswith("files/")] == []


@pytest.mark.slow
def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Addresses]) -> None:
    loaded = {address for found in pages.values() for address in found.loaded}
    assert [address for address in sorted(loaded) if urlsplit(address).netloc] == []
    styles = "".join(file.read_text("utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?(?:https?:)?//[^)]+\)|@import\s*['\"]?(?:https?:)?//", styles) == []


@pytest.mark.slow
def test_the_build_refuses_broken_links(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(ROOT, repository, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist", "site", "report"))
    how_to = repository / "docs" / "how-to"
    (how_to / "orphan.md").write_text("# A page that no menu has\n", "utf-8")
    (how_to / "curl.md").write_text("# Links\n\n[a](nowhere.md) [b](watch.md#no-such-heading)\n", "utf-8")
    done = build(tmp_path / "site", repository)
    assert done.returncode != 0
    assert [what for what in ("orphan.md", "nowhere.md", "no-such-heading") if what not in done.stderr] == []


def test_pictures_are_small_and_all_are_shown() -> None:
    pictures = sorted(PICTURES.iterdir())
    text = "".join(page.read_text("utf-8") for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    assert [picture.name for picture in pictures if picture.name not in text] == []
    assert max(picture.stat().st_size for picture in pictures) < 200_000
    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000
