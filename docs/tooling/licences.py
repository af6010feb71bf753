"""Generator of the page of licences, from the metadata of installed packages: ``python -m docs.tooling.licences``."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pass_harness.mock_server.optional_dependencies import EXTRAS

PAGE = Path(__file__).parents[1] / "reference" / "licences.md"
PROJECT = "pass-harness"
_LONGEST = 60
_HEAD = """# Licences of dependencies

Pass Harness has the Apache License 2.0. The table lists its direct and indirect dependencies on CPython and Linux:
the [extra](installation.md) that installs them (empty: always installed), and the licence that their metadata
states. [requirements/dev.txt](../../requirements/dev.txt) has the versions that the tests use, with the digests of
their files. `make lint` checks them for known vulnerabilities, and `make sbom` writes them as a software bill of
materials (SBOM) in CycloneDX.

The package flask-swagger-ui contains Swagger UI, which has the Apache License 2.0. The clients for Go, Java and
TypeScript in `clients/` have the licence of Pass Harness; that for Java uses Jackson (Apache License 2.0), and that
for TypeScript openapi-fetch (MIT).

| package | extra | licence |
|---|---|---|
"""


def page() -> str:
    """Return the page in Markdown."""
    first: dict[str, str] = dict.fromkeys(installed_with(), "")
    for extra in ("proxy", "conformance", "load", "otel", "redis", "swagger"):
        for name in installed_with(extra):
            first.setdefault(name, f"`{extra}`")
    assert set(EXTRAS) <= {extra.strip("`") for extra in first.values()}  # noqa: S101 - the loop must list every extra
    return _HEAD + "".join(f"| {name} | {first[name]} | {licence(name)} |\n" for name in sorted(first))


def installed_with(extra: str = "") -> set[str]:
    """Return the names of all dependencies of the project, or of one of its extras: direct and indirect ones."""
    found: set[tuple[str, str]] = set()
    waiting = [(PROJECT, extra)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in found:
            continue
        found.add((name, wanted))
        for requirement in map(Requirement, _requires(name)):
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                inner = canonicalize_name(requirement.name)
                waiting.extend((inner, each) for each in ("", *requirement.extras))
    return {name for name, _ in found if name != PROJECT}


def licence(name: str) -> str:
    """Return the licence of a package: License-Expression, a short License, or the classifiers."""
    metadata = distribution(name).metadata
    text = next((metadata[field] for field in ("License-Expression", "License") if field in metadata), "")
    if text and "\n" not in text and len(text) <= _LONGEST:
        return text
    classifiers = [line for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    return ", ".join(line.rpartition(" :: ")[2] for line in classifiers) or "UNKNOWN"


def _requires(name: str) -> list[str]:
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stderr.write(f"{PAGE.name}\n")
