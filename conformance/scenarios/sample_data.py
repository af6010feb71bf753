"""TV providers, subscribers and resources that scenarios use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SampleData:
    """TV providers and resources that scenarios use, by their names in the mock's catalogue."""

    mvpd: str = "Cablevision"
    without_logout_page: str = "Dish"
    """A TV provider without a logout page."""
    others: tuple[str, ...] = ("Spectrum", "apassidp")
    """TV providers of which a viewer has profiles too."""
    temporary: str = "TempPass_TEST44"
    promotional: str = "flexibleTempPass"
    """A temporary pass that needs an identity."""
    permitted: str = "resource1"
    denied: str = "resource3"
    """A resource that the default catalogue denies to every subscriber."""
    other_subscriber: str = "kids"
    """A subscriber with fewer rights than the default one."""
    denied_to_other: str = "resource2"
    """A resource that the catalogue denies to `other_subscriber` and permits to the default subscriber."""
    all: tuple[str, ...] = tuple(f"resource{number}" for number in range(1, 9))
    """More resources than one preauthorize request may name."""
