"""Writes the JSON Schemas of the files that users write: `python tests/packaging/write_schemas.py`."""

from __future__ import annotations

from pathlib import Path

from pass_harness.conformance import schemas as of_conformance
from pass_harness.load import schemas as of_load
from pass_harness.mock_server import schemas as of_mock
from pass_harness.mock_server.formats.json_schema import encoded

ROOT = Path(__file__).parent.parent.parent
MADE = {
    ROOT / folder / "schemas" / f"{name}.schema.json": encoded(schema)
    for folder, made in (("mock_server", of_mock.made), ("conformance", of_conformance.made), ("load", of_load.made))
    for name, schema in made().items()
}
"""Contents of each file."""

if __name__ == "__main__":
    for path, text in MADE.items():
        path.write_bytes(text)
