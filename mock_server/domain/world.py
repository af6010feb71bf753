"""The environment of the state transitions: store, catalogue, identifiers and keys of one space."""

from __future__ import annotations

from dataclasses import dataclass

from pass_harness.mock_server.adobe.device_facts import UNIDENTIFIED, Platform
from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.catalogue import Catalogue, Mvpd
from pass_harness.mock_server.domain.records import INTEGRATIONS
from pass_harness.mock_server.ids import Ids
from pass_harness.mock_server.signing.keys import Keys
from pass_harness.mock_server.store import SpaceStore


@dataclass(frozen=True)
class World:
    """Store, catalogue, identifier generator and keys of one space."""

    store: SpaceStore
    catalogue: Catalogue
    ids: Ids
    keys: Keys

    async def integrated(self, service_provider: str, mvpd: str) -> bool:
        """Return whether the integration exists and is enabled."""
        if mvpd not in self.catalogue.service_providers[service_provider].mvpds or mvpd not in self.catalogue.mvpds:
            return False
        state = await self.store.read(INTEGRATIONS, service_provider, mvpd)
        if state is not None and state.enabled is not None:
            return state.enabled
        return self.catalogue.integration(service_provider, mvpd).enabled

    async def home_based(self, service_provider: str, mvpd: str, platform: Platform = UNIDENTIFIED) -> bool:
        """Return whether home-based authentication is on for an integration and a platform."""
        if mvpd not in self.catalogue.mvpds:
            return False
        state = await self.store.read(INTEGRATIONS, service_provider, mvpd)
        if state is not None and state.home_based_authentication is not None:
            return state.home_based_authentication
        integration = self.catalogue.integration(service_provider, mvpd)
        found = integration.home_based_on(platform.os_name, platform.category)
        return self.catalogue.mvpds[mvpd].home_based_authentication if found is None else found

    async def integration(self, service_provider: str, mvpd: str) -> Mvpd:
        """Return the MVPD of an integration; raise ApiError if the integration does not exist or is disabled."""
        if not await self.integrated(service_provider, mvpd):
            raise ApiError("invalid_integration")
        return self.catalogue.mvpds[mvpd]
