"""JSON Schemas of the mock's configuration file and behaviours; the source of the JSON files in this folder.

After a change, run ``python tests/packaging/write_schemas.py``.
"""

from __future__ import annotations

from pass_harness.mock_server.adobe.device_facts import OS_NAMES
from pass_harness.mock_server.adobe.error_codes import ALL_CODES
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS
from pass_harness.mock_server.behaviours.effects import Denial, Effect
from pass_harness.mock_server.behaviours.latency import Distribution
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.behaviours.presets import PresetCall, presets
from pass_harness.mock_server.catalogue import Integration
from pass_harness.mock_server.config.settings import ConfigFile
from pass_harness.mock_server.domain.degradation import RULES, Degradation
from pass_harness.mock_server.formats.json_schema import EXACTLY_ONE, Amendments, Schema, document, fragment

_RULE = {"enum": list(RULES)}

_OS_NAME = {"propertyNames": {"enum": sorted(filter(None, OS_NAMES))}}

AMENDMENTS: Amendments = {
    (Degradation, "rule"): _RULE,
    (Denial, "code"): {"enum": sorted(ENHANCED_ERRORS)},
    (Distribution, ""): EXACTLY_ONE,
    (Effect, ""): EXACTLY_ONE,
    (Effect, "degradation"): {"anyOf": [_RULE, fragment(Degradation, {(Degradation, "rule"): _RULE})]},
    (Effect, "error"): {"enum": sorted(ALL_CODES)},
    (Integration, "decision_by_platform"): _OS_NAME,
    (Integration, "home_based_by_platform"): _OS_NAME,
    (Integration, "profile_by_platform"): _OS_NAME,
    (PresetCall, "preset"): {"enum": list(presets())},
}


def made() -> dict[str, Schema]:
    """Return the schemas by name."""
    behaviour = {"anyOf": [fragment(Behaviour, AMENDMENTS), fragment(PresetCall, AMENDMENTS)]}
    amendments = {**AMENDMENTS, (ConfigFile, "behaviours"): {"items": behaviour}}
    return {
        "behaviour": document("Behaviour of pass-mock, the body of POST /_mock/behaviours", behaviour),
        "mock": document("Configuration of pass-mock", fragment(ConfigFile, amendments)),
    }
