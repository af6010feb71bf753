"""Runs the compliant example service and every defect of it, each as a process and in a space of one mock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from matrix_expected import COMPLIANT

from conformance import example
from conformance.registry import all_rules
from conformance.reports.model import Report
from conformance.runner import judge_service
from fixtures.programmer_service.defects import DEFECTS

AT_ONCE = 6
"""Services that run at the same time; most of a run is waiting, so two cores carry this many."""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Report]:
    """The report of each judged run, by the name of its defect."""
    folder = tmp_path_factory.mktemp("matrix")
    with example.mock(folder) as mock:
        return asyncio.run(judge_all(folder, mock.url, (COMPLIANT, *DEFECTS)))


async def judge_all(folder: Path, mock_url: str, names: tuple[str, ...]) -> dict[str, Report]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def judge(number: int, name: str) -> Report:
        async with slots:
            space = f"{mock_url}/~{name}"
            service = example.programmer_service(folder, space, () if name == COMPLIANT else (name,))
            await asyncio.to_thread(service.start)
            try:
                return await judge_service(
                    example.service_toml(service.url),
                    space,
                    all_rules(),
                    seed=number,
                    announce=lambda line: None,
                    restarter=service.restart,
                )
            finally:
                await asyncio.to_thread(service.stop)

    found = await asyncio.gather(*(judge(number, name) for number, name in enumerate(names)))
    return dict(zip(names, found, strict=True))
