"""Scenario: the SSO Service refuses a service token of a device once; later ones expire."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.scenario import Scenario

LIFETIME_S = 8
"""Lifetime of the service tokens."""
PAST_EXPIRY_S = 4.0
"""Longer than the margin of the rule on expired service tokens."""
EXPIRIES = 2
WITHOUT_SSO = "the service does not use the SSO Service"
"""Note of a run that ends early."""


class ServiceToken(Scenario):
    id = "service-token"
    title = "A service token of the SSO Service is refused, and others expire"
    needs = frozenset({"start", "login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        started_s = context.now_s()
        await context.behave({"ttl": {"service_token": f"{LIFETIME_S}s"}}, endpoint="sso.*")
        await context.log_in()
        await context.watch(context.sample.permitted)
        if not (await context.traffic(started_s)).reached("sso.token"):
            context.notes.append(WITHOUT_SSO)
            return
        # Whichever of the calls with a service token comes first; a refresh of the token gets a new one.
        await context.behave({"error": "header_invalid"}, times=1, endpoint="sso.li*")
        await context.do("start")
        await context.watch(context.sample.permitted)
        for _ in range(EXPIRIES):
            await context.seconds(LIFETIME_S + PAST_EXPIRY_S)
            await context.do("start")
            await context.watch(context.sample.permitted)
        await context.do_if_mapped("logout")
