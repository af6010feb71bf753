"""The JSON Schemas of event.toml and slo.toml, generated from the structs that read them.

After a change: ``python tests/packaging/write_schemas.py``.
"""

from __future__ import annotations

from pass_harness.conformance.verbs import VERBS
from pass_harness.load.arrival_curves import CURVES
from pass_harness.load.device_platforms import PLATFORMS
from pass_harness.load.event import ENTRANCES, WORKLOADS, EventFile, Outline, ViewerKind
from pass_harness.load.incidents import KINDS, Incident
from pass_harness.load.slo import SloFile
from pass_harness.mock_server import schemas as of_mock
from pass_harness.mock_server.behaviours.presets import presets
from pass_harness.mock_server.domain import degradation
from pass_harness.mock_server.formats.json_schema import Amendments, Schema, document, fragment

AMENDMENTS: Amendments = {
    **of_mock.AMENDMENTS,
    (EventFile, "devices"): {"propertyNames": {"enum": list(PLATFORMS)}},
    (EventFile, "households"): {"propertyNames": {"pattern": r"^\d{1,3}$"}},
    (Incident, ""): {"oneOf": [{"required": [kind]} for kind in KINDS]},
    (Incident, "degradation"): {"enum": list(degradation.RULES)},
    (Incident, "preset"): {"enum": list(presets())},
    (Outline, "curve"): {"enum": list(CURVES)},
    (Outline, "workload"): {"enum": list(WORKLOADS)},
    (SloFile, "verbs"): {"propertyNames": {"enum": list(VERBS)}},
    (ViewerKind, "entrance"): {"enum": list(ENTRANCES)},
}


def made() -> dict[str, Schema]:
    """Return the schemas by name."""
    return {
        "event": document("A live event for pass-load", fragment(EventFile, AMENDMENTS)),
        "slo": document("Limits of an event for pass-load", fragment(SloFile, AMENDMENTS)),
    }
