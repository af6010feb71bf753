"""Scenario: a viewer plays a resource in MRSS format with a rating."""

from __future__ import annotations

from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioSkipped
from pass_harness.conformance.scenarios.scenario import Scenario

# An ampersand, quotes, CDATA, a letter beyond ASCII and a line break, which careless handling changes.
DOCUMENT = """<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>resource1</title>
<item><title><![CDATA[Café & "Friends"]]></title><guid>news-1</guid>
<media:rating scheme="urn:v-chip">TV-PG</media:rating></item></channel></rss>"""


class PlayMrss(Scenario):
    id = "play-mrss"
    title = "A viewer plays a resource in MRSS format"
    needs = frozenset({"login", "status", "play"})

    async def play(self, context: ScenarioContext) -> None:
        await context.log_in()
        started_s = context.now_s()
        call = await context.watch(DOCUMENT)
        if call.failure is not None and not (await context.traffic(started_s)).reached("decisions.authorize"):
            await context.do("play", resource=context.sample.permitted)  # a service that plays nothing has failed
            raise ScenarioSkipped(f"the service takes no resource in MRSS format: {call.failure}")
        await context.require_request("decisions.authorize", started_s)
