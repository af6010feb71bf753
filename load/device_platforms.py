"""The kinds of devices of an audience, and the variation within a kind."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pass_harness.fixtures.devices import MODELS, Model

if TYPE_CHECKING:
    from faker import Faker

PLATFORMS: dict[str, Model] = dict(
    zip(
        ("apple-tv", "roku", "fire-tv", "lg-tv", "android-tv", "xbox", "iphone", "android-phone"), MODELS, strict=True
    )
)
"""Device models, by their names in [devices] of event.toml."""


@cache
def _parts(os_version: str) -> list[str]:
    return re.split(r"(?<=\d)\.(?=\d)", os_version)


def with_random_os_version(model: Model, fake: Faker) -> Model:
    """Return the model with a random minor version of its operating system, also in its User-Agent."""
    parts = _parts(model.os_version)
    # The major version stays: it must fit the other facts of the model.
    version = ".".join((parts[0], *(fake.numerify("%" if len(part) == 1 else "%#") for part in parts[1:])))
    user_agent = model.user_agent.replace(model.os_version, version)
    user_agent = user_agent.replace("_".join(parts), version.replace(".", "_"))
    return replace(model, os_version=version, user_agent=user_agent)
