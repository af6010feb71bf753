"""Scenario: Adobe Pass revokes the service's access token."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError
from pass_harness.conformance.scenarios.scenario import Scenario


class TokenRejected(Scenario):
    id = "token-rejected"
    title = "Adobe Pass rejects the access token"
    needs = frozenset({"login", "status", "play"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        await context.log_in()

    async def play(self, context: ScenarioContext) -> None:
        await context.control.revoke_access_tokens()
        started_s = context.now_s()
        await context.watch(context.sample.permitted)
        await require_rejection(context, started_s)
        await context.watch(context.sample.permitted)


async def require_rejection(context: ScenarioContext, since_s: float) -> None:
    """Raise `ScenarioError` unless the service has used a revoked token since a time on the mock's clock."""
    if not any(exchange.wall >= since_s for exchange in await context.exchanges(status="401")):
        raise ScenarioError(
            "no request used the revoked access token, so nothing shows how the service handles a 401: "
            f"{(await context.traffic(since_s)).describe()}"
        )
