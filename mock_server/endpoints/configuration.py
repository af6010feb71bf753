"""The MVPDs of a service provider (source: Retrieve configuration for specific service provider)."""

from __future__ import annotations

from starlette.responses import Response

from pass_harness.mock_server.adobe.models import ConfigurationAnswer, DomainName, MvpdEntry, Requestor
from pass_harness.mock_server.gateway.call import Call, JsonResponse


async def retrieve(call: Call) -> Response:
    world, requestor = call.space.world, call.requestor
    facts = call.device_facts("primaryHardwareType", "osName")
    mvpds = [world.catalogue.mvpds[id_] for id_ in requestor.mvpds if await world.integrated(requestor.id, id_)]
    answer = ConfigurationAnswer(
        device=str(facts.get("primaryHardwareType", "unknown")),
        client_type="html5",
        os=str(facts.get("osName", "Unknown")),
        requestor=Requestor(
            id=requestor.id,
            name=requestor.name,
            domains=tuple(DomainName(name=domain) for domain in requestor.domains),
            mvpds=tuple(
                MvpdEntry.of(mvpd, world.catalogue.platform_flags(requestor.id, mvpd.id, call.platform))
                for mvpd in mvpds
            ),
        ),
    )
    return JsonResponse(answer)
