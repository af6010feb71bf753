"""Where pass-load starts (see `conformance.entry`)."""

from __future__ import annotations

from conformance.entry import start


def main() -> None:
    start("pass-load", extra="load", module="load.cli")
