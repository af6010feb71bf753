"""Values that a device keeps from the answers of its verbs, for the requests of later verbs (``keeps``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

from pass_harness.conformance.drivers.http_verbs import HttpAnswer, VerbError, decoded, excerpt, is_success
from pass_harness.conformance.service_toml.placeholders import KEPT
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import REGISTER, SENT_BY_ITSELF
from pass_harness.mock_server.journal.masking import mask

SHORTEST_SECRET = 4
"""Characters below which a value is not masked: it would occur in texts by chance."""


class KeptValues:
    """The kept values by device. They are secrets: `masked` replaces them in whatever a report may show."""

    def __init__(self, config: ServiceConfig) -> None:
        self._config = config
        self._values: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self._secrets: defaultdict[str, set[str]] = defaultdict(set)
        """All values that were ever at the places of ``keeps``, those of refusals too."""
        self._registered: set[str] = set()
        self._missing: dict[tuple[str, str], VerbError] = {}
        """The reason why a device has no value of a verb, by device and verb."""

    def verbs_before(self, verb: str, device: str) -> tuple[str, ...]:
        """Return the verbs to send before this one: the device is not registered, or lacks a value of theirs."""
        config = self._config
        lacking = self._lacking(verb, device) if verb in config.verbs else frozenset()

        def is_due(earlier: str) -> bool:
            if earlier not in config.verbs:
                return False
            if earlier == REGISTER:
                return device not in self._registered
            return not lacking.isdisjoint(config.verbs[earlier].keeps)

        earlier = SENT_BY_ITSELF[: SENT_BY_ITSELF.index(verb)] if verb in SENT_BY_ITSELF else SENT_BY_ITSELF
        return tuple(filter(is_due, earlier))

    def of(self, verb: str, device: str) -> Mapping[str, Any]:
        """Return the values for a request. Raises `VerbError` where the device lacks one that the request needs."""
        for name in sorted(self._lacking(verb, device)):
            verbs = self._config.verbs
            keepers = [keeper for keeper in SENT_BY_ITSELF if keeper in verbs and name in verbs[keeper].keeps]
            why = next((why for keeper in keepers if (why := self._missing.get((device, keeper))) is not None), None)
            reason = why or f"the verb {' or '.join(keepers)} was not sent for this device"
            sentence = f"{{{KEPT}{name}}} of [verbs.{verb}] in {self._config.path} has no value: {reason}"
            raise VerbError(sentence, why.status if why else None)
        return self._values[device]

    def note_answer(self, verb: str, device: str, answer: HttpAnswer) -> None:
        """Keep the values of a successful answer; one that the answer lacks stays as it was."""
        places = self._config.verbs[verb].keeps
        content = decoded(answer) if places else None
        found = {name: place.find(content, answer.headers) for name, place in places.items()}
        values = {name: value for name, value in found.items() if value not in (None, "")}
        self._secrets[device].update(secret for value in values.values() for secret in _spellings(str(value)))
        if not is_success(self._config, verb, answer.status):
            return
        if verb == REGISTER:
            self._registered.add(device)
        if verb == "logout":
            self._forget_login(device)
        self._values[device].update(values)
        if absent := [name for name in places if name not in self._values[device]]:
            where = " and ".join(f"{name} at {places[name]}" for name in absent)
            shown = excerpt(answer.body, partial(self.masked, device))
            sentence = f"the verb {verb} was answered {answer.status} without {where}: {shown}"
            self._missing[device, verb] = VerbError(sentence, answer.status)
        else:
            self._missing.pop((device, verb), None)

    def note_failure(self, verb: str, device: str, error: VerbError) -> None:
        """Remember why a verb brought no values."""
        if self._config.verbs[verb].keeps:
            self._missing[device, verb] = VerbError(f"the verb {verb}, which keeps it, failed: {error}", error.status)

    def masked(self, device: str, value: Any, shown: str = "") -> Any:  # noqa: ANN401 (any JSON value)
        """Return a JSON value with the device's kept values masked in all its texts, except the value ``shown``."""
        if not self._secrets[device]:
            return value
        if isinstance(value, dict):
            return {name: self.masked(device, member, shown) for name, member in value.items()}
        if isinstance(value, list):
            return [self.masked(device, item, shown) for item in value]
        if isinstance(value, str):
            for secret in self._secrets[device] - {shown}:
                value = value.replace(secret, mask(secret))
        return value

    def _forget_login(self, device: str) -> None:
        """Drop the values of verbs that the viewer caused, as an app does at logout."""
        verbs = self._config.verbs
        lasting = {name for verb in SENT_BY_ITSELF if verb in verbs for name in verbs[verb].keeps}
        self._values[device] = {name: value for name, value in self._values[device].items() if name in lasting}

    def _lacking(self, verb: str, device: str) -> frozenset[str]:
        return self._config.needed_kept[verb] - self._values[device].keys()


def _spellings(secret: str) -> set[str]:
    """Return a secret as it may occur in a text: some JSON encoders escape the slash."""
    return {secret, secret.replace("/", "\\/")} if len(secret) >= SHORTEST_SECRET else set()
