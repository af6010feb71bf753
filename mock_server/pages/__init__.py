"""The mock's pages for browsers. Templates escape everything that came from a request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain.records import Session

if TYPE_CHECKING:
    from jinja2 import Environment


def login_page(mvpd: Mvpd, session: Session, *, username: str, wrong: bool) -> str:
    """The login page of an MVPD."""
    return _render("login.html", mvpd=mvpd, session=session, username=username, wrong=wrong)


def auto_submit_page(action: str, fields: dict[str, str]) -> str:
    """A form that submits itself, as some MVPDs want their SAML request."""
    return _render("auto_submit.html", action=action, fields=fields)


def activate_page(
    action: str, code: str, *, channel: str = "", providers: Sequence[Mvpd] = (), error: str | None = None
) -> str:
    """The second screen: asks for the code or, where ``providers`` are given, for one of them."""
    return _render("activate.html", action=action, code=code, channel=channel, providers=providers, error=error)


def activated_page(provider: str | None, again: str) -> str:
    """Where the second screen ends: signed in with a provider, or not, with a link to try again."""
    return _render("activated.html", activated=provider is not None, provider=provider, again=again)


def logged_out_page(mvpd: Mvpd, redirect_url: str) -> str:
    """Where a logout ends: with a link back to the app, if that is a web address."""
    is_web = redirect_url.startswith(("https://", "http://"))
    return _render("logged_out.html", mvpd=mvpd, redirect_url=redirect_url if is_web else "")


def error_page(sentence: str) -> str:
    return _render("error.html", sentence=sentence)


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    # Loaded with the first page: most mocks never show one, and start faster without.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("pass_harness.mock_server", "pages"), autoescape=True, undefined=StrictUndefined
    )
