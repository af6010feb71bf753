"""The page of rules and defects says what the matrix is held to."""

from __future__ import annotations

from matrix_page import PAGE, page


def test_the_page_is_in_step() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python tests/matrix/matrix_page.py"
