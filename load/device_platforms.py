"""The devices of an audience: which kinds there are, and how those of one kind differ."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pass_harness.fixtures.devices import MODELS, Model

if TYPE_CHECKING:
    from faker import Faker

PLATFORMS: dict[str, Model] = dict(
    zip(
        ("apple-tv", "roku", "fire-tv", "lg-tv", "android-tv", "xbox", "iphone", "android-phone"), MODELS, strict=True
    )
)
"""By the names that [devices] of event.toml uses."""


def varied(model: Model, fake: Faker) -> Model:
    """The model with another version of its operating system, as devices of one kind have them."""
    parts = re.split(r"(?<=\d)\.(?=\d)", model.os_version)
    # The first number is the generation, which the model's other facts go with.
    version = ".".join((parts[0], *(fake.numerify("%" if len(part) == 1 else "%#") for part in parts[1:])))
    user_agent = model.user_agent.replace(model.os_version, version)
    user_agent = user_agent.replace("_".join(parts), version.replace(".", "_"))
    return replace(model, os_version=version, user_agent=user_agent)
