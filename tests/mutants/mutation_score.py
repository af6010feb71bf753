"""Mutation score: the share of small changes to the code (mutants) that fail a test. `make mutants` runs it.

cosmic-ray lists and applies the mutants. Each worker mutates its own copy of the checkout, never the working tree,
and runs the everyday tests of the area. The areas take turns, with their mutants in a random order, until the time is
over; so the score is that of a sample. The list of survivors shows what no test notices.
"""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

import click
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

from tests.mutants.annotations import Annotations
from tests.mutants.areas import AREAS, ROOT, Area

_BASELINE_S = 600
"""Maximum duration of an area's tests without a mutant, in seconds."""


@dataclass(frozen=True)
class Mutant:
    """A mutant of an area."""

    area: str
    spec: MutationSpec


@dataclass(frozen=True)
class Result:
    """The result of the tests of a mutant."""

    mutant: Mutant
    survived: bool
    timed_out: bool
    """Whether its tests were ended by their time limit, which counts as a failure."""
    change: str
    """The changed lines, as in a diff."""

    def __str__(self) -> str:
        spec = self.mutant.spec
        return f"{spec.module_path}:{spec.start_pos[0]}: {spec.operator_name.removeprefix('core/')}\n{self.change}"


def pytest_command(area: Area) -> str:
    options = ("-q", "-x", "--no-header", "-p", "no:cacheprovider", "-m", "not slow", "--hypothesis-seed=0")
    return shlex.join([sys.executable, "-m", "pytest", *options, *area.test_paths()])


def mutants_of(area: Area, folder: Path) -> list[Mutant]:
    """Return all mutants of an area but those of annotations that Python never evaluates."""
    modules = [Path(path) for path in area.module_paths()]
    annotations = {module: Annotations(ROOT / module) for module in modules}
    os.chdir(ROOT)
    with use_db(folder / f"{area.name}.sqlite", WorkDB.Mode.create) as work:
        init(modules, work, {})
        specs = [spec for item in work.work_items for spec in item.mutations]
    return [Mutant(area.name, spec) for spec in specs if spec.start_pos not in annotations[Path(spec.module_path)]]


def copy_checkout(target: Path) -> None:
    """Copy the files that Git knows or would add, with their changes."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.splitlines()):
        source, copy = ROOT / name, target / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_symlink():
                copy.symlink_to(os.readlink(source))
            else:
                copy.write_bytes(source.read_bytes())


def enter_copy(copies: Queue[Path]) -> None:
    """Make the next copy of the checkout the folder of this worker, from which its tests import."""
    folder = copies.get()
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder / "src")
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def baseline(command: str) -> float:
    """Run tests without a mutant; return the seconds that they take."""
    began = time.monotonic()
    done = subprocess.run(shlex.split(command), timeout=_BASELINE_S, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"the tests fail without a mutant: {command}\n{done.stdout[-3_000:]}")
    return time.monotonic() - began


def tested(mutant: Mutant, command: str, timeout_s: float) -> Result | None:
    """Run the tests of a mutant; return None if there is no such mutant."""
    done = mutate_and_test([mutant.spec], command, timeout_s)
    if done.worker_outcome is not WorkerOutcome.NORMAL:
        raise RuntimeError(f"{mutant.spec}: {done.output}")
    lines = (done.diff or "").splitlines()[2:]
    change = "\n".join(f"    {line}" for line in lines if line.startswith(("-", "+")) and not line.startswith("+++"))
    if not change:
        return None
    return Result(mutant, done.test_outcome is TestOutcome.SURVIVED, done.output == "timeout", change)


def in_turn(mutants: list[list[Mutant]], seed: int) -> Iterator[Mutant]:
    """Yield one mutant of each area in turn, in a random order."""
    chance = random.Random(seed)
    for area in mutants:
        chance.shuffle(area)
    yield from (mutant for mutant in chain.from_iterable(zip_longest(*mutants)) if mutant is not None)


def sampled(mutants: Iterator[Mutant], areas: list[Area], workers: int, seconds: float, folder: Path) -> list[Result]:
    """Test mutants, in copies of the checkout below ``folder``, until the time is over; return the results."""
    context = get_context("spawn")
    copies: Queue[Path] = context.Queue()
    for number in range(workers):
        copy_checkout(folder / f"copy{number}")
        copies.put(folder / f"copy{number}")
    commands = {area.name: pytest_command(area) for area in areas}
    results: list[Result] = []
    with ProcessPoolExecutor(workers, context, enter_copy, (copies,)) as pool:
        durations = dict(zip(commands, pool.map(baseline, commands.values()), strict=True))
        ends = time.monotonic() + seconds

        def start(mutant: Mutant) -> Future[Result | None]:
            return pool.submit(tested, mutant, commands[mutant.area], 10 + 2 * durations[mutant.area])

        running = {start(mutant) for mutant in islice(mutants, workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for result in filter(None, (one.result() for one in done)):
                results.append(result)
                if result.survived:
                    click.echo(str(result))
            if time.monotonic() < ends:
                running |= {start(mutant) for mutant in islice(mutants, len(done))}
    return results


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Time for mutants.")
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, help="Number of copies and processes."
)
@click.option("--seed", default=0, show_default=True, help="Random seed of the sample.")
@click.option(
    "--area", "names", type=click.Choice([area.name for area in AREAS]), multiple=True, help="Only this area."
)
def main(minutes: float, workers: int, seed: int, names: tuple[str, ...]) -> None:
    """Measure the mutation score and list the mutants that survive."""
    areas = [area for area in AREAS if not names or area.name in names]
    with tempfile.TemporaryDirectory(prefix="pass-harness-mutants-") as temporary:
        mutants = [mutants_of(area, Path(temporary)) for area in areas]
        results = sampled(in_turn(mutants, seed), areas, workers, minutes * 60, Path(temporary))
    click.echo("area       killed  tested  mutants")
    for area, all_of_area in zip(areas, mutants, strict=True):
        of_area = [result for result in results if result.mutant.area == area.name]
        killed = sum(not result.survived for result in of_area)
        click.echo(f"{area.name:<10} {killed:6}  {len(of_area):6}  {len(all_of_area):7}")
    killed = sum(not result.survived for result in results)
    share = f"{killed / len(results):.1%}" if results else "no mutant tested"
    timed_out = sum(result.timed_out for result in results)
    click.echo(
        f"score: {share} ({killed} of {len(results)} mutants killed, {timed_out} of them by the time limit, "
        f"sample of {sum(map(len, mutants))})"
    )


if __name__ == "__main__":
    main()
