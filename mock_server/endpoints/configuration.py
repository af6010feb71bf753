"""The MVPDs of a service provider (source: Retrieve configuration for specific service provider)."""

from __future__ import annotations

from starlette.responses import Response

from pass_harness.mock_server.adobe.models import ConfigurationAnswer, DomainName, MvpdEntry, Requestor
from pass_harness.mock_server.gateway.call import Call, JsonResponse


async def retrieve(call: Call) -> Response:
    world, requestor = call.space.world, call.requestor
    info = call.device_info or {}
    mvpds = [world.catalogue.mvpds[id_] for id_ in requestor.mvpds if await world.integrated(requestor.id, id_)]
    answer = ConfigurationAnswer(
        device=str(info.get("primaryHardwareType", "unknown")),
        client_type="html5",
        os=str(info.get("osName", "Unknown")),
        requestor=Requestor(
            id=requestor.id,
            name=requestor.name,
            domains=tuple(DomainName(name=domain) for domain in requestor.domains),
            mvpds=tuple(MvpdEntry.of(mvpd) for mvpd in mvpds),
        ),
    )
    return JsonResponse(answer)
