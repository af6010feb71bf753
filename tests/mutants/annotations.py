"""Annotations of functions and of their variables: Python does not evaluate them, so their mutants change nothing."""

from __future__ import annotations

import ast
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Annotations:
    """The annotations of a module that have no effect; those of classes are evaluated by msgspec."""

    def __init__(self, module: Path) -> None:
        functions = [node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, FUNCTIONS)]
        inner = [node for function in functions for node in ast.walk(function)]
        found = [node.annotation for node in inner if isinstance(node, ast.arg | ast.AnnAssign)]
        found += [node.returns for node in inner if isinstance(node, FUNCTIONS)]
        self._spans = [
            ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
            for node in found
            if node is not None
        ]

    def __contains__(self, position: tuple[int, int]) -> bool:
        """Return whether a position (line from 1, column from 0) is in such an annotation."""
        return any(begins <= position < ends for begins, ends in self._spans)
