"""TempPass: access without a login, limited in time and, for a promotional TempPass, in the number of resources.

A trial starts with the first authorize request. It belongs to the device and, for a promotional TempPass, also to the
hash of the viewer's identity; either of them finds the trial (source: TempPass Feature).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pass_harness.mock_server.catalogue import Mvpd, TempPass
from pass_harness.mock_server.domain.records import TRIALS, Trial
from pass_harness.mock_server.domain.world import World

DURATION_EXCEEDED = "temporary_access_duration_limit_exceeded"
RESOURCES_EXCEEDED = "temporary_access_resources_limit_exceeded"
IDENTITY_INVALID = "invalid_header_identity_for_temporary_access"


@dataclass(frozen=True)
class Visitor:
    """User of a TempPass: the value of the device identifier, and the identity of AP-TempPass-Identity."""

    service_provider: str
    device: str
    identity: str | None


async def trial_of(world: World, mvpd: Mvpd, visitor: Visitor) -> Trial | None:
    """Return the active or ended trial of a visitor; return None before the first trial."""
    for item in _items(mvpd, visitor):
        trial = await world.store.read(TRIALS, f"{visitor.service_provider} {mvpd.id}", item)
        if trial is not None:
            return trial
    return None


def refusal(
    mvpd: Mvpd, visitor: Visitor, trial: Trial | None, now_ms: int, resource: str | None = None
) -> str | None:
    """Return the enhanced error code that denies a resource, or any new resource; return None if access is open."""
    temp_pass = _temp_pass(mvpd)
    if temp_pass.resources is not None and not visitor.identity:
        return IDENTITY_INVALID
    if trial is None:
        return None
    if now_ms >= trial.not_after:
        return DURATION_EXCEEDED
    used_up = temp_pass.resources is not None and len(trial.resources) >= temp_pass.resources
    return RESOURCES_EXCEEDED if used_up and (resource is None or resource not in trial.resources) else None


async def use(
    world: World, now_ms: int, mvpd: Mvpd, visitor: Visitor, resource: str
) -> tuple[Trial | None, str | None]:
    """Start or continue a trial with a resource; return the trial and the enhanced error code of a denial."""
    known = await trial_of(world, mvpd, visitor)

    def step(kept: Trial | None) -> tuple[Trial | None, tuple[Trial | None, str | None]]:
        trial = kept or known
        refused = refusal(mvpd, visitor, trial, now_ms, resource)
        if refused is not None:
            return kept, (trial, refused)
        if trial is None:
            trial = Trial(started=now_ms, not_after=now_ms + _temp_pass(mvpd).duration)
        if resource not in trial.resources:
            trial = msgspec.structs.replace(trial, resources=(*trial.resources, resource))
        return trial, (trial, None)

    # The identity first: devices share it, so concurrent first requests of two devices start one trial.
    partition = f"{visitor.service_provider} {mvpd.id}"
    first, *others = [*_items(mvpd, visitor)][::-1]
    trial, refused = await world.store.change(TRIALS, partition, first, step)
    if trial is not None and refused is None:
        for item in others:
            await world.store.write(TRIALS, partition, item, trial)
    return trial, refused


async def reset(world: World, service_provider: str, mvpd: Mvpd, device: str | None) -> None:
    """Delete the trials of a device, or of every device and identity."""
    partition = f"{service_provider} {mvpd.id}"
    if device is None:
        await world.store.delete_partition(TRIALS, partition)
    else:
        await world.store.delete(TRIALS, partition, _device_item(device))


def _temp_pass(mvpd: Mvpd) -> TempPass:
    if mvpd.temp_pass is None:
        raise ValueError(f"{mvpd.id} is not a TempPass")
    return mvpd.temp_pass


def _items(mvpd: Mvpd, visitor: Visitor) -> Iterable[str]:
    yield _device_item(visitor.device)
    if _temp_pass(mvpd).resources is not None and visitor.identity:
        yield "identity " + hashlib.sha256(visitor.identity.encode()).hexdigest()


def _device_item(device: str) -> str:
    return f"device {device}"
