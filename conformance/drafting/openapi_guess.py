"""Heuristics that map verbs to the operations of an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pass_harness.conformance.drafting.draft import OPEN, ServiceDraft, VerbDraft
from pass_harness.conformance.drafting.schema_members import Found, find, find_ids, json_schema, members, whole
from pass_harness.conformance.drafting.vocabulary import (
    RETURN_NAMES,
    STATE_WORDS,
    VERB_HINTS,
    normalized,
    placeholder_of,
    words_of,
)
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.verbs import VERBS
from pass_harness.mock_server.openapi.document_reader import (
    Document,
    Operation,
    Parameter,
    Schema,
    UnreadableDocument,
    read_document,
)

LIKELY = 4
"""Minimum score of an operation to be mapped to a verb."""
_FORM = "application/x-www-form-urlencoded"
_SET_BY_THE_SUITE = {"authorization", "content-type", "accept", "x-forwarded-for", "x-device-info", "user-agent"}


@dataclass(frozen=True)
class Candidate:
    """An operation of the service."""

    method: str
    path: str
    operation: Operation

    @property
    def name(self) -> str:
        about = self.operation.summary or self.operation.operation_id
        return f"{self.method} {self.path}" + (f": {' '.join(about.split())}" if about else "")


def draft_from(file: Path, *, base_url: str | None, service_provider: str, mvpd: str) -> ServiceDraft:
    """Return the draft for the service of an OpenAPI document. Raises `ConfigError` for any other file."""
    try:
        document = read_document(file)
        chosen = _chosen(document)
        drafts = [_verb(document, verb, chosen[verb]) for verb in VERBS if verb in chosen]
        states = _states(document, chosen)
    except UnreadableDocument as error:
        raise ConfigError(f"{file}: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: is nested too deeply; simplify its schemas") from error
    return ServiceDraft(
        base_url=_without_path(base_url, document.base_path()) if base_url else _server(document),
        service_provider=service_provider,
        mvpd=mvpd,
        verbs=tuple(drafts),
        states=states,
        source=file.name,
    )


def _without_path(url: str, path: str) -> str:
    """Return a URL without the path of the first server at its end, which the paths of the operations include."""
    return url.rstrip("/").removesuffix(path) if path else url


def _server(document: Document) -> str:
    """Return the origin of the first server; the paths of the operations include its path already."""
    url = urlsplit(document.servers[0].url) if document.servers else urlsplit("")
    usable = url.scheme in {"http", "https"} and url.netloc and "{" not in url.netloc
    return f"{url.scheme}://{url.netloc}" if usable else "http://127.0.0.1:9000"


def _chosen(document: Document) -> dict[str, Candidate]:
    """Assign operations to verbs, the highest score first; no operation carries two verbs."""
    candidates = [Candidate(*found) for found in document.operations() if found[0] != "OPTIONS"]
    scores = [(_score(document, verb, candidate), verb, candidate) for verb in VERBS for candidate in candidates]
    chosen: dict[str, Candidate] = {}
    used: set[tuple[str, str]] = set()
    for score, verb, candidate in sorted(scores, key=lambda scored: -scored[0]):
        place = candidate.method, candidate.path
        if score >= LIKELY and verb not in chosen and place not in used:
            chosen[verb] = candidate
            used.add(place)
    return chosen


def _score(document: Document, verb: str, candidate: Candidate) -> int:
    hints, operation = VERB_HINTS[verb], candidate.operation
    literals = [part for part in candidate.path.split("/") if part and not part.startswith("{")]
    last, before = literals[-1:] or [""], literals[:-1]
    named = words_of(operation.operation_id)
    if hints.excluded & (named | words_of(last[0])):
        return 0
    score = 4 * bool(hints.words & named) + 4 * bool(hints.words & words_of(last[0]))
    score += 2 * bool(hints.words & words_of(" ".join([*before, *operation.tags])))
    score += 2 * bool(hints.words & words_of(operation.summary))
    if score == 0:
        return 0
    score += 1 if candidate.method == hints.method else -1
    answer = _answer(document, operation)
    score += 3 * sum(_returned(document, verb, name, answer) is not None for name in VERBS[verb].required)
    return score + 2 * sum(name in _TYPICAL.get(verb, ()) for name in _placeholders(document, operation))


_TYPICAL = {
    "login": ("mvpd",),
    "enter_code": ("code",),
    "preauthorize": ("resources",),
    "play": ("resource",),
}
"""Parameters that are typical of a verb."""


def _placeholders(document: Document, operation: Operation) -> set[str]:
    """Return the placeholders that an operation has parameters for."""
    names = [parameter.name for parameter in operation.parameters]
    body = _body(document, operation)
    if body is not None:
        names += members(document, body[1])
    return {placeholder for name in names if (placeholder := placeholder_of(name)) is not None}


def _verb(document: Document, verb: str, candidate: Candidate) -> VerbDraft:
    notes = [candidate.name]
    target = re.sub(r"\{([^{}]+)\}", lambda found: _path_segment(found[1], candidate.path, notes), candidate.path)
    query = _parameters(candidate.operation, "query", notes)
    if query:
        target += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    body = _body(document, candidate.operation)
    content = _content(document, verb, body[1], notes) if body is not None else None
    form = content if body is not None and body[0] == _FORM and isinstance(content, Mapping) else None
    return VerbDraft(
        verb=verb,
        request=f"{candidate.method} {target}",
        json=content if form is None else None,
        form={name: str(value) for name, value in form.items()} if form is not None else None,
        headers=_parameters(candidate.operation, "header", notes),
        returns=_returns(document, verb, candidate.operation, notes),
        notes=tuple(notes),
    )


def _path_segment(name: str, path: str, notes: list[str]) -> str:
    placeholder = placeholder_of(name)
    if placeholder is None and normalized(name) == "id":
        # The id in /devices/{id} is that of a device.
        before = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
        placeholder = placeholder_of(before.rstrip("s"))
    if placeholder is None:
        notes.append(f"{OPEN}: the suite has no placeholder for {{{name}}} of the path")
        return OPEN
    return f"{{{placeholder}}}"


def _parameters(operation: Operation, where: str, notes: list[str]) -> dict[str, str]:
    """Return the required and the known parameters of one location, without those that the suite sets by itself."""
    found = {}
    for parameter in operation.parameters:
        if parameter.where != where or parameter.name.lower() in _SET_BY_THE_SUITE:
            continue
        value = _parameter(parameter, notes)
        if value is not None:
            found[parameter.name] = value
    return found


def _parameter(parameter: Parameter, notes: list[str]) -> str | None:
    placeholder = placeholder_of(parameter.name)
    if placeholder is not None:
        return f"{{{placeholder}}}"
    if not parameter.required:
        return None
    notes.append(f"{OPEN}: {parameter.name} is required")
    return OPEN


def _body(document: Document, operation: Operation) -> tuple[str, Schema] | None:
    """Return media type and schema of the request body: JSON, else a form, else None."""
    if operation.request_body is None:
        return None
    content = document.resolved(operation.request_body).content
    schema = json_schema(document, content)
    if schema is not None:
        return "application/json", schema
    form = content.get(_FORM)
    schema = whole(document, form.schema) if form is not None else None
    return (_FORM, schema) if schema is not None else None


def _content(document: Document, verb: str, schema: Schema, notes: list[str]) -> Mapping[str, object] | str:
    """Return the request body: placeholders for known members, `OPEN` or the first enum value for required ones."""
    if schema.items is not None and verb == "preauthorize":
        return "{resources}"
    required = {name for part in (schema, *_parts(document, schema)) for name in part.required}
    content: dict[str, object] = {}
    for name, member in members(document, schema).items():
        placeholder = placeholder_of(name)
        if placeholder == "resource" and member.items is not None:
            placeholder = "resources"
        if placeholder is not None:
            content[name] = f"{{{placeholder}}}"
        elif name in required:
            content[name] = member.enum[0] if member.enum else OPEN
            notes.append(f"{OPEN if not member.enum else 'guess'}: {name} is required")
    return content


def _parts(document: Document, schema: Schema) -> Iterator[Schema]:
    for part in schema.all_of:
        if isinstance(part, Schema):
            yield document.resolved(part)


def _answer(document: Document, operation: Operation) -> Schema | None:
    """Return the schema of the JSON response of a success."""
    for status, response in sorted(operation.responses.items()):
        if status.startswith("2") or status == "default":
            schema = json_schema(document, document.resolved(response).content)
            if schema is not None:
                return schema
    return None


def _returned(document: Document, verb: str, name: str, answer: Schema | None) -> Found | None:
    search = find_ids if name in VERBS[verb].lists else find
    return search(document, answer, RETURN_NAMES[name]) if name in RETURN_NAMES else None


def _returns(document: Document, verb: str, operation: Operation, notes: list[str]) -> dict[str, str]:
    answer = _answer(document, operation)
    found: dict[str, str] = {}
    for name in (*sorted(VERBS[verb].required), *sorted(VERBS[verb].optional)):
        member = _returned(document, verb, name, answer)
        if member is not None and member.path not in found.values():
            found[name] = member.path
        elif name in VERBS[verb].required:
            found[name] = f"$.{OPEN}"
            notes.append(f"{OPEN}: the document has no member like {name} in the response")
    return {name: path.replace(f"$.{OPEN}", f"$['{OPEN}']") for name, path in found.items()}


def _states(document: Document, chosen: Mapping[str, Candidate]) -> dict[str, tuple[str | bool, ...]]:
    """Return the service's values of the states, where the document lists values other than the suite's own."""
    by_state: dict[str, list[str | bool]] = {}
    for verb, candidate in chosen.items():
        if "state" not in VERBS[verb].returns:
            continue
        state = _returned(document, verb, "state", _answer(document, candidate.operation))
        if state is None:
            continue
        if state.schema.type == "boolean":
            values: tuple[object, ...] = (True, False)
        else:
            values = state.schema.enum
        for value in values:
            name = _state_of(value)
            if name is not None and value not in by_state.setdefault(name, []) and isinstance(value, str | bool):
                by_state[name].append(value)
    own = all(found == [name] for name, found in by_state.items())
    return {} if own else {name: tuple(found) for name, found in by_state.items()}


def _state_of(value: object) -> str | None:
    if isinstance(value, bool):
        return "authenticated" if value else "unauthenticated"
    return next((state for state, words in STATE_WORDS.items() if normalized(str(value)) in words), None)
