"""Reports as pages: self-contained HTML that needs no script, no other host and no connection.

`page` renders a template of this folder, or of a loader that another package brings (it may extend ``base.html``
and import ``parts.html``). Everything is escaped, and the page's own policy allows the styles and scripts in it by
their digests alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pass_harness.conformance.reports.html.format import clock, plural, span


def page(template: str, loaders: Sequence[BaseLoader] = (), styles: Sequence[str] = (), **values: object) -> bytes:
    """A page as bytes; ``styles`` are further style sheets, as text, that come after ``page.css``."""
    sheets = (asset("page.css"), *styles)
    scripts = (asset("page.js"),)
    text = (
        _environment(tuple(loaders))
        .get_template(template)
        .render(
            styles=[Markup(sheet) for sheet in sheets],  # noqa: S704 - files of ours, never what a request brought
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - as above
            policy=_policy(sheets, scripts),
            **values,
        )
    )
    return text.encode("utf-8", "replace")


def asset(name: str) -> str:
    """A file of this folder."""
    return (resources.files(__name__) / name).read_text("utf-8")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """The Content-Security-Policy: nothing is loaded, and only these styles and scripts count."""
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
