"""Fifty test processes share one mock, each in its own space, with concurrent resets: spaces stay isolated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.mock_server.test_cli import serving

pytestmark = pytest.mark.slow

USERS = 50
ROUNDS = 4


def test_spaces_of_fifty_processes_are_isolated() -> None:
    script = str(Path(__file__).with_name("space_client.py"))
    with serving("--no-rules") as (address, _):
        port = address.rpartition(":")[2]
        users = [
            subprocess.Popen(
                [sys.executable, "-S", script, port, f"user-{number}", str(ROUNDS)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(1, USERS + 1)
        ]
        said = [user.communicate(timeout=300)[1] for user in users]
        assert [(user.returncode, words) for user, words in zip(users, said, strict=True)] == [(0, "")] * USERS
        spaces = httpx.get(f"{address}/_mock/spaces", trust_env=False).json()["spaces"]
        assert sorted(spaces) == sorted(["default", *(f"user-{number}" for number in range(1, USERS + 1))])
