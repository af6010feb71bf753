"""The reference pages of files document every key."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from snippets import ROOT

from pass_harness.conformance.evaluation import waivers
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.placeholders import PLACEHOLDERS
from pass_harness.conformance.verbs import RESTART, VERBS
from pass_harness.load import event, incidents, slo
from pass_harness.load.arrival_curves import CURVES

PAGES = ROOT / "docs" / "reference"


@pytest.mark.parametrize(
    ("page", "struct"),
    [
        ("service-toml.md", service_config.Service),
        ("service-toml.md", service_config.Mock),
        ("event-toml.md", event.Outline),
        ("event-toml.md", event.Stage),
        ("event-toml.md", event.ViewerKind),
        ("event-toml.md", incidents.Incident),
        ("slo-toml.md", slo.Limits),
        ("waivers.md", waivers.Waiver),
        ("waivers.md", waivers.Match),
    ],
)
def test_every_key_of_a_file_is_documented(page: str, struct: type[msgspec.Struct]) -> None:
    assert undocumented(page, struct.__struct_encode_fields__) == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("service-toml.md", [verb for verb in VERBS if verb != RESTART]),
        ("service-toml.md", [f"{{{name}}}" for name in PLACEHOLDERS]),
        ("event-toml.md", event.ENTRANCES),
        ("event-toml.md", CURVES),
    ],
)
def test_every_name_is_documented(page: str, names: Iterable[str]) -> None:
    assert undocumented(page, names) == []


def undocumented(page: str, names: Iterable[str]) -> list[str]:
    text = (PAGES / page).read_text("utf-8")
    return [name for name in names if f"`{name}`" not in text and f".{name}`" not in text]
