"""Prompts on the terminal for the mapping of the verbs."""

from __future__ import annotations

import click

from pass_harness.conformance.drafting.draft import DEFAULT_URL, ServiceDraft, VerbDraft
from pass_harness.conformance.drafting.skeletons import HTTP, SKELETONS
from pass_harness.conformance.service_toml.service_config import METHODS
from pass_harness.conformance.verbs import VERBS

_BODIES = {
    "login": {"mvpd": "{mvpd}", "screen": "{screen}"},
    "enter_code": {"code": "{code}"},
    "preauthorize": {"resources": "{resources}"},
    "play": {"resource": "{resource}"},
}
"""Request bodies by verb; the user corrects the names of the members."""
_NONE = "-"


def ask(*, kind: str | None, base_url: str | None, service_provider: str, mvpd: str) -> ServiceDraft:
    """Prompt for the service, and for its verbs unless a driver carries them, and return the draft."""
    click.echo("Describe your service and the requests of its app. Enter accepts the value in brackets.", err=True)
    kind = kind or click.prompt(
        "Driver: http (one request per verb, described here), python (a class), or command (a program)",
        type=click.Choice([HTTP, *SKELETONS]),
        default=HTTP,
        show_choices=False,
        err=True,
    )
    base_url = click.prompt("Address of the service", default=base_url or DEFAULT_URL, err=True)
    service_provider = click.prompt("Service provider (requestor)", default=service_provider, err=True)
    mvpd = click.prompt("TV provider (MVPD) that viewers choose", default=mvpd, err=True)
    restart = click.prompt("Shell command that restarts the service", default=_NONE, err=True)
    if kind != HTTP:
        return ServiceDraft(
            base_url=base_url,
            service_provider=service_provider,
            mvpd=mvpd,
            restart=None if restart == _NONE else restart,
            skeleton=SKELETONS[kind],
        )
    click.echo(f'\nA verb is one request, like "POST /devices/{{device.id}}/login"; {_NONE} skips it.', err=True)
    verbs = [draft for name in VERBS if (draft := _prompt_verb(name)) is not None]
    return ServiceDraft(
        base_url=base_url,
        service_provider=service_provider,
        mvpd=mvpd,
        restart=None if restart == _NONE else restart,
        verbs=tuple(verbs),
    )


def _prompt_verb(name: str) -> VerbDraft | None:
    request = click.prompt(f"{name}: {VERBS[name].description}", default=_NONE, value_proc=_request, err=True)
    if request == _NONE:
        return None
    returns = {
        returned: click.prompt(f"  JSONPath of {returned} in the response", default=f"$.{returned}", err=True)
        for returned in (*sorted(VERBS[name].required), *sorted(VERBS[name].optional))
    }
    has_body = request.split()[0] in {"POST", "PUT", "PATCH"}
    return VerbDraft(verb=name, request=request, json=_BODIES.get(name) if has_body else None, returns=returns)


def _request(text: str) -> str:
    method, _, target = text.strip().partition(" ")
    if text.strip() == _NONE:
        return _NONE
    if method.upper() not in METHODS or not target.strip().startswith(("/", "http://", "https://")):
        raise click.BadParameter(f'write a method and a path, like "POST /login", or {_NONE}')
    return f"{method.upper()} {target.strip()}"
