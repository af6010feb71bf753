"""Steps of `SpaceStore.change` that a store may execute in another way than by calling them."""

from __future__ import annotations

from typing import Any, ClassVar


class NamedStep:
    """A step of `SpaceStore.change` that a store may know by its name, and execute where the record is.

    Steps with the same name and arguments are equal.
    """

    __slots__ = ()
    name: ClassVar[str]

    @property
    def arguments(self) -> tuple[float, ...]:
        raise NotImplementedError

    def result(self, number: int) -> Any:  # noqa: ANN401 (as the step returns)
        """Return the result of the step for that of a store."""
        raise NotImplementedError

    def __call__(self, record: Any, /) -> tuple[Any, Any]:  # noqa: ANN401 (of any table)
        raise NotImplementedError


class Insert:
    """A step of `SpaceStore.change` that adds a record where there is none; it returns whether it did.

    A unit of work takes the place as free without a read, and conflicts if it is not.
    """

    def __init__(self, record: Any) -> None:  # noqa: ANN401 (of any table)
        self.record = record

    def __call__(self, existing: Any, /) -> tuple[Any, bool]:  # noqa: ANN401 (of any table)
        return (self.record, True) if existing is None else (existing, False)
