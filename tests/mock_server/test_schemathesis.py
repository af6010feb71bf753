"""Schemathesis with our own OpenAPI documents: generated requests to a real mock, single and in linked sequences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.openapi.document import document as openapi_document
from pass_harness.mock_server.routes import CONTROL_CALLS, ENDPOINTS
from tests.mock_server.conftest import device_headers
from tests.mock_server.test_cli import serving

pytestmark = pytest.mark.slow

load_all_checks()
NOT_OURS = {
    # Adobe Pass accepts more than its documents show, and so does the mock.
    "negative_data_rejection",
    "missing_required_header",
    # A well-formed request may name a code, an MVPD or a statement that does not exist.
    "positive_data_acceptance",
}
EXCLUDED = [CHECKS.get_one(name) for name in sorted(NOT_OURS)]

BOUNDED = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def mock_url() -> Iterator[str]:
    with serving("--no-throttle", "--seed", "5") as (address, _):
        yield address


@pytest.fixture(scope="module")
def credentials(mock_url: str) -> dict[str, str]:
    """Return the headers of a registered client with a token, for a device."""
    statement = httpx.get(f"{mock_url}/_mock/software-statement", trust_env=False).text
    client = httpx.post(
        f"{mock_url}/o/client/register", json={"software_statement": statement}, trust_env=False
    ).json()
    form = {name: client[name] for name in ("client_id", "client_secret")}
    token = httpx.post(
        f"{mock_url}/o/client/token", data={**form, "grant_type": "client_credentials"}, trust_env=False
    ).json()
    return {"Authorization": f"Bearer {token['access_token']}", **device_headers()}


NOT_OF_CONTROL = {
    # A well-formed call may name a session, a behaviour or a space that does not exist.
    "positive_data_acceptance",
}
EXCLUDED_OF_CONTROL = [CHECKS.get_one(name) for name in sorted(NOT_OF_CONTROL)]
control_schema = schemathesis.openapi.from_dict(
    control_document([(method, path) for method, path, _ in CONTROL_CALLS if path != "/events"])  # it has no end
)
# A path of the control API with another method is an unknown path, on which behaviours act too.
control_schema.config.phases.coverage.unexpected_methods = set()

schema = schemathesis.openapi.from_dict(openapi_document(ENDPOINTS))


@schema.parametrize()
@BOUNDED
def test_generated_requests_are_answered_as_documented(
    case: schemathesis.Case, mock_url: str, credentials: dict[str, str]
) -> None:
    case.call_and_validate(base_url=mock_url, headers=credentials, excluded_checks=EXCLUDED)


def test_linked_requests_are_answered_as_documented(mock_url: str, credentials: dict[str, str]) -> None:
    class Linked(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"headers": credentials, "base_url": mock_url}

        def validate_response(self, response: schemathesis.Response, case: schemathesis.Case, **rest: object) -> None:
            case.validate_response(response, excluded_checks=EXCLUDED)

    Linked.run(
        settings=settings(
            max_examples=25,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
    )


@pytest.fixture(scope="module")
def control_url() -> Iterator[str]:
    with serving("--no-throttle", "--data-centres", "2") as (address, _):
        yield f"{address}/~fuzzed"


@control_schema.parametrize()
@BOUNDED
def test_generated_control_calls_are_answered_as_documented(case: schemathesis.Case, control_url: str) -> None:
    case.call_and_validate(base_url=control_url, excluded_checks=EXCLUDED_OF_CONTROL)
