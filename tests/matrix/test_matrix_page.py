"""The page of the matrix is up to date."""

from __future__ import annotations

from matrix_page import PAGE, TABLE, page, table


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python tests/matrix/matrix_page.py"
    assert TABLE.read_text("utf-8") == table(), "run: python tests/matrix/matrix_page.py"
