"""The tables of the benchmark on the pages are outputs of `pass-load bench`, with the machine above them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from snippets import PAGES, ROOT

from pass_harness.load.bench import machine, ratios, store_comparison
from pass_harness.load.bench.ratios import Measured

CALLS = "profiles.code | decisions.preauthorize | decisions.authorize | dcr.token | sessions.create"
HEADINGS = (
    f"| {' | '.join(ratios.COLUMNS)} |",
    f"| server | journal | {CALLS} |",
)
MACHINE = "".join(
    rf"- {line}\n"
    for line in (
        r"Processor: .+, \d+ cores",
        r"Memory: \d+\.\d GiB, .+",
        r"System: .+ \d.*, uvicorn [\d.]+",
        r"Measured: 20\d\d-\d\d-\d\d, load average \d+\.\d at the start",
        r"Command: `pass-load bench( .+)?`",
    )
)


def without_machine(text: str) -> Iterator[str]:
    """Yield the heading of each table of the benchmark that has no description of a machine above it."""
    for heading in HEADINGS:
        for found in re.finditer(rf"^{re.escape(heading)}$", text, re.MULTILINE):
            if not re.search(rf"^{MACHINE}\n\Z", text[: found.start()], re.MULTILINE):
                yield heading


@pytest.mark.parametrize("page", [page for page in PAGES if "pass-load bench" in page.read_text("utf-8")], ids=str)
def test_every_table_of_the_benchmark_names_its_machine(page: object) -> None:
    assert [*without_machine((ROOT / str(page)).read_text("utf-8"))] == []


def test_the_output_of_the_command_names_its_machine() -> None:
    figures = dict.fromkeys(("plain", "mock", "ratio", "by_cost", "to_stock", "starlette", "limit", "of_limit"), 1.0)
    table = ratios.table_of([[Measured(name="profiles.code", busy=1, **figures)]])
    output = f"{machine.describe('pass-load bench --runs 3')}\n\n{table}\n"
    assert [*without_machine(output)] == []
    for line in output.splitlines()[:5]:
        assert [*without_machine(output.replace(f"{line}\n", ""))] == [HEADINGS[0]]


def test_the_table_of_workers_has_the_columns_of_the_command() -> None:
    page = (ROOT / "docs" / "explanation" / "scale.md").read_text("utf-8")
    rows = re.findall(r"^\| (setup|redis, .+?) \| (.+) \|$", page, re.MULTILINE)
    rate = store_comparison.Rate(per_second=1, cores=1, redis_cores=1)
    setups = [store_comparison.Setup("redis://127.0.0.1/0", workers) for workers in (1, 2)]
    measured = {setup.name: dict.fromkeys(CALLS.split(" | "), rate) for setup in setups}
    heading, _, *printed = store_comparison.table_of(measured).splitlines()
    assert f"| setup | {dict(rows)['setup']} |".count("|") == heading.count("|")
    assert heading in page
    assert [row.split("|")[1].strip() for row in printed] == [name for name, _ in rows if name.startswith("redis")]
