"""Asking a person how the verbs reach the service."""

from __future__ import annotations

import click

from pass_harness.conformance.drafting.draft import ServiceDraft, VerbDraft
from pass_harness.conformance.service_toml.service_config import METHODS
from pass_harness.conformance.verbs import VERBS

_SENT = {
    "login": {"mvpd": "{mvpd}", "screen": "{screen}"},
    "enter_code": {"code": "{code}"},
    "preauthorize": {"resources": "{resources}"},
    "play": {"resource": "{resource}"},
}
"""What the body of a verb needs; the names of its members are for the person to put right."""
_NONE = "-"


def ask(*, base_url: str | None, service_provider: str, mvpd: str) -> ServiceDraft:
    """A draft from what is answered on the terminal."""
    click.echo("Where is your service, and how does its app speak to it? Enter takes what is in brackets.", err=True)
    base_url = click.prompt("Address of the service", default=base_url or "http://127.0.0.1:9000", err=True)
    service_provider = click.prompt("Service provider (requestor)", default=service_provider, err=True)
    mvpd = click.prompt("A TV provider that viewers choose", default=mvpd, err=True)
    restart = click.prompt("Shell command that restarts the service", default=_NONE, err=True)
    click.echo(f'\nEach verb is one call, like "POST /devices/{{device.id}}/login"; {_NONE} is none.', err=True)
    verbs = [draft for name in VERBS if (draft := _asked(name)) is not None]
    return ServiceDraft(
        base_url=base_url,
        service_provider=service_provider,
        mvpd=mvpd,
        restart=None if restart == _NONE else restart,
        verbs=tuple(verbs),
    )


def _asked(name: str) -> VerbDraft | None:
    request = click.prompt(f"{name}: {VERBS[name].description}", default=_NONE, value_proc=_request, err=True)
    if request == _NONE:
        return None
    returns = {
        wanted: click.prompt(f"  where in its answer is {wanted}?", default=f"$.{wanted}", err=True)
        for wanted in (*sorted(VERBS[name].required), *sorted(VERBS[name].optional))
    }
    sends = request.split()[0] in {"POST", "PUT", "PATCH"}
    return VerbDraft(verb=name, request=request, json=_SENT.get(name) if sends else None, returns=returns)


def _request(text: str) -> str:
    method, _, target = text.strip().partition(" ")
    if text.strip() == _NONE:
        return _NONE
    if method.upper() not in METHODS or not target.strip().startswith(("/", "http://", "https://")):
        raise click.BadParameter(f'write a method and a path, like "POST /login", or {_NONE}')
    return f"{method.upper()} {target.strip()}"
