"""Activates the incidents of an event on the mock on schedule, and removes their behaviours at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.incidents import Incident
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.formats.durations import encode_hook


async def run_incidents(
    incidents: Sequence[Incident],
    control: ControlClient,
    *,
    begins: float,
    now_s: Callable[[], float],
    announce: Announce,
    moved: Callable[[VerbCall], None] = lambda _: None,
) -> None:
    """Run the incidents of an event that starts at ``begins`` (s, on the clock of ``now_s``).

    Calls ``moved`` after each fail-over to another data centre.
    """

    async def until(seconds: float) -> None:
        await asyncio.sleep(max(0.0, begins + seconds - now_s()))

    async def play(incident: Incident) -> None:
        await until(incident.begins)
        if incident.fail_over:
            moved(await _fail_over(control, now_s))
        if incident.revoke_tokens:
            await control.revoke_access_tokens()
        added: list[str] = []
        try:
            for behaviour in incident.behaviours():
                added.append(await _add(control, behaviour))
            announce(f"{incident.begins:5.0f} s: incident: {incident.name}")
            if incident.ends is None:
                await asyncio.Event().wait()  # until the end of the event cancels this task
            else:
                await until(incident.ends)
        finally:
            for behaviour_id in added:
                await control.remove_behaviour(behaviour_id)
        if incident.lasts is not None:
            announce(f"{incident.begins + incident.lasts.seconds:5.0f} s: over: {incident.name}")

    async with asyncio.TaskGroup() as group:
        for incident in incidents:
            group.create_task(play(incident))


async def _fail_over(control: ControlClient, now_s: Callable[[], float]) -> VerbCall:
    """Fail over to the other data centre and return the move as an observation for the rules."""
    began, before = now_s(), await control.data_centres()
    after = await control.fail_over()
    arguments = {"from": before.active, "to": after.active}
    return VerbCall(
        verb="fail_over", device="", ip="", scenario="incident", started=began, ended=now_s(), arguments=arguments
    )


async def _add(control: ControlClient, behaviour: Behaviour) -> str:
    written = msgspec.to_builtins(behaviour, enc_hook=encode_hook)
    for_ = written.pop("for", None)
    return await control.add_behaviour(written.pop("effect"), written.pop("match", None), for_=for_, **written)
