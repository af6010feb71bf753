"""HAR 1.2 as JSON Schema, after http://www.softwareishard.com/blog/har-12-spec/. Custom members begin with ``_``."""

from __future__ import annotations

from typing import Any

DATE_TIME = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
SIZE = {"type": "integer", "minimum": -1}
PHASE = {"type": "number", "minimum": -1}
STRING = {"type": "string"}


def part(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {}), "comment": STRING},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


PAIR = part({"name": STRING, "value": STRING})
COOKIE = part(
    {"name": STRING, "value": STRING},
    {
        "path": STRING,
        "domain": STRING,
        "expires": DATE_TIME,
        "httpOnly": {"type": "boolean"},
        "secure": {"type": "boolean"},
    },
)
POST_DATA = {
    **part(
        {"mimeType": STRING},
        {
            "text": STRING,
            "params": listed(
                part({"name": STRING}, {"value": STRING, "fileName": STRING, "contentType": STRING}),
            ),
        },
    ),
    "oneOf": [{"required": ["text"]}, {"required": ["params"]}],
}
MESSAGE = {
    "httpVersion": STRING,
    "cookies": listed(COOKIE),
    "headers": listed(PAIR),
    "headersSize": SIZE,
    "bodySize": SIZE,
}
REQUEST = part(
    {
        "method": {"type": "string", "minLength": 1},
        "url": {"type": "string", "format": "uri"},
        "queryString": listed(PAIR),
        **MESSAGE,
    },
    {"postData": POST_DATA},
)
CONTENT = part(
    {"size": {"type": "integer"}, "mimeType": STRING},
    {"compression": {"type": "integer"}, "text": STRING, "encoding": STRING},
)
RESPONSE = part(
    {"status": {"type": "integer"}, "statusText": STRING, "content": CONTENT, "redirectURL": STRING, **MESSAGE}
)
TIMINGS = part(
    {"send": PHASE, "wait": PHASE, "receive": PHASE},
    {"blocked": PHASE, "dns": PHASE, "connect": PHASE, "ssl": PHASE},
)
ENTRY = part(
    {
        "startedDateTime": DATE_TIME,
        "time": {"type": "number", "minimum": 0},
        "request": REQUEST,
        "response": RESPONSE,
        "cache": part({}, {"beforeRequest": {}, "afterRequest": {}}),
        "timings": TIMINGS,
    },
    {"pageref": STRING, "serverIPAddress": {"type": "string", "minLength": 1}, "connection": STRING},
)
SOFTWARE = part({"name": STRING, "version": STRING})
PAGE = part({"startedDateTime": DATE_TIME, "id": STRING, "title": STRING, "pageTimings": {"type": "object"}})
HAR = part(
    {
        "log": part(
            {"version": {"const": "1.2"}, "creator": SOFTWARE, "entries": listed(ENTRY)},
            {"browser": SOFTWARE, "pages": listed(PAGE)},
        )
    }
)
