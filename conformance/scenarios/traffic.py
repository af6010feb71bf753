"""The requests that reached the mock, as scenarios describe them where an expected request did not come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pass_harness.conformance.observation import VerbCall
from pass_harness.fixtures.devices import Device
from pass_harness.mock_server.exchange import Exchange

SHOWN = 6
"""Groups of like requests, at most, that a note lists."""


@dataclass(frozen=True)
class Traffic:
    """The requests of one device, and those that belong to no device of the run."""

    device: Device
    own: Sequence[Exchange]
    """Requests with the identifier, the address or a code of the device."""
    unattributed: Sequence[Exchange]

    def reached(self, endpoint: str) -> bool:
        """Return whether a request for the endpoint (glob) came, even one that belongs to no device of the run."""
        return any(fnmatchcase(exchange.endpoint, endpoint) for exchange in (*self.own, *self.unattributed))

    def describe(self) -> str:
        """Return both lists, and the fault of X-Forwarded-For if the requests show one."""
        return "; ".join(
            (
                f"requests of this device meanwhile: {_listed(self.own)}",
                f"requests that belong to no device of this run: {_listed(self.unattributed)}",
                *self._wrong_address(),
            )
        )

    def _wrong_address(self) -> Iterable[str]:
        addresses = sorted({exchange.ip for exchange in self.own if exchange.ip != self.device.ip})
        if addresses:
            yield (
                f"requests of this device carry the address {', '.join(addresses)}: send the device's own, "
                f"{self.device.ip}, first in X-Forwarded-For"
            )
        elif not self.own and self.unattributed:
            yield (
                f"if the latter are this device's, send its address {self.device.ip} first in X-Forwarded-For and "
                "its identifier in AP-Device-Identifier"
            )


def attribute(
    exchanges: Iterable[Exchange], device: Device, codes: frozenset[str], known: Iterable[Device]
) -> Traffic:
    """Return the requests of a device and the unattributed ones; ``known`` are all devices of the run."""
    others = [one for one in known if one != device]
    addresses = {one.ip for one in others}
    identifiers = {one.id for one in others}
    own, unattributed = [], []
    for exchange in exchanges:
        if exchange.device == device.id or exchange.code in codes:
            own.append(exchange)
        elif exchange.device in identifiers:
            continue
        elif exchange.ip == device.ip:
            own.append(exchange)
        elif exchange.ip not in addresses:
            unattributed.append(exchange)
    return Traffic(device, own, unattributed)


def last_answer(calls: Sequence[VerbCall], device: Device) -> str:
    """Return the service's latest answer to a verb of the device."""
    call = next((call for call in reversed(calls) if call.device == device.id), None)
    if call is None:
        return "the device sent no verb"
    if call.failure is not None:
        return f"the last verb, {call.verb}, failed: {call.failure}"
    returns = ", ".join(f"{name} {_brief(value)}" for name, value in call.returns.items()) or "no value"
    return f"the last verb, {call.verb}, returned {returns}"


def _listed(exchanges: Sequence[Exchange]) -> str:
    groups = Counter(
        f"{exchange.endpoint} {exchange.status or 'without a response'} from {exchange.ip}"
        + (f" with device {exchange.device}" if exchange.device else "")
        for exchange in exchanges
    )
    shown = [f"{group} ({count} times)" if count > 1 else group for group, count in groups.most_common(SHOWN)]
    return ", ".join((*shown, f"{len(groups) - SHOWN} others") if len(groups) > SHOWN else shown) or "none"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
