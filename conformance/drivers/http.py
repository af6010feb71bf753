"""The driver that service.toml describes: every verb is one HTTP call with placeholders and JSONPath returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from conformance.drivers.driver import Request
from conformance.drivers.placeholders import Values, fill, fill_text, fill_url
from conformance.drivers.restart import Restarter
from conformance.observation import VerbCall
from conformance.service_config import ServiceConfig, VerbMapping
from conformance.verbs import RESTART, STATES, VERBS
from fixtures.devices import Device
from mock_server.masking import mask

EVIDENCE_CHARACTERS = 300


class VerbError(Exception):
    """The verb failed; the message becomes `VerbCall.failure`."""


class HttpDriver:
    """Asks the service as the app on a device would, over real connections.

    ``now`` gives seconds on the mock's monotonic clock, so that verbs and exchanges share one scale.
    """

    def __init__(
        self,
        config: ServiceConfig,
        *,
        now: Callable[[], float],
        restarter: Restarter | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config = config
        self._now = now
        self._restarter = restarter
        self._http = httpx.AsyncClient(
            base_url=config.service.base_url,
            timeout=config.service.timeout,
            transport=transport,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )

    @property
    def available(self) -> frozenset[str]:
        return frozenset(self._config.verbs) | ({RESTART} if self._restarter else frozenset())

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, request: Request) -> VerbCall:
        if request.verb == RESTART:
            return await self._restart(request.scenario)
        mapping = self._config.verbs[request.verb]
        started = self._now()
        returns: dict[str, Any] = {}
        failure = None
        try:
            answer = await self._send(mapping, self._values(request))
            returns = self._returns(request.verb, mapping, answer)
        except VerbError as error:
            failure = str(error)
        return VerbCall(
            verb=request.verb,
            device=request.device.id,
            ip=request.device.ip,
            scenario=request.scenario,
            started=started,
            ended=self._now(),
            arguments=dict(request.arguments),
            returns=returns,
            failure=failure,
        )

    async def _restart(self, scenario: str) -> VerbCall:
        started = self._now()
        failure = await self._restarter() if self._restarter else "nothing says how to restart the service"
        return VerbCall(
            verb=RESTART, device="", ip="", scenario=scenario, started=started, ended=self._now(), failure=failure
        )

    def _values(self, request: Request) -> Values:
        return {
            "service_provider": self._config.service.service_provider,
            **request.context,
            **request.arguments,
            **_device_values(request.device),
        }

    async def _send(self, mapping: VerbMapping, values: Values) -> httpx.Response:
        headers = {**self._config.service.headers, **mapping.headers}
        try:
            answer = await self._http.request(
                mapping.method,
                fill_url(mapping.target, values),
                headers={name: fill_text(value, values) for name, value in headers.items()},
                json=fill(mapping.json, values),
                data={name: fill_text(value, values) for name, value in (mapping.form or {}).items()} or None,
            )
        except httpx.TimeoutException as error:
            raise VerbError(f"no answer within {self._config.service.timeout:g} s") from error
        except httpx.HTTPError as error:
            raise VerbError(f"no answer: {error or type(error).__name__}") from error
        if not answer.is_success and answer.status_code not in mapping.accept:
            raise VerbError(f"the service answered {answer.status_code}: {_excerpt(answer)}")
        return answer

    def _returns(self, verb: str, mapping: VerbMapping, answer: httpx.Response) -> dict[str, Any]:
        if not mapping.returns:
            return {}
        try:
            body = msgspec.json.decode(answer.content) if answer.content else None
        except msgspec.DecodeError as error:
            raise VerbError(f"the answer is not JSON: {_excerpt(answer)}") from error
        found: dict[str, Any] = {}
        for name, path in mapping.returns.items():
            values = path.findall(body) if isinstance(body, dict | list) else []
            if name in VERBS[verb].lists:
                # "$.ids" finds one list, "$.ids[*]" and "$.items[*].id" find its items.
                nested = len(values) == 1 and isinstance(values[0], list)
                found[name] = values[0] if nested else values
            elif values:
                found[name] = values[0]
        if "state" in found:
            found["state"] = self._state(found["state"])
        if found.get("media_token"):
            found["media_token"] = mask(str(found["media_token"]))
        self._require(verb, mapping, found, answer)
        return found

    def _state(self, value: object) -> str:
        word = self._config.states.word(value)
        if word is None:
            example = f"{STATES[0]} = [{msgspec.json.encode(value).decode()}]"
            raise VerbError(f'[states] does not map the state "{value}"; add it there, like {example}')
        return word

    def _require(self, verb: str, mapping: VerbMapping, found: dict[str, Any], answer: httpx.Response) -> None:
        if answer.status_code in mapping.accept:
            return  # an accepted error need not carry what a success does
        if verb == "login" and found.get("state") == "authenticated":
            return  # nobody needs a code who is logged in already
        for name in sorted(VERBS[verb].required - VERBS[verb].lists):
            if found.get(name) is None:
                raise VerbError(f"the answer has no {name} at {mapping.returns[name]}: {_excerpt(answer)}")


def _device_values(device: Device) -> dict[str, Any]:
    return {
        "device.id": device.id,
        "device.ip": device.ip,
        "device.port": device.port,
        "device.info": device.info,
        "device.model": device.model.model,
        "device.os_name": device.model.os_name,
        "device.os_version": device.model.os_version,
        "device.user_agent": device.model.user_agent,
    }


def _excerpt(answer: httpx.Response) -> str:
    text = " ".join(answer.text.split())
    return text[:EVIDENCE_CHARACTERS] + ("…" if len(text) > EVIDENCE_CHARACTERS else "") if text else "an empty body"
