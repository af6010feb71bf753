"""The software bill of materials, and the check of a release."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from docs.tooling import licences, release, sbom


@pytest.mark.slow
def test_the_sbom_lists_exactly_the_locked_runtime_dependencies(tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - only this test needs it
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    file = tmp_path / "dist" / "pass-harness.cdx.json"
    sbom.write(file)
    text = file.read_text("utf-8")
    content = json.loads(text)

    assert JsonStrictValidator(SchemaVersion.from_version(content["specVersion"])).validate_str(text) is None
    assert all(content[name] for name in ("bomFormat", "serialNumber", "specVersion")), "actions/attest reads them"
    listed = {canonicalize_name(part["name"]): part["version"] for part in content["components"]}
    locked = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", sbom.LOCK.read_text("utf-8"), re.MULTILINE))
    assert set(listed) == licences.installed_with("all")
    assert set(listed.items()) <= locked
    assert all(part["licenses"] for part in content["components"])
    assert "UNKNOWN" not in text
    root = content["metadata"]["component"]
    assert (root["name"], root["licenses"][0]["license"]["id"]) == ("pass-harness", "Apache-2.0")
    direct = next(each["dependsOn"] for each in content["dependencies"] if each["ref"] == root["bom-ref"])
    assert any(ref.startswith("msgspec==") for ref in direct)
    assert str(tmp_path) not in text


def checkout(folder: Path, version: str, heading: str) -> Path:
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n', "utf-8")
    (folder / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n", "utf-8")
    return folder


def test_a_release_needs_its_tag_and_its_heading_in_the_changelog(tmp_path: Path) -> None:
    assert release.obstacles("v1.2.3", checkout(tmp_path, "1.2.3", "## [1.2.3] - 2027-01-31")) == []
    assert release.obstacles("v1.2.3", checkout(tmp_path, "1.2.4", "## [Unreleased]")) == [
        "pyproject.toml: the version is 1.2.4, but the tag is v1.2.3; name the tag v1.2.4",
        'CHANGELOG.md: no heading "## [1.2.4] - YYYY-MM-DD"; rename [Unreleased]',
    ]
