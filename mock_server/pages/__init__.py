"""HTML pages for the viewer's browser. The templates escape all values from requests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain.records import Session

if TYPE_CHECKING:
    from jinja2 import Environment


def login_page(mvpd: Mvpd, session: Session, *, username: str, wrong: bool) -> str:
    """Return the login page of an MVPD; with ``wrong``, it shows that user name or password was wrong."""
    return _render("login.html", mvpd=mvpd, session=session, username=username, wrong=wrong)


def auto_submit_page(action: str, fields: dict[str, str]) -> str:
    """Return a page with a form that submits itself, for MVPDs that receive their SAML request by POST."""
    return _render("auto_submit.html", action=action, fields=fields)


def activate_page(
    action: str, code: str, *, channel: str = "", providers: Sequence[Mvpd] = (), error: str | None = None
) -> str:
    """Return the page of the second screen: a form for the code or, with ``providers``, for the TV provider."""
    return _render("activate.html", action=action, code=code, channel=channel, providers=providers, error=error)


def activated_page(provider: str | None, again: str) -> str:
    """Return the last page of the second screen; without a ``provider`` it links to ``again``, a new attempt."""
    return _render("activated.html", activated=provider is not None, provider=provider, again=again)


def landing_page() -> str:
    """Return the last page of a login or a logout whose redirectUrl is the mock's and names no code."""
    return _render("landing.html")


def logged_out_page(mvpd: Mvpd) -> str:
    """Return the last page of a logout that has no app to go back to."""
    return _render("logged_out.html", mvpd=mvpd)


def error_page(sentence: str) -> str:
    """Return a page that shows an error."""
    return _render("error.html", sentence=sentence)


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    # Imported with the first page: most mocks show none, and start faster without it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("pass_harness.mock_server", "pages"), autoescape=True, undefined=StrictUndefined
    )
