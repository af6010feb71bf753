"""The command `pass-load bench`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click

from pass_harness.conformance.cli.options import progress
from pass_harness.mock_server.cli.options import FiniteRange
from pass_harness.mock_server.store.opening import without_password


@click.command()
@click.option(
    "--runs",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Measurements with new servers each; their median and spread are printed.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Measurements of each call and server in a run.",
)
@click.option(
    "--seconds", type=FiniteRange(0.1, 600), default=2.0, show_default=True, help="Duration of each measurement."
)
@click.option(
    "--store", "stores", multiple=True, help="Compare stores instead (as for `pass-mock serve`); repeatable."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    multiple=True,
    help="Compare numbers of worker processes (Redis); repeatable.",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Compare Prism, Mockoon, WireMock and MockServer instead (installed with npm), each as soon as it is warm.",
)
@click.option(
    "--cost", metavar="URL", help="Measure processor time with this Redis store, relative to memory, instead."
)
@click.pass_context
def bench(
    context: click.Context,
    *,
    runs: int,
    rounds: int,
    seconds: float,
    stores: tuple[str, ...],
    workers: tuple[int, ...],
    compare: bool,
    cost: str | None,
) -> None:
    """Measure the speed of the mock, relative to bare apps with the same responses on the same server.

    With --store or --workers, compare setups of the mock instead; with --cost, the processor time of a store in
    Redis; with --compare, other mocks. The command resets the store afterwards: use a file or database that contains
    nothing else. The output is Markdown.
    """
    # Only this command needs the HTTP parser of the client, and the modules of the machine.
    from pass_harness.load.bench import machine, peer_comparison, ratios, store_comparison  # noqa: PLC0415

    if sum((compare, cost is not None, bool(stores or workers))) > 1:
        raise click.UsageError("--compare, --cost and --store (with --workers) are separate measurements: name one")
    if runs > 1 and (compare or cost is not None or stores or workers):
        raise click.UsageError("--runs is for the comparison with bare apps: leave out --compare, --cost and --store")
    described = machine.describe(command_line(context))
    with progress("measuring") as announce:
        if cost is not None:
            from pass_harness.load.bench import store_cost  # noqa: PLC0415 (an extra)

            costs = store_cost.costs(cost, rounds=rounds, seconds=seconds, announce=announce)
            table = store_cost.table_of(costs)
        elif stores or workers:
            setups = store_comparison.setups(stores or ("memory",), workers or (1,))
            rates = store_comparison.scale(setups, rounds=rounds, seconds=seconds, announce=announce)
            table = store_comparison.table_of(rates)
        elif compare:
            table = peer_comparison.table_of(
                peer_comparison.compare(rounds=rounds, seconds=seconds, announce=announce)
            )
        else:
            measured = [ratios.bench(rounds=rounds, seconds=seconds, announce=announce) for _ in range(runs)]
            table = ratios.table_of(measured)
    click.echo(f"{described}\n\n{table}")


def command_line(context: click.Context) -> str:
    """Return the command with the options that were given, without passwords and folders."""
    return " ".join((context.command_path, *_options(context)))


def _options(context: click.Context) -> Iterator[str]:
    for option in context.command.params:
        given = context.params[option.name or ""]
        if not given or given == option.get_default(context):
            continue
        for value in given if isinstance(given, tuple) else (given,):
            yield option.opts[0]
            if isinstance(value, str):
                yield shlex.quote(_without_folder(without_password(value)))
            elif value is not True:
                yield f"{value:g}"


def _without_folder(store: str) -> str:
    kind, _, path = store.partition(":")
    return f"{kind}:{path.rpartition('/')[2]}" if kind == "sqlite" else store
