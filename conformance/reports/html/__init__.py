"""Reports as HTML pages: self-contained, readable without scripts and without a network.

`page` renders a template of this folder, or of a loader of another package, which may extend ``base.html`` and import
``parts.html``. Values are escaped. The Content-Security-Policy of a page allows only its own styles and scripts, by
their digests.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pass_harness.conformance.reports.numbers import clock, plural, span


def page(template: str, loaders: Sequence[BaseLoader] = (), styles: Sequence[str] = (), **values: object) -> bytes:
    """Return a page as UTF-8 bytes; ``styles`` are the texts of style sheets that follow ``page.css``."""
    sheets = (asset("page.css"), *styles)
    scripts = (asset("page.js"),)
    text = (
        _environment(tuple(loaders))
        .get_template(template)
        .render(
            styles=[Markup(sheet) for sheet in sheets],  # noqa: S704 - files of this package, never text from a request
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - as above
            policy=_policy(sheets, scripts),
            **values,
        )
    )
    return text.encode("utf-8", "replace")


def asset(name: str) -> str:
    """Return the text of a file in this folder."""
    return (resources.files(__name__) / name).read_text("utf-8")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page: it loads nothing, and allows only these styles and scripts."""
    return (
        f"default-src 'none'; style-src {_digests(styles)}; script-src {_digests(scripts)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digests(texts: Sequence[str]) -> str:
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)


def _zip(left: Sequence[object], right: Sequence[object]) -> list[tuple[object, object]]:
    return list(zip(left, right, strict=True))


@cache
def _environment(loaders: tuple[BaseLoader, ...]) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("pass_harness.conformance.reports", "html"), *loaders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"span": span, "clock": clock, "plural": plural, "zip": _zip}
    return environment
