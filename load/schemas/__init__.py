"""The JSON Schemas of what people write for load. The files beside this one are made from here.

After a change: ``python tests/packaging/write_schemas.py``.
"""

from __future__ import annotations

from conformance.verbs import VERBS
from load.curves import CURVES
from load.event import ENTRANCES, WORKLOADS, EventFile, Outline, ViewerKind
from load.incidents import KINDS, Incident
from load.platforms import PLATFORMS
from load.slo import SloFile
from mock_server import schemas as of_mock
from mock_server.domain import degradation
from mock_server.json_schema import Amendments, Schema, document, fragment
from mock_server.presets import presets

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
    """The schemas by name."""
    return {
        "event": document("A live event for pass-load", fragment(EventFile, AMENDMENTS)),
        "slo": document("What has to hold during an event", fragment(SloFile, AMENDMENTS)),
    }
