"""The ledger: every requirement of Adobe's documents in our words, with the rules that check it or why none does."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from pass_harness.conformance.requirements.citations import Citation, named

FILES = (
    "checklist-mandatory.toml",
    "checklist-recommended.toml",
    "cookbook.toml",
    "registration.toml",
    "throttling.toml",
    "other-pages.toml",
)


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One requirement. Either ``rules`` names the rules that check it, or ``untested`` gives the reason for none.

    The rules of a requirement that holds in any situation need no ``scenarios``.
    """

    says: str
    citation: str
    """Name of a constant in `pass_harness.conformance.requirements.citations`."""
    grade: str = ""
    """MUST, SHOULD or OWN; empty for the grade of the file."""
    rules: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    """Ids of scenarios that bring about the requirement's situation; each rule has opportunities in one of them."""
    untested: str = ""

    @property
    def source(self) -> Citation:
        return named()[self.citation]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    grade: str
    """Grade of the requirements that name none."""
    requirement: list[Requirement]


@cache
def requirements() -> tuple[Requirement, ...]:
    """Return the whole ledger, in the order of the documents."""
    folder = resources.files("pass_harness.conformance") / "requirements"
    files = (msgspec.toml.decode((folder / name).read_text(), type=_File) for name in FILES)
    return tuple(
        msgspec.structs.replace(requirement, grade=requirement.grade or file.grade)
        for file in files
        for requirement in file.requirement
    )
