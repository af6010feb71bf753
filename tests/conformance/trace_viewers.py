"""Viewers of synthetic traces: a device with its address and its facts."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Viewer:
    """A device and its address."""

    device: str = "device-1"
    ip: str = "198.18.0.1"
    model: str = "AppleTV14,1"

    @property
    def facts(self) -> dict[str, str]:
        return {
            "primaryHardwareType": "SetTopBox",
            "model": self.model,
            "version": "1",
            "osName": "tvOS",
            "osVersion": "18.5",
            "connectionType": "LAN",
            "connectionIp": self.ip,
            "connectionPort": "50000",
        }

    @property
    def identifier(self) -> str:
        return "fingerprint " + encode(self.device)

    @property
    def info(self) -> str:
        return encode(json.dumps(self.facts))


VIEWER = Viewer()
OTHER = Viewer("device-2", "198.18.0.2")


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
