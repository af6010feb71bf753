"""Synthetic traces: observations of a Programmer Service, built with the words of the domain."""

# ruff: noqa: ANN401 - fields of an exchange and returns of a verb are passed by name

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import VIEWER, Viewer

EPOCH_MS = 1_760_000_000_000
STATEMENT = mask("a software statement")
SERVICE_PROVIDER = "REF30"
MVPD = "Cablevision"
OF_THE_SERVICE = frozenset({"restart", "fail_over", "repoint"})
ANSWER = 0.005
"""Time that the mock takes to answer, in seconds."""


def _described(viewer: Viewer | None) -> dict[str, str | None]:
    return {"x-device-info": viewer.info} if viewer else {}


def error(code: str, action: str = "none", status: int = 403, message: str = "No.") -> dict[str, Any]:
    return {"action": action, "status": status, "code": code, "message": message}


@dataclass
class Trace:
    """A trace under construction. ``now_s`` is in seconds; each exchange and verb advances it a little."""

    now: float = 100.0
    lag_ms: float = 0.0
    space: str = "default"
    token_value: str | None = None
    client: str | None = None
    observations: list[Observation] = field(default_factory=list)
    codes: dict[str, Viewer] = field(default_factory=dict)
    first_id: int = 1
    takes: float = ANSWER
    ahead: float = 0.0
    """Total advance of the mock's clock, in seconds."""

    def wait(self, seconds: float) -> Trace:
        self.now += seconds
        return self

    def ms(self, seconds_from_now: float = 0.0) -> int:
        return EPOCH_MS + round((self.now + self.ahead + seconds_from_now) * 1000)

    def exchange(
        self,
        endpoint: str,
        path: str,
        *,
        method: str = "GET",
        status: int = 200,
        viewer: Viewer | None = VIEWER,
        headers: Mapping[str, str | None] | None = None,
        query: str = "",
        body: str = "",
        answer: object = None,
        **fields: Any,
    ) -> Exchange:
        """Add one exchange as a compliant service would make it; a header with the value None is left out."""
        sent: dict[str, str | None] = {"user-agent": "test", "accept": "application/json"}
        if viewer:
            sent |= {"x-forwarded-for": viewer.ip}
        if self.token_value and not endpoint.startswith("dcr.") and endpoint != "authenticate":
            sent["authorization"] = f"Bearer {self.token_value}"
        sent |= headers or {}
        made = Exchange(
            **{
                "id": self.first_id + len(self.observations),
                "space": self.space,
                "at": self.ms(),
                "wall": self.now,
                "duration_ms": self.takes * 1000,
                "lag_ms": self.lag_ms,
                "endpoint": endpoint,
                "method": method,
                "path": path,
                "query": query,
                "request_headers": {name: value for name, value in sent.items() if value is not None},
                "request_body": body,
                "status": status,
                "response_headers": {},
                "response_body": answer if isinstance(answer, str) else json.dumps(answer or {}),
                "peer": "127.0.0.1:50000",
                "connection": "c1",
                "ip": viewer.ip if viewer else "127.0.0.1",
                "device": viewer.device if viewer else None,
                **fields,
            }
        )
        self.observations.append(made)
        self.now += self.takes
        return made

    # Registration

    def register(self, client: str = "client-1", *, status: int = 201, viewer: Viewer | None = None) -> Exchange:
        self.client = client
        return self.exchange(
            "dcr.register", "/o/client/register", method="POST", status=status, viewer=viewer, device=None,
            headers={"content-type": "application/json", **_described(viewer)},
            body=json.dumps({"software_statement": STATEMENT}),
            answer={"client_id": client, "client_secret": mask(client)},
        )  # fmt: skip

    def token(
        self,
        value: str = "t1",
        *,
        life: float = 21600,
        client: str | None = None,
        error: str | None = None,
        viewer: Viewer | None = None,
    ) -> Exchange:
        """Request a token for the call of a viewer, or for no device."""
        client = client or self.client or "client-1"
        if error is None:
            self.token_value = mask(value)
        sent = {"grant_type": "client_credentials", "client_id": client, "client_secret": mask(client)}
        granted = {"access_token": mask(value), "created_at": self.ms(), "expires_in": life}
        return self.exchange(
            "dcr.token", "/o/client/token", method="POST", viewer=viewer, device=None, client_id=client,
            status=201 if error is None else 400,
            headers={"content-type": "application/x-www-form-urlencoded", **_described(viewer)},
            body=urlencode(sent), answer=granted if error is None else {"error": error},
        )  # fmt: skip

    def start(self, life: float = 21600) -> Trace:
        """Register, and request a token."""
        self.register()
        self.token(life=life)
        return self

    # REST API V2

    def for_device(self, viewer: Viewer) -> dict[str, str | None]:
        return {"ap-device-identifier": viewer.identifier, "x-device-info": viewer.info}

    def call(
        self,
        endpoint: str,
        path: str,
        viewer: Viewer = VIEWER,
        *,
        headers: Mapping[str, str | None] | None = None,
        **more: Any,
    ) -> Exchange:
        """Make a call for a device, with the headers that describe it."""
        more.setdefault("mvpd", None)
        return self.exchange(
            endpoint, f"/api/v2/{SERVICE_PROVIDER}/{path}", viewer=viewer,
            headers={**self.for_device(viewer), **(headers or {})}, service_provider=SERVICE_PROVIDER, **more,
        )  # fmt: skip

    def configuration(self, viewer: Viewer = VIEWER, *, mvpds: Iterable[str] = (), **more: Any) -> Exchange:
        more.setdefault("answer", {"requestor": {"mvpds": [{"id": mvpd} for mvpd in mvpds]}})
        return self.call("configuration", "configuration", viewer, **more)

    def profile(self, life: float = 86400.0, *mvpds: str, attributes: object = None) -> dict[str, Any]:
        """Return the profiles of an answer by MVPD."""
        told = {"attributes": attributes} if attributes else {}
        life_of = {"notBefore": self.ms(), "notAfter": self.ms(life)}
        return {mvpd: {"mvpd": mvpd, **life_of, "type": "regular", **told} for mvpd in mvpds or (MVPD,)}

    def profiles(
        self,
        viewer: Viewer = VIEWER,
        *,
        mvpd: str | None = None,
        found: bool = False,
        life: float = 86400.0,
        **more: Any,
    ) -> Exchange:
        answer = {"profiles": self.profile(life) if found else {}}
        path = f"profiles/{mvpd}" if mvpd else "profiles"
        more.setdefault("answer", answer)
        return self.call("profiles.mvpd" if mvpd else "profiles", path, viewer, mvpd=mvpd, **more)

    def session(
        self,
        code: str = "AAAAAAA",
        viewer: Viewer = VIEWER,
        *,
        life: float = 1800.0,
        missing: Iterable[str] = (),
        authorize: bool = False,
        sent: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Exchange:
        self.codes[code] = viewer
        given = {"mvpd": MVPD, "domainName": "adobe.com", "redirectUrl": "https://adobe.com/"}
        given = {name: value for name, value in given.items() if name not in set(missing)}
        answer: dict[str, Any] = {"actionName": "authenticate", "code": code, "notAfter": str(self.ms(life))}
        if missing:
            answer |= {"actionName": "resume", "missingParameters": list(missing)}
        if authorize:
            answer = {"actionName": "authorize", "reasonType": "authenticated"}
        answer = more.pop("answer", answer)
        headers = {"content-type": "application/x-www-form-urlencoded", **more.pop("headers", {})}
        more.setdefault("mvpd", MVPD)
        return self.call(
            "sessions.create", "sessions", viewer, method="POST", body=urlencode(sent or given),
            headers=headers, code=code if "notAfter" in answer else None, answer=answer, **more,
        )  # fmt: skip

    def resume(self, code: str = "AAAAAAA", viewer: Viewer = VIEWER, **more: Any) -> Exchange:
        more.setdefault("answer", {"actionName": "authenticate", "code": code})
        more.setdefault("body", urlencode({"mvpd": MVPD}))
        return self.exchange(
            "sessions.resume", f"/api/v2/{SERVICE_PROVIDER}/sessions/{code}", method="POST", viewer=viewer, code=code,
            headers={"content-type": "application/x-www-form-urlencoded"},
            service_provider=SERVICE_PROVIDER, mvpd=MVPD, **more,
        )  # fmt: skip

    def look_up(self, code: str = "AAAAAAA", viewer: Viewer = VIEWER, **more: Any) -> Exchange:
        return self.exchange(
            "sessions.retrieve", f"/api/v2/{SERVICE_PROVIDER}/sessions/{code}", viewer=viewer, code=code,
            service_provider=SERVICE_PROVIDER, **more,
        )  # fmt: skip

    def authenticate(self, code: str = "AAAAAAA") -> Exchange:
        return self.exchange(
            "authenticate", f"/api/v2/authenticate/{SERVICE_PROVIDER}/{code}", status=302, code=code,
            service_provider=SERVICE_PROVIDER,
        )  # fmt: skip

    def poll(
        self, code: str = "AAAAAAA", *, found: bool = False, status: int = 200, life: float = 86400.0, **more: Any
    ) -> Exchange:
        viewer = self.codes.get(code, VIEWER)
        answer: object = {"profiles": self.profile(life) if found else {}}
        if status >= 400:
            answer = error("invalid_authentication_session", status=status) if status == 400 else "<html>"
        more.setdefault("answer", answer)
        return self.exchange(
            "profiles.code", f"/api/v2/{SERVICE_PROVIDER}/profiles/code/{code}", viewer=viewer, code=code,
            status=status, service_provider=SERVICE_PROVIDER, **more,
        )  # fmt: skip

    def log_in(self, viewer: Viewer = VIEWER, code: str = "AAAAAAA", life: float = 86400.0) -> Exchange:
        """Log in on a second screen with three polls."""
        self.session(code, viewer)
        for _ in range(2):
            self.wait(3.5)
            self.poll(code)
        self.wait(3.5)
        return self.poll(code, found=True, life=life)

    def preauthorize(
        self,
        resources: Iterable[str] = ("a", "b"),
        viewer: Viewer = VIEWER,
        *,
        denied: Iterable[str] = (),
        action: str = "none",
        **more: Any,
    ) -> Exchange:
        return self._decide("preauthorize", list(resources), viewer, set(denied), action, **more)

    def authorize(
        self,
        resource: str = "a",
        viewer: Viewer = VIEWER,
        *,
        action: str | None = None,
        media: str = "m1",
        **more: Any,
    ) -> Exchange:
        """Authorize a resource: a permit with the media token ``media``, or a denial with the error's ``action``."""
        denied = {resource} if action else set()
        return self._decide("authorize", [resource], viewer, denied, action or "none", media=media, **more)

    def _decide(
        self, kind: str, resources: list[str], viewer: Viewer, denied: set[str], action: str, *,
        media: str | None = None, token_life: float = 420.0, **more: Any,
    ) -> Exchange:  # fmt: skip
        decisions: list[dict[str, Any]] = []
        for resource in resources:
            decision: dict[str, Any] = {"resource": resource, "authorized": resource not in denied}
            if resource in denied:
                code = {"retry": "network_connection_timeout", "authentication": "authenticated_profile_missing"}
                decision["error"] = error(code.get(action, f"{kind.removesuffix('e')}ation_denied_by_mvpd"), action)
            elif media:
                decision["token"] = {"serializedToken": mask(media), "notAfter": self.ms(token_life)}
            decisions.append(decision)
        more.setdefault("answer", {"decisions": decisions})
        headers = {"content-type": "application/json", **more.pop("headers", {})}
        more.setdefault("mvpd", MVPD)
        more.setdefault("path", f"decisions/{kind}/{more['mvpd']}")
        more.setdefault("body", json.dumps({"resources": resources}))
        return self.call(f"decisions.{kind}", more.pop("path"), viewer, method="POST", headers=headers, **more)

    def logout(
        self,
        viewer: Viewer = VIEWER,
        *,
        name: str = "logout",
        url: str | None = "https://mvpd.example/out",
        mvpd: str = MVPD,
        **more: Any,
    ) -> Exchange:
        action: dict[str, Any] = {"actionName": name, "actionType": "interactive" if url else "none", "mvpd": mvpd}
        if url:
            action["url"] = url
        more.setdefault("query", urlencode({"redirectUrl": "https://adobe.com/"}))
        more.setdefault("answer", {"logouts": {mvpd: action}})
        return self.call("logout", f"logout/{mvpd}", viewer, mvpd=mvpd, **more)

    # Verbs

    @contextmanager
    def verb(
        self,
        verb: str,
        viewer: Viewer = VIEWER,
        *,
        failure: str | None = None,
        status: int | None = None,
        visitor: str = "",
        arranged: Mapping[str, str] | None = None,
        lacks: tuple[str, ...] = (),
        **arguments: Any,
    ) -> Iterator[dict[str, Any]]:
        """The block holds the service's work for this verb; fill in what the verb returns."""
        started, returns = self.now, {}  # type: float, dict[str, Any]
        self.now += 0.02
        yield returns
        self.now += 0.02
        self.observations.append(
            VerbCall(
                verb=verb, device="" if verb in OF_THE_SERVICE else viewer.device, ip=viewer.ip, scenario="test",
                started=started, ended=self.now, arguments=arguments, returns=returns, facts=viewer.facts,
                failure=failure, status=(503 if failure else 200) if status is None else status,
                visitor=visitor, arranged=dict(arranged or {}), lacks=lacks,
            )
        )  # fmt: skip

    def outage(self, seconds: float, *, calls_each_second: float, viewers: int = 3) -> Trace:
        """Add calls of several viewers, all answered with 503."""
        for number in range(round(seconds * calls_each_second)):
            self.profiles(Viewer(f"device-{number % viewers}", f"198.18.0.{number % viewers + 1}"), status=503)
            self.wait(1 / calls_each_second - self.takes)
        return self

    def ask(
        self, verb: str, viewer: Viewer = VIEWER, *, returns: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """Add a verb that causes no call to Adobe Pass."""
        with self.verb(verb, viewer, **more) as given:
            given.update(returns or {})
