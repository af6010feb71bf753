"""Positions of keys in a TOML text, from tree-sitter; tomllib has values only."""

from __future__ import annotations

from collections.abc import Iterator

Place = tuple[str | int, ...]
Position = tuple[int, int]
"""Line and column, both from 1; a column counts characters."""


def position_of(text: str, place: Place) -> Position | None:
    """Return the position of a key such as ``("behaviours", 1, "effect", "status")``.

    For a missing key, return the position of the nearest table above it. Return None if there is none, or if the keys
    are nested too deeply to parse.
    """
    best: tuple[int, Position] | None = None
    try:
        for candidate, position in _keys(text):
            depth = len(candidate)
            if candidate == place[:depth] and (best is None or depth > best[0]):
                best = (depth, position)
    except RecursionError:
        return None
    return best[1] if best else None


def _keys(text: str) -> Iterator[tuple[Place, Position]]:
    # Needed for errors only, so a valid configuration does not wait for the parser.
    import tree_sitter_toml  # noqa: PLC0415
    from tree_sitter import Language, Node, Parser  # noqa: PLC0415

    lines = text.encode().split(b"\n")

    def position(node: Node) -> Position:
        # The parser counts bytes.
        row, column = node.start_point.row, node.start_point.column
        return row + 1, len(lines[row][:column].decode("utf-8", "replace")) + 1

    def key(node: Node) -> tuple[str, ...]:
        if node.type == "dotted_key":
            return tuple(part for child in node.named_children for part in key(child))
        word = (node.text or b"").decode()
        return (word.strip("\"'"),)

    def pairs(node: Node, base: Place) -> Iterator[tuple[Place, Position]]:
        for child in node.named_children:
            if child.type == "pair":
                name, value = child.named_children[0], child.named_children[-1]
                place = (*base, *key(name))
                yield place, position(child)
                if value.type == "inline_table":
                    yield from pairs(value, place)
                elif value.type == "array":
                    for index, item in enumerate(c for c in value.named_children if c.type != "comment"):
                        yield (*place, index), position(item)
                        yield from pairs(item, (*place, index))

    root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
    yield from pairs(root, ())
    counts: dict[tuple[str, ...], int] = {}
    for node in root.named_children:
        if node.type not in {"table", "table_array_element"}:
            continue
        name = key(node.named_children[0])
        place: Place = name
        if node.type == "table_array_element":
            counts[name] = counts.get(name, -1) + 1
            place = (*name, counts[name])
        elif (array := next((a for a in counts if name[: len(a)] == a), None)) is not None:
            place = (*array, counts[array], *name[len(array) :])
        yield place, position(node)
        yield from pairs(node, place)
