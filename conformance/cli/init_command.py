"""The command ``pass-conformance init``."""

from __future__ import annotations

from pathlib import Path

import click

from pass_harness.conformance.drafting.draft import DEFAULT_URL, ServiceDraft, as_toml
from pass_harness.conformance.drafting.openapi_guess import draft_from
from pass_harness.conformance.drafting.prompts import ask
from pass_harness.conformance.drafting.skeletons import HTTP, SKELETONS
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.mock_server.cli.options import FILE
from pass_harness.mock_server.client.urls import url_error
from pass_harness.mock_server.formats.atomic_file import replace_file


@click.command()
@click.option("--openapi", type=FILE, metavar="FILE", help="OpenAPI 3 document (JSON or YAML) to map verbs from.")
@click.option(
    "--output", type=FILE, default=Path("service.toml"), show_default=True, metavar="FILE", help="File to write."
)
@click.option(
    "--driver",
    type=click.Choice([HTTP, *SKELETONS]),
    help="How verbs reach the service: one HTTP request each, a Python class, or a command. The last two get a "
    "skeleton beside the file, and no questions.",
)
@click.option("--base-url", metavar="URL", help="Address of the service.")
@click.option(
    "--service-provider", default="REF30", show_default=True, metavar="ID", help="Service provider (requestor)."
)
@click.option(
    "--mvpd", default="Cablevision", show_default=True, metavar="ID", help="TV provider that viewers choose."
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def init(
    openapi: Path | None,
    output: Path,
    driver: str | None,
    base_url: str | None,
    service_provider: str,
    mvpd: str,
    force: bool,
) -> None:
    """Write a first service.toml from your answers, or from an OpenAPI document of your service."""
    if openapi is not None and driver not in {None, HTTP}:
        raise ConfigError("--openapi maps verbs to HTTP requests; leave out --driver, or --openapi")
    _require_free(output, force)
    if openapi is not None:
        draft = draft_from(openapi, base_url=base_url, service_provider=service_provider, mvpd=mvpd)
    elif driver in SKELETONS:
        draft = ServiceDraft(
            base_url=base_url or DEFAULT_URL,
            service_provider=service_provider,
            mvpd=mvpd,
            skeleton=SKELETONS[driver],
        )
    else:
        draft = ask(kind=driver, base_url=base_url, service_provider=service_provider, mvpd=mvpd)
    if (reason := url_error(draft.base_url)) is not None:
        raise ConfigError(f"the address of the service, {draft.base_url:.100}: {reason}; name another --base-url")
    if draft.skeleton is not None:
        source = output.with_name(draft.skeleton.file_name)
        _require_free(source, force)
        _write(source, draft.skeleton.text)
        _write(output, as_toml(draft))
        load(output)
        click.echo(f"{output}: the verbs are carried by {source}", err=True)
        click.echo(f"  {source} calls the example service: adapt its paths and members to your service", err=True)
    else:
        _write_mapping(output, draft, openapi)
    click.echo(f"next: pass-conformance doctor --service {output}", err=True)


def _write_mapping(output: Path, draft: ServiceDraft, openapi: Path | None) -> None:
    if not draft.verbs:
        where = f"{openapi}: no operation looks like a verb" if openapi is not None else "no verb is mapped"
        raise ConfigError(f"{where}; copy fixtures/programmer_service/service.toml and replace its requests by yours")
    _write(output, as_toml(draft))
    config = load(output)
    mapped = "is mapped" if len(draft.verbs) == 1 else "are mapped"
    click.echo(f"{output}: {plural(len(draft.verbs), 'verb')} {mapped}", err=True)
    for verb in draft.incomplete:
        click.echo(f"  [verbs.{verb}] is incomplete: replace CHANGE-ME", err=True)
    if draft.missing:
        without = len(lacking(all_rules(), frozenset(config.verbs)))
        stay = f"{plural(without, 'rule')} {'stays' if without == 1 else 'stay'} untestable without them"
        click.echo(f"  not mapped: {', '.join(draft.missing)}; {stay}", err=True)


def _require_free(file: Path, force: bool) -> None:
    if file.exists() and not force:
        raise ConfigError(f"{file} exists already; name another --output, or overwrite it with --force")


def _write(file: Path, text: str) -> None:
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written ({error.strerror}); name another --output") from error
