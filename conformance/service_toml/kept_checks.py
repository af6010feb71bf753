"""Kept values (``keeps`` in service.toml): which of them a request needs, and which it can rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pass_harness.conformance.service_toml.placeholders import KEPT, used_kept
from pass_harness.conformance.service_toml.verb_mapping import VerbMapping, common_headers
from pass_harness.conformance.verbs import REGISTER, SENT_BY_ITSELF
from pass_harness.mock_server.formats.bounds import Keys
from pass_harness.mock_server.formats.toml_file import TomlFile, nearest


def needed(headers: Mapping[str, str], name: str, verb: VerbMapping) -> set[str]:
    """Return the kept values without which the request of a verb cannot be sent.

    A header of ``headers``, those of all verbs, is left out of the verbs that come before its value: ``register``,
    and the verb that keeps the value.
    """
    strict = {kept for _, template in _own_templates(verb) for kept, needs in used_kept(template) if needs}
    if name != REGISTER:
        common = list(common_headers(headers, verb).values())
        strict |= {kept for kept, needs in used_kept(common) if needs} - verb.keeps.keys()
    return strict


def check_kept(file: TomlFile, headers: Mapping[str, str], verbs: Mapping[str, VerbMapping]) -> None:
    """Check the placeholders of kept values. Raises `ConfigError` for one that no verb keeps, or none yet."""
    keepers: dict[str, list[str]] = {}
    for name, verb in verbs.items():
        for kept in verb.keeps:
            keepers.setdefault(kept, []).append(name)
    for header, value in headers.items():
        _check(file, ("service", "headers", header), value, keepers, SENT_BY_ITSELF)
    for name, verb in verbs.items():
        before = SENT_BY_ITSELF[: SENT_BY_ITSELF.index(name)] if name in SENT_BY_ITSELF else SENT_BY_ITSELF
        for keys, template in _own_templates(verb):
            _check(file, ("verbs", name, *keys), template, keepers, before)


def _own_templates(verb: VerbMapping) -> Iterator[tuple[Keys, object]]:
    yield ("request",), verb.target
    yield ("json",), verb.json
    yield ("form",), verb.form
    yield from ((("headers", name), template) for name, template in verb.headers.items())


def _check(
    file: TomlFile, keys: Keys, template: object, keepers: Mapping[str, list[str]], before: tuple[str, ...]
) -> None:
    for name, needs in used_kept(template):
        if name not in keepers:
            added = f'add keeps = {{ {name} = "$.…" }} to the verb that returns it'
            remedy = nearest(name, keepers) if keepers else added
            raise file.error(keys, f'no verb keeps a value "{name}"; {remedy}')
        if needs and not set(keepers[name]) & set(before):
            raise file.error(
                keys,
                f"the device may not have {{{KEPT}{name}}} yet, which {' or '.join(keepers[name])} keeps; write "
                f"{{{KEPT}{name}?}}, which is empty until then (a header is left out)",
            )
