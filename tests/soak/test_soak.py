"""A short soak test; docs/reference/stores.md describes a long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.soak import JOURNAL, soak

pytestmark = pytest.mark.slow


def test_a_mock_under_faults_sends_no_500_and_records_every_request(tmp_path: Path) -> None:
    result = soak(6, 0.7, tmp_path)
    assert [*result.failures()] == []
    assert result.sent > 500
    assert 0.02 < result.large / result.sent < 0.1
    assert result.statuses.keys() >= {200, 201, 503}
    assert result.longest_journal <= JOURNAL
