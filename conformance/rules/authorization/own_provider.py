"""Decisions are requested for the viewer's own TV provider."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_ANSWERS, answer, errors, profiles
from pass_harness.conformance.facts.logins import is_temporary, needs_no_login
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

Viewer = tuple[str | None, str]
"""Service provider and best name of the device."""


class OwnProvider(Rule):
    card = Card(
        id="authorization.own-provider",
        title="The service requests decisions for the viewer's own TV provider",
        grade=Grade.MUST,
        requirement="The service keeps the TV provider that the viewer selected and uses it in all later phases. It "
        "does not request decisions for a TV provider of which the device never had a profile, while it has one of "
        "another. Temporary and degraded access need no profile.",
        breaks="The viewer is logged in and is refused everything, because Adobe Pass knows no profile of that "
        "provider.",
        remedy="Store the mvpd of the profile with the device, and use it in the path of decisions.",
        kinds=("provider-without-profile",),
        citations=(citations.CHECKLIST_PROVIDER_SELECTION, citations.API_AUTHORIZE),
        needs=frozenset({"login", "play"}),
    )
    compares_times = False
    watches = DECISIONS | PROFILE_ANSWERS | {"sessions.create"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._providers: Bounded[Viewer, dict[str, int]] = Bounded()
        """MVPDs whose profile or access the device has had, with the exchange that brought it."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint in DECISIONS:
            return self._asked(self._providers.get(self._viewer(seen)), seen)
        granted = _granted(seen) if seen.endpoint in PROFILE_ANSWERS else _authorized(seen)
        if granted:
            viewer = self._viewer(seen)
            self._providers.put(viewer, (self._providers.get(viewer) or {}) | dict.fromkeys(granted, seen.id))
        return NOTHING

    def _viewer(self, seen: Exchange) -> Viewer:
        return seen.service_provider, seen.device or self.facts.devices.names(seen)[0]

    def _asked(self, providers: dict[str, int] | None, seen: Exchange) -> Iterable[Outcome]:
        if not providers or seen.mvpd is None:
            return NOTHING
        if seen.mvpd in providers:
            return ONE_HELD
        if not any(error.get("code") == "authenticated_profile_missing" for error in errors(seen)):
            return NOTHING  # temporary or degraded access, or a profile that single sign-on brought
        known = ", ".join(providers)
        return [
            Broken(
                kind="provider-without-profile",
                subject=seen.endpoint,
                exchanges=(next(reversed(providers.values())), seen.id),
                device=seen.device,
                expected=f"decisions for {known}, of which the device has a profile",
                observed=f"a request for {seen.mvpd}, of which it never had one",
            )
        ]


def _granted(seen: Exchange) -> tuple[str, ...]:
    """Return the MVPDs of profiles; a TempPass is used beside the viewer's own TV provider."""
    return tuple(mvpd for mvpd, profile in profiles(seen).items() if not is_temporary(profile))


def _authorized(session: Exchange) -> tuple[str, ...]:
    temporary = answer(session).get("reasonType") == "temporary"
    return (session.mvpd,) if needs_no_login(session) and session.mvpd and not temporary else ()
