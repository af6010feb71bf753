"""TempPass: access without a login, limited in time and, for a promotional TempPass, in the number of resources.

A trial starts with the first authorize request. Its keys are the device and, for a promotional TempPass, the hash of
the viewer's identity. A request with a known key continues the trial of that key, which its other key then joins. If
its two keys have different trials, both count: their resources and their earlier end (source: TempPass Feature).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pass_harness.mock_server.catalogue import Mvpd, TempPass
from pass_harness.mock_server.domain.records import TRIAL_KEYS, TRIALS, Trial, TrialKey
from pass_harness.mock_server.domain.world import World

DURATION_EXCEEDED = "temporary_access_duration_limit_exceeded"
RESOURCES_EXCEEDED = "temporary_access_resources_limit_exceeded"
IDENTITY_INVALID = "invalid_header_identity_for_temporary_access"


@dataclass(frozen=True)
class Visitor:
    """User of a TempPass: the decoded device identifier, and the identity hash of AP-TempPass-Identity."""

    service_provider: str
    device: str
    identity: str | None


async def trial_of(world: World, mvpd: Mvpd, visitor: Visitor) -> Trial | None:
    """Return the active or ended trial of a visitor; return None before the first trial."""
    partition = _trials(visitor.service_provider, mvpd)
    trials: list[Trial] = []
    for id_ in await _known(world, mvpd, visitor):
        trial = await world.store.read(TRIALS, partition, id_)
        trials += [trial] if trial is not None else []
    return _joint(trials)


def refusal(mvpd: Mvpd, visitor: Visitor, trial: Trial | None, now_ms: int) -> str | None:
    """Return the enhanced error code that denies any new resource; return None if access is open."""
    return _invalid(mvpd, visitor) or exhausted(mvpd, trial, now_ms)


def exhausted(mvpd: Mvpd, trial: Trial | None, now_ms: int, resource: str | None = None) -> str | None:
    """Return the enhanced error code if a trial permits a resource, or any new one, no longer; else None."""
    temp_pass = _temp_pass(mvpd)
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
    trial = await trial_of(world, mvpd, visitor)
    refused = _invalid(mvpd, visitor) or exhausted(mvpd, trial, now_ms, resource)
    if refused is not None:
        return trial, refused
    used = []
    for id_ in await _claimed(world, mvpd, visitor):
        # Concurrent requests may have used the trial up since.
        trial, refused = await _use(world, now_ms, mvpd, _trials(visitor.service_provider, mvpd), id_, resource)
        if refused is not None:
            return trial, refused
        used.append(trial)
    return _joint(used), None


async def reset_devices(world: World, service_provider: str, mvpd: Mvpd, device: str | None) -> None:
    """Give a device, or every device, a new trial; an identity keeps its trial, on every device."""
    devices, trials = _device_keys(service_provider, mvpd), _trials(service_provider, mvpd)
    belongs_to_device = _temp_pass(mvpd).resources is None
    if device is None:
        await world.store.delete_partition(TRIAL_KEYS, devices)
        if belongs_to_device:
            await world.store.delete_partition(TRIALS, trials)
        return
    known = await world.store.read(TRIAL_KEYS, devices, device)
    await world.store.delete(TRIAL_KEYS, devices, device)
    if known is not None and belongs_to_device:
        await world.store.delete(TRIALS, trials, known.trial)


async def reset_identities(world: World, service_provider: str, mvpd: Mvpd, identity: str | None) -> None:
    """Give an identity, or every identity, a new trial; a device keeps its trial, for every identity."""
    identities = _identity_keys(service_provider, mvpd)
    if identity is None:
        await world.store.delete_partition(TRIAL_KEYS, identities)
    else:
        await world.store.delete(TRIAL_KEYS, identities, _digest(identity))


async def _use(
    world: World, now_ms: int, mvpd: Mvpd, partition: str, id_: str, resource: str
) -> tuple[Trial, str | None]:
    def step(trial: Trial | None) -> tuple[Trial, tuple[Trial, str | None]]:
        if trial is None:
            trial = Trial(started=now_ms, not_after=now_ms + _temp_pass(mvpd).duration)
        refused = exhausted(mvpd, trial, now_ms, resource)
        if refused is None and resource not in trial.resources:
            trial = msgspec.structs.replace(trial, resources=(*trial.resources, resource))
        return trial, (trial, refused)

    return await world.store.change(TRIALS, partition, id_, step)


async def _known(world: World, mvpd: Mvpd, visitor: Visitor) -> Sequence[str]:
    """Return the ids of the trials of a visitor's keys, each once."""
    ids: dict[str, None] = {}
    for partition, item in _keys(mvpd, visitor):
        key = await world.store.read(TRIAL_KEYS, partition, item)
        if key is not None:
            ids[key.trial] = None
    return [*ids]


async def _claimed(world: World, mvpd: Mvpd, visitor: Visitor) -> Sequence[str]:
    """Return the ids of the trials of a visitor's keys; a key without one joins that of the other, or a new one."""
    known = await _known(world, mvpd, visitor)
    ids = [known[0] if known else world.ids.uuid()]
    for partition, item in _keys(mvpd, visitor):
        ids.append(await _claim(world, partition, item, TrialKey(ids[-1])))
    return [*dict.fromkeys(ids[1:])]


async def _claim(world: World, partition: str, item: str, joined: TrialKey) -> str:
    """Return the id of the trial of a key, which is the ``joined`` one if it has none yet."""

    def step(key: TrialKey | None) -> tuple[TrialKey, str]:
        return (key or joined), (key or joined).trial

    return await world.store.change(TRIAL_KEYS, partition, item, step)


def _joint(trials: Sequence[Trial]) -> Trial | None:
    """Return trials as one: the first start and end, and all resources."""
    if not trials:
        return None
    return Trial(
        started=min(trial.started for trial in trials),
        not_after=min(trial.not_after for trial in trials),
        resources=tuple(dict.fromkeys(resource for trial in trials for resource in trial.resources)),
    )


def _invalid(mvpd: Mvpd, visitor: Visitor) -> str | None:
    return IDENTITY_INVALID if _temp_pass(mvpd).resources is not None and not visitor.identity else None


def _temp_pass(mvpd: Mvpd) -> TempPass:
    if mvpd.temp_pass is None:
        raise ValueError(f"{mvpd.id} is not a TempPass")
    return mvpd.temp_pass


def _trials(service_provider: str, mvpd: Mvpd) -> str:
    return f"{service_provider} {mvpd.id}"


def _keys(mvpd: Mvpd, visitor: Visitor) -> Sequence[tuple[str, str]]:
    """Return partition and item of each key of a visitor."""
    device = (_device_keys(visitor.service_provider, mvpd), visitor.device)
    if _temp_pass(mvpd).resources is None or not visitor.identity:
        return [device]
    return [device, (_identity_keys(visitor.service_provider, mvpd), _digest(visitor.identity))]


def _device_keys(service_provider: str, mvpd: Mvpd) -> str:
    return f"{service_provider} {mvpd.id} device"


def _identity_keys(service_provider: str, mvpd: Mvpd) -> str:
    return f"{service_provider} {mvpd.id} identity"


def _digest(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
