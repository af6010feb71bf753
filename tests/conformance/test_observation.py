"""Properties of verbs that tell a broken service from one that refuses."""

from __future__ import annotations

import pytest

from pass_harness.conformance.observation import VerbCall


@pytest.mark.parametrize(
    ("status", "broke"),
    [(None, False), (0, True), (200, False), (404, False), (500, True), (503, True)],
)
def test_a_service_breaks_without_an_answer_and_with_a_5xx(status: int | None, *, broke: bool) -> None:
    call = VerbCall(
        verb="login", device="tv", ip="198.51.100.1", scenario="", started=0.0, ended=1.0, status=status, failure="x"
    )
    assert call.broke is broke
