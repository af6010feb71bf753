"""The entry point of `pass-load` (see `pass_harness.conformance.entry`)."""

from __future__ import annotations

from pass_harness.conformance.entry import start


def main() -> None:
    start("pass-load", extra="load", module="pass_harness.load.cli")
