"""The dependencies: audited, licensed, and locked with hashes."""

from __future__ import annotations

import json

from vulnerabilities import verdict

from docs.tooling import licences

CLEAN = {"name": "click", "version": "8.5.1", "vulns": []}
FLAWED = {"name": "jinja2", "version": "3.1.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3.1.6"]}]}
UNKNOWN = {"name": "msgspec", "skip_reason": "Dependency not found"}


def audited(*dependencies: object) -> tuple[int, str]:
    code, words = verdict(json.dumps({"dependencies": dependencies, "fixes": []}).encode(), "")
    return code, "\n".join(words)


def test_a_vulnerability_fails_and_names_the_remedy() -> None:
    code, words = audited(CLEAN, FLAWED, UNKNOWN)
    assert code == 1
    assert "jinja2 3.1.0: PYSEC-2026-1, mended in 3.1.6" in words
    assert "vulnerabilities: 1 in 2 packages; 1 are unknown to the service" in words


def test_no_vulnerability_passes() -> None:
    assert audited(CLEAN) == (0, "vulnerabilities: 0 in 1 packages")


def test_unaudited_dependencies_are_reported() -> None:
    """An unreachable advisory service and one without data are reported as not audited."""
    code, words = verdict(b"", "Traceback\nConnectionError: no route to host")
    assert code == 0
    assert words == [
        "vulnerabilities: NOT AUDITED, for pip-audit could ask nobody: ConnectionError: no route to host"
    ]
    assert audited(UNKNOWN)[1].startswith("vulnerabilities: NOT AUDITED")


def test_every_dependency_of_users_is_on_the_page_of_licences() -> None:
    page = licences.PAGE.read_text("utf-8")
    missing = [name for name in licences.installed_with("all") if f"| {name} |" not in page]
    assert missing == [], "write the page anew: make reference"
    assert "UNKNOWN" not in page
    assert "| msgspec |  | BSD-3-Clause |" in page
    assert "| locust | `load` | MIT |" in page
