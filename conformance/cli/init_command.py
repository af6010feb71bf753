"""The command ``pass-conformance init``."""

from __future__ import annotations

from pathlib import Path

import click

from pass_harness.conformance.drafting.draft import as_toml
from pass_harness.conformance.drafting.openapi_guess import draft_from
from pass_harness.conformance.drafting.prompts import ask
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.engine import lacking
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.mock_server.cli.options import FILE


@click.command()
@click.option("--openapi", type=FILE, metavar="FILE", help="OpenAPI 3 document (JSON or YAML) to map verbs from.")
@click.option(
    "--output", type=FILE, default=Path("service.toml"), show_default=True, metavar="FILE", help="File to write."
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
    openapi: Path | None, output: Path, base_url: str | None, service_provider: str, mvpd: str, force: bool
) -> None:
    """Write a first service.toml from your answers, or from an OpenAPI document of your service."""
    if output.exists() and not force:
        raise ConfigError(f"{output} exists already; name another --output, or overwrite it with --force")
    if openapi is not None:
        draft = draft_from(openapi, base_url=base_url, service_provider=service_provider, mvpd=mvpd)
    else:
        draft = ask(base_url=base_url, service_provider=service_provider, mvpd=mvpd)
    if not draft.verbs:
        where = f"{openapi}: no operation looks like a verb" if openapi is not None else "no verb is mapped"
        raise ConfigError(f"{where}; copy fixtures/programmer_service/service.toml and replace its requests by yours")
    try:
        output.write_text(as_toml(draft), "utf-8")
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written ({error.strerror}); name another --output") from error
    config = load(output)
    click.echo(f"{output}: {len(draft.verbs)} verbs are mapped", err=True)
    for verb in draft.incomplete:
        click.echo(f"  [verbs.{verb}] is incomplete: replace CHANGE-ME", err=True)
    if draft.missing:
        without = len(lacking(all_rules(), frozenset(config.verbs)))
        click.echo(
            f"  not mapped: {', '.join(draft.missing)}; {without} rules stay untestable without them", err=True
        )
    click.echo(f"next: pass-conformance doctor --service {output}", err=True)
