"""Declarations of a Python or command driver: the values that it sends, the returns that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pass_harness.conformance.drivers.return_values import InvalidReturn
from pass_harness.conformance.facilities import mapped_returns
from pass_harness.conformance.service_toml.service_config import Service
from pass_harness.conformance.verbs import VERBS
from pass_harness.mock_server.formats.toml_file import nearest

SENDABLE = ("temppass_identity", "visitor_identifier", "provider_on_phone")
"""Values that a driver may send: the first two with every verb, for rules that look for them in requests of the
service; the last, the TV provider that the viewer chose on the second screen, with enter_code."""


@dataclass(frozen=True, kw_only=True)
class Declarations:
    """The declarations of a driver; each is optional."""

    sends: frozenset[str] = frozenset()
    """Those of `SENDABLE` that the driver sends to the service."""
    returns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Returns that the driver reads from the service's answers, by verb. One that it leaves out is None then."""

    def facilities(self, service: Service, verbs: frozenset[str]) -> frozenset[str]:
        """Return the facilities that a driver with these verbs gives a run."""
        given = {
            "attributes": "status" in verbs and "attributes" in self.returns.get("status", {"attributes"}),
            "hidden_mvpds": bool(service.hidden_mvpds),
        }
        read = mapped_returns({verb: self.returns.get(verb, VERBS[verb].returns) for verb in verbs if verb in VERBS})
        return read | self.sends | {name for name, there in given.items() if there}


def declarations_of(sends: object, returns: object) -> Declarations:
    """Return the declarations of a driver; None is no declaration. Raises `InvalidReturn` for an unknown name."""
    if returns is not None and not isinstance(returns, Mapping):
        raise InvalidReturn(f'returns must name the returns of verbs, like {{"play": ["allowed"]}}, not {returns!r}')
    return Declarations(
        sends=_names("sends", sends, SENDABLE),
        returns={verb: _of_verb(verb, names) for verb, names in (returns or {}).items()},
    )


def _of_verb(verb: Any, names: object) -> frozenset[str]:  # noqa: ANN401 (of user code)
    if verb not in VERBS:
        raise InvalidReturn(f'returns: there is no verb "{verb}"; {nearest(str(verb), VERBS)}')
    return _names(f"returns of {verb}", names, VERBS[verb].returns)


def _names(where: str, names: object, known: Iterable[str]) -> frozenset[str]:
    if names is None:
        return frozenset()
    if isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable):
        raise InvalidReturn(f"{where} must be a list of names, not {names!r}")
    for name in names:
        if name not in known:
            remedy = nearest(str(name), known) if known else "the verb returns nothing"
            raise InvalidReturn(f'{where}: there is no "{name}"; {remedy}')
    return frozenset(names)
