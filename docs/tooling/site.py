"""A MkDocs hook that adds linked files outside docs/ to the site, so that every link works offline."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "explanation/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
}
"""Paths in the site of pages at the root of the repository."""
_LINK = re.compile(r'(?P<before>\]\(|\b(?:src|srcset|href)=")(?P<target>[^)"#\s]+)(?P<after>[^)"\s]*)')
_LANGUAGES = {".py": "python", ".yml": "yaml", ".har": "json", ".md": "markdown"}
"""Languages for syntax highlighting whose name is not the suffix of the file."""

_NOT_SEARCHED = "---\nsearch:\n  exclude: true\n---\n"
"""Head of pages that the search leaves out: files of the repository."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of the root and the linked files."""
    for source, place in PAGES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    for file in sorted(set(_linked(files))):
        files.append(File.generated(config, str(_site_path(file)), content=_page_of(file)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the targets of links by their paths in the site."""
    source = _source(page.file)
    if source is None:
        return markdown
    here = Path(page.file.src_uri).parent

    def relinked(link: re.Match[str]) -> str:
        target = _target(source, link)
        if target is None:
            return link[0]
        return f"{link['before']}{os.path.relpath(_site_path(target), here)}{link['after']}"

    return _LINK.sub(relinked, markdown)


def _linked(files: Files) -> Iterator[Path]:
    """Yield the files that pages link to and that are not pages themselves; for a folder, its files too."""
    sources = [source for page in files.documentation_pages() if (source := _source(page)) is not None]
    links = [(source, link) for source in sources for link in _LINK.finditer(source.read_text("utf-8"))]
    for source, link in links:
        target = _target(source, link)
        if target is None or _site_path(target).parts[0] != "files":
            continue
        yield target
        if target.is_dir():
            yield from (file for file in target.iterdir() if file.is_file())


def _target(page: Path, link: re.Match[str]) -> Path | None:
    """Return the file or folder of the repository that a link targets; None for other links."""
    target = (page.parent / link["target"]).resolve()
    return target if ":" not in link["target"] and target.exists() and target.is_relative_to(ROOT) else None


def _site_path(target: Path) -> Path:
    """Return the path in the site: unchanged for pages and pictures, below files/ for sources."""
    inside = target.relative_to(ROOT)
    if str(inside) in PAGES:
        return Path(PAGES[str(inside)])
    if target.is_relative_to(DOCS) and target.suffix in {".md", ".png", ".svg"}:
        return target.relative_to(DOCS)
    return "files" / (inside / "index.md" if target.is_dir() else inside.with_name(f"{inside.name}.md"))


def _page_of(target: Path) -> str:
    """Return a page with the text of a file, or with the list of files in a folder."""
    title = f"{_NOT_SEARCHED}# {target.relative_to(ROOT)}\n\n"
    if target.is_dir():
        return title + "".join(
            f"- [{file.name}]({file.name}.md)\n" for file in sorted(target.iterdir()) if file.is_file()
        )
    language = _LANGUAGES.get(target.suffix, target.suffix.removeprefix("."))
    return f"{title}~~~~{language}\n{target.read_text('utf-8')}\n~~~~\n"


def _source(file: File) -> Path | None:
    """Return the file of the repository that a page comes from; None for pages that this hook generates."""
    path = file.abs_src_path
    return (
        Path(path) if path is not None and Path(path).is_relative_to(ROOT) and file.src_uri[:6] != "files/" else None
    )
