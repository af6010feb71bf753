"""The code that `make mutants` mutates, by area, with the tests that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOCK = "tests/mock_server/test_"
SUITE = "tests/conformance/test_"


@dataclass(frozen=True)
class Area:
    """Modules and their tests, as paths and patterns below the root of the repository.

    The first tests are those that fail most often: the first failure ends the tests of a mutant.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def module_paths(self, root: Path = ROOT) -> list[str]:
        """Return the modules in the order of the patterns."""
        return _matching(root, self.modules)

    def test_paths(self, root: Path = ROOT) -> list[str]:
        """Return the test files in the order of the patterns."""
        return _matching(root, self.tests)


def _matching(root: Path, patterns: tuple[str, ...]) -> list[str]:
    found = [path.relative_to(root).as_posix() for pattern in patterns for path in sorted(root.glob(pattern))]
    return [path for path in dict.fromkeys(found) if not path.endswith("__init__.py")]


AREAS = (
    Area(
        "throttle",
        ("mock_server/adobe/throttle.py", "mock_server/gateway/throttle_response.py"),
        (f"{MOCK}throttle.py",),
    ),
    Area(
        "tokens",
        (
            "mock_server/signing/access_tokens.py",
            "mock_server/signing/media_tokens.py",
            "mock_server/domain/registration.py",
        ),
        tuple(
            f"{MOCK}{name}.py"
            for name in (
                "access",
                "control",
                "dcr*",
                "flows",
                "keys",
                "odd_input",
                "pure_functions",
                "revocation",
                "signed_tokens",
            )
        ),
    ),
    Area(
        "masking",
        tuple(f"mock_server/journal/{name}.py" for name in ("masking", "known_secrets", "secret_names", "encodings")),
        (f"{MOCK}masking*.py", f"{MOCK}echoes.py", f"{MOCK}pure_functions.py"),
    ),
    Area(
        "store",
        ("mock_server/store/[!r]*.py",),  # that in Redis has slow tests only
        tuple(
            f"{MOCK}{name}.py"
            for name in ("store", "memory_bounds", "sqlite", "lives", "leader", "shared_store", "pure_functions")
        ),
    ),
    Area(
        "gateway",
        ("mock_server/gateway/[!t]*.py",),
        tuple(
            f"{MOCK}{name}.py"
            for name in (
                "behaviour_effects",
                "behaviours",
                "body_faults",
                "control",
                "cors",
                "endpoints",
                "errors",
                "faults",
                "flows",
                "gateway",
                "hostile_requests",
                "odd_input",
                "order_of_checks",
                "parameters",
                "path_tree",
                "public_url",
                "pure_functions",
                "request_paths",
                "single_sign_on",
                "sso_identities",
                "strict",
                "sso_profiles",
                "sso_service",
                "sso_service_errors",
                "truncated_bodies",
                "undocumented",
                "unknown_paths",
            )
        ),
    ),
    Area(
        "rules",
        ("conformance/rules/**/*.py",),
        tuple(
            f"{SUITE}{name}.py"
            for name in (
                "rule_violations",
                "finding_bounds",
                "access_without_login",
                "architectures",
                "compliant_traces",
                "device_attribution",
                "false_positives_*",
                "forwarded_for",
                "kinds",
                "limits",
                "optional_returns",
                "polling*",
                "polls_in_stalls",
                "quiet_periods",
                "recorded_ways",
                "timeless_findings",
                "timing_margins",
                "tokens",
            )
        ),
    ),
)
