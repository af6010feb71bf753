"""The JSON Schemas of what people write for the mock. The files beside this one are made from here.

After a change: ``python tests/packaging/write_schemas.py``.
"""

from __future__ import annotations

from mock_server.behaviours import Behaviour
from mock_server.domain import degradation
from mock_server.effects import Denial, Effect
from mock_server.errors import DCR_ERRORS, ENHANCED_ERRORS
from mock_server.json_schema import EXACTLY_ONE, Amendments, Schema, document, fragment
from mock_server.latency import Distribution
from mock_server.presets import PresetCall, presets
from mock_server.settings import ConfigFile
from mock_server.throttle import Limit

AMENDMENTS: Amendments = {
    (Behaviour, "after"): {"minimum": 0},
    (Behaviour, "probability"): {"minimum": 0, "maximum": 1},
    (Behaviour, "times"): {"minimum": 1},
    (Denial, "code"): {"enum": sorted(ENHANCED_ERRORS)},
    (Distribution, ""): EXACTLY_ONE,
    (Effect, ""): EXACTLY_ONE,
    (Effect, "degradation"): {"enum": list(degradation.RULES)},
    (Effect, "error"): {"enum": sorted({*ENHANCED_ERRORS, *DCR_ERRORS})},
    (Effect, "status"): {"minimum": 400, "maximum": 599},
    (Limit, "burst"): {"minimum": 0, "maximum": 1_000_000},
    (Limit, "rate"): {"exclusiveMinimum": 0, "maximum": 1_000_000},
    (PresetCall, "preset"): {"enum": list(presets())},
}


def made() -> dict[str, Schema]:
    """The schemas by name."""
    behaviour = {"anyOf": [fragment(Behaviour, AMENDMENTS), fragment(PresetCall, AMENDMENTS)]}
    amendments = {**AMENDMENTS, (ConfigFile, "behaviours"): {"items": behaviour}}
    return {
        "behaviour": document("A behaviour of pass-mock, as POST /_mock/behaviours takes it", behaviour),
        "mock": document("Configuration of pass-mock", fragment(ConfigFile, amendments)),
    }
